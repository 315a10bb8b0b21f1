"""Articles named in a sentence, and what is recommended."""

import time
from datetime import timedelta

import pytest

from crm_backend.models import Product
from crm_backend.seed.catalogue import articles
from crm_backend.services.product_index import ProductIndex
from crm_backend.services.product_mentions import find_product_mentions
from tests.crm_backend.shop import Shop

URL = "/api/v1/products"


@pytest.fixture
async def catalogue(shop: Shop):
    """The demo shop's articles."""
    rows = [
        Product(
            sku=article.sku,
            name=article.name,
            name_zh=article.name_zh,
            category=article.category,
            price_cents=article.price_cents,
            n_in_stock=5,
        )
        for article in articles()
    ]
    await shop.save(*rows)


async def find(client, text: str, **headers) -> list[str]:
    response = await client.get(f"{URL}/mentions", params={"text": text}, **headers)
    assert response.status == 200
    return [item["product"]["sku"] for item in (await response.json())["items"]]


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("is the rain jacket in stock?", ["CL-002"]),
        ("RAIN JACKETS", ["CL-002"]),
        ("do you have wireles earbuds", ["EL-001"]),
        ("ear buds", ["EL-001"]),
        ("bluetoth speeker price", ["EL-002"]),
        ("is EL-003 available", ["EL-003"]),
        ("el-003有货吗", ["EL-003"]),
        ("price of the rice cooker", ["KI-006"]),
        ("what size are the hiking boots", ["SH-003"]),
        ("tshirt", ["CL-004"]),
        ("usb c cable", ["EL-009"]),
        ("the e reader", ["EL-008"]),
        ("chefs knife", ["KI-001"]),
        ("lamps", ["EL-005", "HO-007"]),
        ("hand cream", ["BE-002"]),
        ("cream", ["BE-001", "BE-002"]),
        ("无线耳机还有货吗", ["EL-001"]),
        ("耳机多少钱", ["EL-001"]),
        ("越野泡鞋", ["SH-001"]),
        ("电饭煲能预约吗", ["KI-006"]),
        ("浴巾有几条", ["HO-006"]),
        ("日常t恤", ["CL-004"]),
        ("USB-C数据线", ["EL-009"]),
        ("便当盒和面霜", ["BE-001", "KI-007"]),
    ],
)
async def test_article_is_found(catalogue, client, text, skus):
    assert sorted(await find(client, text)) == skus


@pytest.mark.parametrize(
    "text",
    [
        "",
        "is it in stock",
        "how much does it cost",
        "还有货吗",
        "这个多少钱",
        "💥",
        "%_",
    ],
)
async def test_nothing_is_found_where_nothing_is_named(catalogue, client, text):
    assert await find(client, text) == []


async def test_trace_of_a_name_is_not_clear(catalogue, sessions):
    async with sessions() as session:
        (mention,) = await find_product_mentions(session, "something for the rain")
        assert (mention.product.sku, mention.is_clear) == ("CL-002", False)


async def test_article_off_sale_is_found_by_managers_only(client, shop: Shop):
    await shop.add_product(sku="GONE-1", name="Samovar", is_active=False)
    assert await find(client, "samovar") == []
    headers = await shop.headers(shop.mona)
    assert await find(client, "samovar", headers=headers) == ["GONE-1"]


async def test_new_names_and_prices_are_known_at_once(client, shop: Shop):
    assert await find(client, "samovar") == []
    headers = await shop.cookie(shop.mona)
    body = {"sku": "S-1", "name": "Samovar", "category": "tea", "price_cents": 900}
    await client.post(URL, json=body, headers=headers)
    assert await find(client, "samovar") == ["S-1"]
    change = {"name": "Teapot", "price_cents": 800}
    await client.patch(f"{URL}/S-1", json=change, headers=headers)
    assert await find(client, "samovar") == []
    response = await client.get(f"{URL}/mentions", params={"text": "teapot"})
    (item,) = (await response.json())["items"]
    assert item["product"]["price_cents"] == 800


async def test_text_is_needed_and_bounded(client, shop: Shop):
    for params in ({}, {"text": "a" * 2_001}, {"text": "a", "limit": 0}):
        response = await client.get(f"{URL}/mentions", params=params)
        assert response.status == 400


def test_search_is_quick_among_many_and_with_long_text():
    products = [
        (n, f"X{n}", f"thing{n % 97} word{n} piece{n % 13}", f"东西{n % 89}号套装")
        for n in range(10_000)
    ]
    index = ProductIndex.build(products)
    start = time.process_time()
    assert index.find("the word77 thing")[0].product_id == 77
    index.find("thingy " * 1_400)
    index.find("东西" * 5_000)
    index.find("x-" * 5_000)
    assert time.process_time() - start < 20


async def recommend(client, **params) -> dict:
    response = await client.get(f"{URL}/recommendations", params=params)
    assert response.status == 200
    answer = await response.json()
    answer["skus"] = [item["product"]["sku"] for item in answer["items"]]
    return answer


async def test_best_sellers_of_the_shop_come_first(catalogue, client, shop: Shop):
    lamp = await shop.load(Product, sku="EL-005")
    panda = await shop.load(Product, sku="TO-005")
    pot = await shop.load(Product, sku="HO-008")
    await shop.add_order(shop.alice, product=lamp, quantity=3, status="delivered")
    await shop.add_order(shop.alice, product=panda, quantity=5, status="paid")
    await shop.add_order(shop.bob, product=pot, quantity=9, status="cancelled")
    await shop.add_order(
        shop.bob, product=pot, quantity=9, ordered_at=shop.now - timedelta(days=91)
    )
    found = await recommend(client, text="what do you recommend", limit=2)
    assert found["skus"] == ["TO-005", "EL-005"]
    assert [item["n_sold"] for item in found["items"]] == [5, 3]
    assert (found["basis"], found["n_days"]) == ("shop", 90)


@pytest.mark.parametrize(
    ("text", "basis", "category"),
    [
        ("something for the kitchen", "category", "kitchen"),
        ("推荐一双鞋", "category", "shoes"),
        ("a present for kids", "category", "toys"),
        ("which lamp is good", "named", None),
        ("推荐一款耳机", "named", None),
        ("any ideas?", "shop", None),
    ],
)
async def test_wish_narrows_the_choice(catalogue, client, text, basis, category):
    found = await recommend(client, text=text)
    assert (found["basis"], found["category"]) == (basis, category)
    for item in found["items"]:
        assert category in (None, item["product"]["category"])


async def test_price_limit_holds(catalogue, client):
    found = await recommend(
        client, text="toys", max_price_cents=2_000, min_price_cents=1_700, limit=20
    )
    assert found["skus"] == ["TO-002"]
    assert found["is_limit_applied"]


async def test_limit_in_a_foreign_currency_is_not_applied(catalogue, client):
    found = await recommend(client, text="toys", max_price_cents=1, currency="CNY")
    assert len(found["skus"]) == 3
    assert not found["is_limit_applied"]


async def test_what_is_out_of_stock_gives_way_to_its_category(
    catalogue, client, shop: Shop
):
    headers = await shop.cookie(shop.mona)
    await client.patch(f"{URL}/EL-001", json={"n_in_stock": 0}, headers=headers)
    found = await recommend(client, text="recommend earbuds")
    assert found["basis"] == "category"
    assert all(sku.startswith("EL-") and sku != "EL-001" for sku in found["skus"])


async def test_nothing_fits(catalogue, client):
    found = await recommend(client, text="shoes", max_price_cents=100)
    assert (found["skus"], found["basis"]) == ([], "category")
