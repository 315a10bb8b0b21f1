import pytest
from sqlalchemy import update

from crm_backend.models import Customer, Recommendation

PATH = "/api/v1/products/recommendations"


@pytest.fixture
async def teapot(shop):
    """Everybody buys the kettle; for Alice the teapot was found, and a sold-out cup."""
    teapot = await shop.add_product(name="Teapot", sku="TEAPOT", n_in_stock=3)
    cup = await shop.add_product(name="Cup", sku="CUP", n_in_stock=0)
    await shop.add_order(shop.bob, quantity=5)
    for rank, product in enumerate((cup, teapot), 1):
        await shop.save(
            Recommendation(
                customer_id=shop.alice.id,
                list="new",
                rank=rank,
                product_id=product.id,
                score=1 / rank,
                reason="similar",
                n_orders=0,
            )
        )
    return teapot


async def ask(client, shop, who, **query):
    headers = await shop.headers(who)
    response = await client.get(PATH, params=query, headers=headers)
    assert response.status == 200
    body = await response.json()
    return body["basis"], [item["product"]["sku"] for item in body["items"]]


async def test_verified_customer_is_shown_what_suits_them(client, shop, teapot):
    assert await ask(client, shop, shop.alice) == ("personal", ["TEAPOT"])


async def test_others_are_shown_what_sold_best(client, shop, teapot):
    for who in (None, shop.bob, shop.rita):
        basis, skus = await ask(client, shop, who)
        assert (basis, skus[0]) == ("shop", "KETTLE-1")


async def test_who_refuses_profiling_is_shown_what_sold_best(client, shop, teapot):
    async with shop.sessions.begin() as session:
        await session.execute(
            update(Customer)
            .where(Customer.id == shop.alice.id)
            .values(consent_profiling=False)
        )
    assert (await ask(client, shop, shop.alice))[0] == "shop"


async def test_wish_limits_what_is_personal(client, shop, teapot):
    basis, skus = await ask(client, shop, shop.alice, max_price_cents="100")
    assert (basis, skus) == ("shop", [])
    basis, skus = await ask(client, shop, shop.alice, text="a kettle please")
    assert (basis, skus) == ("named", ["KETTLE-1"])


async def test_best_seller_for_everybody_is_no_personal_choice(client, shop, teapot):
    async with shop.sessions.begin() as session:
        await session.execute(update(Recommendation).values(reason="popular"))
    assert (await ask(client, shop, shop.alice))[0] == "shop"
