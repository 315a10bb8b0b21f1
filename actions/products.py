"""What the shop sells: what it is, what it costs, whether it is there, what to take."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any

from rasa_sdk.events import SlotSet

from actions.base import CrmAction, Events
from actions.call import Button, Call, command
from actions.catalogue_records import Product, Recommendation
from actions.crm_errors import CrmNotFound
from actions.formatting import format_money

# The CRM reads no longer texts; a name is somewhere in the first words.
MAX_CHARACTERS = 2_000
# From this many on nobody has to hurry.
MANY = 6
RECOMMENDED = {
    "personal": "utter_recommended_personally",
    "named": "utter_recommended_of_named",
    "category": "utter_recommended_of_category",
    "shop": "utter_recommended_of_shop",
}

# Words for the article that was spoken of before.
POINTS_BACK = re.compile(
    r"\b(?:it|its|it's|this|that|these|those|they|them|one|ones|same)\b"
    r"|它|这个|这款|这件|这双|这台|这种|那个|那款|那件|该|刚才|同款",
    re.IGNORECASE,
)
# So short a question names nothing new: "the price?", "还有货吗".
MAX_SHORT_WORDS = 3
MAX_SHORT_HAN = 6


class ProductAction(CrmAction):
    """Answers a question about one article, and asks which if that is not clear."""

    @property
    @abstractmethod
    def intent(self) -> str:
        """The question, as the buttons of a choice repeat it."""

    @abstractmethod
    def answer(self, call: Call, product: Product) -> None:
        """Answer for an article."""

    async def handle(self, call: Call) -> Events:
        """Find the article in the message, or the one spoken of before."""
        product = await self._find(call)
        if product is None:
            return []
        self.answer(call, product)
        return [SlotSet("product_sku", product.sku)]

    async def _find(self, call: Call) -> Product | None:
        text = call.text[:MAX_CHARACTERS]
        product = await _by_number(call, call.entity("sku"))
        if product:
            return product
        mentions = await call.crm.find_product_mentions(text) if text else []
        clear = [mention.product for mention in mentions if mention.is_clear]
        if len(clear) == 1:
            return clear[0]
        if not clear and points_back(text):
            product = await _by_number(call, call.slot("product_sku"))
            if product:
                return product
        self._ask(call, clear or [mention.product for mention in mentions])
        if not mentions:
            await self._suggest(call)
        return None

    def _ask(self, call: Call, products: list[Product]) -> None:
        if products:
            buttons = product_buttons(call, self.intent, products)
            call.say("utter_which_of_these_products", buttons=buttons)

    async def _suggest(self, call: Call) -> None:
        found = await call.crm.recommend_products("")
        buttons = product_buttons(call, self.intent, list(found.products))
        call.say("utter_which_product", buttons=buttons or None)


class ActionProductInfo(ProductAction):
    """Says what an article is."""

    intent = "product_info"

    def name(self) -> str:
        """See parent class."""
        return "action_product_info"

    def answer(self, call: Call, product: Product) -> None:
        """Describe it, as far as the shop does."""
        words = _words(call, product)
        description = product.description_in(call.language)
        response = "utter_product_info" if description else "utter_product_no_details"
        call.say(response, description=description, **words)


class ActionProductPrice(ProductAction):
    """Says what an article costs."""

    intent = "product_price"

    def name(self) -> str:
        """See parent class."""
        return "action_product_price"

    def answer(self, call: Call, product: Product) -> None:
        """Say the price of one, or of as many as were named."""
        n = _quantity(call)
        total = format_money(n * product.price_cents, product.currency, call.language)
        response = "utter_product_price" if n == 1 else "utter_product_price_of_many"
        call.say(response, quantity=n, total=total, **_words(call, product))


class ActionStockAvailability(ProductAction):
    """Says whether an article can be bought now."""

    intent = "stock_availability"

    def name(self) -> str:
        """See parent class."""
        return "action_stock_availability"

    def answer(self, call: Call, product: Product) -> None:
        """Say whether as many as were named are there."""
        n, n_there = _quantity(call), product.n_in_stock
        if n_there <= 0:
            response = "utter_product_out_of_stock"
        elif n > n_there:
            response = "utter_product_too_few"
        elif n_there < MANY:
            response = "utter_product_few_left"
        else:
            response = "utter_product_in_stock"
        call.say(response, quantity=n, n_in_stock=n_there, **_words(call, product))


class ActionProductRecommendation(CrmAction):
    """Names what others bought most, of what was asked for."""

    def name(self) -> str:
        """See parent class."""
        return "action_product_recommendation"

    async def handle(self, call: Call) -> Events:
        """Say on what the recommendation rests: sales, and nothing else."""
        found = await call.crm.recommend_products(
            call.text[:MAX_CHARACTERS], **read_limits(call)
        )
        if not found.is_limit_applied:
            call.say("utter_other_currency")
        if not found.products:
            call.say("utter_nothing_to_recommend")
            return []
        lines = [
            f"{rank}. {_words(call, product)['name']}: {_words(call, product)['price']}"
            for rank, product in enumerate(found.products, start=1)
        ]
        call.say(
            _response(found),
            products="\n".join(lines),
            n_days=found.n_days,
            buttons=product_buttons(call, "product_info", list(found.products)),
        )
        return []


def points_back(text: str) -> bool:
    """Whether a question is about what was spoken of before."""
    if POINTS_BACK.search(text):
        return True
    n_han = sum("\u4e00" <= character <= "\u9fff" for character in text)
    if n_han:
        return n_han <= MAX_SHORT_HAN
    return len(text.split()) <= MAX_SHORT_WORDS


def read_limits(call: Call) -> dict[str, Any]:
    """The prices named in the message, as the CRM takes them.

    A price alone is the most that somebody wants to pay.
    """
    limits: dict[str, Any] = {}
    for found in call.entities("amount"):
        value = found["value"]
        if not isinstance(value, dict) or "amount_cents" not in value:
            continue
        end = "min" if found.get("role") == "min" else "max"
        limits[f"{end}_price_cents"] = value["amount_cents"]
        if value.get("currency"):
            limits["currency"] = value["currency"]
    return limits


def product_buttons(call: Call, intent: str, products: list[Product]) -> list[Button]:
    """A button for each article that repeats the question for it."""
    return [
        {
            "title": product.name_in(call.language),
            "payload": command(intent, sku=product.sku),
        }
        for product in products
    ]


async def _by_number(call: Call, sku: str | None) -> Product | None:
    if not sku:
        return None
    try:
        return await call.crm.get_product(sku)
    except CrmNotFound:
        # Something else that looks like a number, or off sale since.
        return None


def _quantity(call: Call) -> int:
    counts = [found["value"] for found in call.entities("quantity")]
    return next((n for n in counts if isinstance(n, int) and n > 0), 1)


def _words(call: Call, product: Product) -> dict[str, Any]:
    return {
        "name": product.name_in(call.language),
        "price": format_money(product.price_cents, product.currency, call.language),
        "sku": product.sku,
    }


def _response(found: Recommendation) -> str:
    if not found.n_sold and found.basis != "personal":
        return "utter_recommended_without_sales"
    return RECOMMENDED.get(found.basis, "utter_recommended_of_shop")
