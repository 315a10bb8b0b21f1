"""Internal notes on conversations; no customer ever sees one."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.staff import Staff


class ConversationNote(Base):
    """What a colleague wrote for colleagues; a table apart from what customers read."""

    __tablename__ = "conversation_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id"), index=True
    )
    # Made by the form, so that sending it twice leaves one note.
    client_note_id: Mapped[str] = mapped_column(String(36), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    staff: Mapped[Staff] = relationship()


class NoteMention(Base):
    """A colleague whom a note names with @."""

    __tablename__ = "note_mentions"

    note_id: Mapped[int] = mapped_column(
        ForeignKey("conversation_notes.id"), primary_key=True
    )
    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff.id"), primary_key=True, index=True
    )
    # When they opened the conversation afterwards.
    read_at: Mapped[datetime | None]

    note: Mapped[ConversationNote] = relationship()
