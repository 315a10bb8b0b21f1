"""Who may see a page: signed-in colleagues with the right role."""

from urllib.parse import urlencode, urlsplit

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import (
    STAFF_COOKIE,
    authenticate,
    find_signed_in,
)
from crm_backend.errors import Forbidden
from crm_backend.models import Staff
from crm_backend.principal import ROLES_WITH, Access, Principal


async def find_reader(request: web.Request, session: AsyncSession) -> Staff | None:
    """Return the colleague who reads the page, if one is signed in."""
    cookie = request.cookies.get(STAFF_COOKIE)
    return await find_signed_in(session, cookie) if cookie else None


async def require_reader(
    request: web.Request,
    session: AsyncSession,
    access: Access,
    *,
    back: str | None = None,
) -> Staff:
    """Return the signed-in colleague if their role may see the page.

    Args:
        request: what asked for it.
        session: to look the colleague up.
        access: what the role must allow.
        back: where the sign-in leads, if not to the same address.

    Raises:
        HTTPSeeOther: nobody is signed in; the sign-in leads back.
        Forbidden: the role does not allow it.
    """
    staff = await find_reader(request, session)
    if staff is None:
        raise web.HTTPSeeOther(
            "/sign-in?" + urlencode({"next": back or request.path_qs})
        )
    if staff.role not in ROLES_WITH[access]:
        raise Forbidden("forbidden", "This page is for colleagues with another role.")
    return staff


async def get_principal(request: web.Request, session: AsyncSession) -> Principal:
    """Return the reader as the services know them; after `require_reader`."""
    principal = await authenticate(request, session)
    assert principal is not None
    return principal


def is_partial(request: web.Request) -> bool:
    """Whether a page's script asks, which puts the answer where it belongs."""
    return request.headers.get("HX-Request") == "true"


def start_page(staff: Staff) -> str:
    """Return where a colleague's work begins."""
    return "/sales" if staff.role == "rep" else "/console"


def own_path(target: str) -> str | None:
    """Return `target` if it is a path of this site, so that no link leads away."""
    parts = urlsplit(target)
    is_own = not parts.scheme and not parts.netloc and target.startswith("/")
    return target if is_own and not target.startswith(("//", "/\\")) else None
