"""Questions that nobody wrote an article about."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_backend.models.base import Base, utc_now
from crm_backend.models.staff import Staff


class QuestionGap(Base):
    """Questions alike that the assistant had no answer to.

    Its status: open | drafted | dismissed.
    """

    __tablename__ = "question_gaps"

    id: Mapped[int] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(String(2), index=True)
    # The question in the middle of them, without personal data.
    label: Mapped[str] = mapped_column(Text)
    n_questions: Mapped[int]
    # Of the last 30 days, and of the 30 days before them.
    n_recent: Mapped[int]
    n_earlier: Mapped[int]
    first_asked_at: Mapped[datetime]
    last_asked_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(10), default="open")
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    changed_at: Mapped[datetime | None]
    computed_at: Mapped[datetime] = mapped_column(default=utc_now)

    draft: Mapped["ArticleDraft | None"] = relationship(back_populates="gap")


class UnansweredQuestion(Base):
    """A message that was declined, or that an article perhaps answered."""

    __tablename__ = "unanswered_questions"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id"), primary_key=True, autoincrement=False
    )
    gap_id: Mapped[int | None] = mapped_column(
        ForeignKey("question_gaps.id"), index=True
    )
    language: Mapped[str] = mapped_column(String(2))
    # Without personal data.
    text: Mapped[str] = mapped_column(Text)
    # declined | article_unsure
    reason: Mapped[str] = mapped_column(String(20))
    asked_at: Mapped[datetime] = mapped_column(index=True)


class ArticleDraft(Base):
    """An article somebody has still to write; never shown to customers."""

    __tablename__ = "article_drafts"

    id: Mapped[int] = mapped_column(primary_key=True)
    gap_id: Mapped[int] = mapped_column(ForeignKey("question_gaps.id"), unique=True)
    language: Mapped[str] = mapped_column(String(2))
    slug: Mapped[str] = mapped_column(String(80))
    # The whole Markdown file, front matter included.
    body: Mapped[str] = mapped_column(Text)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    gap: Mapped[QuestionGap] = relationship(back_populates="draft")
    created_by: Mapped[Staff] = relationship()
