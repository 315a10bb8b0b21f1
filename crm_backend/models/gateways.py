"""The processes that let the bot answer, as they know of each other."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crm_backend.models.base import Base, utc_now


class Gateway(Base):
    """A running gateway; one that was not seen for some seconds counts as dead."""

    __tablename__ = "gateways"

    # Made anew at each start.
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    # By the clock of the database, which all gateways share.
    seen_at: Mapped[datetime]
