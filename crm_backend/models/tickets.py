"""Tickets: what a person has to look at."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.customers import Customer
from crm_backend.models.orders import Order
from crm_backend.models.staff import Staff


class Ticket(Base):
    """A matter a customer raised, or that the assistant failed at."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customers.id"), index=True
    )
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    conversation_id: Mapped[str | None] = mapped_column(
        ForeignKey("conversations.id"), index=True
    )
    subject: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    # order | delivery | refund | payment | product | account | complaint | feedback
    # | bot_failure | other
    category: Mapped[str] = mapped_column(String(20))
    # open | pending | resolved | closed
    status: Mapped[str] = mapped_column(String(20), index=True)
    # low | medium | high | urgent
    priority: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(2), default="en")
    sentiment_label: Mapped[str | None] = mapped_column(String(10))
    # -1 (very negative) to 1.
    sentiment_score: Mapped[float | None]
    # [{"sender", "text", "created_at"}], as it stood when the ticket was opened.
    transcript: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    opened_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    resolved_at: Mapped[datetime | None]
    # The agent who sees to it.
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)

    customer: Mapped[Customer | None] = relationship()
    order: Mapped[Order | None] = relationship()
    assignee: Mapped[Staff | None] = relationship()
    events: Mapped[list["TicketEvent"]] = relationship(
        back_populates="ticket", order_by="TicketEvent.id"
    )


class TicketEvent(Base):
    """Something that happened to a ticket.

    Its kind: opened | status_changed | priority_changed | assigned | note | replied (by
    a colleague) | answered (by the customer) | sla_warned | sla_breached.
    """

    __tablename__ = "ticket_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    # The claims' subject: visitor:..., customer:..., staff:... or system.
    actor: Mapped[str] = mapped_column(String(300))
    body: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(default=utc_now)

    ticket: Mapped[Ticket] = relationship(back_populates="events")
