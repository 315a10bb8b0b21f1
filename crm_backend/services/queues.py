"""The inbox: which conversations are in which tab, in what order, and how many.

Its queries run on indexes of their own (see `Conversation`), so that a page of fifty
costs the same among ten thousand open ones. Counts of what only grows stop early.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.models import (
    Conversation,
    ConversationNote,
    Message,
    NoteMention,
    Turn,
)
from crm_backend.services import notes, tags, views
from crm_backend.services.views import Present

Tab = Literal[
    "waiting", "mine", "unassigned", "bot", "snoozed", "mentions", "closed", "all"
]
TABS: tuple[Tab, ...] = get_args(Tab)
PAGE_SIZE = 50
# Who goes further back searches instead; it also keeps a number out of the way that
# the database could not hold.
MAX_PAGE = 2_000
# Above this a count only says "more".
MAX_COUNT = 1_000
# From here on a mood has a word of its own; in between it is calm.
UPSET = -0.33
PLEASED = 0.33
_PEOPLE = ("waiting", "human")


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; None leaves a thing alone."""

    mood: str | None = None
    priority: str | None = None
    topic: str | None = None
    language: str | None = None

    @property
    def is_set(self) -> bool:
        """Whether anything is left out."""
        return any(vars(self).values())


@dataclass(frozen=True)
class Row:
    """A conversation as the list shows it."""

    conversation: Conversation
    last_line: Message | None
    n_failed_turns: int
    waiting_for: timedelta | None
    mood: str | None
    tags: list[str]
    present: list[Present]
    is_unread: bool


@dataclass(frozen=True)
class InboxPage:
    """Some rows of a tab, and whether there are more."""

    rows: list[Row]
    number: int
    has_more: bool


async def list_page(
    session: AsyncSession,
    staff_id: int,
    tab: Tab,
    *,
    filters: Filters,
    number: int,
    now: datetime,
) -> InboxPage:
    """Return a page of a tab: who waits longest comes first, else the newest.

    Args:
        session: to read it.
        staff_id: who looks, for what is theirs.
        tab: which conversations.
        filters: and which of them.
        number: of the page, from 1.
        now: the moment, for what is put aside until another.
    """
    query = select(Conversation).where(
        Conversation.channel == "customer", *_in_tab(tab, staff_id, now)
    )
    query = query.where(*_narrowed(filters)).order_by(*_order(tab))
    found = (
        await session.scalars(
            query.options(
                selectinload(Conversation.customer), selectinload(Conversation.assignee)
            )
            .offset((number - 1) * PAGE_SIZE)
            .limit(PAGE_SIZE + 1)
        )
    ).all()
    shown = found[:PAGE_SIZE]
    rows = await _with_figures(session, shown, staff_id, now)
    return InboxPage(rows, number, len(found) > PAGE_SIZE)


async def count_tabs(
    session: AsyncSession, staff_id: int, now: datetime
) -> dict[Tab, int]:
    """Count each tab; `closed` and `all` no further than MAX_COUNT.

    The mentions that count are the unread ones.
    """
    is_awake = _is_awake(now)
    is_mine = Conversation.assignee_id == staff_id
    is_peoples = Conversation.mode.in_(_PEOPLE)
    parts: dict[Tab, ColumnElement[bool]] = {
        "waiting": and_(Conversation.waiting_since.is_not(None), is_awake),
        "mine": and_(is_peoples, is_mine, is_awake),
        "unassigned": and_(is_peoples, Conversation.assignee_id.is_(None), is_awake),
        "bot": Conversation.mode == "bot",
        "snoozed": and_(is_peoples, ~is_awake),
    }
    row = (
        await session.execute(
            select(*(func.sum(case((part, 1), else_=0)) for part in parts.values()))
            .where(Conversation.channel == "customer")
            .where(Conversation.mode.in_(("bot", *_PEOPLE)))
        )
    ).one()
    counts: dict[Tab, int] = {
        tab: int(n or 0) for tab, n in zip(parts, row, strict=True)
    }
    closed = Conversation.mode == "closed"
    counts["closed"] = await _count_some(session, closed)
    n_open = await _count_some(session, Conversation.mode.in_(("bot", *_PEOPLE)))
    counts["all"] = min(n_open + counts["closed"], MAX_COUNT)
    counts["mentions"] = await notes.count_unread_mentions(session, staff_id)
    return counts


def mood_word(score: float | None) -> str | None:
    """Return negative, neutral or positive for a score from -1 to 1."""
    if score is None:
        return None
    if score <= UPSET:
        return "negative"
    return "positive" if score >= PLEASED else "neutral"


async def _count_some(session: AsyncSession, condition: ColumnElement[bool]) -> int:
    some = select(Conversation.mode).where(
        Conversation.channel == "customer", condition
    )
    counted = select(func.count()).select_from(some.limit(MAX_COUNT).subquery())
    return (await session.scalar(counted)) or 0


def _is_awake(now: datetime) -> ColumnElement[bool]:
    until = Conversation.snoozed_until
    return or_(until.is_(None), until <= now)


def _in_tab(tab: Tab, staff_id: int, now: datetime) -> list[ColumnElement[bool]]:
    is_peoples = Conversation.mode.in_(_PEOPLE)
    if tab == "waiting":
        return [Conversation.waiting_since.is_not(None), _is_awake(now)]
    if tab == "mine":
        return [is_peoples, Conversation.assignee_id == staff_id, _is_awake(now)]
    if tab == "unassigned":
        return [is_peoples, Conversation.assignee_id.is_(None), _is_awake(now)]
    if tab == "snoozed":
        return [is_peoples, ~_is_awake(now)]
    if tab == "mentions":
        named = select(ConversationNote.conversation_id).join(NoteMention)
        return [Conversation.id.in_(named.where(NoteMention.staff_id == staff_id))]
    return [] if tab == "all" else [Conversation.mode == tab]


def _order(tab: Tab) -> list[Any]:
    newest = [Conversation.last_message_at.desc(), Conversation.id]
    if tab == "waiting":
        return [Conversation.waiting_since, Conversation.id]
    if tab == "snoozed":
        return [Conversation.snoozed_until, Conversation.id]
    if tab in ("mine", "unassigned"):
        since = Conversation.waiting_since
        return [since.is_(None), since, *newest]
    return newest


def _narrowed(filters: Filters) -> list[ColumnElement[bool]]:
    mood = Conversation.mood
    moods = {
        "negative": mood <= UPSET,
        "neutral": and_(mood > UPSET, mood < PLEASED),
        "positive": mood >= PLEASED,
    }
    found = [moods[filters.mood]] if filters.mood in moods else []
    for name in ("priority", "topic", "language"):
        if (value := getattr(filters, name)) is not None:
            found.append(getattr(Conversation, name) == value)
    return found


async def _with_figures(
    session: AsyncSession, found: Sequence[Conversation], staff_id: int, now: datetime
) -> list[Row]:
    ids = [conversation.id for conversation in found]
    if not ids:
        return []
    lines = await _list_last_lines(session, ids)
    unsure = [one.id for one in found if one.mood is None]
    moods = await _list_moods(session, unsure) if unsure else {}
    failed = await _count_failed(session, ids)
    seen = await views.list_seen(session, ids, staff_id)
    present = await views.list_present(session, ids, but=staff_id, now=now)
    tagged = await tags.list_tags(session, ids)
    rows = []
    for conversation in found:
        line, since = lines.get(conversation.id), conversation.waiting_since
        is_news = line is not None and line.sender == "customer"
        rows.append(
            Row(
                conversation=conversation,
                last_line=line,
                n_failed_turns=failed.get(conversation.id, 0),
                waiting_for=now - since if since else None,
                mood=mood_word(conversation.mood) or moods.get(conversation.id),
                tags=tagged.get(conversation.id, []),
                present=present.get(conversation.id, []),
                is_unread=is_news
                and line is not None
                and line.seq > seen.get(conversation.id, 0),
            )
        )
    return rows


async def _list_last_lines(session: AsyncSession, ids: list[str]) -> dict[str, Message]:
    """Return the last thing a person or the assistant said in each conversation."""
    last = (
        select(Message.conversation_id, func.max(Message.seq).label("seq"))
        .where(
            Message.conversation_id.in_(ids),
            ~Message.suppressed,
            Message.sender != "system",
        )
        .group_by(Message.conversation_id)
        .subquery()
    )
    query: Select[Message] = select(Message).join(
        last,
        and_(
            Message.conversation_id == last.c.conversation_id,
            Message.seq == last.c.seq,
        ),
    )
    return {line.conversation_id: line for line in await session.scalars(query)}


async def _list_moods(session: AsyncSession, ids: list[str]) -> dict[str, str | None]:
    """Return how the last thing sounded that each customer said."""
    latest = (
        select(func.max(Message.id))
        .where(Message.conversation_id.in_(ids), Message.sender == "customer")
        .group_by(Message.conversation_id)
    )
    query = select(Message.conversation_id, Message.understood)
    rows = await session.execute(query.where(Message.id.in_(latest)))
    return {
        conversation_id: ((understood or {}).get("sentiment") or {}).get("label")
        for conversation_id, understood in rows
    }


async def _count_failed(session: AsyncSession, ids: list[str]) -> dict[str, int]:
    rows = await session.execute(
        select(Turn.conversation_id, func.count())
        .where(Turn.conversation_id.in_(ids), Turn.status == "failed")
        .group_by(Turn.conversation_id)
    )
    return {conversation_id: n_failed for conversation_id, n_failed in rows}
