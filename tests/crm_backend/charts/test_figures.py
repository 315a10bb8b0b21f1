"""A chart on a page stands with its table, and the table alone if need be."""

from typing import Any

import pytest
from aiohttp import web

from crm_backend.charts import studio as studio_module
from crm_backend.charts.specs import Bar, BarChart
from crm_backend.web.charts import (
    PICTURE_POLICY,
    csv_response,
    make_figure,
    picture_response,
    setup_charts,
)

CHART = BarChart(title="Won", summary="Rita leads.", bars=[Bar("Rita", 12.0)])


async def show(request: web.Request) -> web.Response:
    rows = [["Rita", "€12"]] if "full" in request.query else []
    figure = await make_figure(request, CHART, columns=["Rep", "Won"], rows=rows)
    return web.json_response(
        {"wide": figure.wide, "narrow": figure.narrow, "rows": figure.rows}
    )


async def send_picture(request: web.Request) -> web.Response:
    return await picture_response(request, CHART)


async def send_table(request: web.Request) -> web.Response:
    return csv_response("排行.csv", ["Rep"], [["Rita"]])


@pytest.fixture
async def charts(aiohttp_client: Any) -> Any:
    app = web.Application()
    setup_charts(app)
    app.router.add_get("/figure", show)
    app.router.add_get("/picture.svg", send_picture)
    app.router.add_get("/table.csv", send_table)
    return await aiohttp_client(app)


async def test_figure_has_two_pictures_and_its_table(charts: Any) -> None:
    shown = await (await charts.get("/figure?full")).json()
    assert 'class="chart-wide"' in shown["wide"]
    assert 'class="chart-narrow"' in shown["narrow"]
    assert shown["rows"] == [["Rita", "€12"]]


async def test_figure_without_rows_draws_nothing(charts: Any) -> None:
    assert (await (await charts.get("/figure")).json())["wide"] is None


async def test_table_stands_where_the_picture_cannot_be_drawn(
    charts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_module, "WORKER", "there_is_no_such_module")
    shown = await (await charts.get("/figure?full")).json()
    assert shown == {"wide": None, "narrow": None, "rows": [["Rita", "€12"]]}
    assert (await charts.get("/picture.svg")).status == 503


async def test_picture_of_its_own_may_only_show_itself(charts: Any) -> None:
    response = await charts.get("/picture.svg")
    assert response.content_type == "image/svg+xml"
    assert response.headers["Content-Security-Policy"] == PICTURE_POLICY
    assert "<desc" in await response.text()


async def test_table_is_a_file_with_a_name_in_any_language(charts: Any) -> None:
    response = await charts.get("/table.csv")
    assert response.content_disposition.filename == "排行.csv"
    assert (await response.read()).startswith(b"\xef\xbb\xbfRep")
