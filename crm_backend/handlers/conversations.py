"""Conversations for the colleagues in service."""

from crm_backend.api import Call, Endpoint
from crm_backend.models import Conversation
from crm_backend.schemas.chat import MessageOut, MessagesQuery
from crm_backend.schemas.conversations import (
    AgentMessageIn,
    AssigneeIn,
    ConversationOut,
    ConversationPage,
    ConversationsQuery,
    CustomerNameOut,
    LastLineOut,
    ModeIn,
    ReviewedMessageOut,
    ReviewedMessagesOut,
    TurnOut,
)
from crm_backend.schemas.ratings import ReviewedRatingOut
from crm_backend.services import assignments, conversations, inbox, messages
from crm_backend.services.inbox import Overview, ReviewedMessage


async def list_conversations(call: Call) -> ConversationPage:
    """List conversations; the waiting ones by how long they wait."""
    page = await inbox.list_overviews(
        call.session,
        call.principal,
        mode=call.query.mode,
        cursor=call.query.cursor,
        limit=call.query.limit,
    )
    return ConversationPage(
        items=[conversation_out(item) for item in page.items],
        next_cursor=page.next_cursor,
    )


async def get_conversation(call: Call) -> ConversationOut:
    """Show one conversation."""
    overview = await inbox.get_overview(call.session, call.principal, call.path["id"])
    return conversation_out(overview)


async def list_messages(call: Call) -> ReviewedMessagesOut:
    """Show the lines with what was understood and what became of the turns."""
    items = await inbox.list_reviewed(
        call.session,
        call.principal,
        call.path["id"],
        after=call.query.after,
        limit=call.query.limit,
    )
    state = await conversations.get_state(call.session, call.path["id"])
    return ReviewedMessagesOut(
        items=[reviewed_out(item) for item in items], last_seq=state.last_seq
    )


async def add_message(call: Call) -> MessageOut:
    """Answer the customer, which takes the conversation over from the bot."""
    message = await conversations.add_agent_message(
        call.session,
        call.principal,
        call.path["id"],
        client_message_id=str(call.body.client_message_id),
        text=messages.checked_text(call.body.text, call.principal.language),
    )
    return MessageOut.model_validate(message)


async def set_mode(call: Call) -> ConversationOut:
    """Take a conversation over, give it back to the bot, or close it."""
    await conversations.set_mode(
        call.session, call.principal, call.path["id"], call.body.mode
    )
    await call.session.flush()
    return await get_conversation(call)


async def set_assignee(call: Call) -> ConversationOut:
    """Give a conversation to a colleague, or back to everybody."""
    await assignments.set_assignee(
        call.session, call.principal, call.path["id"], call.body.email
    )
    await call.session.flush()
    return await get_conversation(call)


def conversation_out(item: Overview) -> ConversationOut:
    """Show a conversation that was loaded with customer and colleague."""
    conversation, last = item.conversation, item.last_line
    customer, staff = conversation.customer, conversation.staff
    assignee = conversation.assignee
    return ConversationOut.model_validate(
        {
            "id": conversation.id,
            "channel": conversation.channel,
            "mode": conversation.mode,
            "language": conversation.language,
            "customer": customer and CustomerNameOut.model_validate(customer),
            "staff_name": staff.name if staff else None,
            "assignee_name": assignee.name if assignee else None,
            "handoff_reason": conversation.handoff_reason,
            "priority": conversation.priority,
            "topic": conversation.topic,
            "mood": conversation.mood,
            "last_line": last and LastLineOut.model_validate(last),
            "n_messages": item.n_messages,
            "n_failed_turns": item.n_failed_turns,
            "rating": _rating(conversation),
            "waiting_since": conversation.waiting_since,
            "created_at": conversation.created_at,
            "last_message_at": conversation.last_message_at,
        }
    )


def _rating(conversation: Conversation) -> ReviewedRatingOut | None:
    if conversation.rating_asked_at is None:
        return None
    return ReviewedRatingOut(
        asked_at=conversation.rating_asked_at,
        score=conversation.rating_score,
        comment=conversation.rating_comment,
        rated_at=conversation.rated_at,
    )


def reviewed_out(item: ReviewedMessage) -> ReviewedMessageOut:
    """Show a line with its turn."""
    shown = MessageOut.model_validate(item.message)
    turn = item.turn
    return ReviewedMessageOut(
        **dict(shown),
        payload=item.message.payload,
        understood=item.message.understood,
        suppressed=item.message.suppressed,
        turn=turn
        and TurnOut.model_validate(
            {
                "id": turn.id,
                "status": turn.status,
                "failure": turn.failure,
                "ticket_number": item.ticket_number,
                "model_id": turn.model_id,
                "queued_at": turn.queued_at,
                "finished_at": turn.finished_at,
            }
        ),
    )


NOT_FOUND = (404, "conversation_not_found")
TAKEN = (409, "already_taken")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/conversations",
        list_conversations,
        access="service",
        summary="List conversations",
        response=ConversationPage,
        tag="conversations",
        query=ConversationsQuery,
        errors=((400, "invalid_cursor"),),
    ),
    Endpoint(
        "GET",
        "/conversations/{id}",
        get_conversation,
        access="service",
        summary="Show a conversation",
        response=ConversationOut,
        tag="conversations",
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "GET",
        "/conversations/{id}/messages",
        list_messages,
        access="service",
        summary="Show a conversation's lines with what only colleagues see",
        response=ReviewedMessagesOut,
        tag="conversations",
        query=MessagesQuery,
        errors=(NOT_FOUND,),
    ),
    Endpoint(
        "POST",
        "/conversations/{id}/messages",
        add_message,
        access="service",
        summary="Answer the customer and so take over from the bot",
        response=MessageOut,
        tag="conversations",
        status=201,
        body=AgentMessageIn,
        errors=(
            (400, "message_empty"),
            (400, "message_too_long"),
            NOT_FOUND,
            TAKEN,
        ),
    ),
    Endpoint(
        "POST",
        "/conversations/{id}/mode",
        set_mode,
        access="service",
        summary="Take over, give back to the bot, or close",
        response=ConversationOut,
        tag="conversations",
        body=ModeIn,
        errors=(NOT_FOUND, TAKEN),
    ),
    Endpoint(
        "POST",
        "/conversations/{id}/assignee",
        set_assignee,
        access="service",
        summary="Give a conversation to a colleague, or back to everybody",
        response=ConversationOut,
        tag="conversations",
        body=AssigneeIn,
        errors=(NOT_FOUND, (409, "not_assignable")),
    ),
)
