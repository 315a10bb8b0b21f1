"""Mails the shop sends: they wait in the outbox; the demo also logs them."""

import logging

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import OutboxMail

log = logging.getLogger(__name__)


def send_mail(
    session: AsyncSession, *, recipient: str, subject: str, body: str, demo: bool
) -> None:
    """Put a mail into the outbox.

    Only the `demo` logs it as well, because mails hold codes.
    """
    session.add(OutboxMail(recipient=recipient, subject=subject, body=body))
    if demo:
        log.info("mail to %s: %s\n%s", recipient, subject, body)
