"""Endpoints: one description gives route, rights, validation and documentation."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, NoReturn, Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import SAFE_METHODS, authenticate
from crm_backend.config import Config
from crm_backend.db import reading
from crm_backend.errors import AppError, Conflict, Invalid, Unauthenticated
from crm_backend.keys import CONFIG, RATE_LIMITS, SESSIONS
from crm_backend.models import IdempotentRequest
from crm_backend.principal import Access, Principal, check_access
from crm_backend.rate_limits import Caller

MAX_IDEMPOTENCY_KEY = 200


class Schema(BaseModel):
    """The base of all schemas: unknown fields are a mistake worth naming."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class NoContent(Schema):
    """An empty object."""


@dataclass(frozen=True)
class Content:
    """An answer that is no JSON, such as a file; the handler makes it itself."""

    media_type: str


class Received(Protocol):
    """A body that is no JSON; `digest` tells it from another."""

    @property
    def digest(self) -> bytes:
        """A hash of all of it."""


@dataclass
class Call:
    """One authenticated, validated request on its way to a service."""

    request: web.Request
    session: AsyncSession
    config: Config
    path: dict[str, str]
    query: Any
    body: Any
    # None only at public endpoints that were called without a credential.
    actor: Principal | None
    # Sent along with the answer.
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    @property
    def principal(self) -> Principal:
        """Who is acting; endpoints that are not public always have one."""
        assert self.actor is not None
        return self.actor

    @property
    def caller(self) -> Caller:
        """Whose limits count."""
        return Caller(self.request.app[RATE_LIMITS], self.request.remote or "")


@dataclass(frozen=True)
class Endpoint:
    """One operation of the API.

    Attributes:
        path: with `{name}` places, below /api/v1.
        status: of a success; 204 answers without a body.
        handler: takes the call and returns what `response` describes.
        access: who may call it; rows are filtered by the services.
        receive: reads a body that is no JSON, such as a form with a file, before the
            transaction begins; `body` only describes it then.
        admits_unsigned: also lets visitors in who have no token of the shop yet, where
            SIGNED_VISITORS_ONLY keeps them out.
        errors: the codes it may answer with besides the general ones.
    """

    method: str
    path: str
    handler: Callable[[Call], Awaitable[BaseModel | web.StreamResponse]]
    access: Access
    summary: str
    response: type[BaseModel] | Content
    tag: str
    status: int = 200
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    receive: Callable[[web.Request], AbstractAsyncContextManager[Received]] | None = (
        None
    )
    admits_unsigned: bool = False
    errors: tuple[tuple[int, str], ...] = ()


def to_route(endpoint: Endpoint, prefix: str = "/api/v1") -> web.RouteDef:
    """Make the aiohttp route of an endpoint."""

    async def handle(request: web.Request) -> web.StreamResponse:
        query = validate(endpoint.query, dict(request.query), "query")
        async with _body(endpoint, request) as (body, raw):
            try:
                return await _run(endpoint, request, query, body, raw)
            except IntegrityError:
                # Only a second request with the same key, or for the same row, at the
                # same moment gets here; by now the first one's answer is stored.
                return await _run(endpoint, request, query, body, raw)

    return web.route(endpoint.method, prefix + endpoint.path, handle)


async def _run(
    endpoint: Endpoint, request: web.Request, query: Any, body: Any, raw: bytes
) -> web.StreamResponse:
    async with _unit_of_work(request) as session:
        principal = await _find_principal(endpoint, request, session)
        check_access(principal, endpoint.access)
        key = _idempotency_key(request)
        digest = _request_hash(request, raw)
        if key and principal:
            stored = await session.get(IdempotentRequest, (principal.subject, key))
            if stored is not None:
                if stored.request_hash != digest:
                    raise Conflict(
                        "idempotency_key_reused",
                        f"The key {key!r} was used for another request.",
                    )
                return _answer(stored.response, stored.status)
        call = Call(
            request=request,
            session=session,
            config=request.app[CONFIG],
            path=dict(request.match_info),
            query=query,
            body=body,
            actor=principal,
        )
        try:
            answer = await endpoint.handler(call)
        except AppError as err:
            if not err.keeps_changes:
                raise
            await session.commit()
            raise
        if isinstance(answer, web.StreamResponse):
            return answer
        result = answer.model_dump(mode="json")
        if key and principal:
            session.add(
                IdempotentRequest(
                    subject=principal.subject,
                    key=key,
                    request_hash=digest,
                    status=endpoint.status,
                    response=result,
                )
            )
    response = _answer(result, endpoint.status)
    response.cookies.update(call.cookies)
    return response


async def _find_principal(
    endpoint: Endpoint, request: web.Request, session: AsyncSession
) -> Principal | None:
    try:
        return await authenticate(
            request, session, admits_unsigned=endpoint.admits_unsigned
        )
    except Unauthenticated:
        # A cookie that ran out must not keep anyone from signing in again.
        if endpoint.access == "public":
            return None
        raise


def _answer(result: Any, status: int) -> web.Response:
    if status == 204:
        return web.Response(status=204)
    return web.json_response(result, status=status)


@asynccontextmanager
async def _unit_of_work(request: web.Request) -> AsyncIterator[AsyncSession]:
    sessions = request.app[SESSIONS]
    if request.method in SAFE_METHODS:
        async with reading(sessions) as session:
            yield session
    else:
        async with sessions.begin() as session:
            yield session


@asynccontextmanager
async def _body(
    endpoint: Endpoint, request: web.Request
) -> AsyncIterator[tuple[Any, bytes]]:
    if endpoint.receive is None:
        yield await _read_body(endpoint, request)
        return
    async with endpoint.receive(request) as received:
        yield received, received.digest


async def _read_body(endpoint: Endpoint, request: web.Request) -> tuple[Any, bytes]:
    raw = await request.read()
    if endpoint.body is None:
        return None, raw
    # A form of another site can send anything but this type without being asked.
    if raw and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        data = json.loads(raw or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as err:
        raise Invalid("invalid_request", "The body is not valid JSON.") from err
    return validate(endpoint.body, data, "body"), raw


def _refuse_constant(name: str) -> NoReturn:
    """NaN and Infinity are Python's own, not JSON."""
    raise ValueError(f"{name} is not JSON")


def validate(schema: type[BaseModel] | None, data: Any, where: str) -> Any:
    """Return the data as `schema` describes it; None without one.

    Raises:
        Invalid: `invalid_request`, with the fields that break a rule.
    """
    if schema is None:
        return None
    try:
        return schema.model_validate(data)
    except ValidationError as err:
        fields = [
            {
                "field": ".".join(str(part) for part in error["loc"]) or where,
                "rule": error["msg"],
            }
            for error in err.errors(include_url=False, include_input=False)
        ]
        first = fields[0]
        raise Invalid(
            "invalid_request",
            f"{where}: {first['field']}: {first['rule']}",
            details={"fields": fields},
        ) from err


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method in SAFE_METHODS:
        return None
    if not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY or not _is_plain(key):
        raise Invalid(
            "invalid_request",
            f"Idempotency-Key must be 1 to {MAX_IDEMPOTENCY_KEY} ASCII characters.",
        )
    return key


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _request_hash(request: web.Request, raw: bytes) -> str:
    text = f"{request.method} {request.path_qs}\n".encode() + raw
    return hashlib.sha256(text).hexdigest()
