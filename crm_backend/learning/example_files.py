"""Writes decided examples into the files of the training data and of its tests.

Files are changed as text, by whole lines, so that a reviewer sees a small change.
"""

import csv
import difflib
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from crm_backend.learning.judging import normalise

Use = Literal["train", "test"]
NLU_FOLDER = Path("data/nlu")
TEST_FOLDER = Path("tests/bot/reviewed")
HELD_OUT_FOLDER = Path("tests/bot/held_out")
CSV_HEADER = ("text", "intent")
BLOCK_NAMES = {"English": "en", "Chinese": "zh"}
_BLOCK = re.compile(r"- intent: (\w+)\s+# (\w+)")
_EXAMPLE = re.compile(r"\s+- \S")


@dataclass(frozen=True)
class Lesson:
    """What a message is to be taken for from now on."""

    id: int
    text: str
    language: str
    intent: str


@dataclass
class Plan:
    """What would be written.

    Attributes:
        files: path in the project -> its new text.
        old: path in the project -> its present text, "" where there is none.
        uses: lesson -> whether the training data or the tests get it.
        known: lessons that stand somewhere already.
        homeless: lessons whose intent has no block of their language.
    """

    files: dict[Path, str] = field(default_factory=dict)
    old: dict[Path, str] = field(default_factory=dict)
    uses: dict[int, Use] = field(default_factory=dict)
    known: list[Lesson] = field(default_factory=list)
    homeless: list[Lesson] = field(default_factory=list)

    def diff(self) -> str:
        """Return the change as a patch that git can apply."""
        parts: list[str] = []
        for path in sorted(self.files):
            name, before = path.as_posix(), self.old[path]
            parts += difflib.unified_diff(
                before.splitlines(keepends=True),
                self.files[path].splitlines(keepends=True),
                f"a/{name}" if before else "/dev/null",
                f"b/{name}",
            )
        return "".join(parts)

    def write(self, root: Path) -> None:
        """Write the files; nothing is trained."""
        for path, text in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")


def plan_export(
    root: Path, lessons: Sequence[Lesson], earlier: Iterable[tuple[str, str, Use]] = ()
) -> Plan:
    """Work out which line goes into which file, without writing anything.

    Of each intent and language every second lesson becomes a test, so that what is
    learned can be measured with messages that were not.

    Args:
        root: the folder of the project.
        lessons: what to add, in order.
        earlier: intent, language and use of lessons that were exported before.
    """
    plan = Plan()
    blocks = _Blocks(root)
    known = blocks.known | _known_tests(root)
    n_uses = Counter(earlier)
    tests: dict[str, list[Lesson]] = {}
    for lesson in lessons:
        place = (lesson.intent, lesson.language)
        if normalise(lesson.text) in known:
            plan.known.append(lesson)
        elif place not in blocks.places:
            plan.homeless.append(lesson)
        else:
            known.add(normalise(lesson.text))
            is_train = n_uses[*place, "train"] <= n_uses[*place, "test"]
            use: Use = "train" if is_train else "test"
            n_uses[*place, use] += 1
            plan.uses[lesson.id] = use
            if use == "train":
                blocks.add(lesson)
            else:
                tests.setdefault(lesson.language, []).append(lesson)
    _put_blocks(plan, blocks)
    _put_tests(plan, root, tests)
    return plan


def list_intents(root: Path) -> frozenset[str]:
    """Return the intents that the training data has examples of."""
    return frozenset(intent for intent, _ in _Blocks(root).places)


class _Blocks:
    """The training data, by block: the examples of one intent in one language."""

    def __init__(self, root: Path) -> None:
        self.known: set[str] = set()
        self.places: dict[tuple[str, str], Path] = {}
        self.texts: dict[Path, str] = {}
        self.added: dict[Path, list[Lesson]] = {}
        for path in sorted((root / NLU_FOLDER).glob("*.yml")):
            name = path.relative_to(root)
            self.texts[name] = text = path.read_text("utf-8")
            for intent, language in _BLOCK.findall(text):
                if language in BLOCK_NAMES:
                    self.places[intent, BLOCK_NAMES[language]] = name
            for line in text.splitlines():
                if _EXAMPLE.match(line):
                    self.known.add(normalise(line.strip().removeprefix("-")))

    def add(self, lesson: Lesson) -> None:
        """Remember to add an example to the end of its block."""
        path = self.places[lesson.intent, lesson.language]
        self.added.setdefault(path, []).append(lesson)

    def written(self, path: Path) -> str:
        """Return a file with what is added to its blocks."""
        lines = self.texts[path].splitlines()
        for lesson in self.added[path]:
            lines.insert(_end_of_block(lines, lesson), f"    - {lesson.text}")
        return "\n".join(lines) + "\n"


def _end_of_block(lines: Sequence[str], lesson: Lesson) -> int:
    """Return the number of the line after the last example of a lesson's block."""
    is_inside, end = False, 0
    for number, line in enumerate(lines):
        if match := _BLOCK.match(line.strip()):
            intent, language = match.groups()
            place = (intent, BLOCK_NAMES.get(language))
            is_inside = place == (lesson.intent, lesson.language)
        if is_inside and (_EXAMPLE.match(line) or "examples:" in line):
            end = number + 1
    return end


def _put_blocks(plan: Plan, blocks: _Blocks) -> None:
    for path in blocks.added:
        plan.old[path] = blocks.texts[path]
        plan.files[path] = blocks.written(path)


def _put_tests(plan: Plan, root: Path, tests: dict[str, list[Lesson]]) -> None:
    for language, lessons in tests.items():
        path = TEST_FOLDER / f"{language}.csv"
        file = root / path
        plan.old[path] = file.read_text("utf-8") if file.exists() else ""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        if not plan.old[path]:
            writer.writerow(CSV_HEADER)
        writer.writerows((lesson.text, lesson.intent) for lesson in lessons)
        plan.files[path] = plan.old[path] + out.getvalue()


def _known_tests(root: Path) -> set[str]:
    found = set()
    for folder in (TEST_FOLDER, HELD_OUT_FOLDER):
        for path in sorted((root / folder).glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                found |= {normalise(row["text"]) for row in csv.DictReader(file)}
    return found
