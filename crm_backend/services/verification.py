"""Proving who speaks: a one-time code, sent to an address the shop knows.

Whether the shop knows an address shows nowhere: the answers, the limits and the tries
are the same for every address.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.config import Config
from crm_backend.db import is_postgresql
from crm_backend.errors import (
    AppError,
    Conflict,
    Gone,
    Invalid,
    TooManyRequests,
    Unavailable,
)
from crm_backend.models import Conversation, Customer, Verification, utc_now
from crm_backend.rate_limits import Caller
from crm_backend.services.mail import send_mail
from crm_backend.services.proofs import Proof, give_to, proof_of

CODE_LIFETIME = timedelta(minutes=10)
MAX_TRIES = 3
# Per conversation against nuisance; per address against guessing from many
# conversations: 30 guesses an hour at a million codes.
MAX_CODES_PER_CONVERSATION = 5
MAX_CODES_PER_ADDRESS = 10
CODES_WINDOW = timedelta(hours=1)
MAX_EMAIL = 254

# Han characters may touch an address: "我的邮箱是alice@example.com".
EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9.-]+\.[a-z]{2,}", re.A | re.I)


def normalise_email(text: str) -> str | None:
    """Return an address as it is stored, or None if it is none."""
    email = unicodedata.normalize("NFKC", text).strip().lower()
    return email if len(email) <= MAX_EMAIL and EMAIL.fullmatch(email) else None


async def send_code(
    session: AsyncSession,
    config: Config,
    caller: Caller,
    conversation: Conversation,
    email: str,
) -> int:
    """Send a code to `email`, if a customer has it; older codes end.

    The transaction holds the conversation's lock.

    Returns:
        how many seconds the code is valid.

    Raises:
        Invalid: this is no address.
        Conflict: the conversation is another customer's, or a colleague's.
        TooManyRequests: too many codes for this conversation, this address or this
            caller.
        Unavailable: there is no mail server.
    """
    language = conversation.language
    normalised = normalise_email(email)
    if normalised is None:
        raise Invalid("email_invalid", say("email_invalid", language))
    await _refuse_if_settled(session, conversation, normalised)
    if not config.can_mail:
        raise Unavailable("mail_unavailable", say("mail_unavailable", language))
    await _wait_for_others(session, normalised)
    now = utc_now()
    await _refuse_if_too_many(session, conversation, normalised, now)
    await caller.count("codes", language, customer_id=conversation.customer_id)
    await session.execute(
        update(Verification)
        .where(
            Verification.conversation_id == conversation.id,
            Verification.used_at.is_(None),
        )
        .values(used_at=now)
    )
    code = f"{secrets.randbelow(10**6):06d}"
    customer = await _find_customer(session, normalised)
    session.add(
        Verification(
            conversation_id=conversation.id,
            customer_id=customer.id if customer else None,
            email=normalised,
            code_hash=_hash(config, conversation, code),
            created_at=now,
            expires_at=now + CODE_LIFETIME,
        )
    )
    if customer is not None:
        values = {"code": code, "name": customer.name, "minutes": code_minutes()}
        send_mail(
            session,
            config,
            recipient=normalised,
            subject=say("code_mail_subject", language, **values),
            body=say("code_mail_body", language, **values),
            expires_at=now + CODE_LIFETIME,
        )
    return int(CODE_LIFETIME.total_seconds())


async def confirm_code(
    session: AsyncSession, config: Config, conversation: Conversation, code: str
) -> Proof:
    """Check a code; on success the conversation is the customer's and goes on.

    The transaction holds the conversation's lock.

    Raises:
        AppError: `code_wrong`, `code_expired` or `too_many_attempts`; wrong tries
            have to be committed nevertheless (`keeps_changes`).
    """
    language = conversation.language
    latest = await _find_latest(session, conversation)
    if latest is None:
        raise Gone("code_expired", say("code_expired", language))
    digits = unicodedata.normalize("NFKC", code).replace(" ", "").replace("-", "")
    given = _hash(config, conversation, digits)
    is_right = hmac.compare_digest(given, latest.code_hash)
    customer_id = conversation.customer_id
    if is_right and customer_id is not None and customer_id == latest.customer_id:
        # The answer to the same confirmation may have got lost on its way.
        return proof_of(await session.get_one(Customer, customer_id))
    if latest.n_attempts >= MAX_TRIES:
        raise TooManyRequests("too_many_attempts", say("too_many_attempts", language))
    if latest.used_at is not None or latest.expires_at <= utc_now():
        raise Gone("code_expired", say("code_expired", language))
    if not is_right or latest.customer_id is None:
        raise _count_wrong(latest, language)
    if customer_id is not None:
        raise Conflict("already_verified", say("already_verified", language))
    latest.used_at = utc_now()
    customer = await session.get_one(Customer, latest.customer_id)
    return await give_to(session, conversation, customer)


async def is_code_pending(session: AsyncSession, conversation: Conversation) -> bool:
    """Whether a code can be confirmed in this conversation right now."""
    latest = await _find_latest(session, conversation)
    return (
        latest is not None
        and latest.used_at is None
        and latest.expires_at > utc_now()
        and latest.n_attempts < MAX_TRIES
    )


async def was_code_sent(session: AsyncSession, conversation: Conversation) -> bool:
    """Whether a code was ever asked for in this conversation."""
    return await _find_latest(session, conversation) is not None


async def _refuse_if_settled(
    session: AsyncSession, conversation: Conversation, email: str
) -> None:
    language = conversation.language
    if conversation.staff_id is not None:
        raise Conflict(
            "verification_not_needed", say("verification_not_needed", language)
        )
    if conversation.customer_id is not None:
        customer = await session.get_one(Customer, conversation.customer_id)
        if customer.email != email:
            raise Conflict("already_verified", say("already_verified", language))


async def _wait_for_others(session: AsyncSession, email: str) -> None:
    """Let requests for one address come one by one, or a burst would pass the limit.

    In SQLite all writers do.
    """
    if is_postgresql(session.sync_session):
        key = func.hashtextextended(email, 0)
        await session.execute(select(func.pg_advisory_xact_lock(key)))


async def _refuse_if_too_many(
    session: AsyncSession, conversation: Conversation, email: str, now: datetime
) -> None:
    for condition, limit in (
        (
            Verification.conversation_id == conversation.id,
            MAX_CODES_PER_CONVERSATION,
        ),
        (Verification.email == email, MAX_CODES_PER_ADDRESS),
    ):
        # Of as many as are allowed, the one that is forgotten next.
        oldest = await session.scalar(
            select(Verification.created_at)
            .where(condition, Verification.created_at > now - CODES_WINDOW)
            .order_by(Verification.created_at.desc())
            .offset(limit - 1)
            .limit(1)
        )
        if oldest is not None:
            raise TooManyRequests(
                "too_many_attempts",
                say("too_many_codes", conversation.language),
                retry_after_seconds=ceil((oldest + CODES_WINDOW - now).total_seconds()),
            )


async def _find_customer(session: AsyncSession, email: str) -> Customer | None:
    return await session.scalar(select(Customer).where(Customer.email == email))


async def _find_latest(
    session: AsyncSession, conversation: Conversation
) -> Verification | None:
    return await session.scalar(
        select(Verification)
        .where(Verification.conversation_id == conversation.id)
        .order_by(Verification.id.desc())
        .limit(1)
    )


def _count_wrong(verification: Verification, language: str) -> AppError:
    verification.n_attempts += 1
    left = MAX_TRIES - verification.n_attempts
    if left <= 0:
        return TooManyRequests(
            "too_many_attempts", say("too_many_attempts", language), keeps_changes=True
        )
    return Invalid(
        "code_wrong",
        say("code_wrong", language, left=left),
        details={"tries_left": left},
        keeps_changes=True,
    )


def _hash(config: Config, conversation: Conversation, code: str) -> str:
    """Hash a code so that the database alone cannot be searched for it."""
    text = f"verification:{conversation.id}:{code}"
    return hmac.new(
        config.claims_key.encode(), text.encode(), hashlib.sha256
    ).hexdigest()


def code_minutes() -> int:
    """Return how long a code is valid, for people."""
    return int(CODE_LIFETIME.total_seconds() // 60)
