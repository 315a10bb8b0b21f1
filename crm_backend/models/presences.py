"""Who of the colleagues is there to answer customers."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.staff import Staff


class StaffPresence(Base):
    """A colleague at the console; who is not seen for a while is taken for gone."""

    __tablename__ = "staff_presences"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    # online | away (keeps what is theirs, gets nothing new) | offline
    status: Mapped[str] = mapped_column(String(10))
    # How many customers at once the colleague is given.
    capacity: Mapped[int]
    # So that the next customer goes to somebody else.
    last_assigned_at: Mapped[datetime | None]

    staff: Mapped[Staff] = relationship()
