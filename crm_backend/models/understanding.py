"""What the assistant did not understand, and what colleagues decided about it."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.staff import Staff


class LearningRun(Base):
    """How far a job has read the conversations, and when it last did."""

    __tablename__ = "learning_runs"

    # messages | gaps | results
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    # All messages up to this one are done.
    last_message_id: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]


class NluReview(Base):
    """Messages that say the same, and what they should be taken for.

    Its status: new | accepted (as it was understood) | relabelled | out_of_scope
    | ignored.
    """

    __tablename__ = "nlu_reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Of the language and the text in small letters without punctuation.
    text_key: Mapped[str] = mapped_column(String(64), unique=True)
    language: Mapped[str] = mapped_column(String(2))
    # Without personal data, as all texts here.
    text: Mapped[str] = mapped_column(Text)
    # What was replaced in it: NAME, EMAIL, ...
    masked: Mapped[list[str]] = mapped_column(JSON, default=list)
    # What becomes of it in the training data; the reviewer may change it.
    example: Mapped[str] = mapped_column(Text)
    # The likeliest intent and the next one, with the assistant's probabilities.
    intent: Mapped[str | None] = mapped_column(String(60))
    confidence: Mapped[float | None]
    runner_up: Mapped[str | None] = mapped_column(String(60))
    runner_up_confidence: Mapped[float | None]
    # fallback | unsure | wrong (only a colleague said so): the gravest of its messages.
    reason: Mapped[str] = mapped_column(String(10))
    n_messages: Mapped[int] = mapped_column(default=0)
    n_marked: Mapped[int] = mapped_column(default=0)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(String(20), default="new", index=True)
    # What it should be taken for; None while nobody decided, and if it is ignored.
    decided_intent: Mapped[str | None] = mapped_column(String(60))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    # train | test: never both, so that the tests stay unseen.
    used_for: Mapped[str | None] = mapped_column(String(5))
    exported_at: Mapped[datetime | None]

    decided_by: Mapped[Staff | None] = relationship()


class MisunderstoodMessage(Base):
    """A message that fell back, was unsure, or that a colleague marked as wrong."""

    __tablename__ = "misunderstood_messages"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id"), primary_key=True, autoincrement=False
    )
    # None until its text was masked and grouped.
    review_id: Mapped[int | None] = mapped_column(
        ForeignKey("nlu_reviews.id"), index=True
    )
    # fallback | unsure | wrong
    reason: Mapped[str] = mapped_column(String(10))
    marked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    marked_at: Mapped[datetime | None]
    found_at: Mapped[datetime] = mapped_column(default=utc_now)
