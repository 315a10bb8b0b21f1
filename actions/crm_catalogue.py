"""The endpoints of the CRM about the shop's articles and its help."""

from __future__ import annotations

from urllib.parse import quote

from actions.catalogue_records import Product, ProductMention, Recommendation
from actions.crm_caller import Caller
from actions.crm_records import ArticleAnswer


class CatalogueCalls:
    """A part of CrmCaller."""

    async def get_product(self: Caller, sku: str) -> Product:
        """One article."""
        return await self._get(
            f"/products/{quote(sku, safe='')}", Product.from_json, sku
        )

    async def find_product_mentions(self: Caller, text: str) -> list[ProductMention]:
        """The articles a message may be about, likeliest first."""
        params: dict[str, str | int] = {"text": text, "limit": 5}
        return await self._get_items(
            "/products/mentions", ProductMention.from_json, params
        )

    async def recommend_products(
        self: Caller,
        text: str,
        *,
        min_price_cents: int | None = None,
        max_price_cents: int | None = None,
        currency: str | None = None,
    ) -> Recommendation:
        """What sold best, of what a message asks for and is in stock."""
        params = {
            "text": text,
            "min_price_cents": min_price_cents,
            "max_price_cents": max_price_cents,
            "currency": currency,
            "limit": 3,
        }
        return await self._read(
            "/products/recommendations", params, Recommendation.from_json
        )

    async def search_articles(
        self: Caller, question: str, *, language: str, topic: str | None = None
    ) -> ArticleAnswer:
        """What the help articles say to a question, or about an intent."""
        params: dict[str, str | int | None] = {
            "language": language,
            "limit": 1,
            "q": question or None,
            "topic": topic or None,
        }
        return await self._read("/articles/search", params, ArticleAnswer.from_json)
