"""Tickets over HTTP."""

from crm_backend.api import Call, Endpoint
from crm_backend.models import Ticket
from crm_backend.schemas.tickets import (
    NewTicket,
    TicketChange,
    TicketEventOut,
    TicketHistoryOut,
    TicketOut,
    TicketPage,
    TicketQuery,
    TranscriptLine,
)
from crm_backend.services import tickets as service


def ticket_out(ticket: Ticket) -> TicketOut:
    """Show a ticket that was loaded with its order."""
    return TicketOut(
        number=ticket.number,
        subject=ticket.subject,
        description=ticket.description,
        status=ticket.status,
        priority=ticket.priority,
        category=ticket.category,
        order_number=ticket.order.number if ticket.order else None,
        sentiment_label=ticket.sentiment_label,
        sentiment_score=ticket.sentiment_score,
        opened_at=ticket.opened_at,
        updated_at=ticket.updated_at,
    )


async def open_ticket(call: Call) -> TicketOut:
    """Open a ticket."""
    sentiment = call.body.sentiment
    ticket = await service.open_ticket(
        call.session,
        call.principal,
        subject=call.body.subject,
        description=call.body.description,
        category=call.body.category,
        order_number=call.body.order_number,
        sentiment_label=sentiment.label if sentiment else None,
        sentiment_score=sentiment.score if sentiment else None,
        is_upset=sentiment.upset if sentiment else False,
    )
    return ticket_out(ticket)


async def list_tickets(call: Call) -> TicketPage:
    """List one's own tickets, or as a colleague all."""
    page = await service.list_tickets(
        call.session,
        call.principal,
        status=call.query.status,
        cursor=call.query.cursor,
        limit=call.query.limit,
    )
    return TicketPage(
        items=[ticket_out(row) for row in page.items], next_cursor=page.next_cursor
    )


async def get_ticket(call: Call) -> TicketOut:
    """Show one ticket."""
    ticket = await service.get_ticket(call.session, call.principal, call.path["number"])
    return ticket_out(ticket)


async def change_ticket(call: Call) -> TicketOut:
    """Move a ticket on."""
    ticket = await service.change_ticket(
        call.session, call.principal, call.path["number"], **call.body.model_dump()
    )
    return ticket_out(ticket)


async def get_history(call: Call) -> TicketHistoryOut:
    """Show what happened to a ticket and the conversation that led to it."""
    ticket = await service.get_history(call.session, call.path["number"])
    return TicketHistoryOut(
        ticket=ticket_out(ticket),
        customer_number=ticket.customer.number if ticket.customer else None,
        conversation_id=ticket.conversation_id,
        assignee_name=ticket.assignee.name if ticket.assignee else None,
        events=[TicketEventOut.model_validate(event) for event in ticket.events],
        transcript=[TranscriptLine(**line) for line in ticket.transcript],
    )


NOT_FOUND = (404, "ticket_not_found")

ENDPOINTS = (
    Endpoint(
        "POST",
        "/tickets",
        open_ticket,
        "anyone",
        "Open a ticket; the conversation so far is attached",
        TicketOut,
        "tickets",
        status=201,
        body=NewTicket,
    ),
    Endpoint(
        "GET",
        "/tickets",
        list_tickets,
        "anyone",
        "List one's own tickets, newest first; staff see all",
        TicketPage,
        "tickets",
        query=TicketQuery,
        errors=((400, "invalid_cursor"),),
    ),
    Endpoint(
        "GET",
        "/tickets/{number}",
        get_ticket,
        "anyone",
        "Show a ticket",
        TicketOut,
        "tickets",
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "PATCH",
        "/tickets/{number}",
        change_ticket,
        "service",
        "Change a ticket's status or priority, or add a note for colleagues",
        TicketOut,
        "tickets",
        body=TicketChange,
        errors=(NOT_FOUND, (409, "ticket_closed")),
    ),
    Endpoint(
        "GET",
        "/tickets/{number}/history",
        get_history,
        "service",
        "Show what happened to a ticket and the conversation that led to it",
        TicketHistoryOut,
        "tickets",
        errors=(NOT_FOUND,),
    ),
)
