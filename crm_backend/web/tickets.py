"""The tickets' pages: the list, and one ticket with what can be done about it."""

import uuid
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlencode
from uuid import UUID

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import page_language, refuse_other_sites
from crm_backend.db import reading
from crm_backend.errors import Conflict, Invalid, Unavailable
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import Staff, Ticket, utc_now
from crm_backend.principal import Principal
from crm_backend.services import ticket_lists, ticket_replies, tickets
from crm_backend.services.messages import clean_text
from crm_backend.services.sla import get_due_of_tickets
from crm_backend.services.ticket_lists import NOBODY, SlaState, Sort, TicketFilters
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.rendering import render
from crm_backend.web.ticket_events import describe_events

Form = Mapping[str, object]

STATUSES = ("open", "pending", "resolved", "closed")
PRIORITIES = ("urgent", "high", "medium", "low")
SLA_STATES = ("overdue", "warned", "running")
SORTS = ("newest", "oldest", "updated", "priority", "due")
NEXT_STATUSES = ("pending", "open", "resolved")
MAX_PAGES = 4_000
MAX_NOTE = 10_000
# What a redirect may tell; the texts stand in messages/ticket_pages.yml.
NOTICES = ("saved", "unchanged", "already_closed", "sent", "noted", "reopened")


async def show_list(request: web.Request) -> web.Response:
    """List the tickets that the filters leave."""
    query = request.query
    chosen = {
        "status": _one_of(query.get("status"), ("unfinished", *STATUSES)),
        "priority": _one_of(query.get("priority"), PRIORITIES),
        "category": _one_of(query.get("category"), tuple(tickets.PRIORITIES)),
        "sla": _one_of(query.get("sla"), SLA_STATES),
    }
    sort = _one_of(query.get("sort"), SORTS) or "newest"
    page = _page(query.get("page", ""))
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        agents = await ticket_lists.list_agents(session)
        people = (NOBODY, *(str(agent.id) for agent in agents))
        assignee = _one_of(query.get("assignee"), people)
        found = await ticket_lists.list_desk(
            session,
            TicketFilters(
                status=chosen["status"],
                assignee=assignee,
                priority=chosen["priority"],
                category=chosen["category"],
                sla=cast(SlaState | None, chosen["sla"]),
            ),
            sort=cast(Sort, sort),
            page=page,
        )
        due = await get_due_of_tickets(session, [ticket.id for ticket in found.items])
        counts = await ticket_lists.count_by_status(session)
    return render(
        "tickets.html",
        request,
        staff=staff,
        found=found,
        due=due,
        now=utc_now(),
        counts=counts,
        agents=agents,
        chosen=chosen,
        assignee=assignee,
        sort=sort,
        statuses=("unfinished", *STATUSES),
        priorities=PRIORITIES,
        categories=tuple(tickets.PRIORITIES),
        sla_states=SLA_STATES,
        sorts=SORTS,
        is_narrowed=bool(assignee or any(chosen.values())),
        earlier_url=_page_url(request, page - 1) if page > 1 else None,
        later_url=_page_url(request, page + 1)
        if page * ticket_lists.PAGE_SIZE < found.n_found
        else None,
    )


async def show_ticket(request: web.Request) -> web.Response:
    """Show one ticket."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        return await ticket_page(request, session, staff)


async def ticket_page(
    request: web.Request,
    session: AsyncSession,
    staff: Staff,
    *,
    draft: str = "",
    problem: str | None = None,
    status: int = 200,
) -> web.Response:
    """Render a ticket with the answer that could not be sent, if there is one.

    Args:
        request: whose path names the ticket.
        session: to read it.
        staff: who is signed in.
        draft: what the answer box starts with.
        problem: why something was refused, in the reader's language.
        status: of the answer.

    Raises:
        NotFound: there is no such ticket.
    """
    language = page_language(request)
    ticket = await tickets.get_history(session, request.match_info["number"])
    path = page_of(ticket)
    due = await get_due_of_tickets(session, [ticket.id])
    return render(
        "ticket.html",
        request,
        status=status,
        staff=staff,
        # Forms lead to addresses of their own, which are no pages.
        other_language_url=f"{path}?lang={'en' if language == 'zh' else 'zh'}",
        ticket=ticket,
        page=path,
        events=await describe_events(session, ticket, language),
        conversation=await ticket_replies.find_conversation(session, ticket),
        address=await ticket_replies.find_address(session, ticket),
        can_mail=request.app[CONFIG].can_mail,
        agents=await ticket_lists.list_agents(session),
        due=due.get(ticket.id, []),
        now=utc_now(),
        statuses=STATUSES,
        priorities=PRIORITIES,
        next_statuses=NEXT_STATUSES,
        client_message_id=uuid.uuid4(),
        draft=draft,
        problem=problem,
        notice=_one_of(request.query.get("notice"), NOTICES),
    )


async def submit_change(request: web.Request) -> web.Response:
    """Set state, priority and who sees to it; what stays the same is no event."""
    return await _submit(request, _change)


async def submit_note(request: web.Request) -> web.Response:
    """Add a note that only colleagues see."""
    return await _submit(request, _note)


async def submit_reply(request: web.Request) -> web.Response:
    """Answer the customer."""
    return await _submit(request, _reply)


async def _change(
    request: web.Request, session: AsyncSession, principal: Principal, form: Form
) -> str:
    number = request.match_info["number"]
    ticket = await tickets.get_ticket(session, principal, number, lock=True)
    before = (ticket.status, ticket.priority, ticket.assignee_id)
    status = _one_of(_text(form, "status"), STATUSES)
    priority = _one_of(_text(form, "priority"), PRIORITIES)
    assignee = _text(form, "assignee")
    if assignee and ticket.status != "closed":
        staff_id = int(assignee) if assignee.isdecimal() else None
        await ticket_lists.assign(session, principal, number, staff_id)
    if ticket.status == "closed" and status == "closed":
        # Somebody else closed it meanwhile, or the form was sent twice.
        return "already_closed"
    ticket = await tickets.change_ticket(
        session, principal, number, status=status, priority=priority
    )
    after = (ticket.status, ticket.priority, ticket.assignee_id)
    if before == after:
        return "unchanged"
    was_done = before[0] == "resolved"
    return "reopened" if was_done and ticket.status == "open" else "saved"


async def _note(
    request: web.Request, session: AsyncSession, principal: Principal, form: Form
) -> str:
    note = clean_text(_text(form, "note"))[:MAX_NOTE]
    if not note:
        return "unchanged"
    await tickets.change_ticket(
        session, principal, request.match_info["number"], note=note
    )
    return "noted"


async def _reply(
    request: web.Request, session: AsyncSession, principal: Principal, form: Form
) -> str:
    try:
        message_id = UUID(_text(form, "client_message_id"))
    except ValueError as err:
        raise web.HTTPBadRequest from err
    status = _one_of(_text(form, "status"), NEXT_STATUSES) or "pending"
    await ticket_replies.reply(
        session,
        request.app[CONFIG],
        principal,
        request.match_info["number"],
        client_message_id=message_id,
        text=_text(form, "text"),
        status=cast(ticket_replies.NextStatus, status),
        by_mail="by_mail" in form,
    )
    return "sent"


async def _submit(request: web.Request, act: Any) -> web.Response:
    refuse_other_sites(request)
    form = await request.post()
    back = f"/console/tickets/{quote(request.match_info['number'], safe='')}"
    try:
        async with request.app[SESSIONS].begin() as session:
            await require_reader(request, session, "service", back=back)
            principal = await get_principal(request, session)
            notice = await act(request, session, principal, form)
    except (Conflict, Invalid, Unavailable) as err:
        async with reading(request.app[SESSIONS]) as session:
            staff = await require_reader(request, session, "service", back=back)
            return await ticket_page(
                request,
                session,
                staff,
                draft=_text(form, "text"),
                problem=err.message,
                status=err.status,
            )
    end = "#sent" if notice == "sent" else ""
    target = f"{back}?{urlencode({'notice': notice})}{end}"
    return web.Response(status=303, headers={"Location": target})


def page_of(ticket: Ticket) -> str:
    """Return the address of a ticket's page."""
    return f"/console/tickets/{quote(ticket.number, safe='')}"


def _page(text: str) -> int:
    return int(text) if text.isdecimal() and 1 <= int(text) <= MAX_PAGES else 1


def _page_url(request: web.Request, page: int) -> str:
    return str(request.rel_url.update_query(page=page))


def _one_of(value: str | None, values: tuple[str, ...]) -> str | None:
    return value if value in values else None


def _text(form: Form, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
