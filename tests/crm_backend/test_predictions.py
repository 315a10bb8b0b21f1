import asyncio
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import delete, func, select, update

from crm_backend.analytics.features import customer_features
from crm_backend.analytics.outcome_terms import OUTCOMES
from crm_backend.analytics.outcomes import sent_back_within, stayed_away
from crm_backend.analytics.what_if import Change, Changes
from crm_backend.db import make_engine, make_sessions
from crm_backend.errors import Conflict
from crm_backend.frames import load_frames
from crm_backend.jobs.outcomes import score, train
from crm_backend.jobs.refresh import refresh_outcomes
from crm_backend.models import Customer, CustomerPrediction, Order, Predictor
from crm_backend.schemas.what_if import what_if_out
from crm_backend.services.customers import get_customer
from crm_backend.services.predictions import (
    list_likeliest,
    predict_outcome,
)
from crm_backend.services.predictors import find_current
from crm_backend.services.what_if import find_what_if

pytest_plugins = ("tests.crm_backend.fixtures_predictions",)
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def churn_dir(tmp_path_factory, seeded_dir):
    """A shop with a predictor of churn and scores for all."""
    folder = tmp_path_factory.mktemp("churn")
    shutil.copytree(seeded_dir, folder, dirs_exist_ok=True)

    async def work():
        engine = make_engine(f"sqlite+aiosqlite:///{folder}/crm.sqlite3")
        sessions = make_sessions(engine)
        await train("churn", sessions, folder, as_of=AS_OF)
        await score("churn", sessions, folder, as_of=AS_OF)
        await engine.dispose()

    failed = []

    def run():
        try:
            asyncio.run(work())
        except Exception as err:
            failed.append(err)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    assert not failed, failed
    return folder


@pytest.fixture
def database_url(churn_dir, tmp_path):
    shutil.copytree(churn_dir, tmp_path, dirs_exist_ok=True)
    return f"sqlite+aiosqlite:///{tmp_path}/crm.sqlite3"


async def count(sessions, model):
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(model))


async def test_card_has_ranges_and_a_baseline(sessions):
    async with sessions() as session:
        row = await find_current(session, "churn")
    card = row.metrics
    low, high = card["ranges"]["roc_auc"]
    assert low <= card["test"]["roc_auc"] <= high
    assert card["test"]["roc_auc"] > 0.6
    assert isinstance(card["beats_baseline"], bool)
    assert len({trial["family"] for trial in card["trials"]}) == 6


async def test_only_recent_buyers_who_consent_are_scored(sessions):
    async with sessions() as session:
        rows = (await session.scalars(select(CustomerPrediction))).all()
        frames = await load_frames(session)
        consenting = select(Customer.id).where(Customer.consent_profiling)
        allowed = set(await session.scalars(consenting))
    features = customer_features(frames, AS_OF)
    limit = OUTCOMES["churn"].max_days_since_last_order
    recent = set(features.index[features["days_since_last_order"] <= limit])
    assert {row.customer_id for row in rows} == recent & allowed
    assert all(0 <= row.p_low <= row.p <= row.p_high <= 1 for row in rows)


async def test_one_customer_now_gets_the_score_of_the_job(sessions, tmp_path):
    async with sessions.begin() as session:
        stored = await session.scalar(select(CustomerPrediction).limit(1))
        customer = await session.get(Customer, stored.customer_id)
        p, alike = stored.p, stored.alike
        estimate = await predict_outcome(
            session, tmp_path, customer, "churn", now=AS_OF
        )
    assert estimate.prediction.p == pytest.approx(p)
    assert len(alike) == 3
    assert customer.id not in {row["customer_id"] for row in alike}
    assert {row.customer.id for row in estimate.alike} <= {
        row["customer_id"] for row in alike
    }


async def test_who_does_not_consent_has_no_prediction(sessions, tmp_path):
    async with sessions.begin() as session:
        stored = await session.scalar(select(CustomerPrediction).limit(1))
        customer = await session.get(Customer, stored.customer_id)
        customer.consent_profiling = False
        estimate = await predict_outcome(session, tmp_path, customer, "churn")
    assert (estimate.prediction, estimate.missing) == (None, "consent")
    await score("churn", sessions, tmp_path, as_of=AS_OF)
    async with sessions() as session:
        own = select(CustomerPrediction).where(
            CustomerPrediction.customer_id == customer.id
        )
        assert (await session.scalars(own)).all() == []


async def test_what_would_change_it_starts_from_the_stored_answer(sessions, tmp_path):
    async with sessions() as session:
        n_crossing = 0
        for estimate in await list_likeliest(session, "churn", 8):
            found = await find_what_if(session, tmp_path, estimate.customer, [estimate])
            changes = found["churn"]
            assert changes.p == pytest.approx(estimate.prediction.p)
            assert changes.threshold == estimate.predictor.metrics["threshold"]
            for change in changes.found:
                assert change.p < changes.p
                assert change.crosses == (change.p < changes.threshold)
            n_crossing += any(change.crosses for change in changes.found)
        assert n_crossing > 0
        refund = replace(estimate, kind="refund")
        assert await find_what_if(session, tmp_path, refund.customer, [refund]) == {}
        estimate.customer.consent_profiling = False
        without = await find_what_if(session, tmp_path, estimate.customer, [estimate])
    assert without == {}


@pytest.mark.parametrize(
    ("language", "before_and_after"),
    [("en", "from 81% to 20%, which changes"), ("zh", "由 81% 变为 20%，结论")],
)
def test_what_would_change_it_is_said_in_both_languages(language, before_and_after):
    levers = ("visits", "order", "order_discounted", "order_new_category", "quiet")
    found = tuple(Change(lever, 1, 0.2, True) for lever in levers)
    out = what_if_out("churn", Changes(0.81, 0.5, found), language)
    assert len(set(out.sentences)) == len(levers)
    assert all(before_and_after in sentence for sentence in out.sentences)
    assert "50%" in out.lead
    assert out.missing is None
    assert what_if_out("churn", Changes(0.81, 0.5, ()), language).missing


async def test_likeliest_come_first(sessions):
    async with sessions() as session:
        found = await list_likeliest(session, "churn", 5)
    scores = [estimate.prediction.p for estimate in found]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 5


async def test_who_never_ordered_is_told_apart(sessions, tmp_path):
    async with sessions.begin() as session:
        ordered = select(Order.customer_id)
        customer = await session.scalar(
            select(Customer)
            .where(Customer.id.not_in(ordered), Customer.consent_profiling)
            .limit(1)
        )
        if customer is None:
            customer = await get_customer(session, "C-100001")
            await session.execute(
                update(Order)
                .where(Order.customer_id == customer.id)
                .values(status="cancelled", cancelled_at=AS_OF - timedelta(days=999))
            )
        estimate = await predict_outcome(
            session, tmp_path, customer, "churn", now=AS_OF
        )
    assert estimate.missing == "orders"


async def test_tampered_predictor_is_refused_and_the_scores_stay(sessions, tmp_path):
    before = await count(sessions, CustomerPrediction)
    async with sessions() as session:
        row = await find_current(session, "churn")
    (tmp_path / row.file_name).write_bytes(b"not a predictor")
    with pytest.raises(Conflict) as caught:
        await score("churn", sessions, tmp_path, as_of=AS_OF)
    assert caught.value.code == "predictor_missing"
    assert await count(sessions, CustomerPrediction) == before


async def test_too_few_outcomes_name_what_is_missing(sessions, tmp_path):
    early = AS_OF - timedelta(days=660)
    with pytest.raises(Conflict, match="needs 330 days, found"):
        await train("churn", sessions, tmp_path, as_of=early)
    async with sessions() as session:
        kept = await session.scalar(select(func.count()).select_from(Predictor))
    assert kept == 1


async def test_no_orders_at_all_is_an_answer(sessions, tmp_path):
    async with sessions.begin() as session:
        await session.execute(update(Order).values(ordered_at=AS_OF))
        await session.execute(delete(CustomerPrediction))
    with pytest.raises(Conflict, match="A refund prediction needs") as caught:
        await train("refund", sessions, tmp_path, as_of=AS_OF)
    assert caught.value.code == "not_enough_data"


async def test_labels_look_only_into_the_horizon(sessions):
    async with sessions() as session:
        frames = await load_frames(session)
    moment = AS_OF - timedelta(days=200)
    features = customer_features(frames, moment)
    for label in (stayed_away, sent_back_within):
        near = label(frames, features.index, moment, 60)
        whole = label(frames, features.index, moment, 60_000)
        first, second = (near, whole) if label is sent_back_within else (whole, near)
        assert not (first & ~second).any()


async def test_refreshing_leaves_fresh_ones_alone_and_says_what_is_missing(
    sessions, tmp_path
):
    async with sessions.begin() as session:
        await session.execute(update(Order).values(status="cancelled"))
    said = []
    assert await refresh_outcomes(sessions, tmp_path, report=said.append) == []
    # Churn was trained a moment ago; for refund there are no orders any more.
    assert len(said) == 1
    assert said[0].startswith("A refund prediction needs")
