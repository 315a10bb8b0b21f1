"""The cleaning report of a dirty shop: made, kept with a predictor, shown, sent."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from crm_backend.analytics.cleaning_rules import RULES, Filled
from crm_backend.catalogue import texts
from crm_backend.cleaning_frames import load_tables
from crm_backend.jobs.cleaning import cleaning_card, report_cleaning
from crm_backend.models import Ticket, Visit
from crm_backend.services.predictors import add_trained
from crm_backend.web.cleaning import TABLES
from tests.crm_backend.test_predictor_registry import make

PAGE = "/sales/models/cleaning"


@pytest.fixture
async def dirty(shop):
    """A shop with a wrong row or two in each table."""
    now = shop.now
    once = now - timedelta(days=20)
    for _ in range(2):
        await shop.add_order(shop.bob, ordered_at=once, total_cents=700)
    await shop.add_order(shop.alice, ordered_at=now + timedelta(days=400))
    await shop.add_order(shop.alice, total_cents=-500, currency="XQX")
    await shop.add_order(shop.alice, status="cancelled")
    await shop.add_customer(name="Zoe", email="no-address", country="XX")
    far = datetime(9999, 1, 1, tzinfo=UTC)
    await shop.save(Visit(customer_id=shop.bob.id, page="/", visited_at=far))
    await shop.save(Visit(page="", visited_at=once, duration_seconds=-4))
    await shop.save(
        Ticket(
            number="T-900001",
            subject="Late",
            description="Late",
            category="delivery",
            status="resolved",
            priority="low",
            opened_at=now,
            resolved_at=once,
        )
    )
    return shop


@pytest.fixture
def report(sessions, tmp_path):
    async def _report(said=None):
        say = (said if said is not None else []).append
        row = await report_cleaning(sessions, tmp_path, report=say)
        return row.card

    return _report


def count(table, part, name):
    by = "rule" if part == "impossible" else "column"
    [one] = [one for one in table[part] if one[by] == name]
    return one["n"]


async def test_dirty_rows_of_the_database_are_counted(dirty, report):
    said = []
    tables = (await report(said))["tables"]
    orders, customers = tables["orders"], tables["customers"]
    assert orders["n_duplicates"] == 1
    for rule in ("future", "negative_total", "unknown_currency"):
        assert count(orders, "impossible", rule) == 1
    assert count(orders, "missing", "cancelled_at") == 1
    assert count(customers, "impossible", "not_an_address") == 1
    assert count(customers, "impossible", "unknown_country") == 1
    visits, tickets = tables["visits"], tables["tickets"]
    # A day that pandas cannot tell is in the future all the same.
    assert count(visits, "impossible", "future") == 1
    assert count(visits, "impossible", "negative_duration") == 1
    assert count(visits, "missing", "customer_id") == 1
    assert count(tickets, "impossible", "resolved_before_opened") == 1
    assert count(tickets, "missing", "sentiment_score") == 1
    assert "9 are duplicates or impossible" in said[0]


async def test_nothing_that_says_who_somebody_is_is_kept(dirty, report):
    kept = str(await report())
    for words in ("Zoe", "zoe", "no-address", "alice", "Alice"):
        assert words not in kept


async def test_empty_shop_has_a_report(sessions, tmp_path):
    row = await report_cleaning(sessions, tmp_path, report=lambda sentence: None)
    assert {table["n_rows"] for table in row.card["tables"].values()} == {0}
    assert row.card["before_at"] is None


async def test_columns_of_the_rules_are_loaded(sessions):
    async with sessions() as session:
        tables = await load_tables(session)
    for name, rules in RULES.items():
        named = {*rules.same, *rules.missing, *rules.outliers}
        assert named <= set(tables[name])


async def test_next_report_says_what_has_changed(dirty, report):
    before = await report()
    await dirty.add_order(dirty.alice, currency="XQX")
    after = await report()
    change = after["tables"]["orders"]["change"]
    assert (change["n_rows"], change["impossible unknown_currency"]) == (1, 1)
    assert change["impossible future"] == 0
    assert (before["before_at"], bool(after["before_at"])) == (None, True)


async def test_trainings_of_one_hour_share_a_report(dirty, sessions, tmp_path):
    async def card():
        return await cleaning_card(
            sessions, tmp_path, as_of=None, report=lambda sentence: None
        )

    first = await card()
    await dirty.add_order(dirty.alice)
    assert await card() == first


async def test_page_and_file_show_it_in_both_languages(client, dirty, report):
    await report()
    await dirty.add_order(dirty.alice, currency="XQX")
    await report()
    rita = await dirty.cookie(dirty.rita)
    page = await (await client.get(f"{PAGE}?lang=en", headers=rita)).text()
    for words in (
        "left out: a correction, not a purchase",
        "Unknown currency",
        "counts as a complaint",
        "+1",
        "Changes are since",
    ):
        assert words in page
    chinese = await (await client.get(f"{PAGE}?lang=zh", headers=rita)).text()
    assert "未知币种" in chinese
    assert "Unknown currency" not in chinese
    response = await client.get(f"{PAGE}.csv?lang=en", headers=rita)
    assert response.content_type == "text/csv"
    content = (await response.read()).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    [wrong] = [row for row in rows if row["What"] == "Unknown currency"
               and row["Table"] == "Orders"]  # fmt: skip
    assert (wrong["Rows"], wrong["Change"]) == ("2", "1")
    assert {row["Table"] for row in rows} >= {"Orders", "Customers", "Articles"}


async def test_page_without_a_report_says_how_to_make_one(client, shop):
    rita = await shop.cookie(shop.rita)
    page = await (await client.get(f"{PAGE}?lang=en", headers=rita)).text()
    assert "There is no report yet" in page
    empty = await client.get(f"{PAGE}.csv", headers=rita)
    assert len((await empty.text()).splitlines()) == 1


async def test_report_of_a_predictor_is_kept_with_it(
    client, dirty, report, sessions, tmp_path
):
    card = await report()
    async with sessions.begin() as session:
        row = make(dirty, tmp_path, "churn-1")
        row.metrics = row.metrics | {
            "cleaning": card | {"made_at": dirty.now.isoformat()}
        }
        await add_trained(session, row)
        await add_trained(session, make(dirty, tmp_path, "churn-0", loss=9, rival=0.1))
    await dirty.add_order(dirty.alice, currency="XQX")
    await report()
    rita = await dirty.cookie(dirty.rita)

    async def read(path):
        response = await client.get(path, headers=rita)
        return response.status, await response.text()

    _, page = await read("/sales/models/churn-1?lang=en")
    assert f'href="{PAGE}?version=churn-1"' in page
    _, page = await read("/sales/models/churn-0?lang=en")
    assert f"{PAGE}?version" not in page
    _, page = await read(f"{PAGE}?version=churn-1&lang=en")
    assert "churn-1 learned from these records" in page
    assert "There was no report before" in page
    assert (await read(f"{PAGE}?version=churn-9"))[0] == 404


async def test_report_is_for_those_who_sell(client, shop):
    carol = await shop.cookie(shop.carol)
    for path in (PAGE, f"{PAGE}.csv"):
        assert (await client.get(path, headers=carol)).status == 403
        refused = await client.get(path, allow_redirects=False)
        assert refused.headers["Location"].startswith("/sign-in?next=")


def test_everything_that_can_be_reported_has_words():
    assert set(TABLES) == set(RULES)
    keys = {f"table_{name}" for name in RULES}
    for rules in RULES.values():
        keys |= {f"column_{name}" for name in (*rules.missing, *rules.outliers)}
        keys |= {f"rule_{name}" for name in rules.impossible}
    keys |= {f"filled_{how}" for how in get_args(Filled)}
    assert {f"page_cleaning_{key}" for key in keys} <= set(texts())
