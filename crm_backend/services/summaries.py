"""The lines of a long chat that say most of it: extracted, never made up.

LexRank of sumy, with words of our own for both languages, so that nothing has to be
downloaded for it.
"""

import re
from functools import lru_cache

# Shorter chats are read as they are.
MIN_LINES = 12
MAX_SUMMARY_LINES = 5
# Greetings and "yes" say nothing on their own.
MIN_WORDS = 4
# Of a chat without end the latest lines count, as comparing all takes its square.
MAX_LINES = 60
_LATIN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿]+")


class Tokenizer:
    """Words as sumy wants them: Latin words, and pairs of Han characters."""

    def to_words(self, text: str) -> tuple[str, ...]:
        """Split a text; pairs of characters do where nothing parts the words."""
        latin = _LATIN.findall(_HAN.sub(" ", text.lower()))
        pairs = [
            run[i : i + 2]
            for run in _HAN.findall(text)
            for i in range(max(1, len(run) - 1))
        ]
        return (*latin, *pairs)


def warm_up() -> None:
    """Load what the first long chat needs."""
    import sumy.summarizers.lex_rank  # noqa: F401


# Pages that are fetched again every few seconds need not count again.
@lru_cache(maxsize=64)
def pick_lines(texts: tuple[str, ...]) -> tuple[int, ...]:
    """Return which lines sum up a chat, in their order; none if it is short.

    Args:
        texts: what the customer and people said, in order.
    """
    if len(texts) <= MIN_LINES:
        return ()
    # Loaded when first needed: it brings much along.
    from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
    from sumy.summarizers.lex_rank import LexRankSummarizer
    from sumy.utils import get_stop_words

    tokenizer = Tokenizer()
    first: dict[str, int] = {}
    start = max(0, len(texts) - MAX_LINES)
    for nth, text in enumerate(texts[start:], start):
        if len(tokenizer.to_words(text)) >= MIN_WORDS:
            first.setdefault(text.strip(), nth)
    sentences = [Sentence(text, tokenizer) for text in first]
    summarizer = LexRankSummarizer()
    summarizer.stop_words = get_stop_words("english")
    document = ObjectDocumentModel([Paragraph(sentences)])
    picked = summarizer(document, MAX_SUMMARY_LINES)
    return tuple(sorted(first[str(sentence)] for sentence in picked))
