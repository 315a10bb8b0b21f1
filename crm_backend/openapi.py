"""The OpenAPI description of the API, made from its endpoints."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from crm_backend import __version__
from crm_backend.api import MAX_IDEMPOTENCY_KEY, Content, Endpoint
from crm_backend.authentication import CLAIMS_HEADER, SAFE_METHODS, STAFF_COOKIE
from crm_backend.principal import ROLES_WITH, Access
from crm_backend.schemas.common import ErrorOut

Json = dict[str, Any]
References = dict[tuple[type[BaseModel], JsonSchemaMode], Json]

PREFIX = "/api/v1"
JSON = "application/json"
FORM = "multipart/form-data"
REFERENCE = "#/components/schemas/{model}"
DESCRIPTION = (
    "Facts and rights of a shop: customers, orders, products, tickets and "
    "conversations. Money is in whole cents, times are in UTC, and things are called "
    "by their public numbers. What is not yours answers like what does not exist."
)
WHO: dict[Access, str] = {
    "public": "Anybody.",
    "anyone": "A visitor of a conversation, a customer or a colleague.",
    "verified": "A customer who proved who they are, or a colleague.",
}
SECURITY_SCHEMES: Json = {
    "staffSession": {
        "type": "apiKey",
        "in": "cookie",
        "name": STAFF_COOKIE,
        "description": "A colleague's sign-in, from POST /session.",
    },
    "conversationToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a conversation, for the chat widget.",
    },
    "serviceToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The action server's; opens nothing without the claims.",
    },
    "claims": {
        "type": "apiKey",
        "in": "header",
        "name": CLAIMS_HEADER,
        "description": "Signed claims of the person the action server acts for.",
    },
}
SECURITY: list[dict[str, list[str]]] = [
    {"staffSession": []},
    {"conversationToken": []},
    {"serviceToken": [], "claims": []},
]


def build_openapi(endpoints: Sequence[Endpoint]) -> Json:
    """Describe the endpoints as an OpenAPI 3.1 document."""
    references, components = _components(endpoints)
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, references)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Deskmate CRM",
            "version": __version__,
            "description": DESCRIPTION,
        },
        "servers": [{"url": PREFIX}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _components(
    endpoints: Sequence[Endpoint],
) -> tuple[References, Json]:
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
        (ErrorOut, "serialization"): None
    }
    for endpoint in endpoints:
        if not isinstance(endpoint.response, Content):
            wanted[endpoint.response, "serialization"] = None
        if endpoint.body is not None:
            wanted[endpoint.body, "validation"] = None
    references, document = models_json_schema(list(wanted), ref_template=REFERENCE)
    return {
        (model, mode): reference
        for (model, mode), reference in references.items()
        if issubclass(model, BaseModel)
    }, document["$defs"]


def _operation(endpoint: Endpoint, references: References) -> Json:
    operation: Json = {
        "operationId": f"{endpoint.tag}_{endpoint.handler.__name__}",
        "summary": endpoint.summary,
        "description": f"Who may: {_who(endpoint.access)}",
        "tags": [endpoint.tag],
        "parameters": [
            *_path_parameters(endpoint),
            *_query_parameters(endpoint),
            *_header_parameters(endpoint),
        ],
        "responses": _responses(endpoint, references),
    }
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {
                JSON if endpoint.receive is None else FORM: {
                    "schema": references[endpoint.body, "validation"]
                }
            },
        }
    if endpoint.access != "public":
        operation["security"] = SECURITY
    return operation


def _who(access: Access) -> str:
    if access in WHO:
        return WHO[access]
    return f"Colleagues: {', '.join(sorted(ROLES_WITH[access]))}."


def _path_parameters(endpoint: Endpoint) -> list[Json]:
    names = [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
        }
        for name in names
    ]


def _query_parameters(endpoint: Endpoint) -> list[Json]:
    if endpoint.query is None:
        return []
    schema = endpoint.query.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": part.get("description", ""),
            "schema": _without_null(part),
        }
        for name, part in schema["properties"].items()
    ]


def _without_null(part: Json) -> Json:
    """A query has no null: what may be null is simply left out."""
    choices = [c for c in part.get("anyOf", ()) if c.get("type") != "null"]
    schema = choices[0] if len(choices) == 1 else part
    hidden = ("title", "description", "default") if schema is part else ("title",)
    return {
        key: value
        for key, value in schema.items()
        if key not in hidden or (key == "default" and value is not None)
    }


def _header_parameters(endpoint: Endpoint) -> list[Json]:
    if endpoint.method in SAFE_METHODS or endpoint.access == "public":
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "The same key with the same request again gives the same "
            "answer and does nothing twice.",
            "schema": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_IDEMPOTENCY_KEY,
                "pattern": "^[!-~]+$",
            },
        }
    ]


def _responses(endpoint: Endpoint, references: References) -> Json:
    success: Json = {"description": HTTPStatus(endpoint.status).phrase}
    if isinstance(endpoint.response, Content):
        schema = {"type": "string", "contentMediaType": endpoint.response.media_type}
        success["content"] = {endpoint.response.media_type: {"schema": schema}}
    elif endpoint.status != HTTPStatus.NO_CONTENT:
        success["content"] = _json_of(references[endpoint.response, "serialization"])
    responses = {str(endpoint.status): success}
    for status, codes in sorted(_error_codes(endpoint).items()):
        responses[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(codes)}",
            "content": _json_of(references[ErrorOut, "serialization"]),
        }
    return responses


def _error_codes(endpoint: Endpoint) -> dict[int, list[str]]:
    """Add what every endpoint of a kind may answer to what this one declares."""
    is_write = endpoint.method not in SAFE_METHODS
    general = [(400, "invalid_request"), (503, "database_unavailable")]
    if endpoint.access != "public":
        general += [(401, "unauthenticated"), (403, "forbidden")]
    if endpoint.access == "anyone" and not endpoint.admits_unsigned:
        general.append((401, "identity_required"))
    if endpoint.access == "verified":
        general.append((403, "verification_required"))
    if is_write:
        general.append((403, "origin_not_allowed"))
    if is_write and endpoint.access != "public":
        general.append((409, "idempotency_key_reused"))
    if "{" in endpoint.path:
        general.append((404, "not_found"))
    if endpoint.body is not None:
        general += [(413, "request_entity_too_large"), (415, "unsupported_media_type")]
    found: dict[int, list[str]] = {}
    for status, code in (*endpoint.errors, *general):
        codes = found.setdefault(status, [])
        if code not in codes:
            codes.append(code)
    return found


def _json_of(schema: Json) -> Json:
    return {JSON: {"schema": schema}}
