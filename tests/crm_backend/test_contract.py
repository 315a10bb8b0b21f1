"""The messages that the action server was written against are ours."""

import json
from pathlib import Path
from typing import Any

import pytest

from crm_backend.api import Endpoint
from crm_backend.openapi import PREFIX, build_openapi
from crm_backend.routes import ENDPOINTS
from crm_backend.schemas.common import ErrorOut

CONTRACT = Path(__file__).parents[1] / "contract"
EXAMPLES = sorted(CONTRACT.glob("*.json"))


def find_endpoint(method: str, path: str) -> Endpoint:
    """Return the endpoint that answers a path; fixed paths before places."""
    parts = path.removeprefix(PREFIX).split("/")
    for endpoint in sorted(ENDPOINTS, key=lambda e: "{" in e.path):
        own = endpoint.path.split("/")
        if (
            endpoint.method == method
            and len(own) == len(parts)
            and all(a == b or a[:1] == "{" for a, b in zip(own, parts, strict=True))
        ):
            return endpoint
    raise AssertionError(f"nothing answers {method} {path}")


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request: pytest.FixtureRequest) -> dict[str, Any]:
    return json.loads(request.param.read_text("utf-8"))


def test_there_are_examples():
    assert len(EXAMPLES) >= 19


def test_request_is_understood(example):
    endpoint = find_endpoint(example["method"], example["path"])
    if endpoint.body is not None:
        endpoint.body.model_validate(example["body"])
    if endpoint.query is not None:
        endpoint.query.model_validate(example.get("query", {}))


def test_answer_is_one_of_ours(example):
    endpoint = find_endpoint(example["method"], example["path"])
    is_error = example["status"] >= 400
    schema = ErrorOut if is_error else endpoint.response
    answer = schema.model_validate(example["answer"]).model_dump(mode="json")
    if is_error:
        return
    assert answer == example["answer"]


def test_error_is_declared(example):
    if example["status"] < 400:
        return
    paths = build_openapi(ENDPOINTS)["paths"]
    endpoint = find_endpoint(example["method"], example["path"])
    responses = paths[endpoint.path][endpoint.method.lower()]["responses"]
    code = example["answer"]["error"]["code"]
    assert code in responses[str(example["status"])]["description"]
