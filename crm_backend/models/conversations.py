"""Conversations: the log, the turn queue and the proof of who speaks."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.customers import Customer
from crm_backend.models.staff import Staff


class Conversation(Base):
    """One chat. Its mode says who answers: bot | waiting | human | closed."""

    __tablename__ = "conversations"
    __table_args__ = (
        # The tabs of the inbox in their order, and how many there are in each.
        Index(
            "ix_conversations_waiting_since_id",
            "waiting_since",
            "id",
            sqlite_where=text("waiting_since IS NOT NULL"),
            postgresql_where=text("waiting_since IS NOT NULL"),
        ),
        Index("ix_conversations_mode_last_message_at", "mode", "last_message_at"),
        Index(
            "ix_conversations_inbox",
            "channel",
            "mode",
            "assignee_id",
            "waiting_since",
            "snoozed_until",
        ),
    )

    # A random uuid, because it is what the bot and the claims call it.
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    # customer | staff
    channel: Mapped[str] = mapped_column(String(10))
    mode: Mapped[str] = mapped_column(String(10), default="bot", index=True)
    # Raised with every change of mode; an answer made for an older one is suppressed.
    version: Mapped[int] = mapped_column(default=0)
    last_seq: Mapped[int] = mapped_column(default=0)
    language: Mapped[str] = mapped_column(String(2), default="en")
    # Set once the visitor has proved who they are.
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customers.id"), index=True
    )
    # Set in the staff channel.
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_message_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    waiting_since: Mapped[datetime | None]
    # The visitor chose the language, so that a word or two do not change it.
    is_language_chosen: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )
    # Set with the first end; the score is 1 to 5.
    rating_asked_at: Mapped[datetime | None] = mapped_column(index=True)
    rating_score: Mapped[int | None]
    rating_comment: Mapped[str | None] = mapped_column(Text)
    rated_at: Mapped[datetime | None]
    # The agent whose conversation it is; kept after the end, so that it comes back.
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    # Why a person was asked for the last time: see Handoff.
    handoff_reason: Mapped[str | None] = mapped_column(String(30))
    # low | medium | high | urgent
    priority: Mapped[str] = mapped_column(
        String(10), default="medium", server_default="medium"
    )
    # The last intent that was about something, such as track_order.
    topic: Mapped[str | None] = mapped_column(String(60))
    # Sentiment of the last message that had one, -1 (very negative) to 1.
    mood: Mapped[float | None]
    # Out of the way of its agent until then, or until the customer writes.
    snoozed_until: Mapped[datetime | None]
    # The conversation of the same customer that it goes on in.
    merged_into_id: Mapped[str | None] = mapped_column(
        ForeignKey("conversations.id"), index=True
    )

    customer: Mapped[Customer | None] = relationship()
    staff: Mapped[Staff | None] = relationship(foreign_keys=[staff_id])
    assignee: Mapped[Staff | None] = relationship(foreign_keys=[assignee_id])


class Message(Base):
    """One line of the append-only log."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "client_message_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    seq: Mapped[int]
    # customer (also a colleague in the staff channel) | bot | agent | system
    sender: Mapped[str] = mapped_column(String(10))
    client_message_id: Mapped[str | None] = mapped_column(String(64))
    turn_id: Mapped[str | None] = mapped_column(String(36), index=True)
    text: Mapped[str | None] = mapped_column(Text)
    # The command behind a button that was pressed.
    payload: Mapped[str | None] = mapped_column(Text)
    buttons: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    language: Mapped[str] = mapped_column(String(2))
    # intent, confidence, entities, sentiment: what the bot made of it.
    understood: Mapped[dict[str, Any] | None]
    # "The bot would have said": kept for the agent, never sent.
    suppressed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Turn(Base):
    """One message the bot owes an answer.

    Its status: queued | running | done | failed | skipped (a colleague took over).
    """

    __tablename__ = "turns"
    __table_args__ = (
        # Two turns of a conversation at once would mix up its dialogue.
        Index(
            "uq_turns_conversation_id_running",
            "conversation_id",
            unique=True,
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id"), index=True
    )
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    # What the conversation's version was when the message came in.
    version: Mapped[int]
    status: Mapped[str] = mapped_column(String(10), index=True)
    # The gateway that runs it; there is none while it is queued.
    gateway_id: Mapped[str | None] = mapped_column(String(36))
    n_attempts: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(String(60))
    model_id: Mapped[str | None] = mapped_column(String(100))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))

    message: Mapped[Message] = relationship()


class Handoff(Base):
    """One time that a conversation went from the assistant to people.

    Its reason: customer_asked | misunderstood | upset | backend_failed | policy
    | agent_took_over. Its outcome: returned (to the assistant) | closed | left (the
    customer went on with the assistant) | ticket (they did, because nobody was there)
    | merged (it goes on in another conversation).
    """

    __tablename__ = "handoffs"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id"), index=True
    )
    reason: Mapped[str] = mapped_column(String(30))
    requested_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    # What the customer was told, from recent waits; None if there were none.
    promised_wait_seconds: Mapped[int | None]
    # When an agent took it; None while it waits, or if nobody ever did.
    taken_at: Mapped[datetime | None]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    # The agent's first words to the customer.
    replied_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(10))
    # The customer wants what people answer by mail too; up to where they have it.
    wants_mail: Mapped[bool] = mapped_column(default=False, server_default=false())
    mailed_seq: Mapped[int] = mapped_column(default=0, server_default="0")
    # What was promised instead because nobody was there.
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))


class Verification(Base):
    """A one-time code on its way to a mailbox; only its hash is kept."""

    __tablename__ = "verifications"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id"), index=True
    )
    # None when no customer has this address: the visitor must not notice.
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    email: Mapped[str] = mapped_column(String(254))
    code_hash: Mapped[str] = mapped_column(String(200))
    n_attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class OutboxMail(Base):
    """A mail the shop sends; without a mail server it is read on the outbox page."""

    __tablename__ = "outbox_mails"

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    # When to try next; None once it is sent or given up, or if nobody delivers it.
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    # After this it is of no use any more.
    expires_at: Mapped[datetime | None]
    n_attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    # Why the last attempt failed, without an address: timeout, connection, 550, ...
    failure: Mapped[str | None] = mapped_column(String(40))
