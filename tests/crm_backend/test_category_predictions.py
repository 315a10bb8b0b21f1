"""The next category: who has one, who sees it, and what its card says."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import func, select, update

from crm_backend.analytics.category_terms import KIND
from crm_backend.db import make_engine, make_sessions
from crm_backend.errors import Conflict
from crm_backend.jobs.category_predictions import score, train
from crm_backend.models import CategoryPrediction, Customer, Order, Predictor
from crm_backend.services.category_predictions import find_stored_categories
from crm_backend.services.predictors import add_trained, find_current, roll_back

pytest_plugins = ("tests.crm_backend.fixtures_predictions",)
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def category_dir(tmp_path_factory, seeded_dir):
    """A shop with a predictor of the next category and scores for all."""
    folder = tmp_path_factory.mktemp("category")
    shutil.copytree(seeded_dir, folder, dirs_exist_ok=True)

    async def work():
        engine = make_engine(f"sqlite+aiosqlite:///{folder}/crm.sqlite3")
        sessions = make_sessions(engine)
        await train(sessions, folder, as_of=AS_OF)
        await score(sessions, folder, as_of=AS_OF)
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
def database_url(category_dir, tmp_path):
    shutil.copytree(category_dir, tmp_path, dirs_exist_ok=True)
    return f"sqlite+aiosqlite:///{tmp_path}/crm.sqlite3"


async def find_scored(sessions):
    """A customer who is scored, and the row."""
    async with sessions() as session:
        row = await session.scalar(select(CategoryPrediction).limit(1))
        return await session.get(Customer, row.customer_id), row


async def read(client, people, path, who=None):
    headers = await people.cookie(who or people.rita)
    response = await client.get(path, headers=headers, allow_redirects=False)
    return response.status, await response.text()


async def test_all_who_ordered_and_consent_are_scored(sessions):
    async with sessions() as session:
        rows = (await session.scalars(select(CategoryPrediction))).all()
        buyers = select(Customer.id).where(
            Customer.consent_profiling,
            Customer.id.in_(
                select(Order.customer_id).where(
                    Order.status != "cancelled", Order.ordered_at <= AS_OF
                )
            ),
        )
        allowed = set(await session.scalars(buyers))
    assert {row.customer_id for row in rows} == allowed
    for row in rows:
        p = [one["p"] for one in row.likeliest]
        assert len(p) == 3
        assert p == sorted(p, reverse=True)
        assert 0 < sum(p) <= 1
        assert row.as_of == AS_OF


async def test_who_does_not_consent_has_no_prediction(sessions, tmp_path):
    customer, _ = await find_scored(sessions)
    async with sessions.begin() as session:
        await session.execute(
            update(Customer)
            .where(Customer.id == customer.id)
            .values(consent_profiling=False)
        )
    async with sessions() as session:
        before = await session.scalar(select(func.count(CategoryPrediction.id)))
        row = await session.get(Customer, customer.id)
        assert (await find_stored_categories(session, row)).missing == "consent"
    await score(sessions, tmp_path, as_of=AS_OF)
    async with sessions() as session:
        after = await session.scalar(select(func.count(CategoryPrediction.id)))
    assert after == before - 1


async def test_too_little_data_names_what_is_missing(sessions, tmp_path):
    early = AS_OF - timedelta(days=600)
    with pytest.raises(Conflict, match="A category prediction needs 330 days"):
        await train(sessions, tmp_path, as_of=early)
    async with sessions.begin() as session:
        await session.execute(update(Order).values(status="cancelled"))
    with pytest.raises(Conflict, match="A category prediction needs"):
        await score(sessions, tmp_path, as_of=AS_OF)


async def test_worse_predictor_is_not_used_and_a_better_one_rolled_back(
    sessions, tmp_path
):
    async with sessions.begin() as session:
        current = await find_current(session, KIND)
        columns = [column.key for column in Predictor.__table__.columns]
        known = {name: getattr(current, name) for name in columns}
        known |= {"id": None, "is_current": False, "promoted_at": None}
        test = current.metrics["test"]
        figures = current.metrics | {"rival_test": test}
        current.as_of = datetime.fromisoformat(current.metrics["test_as_of"])
        await session.flush()
        for version, change in (("category-worse", 0.1), ("category-better", -0.1)):
            made = figures | {"test": test | {"log_loss": test["log_loss"] + change}}
            row = Predictor(**known | {"version": version, "metrics": made})
            _, verdict = await add_trained(session, row)
            in_use = (await find_current(session, KIND)).version
            assert (in_use == version) is (change < 0)
            assert ("stays in use: log loss" in verdict) is (change > 0)
        row = await roll_back(session, tmp_path, await find_current(session, KIND))
        assert row.version == current.version


async def test_api_shows_it_to_those_who_sell(client, people, sessions):
    customer, row = await find_scored(sessions)
    path = f"/api/v1/customers/{customer.number}/category-predictions"
    rita = await people.cookie(people.rita)
    answer = await (await client.get(path, headers=rita)).json()
    assert [one["category"] for one in answer["items"]] == [
        one["category"] for one in row.likeliest
    ]
    assert answer["items"][0]["p"] == pytest.approx(row.likeliest[0]["p"])
    unknown = path.replace(customer.number, "C-999999")
    assert (await client.get(unknown, headers=rita)).status == 404
    assert (await client.get(path)).status == 401
    carol = await people.cookie(people.carol)
    assert (await client.get(path, headers=carol)).status == 403


async def test_customer_page_shows_it_beside_the_offers(client, people, sessions):
    customer, _ = await find_scored(sessions)
    path = f"/sales/customers/{customer.number}"
    _, page = await read(client, people, f"{path}?lang=en")
    assert page.index("What to offer") < page.index("Next category")
    async with sessions.begin() as session:
        await session.execute(update(Predictor).values(is_current=False))
    _, page = await read(client, people, f"{path}?lang=zh")
    assert "下次购买的品类" in page
    assert "暂时无法预测：需要 330 天" in page


async def test_card_shows_hits_beside_the_category_bought_most(
    client, people, sessions
):
    async with sessions.begin() as session:
        row = await find_current(session, KIND)
        version, is_better = row.version, row.metrics["beats_baseline"]
    path = f"/sales/models/{version}"
    _, page = await read(client, people, f"{path}?lang=en")
    for words in (
        *("It was the first one named", "It was among the first three"),
        *("Category bought most", "By category", "own shares, drawn toward"),
    ):
        assert words in page
    assert ("no better than the category" in page) is not is_better
    async with sessions.begin() as session:
        row = await find_current(session, KIND)
        row.metrics = row.metrics | {"beats_baseline": not is_better}
    _, page = await read(client, people, f"{path}?lang=en")
    assert ("no better than the category" in page) is is_better
    _, page = await read(client, people, "/sales/models?lang=zh")
    assert version in page
    assert "首选命中率" in page
