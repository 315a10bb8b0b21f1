"""Tickets over HTTP: answering in them, taking them up again, giving them away."""

from crm_backend.api import Call, Endpoint
from crm_backend.handlers.tickets import NOT_FOUND, ticket_out
from crm_backend.schemas.tickets import AssigneeIn, TicketOut, TicketReply
from crm_backend.services import ticket_answers, ticket_lists, ticket_replies
from crm_backend.services.staff import find_by_email


async def reopen_ticket(call: Call) -> TicketOut:
    """Take a resolved ticket up again."""
    ticket = await ticket_answers.reopen(
        call.session, call.principal, call.path["number"]
    )
    return ticket_out(ticket)


async def reply_in_ticket(call: Call) -> TicketOut:
    """Answer the customer."""
    ticket = await ticket_replies.reply(
        call.session,
        call.config,
        call.principal,
        call.path["number"],
        **call.body.model_dump(),
    )
    return ticket_out(ticket)


async def assign_ticket(call: Call) -> TicketOut:
    """Give a ticket to a colleague."""
    staff_id = None
    if call.body.email is not None:
        staff = await find_by_email(call.session, call.body.email)
        # Whoever is unknown is refused like whoever answers no customers.
        staff_id = staff.id if staff else 0
    ticket = await ticket_lists.assign(
        call.session, call.principal, call.path["number"], staff_id
    )
    return ticket_out(ticket)


CLOSED = (409, "ticket_closed")

ENDPOINTS = (
    Endpoint(
        "POST",
        "/tickets/{number}/reopen",
        reopen_ticket,
        "anyone",
        "Take a resolved ticket up again",
        TicketOut,
        "tickets",
        errors=(NOT_FOUND, CLOSED),
    ),
    Endpoint(
        "POST",
        "/tickets/{number}/reply",
        reply_in_ticket,
        "service",
        "Answer the customer in the ticket's conversation, or else by mail",
        TicketOut,
        "tickets",
        body=TicketReply,
        errors=(
            NOT_FOUND,
            (400, "message_empty"),
            (400, "message_too_long"),
            (400, "no_address"),
            (409, "already_sent"),
            CLOSED,
            (503, "no_mail"),
        ),
    ),
    Endpoint(
        "PUT",
        "/tickets/{number}/assignee",
        assign_ticket,
        "service",
        "Give a ticket to a colleague, or to nobody",
        TicketOut,
        "tickets",
        body=AssigneeIn,
        errors=(NOT_FOUND, (400, "assignee_invalid"), CLOSED),
    ),
)
