"""Mails the shop sends: they wait in the outbox until they are delivered."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.config import Config
from crm_backend.models import OutboxMail, utc_now
from crm_backend.wakeups import MAILS, wake_after_commit

log = logging.getLogger(__name__)

# Longer than an attempt can take, so that nobody else tries at the same time.
CLAIM = timedelta(seconds=60)
# 5 s, 15 s, 45 s, ... so that a code arrives soon after a mail server is back.
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=2)
MAX_ATTEMPTS = 20


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed, in words that hold no address, and whether for good."""

    reason: str
    is_final: bool = False


def send_mail(
    session: AsyncSession,
    config: Config,
    *,
    recipient: str,
    subject: str,
    body: str,
    expires_at: datetime,
) -> None:
    """Put a mail into the outbox; with a mail server it is on its way after the commit.

    Only a demo without one logs it, because mails hold addresses and codes.
    """
    mail = OutboxMail(
        recipient=recipient, subject=subject, body=body, expires_at=expires_at
    )
    session.add(mail)
    if config.smtp_url is not None:
        mail.due_at = utc_now()
        wake_after_commit(session, MAILS)
    elif config.demo:
        log.info("mail to %s: %s\n%s", recipient, subject, body)


async def claim(session: AsyncSession, limit: int) -> list[OutboxMail]:
    """Take mails that are due, for as long as an attempt may last.

    Of several gateways each gets its own; should one fall, another gets its mails
    once that time is over. Mails nobody can use any more are given up.
    """
    now = utc_now()
    due = (
        select(OutboxMail)
        .where(OutboxMail.due_at <= now)
        .order_by(OutboxMail.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = []
    for mail in await session.scalars(due):
        if mail.expires_at is not None and mail.expires_at <= now:
            _give_up(mail, mail.failure or "expired")
            continue
        mail.n_attempts += 1
        mail.due_at = now + CLAIM
        claimed.append(mail)
    return claimed


async def finish(
    session: AsyncSession, mail_id: int, attempt: int, failure: Failure | None
) -> None:
    """Store how an attempt ended, unless another one has begun meanwhile."""
    mail = await session.get_one(OutboxMail, mail_id, with_for_update=True)
    if mail.n_attempts != attempt or mail.due_at is None:
        return
    if failure is None:
        mail.sent_at, mail.due_at, mail.failure = utc_now(), None, None
        _forget_text(mail)
    elif failure.is_final or attempt >= MAX_ATTEMPTS:
        _give_up(mail, failure.reason)
    else:
        mail.failure = failure.reason
        mail.due_at = utc_now() + min(FIRST_WAIT * 3 ** (attempt - 1), LONGEST_WAIT)


def _give_up(mail: OutboxMail, reason: str) -> None:
    mail.failed_at, mail.due_at, mail.failure = utc_now(), None, reason
    _forget_text(mail)
    log.error("mail %s cannot be delivered: %s", mail.id, reason)


def _forget_text(mail: OutboxMail) -> None:
    """Keep no codes: what is over is only counted."""
    mail.subject = mail.body = ""
