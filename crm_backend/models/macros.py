"""Macros: several steps that belong together, as one."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.canned_replies import CannedReply


class Macro(Base):
    """What is done to a conversation, in the order of the columns, where one is set."""

    __tablename__ = "macros"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    # The intent that it is suggested for.
    topic: Mapped[str | None] = mapped_column(String(60))
    canned_reply_id: Mapped[int | None] = mapped_column(ForeignKey("canned_replies.id"))
    tag: Mapped[str | None] = mapped_column(String(40))
    # low | medium | high | urgent
    priority: Mapped[str | None] = mapped_column(String(10))
    # me | nobody
    assignee: Mapped[str | None] = mapped_column(String(10))
    # One of a ticket's.
    ticket_category: Mapped[str | None] = mapped_column(String(20))
    # closed | bot: who answers in the end.
    mode: Mapped[str | None] = mapped_column(String(10))
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    canned_reply: Mapped[CannedReply | None] = relationship()
