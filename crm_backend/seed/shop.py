"""The whole demo shop as rows, computed without a database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from crm_backend.seed.catalogue import articles, seed_texts
from crm_backend.seed.habits import (
    Habits,
    discount_percent,
    draw_basket,
    draw_habits,
    draw_order_days,
    draw_visit_days,
)
from crm_backend.seed.ledger import Ledger, Row
from crm_backend.seed.orders import (
    CURRENCY,
    add_order,
    add_return,
    draw_course,
    draw_plan,
)
from crm_backend.seed.people import Person, make_people
from crm_backend.seed.stories import STORIES, STORY_NAMES, add_stories
from crm_backend.seed.talks import add_talks

HISTORY_DAYS = 730
# The simulation runs on past the present, so that those who are about to order
# already look around.
FUTURE_DAYS = 45
# Anonymous visits for each customer.
ANONYMOUS_VISITS = 4
P_TICKET = 0.012
P_TICKET_IF_LATE = 0.15
SOURCES = ("direct", "search", "newsletter", "social", "ad")
STAFF = (
    ("carol@deskmate.example", "Carol Baker", "agent"),
    ("rita@deskmate.example", "Rita Lang", "rep"),
    ("mia@deskmate.example", "Mia Torres", "manager"),
    ("adam@deskmate.example", "Adam Frost", "admin"),
    ("ravi@deskmate.example", "Ravi Patel", "rep"),
    ("lena@deskmate.example", "Lena Vogt", "rep"),
)
SEED = 20_240_229


def make_shop(
    as_of: datetime,
    n_customers: int = 2_000,
    *,
    taken: frozenset[str] = frozenset(),
    first_ids: dict[str, int] | None = None,
    advance: Callable[[], None] = lambda: None,
    agent_id: int = 1,
    with_talks: bool = True,
) -> dict[str, list[Row]]:
    """Compute all rows of the shop but the staff; the same ones for the same arguments.

    Args:
        as_of: the present of the shop.
        n_customers: including the story customers.
        taken: public numbers that are not free.
        first_ids: the first free id by table, where it is not 1.
        advance: called after each customer.
        agent_id: the colleague who answered customers.
        with_talks: whether customers chatted before.

    Returns:
        rows by table name, in an order that foreign keys allow.
    """
    ledger = Ledger(np.random.default_rng(SEED), as_of, taken, first_ids)
    _add_products(ledger)
    add_stories(ledger)
    n_others = max(n_customers - len(STORIES), 0)
    for person in make_people(ledger.rng, n_others, set(STORY_NAMES)):
        _add_customer(ledger, person)
        advance()
    _add_anonymous_visits(ledger, n_others * ANONYMOUS_VISITS)
    if with_talks:
        add_talks(ledger, agent_id)
    return dict(ledger.rows)


def _add_products(ledger: Ledger) -> None:
    for article in articles():
        ledger.add(
            "products",
            sku=article.sku,
            name=article.name,
            name_zh=article.name_zh,
            category=article.category,
            description=article.description,
            description_zh=article.description_zh,
            price_cents=article.price_cents,
            currency=CURRENCY,
            n_in_stock=int(ledger.rng.integers(0, 200)),
            is_active=True,
        )


def _add_customer(ledger: Ledger, person: Person) -> None:
    rng, clock = ledger.rng, _Clock(ledger.as_of)
    habits = draw_habits(rng)
    # More join in the second year than in the first.
    joined_day = clock.first_day + HISTORY_DAYS * float(rng.beta(1.3, 1.1))
    joined_at = clock.at(joined_day)
    customer = ledger.add(
        "customers",
        number=ledger.number("C"),
        name=person.name,
        email=person.email,
        phone=person.phone,
        language=person.language,
        city=person.address["city"],
        country=person.address["country"],
        joined_at=joined_at,
        consent_marketing=person.consent_marketing,
        consent_profiling=person.consent_profiling,
        consent_changed_at=joined_at,
    )
    last_day = clock.last_day + FUTURE_DAYS
    order_days, left_day = draw_order_days(rng, habits, joined_day, last_day)
    for day in order_days:
        if clock.at(day) <= ledger.as_of:
            _add_purchase(ledger, person, customer, habits, day)
    for day in draw_visit_days(rng, habits, order_days, joined_day, left_day, last_day):
        visited_at = clock.at(day)
        if visited_at <= ledger.as_of:
            _add_visit(ledger, customer["id"], visited_at)


def _add_purchase(
    ledger: Ledger, person: Person, customer: Row, habits: Habits, day: float
) -> None:
    rng = ledger.rng
    ordered_at = _Clock(ledger.as_of).at(day)
    course = draw_course(rng, ordered_at, person.address["country"])
    order = add_order(
        ledger,
        customer,
        person.address,
        ordered_at,
        draw_basket(rng, habits),
        course,
        percent_off=discount_percent(rng, habits, day),
    )
    if order["status"] == "delivered" and rng.random() < habits.p_return:
        plan = draw_plan(rng, course.delivered_at)
        add_return(ledger, order, person.language, plan)
    if rng.random() < (P_TICKET_IF_LATE if course.is_late else P_TICKET):
        opened_at = course.delivered_at - timedelta(hours=float(rng.uniform(1, 48)))
        if opened_at > ordered_at and opened_at <= ledger.as_of:
            _add_ticket(ledger, customer, order, opened_at.replace(microsecond=0))


def _add_ticket(ledger: Ledger, customer: Row, order: Row, opened_at: datetime) -> None:
    rng, language = ledger.rng, customer["language"]
    kinds = seed_texts()["tickets"]
    kind = kinds[int(rng.integers(len(kinds)))]
    patience = 10 if rng.random() < 0.15 else 1
    resolved_at = opened_at + timedelta(hours=float(rng.gamma(2, 30)) * patience)
    resolved_at = resolved_at.replace(microsecond=0)
    is_resolved = resolved_at <= ledger.as_of
    is_answered = not is_resolved and bool(rng.random() < 0.4)
    score = float(kind["sentiment"])
    ticket = ledger.add(
        "tickets",
        number=ledger.number("T"),
        customer_id=customer["id"],
        order_id=order["id"],
        conversation_id=None,
        subject=kind["subject"][language],
        description=kind["description"][language],
        category=kind["category"],
        status="resolved" if is_resolved else "pending" if is_answered else "open",
        priority=kind["priority"],
        language=language,
        sentiment_label="negative" if score < -0.2 else _label(score),
        sentiment_score=score,
        transcript=[],
        opened_at=opened_at,
        updated_at=resolved_at if is_resolved else opened_at,
        resolved_at=resolved_at if is_resolved else None,
    )
    actor = f"customer:{customer['number']}"
    _add_event(ledger, ticket, "opened", actor, None, opened_at)
    if is_resolved:
        notes = seed_texts()["ticket_notes"]
        note = notes[int(rng.integers(len(notes)))][language]
        staff = f"staff:{STAFF[0][0]}"
        halfway = opened_at + (resolved_at - opened_at) / 2
        _add_event(ledger, ticket, "note", staff, note, halfway)
        _add_event(ledger, ticket, "status_changed", staff, "resolved", resolved_at)


def _label(score: float) -> str:
    return "positive" if score > 0.2 else "neutral"


def _add_event(
    ledger: Ledger,
    ticket: Row,
    kind: str,
    actor: str,
    body: str | None,
    occurred_at: datetime,
) -> None:
    ledger.add(
        "ticket_events",
        ticket_id=ticket["id"],
        kind=kind,
        actor=actor,
        body=body,
        occurred_at=occurred_at.replace(microsecond=0),
    )


def _add_visit(ledger: Ledger, customer_id: int | None, visited_at: datetime) -> None:
    rng = ledger.rng
    nth = int(rng.integers(-10, len(articles())))
    article = articles()[nth] if nth >= 0 else None
    ledger.add(
        "visits",
        import_key=None,
        customer_id=customer_id,
        product_id=ledger.product_id(article) if article else None,
        page=f"/products/{article.sku}" if article else "/",
        source=SOURCES[int(rng.integers(len(SOURCES)))],
        visited_at=visited_at,
        duration_seconds=int(rng.gamma(1.5, 60)) + 1,
    )


def _add_anonymous_visits(ledger: Ledger, n_visits: int) -> None:
    clock = _Clock(ledger.as_of)
    days = ledger.rng.uniform(clock.first_day, clock.last_day, size=n_visits)
    for day in np.sort(days):
        _add_visit(ledger, None, clock.at(float(day)))


class _Clock:
    """Counts days from a first of January, so that seasons are easy to tell."""

    def __init__(self, as_of: datetime) -> None:
        first = as_of - timedelta(days=HISTORY_DAYS)
        self._epoch = datetime(first.year, 1, 1, tzinfo=UTC)
        self.first_day = (first - self._epoch) / timedelta(days=1)
        self.last_day = (as_of - self._epoch) / timedelta(days=1)

    def at(self, day: float) -> datetime:
        """Return the moment `day` days after the epoch, to the second."""
        return (self._epoch + timedelta(days=day)).replace(microsecond=0)


def staff_rows(password_hash: str, first_id: int = 1) -> list[dict[str, Any]]:
    """Return the demo's colleagues: one of each role, and two more reps."""
    return [
        {
            "id": first_id + nth,
            "email": email,
            "name": name,
            "role": role,
            "password_hash": password_hash,
            "is_active": True,
        }
        for nth, (email, name, role) in enumerate(STAFF)
    ]
