"""The demo's sales work: opportunities, tasks, targets, and two past campaigns."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from crm_backend.seed.ledger import Ledger, Row
from crm_backend.seed.orders import CURRENCY

SEED = 20_261_101
OPEN_STAGES = ("lead", "qualified", "proposal", "negotiation")
# Months with closed deals, the running one included.
N_MONTHS = 5
DEALS_A_MONTH = 4
OPEN_DEALS = 9
N_TASKS = 7
# How much of what a rep closes is won; the others differ from the first.
P_WON = (0.62, 0.5, 0.4)
TARGET_CENTS = (1_800_000, 1_500_000, 1_200_000)
P_TREATED = 0.5
# Below that there is nobody to compare with.
MIN_AUDIENCE = 4


def make_sales(
    rows: Mapping[str, list[Row]],
    sellers: Mapping[str, int],
    as_of: datetime,
    *,
    taken: frozenset[str] = frozenset(),
    first_ids: dict[str, int] | None = None,
) -> dict[str, list[Row]]:
    """Compute the rows of the sales tables; the same ones for the same arguments.

    Args:
        rows: of the shop, with its customers and orders.
        sellers: row ids of the reps by e-mail address, in a fixed order.
        as_of: the present of the shop.
        taken: public numbers that are not free.
        first_ids: the first free id by table, where it is not 1.
    """
    ledger = Ledger(np.random.default_rng(SEED), as_of, taken, first_ids)
    customers = rows["customers"]
    if not customers:
        return {}
    for nth, staff_id in enumerate(sellers.values()):
        deals = [
            _add_closed(ledger, customers, staff_id, P_WON[nth % len(P_WON)], months)
            for months in range(N_MONTHS)
            for _ in range(DEALS_A_MONTH)
        ]
        deals += [_add_open(ledger, customers, staff_id) for _ in range(OPEN_DEALS)]
        _add_tasks(ledger, [d for d in deals if d and d["closed_at"] is None], staff_id)
        for months in range(N_MONTHS):
            ledger.add(
                "sales_targets",
                staff_id=staff_id,
                month_on=_month(as_of, months),
                currency=CURRENCY,
                target_cents=TARGET_CENTS[nth % len(TARGET_CENTS)],
            )
    for plan in _texts()["campaigns"]:
        _add_campaign(ledger, rows, plan)
    return dict(ledger.rows)


@cache
def _texts() -> dict[str, Any]:
    path = Path(__file__).with_name("sales.yml")
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def _month(as_of: datetime, months_ago: int) -> date:
    day = as_of.date().replace(day=1)
    for _ in range(months_ago):
        day = (day - timedelta(days=1)).replace(day=1)
    return day


def _pick(ledger: Ledger, values: Any) -> Any:
    return values[int(ledger.rng.integers(len(values)))]


def _add_closed(
    ledger: Ledger, customers: list[Row], staff_id: int, p_won: float, months_ago: int
) -> Row | None:
    """Add a deal that was closed in a month; None if that day has not come."""
    month = _month(ledger.as_of, months_ago)
    day = int(ledger.rng.integers(0, 28))
    closed_at = datetime(month.year, month.month, 1, 15, tzinfo=ledger.as_of.tzinfo)
    closed_at += timedelta(days=day)
    is_won = ledger.rng.random() < p_won
    took = timedelta(days=int(ledger.rng.integers(12, 60)))
    deal = _deal(ledger, customers, staff_id, closed_at - took)
    if closed_at > ledger.as_of:
        return None
    stages = [*OPEN_STAGES, "won"] if is_won else [*OPEN_STAGES[:3], "lost"]
    row = ledger.add(
        "opportunities",
        **deal,
        stage=stages[-1],
        p_win=None,
        expected_close_on=closed_at.date(),
        updated_at=closed_at,
        closed_at=closed_at,
    )
    _add_moves(ledger, row, stages, closed_at)
    return row


def _add_open(ledger: Ledger, customers: list[Row], staff_id: int) -> Row:
    began_at = ledger.as_of - timedelta(days=int(ledger.rng.integers(2, 45)))
    deal = _deal(ledger, customers, staff_id, began_at)
    reached = int(ledger.rng.integers(1, len(OPEN_STAGES) + 1))
    due = ledger.as_of.date() + timedelta(days=int(ledger.rng.integers(-6, 70)))
    thinks = ledger.rng.random() < 0.25
    moved_at = began_at + (ledger.as_of - began_at) / 2
    row = ledger.add(
        "opportunities",
        **deal | ({"value_cents": None} if ledger.rng.random() < 0.08 else {}),
        stage=OPEN_STAGES[reached - 1],
        p_win=round(float(ledger.rng.uniform(0.3, 0.9)), 2) if thinks else None,
        expected_close_on=due if ledger.rng.random() < 0.9 else None,
        updated_at=moved_at.replace(microsecond=0),
        closed_at=None,
    )
    _add_moves(ledger, row, list(OPEN_STAGES[:reached]), moved_at)
    return row


def _deal(
    ledger: Ledger, customers: list[Row], staff_id: int, began_at: datetime
) -> Row:
    customer = _pick(ledger, customers)
    return {
        "number": ledger.number("O"),
        "customer_id": customer["id"],
        "owner_id": staff_id,
        "title": _pick(ledger, _texts()["titles"])[customer["language"]],
        # Most are small, a few large.
        "value_cents": 10_000 * int(20 + ledger.rng.gamma(2.0, 25)),
        "currency": CURRENCY,
        "created_at": began_at.replace(microsecond=0),
    }


def _add_moves(ledger: Ledger, deal: Row, stages: list[str], last: datetime) -> None:
    steps = max(len(stages) - 1, 1)
    for nth, stage in enumerate(stages):
        moved_at = deal["created_at"] + (last - deal["created_at"]) * (nth / steps)
        ledger.add(
            "opportunity_moves",
            opportunity_id=deal["id"],
            staff_id=deal["owner_id"],
            stage=stage,
            moved_at=moved_at.replace(microsecond=0),
        )


def _add_tasks(ledger: Ledger, deals: list[Row], staff_id: int) -> None:
    for nth in range(N_TASKS):
        deal = _pick(ledger, deals)
        created_at = ledger.as_of - timedelta(days=int(ledger.rng.integers(1, 9)))
        is_done = nth % 3 == 2
        # The title is in the language of the deal's own.
        titles = [one["en"] for one in _texts()["titles"]]
        language = "en" if deal["title"] in titles else "zh"
        ledger.add(
            "sales_tasks",
            number=ledger.number("K"),
            staff_id=staff_id,
            customer_id=deal["customer_id"],
            opportunity_id=deal["id"],
            title=_pick(ledger, _texts()["tasks"])[language],
            due_on=ledger.as_of.date()
            + timedelta(days=int(ledger.rng.integers(-3, 9))),
            created_at=created_at,
            done_at=created_at + timedelta(hours=20) if is_done else None,
        )


def _add_campaign(
    ledger: Ledger, rows: Mapping[str, list[Row]], plan: dict[str, Any]
) -> None:
    """Add a campaign; in the demo who bought is drawn first, the groups after."""
    starts_on = ledger.as_of.date() - timedelta(days=plan["starts_days_ago"])
    ends_on = starts_on + timedelta(days=plan["n_days"] - 1)
    buyers = {
        order["customer_id"]
        for order in rows["orders"]
        if starts_on <= order["ordered_at"].date() <= ends_on
        and order["status"] != "cancelled"
    }
    audience = [
        one
        for one in rows["customers"]
        if one["consent_marketing"] and one["joined_at"].date() < starts_on
    ]
    if len(audience) < MIN_AUDIENCE:
        return
    campaign = ledger.add(
        "campaigns",
        number=ledger.number("M"),
        name=plan["name"],
        starts_on=starts_on,
        ends_on=ends_on,
        audience=plan["audience"],
        cost_cents=plan["cost_cents"],
        currency=CURRENCY,
        created_at=ledger.as_of - timedelta(days=plan["starts_days_ago"] + 5),
    )
    odds = plan["lift"]
    p_if_buyer = P_TREATED * odds / (P_TREATED * odds + 1 - P_TREATED)
    for nth, customer in enumerate(audience):
        p_treated = p_if_buyer if customer["id"] in buyers else P_TREATED
        is_treated = ledger.rng.random() < p_treated
        if nth < MIN_AUDIENCE:
            # In the smallest shop too both groups have somebody.
            is_treated = nth % 2 == 0
        ledger.rows["campaign_members"].append(
            {
                "campaign_id": campaign["id"],
                "customer_id": customer["id"],
                "group": "treated" if is_treated else "control",
            }
        )
