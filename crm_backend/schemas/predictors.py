"""Predictors as they go out: which there are and which are in use."""

from pydantic import AwareDatetime

from crm_backend.api import Schema
from crm_backend.schemas.insights import Share


class PredictorStateOut(Schema):
    """A predictor and whether it is in use."""

    kind: str
    version: str
    is_current: bool
    trained_at: AwareDatetime
    promoted_at: AwareDatetime | None
    n_train: int
    base_rate: Share


class PredictorStates(Schema):
    """All predictors by kind, the newest of each first."""

    items: list[PredictorStateOut]
