"""The predictors on pages: which there are, and the card of each."""

from typing import Any
from urllib.parse import quote

from aiohttp import web

from crm_backend.analytics.category_terms import KIND as CATEGORY
from crm_backend.analytics.order_terms import KIND as ORDERS
from crm_backend.authentication import page_language, refuse_other_sites
from crm_backend.db import reading
from crm_backend.errors import Conflict
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import Predictor, Staff
from crm_backend.services import predictors as service
from crm_backend.services.retrainings import find_last_request
from crm_backend.web.access import require_reader
from crm_backend.web.category_cards import category_figure, read_category_card
from crm_backend.web.charts import make_figure
from crm_backend.web.order_cards import order_figure, read_order_card
from crm_backend.web.predictor_cards import (
    calibration_chart,
    family_text,
    feature_text,
    read_card,
    read_drift,
)
from crm_backend.web.predictor_groups import read_groups
from crm_backend.web.rendering import render

PAGE = "/sales/models"
# Kinds that are no yes or no, with what says most of each.
OTHERS = {ORDERS: order_figure, CATEGORY: category_figure}


async def show_predictors(request: web.Request) -> web.Response:
    """Show all predictors and which are in use."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        rows = await service.list_predictors(session)
    return render(
        "sales_models.html",
        request,
        staff=staff,
        models=[(row, read_card(row)) for row in rows if row.kind not in OTHERS],
        others=[(row, OTHERS[row.kind](row)) for row in rows if row.kind in OTHERS],
    )


async def show_predictor(request: web.Request) -> web.Response:
    """Show the card of one predictor."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        row = await service.get_predictor(session, request.match_info["version"])
    return await _card_page(request, staff, row)


async def submit_predictor(request: web.Request) -> web.Response:
    """Take a predictor into use, or go back to the one before it."""
    refuse_other_sites(request)
    form = await request.post()
    version = request.match_info["version"]
    var_dir = request.app[CONFIG].var_dir
    try:
        async with request.app[SESSIONS].begin() as session:
            await require_reader(request, session, "manage", back=PAGE)
            row = await service.get_predictor(session, version)
            if form.get("action") == "roll_back":
                row = await service.roll_back(session, var_dir, row)
            else:
                row = await service.promote(session, var_dir, version)
    except Conflict as err:
        async with reading(request.app[SESSIONS]) as session:
            staff = await require_reader(request, session, "manage", back=PAGE)
            row = await service.get_predictor(session, version)
        return await _card_page(request, staff, row, problem=err.code)
    target = f"{PAGE}/{quote(row.version)}"
    return web.Response(status=303, headers={"Location": target})


async def _card_page(
    request: web.Request, staff: Staff, row: Predictor, *, problem: str = ""
) -> web.Response:
    language = page_language(request)
    parts = await _card_parts(request, row, language)
    async with reading(request.app[SESSIONS]) as session:
        retraining = await find_last_request(session, row.version)
    return render(
        request=request,
        staff=staff,
        status=409 if problem else 200,
        model=row,
        drift=read_drift(row),
        retraining=retraining,
        problem=problem,
        family=lambda name: family_text(name, language),
        feature=lambda name: feature_text(name, language),
        **parts,
    )


async def _card_parts(
    request: web.Request, row: Predictor, language: str
) -> dict[str, Any]:
    """Return the template of a card and what only cards of its kind have."""
    if row.kind == ORDERS:
        card = read_order_card(row, language)
        return {"template": "sales_model_orders.html", "card": card}
    if row.kind == CATEGORY:
        categories = read_category_card(row, language)
        return {"template": "sales_model_category.html", "card": categories}
    outcome_card = read_card(row)
    table = calibration_chart(outcome_card, language)
    figure = await make_figure(
        request,
        table.chart,
        columns=table.columns,
        rows=table.rows,
        note=table.chart.summary,
    )
    return {
        "template": "sales_model.html",
        "card": outcome_card,
        "groups": read_groups(row, language),
        "figure": figure,
    }
