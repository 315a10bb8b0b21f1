"""A conversation as a text to keep: who said what, and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_timezone_name
from babel.numbers import format_currency, format_decimal
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say, texts
from crm_backend.models import Conversation, Message
from crm_backend.services import messages, notes

LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}
BATCH = 200
KILOBYTE = 1024


@dataclass(frozen=True)
class Transcript:
    """The text and what a file with it is called."""

    name: str
    text: str


async def write_transcript(
    session: AsyncSession,
    conversation: Conversation,
    zone: ZoneInfo,
    *,
    with_notes: bool = False,
) -> Transcript:
    """Write down what the customer saw, in the conversation's language.

    Args:
        session: to read it.
        conversation: whose lines; those the customer never got are left out.
        zone: the shop's, for the times.
        with_notes: whether colleagues' notes follow, which no customer may get.
    """
    language = conversation.language
    began = conversation.created_at.astimezone(zone)
    day = format_date(began, "long", locale=LOCALES[language])
    name = get_timezone_name(began, locale=LOCALES[language])
    parts = [
        say("transcript_title", language, day=day),
        say("transcript_zone", language, zone=f"{name} ({zone.key})"),
        "",
    ]
    after = 0
    while lines := await messages.list_after(
        session, conversation.id, after=after, limit=BATCH
    ):
        parts += [_write(line, language, zone) for line in lines]
        after = lines[-1].seq
    if not after:
        parts.append(say("transcript_empty", language))
    if with_notes:
        parts += await _write_notes(session, conversation, zone)
    file_name = say("transcript_name", language, day=f"{began:%Y-%m-%d}")
    return Transcript(file_name, "\n".join(parts) + "\n")


async def _write_notes(
    session: AsyncSession, conversation: Conversation, zone: ZoneInfo
) -> list[str]:
    found = await notes.list_notes(session, conversation.id)
    if not found:
        return []
    language = conversation.language
    parts = [say("transcript_notes", language), ""]
    for note in found:
        moment = _moment(note.created_at.astimezone(zone), language)
        parts.append(f"{moment}  {note.staff.name}\n{_indented([note.text])}\n")
    return parts


def file_size(n_bytes: int, language: str) -> str:
    """Write how large a file is, such as 1.4 MB."""
    size, unit = float(n_bytes), "B"
    for larger in ("KB", "MB"):
        if size < KILOBYTE:
            break
        size, unit = size / KILOBYTE, larger
    pattern = "#,##0.#" if size < 10 else "#,##0"
    return f"{format_decimal(size, format=pattern, locale=LOCALES[language])} {unit}"


def _write(line: Message, language: str, zone: ZoneInfo) -> str:
    moment = _moment(line.created_at.astimezone(zone), language)
    sender = say(f"transcript_sender_{line.sender}", language)
    parts = [line.text] if line.text else []
    parts += [
        f"[{shown}]" for block in line.blocks if (shown := _show(block, language))
    ]
    if line.buttons:
        titles = " · ".join(button["title"] for button in line.buttons)
        parts.append(f"[{say('transcript_choices', language, titles=titles)}]")
    return f"{moment}  {sender}\n{_indented(parts)}\n"


def _moment(value: datetime, language: str) -> str:
    return format_datetime(value, "yyyy-MM-dd HH:mm:ss", locale=LOCALES[language])


def _indented(parts: list[str]) -> str:
    lines = "\n".join(parts).splitlines()
    return "\n".join(f"    {line}".rstrip() for line in lines)


def _show(block: dict[str, Any], language: str) -> str:
    """Say what a card shows; nothing for what only programs read."""
    kind = block.get("type")
    if kind == "attachment":
        size = file_size(block["n_bytes"], language)
        return say("transcript_file", language, name=block["name"], size=size)
    if kind == "order":
        return _show_order(block["order"], language)
    if kind == "orders":
        return "\n ".join(_show_order(order, language) for order in block["orders"])
    if kind == "article":
        return say("transcript_article", language, title=block.get("title", "?"))
    if kind == "prediction":
        number = block["prediction"]["customer"]["number"]
        return say("transcript_prediction", language, number=number)
    return say("transcript_verify", language) if kind == "verify" else ""


def _show_order(order: dict[str, Any], language: str) -> str:
    key = f"page_order_status_{order['status']}"
    total = format_currency(
        order["total_cents"] / 100, order["currency"], locale=LOCALES[language]
    )
    return say(
        "transcript_order",
        language,
        number=order["number"],
        status=texts()[key][language] if key in texts() else order["status"],
        total=total,
    )
