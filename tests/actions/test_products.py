from types import SimpleNamespace

import pytest

from actions.products import (
    ActionProductInfo,
    ActionProductPrice,
    ActionProductRecommendation,
    ActionStockAvailability,
    points_back,
    read_limits,
)
from tests.actions.conftest import FakeCrm, Talk, load_example

JACKET = load_example("get_product")["answer"]
LAMP = load_example("recommend_products")["answer"]["items"][0]["product"]
FLOOR_LAMP = LAMP | {
    "sku": "HO-007",
    "name": "Floor Lamp",
    "name_zh": "落地灯",
    "description": None,
    "description_zh": None,
    "n_in_stock": 0,
}


@pytest.fixture
def shopper(crm: FakeCrm, visitor: Talk) -> Talk:
    """A visitor of a shop with a jacket and two lamps."""
    crm.products = [JACKET, LAMP, FLOOR_LAMP]
    return visitor


def values(talk: Talk) -> dict:
    return talk.messages[0]


async def test_article_is_described(shopper):
    said = await shopper.say(
        ActionProductInfo, "tell me about the jacket", "product_info"
    )
    assert said == ["utter_product_info"]
    assert values(shopper)["name"] == "Rain Jacket"
    assert values(shopper)["price"] == "€129.00"
    assert shopper.slots["product_sku"] == "CL-002"


async def test_article_is_described_in_chinese(shopper):
    shopper.language = "zh"
    said = await shopper.say(ActionProductInfo, "防雨夹克怎么样", "product_info")
    assert said == ["utter_product_info"]
    assert values(shopper)["name"] == "防雨夹克"
    assert values(shopper)["description"] == JACKET["description_zh"]


async def test_missing_description_is_admitted(shopper):
    said = await shopper.say(
        ActionProductInfo, "floor lamp", "product_info", sku="HO-007"
    )
    assert said == ["utter_product_no_details"]


async def test_price_of_one_and_of_several(shopper):
    said = await shopper.say(ActionProductPrice, "price of the jacket", "product_price")
    assert said == ["utter_product_price"]
    said = await shopper.say(
        ActionProductPrice, "price of 3 jacket", "product_price", quantity=3
    )
    assert said == ["utter_product_price_of_many"]
    assert values(shopper)["total"] == "€387.00"


@pytest.mark.parametrize(
    ("sku", "quantity", "response"),
    [
        ("EL-005", 1, "utter_product_in_stock"),
        ("CL-002", 1, "utter_product_few_left"),
        ("CL-002", 4, "utter_product_few_left"),
        ("CL-002", 5, "utter_product_too_few"),
        ("HO-007", 1, "utter_product_out_of_stock"),
    ],
)
async def test_stock_is_told(shopper, sku, quantity, response):
    said = await shopper.say(
        ActionStockAvailability,
        "there?",
        "stock_availability",
        sku=sku,
        quantity=quantity,
    )
    assert said == [response]


async def test_it_is_the_article_spoken_of_before(shopper):
    await shopper.say(ActionProductInfo, "the jacket please", "product_info")
    for text in ("is it in stock?", "and the price", "还有货吗"):
        said = await shopper.say(ActionStockAvailability, text, "stock_availability")
        assert said == ["utter_product_few_left"], text


async def test_another_article_is_not_answered_with_the_one_before(shopper):
    await shopper.say(ActionProductInfo, "the jacket please", "product_info")
    said = await shopper.say(
        ActionStockAvailability, "do you also have headphones", "stock_availability"
    )
    assert said == ["utter_which_product"]
    assert shopper.slots["product_sku"] == "CL-002"


async def test_several_articles_are_a_choice(shopper):
    said = await shopper.say(
        ActionProductPrice, "what does a lamp cost", "product_price"
    )
    assert said == ["utter_which_of_these_products"]
    assert shopper.buttons == [
        '/product_price{"sku": "EL-005"}',
        '/product_price{"sku": "HO-007"}',
    ]
    said = await shopper.press(ActionProductPrice, shopper.buttons[1])
    assert said == ["utter_product_price"]
    assert shopper.slots["product_sku"] == "HO-007"


async def test_trace_of_a_name_is_asked_about(shopper):
    said = await shopper.say(
        ActionProductInfo, "maybe a jacket for hikes", "product_info"
    )
    assert said == ["utter_which_of_these_products"]


async def test_unknown_article_is_asked_for_with_suggestions(shopper):
    said = await shopper.say(
        ActionProductPrice, "how much do your headphones cost", "product_price"
    )
    assert said == ["utter_which_product"]
    assert shopper.buttons[0] == '/product_price{"sku": "EL-005"}'


async def test_shop_with_nothing_to_suggest_still_asks(shopper):
    shopper.crm.recommendation = {"items": []}
    said = await shopper.say(
        ActionProductInfo, "tell me more please now", "product_info"
    )
    assert said == ["utter_which_product"]
    assert shopper.buttons == []


async def test_number_of_no_article_is_looked_past(shopper):
    said = await shopper.say(
        ActionProductInfo, "is XX-999 a jacket", "product_info", sku="XX-999"
    )
    assert said == ["utter_product_info"]


@pytest.mark.parametrize(
    ("basis", "response"),
    [
        ("named", "utter_recommended_of_named"),
        ("personal", "utter_recommended_personally"),
        ("category", "utter_recommended_of_category"),
        ("shop", "utter_recommended_of_shop"),
    ],
)
async def test_recommendation_says_what_it_rests_on(shopper, basis, response):
    shopper.crm.recommendation = {"basis": basis}
    said = await shopper.say(
        ActionProductRecommendation, "what do you recommend", "product_recommendation"
    )
    assert said == [response]
    assert values(shopper)["products"].splitlines()[0] == "1. Desk Lamp: €59.00"
    assert shopper.buttons[0] == '/product_info{"sku": "EL-005"}'


async def test_recommendation_without_sales_says_so(shopper):
    items = [{"product": LAMP, "n_sold": 0}]
    shopper.crm.recommendation = {"items": items}
    said = await shopper.say(
        ActionProductRecommendation, "any ideas", "product_recommendation"
    )
    assert said == ["utter_recommended_without_sales"]


async def test_price_limit_reaches_the_crm(shopper):
    amount = {"amount_cents": 5_000, "currency": "EUR"}
    await shopper.say(
        ActionProductRecommendation,
        "under €50",
        "product_recommendation",
        amount=amount,
    )
    assert shopper.crm.wishes == [
        {"text": "under €50", "max_price_cents": 5_000, "currency": "EUR"}
    ]


async def test_limit_that_was_left_aside_is_admitted(shopper):
    shopper.crm.recommendation = {"is_limit_applied": False, "items": []}
    said = await shopper.say(
        ActionProductRecommendation, "50块以内", "product_recommendation"
    )
    assert said == ["utter_other_currency", "utter_nothing_to_recommend"]


def test_both_ends_of_a_price_are_read():
    def amount(cents, **more):
        return {"value": {"amount_cents": cents, "currency": None}} | more

    found = [amount(2_000, role="min"), amount(5_000, role="max"), {"value": "50"}]
    call = SimpleNamespace(entities=lambda name: found)
    assert read_limits(call) == {"min_price_cents": 2_000, "max_price_cents": 5_000}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("is it in stock", True),
        ("how much are those", True),
        ("the price?", True),
        ("这个多少钱", True),
        ("还有货吗", True),
        ("do you also have headphones", False),
        ("你们店里有没有卖蓝牙耳机", False),
    ],
)
def test_pointing_back_is_noticed(text, expected):
    assert points_back(text) is expected
