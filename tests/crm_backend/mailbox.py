"""A real SMTP server for tests, with a certificate of its own if it needs one."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from crm_backend.setting_values import MailServer

PATIENCE_SECONDS = 20


@dataclass
class Mailbox:
    """A real SMTP server that keeps what it gets, or answers as it is told."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answer: str = "250 OK"
    recipient_answer: str = "250 OK"
    seconds: float = 0.0
    was_encrypted: bool = False
    logins: list[bytes] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, to: str, options: Any
    ) -> str:
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(to)
        return self.recipient_answer

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self.seconds)
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
            self.recipients += envelope.rcpt_tos
            self.was_encrypted = session.ssl is not None
        return self.answer

    def log_in(self, server: SMTP, session: Session, *args: Any) -> AuthResult:
        data = args[-1]
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=data.password == b"p@ss:word")

    async def wait(self, n_mails: int = 1) -> list[EmailMessage]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.mails) < n_mails:
                await asyncio.sleep(0.02)
        return self.mails

    @property
    def address(self) -> MailServer:
        return MailServer(host="127.0.0.1", port=self.port)


async def serve(mailbox: Mailbox, **kwargs: Any) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, **kwargs), "127.0.0.1", mailbox.port
    )
    mailbox.port = server.sockets[0].getsockname()[1]
    return server


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a key and a certificate for 127.0.0.1 that nobody trusts yet."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, None)
    )
    paths = folder / "key.pem", folder / "certificate.pem"
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    paths[0].write_bytes(key.private_bytes(*form))
    paths[1].write_bytes(certificate.public_bytes(Encoding.PEM))
    return paths
