"""Pages say which version made a score, also right after another is taken into use."""

import pytest

from crm_backend.models import CustomerPrediction
from crm_backend.services import what_if
from crm_backend.services.predictors import (
    add_trained,
    find_current,
    promote,
    roll_back,
)
from tests.crm_backend.test_predictor_registry import make

LIST = "/sales/customers"


@pytest.fixture
async def scored(shop, tmp_path):
    """Alice's risk of leaving, by the first of two predictors."""
    await shop.add_order(shop.alice)
    async with shop.sessions.begin() as session:
        row, _ = await add_trained(session, make(shop, tmp_path, "churn-1"))
        worse = make(shop, tmp_path, "churn-2", loss=9.0, auc=0.5, rival=0.1)
        await add_trained(session, worse)
        session.add(
            CustomerPrediction(
                customer_id=shop.alice.id,
                predictor_id=row.id,
                kind="churn",
                as_of=shop.now,
                p=0.37,
                p_low=0.3,
                p_high=0.4,
                reasons=[],
                alike=[],
            )
        )
    return shop


@pytest.fixture
def read(client, scored, monkeypatch):
    # The files of these predictors hold nothing that could be loaded.
    monkeypatch.setattr(what_if, "find_outcome", lambda row, var_dir: None)

    async def _read(path, language="en"):
        cookie = await scored.cookie(scored.rita)
        response = await client.get(f"{path}?lang={language}", headers=cookie)
        assert response.status == 200
        return await response.text()

    return _read


async def test_version_stands_with_its_scores_through_promotion_and_back(
    scored, read, tmp_path
):
    person = f"{LIST}/{scored.alice.number}"
    for page in (await read(LIST), await read(person)):
        assert 'href="/sales/models/churn-1"' in page
        assert "37%" in page
    async with scored.sessions.begin() as session:
        await promote(session, tmp_path, "churn-2")
    page = await read(LIST)
    assert "churn-2 is in use and has not scored anybody yet" in page
    assert "尚未评分" in await read(LIST, "zh")
    for shown in (page, await read(person)):
        assert "37%" not in shown
        assert "churn-1" not in shown
    assert 'In use: <a href="/sales/models/churn-2"' in await read(person)
    async with scored.sessions.begin() as session:
        await roll_back(session, tmp_path, await find_current(session, "churn"))
    for page in (await read(LIST), await read(person)):
        assert 'href="/sales/models/churn-1"' in page
        assert "37%" in page


async def test_without_any_predictor_the_list_says_how_to_make_one(read):
    assert "Nobody is scored for returns yet" in await read(LIST)
