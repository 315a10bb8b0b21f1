"""Settings that are more than a text: reading them, or saying what is wrong.

Every function raises a ValueError whose message goes on after the setting's name.
"""

import itertools
import re
from dataclasses import dataclass
from datetime import datetime, time
from email.headerregistry import Address
from email.policy import SMTP
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from limits import parse_many

Network = IPv4Network | IPv6Network
# Per weekday from Monday, the open spans in minutes since midnight.
Week = tuple[tuple[tuple[int, int], ...], ...]

DEFAULT_PORTS = {"http": 80, "https": 443}
SMTP_PORTS = {"smtp": 587, "smtps": 465}
STARTTLS = {"": None, "0": False, "1": True}
LIMIT_STORES = ("memory", "redis", "rediss")
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
ALWAYS: Week = (((0, 24 * 60),),) * 7
_HOURS = re.compile(r"(\d{2}):(\d{2})\s*-\s*(\d{2}):(\d{2})", re.ASCII)
_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]")


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over.

    Attributes:
        uses_tls: encrypted from the first byte (smtps).
        starts_tls: True requires STARTTLS, False never tries it, None takes it if
            it is offered.
    """

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    uses_tls: bool = False
    starts_tls: bool | None = None


def read_origins(text: str) -> frozenset[str]:
    """Read a list of origins, as browsers write them."""
    return frozenset(_read_origin(part) for part in _parts(text))


def _read_origin(text: str) -> str:
    wrong = ValueError(f"must list origins such as https://shop.example, not {text!r}.")
    parts, port = _split(text, wrong)
    host = parts.netloc.lower()
    if port is not None:
        host = host.rpartition(":")[0]
    if parts.scheme not in DEFAULT_PORTS or not _HOST.fullmatch(host):
        raise wrong
    # Besides a slash at the end there is nothing behind the host.
    if parts.path not in ("", "/") or "?" in text or "#" in text:
        raise wrong
    if port is None or port == DEFAULT_PORTS[parts.scheme]:
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{port}"


def read_networks(text: str) -> tuple[Network, ...]:
    """Read a list of addresses and networks such as 10.0.0.0/8."""
    try:
        return tuple(ip_network(part) for part in _parts(text))
    except ValueError as err:
        raise ValueError(
            f"must list addresses or networks such as 10.0.0.0/8, not {text!r}."
        ) from err


def read_mail_server(text: str) -> MailServer | None:
    """Read smtp://user:password@host:587?starttls=1 or smtps://...; None if empty.

    A password never crosses the network in the clear unless `starttls=0` says so.
    """
    if not text.strip():
        return None
    # The address may hold a password, so it is not repeated.
    wrong = ValueError(
        "must be like smtp://user:password@host:587?starttls=1 or smtps://host."
    )
    parts, port = _split(text.strip(), wrong)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    choice = query.pop("starttls", "")
    is_plain = parts.scheme in SMTP_PORTS and parts.path in ("", "/")
    if not is_plain or not parts.hostname or query or choice not in STARTTLS:
        raise wrong
    uses_tls = parts.scheme == "smtps"
    starts_tls = False if uses_tls else STARTTLS[choice]
    if parts.username and not uses_tls and starts_tls is None:
        starts_tls = True
    return MailServer(
        host=parts.hostname,
        port=port or SMTP_PORTS[parts.scheme],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        uses_tls=uses_tls,
        starts_tls=starts_tls,
    )


def read_sender(text: str) -> str:
    """Check what mails are from: an address, or Name <address>; may be empty."""
    if not text:
        return ""
    try:
        header = SMTP.header_factory("From", text)
        addresses: tuple[Address, ...] = header.addresses
    except (ValueError, IndexError, AttributeError):
        addresses = ()
    if len(addresses) != 1 or "." not in addresses[0].domain or header.defects:
        raise ValueError(
            f"must be an address such as Shop <service@shop.example>: {text!r}."
        )
    return text


def read_public_key(text: str) -> str:
    r"""Check an Ed25519 key in PEM, if any; `\n` may stand for a line's end."""
    pem = text.replace("\\n", "\n").strip()
    if not pem:
        return ""
    try:
        key: object = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("must be the PEM of an Ed25519 public key.")
    return pem


def read_limits(text: str) -> str:
    """Check limits such as `20/minute; 200/hour`; an empty text or 0 is none."""
    text = text.strip()
    if text in ("", "0"):
        return ""
    try:
        items = parse_many(text)
    except ValueError:
        items = []
    if not items or min(item.amount for item in items) < 1:
        raise ValueError(f"must be like 20/minute; 200/hour, or 0: {text!r}.")
    return text


def read_limits_url(text: str) -> str:
    """Check where limits are counted."""
    text = text or "memory://"
    scheme, separator, rest = text.partition("://")
    is_known = scheme in LIMIT_STORES and bool(separator)
    if not is_known or (scheme != "memory" and not rest):
        raise ValueError("must be memory:// or redis://host:6379.")
    return text


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _split(text: str, wrong: ValueError) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(text)
        return parts, parts.port
    except ValueError as err:
        raise wrong from err


def read_addresses(text: str) -> tuple[str, ...]:
    """Read a list of HTTP addresses, each once."""
    found = dict.fromkeys(part.rstrip("/") for part in _parts(text))
    for address in found:
        parts = urlsplit(address)
        if parts.scheme not in DEFAULT_PORTS or not parts.netloc:
            raise ValueError(
                f"must list addresses such as http://127.0.0.1:5005, not {address!r}."
            )
    return tuple(found)


def read_time(text: str) -> time | None:
    """Read a time of day such as 03:30; empty is none."""
    if not text.strip():
        return None
    try:
        return datetime.strptime(text.strip(), "%H:%M").time()
    except ValueError as err:
        raise ValueError(f"must be a time such as 03:30, not {text!r}.") from err


def read_business_hours(text: str) -> Week:
    """Read hours such as `Mo-Fr 09:00-18:00; Sa 10:00-14:00`; empty is always."""
    wrong = ValueError(
        f"must be like Mo-Fr 09:00-12:00, 13:00-18:00; Sa 10:00-14:00: {text!r}."
    )
    if not text.strip():
        return ALWAYS
    week: list[tuple[tuple[int, int], ...]] = [()] * 7
    for part in filter(None, (part.strip() for part in text.split(";"))):
        days, _, hours = part.partition(" ")
        first, _, last = days.partition("-")
        spans = sorted(_read_span(span, wrong) for span in hours.split(","))
        if any(a[1] > b[0] for a, b in itertools.pairwise(spans)):
            raise wrong
        for day in _read_days(first, last or first, wrong):
            if week[day]:
                raise wrong
            week[day] = tuple(spans)
    if not any(week):
        raise wrong
    return tuple(week)


def _read_days(first: str, last: str, wrong: ValueError) -> range:
    if first not in DAYS or last not in DAYS or DAYS.index(last) < DAYS.index(first):
        raise wrong
    return range(DAYS.index(first), DAYS.index(last) + 1)


def _read_span(text: str, wrong: ValueError) -> tuple[int, int]:
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise wrong
    hour, minute, end_hour, end_minute = map(int, found.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if minute > 59 or end_minute > 59 or not start < end <= 24 * 60:
        raise wrong
    return start, end


def read_holiday_country(text: str) -> str:
    """Check a country or part of one whose holidays count, such as DE-BY; or none."""
    country = text.strip().upper()
    if not country:
        return ""
    # Loaded only where the setting is used.
    from holidays import country_holidays

    name, _, part = country.partition("-")
    try:
        country_holidays(name, subdiv=part or None)
    except NotImplementedError as err:
        raise ValueError(f"must be like DE or DE-BY: {text!r}.") from err
    return country
