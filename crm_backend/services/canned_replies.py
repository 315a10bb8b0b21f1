"""Canned replies: keeping them, and filling in what the CRM knows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say, texts
from crm_backend.errors import Conflict, Invalid, NotFound
from crm_backend.models import (
    CannedReply,
    Conversation,
    Customer,
    Macro,
    Message,
    Order,
    Staff,
    Ticket,
)
from crm_backend.principal import Principal
from crm_backend.services.messages import checked_text

VARIABLES = (
    "customer_name",
    "customer_number",
    "order_number",
    "order_status",
    "ticket_number",
    "agent_name",
)
MAX_SHORTCUT = 30
MAX_TITLE = 100
_PLACE = re.compile(r"\{([^{}\n]*)\}")
_SHORTCUT = re.compile(r"[\w-]+")
# How far back the customer's last order number is looked for.
N_LINES = 50


@dataclass(frozen=True)
class Filled:
    """A text with what is known filled in; other places stay as they are.

    Attributes:
        missing: variables that have no value here.
        unknown: places that are no variable at all.
    """

    text: str
    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether it can be sent as it is."""
        return not self.missing and not self.unknown


@dataclass(frozen=True)
class Draft:
    """A canned reply as somebody wrote it down."""

    shortcut: str
    title: str
    text_en: str
    text_zh: str
    topic: str | None = None


def fill(text: str, values: Mapping[str, str | None]) -> Filled:
    """Fill the places of a text, and say which stay open."""
    missing: list[str] = []
    unknown: list[str] = []

    def put(place: re.Match[str]) -> str:
        name = place[1]
        value = values.get(name)
        if value:
            return value
        (missing if name in VARIABLES else unknown).append(name)
        return place[0]

    filled = _PLACE.sub(put, text)
    return Filled(filled, tuple(dict.fromkeys(missing)), tuple(dict.fromkeys(unknown)))


def open_places(text: str) -> list[str]:
    """Return the variables that still stand in what somebody wants to send."""
    return [name for name in _PLACE.findall(text) if name in VARIABLES]


async def list_replies(
    session: AsyncSession, *, topic: str | None = None
) -> list[CannedReply]:
    """Return all by shortcut, those of the topic first."""
    query = select(CannedReply).order_by(CannedReply.shortcut)
    found = (await session.scalars(query)).all()
    return sorted(found, key=lambda reply: topic is None or reply.topic != topic)


async def get_reply(session: AsyncSession, reply_id: int) -> CannedReply:
    """Return a canned reply.

    Raises:
        NotFound: there is none.
    """
    reply = await session.get(CannedReply, reply_id)
    if reply is None:
        raise NotFound("canned_reply_not_found", "There is no such canned reply.")
    return reply


async def save(
    session: AsyncSession, principal: Principal, draft: Draft, *, reply_id: int | None
) -> CannedReply:
    """Add a canned reply, or change the one with `reply_id`.

    Raises:
        Invalid: `shortcut_invalid`, `title_invalid`, `variable_unknown`, or a text
            that is empty or too long.
        Conflict: `shortcut_taken`.
        NotFound: there is none with `reply_id`.
    """
    language = principal.language
    draft = _checked(draft, language)
    taken = select(CannedReply.id).where(
        func.lower(CannedReply.shortcut) == draft.shortcut.lower()
    )
    owner_id = await session.scalar(taken)
    if owner_id not in (None, reply_id):
        text = say("shortcut_taken", language, shortcut=draft.shortcut)
        raise Conflict("shortcut_taken", text)
    reply = CannedReply() if reply_id is None else await get_reply(session, reply_id)
    for name in ("shortcut", "title", "text_en", "text_zh", "topic"):
        setattr(reply, name, getattr(draft, name))
    reply.updated_by_id = principal.staff_id
    session.add(reply)
    await session.flush()
    return reply


async def delete(session: AsyncSession, principal: Principal, reply_id: int) -> None:
    """Remove a canned reply.

    Raises:
        NotFound: there is none.
        Conflict: `canned_reply_used`, a macro sends it.
    """
    reply = await get_reply(session, reply_id)
    macro = await session.scalar(
        select(Macro.name).where(Macro.canned_reply_id == reply_id).limit(1)
    )
    if macro is not None:
        text = say("canned_reply_used", principal.language, macro=macro)
        raise Conflict("canned_reply_used", text)
    await session.delete(reply)


async def read_values(
    session: AsyncSession, conversation: Conversation, agent: Staff, language: str
) -> dict[str, str | None]:
    """Return what stands for each variable in a conversation; None if nothing does."""
    customer = order = None
    if conversation.customer_id is not None:
        customer = await session.get(Customer, conversation.customer_id)
        order = await _find_order(session, conversation)
    ticket_number = await session.scalar(
        select(Ticket.number)
        .where(Ticket.conversation_id == conversation.id)
        .order_by(Ticket.id.desc())
        .limit(1)
    )
    return {
        "customer_name": customer.name if customer else None,
        "customer_number": customer.number if customer else None,
        "order_number": order.number if order else None,
        "order_status": _status(order, language) if order else None,
        "ticket_number": ticket_number,
        "agent_name": agent.name,
    }


def text_in(reply: CannedReply, language: str) -> str:
    """Return the text in the language of a conversation."""
    return reply.text_zh if language == "zh" else reply.text_en


async def _find_order(
    session: AsyncSession, conversation: Conversation
) -> Order | None:
    """Return the order of theirs that the customer named last, else the newest."""
    own = select(Order).where(Order.customer_id == conversation.customer_id)
    lines: Sequence[dict[str, object] | None] = (
        await session.scalars(
            select(Message.understood)
            .where(
                Message.conversation_id == conversation.id,
                Message.sender == "customer",
            )
            .order_by(Message.seq.desc())
            .limit(N_LINES)
        )
    ).all()
    for number in _order_numbers(lines):
        order: Order | None = await session.scalar(own.where(Order.number == number))
        if order is not None:
            return order
    return await session.scalar(own.order_by(Order.ordered_at.desc()).limit(1))


def _order_numbers(lines: Sequence[dict[str, object] | None]) -> list[str]:
    found: list[str] = []
    for understood in lines:
        entities = (understood or {}).get("entities")
        for entity in entities if isinstance(entities, list) else []:
            if entity.get("entity") == "order_number":
                found.append(str(entity.get("value")))
    return list(dict.fromkeys(found))


def _status(order: Order, language: str) -> str:
    key = f"page_order_status_{order.status}"
    return texts()[key][language] if key in texts() else order.status


def _checked(draft: Draft, language: str) -> Draft:
    shortcut = draft.shortcut.strip().lstrip("/")
    if not _SHORTCUT.fullmatch(shortcut) or len(shortcut) > MAX_SHORTCUT:
        text = say("shortcut_invalid", language, limit=MAX_SHORTCUT)
        raise Invalid("shortcut_invalid", text)
    title = " ".join(draft.title.split())
    if not title.isprintable() or not 1 <= len(title) <= MAX_TITLE:
        raise Invalid("title_invalid", say("title_invalid", language, limit=MAX_TITLE))
    checked = [checked_text(text, language) for text in (draft.text_en, draft.text_zh)]
    unknown = [name for text in checked for name in fill(text, {}).unknown]
    if unknown:
        places = [f"{{{name}}}" for name in dict.fromkeys(unknown)]
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        raise Invalid(
            "variable_unknown",
            say("variable_unknown", language, names=", ".join(places), known=known),
        )
    return Draft(shortcut, title, checked[0], checked[1], draft.topic or None)
