"""What an agent needs to go on with a conversation."""

from datetime import datetime
from typing import Literal

from crm_backend.api import Schema
from crm_backend.schemas.chat import Sender
from crm_backend.schemas.insights import PurchasePredictionOut, prediction_out
from crm_backend.services.conversations import Mode
from crm_backend.services.handoffs import Outcome, Reason
from crm_backend.services.packets import Packet, Result


class HandoffOut(Schema):
    """One time that a conversation went to people."""

    reason: Reason
    requested_at: datetime
    promised_wait_seconds: int | None
    taken_at: datetime | None
    replied_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    wants_mail: bool


class AttemptOut(Schema):
    """One thing the customer wanted, what was tried, and how it ended."""

    seq: int
    at: datetime
    asked: str
    intent: str | None
    confidence: float | None
    actions: list[str]
    result: Result
    said: str | None
    failure: str | None
    ticket_number: str | None


class MoodPointOut(Schema):
    """How a message sounded, from -1 (very negative) to 1."""

    seq: int
    at: datetime
    score: float
    label: str


class FactOut(Schema):
    """Something named in the conversation, the last one first."""

    kind: str
    values: list[str]


class SummaryLineOut(Schema):
    """A line that says much of a long chat."""

    seq: int
    sender: Sender
    text: str


class PacketTicketOut(Schema):
    """A ticket opened in the conversation."""

    number: str
    subject: str
    status: str
    priority: str


class PacketCustomerOut(Schema):
    """Who has proved to be speaking."""

    number: str
    name: str
    n_orders: int
    total_spent_cents: int
    currency: str | None
    days_since_last_order: int | None
    n_returns: int
    n_open_tickets: int


class SuggestionOut(Schema):
    """A reply to begin with."""

    key: str
    text: str


class PacketOut(Schema):
    """All that is known of a conversation, for who goes on with it."""

    conversation_id: str
    mode: Mode
    topic: str | None
    mood: float | None
    priority: Literal["low", "medium", "high", "urgent"]
    assignee_name: str | None
    handoff: HandoffOut | None
    n_handoffs: int
    waited_seconds: int | None
    attempts: list[AttemptOut]
    n_earlier_attempts: int
    facts: list[FactOut]
    moods: list[MoodPointOut]
    customer: PacketCustomerOut | None
    purchase: PurchasePredictionOut | None
    tickets: list[PacketTicketOut]
    suggestions: list[SuggestionOut]
    summary: list[SummaryLineOut]


def packet_out(packet: Packet, language: str) -> PacketOut:
    """Show a packet to a colleague who reads this language."""
    conversation, handoff = packet.conversation, packet.handoff
    return PacketOut.model_validate(
        {
            "conversation_id": conversation.id,
            "mode": conversation.mode,
            "topic": conversation.topic,
            "mood": conversation.mood,
            "priority": conversation.priority,
            "assignee_name": packet.assignee_name,
            "handoff": handoff and HandoffOut.model_validate(handoff),
            "n_handoffs": packet.n_handoffs,
            "waited_seconds": packet.waited_seconds,
            "attempts": packet.attempts,
            "n_earlier_attempts": packet.n_earlier_attempts,
            "facts": packet.facts,
            "moods": packet.moods,
            "customer": _customer_out(packet),
            "purchase": packet.purchase and prediction_out(packet.purchase, language),
            "tickets": packet.tickets,
            "suggestions": packet.suggestions,
            "summary": packet.summary,
        }
    )


def _customer_out(packet: Packet) -> PacketCustomerOut | None:
    summary = packet.customer
    if summary is None:
        return None
    return PacketCustomerOut(
        number=summary.customer.number,
        name=summary.customer.name,
        n_orders=summary.n_orders,
        total_spent_cents=summary.total_spent_cents,
        currency=summary.currency,
        days_since_last_order=summary.days_since_last_order,
        n_returns=summary.n_returns,
        n_open_tickets=summary.n_open_tickets,
    )
