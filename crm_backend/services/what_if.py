"""What would change a stored prediction, by the predictor that made it."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.features import NotEnoughData, ShopFrames
from crm_backend.analytics.outcome_terms import OUTCOMES
from crm_backend.analytics.purchase_predictor import likely_from
from crm_backend.analytics.what_if import KINDS, Changes, find_changes
from crm_backend.frames import load_frames
from crm_backend.models import Customer
from crm_backend.services.insights import PURCHASE, PurchaseEstimate, find_loaded
from crm_backend.services.predictions import OutcomeEstimate, find_outcome


async def find_what_if(
    session: AsyncSession,
    var_dir: Path,
    customer: Customer,
    estimates: Sequence[PurchaseEstimate | OutcomeEstimate],
) -> Mapping[str, Changes]:
    """Return what would change each answer about a customer, by kind.

    Args:
        session: of the shop's database.
        var_dir: where fitted predictors are kept.
        customer: whom the estimates are about.
        estimates: stored answers; without a prediction, such as without consent, or
            with a predictor that cannot be read, there is nothing to change.
    """
    asked = [one for one in estimates if one.prediction and _kind(one) in KINDS]
    if not asked or not customer.consent_profiling:
        return {}
    frames = await load_frames(session, customer.id)
    found = {
        _kind(one): await asyncio.to_thread(_find, var_dir, frames, one)
        for one in asked
    }
    return {kind: changes for kind, changes in found.items() if changes is not None}


def _kind(estimate: PurchaseEstimate | OutcomeEstimate) -> str:
    return estimate.kind if isinstance(estimate, OutcomeEstimate) else PURCHASE


def _find(
    var_dir: Path, frames: ShopFrames, estimate: PurchaseEstimate | OutcomeEstimate
) -> Changes | None:
    row = estimate.predictor
    if row is None:
        return None
    try:
        if isinstance(estimate, OutcomeEstimate):
            outcome, terms = find_outcome(row, var_dir), OUTCOMES[estimate.kind]
            if outcome is None:
                return None
            return find_changes(
                estimate.kind,
                outcome.p,
                frames,
                estimate.as_of,
                threshold=row.metrics["threshold"],
                max_days_since_last_order=terms.max_days_since_last_order,
            )
        purchase = find_loaded(row, var_dir)
        if purchase is None:
            return None
        return find_changes(
            PURCHASE,
            purchase.p_purchase,
            frames,
            estimate.as_of,
            threshold=likely_from(row.base_rate),
            horizon_days=purchase.horizon_days,
        )
    except NotEnoughData:
        # The only order was taken back since.
        return None
