from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import delete, func, select, update

from crm_backend.analytics.features import customer_features
from crm_backend.errors import Conflict
from crm_backend.frames import data_as_of, load_frames
from crm_backend.jobs.purchase import refresh_purchase, score_purchase, train_purchase
from crm_backend.models import Customer, Order, Predictor, PurchasePrediction
from crm_backend.predictors import load_purchase
from crm_backend.services.customers import get_customer
from crm_backend.services.insights import find_predictor, predict_purchase

pytest_plugins = ("tests.crm_backend.fixtures_predictions",)
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def database_url(scored_url):
    return scored_url


async def count(sessions, model):
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(model))


async def test_everyone_who_consents_and_ordered_is_scored(sessions):
    async with sessions() as session:
        expected = select(func.count(Customer.id.distinct())).join(Order)
        expected = expected.where(
            Customer.consent_profiling, Order.status != "cancelled"
        )
        n_expected = await session.scalar(expected)
    assert await count(sessions, PurchasePrediction) == n_expected > 300


async def test_card_is_stored_with_its_baselines(sessions):
    async with sessions() as session:
        row = await find_predictor(session)
    assert row.metrics["beats_baselines"]
    assert row.metrics["test"]["auc"] > 0.7
    assert row.version.startswith("purchase-20260301-")
    assert 0 < row.base_rate < 1


async def test_scoring_again_replaces_the_scores(sessions, tmp_path):
    before = await count(sessions, PurchasePrediction)
    assert await score_purchase(sessions, tmp_path, as_of=AS_OF) == before
    assert await count(sessions, PurchasePrediction) == before


async def test_scores_of_another_moment_are_kept_beside(sessions, tmp_path):
    before = await count(sessions, PurchasePrediction)
    await score_purchase(sessions, tmp_path, as_of=AS_OF - timedelta(days=1))
    assert await count(sessions, PurchasePrediction) > before * 1.9


async def test_withdrawn_consent_deletes_the_scores(sessions, tmp_path):
    alice = select(Customer.id).where(Customer.number == "C-100001").scalar_subquery()
    async with sessions.begin() as session:
        await session.execute(
            update(Customer)
            .where(Customer.number == "C-100001")
            .values(consent_profiling=False)
        )
    await score_purchase(sessions, tmp_path, as_of=AS_OF + timedelta(days=1))
    async with sessions() as session:
        own = select(PurchasePrediction).where(PurchasePrediction.customer_id == alice)
        assert (await session.scalars(own)).all() == []


async def test_one_customer_now_gets_the_score_of_the_job(sessions, tmp_path):
    async with sessions.begin() as session:
        customer = await get_customer(session, "C-100005")
        stored = await session.scalar(
            select(PurchasePrediction).where(
                PurchasePrediction.customer_id == customer.id
            )
        )
        estimate = await predict_purchase(session, tmp_path, customer, now=AS_OF)
    assert estimate.prediction.p_purchase == pytest.approx(stored.p_purchase)
    names = [reason["feature"] for reason in estimate.prediction.reasons]
    assert names == [reason["feature"] for reason in stored.reasons]


async def test_scoring_without_a_predictor_is_refused(sessions, tmp_path):
    async with sessions.begin() as session:
        await session.execute(delete(PurchasePrediction))
        await session.execute(delete(Predictor))
    with pytest.raises(Conflict) as caught:
        await score_purchase(sessions, tmp_path)
    assert caught.value.code == "predictor_missing"


async def test_too_little_data_names_what_it_takes(sessions, tmp_path):
    with pytest.raises(Conflict, match="needs 150 days, found") as caught:
        await train_purchase(sessions, tmp_path, as_of=AS_OF - timedelta(days=660))
    assert caught.value.code == "not_enough_data"
    assert await count(sessions, Predictor) == 1


async def test_fresh_predictions_are_left_alone(sessions, tmp_path):
    said = []
    assert await refresh_purchase(sessions, tmp_path, report=said.append)
    assert said == ["Up to date"]
    assert await count(sessions, Predictor) == 1


async def test_changed_predictor_file_is_trained_again(sessions, tmp_path):
    async with sessions() as session:
        row = await find_predictor(session)
    (tmp_path / row.file_name).write_bytes(b"not a predictor")
    assert await refresh_purchase(sessions, tmp_path, report=lambda text: None)
    async with sessions() as session:
        row = await find_predictor(session)
    assert load_purchase(tmp_path / row.file_name, row.metrics["file_sha256"])


async def test_refreshing_a_new_shop_says_what_is_missing(sessions, tmp_path):
    async with sessions.begin() as session:
        await session.execute(delete(PurchasePrediction))
        await session.execute(delete(Predictor))
        await session.execute(update(Order).values(ordered_at=AS_OF))
    said = []
    assert not await refresh_purchase(sessions, tmp_path, report=said.append)
    assert "needs 150 days, found 0" in said[-1]


async def test_records_that_end_early_set_the_present(sessions):
    async with sessions() as session:
        last = await session.scalar(select(func.max(Order.ordered_at)))
        assert await data_as_of(session, datetime(2027, 1, 1, tzinfo=UTC)) == last
        soon = last + timedelta(days=6)
        assert await data_as_of(session, soon) == soon


async def test_imported_cancellations_without_a_time_never_counted(sessions):
    async with sessions.begin() as session:
        customer = await get_customer(session, "C-100003")
        before = customer_features(await load_frames(session, customer.id), AS_OF)
        await session.execute(
            update(Order).where(Order.number == "DM-100301").values(status="cancelled")
        )
        after = customer_features(await load_frames(session, customer.id), AS_OF)
    assert np.diff([before["n_orders"].item(), after["n_orders"].item()]) == -1


async def test_new_predictor_is_measured_beside_the_one_in_use(sessions, tmp_path):
    said = []
    row = await train_purchase(
        sessions, tmp_path, as_of=AS_OF - timedelta(days=1), report=said.append
    )
    assert {"auc", "log_loss"} <= set(row.metrics["rival_test"])
    assert "each on its own later days" in said[-1]
    async with sessions() as session:
        current = await find_predictor(session)
    assert (current.id == row.id) == ("replaces" in said[-1])


async def test_scoring_keeps_how_much_customers_have_changed(sessions, tmp_path):
    said = []
    await score_purchase(sessions, tmp_path, as_of=AS_OF, report=said.append)
    async with sessions() as session:
        row = await find_predictor(session)
        drift = row.drift
    assert {"p", "n_visits_30d", "days_since_last_order"} <= set(drift["psi"])
    assert drift["level"] in ("none", "some", "clear")
    assert drift["n_scored"] == await count(sessions, PurchasePrediction)
    assert all(0 < share <= 1 for share in drift["reasons"].values())
    assert "PSI at most" in said[-1]
