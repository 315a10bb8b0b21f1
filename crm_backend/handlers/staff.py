"""Colleagues: signing in and out, and who am I."""

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.api import Call, Endpoint, NoContent
from crm_backend.authentication import (
    STAFF_COOKIE,
    page_language,
    refuse_other_sites,
    staff_cookie,
)
from crm_backend.client_address import limit_key
from crm_backend.db import reading
from crm_backend.errors import Forbidden
from crm_backend.keys import RATE_LIMITS, SESSIONS
from crm_backend.models import Staff
from crm_backend.schemas.staff import SignIn, StaffOut
from crm_backend.services import staff as service


async def sign_in(
    request: web.Request, session: AsyncSession, email: str, password: str
) -> tuple[Staff, str]:
    """Check a sign-in of the API or of the sign-in page; return who and the token.

    Args:
        request: whose address is limited in its attempts.
        session: where the sign-in is written; must not have written anything yet.
        email: as typed.
        password: as typed.

    Raises:
        Unauthenticated: address or password is wrong.
        TooManyRequests: this network address failed too often.
        Forbidden: another site sent the form.
    """
    refuse_other_sites(request)
    limits, address = request.app[RATE_LIMITS], limit_key(request.remote or "")
    # Counted before the password is looked at, so that bursts count too.
    await limits.count("sign_ins", address, page_language(request))
    async with reading(request.app[SESSIONS]) as reader:
        staff = await service.verify_password(reader, email, password)
    # Only failures are to count.
    await limits.forget("sign_ins", address)
    return staff, await service.open_session(session, staff)


async def create_session(call: Call) -> StaffOut:
    """Sign in."""
    staff, token = await sign_in(
        call.request, call.session, call.body.email, call.body.password
    )
    call.cookies.update(staff_cookie(token, call.request))
    return StaffOut.model_validate(staff)


async def end_session(call: Call) -> NoContent:
    """Sign out."""
    if token := call.request.cookies.get(STAFF_COOKIE):
        await service.close_session(call.session, token)
    call.cookies.update(staff_cookie("", call.request))
    return NoContent()


async def get_me(call: Call) -> StaffOut:
    """Say who is signed in."""
    staff = await call.session.get(Staff, call.principal.staff_id)
    if staff is None:
        raise Forbidden("forbidden", "This is for colleagues.")
    return StaffOut.model_validate(staff)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/session",
        create_session,
        "public",
        "Sign in as a colleague; the answer sets the session cookie",
        StaffOut,
        "staff",
        status=201,
        body=SignIn,
        errors=((401, "sign_in_failed"), (429, "too_many_attempts")),
    ),
    Endpoint(
        "DELETE",
        "/session",
        end_session,
        "staff",
        "Sign out",
        NoContent,
        "staff",
        status=204,
    ),
    Endpoint(
        "GET", "/staff/me", get_me, "staff", "Who is signed in", StaffOut, "staff"
    ),
)
