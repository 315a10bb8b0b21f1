"""Conversations as colleagues see them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from crm_backend.api import Schema
from crm_backend.principal import Language
from crm_backend.schemas.chat import MAX_RAW_TEXT, MessageOut, Sender
from crm_backend.schemas.common import PageQuery
from crm_backend.schemas.ratings import ReviewedRatingOut
from crm_backend.services.conversations import Channel, Mode
from crm_backend.services.handoffs import Reason


class ConversationsQuery(PageQuery):
    """Which conversations."""

    mode: Mode | None = None


class CustomerNameOut(Schema):
    """Who has proved to be speaking."""

    number: str
    name: str


class LastLineOut(Schema):
    """How a conversation ends so far."""

    sender: Sender
    text: str | None
    created_at: datetime


class ConversationOut(Schema):
    """A conversation and how it stands."""

    id: str
    channel: Channel
    mode: Mode
    language: Language
    customer: CustomerNameOut | None
    staff_name: str | None
    assignee_name: str | None
    handoff_reason: Reason | None
    priority: Literal["low", "medium", "high", "urgent"]
    topic: str | None
    mood: float | None
    last_line: LastLineOut | None
    n_messages: int
    n_failed_turns: int
    # None: it has not ended yet.
    rating: ReviewedRatingOut | None
    waiting_since: datetime | None
    created_at: datetime
    last_message_at: datetime


class ConversationPage(Schema):
    """A page of conversations."""

    items: list[ConversationOut]
    next_cursor: str | None


class TurnOut(Schema):
    """What became of the bot's turn to answer."""

    id: str
    status: Literal["queued", "running", "done", "failed", "skipped"]
    failure: str | None
    ticket_number: str | None
    model_id: str | None
    queued_at: datetime
    finished_at: datetime | None


class ReviewedMessageOut(MessageOut):
    """A line with what only colleagues see."""

    payload: str | None
    understood: dict[str, Any] | None
    suppressed: bool
    turn: TurnOut | None


class ReviewedMessagesOut(Schema):
    """The lines after a sequence number."""

    items: list[ReviewedMessageOut]
    last_seq: int


class AgentMessageIn(Schema):
    """What a colleague answers."""

    client_message_id: UUID
    text: str = Field(max_length=MAX_RAW_TEXT)


class AssigneeIn(Schema):
    """Whose the conversation shall be."""

    email: str | None = Field(max_length=254)


class ModeIn(Schema):
    """Who shall answer from now on."""

    mode: Literal["bot", "human", "closed"]
