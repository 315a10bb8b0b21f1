"""Colleagues: their accounts and sign-ins."""

import asyncio
import secrets
from datetime import datetime
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import SESSION_LIFETIME, token_hash
from crm_backend.errors import Conflict, Unauthenticated
from crm_backend.models import Staff, StaffSession, utc_now
from crm_backend.principal import Role
from crm_backend.services import presences, views

MIN_PASSWORD_LENGTH = 8

_hasher = PasswordHasher()


async def verify_password(session: AsyncSession, email: str, password: str) -> Staff:
    """Return the active colleague with this address and password.

    An unknown address costs as much time as a wrong password. Call it with a session
    that only reads: hashing takes long enough to keep writers waiting.

    Raises:
        Unauthenticated: one of them is wrong; which one is not said.
    """
    staff = await session.scalar(
        select(Staff).where(Staff.email == email.strip().lower())
    )
    stored = staff.password_hash if staff else await asyncio.to_thread(_nobodys_hash)
    is_right = await asyncio.to_thread(_is_password, stored, password)
    if staff is None or not is_right or not staff.is_active:
        raise Unauthenticated("sign_in_failed", "Address or password is wrong.")
    return staff


async def find_by_email(session: AsyncSession, email: str) -> Staff | None:
    """Return the colleague with this address, if there is one."""
    return await session.scalar(
        select(Staff).where(Staff.email == email.strip().lower())
    )


async def open_session(
    session: AsyncSession, staff: Staff, *, now: datetime | None = None
) -> str:
    """Sign a colleague in and return the token for the cookie."""
    now = now or utc_now()
    await session.execute(
        delete(StaffSession).where(
            StaffSession.staff_id == staff.id, StaffSession.expires_at <= now
        )
    )
    token = secrets.token_urlsafe(32)
    session.add(
        StaffSession(
            token_hash=token_hash(token),
            staff_id=staff.id,
            created_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
    )
    await session.flush()
    return token


async def close_session(session: AsyncSession, token: str) -> None:
    """Sign out; a session that is already over is fine.

    Customers whom the colleague has not answered yet become others' soon, and nobody
    is told any more that they look at something or type.
    """
    row = await session.get(StaffSession, token_hash(token))
    if row is not None:
        await presences.leave(session, row.staff_id)
        await views.leave(session, row.staff_id)
    await session.execute(
        delete(StaffSession).where(StaffSession.token_hash == token_hash(token))
    )


async def create_staff(
    session: AsyncSession, *, email: str, name: str, role: Role, password: str
) -> Staff:
    """Add a colleague.

    Raises:
        Conflict: somebody has this address already.
        ValueError: the password is too short.
    """
    if len(password) < MIN_PASSWORD_LENGTH:
        raise ValueError(f"a password has at least {MIN_PASSWORD_LENGTH} characters")
    email = email.strip().lower()
    if await session.scalar(select(Staff.id).where(Staff.email == email)) is not None:
        raise Conflict("email_taken", f"A colleague with {email} exists already.")
    hashed = await asyncio.to_thread(_hasher.hash, password)
    staff = Staff(email=email, name=name, role=role, password_hash=hashed)
    session.add(staff)
    await session.flush()
    return staff


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def _is_password(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
