"""What to offer and what to do next, as it goes out, in words."""

from typing import Literal

from babel.numbers import format_percent
from pydantic import AwareDatetime, Field

from crm_backend.api import Schema
from crm_backend.catalogue import say
from crm_backend.models import Product, ProductRule, Recommendation
from crm_backend.schemas.insights import PersonOut
from crm_backend.services.next_actions import Facts, NextAction
from crm_backend.services.offers import Offers


class OffersQuery(Schema):
    """How many articles a list has."""

    limit: int = Field(3, ge=1, le=10)


class OfferOut(Schema):
    """An article to offer, and why."""

    sku: str
    name: str
    price_cents: int
    currency: str
    reason: Literal["again", "similar", "taste", "popular"]
    text: str


class OffersOut(Schema):
    """What to offer to a customer, the best first."""

    customer: PersonOut
    as_of: AwareDatetime | None
    enough_data: bool
    missing: str | None
    again: list[OfferOut]
    new: list[OfferOut]
    beats_most_popular: bool | None = Field(
        description="Whether this way beats the best sellers on later orders."
    )


class NextActionOut(Schema):
    """What to do next for a customer, and what that rests on."""

    customer: PersonOut
    as_of: AwareDatetime
    action: str
    text: str
    reasons: list[str]
    offer: OfferOut | None


class RuleOut(Schema):
    """Two articles that are bought together more often than by chance."""

    sku: str
    name: str
    with_sku: str
    with_name: str
    n_orders: int
    support: float
    confidence: float
    lift: float


class RulesOut(Schema):
    """What is bought together, the strongest first."""

    items: list[RuleOut]


class RulesQuery(Schema):
    """How many pairs."""

    limit: int = Field(20, ge=1, le=50)


def rule_out(rule: ProductRule, language: str) -> RuleOut:
    """Put a rule into words."""
    return RuleOut(
        sku=rule.product.sku,
        name=product_name(rule.product, language),
        with_sku=rule.with_product.sku,
        with_name=product_name(rule.with_product, language),
        n_orders=rule.n_orders,
        support=rule.support,
        confidence=rule.confidence,
        lift=rule.lift,
    )


def offer_out(row: Recommendation, language: str) -> OfferOut:
    """Put a recommendation into words."""
    product = row.product
    return OfferOut(
        sku=product.sku,
        name=product_name(product, language),
        price_cents=product.price_cents,
        currency=product.currency,
        reason=row.reason,
        text=_offer_text(row, language),
    )


def product_name(product: Product, language: str) -> str:
    """Name an article in a language, if it has a name there."""
    return (product.name_zh or product.name) if language == "zh" else product.name


def _offer_text(row: Recommendation, language: str) -> str:
    if row.reason == "again":
        key = "offer_again_one" if row.n_orders == 1 else "offer_again"
        days = round(row.days_since_bought or 0)
        return say(key, language, n=row.n_orders, days=days)
    if row.reason == "similar" and row.because_product is not None:
        name = product_name(row.because_product, language)
        return say("offer_similar", language, product=name)
    return say(f"offer_{'popular' if row.reason == 'popular' else 'taste'}", language)


def offers_out(offers: Offers, language: str) -> OffersOut:
    """Put what to offer into words."""
    card = offers.analysis.card if offers.analysis else {}
    return OffersOut(
        customer=PersonOut.model_validate(offers.customer),
        as_of=offers.as_of,
        enough_data=offers.missing is None,
        missing=say(f"offers_missing_{offers.missing}", language)
        if offers.missing
        else None,
        again=[offer_out(row, language) for row in offers.again],
        new=[offer_out(row, language) for row in offers.new],
        beats_most_popular=card.get("new", {}).get("beats_most_popular"),
    )


def next_action_out(found: NextAction, language: str) -> NextActionOut:
    """Put what to do next into words."""
    offered = {
        "offer_new": found.facts.offer,
        "remind": found.facts.again,
        "win_back": found.facts.offer or found.facts.again,
    }.get(found.action)
    offer = offer_out(offered, language) if offered is not None else None
    reasons = _reasons(found, language)
    if offer is not None:
        reasons.append(
            say("next_why_offer", language, product=offer.name, reason=offer.text)
        )
    return NextActionOut(
        customer=PersonOut.model_validate(found.customer),
        as_of=found.as_of,
        action=found.action,
        text=say(f"next_{found.action}", language),
        reasons=reasons,
        offer=offer,
    )


def _reasons(found: NextAction, language: str) -> list[str]:
    facts, reasons = found.facts, []
    if facts.n_open_tickets:
        reasons.append(
            say(
                "next_why_tickets",
                language,
                n=facts.n_open_tickets,
                number=facts.ticket_number,
                days=facts.ticket_days,
            )
        )
    if facts.n_open_returns:
        reasons.append(say("next_why_returns", language, n=facts.n_open_returns))
    if not found.customer.consent_marketing:
        reasons.append(say("next_why_no_consent", language))
    if not facts.n_orders:
        reasons.append(say("next_why_no_orders", language))
    if not found.customer.consent_profiling:
        reasons.append(say("next_why_no_profiling", language))
    return reasons + _predicted(facts, language)


def _predicted(facts: Facts, language: str) -> list[str]:
    reasons = []
    if facts.days_since_last_order is not None:
        key = "next_why_late" if facts.usual_gap_days else "next_why_last"
        days, gap = facts.days_since_last_order, facts.usual_gap_days
        reasons.append(say(key, language, days=days, gap=gap))
    if facts.p_purchase is not None:
        reasons.append(
            say(
                "next_why_p",
                language,
                horizon=facts.horizon_days,
                p=_share(facts.p_purchase, language),
                base=_share(facts.base_rate or 0.0, language),
            )
        )
    return reasons


def _share(share: float, language: str) -> str:
    pattern = "#,##0%" if share >= 0.01 else "#,##0.0%"
    return str(format_percent(share, pattern, locale=language))
