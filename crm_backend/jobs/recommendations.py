"""Learn what to offer to each customer, and what is bought together."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import delete, insert, select

from crm_backend.analytics.features import NotEnoughData
from crm_backend.db import Sessions, reading
from crm_backend.errors import Conflict
from crm_backend.frames import data_as_of
from crm_backend.jobs.job import Job, Report, log
from crm_backend.models import Customer, ProductRule, Recommendation, utc_now
from crm_backend.purchase_frames import load_lines
from crm_backend.services.analyses import replace_analysis

N_PER_LIST = 10
ROWS_AT_ONCE = 5_000

Rows = list[dict[Any, Any]]


async def find_recommendations(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
) -> int:
    """Recommend to all customers who allow it, in place of what was before.

    Returns:
        how many customers have recommendations.

    Raises:
        Conflict: `not_enough_data`; the message names how much is needed.
    """
    report("Loading what was bought")
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        lines = await load_lines(session, as_of)
    report(f"Learning from {len(lines):,} order lines")
    try:
        lists, rules, card = await asyncio.to_thread(_find, lines, as_of)
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"A recommendation {err}.") from err
    async with sessions.begin() as session:
        await session.execute(delete(Recommendation))
        await session.execute(delete(ProductRule))
        # Who withdrew their consent meanwhile is left out.
        allowed = set(
            await session.scalars(select(Customer.id).where(Customer.consent_profiling))
        )
        lists = [row for row in lists if row["customer_id"] in allowed]
        for table, rows in ((Recommendation, lists), (ProductRule, rules)):
            for start in range(0, len(rows), ROWS_AT_ONCE):
                await session.execute(insert(table), rows[start : start + ROWS_AT_ONCE])
        await replace_analysis(session, "recommendations", as_of, card)
    n_customers = len({row["customer_id"] for row in lists})
    report(f"Recommended to {n_customers:,} customers: {_method(card)}")
    return n_customers


def _find(lines: pd.DataFrame, as_of: datetime) -> tuple[Rows, Rows, dict[str, Any]]:
    from crm_backend.analytics.recommend import learn
    from crm_backend.analytics.recommend_rules import find_rules

    allowed = lines[lines["allows_profiling"].astype(bool)]
    recommender = learn(allowed, as_of)
    lists = recommender.recommend(n=N_PER_LIST)
    # The database knows None, not a missing number.
    rows: Rows = lists.astype(object).where(lists.notna(), None).to_dict("records")
    # Pairs of articles say nothing of one customer: all orders count.
    rules: Rows = find_rules(lines, pd.Timestamp(as_of)).to_dict("records")
    card = {
        name: {
            "method": choice.method,
            "hits_at_10": choice.hits_at_10,
            "n_customers": choice.n_customers,
            "beats_most_popular": choice.beats_most_popular,
        }
        for name, choice in recommender.choices.items()
    }
    return rows, rules, card | {"n_lines": len(allowed), "n_rules": len(rules)}


def _method(card: dict[str, Any]) -> str:
    return ", ".join(f"{name} by {card[name]['method']}" for name in ("all", "new"))


JOBS = (
    Job(
        "recommendations",
        "train",
        "Learn what to offer to each customer and what is bought together",
        find_recommendations,
    ),
)
