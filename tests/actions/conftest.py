"""A CRM that answers from memory, and a way to talk to one action."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.catalogue_records import (
    Product,
    ProductMention,
    Recommendation,
    SalesReport,
)
from actions.crm_errors import (
    CrmForbidden,
    CrmNotFound,
    CrmRejected,
    CrmVerificationRequired,
)
from actions.crm_records import (
    ArticleAnswer,
    Customer,
    CustomerSummary,
    Order,
    PurchasePrediction,
    Refund,
    Return,
    Ticket,
    TopProspects,
)
from actions.risk_records import Risk
from actions.sales_records import (
    CampaignResult,
    Leaderboard,
    Outlook,
    SalesTasks,
)
from actions.segment_records import NextAction, Offers, Segments

CONTRACT = Path(__file__).parent.parent / "contract"
DOMAIN = yaml.safe_load(
    (Path(__file__).parents[2] / "domain.yml").read_text("utf-8"),
)


def load_example(name: str) -> dict[str, Any]:
    """Return one example of what the CRM is asked and answers."""
    return json.loads((CONTRACT / f"{name}.json").read_text("utf-8"))


def order_json(number: str, status: str = "paid", **changes: Any) -> dict[str, Any]:
    """Return an OrderOut in a status, with what may be done with it."""
    fixed = {
        "number": number,
        "status": status,
        "can_cancel": status in ("placed", "paid", "packed"),
        "can_change_address": status in ("placed", "paid"),
        "can_return": status == "delivered",
        "delivered_at": "2026-11-05T13:20:00Z" if status == "delivered" else None,
        "cancelled_at": "2026-11-22T10:00:00Z" if status == "cancelled" else None,
    }
    return load_example("get_order")["answer"] | fixed | changes


class FakeCrm:
    """Alice's orders and tickets; `writes` holds what was really done.

    A write with a key that was seen before is answered, and not done again.
    """

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.returns: list[dict[str, Any]] = []
        self.refunds: list[dict[str, Any]] = []
        self.tickets: list[dict[str, Any]] = []
        self.customers: list[dict[str, Any]] = []
        # The articles of the shop; a text means those whose name has a word of it.
        self.products: list[dict[str, Any]] = []
        self.recommendation: dict[str, Any] = {}
        self.wishes: list[dict[str, Any]] = []
        self.sales: dict[str, Any] | None = None
        self.segments: dict[str, Any] | None = None
        self.offers: dict[str, Any] | None = None
        self.periods: list[tuple[str | None, str | None]] = []
        # Whether somebody sells, and so has tasks.
        self.has_tasks = False
        self.enough_data = True
        self.priority = "medium"
        # None: the person may not see it.
        self.n_waiting: int | None = 0
        # What the article search decides, and what it was asked.
        self.article = "nothing"
        self.questions: list[tuple[str, str | None]] = []
        self.error: Exception | None = None
        self.writes: list[tuple[Any, ...]] = []
        self.claims: list[str] = []
        self._done: dict[str, Any] = {}
        self._key = ""

    def add(self, *orders: dict[str, Any]) -> None:
        self.orders |= {order["number"]: order for order in orders}

    def acting(self, claims: str, key: str) -> "FakeCrm":
        self.claims.append(claims)
        self._key = key
        return self

    def _allow(self) -> None:
        if self.error:
            raise self.error

    def _verified(self) -> None:
        self._allow()
        if _level(self.claims[-1]) == "anonymous":
            raise CrmVerificationRequired("verification_required")

    def _write(self, *write: Any) -> None:
        if self._key not in self._done:
            self.writes.append(write)
            self._done[self._key] = write

    def _find(self, number: str) -> dict[str, Any]:
        self._verified()
        if number not in self.orders:
            raise CrmNotFound("order_not_found", number=number)
        return self.orders[number]

    async def list_orders(self, limit: int = 10) -> list[Order]:
        self._verified()
        return [Order.from_json(order) for order in self.orders.values()][:limit]

    async def get_order(self, number: str) -> Order:
        return Order.from_json(self._find(number))

    async def cancel_order(self, number: str) -> Order:
        order = self._find(number)
        if self._key not in self._done and not order["can_cancel"]:
            raise CrmRejected("order_not_cancellable")
        self._write("cancel", number)
        self.add(order_json(number, "cancelled"))
        return await self.get_order(number)

    async def change_address(self, number: str, address: str) -> Order:
        order = self._find(number)
        if "nowhere" in address:
            raise CrmRejected("invalid_request")
        self._write("address", number, address)
        return Order.from_json(order)

    async def request_return(self, number: str, reason: str) -> Return:
        self._find(number)
        self._write("return", number, reason)
        answer = load_example("request_return")["answer"]
        return Return.from_json(answer | {"order_number": number})

    async def list_returns(self, number: str) -> list[Return]:
        self._find(number)
        return [Return.from_json(row) for row in self.returns]

    async def list_refunds(self, number: str | None = None) -> list[Refund]:
        self._verified()
        wanted = (r for r in self.refunds if number in (None, r["order_number"]))
        return [Refund.from_json(row) for row in wanted]

    async def open_ticket(self, **ticket: Any) -> Ticket:
        self._allow()
        if ticket.get("order_number"):
            self._find(ticket["order_number"])
        self._write("ticket", ticket)
        answer = load_example("open_ticket")["answer"]
        return Ticket.from_json(answer | {"priority": self.priority})

    async def get_ticket(self, number: str) -> Ticket:
        self._allow()
        for ticket in self.tickets:
            if ticket["number"] == number:
                return Ticket.from_json(ticket)
        raise CrmNotFound("ticket_not_found", number=number)

    async def list_tickets(self) -> list[Ticket]:
        self._verified()
        return [Ticket.from_json(ticket) for ticket in self.tickets]

    async def list_open_tickets(self, limit: int = 5) -> list[Ticket]:
        found = await self.list_tickets()
        return [ticket for ticket in found if ticket.status == "open"][:limit]

    async def count_waiting_conversations(self) -> int:
        if self.n_waiting is None:
            raise CrmForbidden("forbidden")
        return self.n_waiting

    async def search_articles(
        self, question: str, *, language: str, topic: str | None = None
    ) -> ArticleAnswer:
        self._allow()
        self.questions.append((question, topic))
        found = load_example("search_articles")["answer"]
        passages = found["passages"] if self.article != "nothing" else []
        return ArticleAnswer.from_json(
            found | {"decision": self.article, "passages": passages}
        )

    async def find_customers(self, text: str, limit: int = 5) -> list[Customer]:
        self._allow()
        words = set(text.casefold().strip("?.").split())
        return [
            Customer.from_json(row)
            for row in self.customers
            if row["email"] == text or words & set(row["name"].casefold().split())
        ]

    async def get_customer_summary(self, number: str) -> CustomerSummary:
        self._allow()
        return CustomerSummary.from_json(load_example("get_customer_summary")["answer"])

    async def predict_purchase(self, number: str) -> PurchasePrediction:
        self._allow()
        if number not in {row["number"] for row in self.customers}:
            raise CrmNotFound("customer_not_found", number=number)
        suffix = "" if self.enough_data else "_without_data"
        answer = load_example(f"predict_purchase{suffix}")["answer"]
        return PurchasePrediction.from_json(answer)

    async def predict_risk(self, kind: str, number: str) -> Risk:
        self._allow()
        answer = load_example("predict_risk")["answer"]
        if not self.enough_data:
            answer |= {"enough_data": False, "missing": "There is no order yet."}
        return Risk.from_json(answer)

    async def list_risks(self, kind: str, limit: int = 5) -> list[Risk]:
        self._allow()
        return [
            Risk.from_json(row) for row in load_example("list_risks")["answer"]["items"]
        ]

    async def get_product(self, sku: str) -> Product:
        self._allow()
        for product in self.products:
            if product["sku"] == sku:
                return Product.from_json(product)
        raise CrmNotFound("product_not_found", number=sku)

    async def find_product_mentions(self, text: str) -> list[ProductMention]:
        self._allow()
        words = set(text.casefold().replace("?", "").split())
        named = [
            product
            for product in self.products
            if words & set(product["name"].casefold().split())
            or (product["name_zh"] and product["name_zh"] in text)
        ]
        return [
            ProductMention(Product.from_json(product), "maybe" not in words)
            for product in named
        ]

    async def recommend_products(self, text: str, **limits: Any) -> Recommendation:
        self._allow()
        self.wishes.append({"text": text} | limits)
        answer = load_example("recommend_products")["answer"]
        return Recommendation.from_json(answer | self.recommendation)

    async def report_sales(
        self, from_on: str | None = None, to_on: str | None = None
    ) -> SalesReport:
        self._allow()
        self.periods.append((from_on, to_on))
        return SalesReport.from_json(
            load_example("report_sales")["answer"] | (self.sales or {})
        )

    async def rank_sellers(self, month: str | None = None) -> tuple[Leaderboard, ...]:
        self._allow()
        self.periods.append((month, None))
        items = self._items("rank_sellers")
        return tuple(Leaderboard.from_json(row) for row in items)

    async def forecast_sales(self) -> Outlook:
        self._allow()
        answer = load_example("forecast_sales")["answer"]
        changed = {} if self.sales is None else self.sales
        return Outlook.from_json(answer | changed)

    async def list_campaign_results(self) -> tuple[CampaignResult, ...]:
        self._allow()
        items = self._items("list_campaign_results")
        return tuple(CampaignResult.from_json(row) for row in items)

    async def list_sales_tasks(self) -> SalesTasks:
        if not self.has_tasks:
            raise CrmForbidden("forbidden")
        return SalesTasks.from_json(load_example("list_sales_tasks")["answer"])

    def _items(self, name: str) -> list[dict[str, Any]]:
        changed = self.sales or {}
        return changed.get("items", load_example(name)["answer"]["items"])

    async def list_top_prospects(self, limit: int = 5) -> TopProspects:
        self._allow()
        return TopProspects.from_json(load_example("list_top_prospects")["answer"])

    async def list_segments(self, kind: str = "rfm") -> Segments:
        self._allow()
        return Segments.from_json(
            load_example("list_segments")["answer"] | (self.segments or {})
        )

    async def list_offers(self, number: str) -> Offers:
        self._allow()
        suffix = "" if self.enough_data else "_without_consent"
        answer = load_example(f"list_offers{suffix}")["answer"]
        return Offers.from_json(answer | (self.offers or {}))

    async def get_next_action(self, number: str) -> NextAction:
        self._allow()
        return NextAction.from_json(load_example("get_next_action")["answer"])


class Talk:
    """One conversation with one action, slots and all."""

    def __init__(self, crm: FakeCrm, level: str, language: str) -> None:
        self.crm = crm
        self.level = level
        self.language = language
        self.slots: dict[str, Any] = {}
        self.turn = 0
        self.history: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []

    async def say(
        self,
        action: type,
        text: str,
        intent: str,
        confidence: float = 0.9,
        *,
        sentiment: dict[str, Any] | None = None,
        candidates: list[str] | None = None,
        repeated: bool = False,
        **entities: str,
    ) -> list[str]:
        """Run one turn; return the names of the responses uttered."""
        self.turn += 0 if repeated else 1
        message = {
            "text": text,
            "intent": {"name": intent, "confidence": confidence},
            "entities": [{"entity": k, "value": v} for k, v in entities.items()],
            "metadata": {
                "claims": claims_of(self.level),
                "turn_id": f"turn-{self.turn}",
                "language": self.language,
            },
        }
        if sentiment:
            message["sentiment"] = sentiment
        if candidates is not None:
            decision = "ask" if candidates else "decline"
            message["gate"] = {"decision": decision, "candidates": candidates}
        remembered = ("order_number", "ticket_number", "customer_number")
        self.slots |= {k: v for k, v in entities.items() if k in remembered}
        self.history.append({"event": "user", "parse_data": message})
        tracker = Tracker(
            "conversation",
            dict(self.slots),
            message,
            list(self.history),
            False,
            None,
            {},
            None,
        )
        dispatcher = CollectingDispatcher()
        self.events = await action(self.crm).run(dispatcher, tracker, DOMAIN)
        self.history += [
            {"event": "bot", "metadata": {"utter_action": m.get("response")}}
            for m in dispatcher.messages
        ]
        self.slots |= {
            e["name"]: e["value"] for e in self.events if e["event"] == "slot"
        }
        self.messages = dispatcher.messages
        return [m["response"] for m in self.messages if m.get("response")]

    async def press(self, action: type, payload: str) -> list[str]:
        """Press a button."""
        intent, _, entities = payload.removeprefix("/").partition("{")
        values = json.loads("{" + entities) if entities else {}
        return await self.say(action, payload, intent, 1.0, **values)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return [m["custom"] for m in self.messages if m.get("custom")]

    @property
    def buttons(self) -> list[str]:
        return [b["payload"] for m in self.messages for b in m.get("buttons") or []]

    @property
    def asks(self) -> str | None:
        return self.slots.get("requested_slot")

    @property
    def gave_way(self) -> bool:
        return any(e["event"] == "action_execution_rejected" for e in self.events)


def claims_of(level: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"level": level}).encode())
    return f"h.{payload.decode().rstrip('=')}.s"


def _level(claims: str) -> str:
    payload = claims.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))["level"]


@pytest.fixture
def crm() -> FakeCrm:
    return FakeCrm()


@pytest.fixture
def alice(crm: FakeCrm) -> Talk:
    """A customer who proved who she is."""
    return Talk(crm, "verified", "en")


@pytest.fixture
def visitor(crm: FakeCrm) -> Talk:
    """Somebody who proved nothing."""
    return Talk(crm, "anonymous", "en")


@pytest.fixture
def rita(crm: FakeCrm) -> Talk:
    """A sales rep."""
    crm.customers = load_example("find_customers")["answer"]["items"]
    return Talk(crm, "staff", "en")
