"""What happened to a ticket, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say, texts
from crm_backend.models import Staff, Ticket, TicketEvent

# Their body is what somebody wrote, not a change.
SPOKEN = ("note", "replied", "answered")


@dataclass(frozen=True)
class ToldEvent:
    """An event as the history shows it.

    Attributes:
        who: a name, or what kind of actor it was.
        text: what happened.
        said: what somebody wrote, if they did.
    """

    kind: str
    who: str
    text: str
    said: str | None
    at: datetime


async def describe_events(
    session: AsyncSession, ticket: Ticket, language: str
) -> list[ToldEvent]:
    """Return the events of a ticket, the newest first."""
    names = await _names(session, ticket.events)
    return [
        ToldEvent(
            kind=event.kind,
            who=names.get(event.actor) or _kind_of_actor(event.actor, language),
            text=_describe(event, language),
            said=event.body if event.kind in SPOKEN else None,
            at=event.occurred_at,
        )
        for event in reversed(ticket.events)
    ]


async def _names(
    session: AsyncSession, events: Sequence[TicketEvent]
) -> dict[str, str]:
    subjects = {event.actor for event in events if event.actor.startswith("staff:")}
    emails = [subject.removeprefix("staff:") for subject in subjects]
    found = await session.execute(
        select(Staff.email, Staff.name).where(Staff.email.in_(emails))
    )
    return {f"staff:{email}": name for email, name in found}


def _kind_of_actor(actor: str, language: str) -> str:
    kind = actor.partition(":")[0]
    key = f"page_ticket_actor_{kind}"
    return say(key, language) if key in texts() else actor


def _describe(event: TicketEvent, language: str) -> str:
    key = f"page_ticket_event_{event.kind}"
    if key not in texts():
        return event.kind
    body = event.body or ""
    if event.kind in ("status_changed", "priority_changed"):
        before, _, after = body.partition(" -> ")
        of = "ticket" if event.kind == "status_changed" else "priority"
        return say(
            key,
            language,
            before=_word(of, before, language),
            after=_word(of, after, language),
        )
    if event.kind == "assigned" and not body:
        return say("page_ticket_event_unassigned", language)
    if event.kind in ("sla_warned", "sla_breached"):
        return say(key, language, kind=_word("sla_kind", body, language))
    return say(key, language, name=body)


def _word(of: str, value: str, language: str) -> str:
    key = f"page_{of}_{value}"
    return say(key, language) if key in texts() else value
