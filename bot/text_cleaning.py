"""Prepares a message for being understood, in training and in service alike.

What is removed says nothing about what is wanted: markup, invisible characters, the
digits of a number, the e-mail thread below a reply.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

# A message of more characters is read at both ends, because the question often stands
# at the end of a long story. Encoding takes time in proportion to the length.
MAX_CHARACTERS = 1000
N_HEAD = 400
# Nothing is looked for beyond this, so that cleaning stays fast whatever is pasted.
MAX_READ = 4000

TAG = re.compile(
    r"</?[a-z][a-z0-9]*(?:\s[^<>]{0,500})?/?>|<!--.{0,500}?-->", re.I | re.S
)
BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr)\s*/?>", re.I)
# The line that mail programs put above the message that is answered.
REPLY_HEADER = re.compile(
    r"^\s*(?:on\s.{4,120}\swrote\s*:|在.{4,120}写道\s*[:：]"
    r"|-{2,}\s*(?:original|forwarded|原始|转发).{0,40}"
    r"|发件人\s*[:：].*|from:\s.*\S@\S.*)\s*$",
    re.I,
)
QUOTED = re.compile(r"^\s*[>＞]")
URL = re.compile(r"(?:https?://|www\.)[^\s<>，。！？；]+", re.I)
EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+-]{0,63}@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.I)
# Word boundaries that hold beside Han characters too, where \b does not.
CODE = re.compile(
    r"(?<![a-z0-9])(DM|INV|[TCRFSP])(?:\s?[-#:_]\s?|\s?)\d{4,12}(?![a-z0-9])", re.I
)
NAME_OF_CODE = {"dm": "order", "inv": "invoice", "t": "ticket", "r": "return"}
DIGITS = re.compile(r"\d{4,}")
REPEATED = re.compile(r"(.)\1{3,}", re.S)
DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), "-")
SPACES = re.compile(r"\s+")


@lru_cache(maxsize=64)
def clean_text(text: str) -> str:
    """Prepare a message for the encoders and for counting n-grams.

    Returns:
        one line of at most MAX_CHARACTERS characters, half-width (NFKC), letters in
        the case they were written in; empty if nothing was said.
    """
    if len(text) > MAX_READ:
        text = f"{text[: MAX_READ // 2]}\n{text[-MAX_READ // 2 :]}"
    plain = unicodedata.normalize("NFKC", text).translate(DASHES)
    if "<" in plain or "&" in plain:
        plain = html.unescape(TAG.sub(" ", BREAK.sub("\n", plain)))
    plain = _drop_quoted(_drop_invisible(plain))
    plain = URL.sub("link", plain)
    plain = EMAIL.sub("email", plain)
    plain = CODE.sub(_name_code, plain)
    plain = REPEATED.sub(r"\1\1\1", DIGITS.sub("1", plain))
    return _shorten(SPACES.sub(" ", plain).strip())


def _drop_invisible(text: str) -> str:
    """Drop control characters, byte-order and right-to-left marks, and the like."""
    kept = []
    for char in text.replace("\r", "\n"):
        if char == "\n" or unicodedata.category(char)[0] != "C":
            kept.append(char)
        elif char.isspace():
            kept.append(" ")
    return "".join(kept)


def _drop_quoted(text: str) -> str:
    """Keep what was written above or between the quoted lines, if there is any."""
    kept = []
    for line in text.split("\n"):
        if REPLY_HEADER.match(line):
            break
        if not QUOTED.match(line):
            kept.append(line)
    written = "\n".join(kept)
    return written if written.strip() else text


def _name_code(match: re.Match[str]) -> str:
    return f"{NAME_OF_CODE.get(match[1].lower(), 'number')} 1"


def _shorten(text: str) -> str:
    if len(text) <= MAX_CHARACTERS:
        return text
    head, tail = text[:N_HEAD], text[N_HEAD + 1 - MAX_CHARACTERS :]
    # Half a word at a cut would be read as another word; Han text has no spaces.
    if " " in head[N_HEAD - 30 :]:
        head = head[: head.rindex(" ")]
    if " " in tail[:30]:
        tail = tail[tail.index(" ") + 1 :]
    return f"{head} {tail}"
