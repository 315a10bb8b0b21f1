"""The part of a ticket's page that stays fresh: its state and its clocks."""

from aiohttp import web

from crm_backend.db import reading
from crm_backend.keys import SESSIONS
from crm_backend.models import utc_now
from crm_backend.services import tickets
from crm_backend.services.sla import get_due_of_tickets
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.rendering import render


async def show_state(request: web.Request) -> web.Response:
    """Show state, priority and running clocks of one ticket.

    Raises:
        NotFound: there is no such ticket.
    """
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        principal = await get_principal(request, session)
        number = request.match_info["number"]
        ticket = await tickets.get_ticket(session, principal, number)
        due = await get_due_of_tickets(session, [ticket.id])
    return render(
        "ticket_state.html",
        request,
        staff=staff,
        ticket=ticket,
        due=due.get(ticket.id, []),
        now=utc_now(),
    )
