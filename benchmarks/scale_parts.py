"""What is measured of the small and of the large shop, by the jobs' own functions."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.scale_history import AS_OF
from crm_backend.analytics.features import customer_features
from crm_backend.analytics.outcome_terms import OUTCOMES
from crm_backend.db import Sessions, make_engine, make_sessions, reading
from crm_backend.frames import list_allowed, load_frames
from crm_backend.jobs.purchase import train_purchase
from crm_backend.jobs.registry import list_jobs
from crm_backend.jobs.score_storage import store_scores
from crm_backend.models import (
    Base,
    Customer,
    Predictor,
    PurchasePrediction,
    utc_now,
)
from crm_backend.seed import seed_shop
from crm_backend.services.insights import (
    find_loaded,
    find_predictor,
    learned_currency,
    predict_purchase,
)
from crm_backend.services.insights import score_features as score_purchases
from crm_backend.services.predictions import find_outcome
from crm_backend.services.predictions import score_features as score_outcomes
from crm_backend.services.predictors import find_current

N_SMALL = 2_000
N_ASKED = 100
# Outcomes are predicted by several estimators with 17 copies of each customer.
N_OUTCOMES = 20_000

Tell = Callable[[str], object]
Peak = Callable[[], float]


class Clock:
    """Takes the time of parts, and keeps it as figures.

    Attributes:
        figures: of each part the seconds, and those of the processor: on a machine
            that others use too, only the latter say what the work takes.
    """

    def __init__(self, tell: Tell, peak: Peak) -> None:
        self.figures: dict[str, float] = {}
        self._tell = tell
        self._peak = peak

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Take the time of a part."""
        started, began = time.perf_counter(), time.process_time()
        yield
        took, spent = time.perf_counter() - started, time.process_time() - began
        self.figures[name] = took
        self.figures[f"{name}, CPU"] = spent
        so_far = f"at most {self._peak():,.0f} MB so far"
        self._tell(f"{name}: {took:.1f} s, {spent:.1f} s of the processor; {so_far}")


async def make_small(work: Path, sessions: Sessions, engine: AsyncEngine) -> None:
    """Make the demo shop."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await seed_shop(sessions, password="not a secret", as_of=AS_OF, n_customers=N_SMALL)


async def measure_small(work: Path, tell: Tell, peak: Peak) -> dict[str, float]:
    """Train and score the demo shop, then ask about single customers.

    Returns:
        seconds of each job and of all, milliseconds of one customer, MB of memory.
    """
    engine = make_engine(f"sqlite+aiosqlite:///{work}/small.sqlite3")
    sessions = make_sessions(engine)
    await make_small(work, sessions, engine)
    clock = Clock(tell, peak)
    with clock.time("small shop: train everything"):
        for job in list_jobs("train"):
            with clock.time(f"train {job.name}"):
                await job.run(sessions, work, as_of=AS_OF, report=tell)
    with clock.time("small shop: score everything"):
        for job in list_jobs("score"):
            await job.run(sessions, work, as_of=AS_OF, report=tell)
    figures = clock.figures | await _ask(sessions, work)
    figures["small shop: peak memory"] = peak()
    await engine.dispose()
    return figures


async def train_small(work: Path, tell: Tell, peak: Peak) -> dict[str, float]:
    """Make the demo shop and train what predicts purchases, for the large one."""
    engine = make_engine(f"sqlite+aiosqlite:///{work}/small.sqlite3")
    sessions = make_sessions(engine)
    await make_small(work, sessions, engine)
    await train_purchase(sessions, work, as_of=AS_OF, report=tell)
    figures = await _ask(sessions, work)
    await engine.dispose()
    return figures


async def _ask(sessions: Sessions, work: Path) -> dict[str, float]:
    """Score one customer after the other, as the chat does."""
    async with reading(sessions) as session:
        query = select(Customer.id).where(Customer.consent_profiling).limit(N_ASKED)
        customer_ids = list(await session.scalars(query))
    took_ms, spent_ms = [], []
    for customer_id in customer_ids:
        started, began = time.perf_counter(), time.process_time()
        async with sessions.begin() as session:
            customer = await session.get_one(Customer, customer_id)
            await predict_purchase(session, work, customer, now=AS_OF)
        spent_ms.append(1_000 * (time.process_time() - began))
        took_ms.append(1_000 * (time.perf_counter() - started))
    return {
        "small shop: one customer now, median": float(np.median(took_ms)),
        "small shop: one customer now, 95 %": float(np.percentile(took_ms, 95)),
        "small shop: one customer now, median, CPU": float(np.median(spent_ms)),
        "small shop: one customer now, 95 %, CPU": float(np.percentile(spent_ms, 95)),
    }


async def measure_large(work: Path, tell: Tell, peak: Peak) -> dict[str, float]:
    """Load, summarise, score and store the large shop.

    Returns:
        seconds of each part, and MB of memory at the end of the features and in all.
    """
    small = make_engine(f"sqlite+aiosqlite:///{work}/small.sqlite3")
    large = make_engine(f"sqlite+aiosqlite:///{work}/large.sqlite3")
    sessions = make_sessions(large)
    await _copy_predictors(make_sessions(small), sessions)
    clock = Clock(tell, peak)
    timed, figures = clock.time, clock.figures
    async with reading(sessions) as session:
        row = await find_predictor(session)
        if row is None:
            raise SystemExit("the small shop has no predictor")
        with timed("load records"):
            frames = await load_frames(session, currency=learned_currency(row))
        allowed = await list_allowed(session)
    with timed("features"):
        features = await asyncio.to_thread(customer_features, frames, AS_OF)
    figures["features, peak memory"] = peak()
    predictor = find_loaded(row, work)
    if predictor is None:
        raise SystemExit("the predictor cannot be loaded")
    chosen = features[features.index.isin(allowed)]
    with timed("score purchase"):
        scores = await asyncio.to_thread(score_purchases, predictor, chosen)
    with timed("store purchase"):
        await store_scores(
            sessions,
            PurchasePrediction,
            row.id,
            scores,
            as_of=AS_OF,
            scored_at=utc_now(),
            to_values=dict,
        )
    for kind in ("churn", "refund"):
        async with reading(sessions) as session:
            outcome_row = await find_current(session, kind)
        outcome = find_outcome(outcome_row, work)
        if outcome is None:
            continue
        limit = OUTCOMES[kind].max_days_since_last_order
        asked = chosen[chosen["days_since_last_order"] <= limit]
        figures[f"customers asked about {kind}"] = float(len(asked))
        some = asked.sample(min(N_OUTCOMES, len(asked)), random_state=0)
        with timed(f"score {kind}, {len(some):,} of them"):
            await asyncio.to_thread(score_outcomes, outcome, some)
    figures["large shop: peak memory"] = peak()
    await small.dispose()
    await large.dispose()
    return figures


async def _copy_predictors(small: Sessions, large: Sessions) -> None:
    """Let the large shop use the predictors of the small one."""
    async with reading(small) as session:
        rows = (await session.execute(select(Predictor.__table__))).mappings().all()
    async with large.begin() as session:
        await session.execute(insert(Predictor), [dict(row) for row in rows])
