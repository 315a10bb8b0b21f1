"""What of a section is shown in an answer."""

import re

# About what a chat bubble shows without scrolling.
MAX_LATIN_CHARACTERS = 330
MAX_HAN_CHARACTERS = 150
SENTENCE_END = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+(?=[A-Z0-9\"“(])|\n")
HAN = re.compile(r"[\u3400-\u9fff]")


def to_sentences(text: str) -> list[str]:
    """Split a text into sentences; lines end one as well."""
    return [part.strip() for part in SENTENCE_END.split(text) if part and part.strip()]


def make_quote(blocks: tuple[str, ...], best: str) -> str:
    """Choose whole sentences around the best one.

    Args:
        blocks: the paragraphs of a section.
        best: the sentence nearest to the question.

    Returns:
        the section from its beginning, as far as whole sentences fit; or, where the
        best sentence would not be among them, from the paragraph that has it.
    """
    text = "\n".join(blocks)
    limit = MAX_HAN_CHARACTERS if HAN.search(text) else MAX_LATIN_CHARACTERS
    if len(text) <= limit:
        return text
    quote = _first_sentences(blocks, limit)
    if best in quote:
        return quote
    for start, block in enumerate(blocks):
        if best in block:
            quote = _first_sentences(blocks[start:], limit)
            return quote if best in quote else best
    return quote


def _first_sentences(blocks: tuple[str, ...], limit: int) -> str:
    """Return as many sentences as fit, one at least."""
    quote = ""
    for block in blocks:
        rest = block
        for sentence in to_sentences(block):
            end = rest.index(sentence) + len(sentence)
            piece, rest = rest[:end], rest[end:]
            if quote and len(quote) + len(piece) > limit:
                return quote.strip()
            quote += piece
        quote += "\n"
    return quote.strip()
