import json
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from crm_backend.catalogue import LANGUAGES, say
from crm_backend.errors import Conflict
from crm_backend.jobs.demand import find_demand
from crm_backend.jobs.recommendations import find_recommendations
from crm_backend.jobs.segments import find_segments
from crm_backend.models import (
    Analysis,
    Customer,
    DemandForecast,
    Order,
    OrderLine,
    Product,
    Recommendation,
    Segment,
    SegmentMember,
)
from crm_backend.services.customers import get_customer
from tests.crm_backend.fixtures_predictions import AS_OF

pytest_plugins = (
    "tests.crm_backend.fixtures_predictions",
    "tests.crm_backend.fixtures_segments",
)

CONTRACT = Path(__file__).parents[1] / "contract"
SEGMENTS = "/api/v1/insights/segments"
DEMAND = "/api/v1/insights/demand"
RULES = "/api/v1/insights/product-rules"
ALICE, REFUSES, NEW = "C-100001", "C-100004", "C-100007"
PATHS = (
    SEGMENTS,
    DEMAND,
    RULES,
    f"/api/v1/customers/{ALICE}/offers",
    f"/api/v1/customers/{ALICE}/next-action",
)


@pytest.fixture
def database_url(analysed_url):
    return analysed_url


async def get(client, headers, path):
    response = await client.get(path, headers=headers)
    return response.status, await response.json()


async def ask(client, people, path, language="en"):
    status, body = await get(
        client, await people.headers(people.rita, language=language), path
    )
    assert status == 200, body
    return body


@pytest.mark.parametrize("path", PATHS)
async def test_only_those_who_sell_may_ask(client, people, path):
    async with people.sessions() as session:
        alice = await get_customer(session, ALICE)
    for who, status in ((None, 403), (alice, 403), (people.carol, 403)):
        assert (await get(client, await people.headers(who), path))[0] == status
    assert (await client.get(path)).status == 401
    assert (await get(client, await people.headers(people.mona), path))[0] == 200


@pytest.mark.parametrize("kind", ["rfm", "cluster"])
async def test_segments_hold_every_customer_once(client, people, kind):
    body = await ask(client, people, f"{SEGMENTS}?kind={kind}")
    items = body["items"]
    assert sum(item["n_customers"] for item in items) == body["n_customers"]
    assert sum(item["share_of_customers"] for item in items) == pytest.approx(1)
    assert sum(item["share_of_revenue"] for item in items) == pytest.approx(1)
    sizes = [item["n_customers"] for item in items]
    assert sizes == sorted(sizes, reverse=True)
    assert len({item["label"] for item in items}) == len(items)
    async with people.sessions() as session:
        found = await session.execute(
            select(Segment.name, func.count())
            .join(SegmentMember)
            .where(Segment.kind == kind)
            .group_by(Segment.name)
        )
        counted = {name: n for name, n in found}
    assert counted == {item["name"]: item["n_customers"] for item in items}


async def test_segments_say_what_they_need_in_the_askers_language(client, people):
    english = await ask(client, people, SEGMENTS)
    chinese = await ask(client, people, SEGMENTS, "zh")
    champions = {item["name"]: item for item in english["items"]}["champions"]
    assert champions["label"] == "Champions"
    assert champions["categories"][0]["text"]
    assert champions["when"].split(", ")[0].endswith("days")
    assert champions["unit_price_cents"] > 0
    lost = {item["name"]: item for item in chinese["items"]}["lost"]
    assert lost["label"] == "已流失客户"
    assert champions["p_purchase"] > lost["p_purchase"]


async def test_who_refuses_profiling_is_in_no_segment_and_gets_no_offers(
    client, people
):
    async with people.sessions() as session:
        refusing = set(
            await session.scalars(
                select(Customer.id).where(~Customer.consent_profiling)
            )
        )
        members = set(await session.scalars(select(SegmentMember.customer_id)))
        offered = set(await session.scalars(select(Recommendation.customer_id)))
    assert refusing
    assert not refusing & (members | offered)
    body = await ask(client, people, f"/api/v1/customers/{REFUSES}/offers")
    assert not body["enough_data"]
    assert "consented" in body["missing"]
    assert body["again"] == body["new"] == []


async def test_consent_withdrawn_after_the_job_counts_at_once(client, people):
    async with people.sessions.begin() as session:
        await session.execute(
            update(Customer)
            .where(Customer.number == ALICE)
            .values(consent_profiling=False)
        )
    body = await ask(client, people, f"/api/v1/customers/{ALICE}/offers")
    assert not body["enough_data"]
    action = await ask(client, people, f"/api/v1/customers/{ALICE}/next-action")
    assert "probability" not in " ".join(action["reasons"])


async def test_forgotten_customer_leaves_segments_and_offers(people):
    async with people.sessions.begin() as session:
        row = await people.add_customer(name="Nobody")
        segment = await session.scalar(select(Segment).limit(1))
        product = await session.scalar(select(Product).limit(1))
        session.add(SegmentMember(segment_id=segment.id, customer_id=row.id))
        session.add(
            Recommendation(
                customer_id=row.id,
                list="new",
                rank=1,
                product_id=product.id,
                score=1.0,
                reason="popular",
                n_orders=0,
            )
        )
    async with people.sessions.begin() as session:
        await session.execute(delete(Customer).where(Customer.id == row.id))
    for table in (SegmentMember, Recommendation):
        assert await people.load(table, customer_id=row.id) is None


async def test_offers_say_why(client, people):
    body = await ask(client, people, f"/api/v1/customers/{ALICE}/offers?limit=5")
    assert body["enough_data"]
    assert 1 <= len(body["new"]) <= 5
    async with people.sessions() as session:
        bought = set(
            await session.scalars(
                select(Product.sku)
                .join(OrderLine)
                .join(Order)
                .join(Customer)
                .where(Customer.number == ALICE, Order.status != "cancelled")
            )
        )
    assert not bought & {offer["sku"] for offer in body["new"]}
    assert {offer["sku"] for offer in body["again"]} <= bought
    for offer in body["again"]:
        assert "days ago" in offer["text"]
    example = json.loads((CONTRACT / "list_offers.json").read_text("utf-8"))
    assert set(body) == set(example["answer"])
    assert set(body["new"][0]) == set(example["answer"]["new"][0])


async def test_what_is_sold_out_or_off_sale_is_not_offered(client, people):
    path = f"/api/v1/customers/{ALICE}/offers?limit=2"
    first, second = [offer["sku"] for offer in (await ask(client, people, path))["new"]]
    async with people.sessions.begin() as session:
        await session.execute(
            update(Product).where(Product.sku == first).values(n_in_stock=0)
        )
        await session.execute(
            update(Product).where(Product.sku == second).values(is_active=False)
        )
    skus = [offer["sku"] for offer in (await ask(client, people, path))["new"]]
    assert len(skus) == 2
    assert not {first, second} & set(skus)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_customer_without_orders_is_said_to_have_none(client, people, language):
    body = await ask(client, people, f"/api/v1/customers/{NEW}/offers", language)
    assert body["missing"] == say("offers_missing_orders", language)


@pytest.mark.parametrize("part", ["offers", "next-action"])
async def test_unknown_customer_does_not_exist(client, people, part):
    headers = await people.headers(people.rita)
    status, body = await get(client, headers, f"/api/v1/customers/C-1/{part}")
    assert (status, body["error"]["code"]) == (404, "customer_not_found")


@pytest.mark.parametrize(
    "query", ["?kind=stars", "?kind=rfm&x=1", "?limit=0", "?limit=many"]
)
async def test_absurd_question_is_refused(client, people, query):
    headers = await people.headers(people.rita)
    path = SEGMENTS if "kind" in query else RULES
    assert (await get(client, headers, path + query))[0] == 400


async def test_rules_show_each_pair_once(client, people):
    body = await ask(client, people, RULES)
    pairs = [frozenset((one["sku"], one["with_sku"])) for one in body["items"]]
    assert pairs
    assert len(pairs) == len(set(pairs))
    lifts = [one["lift"] for one in body["items"]]
    assert lifts == sorted(lifts, reverse=True)
    assert all(0 < one["support"] <= one["confidence"] <= 1 for one in body["items"])


@pytest.mark.parametrize("level", ["product", "category", "shop"])
async def test_demand_has_a_range_for_each_week(client, people, level):
    body = await ask(client, people, f"{DEMAND}?level={level}")
    assert body["wape"] <= body["baseline_wape"]
    assert body["items"]
    for item in body["items"]:
        assert len(item["weeks"]) == 4
        for week in item["weeks"]:
            assert 0 <= week["low"] <= week["expected"] <= week["high"]


async def test_stock_that_does_not_last_comes_first_with_what_to_order(client, people):
    async with people.sessions.begin() as session:
        await session.execute(update(Product).values(n_in_stock=10_000))
        scarce = await session.scalar(
            select(Product)
            .join(DemandForecast)
            .group_by(Product.id)
            .order_by(func.sum(DemandForecast.expected).desc())
            .limit(1)
        )
        scarce.n_in_stock = 0
        sku = scarce.sku
    first, *others = (await ask(client, people, DEMAND))["items"]
    assert (first["sku"], first["advice"]) == (sku, "low")
    assert first["n_to_order"] >= sum(week["expected"] for week in first["weeks"])
    assert {item["advice"] for item in others} == {"enough"}
    assert {item["n_to_order"] for item in others} == {0}


async def test_shop_without_analyses_says_what_they_take(client, people):
    async with people.sessions.begin() as session:
        for table in (SegmentMember, Segment, Recommendation, DemandForecast, Analysis):
            await session.execute(delete(table))
    assert "50" in (await ask(client, people, SEGMENTS))["missing"]
    assert "16" in (await ask(client, people, DEMAND, "zh"))["missing"]
    body = await ask(client, people, f"/api/v1/customers/{ALICE}/offers")
    assert "deskmate train recommendations" in body["missing"]


@pytest.mark.parametrize("job", [find_segments, find_recommendations, find_demand])
async def test_job_without_orders_keeps_what_was_there(people, tmp_path, job):
    long_ago = AS_OF.replace(year=1999)
    kept = (Segment, Recommendation, Analysis)
    before = [await people.count(table) for table in kept]
    with pytest.raises(Conflict) as caught:
        await job(people.sessions, tmp_path, as_of=long_ago)
    assert caught.value.code == "not_enough_data"
    assert [await people.count(table) for table in kept] == before


async def test_repeated_job_doubles_nothing(people, tmp_path):
    kept = (Recommendation, Analysis)
    before = [await people.count(table) for table in kept]
    await find_recommendations(people.sessions, tmp_path, as_of=AS_OF)
    assert [await people.count(table) for table in kept] == before
