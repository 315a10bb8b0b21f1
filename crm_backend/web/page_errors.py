"""Errors as pages for people; the API keeps its JSON."""

from aiohttp import web

from crm_backend.keys import REQUEST_ID
from crm_backend.middleware import Handler
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
    page = render(
        "error.html", request, status=status, kind=kind, request_id=request[REQUEST_ID]
    )
    if "Allow" in response.headers:
        page.headers["Allow"] = response.headers["Allow"]
    return page
