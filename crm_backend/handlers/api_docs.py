"""The description of the API, for programs and for people."""

import json
from functools import cache
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from crm_backend.openapi import PREFIX, build_openapi
from crm_backend.routes import ENDPOINTS
from crm_backend.schema_examples import make_example


def setup_api_docs(app: web.Application) -> None:
    """Serve the description; templates and /static are set up elsewhere."""
    app.router.add_get(f"{PREFIX}/openapi.json", show_openapi)
    app.router.add_get("/api/docs", show_docs)


@cache
def _document() -> dict[str, Any]:
    return build_openapi(ENDPOINTS)


async def show_openapi(request: web.Request) -> web.Response:
    """Send the OpenAPI document."""
    return web.json_response(_document())


async def show_docs(request: web.Request) -> web.Response:
    """Show all operations on one page."""
    document = _document()
    tags: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            shown = _shown(document, PREFIX + path, method.upper(), operation)
            tags.setdefault(operation["tags"][0], []).append(shown)
    context = {"info": document["info"], "tags": dict(sorted(tags.items()))}
    return aiohttp_jinja2.render_template("api_docs.html", request, context)


def _shown(
    document: dict[str, Any], path: str, method: str, operation: dict[str, Any]
) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    bodies = {"request": operation.get("requestBody")} | operation["responses"]
    examples, fields = {}, {}
    for name, body in bodies.items():
        if not body or "content" not in body or name[0] in "45":
            continue
        schema = next(iter(body["content"].values()))["schema"]
        if "$ref" not in schema:
            continue
        example = make_example(schema, schemas)
        examples[name] = json.dumps(example, ensure_ascii=False, indent=2)
        fields[name] = schema["$ref"].rpartition("/")[2]
    return {
        "path": path,
        "method": method,
        "examples": examples,
        "schemas": {
            title: json.dumps(schemas[title], ensure_ascii=False, indent=2)
            for title in fields.values()
        },
    } | operation
