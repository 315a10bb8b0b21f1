"""Mails leave the outbox over SMTP: once, again after failures, and never in a log."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from crm_backend.db import Sessions, make_engine, make_sessions
from crm_backend.mail_delivery import MailDelivery, send
from crm_backend.models import OutboxMail, utc_now
from crm_backend.setting_values import MailServer
from crm_backend.wakeups import Wakeups
from tests.crm_backend.fixtures_gateway import PATIENCE_SECONDS, Gateway
from tests.crm_backend.mailbox import Mailbox, make_certificate, serve

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

SENDER = "Läden & Co <service@shop.example>"


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    server = await serve(mailbox)
    yield mailbox
    server.close()


@pytest.fixture
async def mail_gateway(gateway: Gateway, mailbox: Mailbox) -> Gateway:
    """A gateway of a real shop, with a mail server."""
    await gateway.restart(demo=False, smtp_url=mailbox.address, mail_from=SENDER)
    return gateway


async def ask_for_code(gateway: Gateway, email: str = "alice@example.com") -> Any:
    chat = await gateway.open_chat()
    return await chat.call("POST", "chat/verification", {"email": email})


async def put(sessions: Sessions, **values: Any) -> None:
    defaults = {
        "recipient": "alice@example.com",
        "subject": "您的验证码",
        "body": "你好 Alice",
        "due_at": utc_now(),
        "expires_at": utc_now() + timedelta(minutes=10),
    }
    async with sessions.begin() as session:
        session.add(OutboxMail(**(defaults | values)))


async def only_mail(sessions: Sessions) -> OutboxMail:
    async with sessions() as session:
        return (await session.scalars(select(OutboxMail))).one()


async def make_due(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(update(OutboxMail).values(due_at=utc_now()))


def delivery_to(sessions: Sessions, mailbox: Mailbox) -> MailDelivery:
    return MailDelivery(sessions, Wakeups(), mailbox.address, SENDER)


async def test_code_arrives_and_proves_who_speaks(
    mail_gateway: Gateway, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    # The mail server of this test has a log of its own.
    caplog.set_level("CRITICAL", "mail.log")
    chat = await mail_gateway.open_chat(language="zh")
    await chat.call("POST", "chat/verification", {"email": "alice@example.com"})
    (mail,) = await mailbox.wait()
    assert mailbox.recipients == ["alice@example.com"]
    assert mail["To"] == "alice@example.com"
    assert str(mail["From"]) == SENDER
    assert "验证码" in mail["Subject"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@shop.example>")
    code = mail["Subject"][-6:]
    assert code in mail.get_content()
    status, _ = await chat.call("POST", "chat/verification/confirm", {"code": code})
    assert status == 200
    assert code not in caplog.text
    assert "alice@example.com" not in caplog.text


async def test_delivered_mail_is_remembered_without_its_text(
    mail_gateway: Gateway, mailbox: Mailbox
) -> None:
    await ask_for_code(mail_gateway)
    await mailbox.wait()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (mail := (await mail_gateway.mails())[0]).sent_at is None:
            await asyncio.sleep(0.02)
    assert (mail.subject, mail.body, mail.due_at) == ("", "", None)
    assert mail.n_attempts == 1


async def test_unknown_address_gets_the_same_answer_and_no_mail(
    mail_gateway: Gateway, mailbox: Mailbox
) -> None:
    unknown = await ask_for_code(mail_gateway, "nobody@example.com")
    known = await ask_for_code(mail_gateway)
    assert known == unknown
    await mailbox.wait()
    assert mailbox.recipients == ["alice@example.com"]


async def test_mail_server_keeps_no_visitor_waiting(
    mail_gateway: Gateway, mailbox: Mailbox
) -> None:
    mailbox.seconds = 3.0
    async with asyncio.timeout(2.5):
        status, _ = await ask_for_code(mail_gateway)
    assert status == 202


async def test_mail_of_before_a_restart_is_delivered_after_it(
    mail_gateway: Gateway, mailbox: Mailbox
) -> None:
    await mail_gateway.stop()
    engine = make_engine(mail_gateway.config.database_url)
    await put(make_sessions(engine))
    await engine.dispose()
    await mail_gateway.start()
    (mail,) = await mailbox.wait()
    assert mail.get_content().strip() == "你好 Alice"


async def test_mails_on_their_way_are_finished_before_a_stop(
    mail_gateway: Gateway, mailbox: Mailbox
) -> None:
    mailbox.seconds = 1.0
    await ask_for_code(mail_gateway)
    await asyncio.sleep(0.5)
    await mail_gateway.restart()
    assert (await mail_gateway.mails())[0].sent_at is not None
    assert len(mailbox.mails) == 1


async def test_failure_is_tried_again_later(
    sessions: Sessions, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = delivery_to(sessions, mailbox)
    await put(sessions)
    mailbox.answer = "451 alice@example.com is busy"
    await delivery.deliver_due()
    mail = await only_mail(sessions)
    assert mail.failure == "SMTPDataError 451"
    assert mail.due_at is not None
    assert 2 < (mail.due_at - utc_now()).total_seconds() <= 5
    assert "alice" not in caplog.text
    await delivery.deliver_due()
    assert (await only_mail(sessions)).n_attempts == 1
    mailbox.answer = "250 OK"
    await make_due(sessions)
    await delivery.deliver_due()
    mail = await only_mail(sessions)
    assert (mail.n_attempts, mail.failure, mail.due_at) == (2, None, None)
    assert len(mailbox.mails) == 1


async def test_missing_mail_server_is_a_failure_like_others(
    sessions: Sessions, unused_tcp_port: int
) -> None:
    await put(sessions)
    delivery = delivery_to(sessions, Mailbox(port=unused_tcp_port))
    await delivery.deliver_due()
    mail = await only_mail(sessions)
    assert mail.failure == "SMTPConnectError"
    assert mail.due_at is not None


async def test_waits_grow_up_to_two_minutes(
    sessions: Sessions, mailbox: Mailbox
) -> None:
    mailbox.answer = "451 busy"
    await put(sessions)
    waits = []
    for _ in range(5):
        await make_due(sessions)
        await delivery_to(sessions, mailbox).deliver_due()
        due_at = (await only_mail(sessions)).due_at
        assert due_at is not None
        waits.append(round((due_at - utc_now()).total_seconds() / 5) * 5)
    assert waits == [5, 15, 45, 120, 120]


async def test_refused_recipient_is_given_up(
    sessions: Sessions, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.recipient_answer = "550 no alice@example.com here"
    await put(sessions)
    await delivery_to(sessions, mailbox).deliver_due()
    mail = await only_mail(sessions)
    assert mail.failure == "recipient refused 550"
    assert mail.failed_at is not None
    assert (mail.due_at, mail.body) == (None, "")
    assert "alice" not in caplog.text


async def test_address_that_cannot_be_written_to_is_given_up(
    sessions: Sessions, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    await put(sessions, recipient="alice..a@example.com")
    await put(sessions)
    await delivery_to(sessions, mailbox).deliver_due()
    async with sessions() as session:
        mails = list(await session.scalars(select(OutboxMail).order_by(OutboxMail.id)))
    assert [mail.failed_at is None for mail in mails] == [False, True]
    assert len(mailbox.mails) == 1
    assert "alice" not in caplog.text


async def test_mail_of_no_more_use_is_given_up(
    sessions: Sessions, mailbox: Mailbox
) -> None:
    await put(sessions, expires_at=utc_now() - timedelta(seconds=1))
    await delivery_to(sessions, mailbox).deliver_due()
    mail = await only_mail(sessions)
    assert (mail.failure, mail.body, mailbox.mails) == ("expired", "", [])


async def test_mails_of_the_demo_stay_where_they_are(
    sessions: Sessions, mailbox: Mailbox
) -> None:
    await put(sessions, due_at=None)
    await delivery_to(sessions, mailbox).deliver_due()
    assert mailbox.mails == []
    assert (await only_mail(sessions)).body == "你好 Alice"


async def test_gateways_together_send_each_mail_once(
    database_url: str, sessions: Sessions, mailbox: Mailbox
) -> None:
    for _ in range(30):
        await put(sessions)
    engines = [make_engine(database_url) for _ in range(4)]
    deliveries = [delivery_to(make_sessions(engine), mailbox) for engine in engines]
    mailbox.seconds = 0.01

    async def work(delivery: MailDelivery) -> None:
        while await delivery.deliver_due():
            pass

    for _ in range(2):
        await asyncio.gather(*(work(delivery) for delivery in deliveries))
    assert len(mailbox.mails) == 30
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 30
    for engine in engines:
        await engine.dispose()


async def test_attempt_of_a_fallen_gateway_is_made_again(
    sessions: Sessions, mailbox: Mailbox
) -> None:
    claimed_at = utc_now() - timedelta(seconds=61)
    await put(sessions, n_attempts=1, due_at=claimed_at + timedelta(seconds=60))
    await delivery_to(sessions, mailbox).deliver_due()
    assert (await only_mail(sessions)).n_attempts == 2
    assert len(mailbox.mails) == 1


def mail_to_alice() -> OutboxMail:
    return OutboxMail(
        id=7,
        recipient="alice@example.com",
        subject="Hello",
        body="Hello",
        created_at=utc_now(),
    )


async def test_password_goes_through_tls_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    mailbox = Mailbox()
    server = await serve(
        mailbox,
        tls_context=context,
        authenticator=mailbox.log_in,
        auth_required=True,
    )
    address = MailServer(
        host="127.0.0.1",
        port=mailbox.port,
        username="shop",
        password="p@ss:word",
        starts_tls=True,
    )
    failure = await send(address, SENDER, mail_to_alice())
    # A stranger's certificate gets neither password nor mail.
    assert failure is not None
    assert not failure.is_final
    assert (mailbox.logins, mailbox.mails) == ([], [])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert await send(address, SENDER, mail_to_alice()) is None
    assert mailbox.logins == [b"shop"]
    assert mailbox.was_encrypted
    server.close()


async def test_mail_server_without_tls_gets_no_password(mailbox: Mailbox) -> None:
    address = MailServer(
        host="127.0.0.1",
        port=mailbox.port,
        username="shop",
        password="p@ss:word",
        starts_tls=True,
    )
    assert await send(address, SENDER, mail_to_alice()) is not None
    assert (mailbox.logins, mailbox.mails) == ([], [])


async def test_without_a_mail_server_a_shop_says_so(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    await gateway.restart(demo=False)
    assert caplog.text.count("SMTP_URL is not set") == 1
    known = await ask_for_code(gateway)
    unknown = await ask_for_code(gateway, "nobody@example.com")
    assert known[0] == unknown[0] == 503
    assert known[1]["error"]["code"] == "mail_unavailable"
    assert known[1]["error"]["message"] == unknown[1]["error"]["message"]
    assert await gateway.mails() == []


async def test_shop_that_signs_its_visitors_is_not_warned(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    await gateway.restart(demo=False, shop_token_key="x" * 32)
    assert "SMTP_URL" not in caplog.text
