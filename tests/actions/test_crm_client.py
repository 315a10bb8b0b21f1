"""The client against a server that answers with the contract's examples."""

import asyncio
import json

import pytest
from aiohttp import web

from actions.config import Config
from actions.crm_client import CrmClient
from actions.crm_errors import (
    CrmForbidden,
    CrmNotFound,
    CrmRejected,
    CrmUnavailable,
    CrmVerificationRequired,
)
from tests.actions.conftest import CONTRACT, load_example

TICKET = {
    "subject": "One of the two mugs arrived broken.",
    "description": "One of the two mugs arrived broken.",
    "category": "order",
    "order_number": "DM-260158",
    "sentiment": {"label": "negative", "score": -0.8, "upset": True},
}
QUESTION = load_example("search_articles").get("query", {})
CALLS = {
    "list_orders": lambda crm: crm.list_orders(),
    "get_order": lambda crm: crm.get_order("DM-371204"),
    "cancel_order": lambda crm: crm.cancel_order("DM-482913"),
    "change_address": lambda crm: crm.change_address(
        "DM-482913", "5 Oak Lane, 20095 Hamburg"
    ),
    "request_return": lambda crm: crm.request_return(
        "DM-260158", "The mug is too small."
    ),
    "list_returns": lambda crm: crm.list_returns("DM-260158"),
    "list_refunds": lambda crm: crm.list_refunds(),
    "open_ticket": lambda crm: crm.open_ticket(**TICKET),
    "get_ticket": lambda crm: crm.get_ticket("T-640172"),
    "list_tickets": lambda crm: crm.list_tickets(),
    "list_open_tickets": lambda crm: crm.list_open_tickets(),
    "list_waiting_conversations": lambda crm: crm.count_waiting_conversations(),
    "search_articles": lambda crm: crm.search_articles(
        QUESTION["q"], language=QUESTION["language"], topic=QUESTION.get("topic")
    ),
    "find_customers": lambda crm: crm.find_customers("How likely is Alice to buy?"),
    "get_customer_summary": lambda crm: crm.get_customer_summary("C-207731"),
    "predict_purchase": lambda crm: crm.predict_purchase("C-207731"),
    "predict_purchase_without_data": lambda crm: crm.predict_purchase("C-518846"),
    "predict_risk": lambda crm: crm.predict_risk("churn", "C-207731"),
    "list_risks": lambda crm: crm.list_risks("churn"),
    "list_top_prospects": lambda crm: crm.list_top_prospects(),
    "get_product": lambda crm: crm.get_product("CL-002"),
    "find_product_mentions": lambda crm: crm.find_product_mentions(
        "is the rain jacket in stock?"
    ),
    "recommend_products": lambda crm: crm.recommend_products(
        "what do you recommend under 150", max_price_cents=15_000
    ),
    "list_segments": lambda crm: crm.list_segments(),
    "list_offers": lambda crm: crm.list_offers("C-207731"),
    "list_offers_without_consent": lambda crm: crm.list_offers("C-518846"),
    "get_next_action": lambda crm: crm.get_next_action("C-207731"),
    "report_sales": lambda crm: crm.report_sales("2026-11-11", "2026-11-17"),
    "rank_sellers": lambda crm: crm.rank_sellers("2026-11-01"),
    "forecast_sales": lambda crm: crm.forecast_sales(),
    "list_campaign_results": lambda crm: crm.list_campaign_results(),
    "list_sales_tasks": lambda crm: crm.list_sales_tasks(),
}
ERRORS = {
    "error_verification_required": (
        CrmVerificationRequired,
        lambda crm: crm.list_orders(),
    ),
    "error_forbidden": (CrmForbidden, lambda crm: crm.list_top_prospects()),
    "error_order_not_found": (CrmNotFound, lambda crm: crm.get_order("DM-000000")),
    "error_product_not_found": (CrmNotFound, lambda crm: crm.get_product("XX-999")),
    "error_period_ahead": (CrmRejected, lambda crm: crm.report_sales("2030-01-01")),
    "error_order_not_cancellable": (
        CrmRejected,
        lambda crm: crm.cancel_order("DM-371204"),
    ),
}


class StubCrm:
    """Answers every request in the same way, and keeps what it was asked."""

    def __init__(self):
        self.requests = []
        self.status, self.body, self.delay, self.drops = 200, "{}", 0.0, 0

    async def answer(self, request):
        given = await request.text()
        self.requests.append((request, json.loads(given) if given else None))
        if len(self.requests) <= self.drops:
            request.transport.close()
        await asyncio.sleep(self.delay)
        return web.Response(
            status=self.status, text=self.body, content_type="application/json"
        )

    def use(self, example):
        self.status, self.body = example["status"], json.dumps(example["answer"])


@pytest.fixture
async def stub(aiohttp_server):
    stub = StubCrm()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stub.answer)
    server = await aiohttp_server(app)
    stub.url = str(server.make_url("")).rstrip("/")
    return stub


@pytest.fixture
async def caller(stub):
    client = CrmClient(Config("secret", crm_url=stub.url, crm_timeout_seconds=0.3))
    await client.open()
    yield client.acting("claims", "turn:action")
    await client.close()


def test_every_example_is_used():
    assert {path.stem for path in CONTRACT.glob("*.json")} == {*CALLS, *ERRORS}


@pytest.mark.parametrize("name", CALLS)
async def test_requests_and_answers_are_those_of_the_contract(stub, caller, name):
    example = load_example(name)
    stub.use(example)
    assert await CALLS[name](caller)
    request, body = stub.requests[0]
    assert (request.method, request.path) == (example["method"], example["path"])
    assert dict(request.query) == example.get("query", {})
    assert body == example.get("body")
    assert request.headers["Authorization"] == "Bearer secret"
    assert request.headers["X-Deskmate-Claims"] == "claims"
    key = "turn:action" if request.method == "POST" else None
    assert request.headers.get("Idempotency-Key") == key


@pytest.mark.parametrize("name", ERRORS)
async def test_refusals_become_exceptions(stub, caller, name):
    stub.use(load_example(name))
    kind, call = ERRORS[name]
    with pytest.raises(kind) as caught:
        await call(caller)
    assert caught.value.code == load_example(name)["answer"]["error"]["code"]


async def test_what_was_not_found_is_named(stub, caller):
    stub.use(load_example("error_order_not_found"))
    with pytest.raises(CrmNotFound) as caught:
        await caller.get_order("DM-000000")
    assert (caught.value.noun, caught.value.number) == ("order", "DM-000000")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, "{}"),
        (503, "<html>"),
        (200, "<html>"),
        (200, "[]"),
        (200, "{}"),
        (200, '{"items": [{"number": "DM-1"}]}'),
        (404, "{}"),
        (401, '{"error": {"code": "unauthorized"}}'),
    ],
)
async def test_unreadable_answer_is_unavailable(stub, caller, status, body):
    stub.status, stub.body = status, body
    with pytest.raises(CrmUnavailable):
        await caller.list_orders()


async def test_slow_crm_is_unavailable_and_asked_once(stub, caller):
    stub.delay = 1.0
    with pytest.raises(CrmUnavailable):
        await caller.list_orders()
    assert len(stub.requests) == 1


async def test_lost_connection_is_tried_again_with_the_same_key(stub, caller):
    stub.use(load_example("cancel_order"))
    stub.drops = 1
    assert (await caller.cancel_order("DM-482913")).status == "cancelled"
    keys = {request.headers["Idempotency-Key"] for request, _ in stub.requests}
    assert (len(stub.requests), keys) == (2, {"turn:action"})


async def test_crm_that_is_down_is_unavailable(unused_tcp_port):
    client = CrmClient(Config("secret", crm_url=f"http://127.0.0.1:{unused_tcp_port}"))
    await client.open()
    with pytest.raises(CrmUnavailable):
        await client.acting("claims", "key").list_orders()
    await client.close()


async def test_number_cannot_leave_its_place_in_the_path(stub, caller):
    stub.use(load_example("get_order"))
    await caller.get_order("../tickets?x=1")
    assert stub.requests[0][0].raw_path == "/api/v1/orders/..%2Ftickets%3Fx=1"
