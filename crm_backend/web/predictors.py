"""The predictors on pages: which there are, and the card of each."""

from aiohttp import web

from crm_backend.authentication import page_language
from crm_backend.db import reading
from crm_backend.keys import SESSIONS
from crm_backend.services import predictors as service
from crm_backend.web.access import require_reader
from crm_backend.web.charts import make_figure
from crm_backend.web.predictor_cards import (
    calibration_chart,
    family_text,
    feature_text,
    read_card,
)
from crm_backend.web.rendering import render


async def show_predictors(request: web.Request) -> web.Response:
    """Show all predictors and which are in use."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        rows = await service.list_predictors(session)
        current = {row.kind: await service.find_current(session, row.kind)
                   for row in rows}  # fmt: skip
    return render(
        "sales_models.html",
        request,
        staff=staff,
        models=[(row, read_card(row)) for row in rows],
        in_use={row.id for row in current.values() if row is not None},
    )


async def show_predictor(request: web.Request) -> web.Response:
    """Show the card of one predictor."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        row = await service.get_predictor(session, request.match_info["version"])
        current = await service.find_current(session, row.kind)
    card = read_card(row)
    table = calibration_chart(card, language)
    return render(
        "sales_model.html",
        request,
        staff=staff,
        model=row,
        card=card,
        is_current=current is not None and current.id == row.id,
        figure=await make_figure(
            request,
            table.chart,
            columns=table.columns,
            rows=table.rows,
            note=table.chart.summary,
        ),
        family=lambda name: family_text(name, language),
        feature=lambda name: feature_text(name, language),
    )
