"""Expected orders and spend: who has them, who sees them, and when there are none."""

import asyncio
import csv
import io
import shutil
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import func, select, update

from crm_backend.analytics.features import customer_features
from crm_backend.analytics.order_terms import KIND
from crm_backend.db import make_engine, make_sessions
from crm_backend.errors import Conflict
from crm_backend.frames import load_frames
from crm_backend.jobs.order_predictions import score, train
from crm_backend.jobs.refresh import refresh_expected
from crm_backend.models import Customer, Order, OrderPrediction, Predictor
from crm_backend.services.order_predictions import (
    find_newest,
    find_stored_orders,
    list_expected,
    predict_orders,
)
from crm_backend.services.predictors import add_trained, find_current

pytest_plugins = ("tests.crm_backend.fixtures_predictions",)
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def orders_dir(tmp_path_factory, seeded_dir):
    """A shop with a predictor of orders and scores for all."""
    folder = tmp_path_factory.mktemp("orders")
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
def database_url(orders_dir, tmp_path):
    shutil.copytree(orders_dir, tmp_path, dirs_exist_ok=True)
    return f"sqlite+aiosqlite:///{tmp_path}/crm.sqlite3"


async def find_best(sessions):
    """The customer of whom most is expected, and that."""
    async with sessions() as session:
        [best] = await list_expected(session, limit=1)
        return best.customer.number, best.prediction.expected_spend_cents


async def count(sessions, model):
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(model))


async def read(client, people, path, who=None):
    headers = await people.cookie(who or people.rita)
    response = await client.get(path, headers=headers, allow_redirects=False)
    return response.status, await response.text()


async def test_frequent_buyers_are_expected_to_order_more(sessions):
    async with sessions() as session:
        rows = (await session.scalars(select(OrderPrediction))).all()
        frames = await load_frames(session)
        consenting = select(Customer.id).where(Customer.consent_profiling)
        allowed = set(await session.scalars(consenting))
    features = customer_features(frames, AS_OF)
    assert {row.customer_id for row in rows} == set(features.index) & allowed
    expected = {row.customer_id: row.expected_orders for row in rows}
    by_count = features.loc[list(expected), "n_orders_365d"].sort_values()
    rare, frequent = by_count.index[:60], by_count.index[-60:]
    assert sum(expected[who] for who in frequent) > 2 * sum(expected[w] for w in rare)
    for row in rows:
        assert 0 <= row.orders_low <= row.expected_orders <= row.orders_high
        assert row.spend_low_cents <= row.expected_spend_cents <= row.spend_high_cents
        assert (row.currency, row.as_of) == ("EUR", AS_OF)


async def test_one_customer_now_gets_the_score_of_the_job(sessions, tmp_path):
    async with sessions.begin() as session:
        [best] = await list_expected(session, limit=1)
        stored = best.prediction.expected_spend_cents
        before = await session.scalar(select(func.count(OrderPrediction.id)))
        estimate = await predict_orders(session, tmp_path, best.customer, now=AS_OF)
        after = await session.scalar(select(func.count(OrderPrediction.id)))
    assert estimate.prediction.expected_spend_cents == pytest.approx(stored, abs=1)
    assert before == after


async def test_list_is_sorted_by_what_is_asked_for(sessions):
    async with sessions() as session:
        by_spend = await list_expected(session)
        by_orders = await list_expected(session, sort="orders")
    spend = [one.prediction.expected_spend_cents for one in by_spend]
    orders = [one.prediction.expected_orders for one in by_orders]
    assert spend == sorted(spend, reverse=True)
    assert orders == sorted(orders, reverse=True)
    assert len(orders) == len(spend) == await count(sessions, OrderPrediction)


async def test_who_does_not_consent_has_no_expectation(sessions, tmp_path):
    number, _ = await find_best(sessions)
    async with sessions.begin() as session:
        await session.execute(
            update(Customer)
            .where(Customer.number == number)
            .values(consent_profiling=False)
        )
    async with sessions.begin() as session:
        customer = await session.scalar(
            select(Customer).where(Customer.number == number)
        )
        stored = await find_stored_orders(session, customer)
        now = await predict_orders(session, tmp_path, customer, now=AS_OF)
        listed = await list_expected(session)
        newest = await find_newest(session, customer)
    assert (stored.missing, now.missing, newest) == ("consent", "consent", None)
    assert number not in {one.customer.number for one in listed}
    before = await count(sessions, OrderPrediction)
    await score(sessions, tmp_path, as_of=AS_OF)
    assert await count(sessions, OrderPrediction) == before - 1


async def test_two_currencies_are_a_clear_message(sessions, tmp_path, client, people):
    before = await count(sessions, OrderPrediction)
    async with sessions.begin() as session:
        last = await session.scalar(select(func.max(Order.id)))
        await session.execute(
            update(Order)
            .where(Order.id == last)
            .values(currency="USD", status="paid", cancelled_at=None)
        )
    for job in (train, score):
        with pytest.raises(Conflict, match="one currency, found EUR, USD") as caught:
            await job(sessions, tmp_path, as_of=AS_OF)
        assert caught.value.code == "several_currencies"
    assert await count(sessions, OrderPrediction) == before
    async with sessions.begin() as session:
        await session.execute(update(Predictor).values(is_current=False))
    _, page = await read(client, people, "/sales/customers?lang=en")
    assert "the shop has orders in EUR, USD" in page


async def test_too_little_data_names_what_is_missing(sessions, tmp_path):
    early = AS_OF - timedelta(days=660)
    with pytest.raises(Conflict, match="An order prediction needs 330 days, found"):
        await train(sessions, tmp_path, as_of=early)
    async with sessions.begin() as session:
        await session.execute(update(Order).values(status="cancelled"))
    with pytest.raises(Conflict, match="needs 1 orders, found 0"):
        await train(sessions, tmp_path, as_of=AS_OF)


async def test_scoring_before_the_first_order_says_so_and_keeps_the_scores(
    sessions, tmp_path
):
    number, _ = await find_best(sessions)
    async with sessions.begin() as session:
        await session.execute(
            update(Customer)
            .where(Customer.number == number)
            .values(consent_profiling=False)
        )
    before = await count(sessions, OrderPrediction)
    with pytest.raises(Conflict, match="needs 1 orders, found 0") as caught:
        await score(sessions, tmp_path, as_of=AS_OF.replace(year=1999))
    assert caught.value.code == "not_enough_data"
    # Only who withdrew the consent has none any more, although nobody could be scored.
    assert await count(sessions, OrderPrediction) == before - 1


async def test_refreshing_leaves_fresh_ones_alone(sessions, tmp_path):
    async with sessions.begin() as session:
        await session.execute(update(Order).values(status="cancelled"))
    said = []
    # Orders were counted a moment ago; for categories there are no orders any more.
    assert await refresh_expected(sessions, tmp_path, report=said.append) == []
    assert len(said) == 1
    assert said[0].startswith("A category prediction needs")


async def test_worse_predictor_is_kept_but_not_taken_into_use(sessions):
    async with sessions.begin() as session:
        current = await find_current(session, KIND)
        known = {
            **{c.key: getattr(current, c.key) for c in Predictor.__table__.columns},
            "id": None,
            "is_current": False,
        }
        test = current.metrics["test"]
        rival = current.metrics | {"rival_test": test}
        worse = rival | {"test": test | {"deviance": test["deviance"] + 0.1}}
        # Both are measured on days that the one in use had not learned from.
        current.as_of = datetime.fromisoformat(current.metrics["test_as_of"])
        await session.flush()
        row = Predictor(**known | {"version": "orders-worse", "metrics": worse})
        _, verdict = await add_trained(session, row)
        assert "stays in use: deviance" in verdict
        better = rival | {"test": test | {"deviance": test["deviance"] - 0.1}}
        row = Predictor(**known | {"version": "orders-better", "metrics": better})
        await add_trained(session, row)
        assert (await find_current(session, KIND)).version == "orders-better"


async def test_api_shows_expectations_to_those_who_sell(client, people, sessions):
    number, cents = await find_best(sessions)
    path = f"/api/v1/customers/{number}/order-predictions"
    rita = await people.cookie(people.rita)
    answer = await (await client.get(path, headers=rita)).json()
    assert answer["expected_spend_cents"] == cents
    assert answer["horizon_days"] == 90
    assert answer["reasons_for"]
    found = await client.get("/api/v1/insights/expected-spend?limit=3", headers=rita)
    items = (await found.json())["items"]
    assert [items[0]["customer"]["number"], len(items)] == [number, 3]
    summary = await client.get(f"/api/v1/customers/{number}/summary", headers=rita)
    assert (await summary.json())["expected"]["expected_spend_cents"] == cents
    for wrong in ("?limit=0", "?sort=name"):
        asked = f"/api/v1/insights/expected-spend{wrong}"
        assert (await client.get(asked, headers=rita)).status == 400
    unknown = "/api/v1/customers/C-999999/order-predictions"
    assert (await client.get(unknown, headers=rita)).status == 404
    carol = await people.cookie(people.carol)
    for asked in (path, "/api/v1/insights/expected-spend"):
        assert (await client.get(asked)).status == 401
        assert (await client.get(asked, headers=carol)).status == 403


async def test_versions_are_listed_with_a_share(client, people):
    rita = await people.cookie(people.rita)
    found = await client.get("/api/v1/insights/predictor-versions", headers=rita)
    [item] = (await found.json())["items"]
    assert (item["kind"], item["is_current"]) == (KIND, True)
    assert 0 < item["base_rate"] < 1


async def test_customer_page_shows_orders_spend_and_range(client, people, sessions):
    number, _ = await find_best(sessions)
    _, page = await read(client, people, f"/sales/customers/{number}?lang=en")
    for words in ("Expected within 90 days", "for eight in ten", "Data up to"):
        assert words in page
    _, page = await read(client, people, f"/sales/customers/{number}?lang=zh")
    assert "未来 90 天预计" in page


async def test_customers_are_listed_by_expected_spend_or_orders(
    client, people, sessions
):
    number, _ = await find_best(sessions)
    _, page = await read(client, people, "/sales/customers?lang=en")
    assert "Of whom most is expected within 90 days" in page
    assert page.index(number) < page.index("All customers as CSV")
    async with sessions() as session:
        [first] = await list_expected(session, sort="orders", limit=1)
    _, page = await read(client, people, "/sales/customers?lang=en&sort=orders")
    table = page[page.index('id="expected"') :]
    shown = table[table.index("<tbody>") :]
    assert shown.index(first.customer.number) < shown.index("</tr>")


async def test_file_has_all_customers_and_numbers(client, people, sessions):
    status, text = await read(client, people, "/sales/customers.csv?lang=en")
    assert status == 200
    [heads, first, *rest] = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert len(rest) + 1 == await count(sessions, OrderPrediction)
    number, cents = await find_best(sessions)
    assert heads[:2] == ["Number", "Customer"]
    assert (first[0], float(first[5]), first[8]) == (number, cents / 100, "EUR")
    status, _ = await read(client, people, "/sales/customers.csv", people.carol)
    assert status == 403


async def test_card_shows_errors_beside_the_own_rate(client, people, sessions):
    async with sessions() as session:
        row = await find_current(session, KIND)
    _, page = await read(client, people, f"/sales/models/{row.version}?lang=en")
    for words in (
        *("Mean error (MAE", "Own rate so far", "BG/NBD process", "By segment"),
        *("within their range of eight in ten", "Does it still hold?"),
        *("What competed (less deviance is better)", "Setting prices"),
    ):
        assert words in page
    is_better = row.metrics["beats_baseline"]
    assert ("no better than each customer" in page) is not (
        is_better and row.metrics["spend"]["beats_baseline"]
    )
    _, page = await read(client, people, f"/sales/models/{row.version}?lang=zh")
    assert "自身历史频率" in page
    assert "Own rate" not in page
    _, page = await read(client, people, "/sales/models?lang=en")
    assert row.version in page
    assert "Orders and spend within 90 days" in page


async def test_card_says_where_the_own_rate_is_as_good(client, people, sessions):
    async with sessions.begin() as session:
        row = await find_current(session, KIND)
        spend = row.metrics["spend"] | {"beats_baseline": False}
        row.metrics = row.metrics | {"beats_baseline": False, "spend": spend}
        version = row.version
    _, page = await read(client, people, f"/sales/models/{version}?lang=en")
    assert "the counts were no better than each customer" in page
    assert "the spend was no better than each customer" in page
