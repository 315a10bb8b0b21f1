"""What a customer gets in place of the bot's answer: an apology with a ticket."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.models import Conversation, Ticket, Turn
from crm_backend.principal import Language, Principal
from crm_backend.services import (
    handoff_requests,
    messages,
    tickets,
    turn_context,
)
from crm_backend.services.business_hours import BusinessHours

HANDOFF_PAYLOAD = "/human_handoff"
MAX_QUOTE = 500


async def apologise(
    session: AsyncSession,
    conversation: Conversation,
    turn: Turn,
    hours: BusinessHours,
) -> None:
    """Apologise for a turn that failed; a colleague finds it by its ticket."""
    language = turn.message.language
    wants_person = turn.message.payload == HANDOFF_PAYLOAD
    wants_person = wants_person and conversation.channel == "customer"
    ticket = await _open_ticket(session, conversation, turn)
    turn.ticket_id = ticket.id
    messages.append(
        session,
        conversation,
        sender="bot",
        turn_id=turn.id,
        text=say(
            "apology_with_handoff" if wants_person else "apology",
            language,
            ticket=ticket.number,
        ),
        buttons=[] if wants_person else _way_out(conversation, language),
        language=language,
    )
    if wants_person:
        # Who asked for a person gets one, whether the bot works or not.
        reason = await turn_context.find_reason(session, turn)
        await handoff_requests.request(
            session, hours, conversation, reason, ticket=ticket
        )


def _way_out(conversation: Conversation, language: str) -> list[dict[str, Any]]:
    if conversation.channel == "staff":
        return []
    return [{"title": say("talk_to_a_person", language), "payload": HANDOFF_PAYLOAD}]


async def _open_ticket(
    session: AsyncSession, conversation: Conversation, turn: Turn
) -> Ticket:
    language: Language = "zh" if turn.message.language == "zh" else "en"
    quote = (turn.message.text or turn.message.payload or "")[:MAX_QUOTE]
    principal = Principal.of_system(
        language,
        customer_id=conversation.customer_id,
        conversation_id=conversation.id,
    )
    ticket = await tickets.open_ticket(
        session,
        principal,
        subject=say("failure_ticket_subject", language),
        description=say(
            "failure_ticket_description", language, code=turn.failure, message=quote
        ),
        category="bot_failure",
    )
    ticket.priority = "high"
    return ticket
