"""Markdown to safe HTML and to the plain text of each section."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

# HTML in an article is shown as text, and only harmless addresses become links:
# markdown-it refuses javascript: and the like by itself.
PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
NAMED = re.compile(r"\s*\{#([A-Za-z0-9_-]+)\}\s*$")
HAN_GAP = re.compile(
    r"(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u3000-\u9fff\uff00-\uffef])"
)
BULLET = "• "


@dataclass(frozen=True)
class Section:
    """What stands under one heading.

    Attributes:
        id: of the heading on the page; empty for what stands before the first one.
        path: the title of the article and the headings down to this one.
        blocks: its paragraphs, list items and table rows as plain text.
    """

    id: str
    path: tuple[str, ...]
    blocks: tuple[str, ...]

    @property
    def heading(self) -> str:
        """The nearest heading."""
        return self.path[-1]

    @property
    def text(self) -> str:
        """All of it, a line per block."""
        return "\n".join(self.blocks)


def parse(source: str, *, title: str) -> tuple[str, tuple[Section, ...]]:
    """Turn the body of an article into HTML and into sections.

    A heading gets the id in `{#id}` at its end, or one made of its words. Sections
    without a text of their own are only headings of those below them.
    """
    tokens = PARSER.parse(source)
    headings = _name_headings(tokens)
    for token in tokens:
        # A table's alignment would be an inline style, which our pages do not allow.
        token.attrs.pop("style", None)
    html = PARSER.renderer.render(tokens, PARSER.options, {})
    sections = []
    section_id = ""
    path: tuple[str, ...] = (title,)
    levels: list[tuple[int, str]] = []
    for heading, part in _split(tokens):
        if heading is not None:
            section_id, text = headings[heading]
            level = int(tokens[heading].tag[1])
            levels = [(at, name) for at, name in levels if at < level]
            levels.append((level, text))
            path = (title, *(name for _, name in levels))
        blocks = tuple(_blocks(part))
        if blocks:
            sections.append(Section(section_id, path, blocks))
    return html, tuple(sections)


def _name_headings(tokens: Sequence[Token]) -> dict[int, tuple[str, str]]:
    """Give the headings ids; return position -> id and text."""
    found = {}
    for position, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        inline = tokens[position + 1]
        last = inline.children[-1] if inline.children else None
        match = NAMED.search(last.content) if last and last.type == "text" else None
        if last and match:
            last.content = last.content[: match.start()]
        text = _plain(inline)
        section_id = match[1] if match else _slug(text)
        token.attrSet("id", section_id)
        found[position] = (section_id, text)
    return found


def _slug(text: str) -> str:
    return "-".join(re.findall(r"\w+", text.lower()))


def _split(tokens: Sequence[Token]) -> Iterator[tuple[int | None, Sequence[Token]]]:
    """Yield each heading's position with the tokens up to the next heading."""
    heading, start = None, 0
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            yield heading, tokens[start:position]
            heading, start = position, position + 3
    yield heading, tokens[start:]


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    cells: list[str] | None = None
    bullet = ""
    for token in tokens:
        if token.type == "list_item_open":
            bullet = BULLET
        elif token.type == "tr_open":
            cells = []
        elif token.type == "tr_close" and cells is not None:
            yield " · ".join(cell for cell in cells if cell)
            cells = None
        elif token.type == "inline" and cells is not None:
            cells.append(_plain(token))
        elif token.type in ("inline", "fence", "code_block"):
            text = _plain(token)
            if text:
                yield bullet + text
                bullet = ""


def _plain(token: Token) -> str:
    if not token.children:
        return token.content.strip()
    parts = []
    for child in token.children:
        if child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type in ("text", "code_inline", "image", "text_special"):
            parts.append(child.content)
    # A line break within a paragraph is a space, except between Chinese characters.
    return HAN_GAP.sub("", "".join(parts)).replace("\n", " ").strip()
