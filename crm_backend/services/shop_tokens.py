"""Who a visitor is, said by the shop's own server in a short-lived signed token.

The algorithm follows from the setting, never from the token: HS256 with
SHOP_TOKEN_KEY, EdDSA with SHOP_TOKEN_PUBLIC_KEY.
"""

from dataclasses import dataclass
from typing import Any

import jwt
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.config import Config
from crm_backend.errors import Unauthenticated
from crm_backend.models import Conversation, Customer, utc_now
from crm_backend.services import proofs
from crm_backend.services.numbers import MAX_NUMBER_LENGTH, unused_number
from crm_backend.services.proofs import Proof
from crm_backend.services.verification import MAX_EMAIL, normalise_email

MAX_LIFETIME_SECONDS = 3600
# Clocks of two servers are rarely the same.
LEEWAY_SECONDS = 30
REQUIRED = ["sub", "aud", "exp", "iat"]

# The first that fits names the rule that was broken; the rest is no token at all.
RULES: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "expired"),
    (jwt.ImmatureSignatureError, "too_early"),
    (jwt.InvalidAudienceError, "audience"),
    (jwt.MissingRequiredClaimError, "claim_missing"),
    (jwt.InvalidAlgorithmError, "algorithm"),
    (jwt.InvalidSignatureError, "signature"),
)

MAX_NAME = 200


@dataclass(frozen=True)
class ShopIdentity:
    """Whom the shop vouches for.

    Attributes:
        subject: the customer's number, or the shop's own name for them.
        email: the address the shop knows to be theirs.
    """

    subject: str
    email: str | None = None
    name: str | None = None


def read_token(config: Config, token: str, language: str) -> ShopIdentity:
    """Check a token and return whom it is about.

    Raises:
        Unauthenticated: `identity_invalid`; its details name the rule that was
            broken, nothing repeats the token.
    """
    if not config.knows_shop_tokens:
        raise _invalid("not_configured", language)
    key = config.shop_token_public_key or config.shop_token_key
    algorithm = "EdDSA" if config.shop_token_public_key else "HS256"
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=config.shop_token_audience,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED},
        )
        lifetime = float(claims["exp"]) - utc_now().timestamp()
    except jwt.PyJWTError as err:
        # Without its cause, which may hold parts of the token.
        raise _invalid(_rule_of(err), language) from None
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise _invalid("malformed", language) from None
    if lifetime > MAX_LIFETIME_SECONDS + LEEWAY_SECONDS:
        raise _invalid("lifetime", language)
    return _identity(claims, language)


async def find_or_add_customer(
    session: AsyncSession, identity: ShopIdentity, language: str
) -> Customer:
    """Return the customer a token is about; with an address, a new one if need be.

    The number counts before the address, so that a changed address changes nobody.

    Raises:
        Unauthenticated: `identity_invalid` with the rule `unknown_customer`: nobody
            has this number and the token has no address.
    """
    customer = await _find(session, Customer.number == identity.subject)
    if customer is None and identity.email:
        customer = await _find(session, Customer.email == identity.email)
    if customer is not None:
        return customer
    if identity.email is None:
        raise _invalid("unknown_customer", language)
    number = identity.subject
    if "@" in number or len(number) > MAX_NUMBER_LENGTH:
        number = await unused_number(session, Customer.number, "C")
    customer = Customer(
        number=number,
        name=identity.name or identity.email.partition("@")[0],
        email=identity.email,
        language=language,
    )
    session.add(customer)
    await session.flush()
    return customer


async def identify(
    session: AsyncSession, config: Config, conversation: Conversation, token: str
) -> Proof:
    """Make the conversation that of the token's customer.

    The transaction holds the conversation's lock.

    Raises:
        Unauthenticated: `identity_invalid`.
        Conflict: the conversation is another customer's, or a colleague's.
    """
    language = conversation.language
    identity = read_token(config, token, language)
    if conversation.staff_id is not None:
        proofs.refuse_others(conversation, None)
    customer = await find_or_add_customer(session, identity, language)
    proofs.refuse_others(conversation, customer)
    if conversation.customer_id is not None:
        return proofs.proof_of(customer)
    return await proofs.give_to(session, conversation, customer)


def _identity(claims: dict[str, Any], language: str) -> ShopIdentity:
    subject = _line(claims["sub"], MAX_EMAIL)
    if subject is None:
        raise _invalid("subject", language)
    email = None
    if claims.get("email") is not None:
        text = _line(claims["email"], MAX_EMAIL)
        email = normalise_email(text) if text else None
        if email is None:
            raise _invalid("email", language)
    # Who only claims an address must not become who has it.
    if claims.get("email_verified") is False:
        email = None
    return ShopIdentity(subject, email, _line(claims.get("name"), MAX_NAME))


def _line(value: Any, limit: int) -> str | None:
    """Return a text that fits into one line, trimmed, or None if it is none."""
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= limit and text.isprintable() else None


async def _find(session: AsyncSession, condition: Any) -> Customer | None:
    return await session.scalar(select(Customer).where(condition))


def _rule_of(err: jwt.PyJWTError) -> str:
    return next((rule for kind, rule in RULES if isinstance(err, kind)), "malformed")


def _invalid(rule: str, language: str) -> Unauthenticated:
    text = say(f"identity_{rule}", language)
    return Unauthenticated("identity_invalid", text, details={"rule": rule})
