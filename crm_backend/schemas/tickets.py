"""Tickets and what happened to them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from crm_backend.api import Schema
from crm_backend.schemas.common import Line, Number, PageQuery, Prose

TicketStatus = Literal["open", "pending", "resolved", "closed"]
TicketPriority = Literal["low", "medium", "high", "urgent"]
TicketCategory = Literal[
    "order",
    "delivery",
    "refund",
    "payment",
    "product",
    "account",
    "complaint",
    "feedback",
    "bot_failure",
    "other",
]
SentimentLabel = Literal["negative", "neutral", "positive"]


class Sentiment(Schema):
    """How the words that led to the ticket sounded."""

    label: SentimentLabel
    score: float = Field(ge=-1, le=1, description="From -1, very negative, to 1.")
    upset: bool = Field(False, description="Whether the person rather needs a person.")


class NewTicket(Schema):
    """A matter for a person."""

    subject: Line
    description: Annotated[Prose, Field(max_length=10_000)]
    category: TicketCategory
    order_number: Number | None = None
    sentiment: Sentiment | None = None


class TicketChange(Schema):
    """What to change; a note is for colleagues only."""

    status: TicketStatus | None = None
    priority: TicketPriority | None = None
    note: Annotated[Prose, Field(max_length=10_000)] | None = None


class TicketReply(Schema):
    """An answer to the customer."""

    client_message_id: UUID
    text: str
    status: Literal["open", "pending", "resolved"] = "pending"
    by_mail: bool = Field(False, description="Also, where there is a conversation.")


class AssigneeIn(Schema):
    """Who sees to a ticket; null is nobody."""

    email: Line | None


class TicketOut(Schema):
    """A ticket as its customer sees it."""

    number: str
    subject: str
    description: str
    status: TicketStatus
    priority: TicketPriority
    category: TicketCategory
    order_number: str | None
    sentiment_label: SentimentLabel | None
    sentiment_score: float | None
    opened_at: AwareDatetime
    updated_at: AwareDatetime


class TicketPage(Schema):
    """Tickets, newest first."""

    items: list[TicketOut]
    next_cursor: str | None


class TicketQuery(PageQuery):
    """Which tickets; who is no colleague always gets their own."""

    status: TicketStatus | None = None


class TranscriptLine(Schema):
    """What was said before the ticket was opened."""

    sender: str
    text: str
    created_at: AwareDatetime


class TicketEventOut(Schema):
    """What happened to a ticket, by whom."""

    kind: str
    actor: str
    body: str | None
    occurred_at: AwareDatetime


class TicketHistoryOut(Schema):
    """A ticket with its events and the conversation that led to it."""

    ticket: TicketOut
    customer_number: str | None
    conversation_id: str | None
    assignee_name: str | None
    events: list[TicketEventOut]
    transcript: list[TranscriptLine]
