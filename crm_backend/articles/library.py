"""The articles of the shop: read, searched, and read again when a file changes."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from crm_backend.articles.decision import Decision, decide
from crm_backend.articles.encoder import CachedEncoder, Encode, load_encoder
from crm_backend.articles.errors import ArticleError
from crm_backend.articles.index import Hit, Passage, PassageIndex
from crm_backend.articles.reader import (
    Article,
    check_together,
    find_files,
    read_article,
)
from crm_backend.catalogue import LANGUAGES

log = logging.getLogger(__name__)
T = TypeVar("T")
# path -> time of the last change in ns, size
Signature = dict[Path, tuple[int, int]]

# Looking at the files' times is cheap, but not for each of many questions a second.
LOOK_EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Answer:
    """What the articles say to a question, the best passage first."""

    decision: Decision
    hits: list[Hit]


@dataclass
class Shelf:
    """All articles as they were read at one time, and what was made to search them."""

    signature: Signature = field(default_factory=dict)
    by_path: dict[Path, Article] = field(default_factory=dict)
    indexes: dict[str, PassageIndex] = field(default_factory=dict)

    def list_articles(self, language: str) -> list[Article]:
        """Return the articles of one language by title."""
        found = [a for a in self.by_path.values() if a.language == language]
        return sorted(found, key=lambda article: article.title)

    def find_article(self, language: str, slug: str) -> Article | None:
        """Find one article."""
        for article in self.by_path.values():
            if (article.language, article.slug) == (language, slug):
                return article
        return None

    def passages(self, language: str) -> list[Passage]:
        """Return what is searched: the language's own, and what it lacks of others."""
        own = self.list_articles(language)
        slugs = {article.slug for article in own}
        lacking = [
            article
            for other in LANGUAGES
            if other != language
            for article in self.list_articles(other)
            if article.slug not in slugs
        ]
        return [Passage(a, s) for a in own + lacking for s in a.sections]


def read_shelf(folder: Path | None, earlier: Shelf | None = None) -> Shelf:
    """Read all articles; those that did not change are taken from the earlier shelf.

    Without a folder there are none.

    Raises:
        ArticleError: the folder or an article cannot be used.
    """
    files = find_files(folder)
    signature = _signature(files)
    by_path = {}
    earlier = earlier or Shelf()
    for language, path in files:
        if earlier.signature.get(path) == signature[path]:
            by_path[path] = earlier.by_path[path]
        else:
            by_path[path] = read_article(path, language)
    check_together(by_path)
    return Shelf(signature, by_path)


class ArticleLibrary:
    """The last good state of the articles, and their search.

    Encoding and searching run in one thread of its own, so that they neither hold up
    the event loop nor compete with each other; reading files waits for neither.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        load: Callable[[], Encode | None] = load_encoder,
        look_every_seconds: float = LOOK_EVERY_SECONDS,
    ) -> None:
        self._folder = folder
        self._load = load
        self._look_every_seconds = look_every_seconds
        self._looked_at = -look_every_seconds
        self._shelf = Shelf()
        self._refused: Signature | None = None
        self._complaint = ""
        self._encode: CachedEncoder | None = None
        self._is_loaded = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="articles")

    async def open(self) -> None:
        """Read the articles.

        Raises:
            ArticleError: the folder or an article cannot be used.
        """
        self._shelf = await asyncio.to_thread(read_shelf, self._folder)

    @property
    def has_encoder(self) -> bool:
        """Whether meanings are compared, once an index was made."""
        return self._encode is not None

    async def warm(self) -> None:
        """Make the index now rather than with the first question."""
        await self._run(self._make_indexes)

    def close(self) -> None:
        """Let go of the thread; what it is doing is not waited for."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def shelf(self) -> Shelf:
        """Return the articles as they are now, or as they last were good."""
        now = time.monotonic()
        if now - self._looked_at >= self._look_every_seconds:
            self._looked_at = now
            await asyncio.to_thread(self._look)
        return self._shelf

    async def search(
        self, question: str, language: str, topic: str | None = None, n: int = 3
    ) -> Answer:
        """Answer a question, or find what an intent is about where none was typed."""
        await self.shelf()
        return await self._run(self._search, question.strip(), language, topic, n)

    async def _run(self, function: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, function, *arguments)

    def _look(self) -> None:
        """Read what changed; a mistake leaves everything as it was."""
        signature = None
        try:
            signature = _signature(find_files(self._folder))
            if signature in (self._shelf.signature, self._refused):
                return
            self._shelf = read_shelf(self._folder, self._shelf)
        except ArticleError as err:
            self._refused = signature
            self._complain(str(err))
            return
        self._refused, self._complaint = None, ""
        log.info("The articles were read again: %d files.", len(self._shelf.by_path))

    def _complain(self, complaint: str) -> None:
        """Log what is wrong, once."""
        if complaint != self._complaint:
            log.error("The articles stay as they were: %s", complaint)
        self._complaint = complaint

    def _make_indexes(self) -> None:
        for language in LANGUAGES:
            self._index(language)

    def _index(self, language: str) -> PassageIndex:
        if not self._is_loaded:
            encode = self._load()
            self._encode = CachedEncoder(encode) if encode else None
            self._is_loaded = True
        # A shelf that is replaced meanwhile keeps its own indexes.
        shelf = self._shelf
        if language not in shelf.indexes:
            passages = shelf.passages(language)
            shelf.indexes[language] = PassageIndex(passages, self._encode)
        return shelf.indexes[language]

    def _search(
        self, question: str, language: str, topic: str | None, n: int
    ) -> Answer:
        index = self._index(language)
        named = index.find_topic(topic) if topic else None
        if not question:
            return Answer("sure", [named]) if named else Answer("nothing", [])
        # The second one tells how clear the first one is.
        hits = index.search(question, topic, max(n, 2))
        if not hits:
            return Answer("nothing", [])
        second = hits[1].score if len(hits) > 1 else 0.0
        decision = decide(
            hits[0].score,
            hits[0].score - second,
            language,
            has_topic=named is not None,
            has_encoder=index.has_encoder,
        )
        if decision == "nothing" and named is not None:
            # Whatever the words are, the intent says what they are about.
            return Answer("unsure", [named])
        return Answer(decision, hits[:n])


def _signature(files: list[tuple[str, Path]]) -> Signature:
    signature = {}
    for _, path in files:
        try:
            stat = path.stat()
        except OSError as err:
            raise ArticleError(f"{path}: it cannot be read: {err.strerror}.") from err
        signature[path] = (stat.st_mtime_ns, stat.st_size)
    return signature
