"""The overview of sales: how it goes, who is likely to buy, and the chat."""

from dataclasses import dataclass

from aiohttp import web

from crm_backend.authentication import page_language
from crm_backend.db import reading
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import Predictor, utc_now
from crm_backend.schemas.insights import PredictorOut, prospects_out
from crm_backend.services.forecasts import list_forecasts
from crm_backend.services.insights import list_top_prospects
from crm_backend.services.pipeline import get_pipeline
from crm_backend.services.sales import report_sales
from crm_backend.services.sales_tasks import list_tasks
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.rendering import render
from crm_backend.web.sales_charts import forecast_chart
from crm_backend.web.sales_figures import draw_all

N_PROSPECTS = 10


@dataclass(frozen=True)
class Quality:
    """How a predictor did on later days, beside the best of the simple rules.

    Attributes:
        lift: how many times the average share of buyers its likeliest tenth holds.
        auc: the share of pairs of customers it puts in the right order.
        is_better: whether it beats every simple rule.
    """

    lift: float
    auc: float
    baseline_lift: float
    baseline_auc: float
    is_better: bool


async def show_sales(request: web.Request) -> web.Response:
    """Show how sales go, the prospects, how good the predictor is, and the chat."""
    zone, language = request.app[CONFIG].shop_time_zone, page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        principal = await get_principal(request, session)
        today = utc_now().astimezone(zone).date()
        found = await list_top_prospects(session, N_PROSPECTS)
        prospects = prospects_out(found, language)
        report = await report_sales(session, zone)
        pipeline = await get_pipeline(session, principal, today)
        tasks = await list_tasks(session, principal, only_own=True)
        forecasts = await list_forecasts(session)
    figures = await draw_all(
        request,
        [forecast_chart(row, language) for row in forecasts[:1]],
        "/sales/forecast.csv",
    )
    return render(
        "sales.html",
        request,
        staff=staff,
        predictor=found.predictor,
        quality=find_quality(found.predictor),
        prospects=prospects,
        report=report,
        pipeline=pipeline,
        n_tasks=len(tasks),
        n_overdue=sum(
            task.due_on is not None and task.due_on < today for task in tasks
        ),
        figures=figures,
    )


def find_quality(predictor: Predictor | None) -> Quality | None:
    """Return how good a predictor was when it was tested."""
    if predictor is None:
        return None
    card = PredictorOut.model_validate(predictor).metrics
    rules = card.baselines.values()
    return Quality(
        lift=card.test.lift_at_10pct,
        auc=card.test.auc,
        baseline_lift=max(rule.lift_at_10pct for rule in rules),
        baseline_auc=max(rule.auc for rule in rules),
        is_better=card.beats_baselines,
    )
