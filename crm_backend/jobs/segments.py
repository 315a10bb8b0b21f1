"""Find the shop's groups of customers and describe what each needs."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.features import (
    NotEnoughData,
    ShopFrames,
    customer_features,
)
from crm_backend.config import shop_time_zone
from crm_backend.db import Sessions, reading
from crm_backend.errors import Conflict
from crm_backend.frames import data_as_of, load_frames
from crm_backend.jobs.job import Job, Report, log
from crm_backend.models import (
    Customer,
    PurchasePrediction,
    Segment,
    SegmentMember,
    utc_now,
)
from crm_backend.purchase_frames import load_complaints, load_lines, load_texts
from crm_backend.services.analyses import replace_analysis

ROWS_AT_ONCE = 5_000
RFM, CLUSTER = "rfm", "cluster"
# Of each member, averaged: what the page compares segments by.
MEANS = (
    "days_since_last_order",
    "mean_days_between_orders",
    "n_orders",
    "n_orders_365d",
    "mean_order_cents",
    "total_spent_cents",
    "mean_items_per_order",
    "n_categories",
    "share_discounted",
    "share_returned",
    "n_visits_30d",
)


@dataclass(frozen=True)
class _Records:
    frames: ShopFrames
    lines: pd.DataFrame
    complaints: pd.DataFrame
    texts: pd.DataFrame
    p_purchase: pd.Series
    allowed: frozenset[int]


@dataclass(frozen=True)
class _Found:
    segments: list[dict[str, Any]]
    members: dict[tuple[str, str], list[int]]
    card: dict[str, Any]


async def find_segments(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
) -> int:
    """Group all customers who allow it, in place of the groups of before.

    Returns:
        how many segments there are.

    Raises:
        Conflict: `not_enough_data`; the message names how much is needed.
    """
    report("Loading what customers bought and said")
    async with reading(sessions) as session:
        as_of = as_of or await data_as_of(session, utc_now())
        records = await _load(session, as_of)
    report(f"Comparing {len(records.allowed):,} customers")
    zone = shop_time_zone().key
    try:
        found = await asyncio.to_thread(_find, records, as_of, zone)
    except NotEnoughData as err:
        raise Conflict("not_enough_data", f"Finding segments {err}.") from err
    async with sessions.begin() as session:
        await _store(session, found)
        await replace_analysis(session, "segments", as_of, found.card)
    report(f"Found {len(found.segments)} segments")
    return len(found.segments)


async def _load(session: AsyncSession, as_of: datetime) -> _Records:
    allowed = frozenset(
        await session.scalars(select(Customer.id).where(Customer.consent_profiling))
    )
    newest = select(func.max(PurchasePrediction.id)).group_by(
        PurchasePrediction.customer_id
    )
    scores = await session.execute(
        select(PurchasePrediction.customer_id, PurchasePrediction.p_purchase).where(
            PurchasePrediction.id.in_(newest)
        )
    )
    return _Records(
        frames=await load_frames(session),
        lines=await load_lines(session, as_of),
        complaints=await load_complaints(session, as_of),
        texts=await load_texts(session, as_of),
        p_purchase=pd.Series(
            {customer_id: p for customer_id, p in scores}, dtype="float64"
        ),
        allowed=allowed,
    )


def _find(records: _Records, as_of: datetime, zone: str) -> _Found:
    from crm_backend.analytics.needs import describe_needs
    from crm_backend.analytics.segments import cluster, rfm_segments
    from crm_backend.analytics.themes import find_keywords, find_themes

    features = customer_features(records.frames, as_of)
    features = features[features.index.isin(records.allowed)]
    rfm = rfm_segments(features)["segment"]
    clusters = cluster(features)
    lines = records.lines[records.lines["allows_profiling"].astype(bool)]
    segments: list[dict[str, Any]] = []
    members: dict[tuple[str, str], list[int]] = {}
    themes: dict[str, Any] = {}
    for kind, groups in ((RFM, rfm), (CLUSTER, clusters.labels.astype(str))):
        needs = describe_needs(groups, lines, records.complaints, zone)
        keywords = find_keywords(records.texts, groups)
        themes[kind] = find_themes(records.texts, groups)
        for name in groups.value_counts().index:
            ids = groups.index[groups == name]
            traits = clusters.traits[int(name)] if kind == CLUSTER else []
            segments.append(
                {
                    "kind": kind,
                    "name": str(name),
                    "traits": [asdict(trait) for trait in traits],
                    "n_customers": len(ids),
                    "figures": _figures(features, ids, records.p_purchase),
                    "needs": needs.get(name, {}),
                    "keywords": keywords.get(name, {}),
                }
            )
            members[kind, str(name)] = [int(customer_id) for customer_id in ids]
    card = {
        "n_customers": len(features),
        "n_texts": len(records.texts),
        "silhouette": clusters.silhouette,
        "stability": clusters.stability,
        "is_stable": clusters.is_stable,
        "tried": {str(n): how for n, how in clusters.tried.items()},
        "themes": themes,
        "of_shop": _figures(features, features.index, records.p_purchase),
    }
    return _Found(segments, members, card)


def _figures(
    features: pd.DataFrame, ids: pd.Index, p_purchase: pd.Series
) -> dict[str, float | None]:
    """Means of the members; None where nothing is known."""
    own = features.loc[ids]
    spent = features["total_spent_cents"].sum()
    means: Mapping[Any, float] = own[list(MEANS)].mean().to_dict()
    scored = p_purchase[p_purchase.index.isin(ids)]
    found = {str(name): float(value) for name, value in means.items()}
    found |= {
        "share_of_customers": len(own) / len(features),
        "share_of_revenue": float(own["total_spent_cents"].sum() / spent)
        if spent
        else float("nan"),
        "p_purchase": float(scored.mean()) if len(scored) else float("nan"),
    }
    return {name: None if value != value else value for name, value in found.items()}


async def _store(session: AsyncSession, found: _Found) -> None:
    await session.execute(delete(SegmentMember))
    await session.execute(delete(Segment))
    # Who withdrew their consent meanwhile is left out.
    allowed = set(
        await session.scalars(select(Customer.id).where(Customer.consent_profiling))
    )
    rows = [Segment(**values) for values in found.segments]
    session.add_all(rows)
    await session.flush()
    values = [
        {"segment_id": row.id, "customer_id": customer_id}
        for row in rows
        for customer_id in found.members[row.kind, row.name]
        if customer_id in allowed
    ]
    for start in range(0, len(values), ROWS_AT_ONCE):
        await session.execute(
            insert(SegmentMember), values[start : start + ROWS_AT_ONCE]
        )


JOBS = (
    Job(
        "segments",
        "train",
        "Group customers and describe what each group needs",
        find_segments,
    ),
)
