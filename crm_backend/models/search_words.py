"""The words of a text, as the index and those who search it count them.

Latin words stand for themselves; the databases take their endings off. Chinese has no
spaces, so a run of Han characters becomes its pairs: 物流信息 is 物流, 流信, 信息 and
the last character alone, with which a single character can be found anywhere.
"""

import re
import unicodedata
from datetime import datetime

HAN = "〇㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"
# Letters and digits; everything else only separates.
PIECES = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")
IS_HAN = re.compile(rf"[{HAN}]")
# No word is longer; what is, is data.
MAX_WORD = 60
# A message has 4,000 characters at most, a ticket's description 10,000.
MAX_TEXT = 20_000


def normalise(text: str) -> str:
    """Make spellings the same: full-width letters, capitals."""
    return unicodedata.normalize("NFKC", text).lower()


def pairs_of(run: str) -> list[str]:
    """Return the pairs of a run of Han characters, in their order."""
    return [run[i : i + 2] for i in range(len(run) - 1)]


def index_words(text: str | None) -> str:
    """Return what the index keeps of a text, with spaces between the words."""
    words: list[str] = []
    for piece in PIECES.findall(normalise((text or "")[:MAX_TEXT])):
        if IS_HAN.match(piece):
            words += [*pairs_of(piece), piece[-1]]
        else:
            words.append(piece[:MAX_WORD])
    return " ".join(words)


def conversation_facet(conversation_id: str) -> str:
    """Return the word that stands for a conversation."""
    return "v" + conversation_id.replace("-", "")[:16]


def sender_facet(sender: str) -> str:
    """Return the word that stands for who wrote; `suppressed` is what a bot kept."""
    return f"s{sender}"


def language_facet(language: str) -> str:
    """Return the word that stands for a language."""
    return f"l{language}"


def month_facet(at: datetime) -> str:
    """Return the word that stands for the month of a time."""
    return f"m{at:%Y%m}"
