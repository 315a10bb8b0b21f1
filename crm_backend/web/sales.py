"""The sales page: who is likely to buy, and the chat for colleagues."""

from dataclasses import dataclass

from aiohttp import web

from crm_backend.authentication import page_language
from crm_backend.db import reading
from crm_backend.keys import SESSIONS
from crm_backend.models import Predictor
from crm_backend.schemas.insights import PredictorOut, prospects_out
from crm_backend.services.insights import list_top_prospects
from crm_backend.web.access import require_reader
from crm_backend.web.rendering import render

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
    """Show the prospects, how good the predictor is, and the chat."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        found = await list_top_prospects(session, N_PROSPECTS)
        prospects = prospects_out(found, page_language(request))
    return render(
        "sales.html",
        request,
        staff=staff,
        predictor=found.predictor,
        quality=find_quality(found.predictor),
        prospects=prospects,
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
