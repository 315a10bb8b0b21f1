"""What predictions make of records as they should not be: an answer, never a crash."""

import asyncio
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import func, insert, select, update

from crm_backend.analytics.features import NotEnoughData
from crm_backend.errors import Conflict
from crm_backend.jobs import outcomes, purchase
from crm_backend.jobs.purchase import score_purchase, train_purchase
from crm_backend.jobs.registry import run_jobs
from crm_backend.models import (
    Customer,
    Order,
    PurchasePrediction,
    Return,
)
from crm_backend.services.customers import get_customer
from crm_backend.services.insights import find_predictor, predict_purchase

pytest_plugins = ("tests.crm_backend.fixtures_predictions",)
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
ALICE = "C-100005"


@pytest.fixture
def database_url(request, sqlite_template, tmp_path):
    """The scored demo shop, or an empty one for those who fill it themselves."""
    if "filled" in request.fixturenames:
        path = tmp_path / "crm.sqlite3"
        path.write_bytes(sqlite_template.read_bytes())
        return f"sqlite+aiosqlite:///{path}"
    return request.getfixturevalue("scored_url")


@pytest.fixture
def filled(sessions):
    """A way to fill the empty shop: who ordered how many days ago."""

    async def fill(orders, sent_back=(), **values):
        n_customers = max((customer for customer, _ in orders), default=0)
        async with sessions.begin() as session:
            if n_customers:
                people = [
                    {"id": nth, "number": f"C-{nth}", "name": f"Customer {nth}"}
                    for nth in range(1, n_customers + 1)
                ]
                await session.execute(insert(Customer), people)
            rows = [
                order_row(nth, customer, days, **values)
                for nth, (customer, days) in enumerate(orders, start=1)
            ]
            if rows:
                await session.execute(insert(Order), rows)
            if len(sent_back):
                back = [
                    {
                        "number": f"R-{nth}",
                        "order_id": nth,
                        "status": "refunded",
                        "reason": "",
                        "requested_at": rows[nth - 1]["ordered_at"] + timedelta(days=9),
                    }
                    for nth in sent_back
                ]
                await session.execute(insert(Return), back)

    return fill


def order_row(nth, customer_id, days_ago, **values):
    return {
        "id": nth,
        "number": f"DM-{nth}",
        "customer_id": customer_id,
        "status": "delivered",
        "ordered_at": AS_OF - timedelta(days=float(days_ago)),
        "currency": "EUR",
        "subtotal_cents": 5_000,
        "total_cents": 5_000,
    } | values


async def scores(sessions):
    async with sessions() as session:
        rows = await session.execute(
            select(PurchasePrediction.customer_id, PurchasePrediction.p_purchase)
        )
        return {customer_id: p for customer_id, p in rows}


async def refusal(sessions, tmp_path, kind):
    train = (
        train_purchase(sessions, tmp_path, as_of=AS_OF)
        if kind == "purchase"
        else outcomes.train(kind, sessions, tmp_path, as_of=AS_OF)
    )
    with pytest.raises(Conflict) as caught:
        await train
    assert caught.value.code == "not_enough_data"
    return caught.value.message


async def add_orders(sessions, number, *values):
    async with sessions.begin() as session:
        customer = await get_customer(session, number)
        first = 1 + (await session.scalar(select(func.max(Order.id))))
        rows = [
            order_row(first + nth, customer.id, 1) | {"number": f"X-{nth}"} | value
            for nth, value in enumerate(values)
        ]
        await session.execute(insert(Order), rows)


async def ask(client, people, language="en"):
    headers = await people.headers(people.rita, language=language)
    response = await client.post(
        f"/api/v1/customers/{ALICE}/purchase-predictions", headers=headers
    )
    assert response.status == 200
    return await response.json()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("purchase", "A purchase prediction needs 50 orders, found 0."),
        ("churn", "A churn prediction needs 1 orders, found 0."),
        ("refund", "A refund prediction needs 1 orders, found 0."),
    ],
)
async def test_shop_without_orders_says_so(sessions, tmp_path, filled, kind, said):
    await filled([])
    assert await refusal(sessions, tmp_path, kind) == said


async def test_scores_stay_when_no_order_is_left(sessions, tmp_path, client, people):
    before = await scores(sessions)
    async with sessions.begin() as session:
        await session.execute(
            update(Order).values(status="cancelled", cancelled_at=Order.ordered_at)
        )
    said = []
    refused = await run_jobs(
        "score", sessions, tmp_path, names=["purchase"], as_of=AS_OF, report=said.append
    )
    assert refused == ["purchase"]
    assert said[-1] == "purchase: A purchase prediction needs 1 orders, found 0."
    assert await scores(sessions) == before
    assert "not ordered yet" in (await ask(client, people))["missing"]


async def test_single_customer_is_too_little_to_learn_from(sessions, tmp_path, filled):
    await filled([(1, days) for days in range(5, 700, 20)])
    said = await refusal(sessions, tmp_path, "purchase")
    assert said == "A purchase prediction needs 200 customers, found 1."
    said = await refusal(sessions, tmp_path, "churn")
    assert said.startswith(
        "A churn prediction needs 40 customers to whom it did happen, found "
    )


async def test_single_customer_is_scored_by_what_was_learned(sessions, tmp_path):
    before = await scores(sessions)
    async with sessions.begin() as session:
        alice = await get_customer(session, ALICE)
        await session.execute(
            update(Customer)
            .where(Customer.id != alice.id)
            .values(consent_profiling=False)
        )
    assert await score_purchase(sessions, tmp_path, as_of=AS_OF) == 1
    assert await scores(sessions) == {alice.id: pytest.approx(before[alice.id])}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("purchase", "needs 50 customers who did not buy, found 0."),
        ("churn", "needs 40 customers to whom it did happen, found 0."),
        ("refund", "needs 40 customers to whom it did happen, found 0."),
    ],
)
async def test_shop_where_all_do_the_same_says_so(
    sessions, tmp_path, filled, kind, said
):
    regulars = range(1, 221)
    await filled([(who, days) for who in regulars for days in range(3, 640, 14)])
    assert said in await refusal(sessions, tmp_path, kind)


async def test_what_only_began_to_happen_cannot_be_tested(sessions, tmp_path, filled):
    orders = [(who, days) for who in range(1, 101) for days in range(5, 700, 30)]
    early = [nth for nth, (_, days) in enumerate(orders, start=1) if 300 < days < 330]
    assert len(early) >= 40
    await filled(orders, sent_back=early)
    said = await refusal(sessions, tmp_path, "refund")
    assert said == (
        "A refund prediction needs 2 customers to whom it did happen in the last "
        "window, found 0."
    )


async def test_orders_to_come_and_negative_sums_change_no_score(sessions, tmp_path):
    before = await scores(sessions)
    future = {"ordered_at": AS_OF + timedelta(days=400)}
    credit = {"subtotal_cents": -900, "total_cents": -900}
    await add_orders(sessions, ALICE, future, credit)
    await score_purchase(sessions, tmp_path, as_of=AS_OF)
    assert await scores(sessions) == pytest.approx(before)


async def test_training_says_which_orders_it_leaves_out(sessions, tmp_path, filled):
    await filled([(1, days) for days in range(5, 700, 20)])
    await add_orders(
        sessions,
        "C-1",
        {"ordered_at": AS_OF + timedelta(days=1)},
        {"total_cents": -1},
        {"total_cents": -2},
        {"currency": "USD"},
    )
    said = []
    with pytest.raises(Conflict):
        await train_purchase(sessions, tmp_path, as_of=AS_OF, report=said.append)
    assert said[-3:] == [
        "1 orders after 2026-03-01 are not known yet and left out",
        "2 orders with a negative sum are no purchases and left out",
        "1 orders are not in EUR: they count, their sums do not",
    ]


async def test_sums_of_two_currencies_are_not_added(sessions, tmp_path, client, people):
    before = await scores(sessions)
    async with sessions.begin() as session:
        alice = await get_customer(session, ALICE)
        await session.execute(
            update(Order)
            .where(Order.customer_id == alice.id)
            .values(currency="JPY", total_cents=150 * Order.total_cents)
        )
    await score_purchase(sessions, tmp_path, as_of=AS_OF)
    after = await scores(sessions)
    changed = {who for who in after if after[who] != pytest.approx(before[who])}
    assert changed <= {alice.id}
    # One customer now is scored by the same sums, and hears of none in yen.
    async with sessions.begin() as session:
        estimate = await predict_purchase(session, tmp_path, alice, now=AS_OF)
    assert estimate.prediction.p_purchase == pytest.approx(after[alice.id])
    assert estimate.currency == "EUR"
    names = {reason["feature"] for reason in estimate.prediction.reasons}
    assert not names & {"total_spent_cents", "mean_order_cents"}
    answer = await ask(client, people)
    assert answer["enough_data"]
    assert "¥" not in str(answer)


async def test_nothing_is_learned_from_who_does_not_consent(sessions, tmp_path):
    async with sessions.begin() as session:
        await session.execute(update(Customer).values(consent_profiling=False))
        kept = select(Customer.id).order_by(Customer.id).limit(100)
        await session.execute(
            update(Customer)
            .where(Customer.id.in_(kept.scalar_subquery()))
            .values(consent_profiling=True)
        )
    said = await refusal(sessions, tmp_path, "purchase")
    n_found = int(said.rsplit(" ", 1)[1].rstrip("."))
    assert "needs 200 customers" in said
    assert 0 < n_found <= 100


async def test_who_withdraws_is_forgotten_even_if_nothing_can_be_scored(
    sessions, tmp_path
):
    before = await scores(sessions)
    async with sessions.begin() as session:
        alice = await get_customer(session, ALICE)
        alice.consent_profiling = False
    await break_file(sessions, tmp_path)
    with pytest.raises(Conflict):
        await score_purchase(sessions, tmp_path, as_of=AS_OF)
    del before[alice.id]
    assert await scores(sessions) == before


async def break_file(sessions, tmp_path):
    async with sessions() as session:
        row = await find_predictor(session)
    path = tmp_path / row.file_name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    return row.version


async def test_changed_file_is_named_by_job_chat_and_page(
    sessions, tmp_path, client, people
):
    before = await scores(sessions)
    version = await break_file(sessions, tmp_path)
    with pytest.raises(Conflict) as caught:
        await score_purchase(sessions, tmp_path, as_of=AS_OF)
    assert caught.value.message == (
        f"The file of {version} is missing or was changed; train purchase again."
    )
    assert await scores(sessions) == before
    assert "file is missing or was changed" in (await ask(client, people))["missing"]
    assert "文件缺失或被改动" in (await ask(client, people, "zh"))["missing"]
    # The page shows what was stored, and so still has an answer.
    headers = await people.cookie(people.rita)
    response = await client.get(f"/sales/customers/{ALICE}?lang=en", headers=headers)
    assert "Speaks for" in await response.text()


async def test_question_during_a_training_is_answered_by_the_one_in_use(
    sessions, tmp_path, monkeypatch
):
    began, may_end = Event(), Event()

    def slow_training(frames, as_of, **known):
        began.set()
        assert may_end.wait(60)
        raise NotEnoughData("orders", n_needed=2, n_found=1)

    monkeypatch.setattr(purchase, "train", slow_training)
    training = asyncio.create_task(train_purchase(sessions, tmp_path, as_of=AS_OF))
    try:
        assert await asyncio.to_thread(began.wait, 60)
        async with sessions.begin() as session:
            customer = await get_customer(session, ALICE)
            estimate = await predict_purchase(session, tmp_path, customer, now=AS_OF)
            row = await find_predictor(session)
        assert estimate.prediction is not None
        assert estimate.predictor.version == row.version
        assert not training.done()
    finally:
        may_end.set()
    with pytest.raises(Conflict, match="needs 2 orders"):
        await training
