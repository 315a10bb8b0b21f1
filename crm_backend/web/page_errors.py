"""Errors as pages for people; the API keeps its JSON."""

from aiohttp import web

from crm_backend.db import reading
from crm_backend.keys import REQUEST_ID, SESSIONS
from crm_backend.middleware import Handler
from crm_backend.web.access import find_reader, start_page
from crm_backend.web.rendering import render

# Programs ask for these, and want JSON.
JSON_PATHS = ("/api/", "/healthz", "/static/")
KINDS = {400: "400", 401: "403", 403: "403", 404: "404", 405: "405"}


@web.middleware
async def page_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Replace the JSON of an error by a page, wherever people look."""
    response = await handler(request)
    is_page = response.content_type == "text/html" or response.status < 400
    if is_page or request.path.startswith(JSON_PATHS):
        return response
    status = response.status
    kind = KINDS.get(status, "400" if status < 500 else "500")
    staff = None
    # After a failure of ours nothing is asked of the database again.
    if status < 500:
        async with reading(request.app[SESSIONS]) as session:
            staff = await find_reader(request, session)
    page = render(
        "error.html",
        request,
        status=status,
        staff=staff,
        kind=kind,
        start=start_page(staff) if staff else "/",
        request_id=request[REQUEST_ID],
    )
    if "Allow" in response.headers:
        page.headers["Allow"] = response.headers["Allow"]
    return page
