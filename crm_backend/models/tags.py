"""Tags: words by which colleagues sort conversations."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now


class Tag(Base):
    """A word; it exists from its first use on."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    # In lower case, so that one word is one tag.
    name: Mapped[str] = mapped_column(String(40), unique=True)


class ConversationTag(Base):
    """A tag on a conversation."""

    __tablename__ = "conversation_tags"

    conversation_id: Mapped[str] = mapped_column(
        ForeignKey("conversations.id"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(
        ForeignKey("tags.id"), primary_key=True, index=True
    )
    tagged_at: Mapped[datetime] = mapped_column(default=utc_now)

    tag: Mapped[Tag] = relationship()
