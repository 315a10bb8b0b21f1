"""Customers for those who sell: finding one, and all that is known about one."""

from typing import get_args

from aiohttp import web

from crm_backend.authentication import page_language
from crm_backend.catalogue import say
from crm_backend.db import reading
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.schemas.category_predictions import categories_out
from crm_backend.schemas.insights import prediction_out
from crm_backend.schemas.offers import next_action_out, offers_out
from crm_backend.schemas.order_predictions import orders_out
from crm_backend.schemas.predictions import outcome_out
from crm_backend.schemas.segments import segment_label
from crm_backend.schemas.what_if import what_if_out
from crm_backend.services.customer_views import find_view
from crm_backend.services.customers import list_customers
from crm_backend.services.order_predictions import (
    Sort,
    list_currencies,
    list_expected,
)
from crm_backend.services.predictions import Kind, list_likeliest
from crm_backend.services.predictors import find_current
from crm_backend.services.what_if import find_what_if
from crm_backend.web.access import require_reader
from crm_backend.web.charts import csv_response
from crm_backend.web.rendering import render

N_FOUND = 20
N_AT_RISK = 10
N_EXPECTED = 20
MAX_QUERY = 100
CSV_COLUMNS = (
    *("number", "name", "orders", "orders_low", "orders_high"),
    *("spend", "spend_low", "spend_high", "currency", "days", "as_of", "version"),
)


async def show_customers(request: web.Request) -> web.Response:
    """Show a search, of whom most is expected, and who may leave or return."""
    language = page_language(request)
    q = request.query.get("q", "").strip()[:MAX_QUERY]
    sort = _sort(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        expected = await list_expected(session, sort=sort, limit=N_EXPECTED)
        currencies = [] if expected else await list_currencies(session)
        found = await list_customers(session, q=q, limit=N_FOUND) if q else None
        churn = await list_likeliest(session, "churn", N_AT_RISK)
        refund = await list_likeliest(session, "refund", N_AT_RISK)
        in_use = {kind: await find_current(session, kind) for kind in get_args(Kind)}
    return render(
        "sales_customers.html",
        request,
        staff=staff,
        q=q,
        max_query=MAX_QUERY,
        found=found.items if found else None,
        sort=sort,
        expected=[orders_out(one, language) for one in expected],
        expected_missing=_say_missing(currencies, language),
        in_use=in_use,
        risks={
            "churn": [outcome_out(one, language) for one in churn],
            "refund": [outcome_out(one, language) for one in refund],
        },
    )


async def show_customer(request: web.Request) -> web.Response:
    """Show one customer from all sides, if they allow it."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        customer, view = await find_view(session, request.match_info["number"])
        changes = await find_what_if(
            session,
            request.app[CONFIG].var_dir,
            customer,
            (view.purchase, *view.outcomes) if view else (),
        )
    if view is None:
        return render("sales_customer.html", request, staff=staff, customer=customer,
                      view=None)  # fmt: skip
    purchase = prediction_out(view.purchase, language)
    return render(
        "sales_customer.html",
        request,
        staff=staff,
        customer=customer,
        view=view,
        purchase=purchase,
        orders=orders_out(view.orders, language),
        categories=categories_out(view.categories, language),
        outcomes=[outcome_out(one, language) for one in view.outcomes],
        what_if={
            kind: what_if_out(kind, found, language) for kind, found in changes.items()
        },
        segments=[
            (segment.kind, segment_label(segment, language))
            for segment in view.segments
        ],
        offers=offers_out(view.offers, language),
        action=next_action_out(view.next_action, language),
    )


async def download_customers(request: web.Request) -> web.Response:
    """Answer with what is expected of all customers as a file; numbers stay numbers."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        estimates = await list_expected(session, sort=_sort(request))
    rows = [
        (
            one.customer.number,
            one.customer.name,
            round(one.prediction.expected_orders, 3),
            round(one.prediction.orders_low, 3),
            round(one.prediction.orders_high, 3),
            one.prediction.expected_spend_cents / 100,
            one.prediction.spend_low_cents / 100,
            one.prediction.spend_high_cents / 100,
            one.prediction.currency,
            one.predictor.horizon_days,
            one.as_of.date().isoformat(),
            one.predictor.version,
        )
        for one in estimates
        if one.prediction is not None and one.predictor is not None
    ]
    heads = [say(f"page_expected_{name}", language) for name in CSV_COLUMNS]
    return csv_response("customers.csv", heads, rows)


def _sort(request: web.Request) -> Sort:
    return "orders" if request.query.get("sort") == "orders" else "spend"


def _say_missing(currencies: list[str], language: str) -> str:
    if len(currencies) > 1:
        return say(
            "orders_missing_currencies", language, currencies=", ".join(currencies)
        )
    return say("page_expected_none", language)
