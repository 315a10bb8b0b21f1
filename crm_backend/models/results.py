"""What became of each matter that customers brought to the assistant."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm_backend.models.base import Base


class Matter(Base):
    """One thing a customer wanted in a conversation, and how it ended.

    Written by a job from the log; counting them is all that a page has to do.
    """

    __tablename__ = "matters"
    __table_args__ = (Index("ix_matters_began_at_intent", "began_at", "intent"),)

    # The message that brought it up.
    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id"), primary_key=True, autoincrement=False
    )
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id"), index=True
    )
    intent: Mapped[str] = mapped_column(String(60))
    language: Mapped[str] = mapped_column(String(2))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    n_messages: Mapped[int]
    # contained | handed_off | failed | abandoned
    outcome: Mapped[str] = mapped_column(String(10))
    handoff_reason: Mapped[str | None] = mapped_column(String(30))
    # The customer thanked, agreed, or rated the conversation well.
    is_confirmed: Mapped[bool]
    # The records show what was wanted; None where they could not.
    is_verified: Mapped[bool | None]
    # The same customer came back with it; None while the time for that runs.
    is_reopened: Mapped[bool | None]
