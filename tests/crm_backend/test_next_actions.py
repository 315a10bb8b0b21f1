from datetime import timedelta

import pytest

from crm_backend.models import (
    Analysis,
    Predictor,
    PurchasePrediction,
    Recommendation,
)
from crm_backend.schemas.offers import next_action_out
from crm_backend.services.next_actions import find_next_action


@pytest.fixture
async def dora(shop):
    """A customer who buys every ten days, likes the kettle and allows everything."""
    dora = await shop.add_customer(name="Dora Dorn", consent_marketing=True)
    for n in range(5):
        at = shop.now - timedelta(days=5 + 10 * n)
        await shop.add_order(dora, ordered_at=at, status="delivered")
    return dora


async def score(shop, customer, p):
    predictor = await shop.load(Predictor, version="test") or await shop.save(
        Predictor(
            version="test",
            kind="purchase",
            is_current=True,
            horizon_days=30,
            as_of=shop.now,
            n_train=1_000,
            base_rate=0.2,
            metrics={},
            file_name="none",
        )
    )
    await shop.save(
        PurchasePrediction(
            customer_id=customer.id,
            predictor_id=predictor.id,
            as_of=shop.now,
            p_purchase=p,
            reasons=[],
        )
    )


async def recommend(shop, customer, reason="similar"):
    if await shop.load(Analysis, kind="recommendations") is None:
        await shop.save(Analysis(kind="recommendations", as_of=shop.now, card={}))
    pot = await shop.add_product(name="Teapot", name_zh="茶壶", n_in_stock=3)
    is_again = reason == "again"
    await shop.save(
        Recommendation(
            customer_id=customer.id,
            list="all" if is_again else "new",
            rank=1,
            product_id=pot.id,
            because_product_id=None if is_again else shop.kettle.id,
            score=0.5,
            reason=reason,
            n_orders=2 if is_again else 0,
            days_since_bought=12.0 if is_again else None,
        )
    )


async def ask(shop, customer, language="en"):
    async with shop.sessions() as session:
        found = await find_next_action(session, customer, now=shop.now)
        return next_action_out(found, language)


async def test_likely_buyer_is_offered_something_new(shop, dora):
    await score(shop, dora, 0.6)
    await recommend(shop, dora)
    found = await ask(shop, dora)
    assert found.action == "offer_new"
    assert found.offer.name == "Teapot"
    assert found.reasons == [
        "last order 5 days ago; usually one every 10 days",
        "buys within 30 days with a probability of 60%; the average customer: 20%",
        "Teapot: goes with Kettle, which they have bought",
    ]


async def test_reasons_speak_chinese(shop, dora):
    await score(shop, dora, 0.6)
    await recommend(shop, dora)
    found = await ask(shop, dora, "zh")
    assert found.text == "推荐新商品。"
    assert found.reasons[-1] == "茶壶：与已购买的水壶相配"


async def test_open_ticket_comes_before_any_sale(shop, dora):
    await score(shop, dora, 0.6)
    await recommend(shop, dora)
    opened_at = shop.now - timedelta(days=4)
    ticket = await shop.add_ticket(customer_id=dora.id, opened_at=opened_at)
    await shop.add_ticket(customer_id=dora.id, status="closed")
    found = await ask(shop, dora)
    assert found.action == "solve_ticket"
    assert found.offer is None
    assert found.reasons[0] == (
        f"open tickets: 1; the oldest, {ticket.number}, is 4 days old"
    )


async def test_return_under_way_is_followed(shop, dora):
    order = await shop.add_order(dora, status="delivered")
    await shop.add_return(order, status="approved")
    assert (await ask(shop, dora)).action == "follow_return"


async def test_who_did_not_agree_to_advertising_is_not_approached(shop, dora):
    stranger = await shop.add_customer(name="Emil", consent_marketing=False)
    await shop.add_order(stranger)
    await score(shop, stranger, 0.9)
    await recommend(shop, stranger)
    found = await ask(shop, stranger)
    assert found.action == "ask_consent"
    assert found.offer is None


async def test_without_consent_to_predictions_none_is_used(shop):
    closed = await shop.add_customer(
        name="Fritz", consent_marketing=True, consent_profiling=False
    )
    await shop.add_order(closed, ordered_at=shop.now - timedelta(days=300))
    await score(shop, closed, 0.9)
    await recommend(shop, closed)
    found = await ask(shop, closed)
    assert found.action == "wait"
    assert found.offer is None
    assert found.reasons == ["no consent to predictions, so none are used"]


async def test_new_customer_is_welcomed(shop):
    new = await shop.add_customer(name="Gerda", consent_marketing=True)
    order = await shop.add_order(new, status="cancelled")
    assert order.status == "cancelled"
    assert (await ask(shop, new)).action == "welcome"


async def test_who_stays_away_too_long_is_won_back_with_an_offer(shop, dora):
    late = await shop.add_customer(name="Hans", consent_marketing=True)
    for days in (200, 190, 180):
        await shop.add_order(late, ordered_at=shop.now - timedelta(days=days))
    await score(shop, late, 0.02)
    await recommend(shop, late)
    found = await ask(shop, late)
    assert found.action == "win_back"
    assert found.offer.name == "Teapot"
    assert "last order 180 days ago; usually one every 10 days" in found.reasons


async def test_single_order_of_long_ago_is_late_too(shop):
    once = await shop.add_customer(name="Ida", consent_marketing=True)
    await shop.add_order(once, ordered_at=shop.now - timedelta(days=120))
    found = await ask(shop, once)
    assert found.action == "win_back"
    assert found.reasons == ["last order 120 days ago"]


async def test_average_buyer_is_reminded_of_what_they_buy(shop, dora):
    await score(shop, dora, 0.2)
    await recommend(shop, dora, "again")
    found = await ask(shop, dora)
    assert found.action == "remind"
    assert found.reasons[-1] == "Teapot: bought in 2 orders, last 12 days ago"


async def test_who_is_unlikely_and_not_late_is_left_in_peace(shop, dora):
    await score(shop, dora, 0.02)
    await recommend(shop, dora, "again")
    assert (await ask(shop, dora)).action == "wait"


async def test_shop_without_predictions_still_answers(shop, dora):
    found = await ask(shop, dora)
    assert found.action == "wait"
    assert found.reasons == ["last order 5 days ago; usually one every 10 days"]
