"""From Markdown files to articles, or one sentence that says what is wrong with one."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from crm_backend.articles.errors import ArticleError
from crm_backend.articles.markdown import Section, parse
from crm_backend.catalogue import LANGUAGES

FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---(?:\n|\Z)", re.DOTALL)
# The same in C, where PyYAML was built with it, and ten times as fast.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class Article:
    """One page of help in one language.

    Attributes:
        slug: the name of its file; the same article in another language has it too.
        topics: intent -> the id of the section that answers it.
        questions: id of a section -> what customers ask, in other words than its own.
        sections: what stands under each heading, in order.
        html: the whole body, safe to show.
    """

    language: str
    slug: str
    title: str
    topics: dict[str, str]
    questions: dict[str, list[str]]
    updated_on: date
    sections: tuple[Section, ...]
    html: str

    @property
    def url(self) -> str:
        """Where it is shown."""
        return f"/help/{self.language}/{self.slug}"


class _FrontMatter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=120)
    topics: dict[str, str]
    questions: dict[str, list[str]] = Field(default_factory=dict)
    updated: date

    @field_validator("topics", "questions", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return {} if value is None else value


def find_files(folder: Path | None) -> list[tuple[str, Path]]:
    """Return the language and path of each article's file, in order.

    Without a folder there are none.
    Files and folders whose names begin with a dot or an underscore are drafts.

    Raises:
        ArticleError: the folder is missing or cannot be listed.
    """
    if folder is None:
        return []
    if not folder.is_dir():
        raise ArticleError(
            f"The folder of the articles, {folder}, is missing; make it or set "
            "ARTICLES_DIR to the folder that has them."
        )
    found = []
    for language in LANGUAGES:
        try:
            for path in sorted((folder / language).rglob("*.md")):
                parts = path.relative_to(folder).parts
                if not any(part.startswith((".", "_")) for part in parts):
                    found.append((language, path))
        except OSError as err:
            raise ArticleError(
                f"The folder {folder / language} cannot be read: {err.strerror}."
            ) from err
    return found


def read_article(path: Path, language: str) -> Article:
    """Read one article.

    Raises:
        ArticleError: it cannot be read or breaks a rule of docs/articles.md.
    """
    if not SLUG.fullmatch(path.stem):
        raise ArticleError(
            f"{path}: the name may have only small letters a to z, digits and hyphens."
        )
    front, body = _split(path)
    article_html, sections = parse(body, title=front.title)
    ids = [section.id for section in sections]
    for problem in _problems(front, ids, has_title=body.lstrip().startswith("# ")):
        raise ArticleError(f"{path}: {problem}")
    return Article(
        language=language,
        slug=path.stem,
        title=front.title,
        topics=front.topics,
        questions=front.questions,
        updated_on=front.updated,
        sections=sections,
        html=article_html,
    )


def check_together(articles: dict[Path, Article]) -> None:
    """Make sure that no two articles contradict each other.

    Raises:
        ArticleError: two have one name, or answer the same intent.
    """
    slugs: dict[tuple[str, str], Path] = {}
    topics: dict[tuple[str, str], Path] = {}
    for path, article in articles.items():
        other = slugs.setdefault((article.language, article.slug), path)
        if other != path:
            raise ArticleError(f"{path}: there is an article of this name, {other}.")
        for topic in article.topics:
            other = topics.setdefault((article.language, topic), path)
            if other != path:
                raise ArticleError(
                    f"{path}: the topic {topic!r} is answered by {other} already."
                )


def _split(path: Path) -> tuple[_FrontMatter, str]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as err:
        raise ArticleError(f"{path}: it cannot be read: {err.strerror}.") from err
    except UnicodeDecodeError as err:
        raise ArticleError(f"{path}: it is not in UTF-8.") from err
    match = FRONT_MATTER.match(text)
    if match is None:
        raise ArticleError(
            f"{path}: it has no front matter; begin it with a line ---, then title, "
            "topics and updated, then a line ---."
        )
    try:
        front = _FrontMatter.model_validate(yaml.load(match[1], YAML_LOADER) or {})
    except yaml.YAMLError as err:
        where = getattr(err, "problem_mark", None)
        line = f" in line {where.line + 2}" if where else ""
        raise ArticleError(f"{path}: its front matter is not YAML{line}.") from err
    except ValidationError as err:
        first = err.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "front matter"
        raise ArticleError(f"{path}: {field}: {first['msg']}.") from err
    return front, text[match.end() :]


def _problems(front: _FrontMatter, ids: list[str], *, has_title: bool) -> list[str]:
    problems = []
    if not ids:
        problems.append("it says nothing.")
    if has_title:
        problems.append("headings begin with ## or more; the title stands above.")
    for twice in sorted({i for i in ids if ids.count(i) > 1}):
        problems.append(f"two sections have the name {twice!r}.")
    for topic, section in front.topics.items():
        if section not in ids:
            problems.append(f"the topic {topic!r} names no section {section!r}.")
    for section in front.questions:
        if section not in ids:
            problems.append(f"there are questions for no section, {section!r}.")
    return problems
