"""What a scoring saw, beside what the predictor learned from."""

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.analytics.drift import count_reasons, level, measure_drift
from crm_backend.models import Predictor, utc_now
from crm_backend.services.retrainings import request_retraining

SENTENCES = {
    "none": "they are like those it learned from",
    "some": "they have changed a little since it learned",
    "clear": "they are no longer like those it learned from",
}


def summarise_drift(
    row: Predictor,
    features: pd.DataFrame,
    scores: pd.DataFrame,
    column: str,
    as_of: datetime,
) -> dict[str, Any]:
    """Compare customers with those a predictor learned from.

    Args:
        row: the predictor; older ones did not keep what they learned from.
        features: of the customers.
        scores: of them, with their reasons.
        column: of the scores, the probability.
        as_of: the moment they were scored for.
    """
    reference = row.metrics.get("reference")
    psi: dict[str, float] = {}
    if reference and len(features):
        psi = measure_drift(reference, features, scores[column].to_numpy("float64"))
    return {
        "as_of": as_of.isoformat(),
        "n_scored": len(scores),
        "psi": psi,
        "level": level(psi) if psi else None,
        "reasons": count_reasons(scores["reasons"]),
    }


def drift_sentence(drift: dict[str, Any], *, is_queued: bool) -> str:
    """Say how like the customers are to those that were learned from.

    Args:
        drift: what summarise_drift found.
        is_queued: whether a training was queued because of it.
    """
    if drift["level"] is None:
        return "nothing is kept to compare them with"
    name, value = next(iter(drift["psi"].items()))
    said = f"{SENTENCES[drift['level']]} (PSI at most {value:.2f}, of {name})"
    return f"{said}; a training is queued" if is_queued else said


async def keep_drift(
    session: AsyncSession, row: Predictor, drift: dict[str, Any]
) -> bool:
    """Keep it with the predictor's card, and queue a training if it is clear.

    Returns:
        whether a training was queued.
    """
    await session.execute(
        update(Predictor).where(Predictor.id == row.id).values(drift=drift)
    )
    return await request_retraining(session, row, drift, now=utc_now())
