"""From a request's credentials to the principal it acts for."""

import hashlib
import hmac
from datetime import timedelta
from http.cookies import SimpleCookie

from aiohttp import web
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.claims import read_claims
from crm_backend.config import Config
from crm_backend.errors import Forbidden, Unauthenticated
from crm_backend.keys import CONFIG
from crm_backend.models import (
    Conversation,
    Customer,
    Staff,
    StaffSession,
    utc_now,
)
from crm_backend.principal import Language, Principal

STAFF_COOKIE = "deskmate_staff"
LANGUAGE_COOKIE = "deskmate_language"
CLAIMS_HEADER = "X-Deskmate-Claims"
# One working day, with room for overtime.
SESSION_LIFETIME = timedelta(hours=12)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Built once: every request of a chat needs it.
_BY_TOKEN = select(Conversation).where(
    Conversation.token_hash == bindparam("token_hash")
)


def token_hash(token: str) -> str:
    """Hash a random token for storage; it has enough entropy for a plain hash."""
    return hashlib.sha256(_as_sent(token)).hexdigest()


def _as_sent(header: str) -> bytes:
    """Undo aiohttp's decoding, which keeps bytes that are no UTF-8 as surrogates."""
    return header.encode("utf-8", "surrogateescape")


def page_language(request: web.Request) -> Language:
    """Choose the language of a page: `?lang=`, the cookie, then the browser's."""
    chosen = request.query.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen is None:
        chosen = request.headers.get("Accept-Language", "en")
    return "zh" if chosen.lower().startswith("zh") else "en"


async def authenticate(
    request: web.Request, session: AsyncSession, *, admits_unsigned: bool = False
) -> Principal | None:
    """Find out who is acting; None if no credential was sent.

    With `admits_unsigned` also a visitor who still has to show the shop's token.

    Raises:
        Unauthenticated: a credential was sent and is not valid.
        Forbidden: a cookie came along from another site.
    """
    config = request.app[CONFIG]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        if hmac.compare_digest(_as_sent(token), config.crm_service_token.encode()):
            return await _from_claims(request, session, config)
        return await authenticate_chat(
            session, config, token, admits_unsigned=admits_unsigned
        )
    if cookie := request.cookies.get(STAFF_COOKIE):
        refuse_other_sites(request)
        return await _from_cookie(request, session, cookie)
    return None


def staff_cookie(token: str, request: web.Request) -> SimpleCookie:
    """Make the cookie of a sign-in; an empty token takes it away again.

    It joins an answer with `response.cookies.update(...)`.
    """
    cookie = SimpleCookie({STAFF_COOKIE: token})
    morsel = cookie[STAFF_COOKIE]
    morsel["path"] = "/"
    morsel["httponly"] = True
    morsel["samesite"] = "Strict"
    morsel["max-age"] = str(int(SESSION_LIFETIME.total_seconds()) if token else 0)
    if request.secure:
        morsel["secure"] = True
    return cookie


async def find_signed_in(session: AsyncSession, cookie: str) -> Staff | None:
    """Return the active colleague behind a session cookie."""
    row = await session.get(StaffSession, token_hash(cookie))
    if row is None or row.expires_at <= utc_now():
        return None
    staff = await session.get(Staff, row.staff_id)
    return staff if staff is not None and staff.is_active else None


async def _from_claims(
    request: web.Request, session: AsyncSession, config: Config
) -> Principal:
    """The service credential opens nothing by itself; the claims say for whom."""
    header = request.headers.get(CLAIMS_HEADER)
    if header is None:
        raise Unauthenticated("claims_missing", f"Send {CLAIMS_HEADER}.")
    if not header.isascii():
        raise Unauthenticated("claims_invalid", "The claims are not valid.")
    claims = read_claims(config.claims_key, header)
    kind, _, name = str(claims["sub"]).partition(":")
    conversation = await session.get(Conversation, str(claims["cid"]))
    if conversation is None:
        raise Unauthenticated("claims_invalid", "The claims are not valid.")
    language: Language = "zh" if claims.get("lang") == "zh" else "en"
    principal = await _principal(session, conversation, language, str(claims["tid"]))
    # The claims never say more than what the CRM knows of the conversation itself.
    if principal.subject != f"{kind}:{name}" or principal.level != claims["level"]:
        raise Unauthenticated("claims_outdated", "The claims no longer hold.")
    return principal


async def authenticate_chat(
    session: AsyncSession,
    config: Config,
    token: str,
    *,
    admits_unsigned: bool = False,
) -> Principal:
    """Find out whose conversation a chat token opens.

    Raises:
        Unauthenticated: none, or that of a colleague who is no longer active;
            `identity_required` for a visitor whom the shop has not vouched for, where
            it has to.
    """
    conversation = await session.scalar(_BY_TOKEN, {"token_hash": token_hash(token)})
    if conversation is None:
        raise Unauthenticated("token_invalid", "The token is not valid.")
    # Sessions forget what nobody holds, and most requests need it again.
    session.info["conversation"] = conversation
    language: Language = "zh" if conversation.language == "zh" else "en"
    principal = await _principal(session, conversation, language, None)
    is_unsigned = principal.level == "anonymous" and config.signed_visitors_only
    if is_unsigned and not admits_unsigned:
        raise identity_required(language)
    return principal


def identity_required(language: Language) -> Unauthenticated:
    """Make the refusal of visitors whom the shop has not vouched for."""
    return Unauthenticated("identity_required", say("identity_required", language))


async def _from_cookie(
    request: web.Request, session: AsyncSession, cookie: str
) -> Principal:
    staff = await find_signed_in(session, cookie)
    if staff is None:
        raise Unauthenticated("session_expired", "Sign in again.")
    return Principal(
        subject=f"staff:{staff.email}",
        level="staff",
        role=staff.role,  # type: ignore[arg-type]  # constrained when written
        language=page_language(request),
        staff_id=staff.id,
    )


async def _principal(
    session: AsyncSession,
    conversation: Conversation,
    language: Language,
    turn_id: str | None,
) -> Principal:
    subject, level, role = await conversation_subject(session, conversation)
    return Principal(
        subject=subject,
        level=level,  # type: ignore[arg-type]
        role=role,  # type: ignore[arg-type]
        language=language,
        customer_id=conversation.customer_id,
        staff_id=conversation.staff_id,
        conversation_id=conversation.id,
        turn_id=turn_id,
    )


async def conversation_subject(
    session: AsyncSession, conversation: Conversation
) -> tuple[str, str, str | None]:
    """Return subject, level and role of whoever speaks in a conversation now.

    Raises:
        Unauthenticated: the colleague of a staff chat is no longer active.
    """
    if conversation.staff_id is not None:
        staff = await session.get_one(Staff, conversation.staff_id)
        if not staff.is_active:
            raise Unauthenticated("session_expired", "Sign in again.")
        return f"staff:{staff.email}", "staff", staff.role
    if conversation.customer_id is not None:
        customer = await session.get_one(Customer, conversation.customer_id)
        return f"customer:{customer.number}", "verified", None
    return f"visitor:{conversation.id}", "anonymous", None


def refuse_other_sites(request: web.Request) -> None:
    """A cookie travels along with forged requests, so writes must be our pages'.

    Raises:
        Forbidden: the browser says that another site makes it write.
    """
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin.split("://", 1)[-1] != request.host:
        raise Forbidden("origin_not_allowed", f"Not allowed from {origin}.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in (
        "same-origin",
        "none",
    ):
        raise Forbidden("origin_not_allowed", "Not allowed from another site.")
