"""Delivers the outbox over SMTP: in the background, again after failures.

A mail is written in the transaction that needs it and delivered after its commit. It
goes out twice only if this process ends between the mail server's yes and the note of
it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib
from aiohttp import web
from tenacity import retry, stop_after_attempt, wait_exponential

from crm_backend.db import Sessions
from crm_backend.keys import CONFIG, SESSIONS, WAKEUPS
from crm_backend.models import OutboxMail
from crm_backend.services import mail as outbox
from crm_backend.services.mail import Failure
from crm_backend.setting_values import MailServer
from crm_backend.wakeups import MAILS, Wakeups

log = logging.getLogger(__name__)

N_AT_ONCE = 5
# New mails wake it at once; this is for retries and for other gateways' mails.
POLL_SECONDS = 5.0
# Well below the time a mail is claimed for.
ATTEMPT_SECONDS = 30.0
# How long mails on their way may still take when the process is asked to stop.
STOP_SECONDS = 4.0


class MailDelivery:
    """Hands the mails of the outbox over to a mail server."""

    def __init__(
        self, sessions: Sessions, wakeups: Wakeups, server: MailServer, sender: str
    ) -> None:
        self._sessions = sessions
        self._wakeups = wakeups
        self._server = server
        self._sender = sender
        self._is_stopping = asyncio.Event()

    async def run(self) -> None:
        """Deliver until `stop` is called."""
        with self._wakeups.subscribe(MAILS) as wakeup:
            while not self._is_stopping.is_set():
                wakeup.clear()
                try:
                    is_more = await self.deliver_due()
                except Exception:
                    # The next poll tries again; nothing is lost meanwhile.
                    log.exception("the outbox cannot be delivered")
                    is_more = False
                if not is_more:
                    await self._wait(wakeup)

    def stop(self) -> None:
        """Take no more mails; those on their way are finished."""
        self._is_stopping.set()
        self._wakeups.wake(MAILS)

    async def deliver_due(self) -> bool:
        """Try all mails that are due, a few at once; whether there may be more."""
        async with self._sessions.begin() as session:
            claimed = await outbox.claim(session, N_AT_ONCE)
        await asyncio.gather(*(self._deliver(mail) for mail in claimed))
        return len(claimed) == N_AT_ONCE

    async def _deliver(self, mail: OutboxMail) -> None:
        failure = await send(self._server, self._sender, mail)
        if failure is not None:
            log.warning("mail %s was not delivered: %s", mail.id, failure.reason)
        await self._store(mail, failure)

    # A forgotten success would send the mail again.
    @retry(stop=stop_after_attempt(5), wait=wait_exponential(multiplier=0.2))
    async def _store(self, mail: OutboxMail, failure: Failure | None) -> None:
        async with self._sessions.begin() as session:
            await outbox.finish(session, mail.id, mail.n_attempts, failure)

    async def _wait(self, wakeup: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await wakeup.wait()


async def send(server: MailServer, sender: str, mail: OutboxMail) -> Failure | None:
    """Hand one mail over; return why not, if that failed."""
    try:
        message = _message(sender, mail)
        async with asyncio.timeout(ATTEMPT_SECONDS):
            await aiosmtplib.send(
                message,
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.uses_tls,
                start_tls=server.starts_tls,
                timeout=ATTEMPT_SECONDS,
            )
    except aiosmtplib.SMTPRecipientsRefused as err:
        code = max(refusal.code for refusal in err.recipients)
        return Failure(f"recipient refused {code}", is_final=code >= 500)
    except aiosmtplib.SMTPResponseException as err:
        # Of the sender, the password and the like: somebody can still set them right.
        return Failure(f"{type(err).__name__} {err.code}")
    except (aiosmtplib.SMTPException, OSError) as err:
        return Failure(type(err).__name__)
    except Exception as err:
        # Such as an address no mail can be sent to; where it came from would show it.
        return Failure(type(err).__name__, is_final=True)
    return None


def _message(sender: str, mail: OutboxMail) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    # The same for every attempt, so that a mailbox can tell a repeat.
    domain = message["From"].addresses[0].domain
    stamp = int(mail.created_at.timestamp() * 1000)
    message["Message-ID"] = f"<deskmate.{mail.id}.{stamp}@{domain}>"
    # No answers by machines, such as notes of absence.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


async def run_mail_delivery(app: web.Application) -> AsyncIterator[None]:
    """Deliver mails as long as the application runs, if there is a mail server."""
    config = app[CONFIG]
    if config.smtp_url is None:
        if config.warning:
            log.warning(config.warning)
        yield
        return
    delivery = MailDelivery(
        app[SESSIONS], app[WAKEUPS], config.smtp_url, config.mail_from
    )
    task = asyncio.create_task(delivery.run())
    yield
    delivery.stop()
    await asyncio.wait({task}, timeout=STOP_SECONDS)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
