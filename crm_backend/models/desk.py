"""What colleagues do around a conversation: who looks at it, who changed what."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.staff import Staff


class ConversationView(Base):
    """How far a colleague has read a conversation, and whether they are still there."""

    __tablename__ = "conversation_views"

    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id"), primary_key=True
    )
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    seen_seq: Mapped[int] = mapped_column(default=0)
    # Leases: who does not renew them has left, or stopped typing.
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    typed_at: Mapped[datetime | None]

    staff: Mapped[Staff] = relationship()


class ConversationEvent(Base):
    """A change that a colleague made.

    Its kind: mode | assignee | priority | tagged | untagged | snoozed | woken | merged
    | macro.
    """

    __tablename__ = "conversation_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id"), index=True
    )
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[str] = mapped_column(String(20))
    # What it was changed to, as the column or the name of the thing has it.
    value: Mapped[str | None] = mapped_column(String(200))
    # Made by the form of a macro, so that sending it twice runs it once.
    client_run_id: Mapped[str | None] = mapped_column(String(36), unique=True)
    occurred_at: Mapped[datetime] = mapped_column(default=utc_now)

    staff: Mapped[Staff] = relationship()
