"""Signed claims: who a turn acts for, on its way through the bot and back."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt

from crm_backend.errors import Unauthenticated

AUDIENCE = "deskmate"
ALGORITHM = "HS256"
# Long enough for a slow turn, too short to be worth stealing from a tracker.
LIFETIME = timedelta(seconds=120)
# Of how many turns the claims are kept while their calls come in.
N_REMEMBERED = 1024


def sign_claims(
    key: str,
    *,
    subject: str,
    level: str,
    role: str | None,
    language: str,
    conversation_id: str,
    turn_id: str,
    now: datetime | None = None,
) -> str:
    """Return the claims as a compact JWT."""
    issued_at = now or datetime.now(UTC)
    claims = {
        "sub": subject,
        "level": level,
        "role": role,
        "lang": language,
        "cid": conversation_id,
        "tid": turn_id,
        "aud": AUDIENCE,
        "iat": issued_at,
        "exp": issued_at + LIFETIME,
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def read_claims(key: str, token: str) -> dict[str, Any]:
    """Check signature, audience and expiry and return the claims.

    Raises:
        Unauthenticated: any of these is wrong, or a claim is missing.
    """
    claims = _decode(key, token)
    # It may have been read before, and have expired since.
    if claims["exp"] <= time.time():
        raise Unauthenticated("claims_invalid", "The claims are not valid.")
    return dict(claims)


@lru_cache(maxsize=N_REMEMBERED)
def _decode(key: str, token: str) -> dict[str, Any]:
    """Read a token; each comes with all calls of its turn."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            options={"require": ["sub", "exp", "aud", "level", "cid", "tid"]},
        )
    except jwt.InvalidTokenError as err:
        raise Unauthenticated("claims_invalid", "The claims are not valid.") from err
    return claims
