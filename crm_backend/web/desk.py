"""The small forms of a conversation's page: what a colleague changes about it."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from aiohttp import web
from markupsafe import Markup
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import refuse_other_sites
from crm_backend.db import reading
from crm_backend.errors import Conflict, Invalid
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.principal import Principal
from crm_backend.schemas.conversations import ModeIn
from crm_backend.services import desk, macros, merges, notes, tags, views
from crm_backend.web.access import get_principal, is_partial, require_reader
from crm_backend.web.conversation_page import conversation_page
from crm_backend.web.rendering import render

# Longer than any number of a row or a line.
MAX_DIGITS = 9


class Change:
    """A form that was sent, and what it takes to do what it says."""

    def __init__(
        self,
        request: web.Request,
        session: AsyncSession,
        principal: Principal,
        fields: Mapping[str, object],
    ) -> None:
        self.request = request
        self.session = session
        self.principal = principal
        self.id = request.match_info["id"]
        self._fields = fields

    def text(self, name: str) -> str:
        """Return a field, or "" if there is none."""
        value = self._fields.get(name, "")
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """Return a field that the page itself made a number."""
        text = self.text(name)
        if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
            raise web.HTTPBadRequest
        return int(text)

    def uuid(self, name: str) -> str:
        """Return a field by which a form is known that is sent twice."""
        try:
            return str(UUID(self.text(name)))
        except ValueError as err:
            raise web.HTTPBadRequest from err


Make = Callable[[Change], Awaitable[None]]


async def _set_mode(change: Change) -> None:
    """Take a conversation over, give it back to the assistant, or close it."""
    try:
        wanted = ModeIn.model_validate({"mode": change.text("mode")})
    except ValidationError as err:
        raise web.HTTPBadRequest from err
    await desk.set_mode(change.session, change.principal, change.id, wanted.mode)


async def _assign(change: Change) -> None:
    choice = change.text("assignee")
    staff_id = None if choice == "" else change.number("assignee")
    await desk.assign(change.session, change.principal, change.id, staff_id)


async def _set_priority(change: Change) -> None:
    priority = change.text("priority")
    await desk.set_priority(change.session, change.principal, change.id, priority)


async def _tag(change: Change) -> None:
    session, principal = change.session, change.principal
    if name := change.text("remove"):
        await tags.remove_tag(session, principal, change.id, name)
    else:
        await tags.add_tag(session, principal, change.id, change.text("tag"))


async def _snooze(change: Change) -> None:
    session, principal = change.session, change.principal
    if change.text("wake"):
        await desk.wake(session, principal, change.id)
        return
    zone = change.request.app[CONFIG].shop_time_zone
    await desk.snooze(session, principal, change.id, change.text("until"), zone)


async def _add_note(change: Change) -> None:
    await notes.add_note(
        change.session,
        change.principal,
        change.id,
        client_note_id=change.uuid("client_note_id"),
        text=change.text("note"),
    )


async def _merge(change: Change) -> None:
    other_id = change.text("other")
    await merges.merge(change.session, change.principal, change.id, other_id)


async def _run_macro(change: Change) -> None:
    await macros.run(
        change.session,
        change.principal,
        change.id,
        change.number("macro"),
        client_run_id=change.uuid("client_run_id"),
        seen_seq=change.number("seen_seq"),
    )


def _form(
    make: Make, after: str = ""
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Make the handler of a form.

    Args:
        make: does what it says, in a transaction of its own.
        after: what comes in the page's address afterwards.
    """

    async def submit(request: web.Request) -> web.Response:
        refuse_other_sites(request)
        fields, back = await request.post(), str(request.rel_url.parent)
        try:
            async with request.app[SESSIONS].begin() as session:
                await require_reader(request, session, "service", back=back)
                principal = await get_principal(request, session)
                await make(Change(request, session, principal, fields))
        except (Conflict, Invalid) as err:
            return await _refuse(request, err)
        if is_partial(request):
            return web.Response(status=204, headers={"HX-Trigger": "news"})
        return web.Response(status=303, headers={"Location": back + after})

    return submit


async def _refuse(request: web.Request, err: Conflict | Invalid) -> web.Response:
    """Say in words why nothing was changed."""
    if is_partial(request):
        text = Markup("<p>{}</p>").format(err.message)
        return web.Response(status=err.status, text=text, content_type="text/html")
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        return await conversation_page(
            request, session, staff, problem=err.message, status=err.status
        )


async def submit_presence(request: web.Request) -> web.Response:
    """Take note that somebody looks at the page, and answer who else does."""
    refuse_other_sites(request)
    fields, back = await request.post(), str(request.rel_url.parent)
    async with request.app[SESSIONS].begin() as session:
        staff = await require_reader(request, session, "service", back=back)
        principal = await get_principal(request, session)
        change = Change(request, session, principal, fields)
        await views.look(
            session,
            principal,
            change.id,
            seen_seq=change.number("seen_seq"),
            is_typing=change.text("typing") == "yes",
        )
        present = await views.list_present(session, [change.id], but=staff.id)
    return render(
        "presence.html", request, staff=staff, present=present.get(change.id, [])
    )


FORMS = {
    "mode": _form(_set_mode, "#reply-text"),
    "assignee": _form(_assign),
    "priority": _form(_set_priority),
    "tags": _form(_tag),
    "snooze": _form(_snooze),
    "notes": _form(_add_note),
    "merge": _form(_merge),
    "macro": _form(_run_macro),
    "presence": submit_presence,
}
