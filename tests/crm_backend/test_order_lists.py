"""Stored expectations, on each database: the newest counts, by the predictor in use."""

from datetime import timedelta

import pandas as pd
import pytest

from crm_backend.analytics.order_terms import KIND
from crm_backend.models import OrderPrediction, Predictor
from crm_backend.services.order_predictions import (
    find_stored_orders,
    list_currencies,
    list_expected,
    store_orders,
)


@pytest.fixture
async def predictor(shop):
    return await shop.save(
        Predictor(
            version="orders-1",
            kind=KIND,
            horizon_days=90,
            as_of=shop.now,
            n_train=500,
            base_rate=0.6,
            metrics={"mean_orders": 1.2, "mean_spend_cents": 6_000.0},
            file_name="none",
            is_current=True,
        )
    )


def make_scores(**spend):
    """Scores of customers by id, with their expected spend in cents."""
    return pd.DataFrame(
        [
            {
                "expected_orders": 10_000 / cents,
                "orders_low": 0.0,
                "orders_high": 4.0,
                "order_cents": 2_000,
                "expected_spend_cents": cents,
                "spend_low_cents": 0,
                # More than 32 bits hold.
                "spend_high_cents": 5_000_000_000,
                "reasons": [{"feature": "n_orders", "value": 3.0, "contribution": 0.4}],
            }
            for cents in spend.values()
        ],
        index=[int(name[1:]) for name in spend],
    )


async def store(shop, predictor, scores, days_ago=0):
    as_of = shop.now - timedelta(days=days_ago)
    async with shop.sessions.begin() as session:
        await store_orders(
            session, predictor, scores, currency="EUR", as_of=as_of, now=shop.now
        )


async def test_newest_of_each_customer_counts(shop, predictor):
    a, b = f"c{shop.alice.id}", f"c{shop.bob.id}"
    await store(shop, predictor, make_scores(**{a: 9_000, b: 5_000}), days_ago=1)
    await store(shop, predictor, make_scores(**{a: 4_000, b: 5_000}))
    async with shop.sessions() as session:
        by_spend = await list_expected(session)
        by_orders = await list_expected(session, sort="orders")
        one = await find_stored_orders(session, shop.alice)
    assert [row.customer.name for row in by_spend] == ["Bob Brandt", "Alice Adler"]
    assert [row.customer.name for row in by_orders] == ["Alice Adler", "Bob Brandt"]
    assert one.prediction.expected_spend_cents == 4_000
    assert one.prediction.spend_high_cents == 5_000_000_000


async def test_same_moment_is_stored_once(shop, predictor):
    a, b = f"c{shop.alice.id}", f"c{shop.bob.id}"
    await store(shop, predictor, make_scores(**{a: 9_000, b: 5_000}))
    await store(shop, predictor, make_scores(**{a: 9_000, b: 5_000}))
    assert await shop.count(OrderPrediction) == 2
    # One customer who is scored anew leaves the others alone.
    await store(shop, predictor, make_scores(**{a: 7_000}))
    assert await shop.count(OrderPrediction) == 2


async def test_scores_of_another_version_do_not_count(shop, predictor):
    await store(shop, predictor, make_scores(**{f"c{shop.alice.id}": 9_000}))
    async with shop.sessions.begin() as session:
        row = await session.get(Predictor, predictor.id)
        row.is_current = False
    async with shop.sessions() as session:
        assert await list_expected(session) == []
        estimate = await find_stored_orders(session, shop.alice)
    assert (estimate.prediction, estimate.missing) == (None, "predictor")


async def test_customer_without_a_score_is_told_apart(shop, predictor):
    async with shop.sessions() as session:
        estimate = await find_stored_orders(session, shop.bob)
    assert estimate.missing == "score"


async def test_currencies_are_those_of_orders_that_stand(shop):
    await shop.add_order(shop.alice)
    await shop.add_order(shop.alice, status="cancelled", currency="USD")
    async with shop.sessions() as session:
        assert await list_currencies(session) == ["EUR"]
