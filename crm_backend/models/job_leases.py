"""Who runs a job of the schedule, so that of several gateways one does."""

from datetime import date, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crm_backend.models.base import Base


class JobLease(Base):
    """A job that is run by at most one process at a time, and once a day."""

    __tablename__ = "job_leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    # None: nobody runs it.
    holder: Mapped[str | None] = mapped_column(String(36))
    # A holder that died gives it up then.
    held_until: Mapped[datetime]
    # The day of the shop on which it was begun last.
    last_on: Mapped[date | None]
