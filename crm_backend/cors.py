"""Which pages of other origins may use the chat: those of SHOP_ORIGINS, nobody else.

Only the chat's API and the widget's files are opened, and without credentials: a
browser sends no cookies along, so a page can do nothing in a colleague's name.
"""

from aiohttp import web

from crm_backend.keys import CONFIG
from crm_backend.middleware import Handler

OPEN_PATHS = ("/api/v1/chat/", "/static/widget.js", "/static/widget/")
ALLOW = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}
EXPOSED = "Content-Disposition, Retry-After, X-Request-Id"


def setup_cors(app: web.Application) -> None:
    """Let the shop's pages in."""
    app.middlewares.append(_answer_preflight)
    app.on_response_prepare.append(_name_origin)


def is_welcome(request: web.Request) -> bool:
    """Whether a socket may be opened from the page that asks for it."""
    origin = request.headers.get("Origin")
    if origin is None or origin.partition("://")[2] == request.host:
        return True
    return origin in request.app[CONFIG].shop_origins


@web.middleware
async def _answer_preflight(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Answer what a browser asks before it sends a page's request."""
    asks = request.method == "OPTIONS" and (
        "Access-Control-Request-Method" in request.headers
    )
    if not asks or not request.path.startswith(OPEN_PATHS):
        return await handler(request)
    origin = request.headers.get("Origin")
    if origin not in request.app[CONFIG].shop_origins:
        raise web.HTTPForbidden
    return web.Response(status=204, headers=ALLOW)


async def _name_origin(request: web.Request, response: web.StreamResponse) -> None:
    """Say who may read an answer; that includes errors and files."""
    origins = request.app[CONFIG].shop_origins
    if not origins or not request.path.startswith(OPEN_PATHS):
        return
    # Caches must not hand one page's answer to another's.
    response.headers.add("Vary", "Origin")
    origin = request.headers.get("Origin")
    if origin in origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
