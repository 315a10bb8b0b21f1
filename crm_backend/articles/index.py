"""Finds the passages nearest to a question: by its words and by its meaning."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_backend.articles.encoder import Encode, Vectors
from crm_backend.articles.markdown import Section
from crm_backend.articles.quotes import make_quote, to_sentences
from crm_backend.articles.reader import Article
from crm_backend.articles.words import to_words

Scores = NDArray[np.float64]

# How much the parts of a score weigh: among the best of 768 combinations on the first
# half of tests/crm_backend/articles/questions.yml; near ones do as well.
WEIGHT_ASKED = 0.4
WEIGHT_WHOLE = 0.4
WEIGHT_SENTENCE = 0.2
WEIGHT_WORDS = 0.3
# What the intent of the message adds to the section that answers it, and to each
# section of the article that has it.
BONUS_SECTION = 0.05
BONUS_ARTICLE = 0.05


@dataclass(frozen=True)
class Passage:
    """One section of an article."""

    article: Article
    section: Section

    @property
    def url(self) -> str:
        """Where it stands on the page."""
        place = f"#{self.section.id}" if self.section.id else ""
        return self.article.url + place


@dataclass(frozen=True)
class Hit:
    """A passage that may answer a question.

    Attributes:
        score: from 0 to about 1.4; decision.py says what it is worth.
        quote: the part of it to show.
    """

    passage: Passage
    score: float
    quote: str


class PassageIndex:
    """The passages of one language, ready to be searched; it never changes."""

    def __init__(self, passages: Sequence[Passage], encode: Encode | None) -> None:
        """Count the words and encode the texts of the passages.

        Args:
            passages: what can be found.
            encode: the sentence encoder; without one, words alone decide.
        """
        self.passages = tuple(passages)
        self.has_encoder = encode is not None
        self._words = _WordIndex([_text_of(passage) for passage in passages])
        self._sentences = [to_sentences(p.section.text) for p in passages]
        self._meaning = None
        if encode is not None and passages:
            self._meaning = _MeaningIndex(passages, self._sentences, encode)

    def find_topic(self, topic: str) -> Hit | None:
        """Find the section that an article names for an intent."""
        for passage, sentences in zip(self.passages, self._sentences, strict=True):
            if passage.article.topics.get(topic) == passage.section.id:
                return Hit(
                    passage, 1.0, make_quote(passage.section.blocks, sentences[0])
                )
        return None

    def search(self, question: str, topic: str | None = None, n: int = 3) -> list[Hit]:
        """Find the passages nearest to a question, the nearest first.

        Args:
            question: what somebody typed.
            topic: the intent of it, if known.
            n: how many to return at most.
        """
        if not self.passages:
            return []
        scores = self._words.score(question)
        best = [0] * len(self.passages)
        if self._meaning is not None:
            meaning, best = self._meaning.score(question)
            scores = meaning + WEIGHT_WORDS * scores
        scores = scores + self._bonus(topic)
        order = np.argsort(-scores, kind="stable")[:n]
        return [
            Hit(
                self.passages[i],
                float(scores[i]),
                make_quote(
                    self.passages[i].section.blocks, self._sentences[i][best[i]]
                ),
            )
            for i in order
        ]

    def _bonus(self, topic: str | None) -> Scores:
        bonus = np.zeros(len(self.passages))
        if topic is None:
            return bonus
        for i, passage in enumerate(self.passages):
            section = passage.article.topics.get(topic)
            if section is not None:
                bonus[i] = BONUS_ARTICLE
                if section == passage.section.id:
                    bonus[i] += BONUS_SECTION
        return bonus


class _WordIndex:
    """BM25, as the share of a question's weight that a passage covers."""

    def __init__(self, texts: Sequence[str]) -> None:
        corpus = [to_words(text) for text in texts]
        self._n = len(corpus)
        self._n_with = Counter(word for words in corpus for word in set(words))
        # Takes a second to import, which only those who search should wait for.
        import bm25s

        # It tells everything it does, whatever level the log has.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        self._bm25 = bm25s.BM25(method="lucene")
        if self._n_with:
            self._bm25.index(corpus, show_progress=False)

    def score(self, question: str) -> Scores:
        """Return per passage from 0 (no word) to nearly 1 (all words, often)."""
        words = to_words(question)
        known = [word for word in words if word in self._n_with]
        if not known:
            return np.zeros(self._n)
        found: Scores = self._bm25.get_scores(known).astype(np.float64)
        return found / sum(self._idf(word) for word in words)

    def _idf(self, word: str) -> float:
        n = self._n_with[word]
        return float(np.log(1 + (self._n - n + 0.5) / (n + 0.5)))


class _MeaningIndex:
    """Likeness to what is asked, to the whole section and to its nearest sentence."""

    def __init__(
        self,
        passages: Sequence[Passage],
        sentences: Sequence[Sequence[str]],
        encode: Encode,
    ) -> None:
        self._encode = encode
        self._asked = _Groups([_asked_of(passage) for passage in passages], encode)
        self._whole = encode([_whole_of(passage) for passage in passages])
        self._said = _Groups(sentences, encode)

    def score(self, question: str) -> tuple[Scores, list[int]]:
        """Return the likeness per passage, and the place of its nearest sentence."""
        vector = self._encode([question])[0]
        asked, _ = self._asked.best(vector)
        said, places = self._said.best(vector)
        whole = self._whole @ vector
        likeness: Scores = (
            WEIGHT_ASKED * asked + WEIGHT_WHOLE * whole + WEIGHT_SENTENCE * said
        ).astype(np.float64)
        return likeness, places


class _Groups:
    """Groups of texts, of which the nearest one counts."""

    def __init__(self, groups: Sequence[Sequence[str]], encode: Encode) -> None:
        self._vectors = encode([text for group in groups for text in group])
        self._ends = np.cumsum([len(group) for group in groups])[:-1]

    def best(self, vector: Vectors) -> tuple[Vectors, list[int]]:
        """Return the likeness of each group's nearest text, and its place there."""
        near = np.split(self._vectors @ vector, self._ends)
        places = [int(np.argmax(group)) for group in near]
        likeness = [group[i] for group, i in zip(near, places, strict=True)]
        return np.array(likeness, dtype=np.float32), places


def _text_of(passage: Passage) -> str:
    """Return what is counted; what stands in a heading counts twice."""
    section = passage.section
    return " ".join([*section.path, *_asked_of(passage), section.text])


def _asked_of(passage: Passage) -> list[str]:
    """Return the ways to ask for it: its heading, and what the article adds."""
    section = passage.section
    return [section.heading, *passage.article.questions.get(section.id, ())]


def _whole_of(passage: Passage) -> str:
    return f"{passage.section.heading}. {passage.section.text}"
