"""Which predictors there are and which are in use, over HTTP."""

from crm_backend.api import Call, Endpoint, NoContent
from crm_backend.schemas.predictors import PredictorStateOut, PredictorStates
from crm_backend.services import predictors as service


async def list_versions(call: Call) -> PredictorStates:
    """Show all predictors."""
    rows = await service.list_predictors(call.session)
    return PredictorStates(
        items=[PredictorStateOut.model_validate(row) for row in rows]
    )


async def promote(call: Call) -> PredictorStateOut:
    """Take a predictor into use."""
    version = call.path["version"]
    row = await service.promote(call.session, call.config.var_dir, version)
    return PredictorStateOut.model_validate(row)


async def roll_back(call: Call) -> PredictorStateOut:
    """Go back to the predictor that was in use before a predictor."""
    current = await service.get_predictor(call.session, call.path["version"])
    row = await service.roll_back(call.session, call.config.var_dir, current)
    return PredictorStateOut.model_validate(row)


NOT_FOUND = (404, "predictor_not_found")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/insights/predictor-versions",
        list_versions,
        "sales",
        "List all predictors by kind, the newest first, and which are in use",
        PredictorStates,
        "insights",
    ),
    Endpoint(
        "POST",
        "/insights/predictor-versions/{version}/promotions",
        promote,
        "manage",
        "Take a predictor into use in place of another of its kind",
        PredictorStateOut,
        "insights",
        body=NoContent,
        errors=(NOT_FOUND, (409, "predictor_unusable")),
    ),
    Endpoint(
        "POST",
        "/insights/predictor-versions/{version}/rollbacks",
        roll_back,
        "manage",
        "Go back from the predictor in use to the one before",
        PredictorStateOut,
        "insights",
        body=NoContent,
        errors=(NOT_FOUND, (409, "nothing_before"), (409, "predictor_not_in_use")),
    ),
)
