"""Which predictor is in use: the better one, until a manager says otherwise."""

import hashlib
from datetime import timedelta

import pytest

from crm_backend.errors import Conflict
from crm_backend.models import Predictor
from crm_backend.services.predictors import (
    add_trained,
    find_current,
    promote,
    roll_back,
)

API = "/api/v1/insights/predictor-versions"


def make(shop, tmp_path, version, *, days_ago=0, loss=0.5, auc=0.7, rival=None):
    """A predictor whose file lies in `tmp_path`."""
    content = version.encode()
    (tmp_path / version).write_bytes(content)
    as_of = shop.now - timedelta(days=days_ago)
    metrics = {
        "family": "decision_tree",
        "learned_from": (as_of - timedelta(days=300)).isoformat(),
        "learned_to": as_of.isoformat(),
        "test_as_of": (as_of - timedelta(days=90)).isoformat(),
        "n_test": 10,
        "n_test_happened": 5,
        "test": {"roc_auc": auc, "log_loss": loss},
        "baseline": "n_orders",
        "baseline_test": {"roc_auc": 0.6, "log_loss": 0.7},
        "beats_baseline": True,
        "calibration": [],
        "file_sha256": hashlib.sha256(content).hexdigest(),
    }
    if rival is not None:
        metrics["rival_test"] = {"roc_auc": 0.7, "log_loss": rival}
    return Predictor(
        version=version,
        kind="churn",
        horizon_days=90,
        as_of=as_of,
        n_train=100,
        base_rate=0.3,
        metrics=metrics,
        file_name=version,
    )


@pytest.fixture
def add(shop, tmp_path):
    async def _add(version, **how):
        async with shop.sessions.begin() as session:
            row = make(shop, tmp_path, version, **how)
            return (await add_trained(session, row))[1]

    return _add


@pytest.fixture
def current(shop):
    async def _current():
        async with shop.sessions() as session:
            row = await find_current(session, "churn")
            return row and row.version

    return _current


async def test_first_of_its_kind_is_used(add, current):
    assert "first of its kind" in await add("churn-1")
    assert await current() == "churn-1"


async def test_better_one_on_the_same_later_days_replaces(add, current):
    await add("churn-1", days_ago=200)
    said = await add("churn-2", loss=0.48, rival=0.5)
    assert "replaces churn-1: log loss 0.4800 against 0.5000" in said
    assert await current() == "churn-2"


async def test_worse_one_is_kept_but_not_used(add, current, shop):
    await add("churn-1", days_ago=200)
    said = await add("churn-2", loss=0.52, rival=0.5)
    assert "churn-1 stays in use" in said
    assert await current() == "churn-1"
    assert (await shop.load(Predictor, version="churn-2")).promoted_at is None


@pytest.mark.parametrize(("auc", "wins"), [(0.69, "churn-2"), (0.66, "churn-1")])
async def test_one_that_saw_the_days_counts_by_its_own_test(add, current, auc, wins):
    await add("churn-1", days_ago=1)
    # It has learned from the days that test the new one, so its loss there is low.
    said = await add("churn-2", auc=auc, loss=0.5, rival=0.1)
    assert "each on its own later days" in said
    assert await current() == wins


async def test_unusable_one_is_replaced_by_any(add, current):
    await add("churn-1", days_ago=200)
    await add("churn-2", loss=9.0)
    assert await current() == "churn-2"


async def test_training_the_same_again_changes_nothing(add, current):
    await add("churn-1")
    assert "in use already" in await add("churn-1")
    assert await current() == "churn-1"


async def test_manager_rolls_back_and_promotes_over_http(client, shop, add, current):
    await add("churn-1", days_ago=200)
    await add("churn-2", loss=0.4, rival=0.5)
    rita, mona = await shop.cookie(shop.rita), await shop.cookie(shop.mona)
    back, there = f"{API}/churn-2/rollbacks", f"{API}/churn-2/promotions"
    for path in (back, there):
        assert (await client.post(path, headers=rita)).status == 403
    answer = await (await client.post(back, headers=mona)).json()
    assert (answer["version"], answer["is_current"]) == ("churn-1", True)
    assert await current() == "churn-1"
    again = await client.post(back, headers=mona)
    assert (await again.json())["error"]["code"] == "predictor_not_in_use"
    assert (await client.post(there, headers=mona)).status == 200
    assert await current() == "churn-2"
    listed = await (await client.get(API, headers=rita)).json()
    assert [one["is_current"] for one in listed["items"]] == [True, False]


async def test_changed_file_is_refused_and_what_is_used_stays(
    shop, add, current, tmp_path
):
    await add("churn-1", days_ago=200)
    await add("churn-2", loss=0.4, rival=0.5)
    (tmp_path / "churn-1").write_bytes(b"something else")
    async with shop.sessions.begin() as session:
        with pytest.raises(Conflict) as caught:
            await promote(session, tmp_path, "churn-1")
        assert caught.value.code == "predictor_unusable"
        row = await find_current(session, "churn")
        with pytest.raises(Conflict) as caught:
            await roll_back(session, tmp_path, row)
        assert caught.value.code == "nothing_before"
    assert await current() == "churn-2"


async def test_page_has_the_form_for_managers_only(client, shop, add, current):
    await add("churn-1", days_ago=200)
    await add("churn-2", loss=0.4, rival=0.5)
    path = "/sales/models/churn-2?lang=en"
    rita, mona = await shop.cookie(shop.rita), await shop.cookie(shop.mona)
    assert "Back to the one" not in await (await client.get(path, headers=rita)).text()
    assert "Back to the one" in await (await client.get(path, headers=mona)).text()
    form = {"action": "roll_back"}
    refused = await client.post(path, data=form, headers=rita)
    assert refused.status == 403
    forged = await client.post(
        path, data=form, headers=mona | {"Origin": "https://other.example"}
    )
    assert forged.status == 403
    assert await current() == "churn-2"
    done = await client.post(path, data=form, headers=mona, allow_redirects=False)
    assert done.headers["Location"] == "/sales/models/churn-1"
    assert await current() == "churn-1"
    stale = await client.post(path, data=form, headers=mona)
    assert stale.status == 409
    assert "not in use any more" in await stale.text()
