import csv
import io

import pytest
from sqlalchemy import delete

from crm_backend.models import (
    Analysis,
    DemandForecast,
    ProductRule,
    Segment,
    SegmentMember,
)

pytest_plugins = (
    "tests.crm_backend.fixtures_predictions",
    "tests.crm_backend.fixtures_segments",
)

PAGES = (
    "/sales/segments",
    "/sales/segments?kind=cluster",
    "/sales/demand",
    "/sales/segments.csv",
    "/sales/demand.csv",
)


@pytest.fixture
def database_url(analysed_url):
    return analysed_url


async def read(client, people, path, who=None):
    headers = await people.cookie(who or people.rita)
    response = await client.get(path, headers=headers, allow_redirects=False)
    return response.status, await response.text()


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_for_those_who_sell(client, people, path):
    assert (await read(client, people, path))[0] == 200
    assert (await read(client, people, path, people.carol))[0] == 403
    response = await client.get(path, allow_redirects=False)
    assert response.status == 303
    assert response.headers["Location"].startswith("/sign-in?next=")


async def test_segments_are_shown_with_picture_needs_and_rules(client, people):
    _, page = await read(client, people, "/sales/segments?lang=en")
    for words in ("Champions", "<svg", "Bought together", "Lift", "Mostly orders"):
        assert words in page


async def test_pages_speak_chinese(client, people):
    _, segments = await read(client, people, "/sales/segments?lang=zh")
    assert "核心客户" in segments
    assert "常一起购买" in segments
    _, demand = await read(client, people, "/sales/demand?lang=zh")
    assert "建议补货" in demand
    assert "Forecast by" not in demand


async def test_clusters_say_how_stable_they_are(client, people):
    _, page = await read(client, people, "/sales/segments?kind=cluster&lang=en")
    assert "agreement of draws" in page


async def test_demand_shows_its_error_beside_the_baselines(client, people):
    _, page = await read(client, people, "/sales/demand?lang=en")
    assert "the mean of eight weeks:" in page
    assert page.count("<svg") >= 1


async def test_segments_file_holds_numbers(client, people):
    _, text = await read(client, people, "/sales/segments.csv?lang=en")
    head, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert head[:2] == ["Segment", "Customers"]
    assert len(rows) == 8
    assert sum(float(row[2]) for row in rows) == pytest.approx(1)


async def test_demand_file_has_four_weeks_of_each_article(client, people):
    _, text = await read(client, people, "/sales/demand.csv?lang=en")
    _, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    weeks = {}
    for sku, _, week, *_ in rows:
        weeks.setdefault(sku, set()).add(week)
    assert len(weeks) > 30
    assert {len(one) for one in weeks.values()} == {4}


async def test_shop_without_analyses_says_so(client, people):
    async with people.sessions.begin() as session:
        tables = (SegmentMember, Segment, DemandForecast, ProductRule, Analysis)
        for table in tables:
            await session.execute(delete(table))
    for path, words in (
        ("/sales/segments?lang=en", "There are no segments yet"),
        ("/sales/demand?lang=en", "There is no forecast yet"),
    ):
        status, page = await read(client, people, path)
        assert status == 200
        assert words in page
