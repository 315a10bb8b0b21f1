"""The demo's sales work fits the shop and looks like work."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from crm_backend.models import CampaignMember, Opportunity, SalesTarget, SalesTask
from crm_backend.seed.sales import make_sales
from crm_backend.seed.shop import make_shop
from tests.crm_backend.test_seed import AS_OF, N_CUSTOMERS, seed

SELLERS = {"rita@deskmate.example": 2, "ravi@deskmate.example": 5}


@pytest.fixture(scope="module")
def shop_rows():
    return make_shop(AS_OF, N_CUSTOMERS)


@pytest.fixture(scope="module")
def sales(shop_rows):
    return make_sales(shop_rows, SELLERS, AS_OF)


def test_same_shop_gives_the_same_work(sales, shop_rows):
    assert make_sales(shop_rows, SELLERS, AS_OF) == sales


def test_nothing_was_done_after_the_present(sales):
    moments = [
        value
        for table in sales.values()
        for row in table
        for value in row.values()
        if isinstance(value, datetime)
    ]
    assert max(moments) <= AS_OF


def test_deals_end_where_their_moves_end(sales):
    last = {}
    for move in sales["opportunity_moves"]:
        last[move["opportunity_id"]] = move["stage"]
    for deal in sales["opportunities"]:
        assert last[deal["id"]] == deal["stage"]
        assert (deal["closed_at"] is not None) == (deal["stage"] in ("won", "lost"))
    stages = Counter(deal["stage"] for deal in sales["opportunities"])
    assert min(stages["won"], stages["lost"]) >= 5
    assert {deal["owner_id"] for deal in sales["opportunities"]} == {2, 5}


def test_campaigns_are_over_and_compare_two_groups(sales):
    for campaign in sales["campaigns"]:
        assert campaign["ends_on"] < AS_OF.date()
        groups = Counter(
            row["group"]
            for row in sales["campaign_members"]
            if row["campaign_id"] == campaign["id"]
        )
        assert min(groups["treated"], groups["control"]) >= 10


def test_empty_shop_has_no_sales_work():
    assert make_sales({"customers": [], "orders": []}, SELLERS, AS_OF) == {}


async def test_seeding_writes_it_once(sessions):
    for _ in range(2):
        await seed(sessions)
    async with sessions() as session:
        n_rows = {
            model.__tablename__: await session.scalar(
                select(func.count()).select_from(model)
            )
            for model in (Opportunity, SalesTask, SalesTarget, CampaignMember)
        }
    assert n_rows["sales_targets"] == 15
    assert n_rows["sales_tasks"] == 21
    assert 27 < n_rows["opportunities"] < 90
    assert n_rows["campaign_members"] > 40


async def test_months_begin_in_january_too():
    january = datetime(2026, 1, 15, tzinfo=UTC)
    rows = make_sales(make_shop(january, 30), SELLERS, january)
    months = {row["month_on"].isoformat() for row in rows["sales_targets"]}
    assert months >= {"2026-01-01", "2025-12-01", "2025-09-01"}
