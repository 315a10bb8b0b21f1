"""Stored categories, on each database: the newest counts, by the predictor in use."""

from datetime import timedelta

import pandas as pd
import pytest

from crm_backend.analytics.category_terms import KIND
from crm_backend.models import CategoryPrediction, Predictor
from crm_backend.services.category_predictions import (
    find_stored_categories,
    store_categories,
)


@pytest.fixture
async def predictor(shop):
    return await shop.save(
        Predictor(
            version="category-1",
            kind=KIND,
            horizon_days=90,
            as_of=shop.now,
            n_train=500,
            base_rate=0.3,
            metrics={},
            file_name="none",
            is_current=True,
        )
    )


async def store(shop, predictor, category, days_ago=0):
    likeliest = pd.Series([[{"category": category, "p": 0.4}]], index=[shop.alice.id])
    as_of = shop.now - timedelta(days=days_ago)
    async with shop.sessions.begin() as session:
        await store_categories(session, predictor, likeliest, as_of=as_of, now=shop.now)


async def test_newest_counts_and_the_same_moment_is_stored_once(shop, predictor):
    await store(shop, predictor, "tea", days_ago=1)
    await store(shop, predictor, "cups")
    await store(shop, predictor, "coffee")
    assert await shop.count(CategoryPrediction) == 2
    async with shop.sessions() as session:
        found = await find_stored_categories(session, shop.alice)
        nobody = await find_stored_categories(session, shop.bob)
    assert found.likeliest == [{"category": "coffee", "p": 0.4}]
    assert found.as_of == shop.now
    assert (nobody.likeliest, nobody.missing) == ((), "score")


async def test_scores_of_another_version_do_not_count(shop, predictor):
    await store(shop, predictor, "tea")
    async with shop.sessions.begin() as session:
        row = await session.get(Predictor, predictor.id)
        row.is_current = False
    async with shop.sessions() as session:
        found = await find_stored_categories(session, shop.alice)
    assert (found.likeliest, found.missing) == ((), "predictor")
