"""Endpoints: one description gives route, rights, validation and documentation."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import SAFE_METHODS, authenticate
from crm_backend.config import Config
from crm_backend.db import reading
from crm_backend.errors import Conflict, Invalid
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import IdempotentRequest
from crm_backend.principal import Access, Principal, check_access

MAX_IDEMPOTENCY_KEY = 200


class Schema(BaseModel):
    """The base of all schemas: unknown fields are a mistake worth naming."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class NoContent(Schema):
    """An empty object."""


@dataclass
class Call:
    """One authenticated, validated request on its way to a service."""

    request: web.Request
    session: AsyncSession
    config: Config
    path: dict[str, str]
    query: Any
    body: Any
    _principal: Principal | None

    @property
    def principal(self) -> Principal:
        """Who is acting; endpoints that are not public always have one."""
        assert self._principal is not None
        return self._principal


@dataclass(frozen=True)
class Endpoint:
    """One operation of the API.

    Attributes:
        path: with `{name}` places, below /api/v1.
        handler: takes the call and returns what `response` describes.
        access: who may call it; rows are filtered by the services.
        errors: the codes it may answer with besides the general ones.
    """

    method: str
    path: str
    handler: Callable[[Call], Awaitable[BaseModel]]
    access: Access
    summary: str
    response: type[BaseModel]
    tag: str
    status: int = 200
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    errors: tuple[tuple[int, str], ...] = ()


def to_route(endpoint: Endpoint, prefix: str = "/api/v1") -> web.RouteDef:
    """Make the aiohttp route of an endpoint."""

    async def handle(request: web.Request) -> web.Response:
        body, raw = await _read_body(endpoint, request)
        query = _validate(endpoint.query, dict(request.query), "query")
        try:
            return await _run(endpoint, request, query, body, raw)
        except IntegrityError:
            # Only a second request with the same key, or for the same row, at the
            # same moment gets here; by now the first one's answer is stored.
            return await _run(endpoint, request, query, body, raw)

    return web.route(endpoint.method, prefix + endpoint.path, handle)


async def _run(
    endpoint: Endpoint, request: web.Request, query: Any, body: Any, raw: bytes
) -> web.Response:
    async with _unit_of_work(request) as session:
        principal = await authenticate(request, session)
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
                return web.json_response(stored.response, status=stored.status)
        call = Call(
            request=request,
            session=session,
            config=request.app[CONFIG],
            path=dict(request.match_info),
            query=query,
            body=body,
            _principal=principal,
        )
        result = (await endpoint.handler(call)).model_dump(mode="json")
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
    return web.json_response(result, status=endpoint.status)


@asynccontextmanager
async def _unit_of_work(request: web.Request) -> AsyncIterator[AsyncSession]:
    sessions = request.app[SESSIONS]
    if request.method in SAFE_METHODS:
        async with reading(sessions) as session:
            yield session
    else:
        async with sessions.begin() as session:
            yield session


async def _read_body(endpoint: Endpoint, request: web.Request) -> tuple[Any, bytes]:
    raw = await request.read()
    if endpoint.body is None:
        return None, raw
    try:
        data = json.loads(raw or b"{}")
    except ValueError as err:
        raise Invalid("invalid_request", "The body is not valid JSON.") from err
    return _validate(endpoint.body, data, "body"), raw


def _validate(schema: type[BaseModel] | None, data: Any, where: str) -> Any:
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
    if not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY:
        raise Invalid(
            "invalid_request",
            f"Idempotency-Key must have 1 to {MAX_IDEMPOTENCY_KEY} characters.",
        )
    return key


def _request_hash(request: web.Request, raw: bytes) -> str:
    text = f"{request.method} {request.path_qs}\n".encode() + raw
    return hashlib.sha256(text).hexdigest()
