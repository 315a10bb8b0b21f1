"""The people of the tests and their things.

Alice has orders, Bob is another customer, Carol is an agent, Rita a sales rep, Mona
a manager.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import func, select

from crm_backend.authentication import STAFF_COOKIE, conversation_subject, token_hash
from crm_backend.claims import sign_claims
from crm_backend.config import Config
from crm_backend.db import Sessions
from crm_backend.models import (
    Conversation,
    Customer,
    Invoice,
    Message,
    Opportunity,
    OpportunityMove,
    Order,
    OrderLine,
    Payment,
    Product,
    Refund,
    Return,
    SalesTask,
    Shipment,
    Staff,
    StaffSession,
    Ticket,
    TrackingEvent,
    Visit,
    new_number,
)

PASSWORD = "correct horse battery"
# The real costs would make signing in the slowest part of the suite.
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
NOW = datetime.now(UTC).replace(microsecond=0)


class Shop:
    """Makes rows with sensible defaults; each is committed at once."""

    password = PASSWORD
    now = NOW

    def __init__(self, sessions: Sessions, config: Config) -> None:
        self.sessions = sessions
        self.config = config

    async def open(self) -> None:
        self.alice = await self.add_customer(
            name="Alice Adler", email="alice@example.com", number="C-100001"
        )
        self.bob = await self.add_customer(
            name="Bob Brandt", email="bob@example.com", number="C-100002"
        )
        self.carol = await self.add_staff("carol", "agent")
        self.rita = await self.add_staff("rita", "rep")
        self.mona = await self.add_staff("mona", "manager")
        self.kettle = await self.add_product(
            sku="KETTLE-1", name="Kettle", name_zh="水壶", n_in_stock=10
        )

    async def save(self, *rows: Any) -> Any:
        async with self.sessions.begin() as session:
            session.add_all(rows)
        return rows[0]

    async def load(self, table: Any, **values: Any) -> Any:
        """Return a row as it is in the database now."""
        async with self.sessions() as session:
            return (
                await session.scalars(select(table).filter_by(**values))
            ).one_or_none()

    async def count(self, table: Any) -> int:
        async with self.sessions() as session:
            return await session.scalar(select(func.count()).select_from(table))

    async def add_customer(self, **values: Any) -> Customer:
        values.setdefault("number", new_number("C"))
        values.setdefault("name", "Somebody")
        return await self.save(Customer(**values))

    async def add_staff(self, name: str, role: str, **values: Any) -> Staff:
        values.setdefault("email", f"{name}@shop.example.com")
        return await self.save(
            Staff(name=name.title(), role=role, password_hash=PASSWORD_HASH, **values)
        )

    async def add_product(self, **values: Any) -> Product:
        values.setdefault("sku", f"SKU-{uuid.uuid4().hex[:6].upper()}")
        values.setdefault("name", "Thing")
        values.setdefault("category", "kitchen")
        values.setdefault("price_cents", 2_500)
        return await self.save(Product(**values))

    async def add_order(
        self,
        customer: Customer,
        *,
        status: str = "placed",
        product: Product | None = None,
        quantity: int = 2,
        delivered_days_ago: int | None = None,
        **values: Any,
    ) -> Order:
        product = product or self.kettle
        total = product.price_cents * quantity
        values = {
            "number": new_number("DM"),
            "ordered_at": NOW - timedelta(days=3),
            "currency": "EUR",
            "subtotal_cents": total,
            "total_cents": total,
            "shipping_address": {
                "name": customer.name,
                "line1": "Old Street 1",
                "city": "Berlin",
                "postcode": "10115",
                "country": "DE",
            },
        } | values
        order = Order(customer_id=customer.id, status=status, **values)
        order.lines.append(
            OrderLine(
                product_id=product.id,
                quantity=quantity,
                unit_price_cents=product.price_cents,
                total_cents=total,
            )
        )
        if delivered_days_ago is not None:
            order.shipments.append(self.parcel(delivered_days_ago))
        return await self.save(order)

    def parcel(self, delivered_days_ago: int) -> Shipment:
        delivered_at = NOW - timedelta(days=delivered_days_ago)
        return Shipment(
            number=new_number("S"),
            carrier="DHL",
            tracking_number="JD0001",
            shipped_at=delivered_at - timedelta(days=2),
            estimated_delivery_on=delivered_at.date(),
            delivered_at=delivered_at,
            events=[
                TrackingEvent(
                    occurred_at=delivered_at, status="delivered", place="Berlin"
                )
            ],
        )

    async def add_payment(self, order: Order, **values: Any) -> Payment:
        values = {
            "number": new_number("P"),
            "order_id": order.id,
            "method": "card",
            "status": "paid",
            "amount_cents": order.total_cents,
            "currency": order.currency,
            "paid_at": NOW,
        } | values
        return await self.save(Payment(**values))

    async def add_return(self, order: Order, **values: Any) -> Return:
        values = {
            "number": new_number("R"),
            "order_id": order.id,
            "status": "requested",
            "reason": "Broken",
            "requested_at": NOW,
        } | values
        return await self.save(Return(**values))

    async def add_refund(self, order: Order, **values: Any) -> Refund:
        values = {
            "number": new_number("F"),
            "order_id": order.id,
            "status": "pending",
            "amount_cents": 1_000,
            "currency": order.currency,
            "requested_at": NOW,
        } | values
        return await self.save(Refund(**values))

    async def add_invoice(self, order: Order) -> Invoice:
        return await self.save(
            Invoice(
                number=new_number("INV"),
                order_id=order.id,
                total_cents=order.total_cents,
                currency=order.currency,
                issued_at=NOW,
            )
        )

    async def add_ticket(self, **values: Any) -> Ticket:
        values = {
            "number": new_number("T"),
            "subject": "Help",
            "description": "Please help",
            "category": "other",
            "status": "open",
            "priority": "low",
        } | values
        return await self.save(Ticket(**values))

    async def add_visit(self, customer: Customer, days_ago: int) -> Visit:
        return await self.save(
            Visit(
                customer_id=customer.id,
                page="/",
                visited_at=NOW - timedelta(days=days_ago),
            )
        )

    async def add_opportunity(
        self, customer: Customer, owner: Staff, **values: Any
    ) -> Opportunity:
        values = {
            "number": new_number("O"),
            "title": "A bigger kettle",
            "stage": "lead",
            "value_cents": 10_000,
            "currency": "EUR",
        } | values
        opportunity = Opportunity(customer_id=customer.id, owner_id=owner.id, **values)
        opportunity.moves.append(
            OpportunityMove(staff_id=owner.id, stage=opportunity.stage)
        )
        return await self.save(opportunity)

    async def add_task(self, staff: Staff, **values: Any) -> SalesTask:
        values = {"number": new_number("K"), "title": "Call back"} | values
        return await self.save(SalesTask(staff_id=staff.id, **values))

    async def add_conversation(
        self, who: Customer | Staff | None = None, **values: Any
    ) -> Conversation:
        values.setdefault("token_hash", token_hash(uuid.uuid4().hex))
        return await self.save(
            Conversation(
                id=str(uuid.uuid4()),
                channel="staff" if isinstance(who, Staff) else "customer",
                customer_id=who.id if isinstance(who, Customer) else None,
                staff_id=who.id if isinstance(who, Staff) else None,
                **values,
            )
        )

    async def add_message(
        self, conversation: Conversation, seq: int, text: str | None, **values: Any
    ) -> Message:
        values = {"sender": "customer", "language": "en"} | values
        return await self.save(
            Message(conversation_id=conversation.id, seq=seq, text=text, **values)
        )

    async def headers(
        self,
        who: Customer | Staff | None,
        *,
        conversation: Conversation | None = None,
        key: str | None = None,
        language: str = "en",
    ) -> dict[str, str]:
        """What the action server sends for somebody; None is an anonymous visitor."""
        conversation = conversation or await self.add_conversation(who)
        async with self.sessions() as session:
            subject, level, role = await conversation_subject(session, conversation)
        claims = sign_claims(
            self.config.claims_key,
            subject=subject,
            level=level,
            role=role,
            language=language,
            conversation_id=conversation.id,
            turn_id=str(uuid.uuid4()),
        )
        headers = {
            "Authorization": f"Bearer {self.config.crm_service_token}",
            "X-Deskmate-Claims": claims,
        }
        return headers | ({"Idempotency-Key": key} if key else {})

    async def cookie(self, staff: Staff) -> dict[str, str]:
        """What the browser of a colleague who is signed in sends."""
        token = uuid.uuid4().hex
        await self.save(
            StaffSession(
                token_hash=token_hash(token),
                staff_id=staff.id,
                expires_at=datetime.now(UTC) + timedelta(hours=1),
            )
        )
        return {"Cookie": f"{STAFF_COOKIE}={token}"}


async def refusal(response: Any) -> tuple[int, str]:
    """Return status and code of an answer that is an error."""
    return response.status, (await response.json())["error"]["code"]
