"""Request ids, errors as JSON, and the security headers of every answer."""

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from crm_backend.authentication import page_language
from crm_backend.catalogue import say
from crm_backend.db import is_unavailable
from crm_backend.errors import AppError
from crm_backend.keys import REQUEST_ID

log = logging.getLogger(__name__)
# A database that restarts or is busy is back soon.
RETRY_AFTER_SECONDS = 2
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def error_response(
    request: web.Request,
    status: int,
    code: str,
    message: str,
    details: Mapping[str, object] | None = None,
) -> web.Response:
    """Make the one JSON shape all errors have."""
    error: dict[str, object] = {
        "code": code,
        "message": message,
        "request_id": request[REQUEST_ID],
    }
    if details:
        error["details"] = dict(details)
    return web.json_response({"error": error}, status=status)


@web.middleware
async def request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id that its answer and its log lines carry."""
    request[REQUEST_ID] = uuid.uuid4().hex
    response = await handler(request)
    if not response.prepared:
        response.headers["X-Request-Id"] = request[REQUEST_ID]
    return response


@web.middleware
async def security_headers(
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Set the headers that browsers enforce."""
    response = await handler(request)
    if not response.prepared:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
    return response


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every exception into an answer; the only place that does."""
    try:
        return await handler(request)
    except AppError as err:
        response = error_response(
            request, err.status, err.code, err.message, err.details
        )
        seconds = getattr(err, "retry_after_seconds", None)
        if seconds is not None:
            response.headers["Retry-After"] = str(seconds)
        return response
    except web.HTTPException as err:
        if err.status < 400:
            raise
        code = err.reason.lower().replace(" ", "_")
        response = error_response(request, err.status, code, f"{err.reason}.")
        if "Allow" in err.headers:
            response.headers["Allow"] = err.headers["Allow"]
        return response
    except Exception as err:
        if is_unavailable(err):
            log.error("request %s: no database: %s", request[REQUEST_ID], err)
            return _database_unavailable(request)
        log.exception("request %s failed", request[REQUEST_ID])
        return error_response(
            request, 500, "internal_error", "Something broke on our side."
        )


def _database_unavailable(request: web.Request) -> web.Response:
    text = say("database_unavailable", page_language(request))
    response = error_response(request, 503, "database_unavailable", text)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
