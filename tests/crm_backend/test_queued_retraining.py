"""Customers who change make a predictor train again: queued, with its reason."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from crm_backend.errors import Conflict
from crm_backend.jobs import retraining
from crm_backend.jobs.drift import keep_drift
from crm_backend.jobs.retraining import retrain_queued
from crm_backend.models import Predictor, RetrainingRequest
from crm_backend.queued_retraining import QueuedRetraining
from crm_backend.services.predictors import add_trained, find_current
from crm_backend.services.retrainings import request_retraining, take_request
from tests.crm_backend.test_predictor_registry import make

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CLEAR = {"level": "clear", "psi": {"p": 0.1, "n_visits_30d": 0.4}}


@pytest.fixture
async def in_use(shop, tmp_path):
    """A predictor of churn that was trained ten days ago."""
    async with shop.sessions.begin() as session:
        row = make(shop, tmp_path, "churn-1", days_ago=10)
        row.trained_at = NOW - timedelta(days=10)
        await add_trained(session, row)
    return row


@pytest.fixture
def queue(sessions, in_use):
    async def _queue(drift=CLEAR, *, now=NOW):
        async with sessions.begin() as session:
            return await request_retraining(session, in_use, drift, now=now)

    return _queue


@pytest.fixture
def trained(monkeypatch, shop, tmp_path):
    """Let a training end with the predictor that a test wants; note the scorings."""
    scored = []

    def _trained(version="churn-2", *, error=None, **how):
        async def train(sessions, var_dir, *, as_of, report, only_if_better):
            if error:
                raise error
            async with sessions.begin() as session:
                row = make(shop, tmp_path, version, **how)
                row, _ = await add_trained(session, row, only_if_better=only_if_better)
            return row

        async def score(sessions, var_dir, *, as_of, report):
            scored.append(version)
            return 1

        monkeypatch.setattr(retraining, "STEPS", {"churn": (train, score)})
        return scored

    return _trained


async def requests(sessions):
    async with sessions() as session:
        query = select(RetrainingRequest).order_by(RetrainingRequest.id)
        return (await session.scalars(query)).all()


@pytest.mark.parametrize("level", ["none", "some", None])
async def test_smaller_changes_queue_nothing(queue, sessions, level):
    assert not await queue(CLEAR | {"level": level})
    assert await requests(sessions) == []


async def test_clear_change_queues_one_a_day_with_its_reason(queue, sessions):
    assert await queue()
    assert not await queue(now=NOW + timedelta(hours=11))
    assert await queue(now=NOW + timedelta(days=1))
    first, second = await requests(sessions)
    assert first.reason == {
        "predictor_version": "churn-1",
        "feature": "n_visits_30d",
        "psi": 0.4,
        "limit": 0.25,
    }
    assert (second.requested_on - first.requested_on).days == 1


async def test_what_learned_within_a_day_is_not_trained_again(
    queue, sessions, shop, tmp_path
):
    async with sessions.begin() as session:
        row = make(shop, tmp_path, "churn-2", loss=9.0, rival=0.1)
        row.trained_at = NOW - timedelta(hours=23)
        await add_trained(session, row)
    assert not await queue()


async def test_scoring_keeps_what_it_saw_and_queues(sessions, in_use):
    async with sessions.begin() as session:
        assert await keep_drift(session, in_use, CLEAR)
    async with sessions() as session:
        assert (await find_current(session, "churn")).drift == CLEAR
    assert [one.kind for one in await requests(sessions)] == ["churn"]


async def test_better_one_replaces_and_scores(queue, trained, sessions, tmp_path):
    await queue()
    scored = trained(loss=0.48, rival=0.5)
    assert await retrain_queued(sessions, tmp_path) == 1
    [done] = await requests(sessions)
    assert (done.outcome, done.trained_version) == ("replaced", "churn-2")
    assert done.started_at <= done.ended_at
    assert scored == ["churn-2"]
    assert await retrain_queued(sessions, tmp_path) == 0


@pytest.mark.parametrize("loss", [0.5, 0.52])
async def test_one_that_is_not_better_on_the_same_days_is_not_used(
    queue, trained, sessions, tmp_path, loss
):
    # The one in use learned from these days; elsewhere its AUC would decide.
    await queue()
    scored = trained(loss=loss, rival=0.5, auc=0.99)
    await retrain_queued(sessions, tmp_path)
    [done] = await requests(sessions)
    assert (done.outcome, done.trained_version) == ("kept", "churn-2")
    async with sessions() as session:
        assert (await find_current(session, "churn")).version == "churn-1"
    assert scored == []


async def test_same_predictor_again_replaces_nothing(
    queue, trained, sessions, tmp_path
):
    await queue()
    scored = trained("churn-1", days_ago=10)
    await retrain_queued(sessions, tmp_path)
    assert [one.outcome for one in await requests(sessions)] == ["kept"]
    assert scored == []


async def test_training_that_cannot_be_done_is_recorded(
    queue, trained, sessions, tmp_path
):
    await queue()
    trained(error=Conflict("not_enough_data", "A churn prediction needs more."))
    said = []
    assert await retrain_queued(sessions, tmp_path, report=said.append) == 1
    [done] = await requests(sessions)
    assert (done.outcome, done.trained_version) == ("failed", None)
    assert "PSI of n_visits_30d is 0.40, above 0.25" in said[0]
    assert said[1] == "churn: A churn prediction needs more."


async def test_crash_is_recorded_and_told(queue, trained, sessions, tmp_path):
    await queue()
    trained(error=MemoryError())
    with pytest.raises(MemoryError):
        await retrain_queued(sessions, tmp_path)
    assert [one.outcome for one in await requests(sessions)] == ["failed"]


async def test_of_many_who_ask_one_gets_a_training(queue, sessions):
    await queue()

    async def take():
        async with sessions.begin() as session:
            return await take_request(session, now=NOW)

    taken = await asyncio.gather(*(take() for _ in range(5)))
    assert len([one for one in taken if one is not None]) == 1


async def test_gateway_runs_the_command_only_where_something_waits(
    config, sessions, queue, tmp_path
):
    path = tmp_path / "started"
    note = f"import sys; open({str(path)!r}, 'a').write(sys.argv[1])"
    gateway = QueuedRetraining(config, sessions, program=(sys.executable, "-c", note))
    assert not await gateway.look()
    assert not path.exists()
    await queue()
    assert await gateway.look()
    assert path.read_text() == "retrain"


async def test_gateway_goes_on_looking_after_a_failure(config, sessions, monkeypatch):
    gateway = QueuedRetraining(config, sessions)
    seen = SimpleNamespace(n=0)
    enough = asyncio.Event()

    async def look():
        seen.n += 1
        if seen.n == 2:
            enough.set()
        raise OSError("no database")

    monkeypatch.setattr(gateway, "look", look)
    task = asyncio.create_task(gateway.run(0.001))
    await asyncio.wait_for(enough.wait(), 5)
    task.cancel()


async def test_card_says_why_and_what_came_of_it(
    client, shop, queue, trained, sessions, tmp_path
):
    async with sessions.begin() as session:
        row = await session.scalar(select(Predictor))
        row.drift = CLEAR | {"n_scored": 3, "reasons": {}}
    await queue()
    rita = await shop.cookie(shop.rita)

    async def read(version, language):
        path = f"/sales/models/{version}?lang={language}"
        return await (await client.get(path, headers=rita)).text()

    page = await read("churn-1", "en")
    assert "“visits in 30 days” with a PSI of 0.4, above 0.25" in page
    assert "It waits to be begun." in page
    trained(loss=0.48, rival=0.5)
    await retrain_queued(sessions, tmp_path)
    assert "churn-2 came of it, was better" in await read("churn-1", "en")
    assert "表现更好" in await read("churn-1", "zh")
