"""Groups of customers as they go out, in words."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from crm_backend.api import Schema
from crm_backend.catalogue import say, texts
from crm_backend.models import Segment
from crm_backend.services.segments import Kind, SegmentOverview

# What finding segments takes: analytics/segments.py, which loads scikit-learn.
MIN_CUSTOMERS = 50
Share = Annotated[float, Field(ge=0, le=1)]


class SegmentQuery(Schema):
    """Which groups."""

    kind: Kind = Field("rfm", description="rfm: by rule; cluster: as the data falls.")


class CategoryOut(Schema):
    """A category a group buys, beside the whole shop."""

    category: str
    text: str
    share_of_units: Share
    ratio: float


class ComplaintOut(Schema):
    """What a group complains of."""

    category: str
    text: str
    share: Share


class KeywordOut(Schema):
    """A word that a group uses more than others."""

    word: str
    n_customers: int


class SegmentOut(Schema):
    """A group of customers and what it needs."""

    name: str
    label: str
    about: str | None
    n_customers: int
    share_of_customers: Share
    share_of_revenue: Share | None
    mean_order_cents: float | None
    n_orders_365d: float | None
    days_since_last_order: float | None
    share_discounted: Share | None
    share_returned: Share | None
    p_purchase: Share | None
    categories: list[CategoryOut]
    unit_price_cents: int | None
    when: str | None = Field(description="The weekday and time of day it orders most.")
    complaints: list[ComplaintOut]
    n_complaints_per_100: float
    keywords: dict[Literal["en", "zh"], list[KeywordOut]]


class ThemeOut(Schema):
    """Something customers write about, and how much of each group's texts it is."""

    language: str
    words: list[str]
    n_texts: int
    shares: dict[str, Share]


class SegmentsOut(Schema):
    """All groups of one kind, the largest first."""

    kind: Kind
    currency: str
    as_of: AwareDatetime | None
    missing: str | None
    n_customers: int
    is_stable: bool | None = Field(description="Of clusters: whether draws agree.")
    silhouette: float | None
    stability: float | None
    items: list[SegmentOut]
    themes: list[ThemeOut]


def segments_out(overview: SegmentOverview, language: str) -> SegmentsOut:
    """Put the groups into words."""
    card = overview.analysis.card if overview.analysis else {}
    is_cluster = overview.kind == "cluster"
    return SegmentsOut(
        kind=overview.kind,
        currency=overview.currency,
        as_of=overview.analysis.as_of if overview.analysis else None,
        missing=None
        if overview.segments
        else say("segments_missing", language, n_customers=MIN_CUSTOMERS),
        n_customers=card.get("n_customers", 0),
        is_stable=card.get("is_stable") if is_cluster else None,
        silhouette=card.get("silhouette") if is_cluster else None,
        stability=card.get("stability") if is_cluster else None,
        items=[_segment_out(segment, language) for segment in overview.segments],
        themes=[
            ThemeOut.model_validate(theme)
            for theme in card.get("themes", {}).get(overview.kind, [])
        ],
    )


def segment_label(segment: Segment, language: str) -> str:
    """Name a group: by its rule, or by what sets it apart."""
    if segment.kind == "rfm":
        return say(f"segment_{segment.name}", language)
    traits = [
        f"trait_{one['feature']}_{'high' if one['difference'] > 0 else 'low'}"
        for one in segment.traits
    ]
    if not traits:
        return say("segment_average", language)
    label = say("segment_joint", language).join(say(key, language) for key in traits)
    return label[:1].upper() + label[1:]


def _segment_out(segment: Segment, language: str) -> SegmentOut:
    figures, needs = segment.figures, segment.needs
    return SegmentOut(
        name=segment.name,
        label=segment_label(segment, language),
        about=say(f"segment_about_{segment.name}", language)
        if segment.kind == "rfm"
        else None,
        n_customers=segment.n_customers,
        share_of_customers=figures["share_of_customers"],
        categories=[
            CategoryOut(text=category_word(row["category"], language), **row)
            for row in needs.get("categories", [])
        ],
        unit_price_cents=needs.get("unit_price_cents"),
        when=_when(needs, language),
        complaints=[
            ComplaintOut(text=_complaint(row["category"], language), **row)
            for row in needs.get("complaints", [])
        ],
        n_complaints_per_100=needs.get("n_complaints_per_100", 0.0),
        keywords={
            of: [
                KeywordOut(word=row["word"], n_customers=row["n_customers"])
                for row in segment.keywords.get(of, [])
            ]
            for of in ("en", "zh")
        },
        **{
            name: figures.get(name)
            for name in (
                "share_of_revenue",
                "mean_order_cents",
                "n_orders_365d",
                "days_since_last_order",
                "share_discounted",
                "share_returned",
                "p_purchase",
            )
        },
    )


def _when(needs: dict[str, Any], language: str) -> str | None:
    if "weekday" not in needs:
        return None
    return say("segment_joint", language).join(
        (
            say(f"weekday_{needs['weekday']}", language),
            say(f"part_of_day_{needs['part_of_day']}", language),
        )
    )


def _complaint(category: str, language: str) -> str:
    key = f"complaint_{category}"
    return say(key if key in texts() else "complaint_other", language)


def category_word(category: str, language: str) -> str:
    """Name a category as the shop's pages do; foreign ones stay as they are."""
    key = f"page_category_{category}"
    return say(key, language) if key in texts() else category
