"""Forecasts of demand as they go out."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, Field

from crm_backend.api import Schema
from crm_backend.catalogue import say
from crm_backend.schemas.offers import product_name
from crm_backend.schemas.segments import category_word
from crm_backend.services.demand import Advice, DemandOutlook, Level, Series

# What a forecast takes: analytics/demand.py, which loads scikit-learn.
MIN_WEEKS = 16


class DemandQuery(Schema):
    """Of what."""

    level: Level = "product"
    limit: int = Field(100, ge=1, le=1000)


class WeekOut(Schema):
    """One week: units, or cents of the whole shop; eight of ten weeks lie between."""

    week_on: date
    expected: float
    low: float
    high: float


class SeriesOut(Schema):
    """The coming weeks of an article, a category or the shop."""

    sku: str | None
    name: str
    weeks: list[WeekOut]
    n_in_stock: int | None
    advice: Advice | None
    n_to_order: int


class DemandOut(Schema):
    """The coming weeks: articles that run short first, others by size."""

    level: Level
    unit: Literal["units", "cents"]
    currency: str
    as_of: AwareDatetime | None
    missing: str | None
    family: str | None = Field(description="What forecasts best on the last weeks.")
    wape: float | None = Field(description="Its errors there, as a share of sales.")
    baseline_wape: float | None = Field(description="Of the mean of eight weeks.")
    beats_baseline: bool | None
    items: list[SeriesOut]


def demand_out(outlook: DemandOutlook, language: str) -> DemandOut:
    """Put forecasts into words."""
    card = outlook.card
    wape = card.get("wape", {})
    return DemandOut(
        level=outlook.level,
        unit="cents" if outlook.level == "shop" else "units",
        currency=outlook.currency,
        as_of=outlook.analysis.as_of if outlook.analysis else None,
        missing=None
        if outlook.items
        else say("demand_missing", language, n_weeks=MIN_WEEKS),
        family=card.get("family"),
        wape=wape.get(card.get("family")),
        baseline_wape=wape.get("mean_8_weeks"),
        beats_baseline=card.get("beats_baseline"),
        items=[_series_out(item, language) for item in outlook.items],
    )


def _series_out(series: Series, language: str) -> SeriesOut:
    product = series.product
    name = (
        product_name(product, language)
        if product is not None
        else category_word(series.name or "", language)
    )
    return SeriesOut(
        sku=product.sku if product is not None else None,
        name=name,
        weeks=[WeekOut.model_validate(week) for week in series.weeks],
        n_in_stock=series.n_in_stock,
        advice=series.advice,
        n_to_order=series.n_to_order,
    )
