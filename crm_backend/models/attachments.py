"""Files that were sent in conversations; their contents are on disk."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crm_backend.models.base import Base, utc_now


class Attachment(Base):
    """One file, stored under its id; `name` is only what it is called."""

    __tablename__ = "attachments"

    # A random uuid, so that no id can be guessed from another.
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id"), index=True
    )
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), unique=True)
    # customer | agent
    sender: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(200))
    # What the content is, whatever the browser said.
    media_type: Mapped[str] = mapped_column(String(100))
    n_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
