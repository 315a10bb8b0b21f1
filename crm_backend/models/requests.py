"""Writes that were already answered, by their idempotency key."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crm_backend.models.base import Base, utc_now


class IdempotentRequest(Base):
    """The answer to a write, stored in the write's own transaction."""

    __tablename__ = "idempotent_requests"

    # Two people may choose the same key, so it belongs to its subject.
    subject: Mapped[str] = mapped_column(String(300), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    # Of method, path and body: the same key for something else is a mistake.
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    response: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
