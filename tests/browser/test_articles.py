"""Help articles in a real browser: as a card in the chat and as pages."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_staff_pages import sign_in

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
ARTICLE = {
    "type": "article",
    "title": "Delivery",
    "heading": "What delivery costs",
    "url": "/help/en/delivery#cost",
    "language": "en",
}
PHONE = {"width": 360, "height": 740}


async def ask(page: Page, text: str) -> None:
    await page.get_by_role("button", name="Open chat").click()
    box = page.get_by_role("textbox", name="Write a message")
    await box.fill(text)
    await box.press("Enter")


async def test_card_leads_to_the_section(visit: Any, site: Any) -> None:
    site.rasa.script["postage"] = [{"text": "It is 4.90 EUR.", "blocks": [ARTICLE]}]
    page = await visit()
    await ask(page, "postage?")
    link = page.get_by_role("log").get_by_role("link")
    await expect(link).to_have_text("Delivery · What delivery costs")
    async with page.context.expect_page() as opened:
        await link.click()
    article = await opened.value
    heading = article.get_by_role("heading", name="What delivery costs")
    await expect(heading).to_be_in_viewport()


async def test_quote_in_a_card_is_text_and_foreign_links_are_none(
    visit: Any, site: Any
) -> None:
    nasty = '<img src=x onerror="window.hit = 1">'
    site.rasa.script["nasty"] = [
        {"text": "Maybe:", "blocks": [ARTICLE | {"quote": nasty, "url": url}]}
        for url in ("javascript:alert(1)", "//evil.example/help/en/x", "/sign-out")
    ]
    page = await visit()
    await ask(page, "nasty")
    cards = page.get_by_role("log").get_by_role("article")
    await expect(cards).to_have_count(3)
    await expect(cards.first).to_contain_text("<img src=x")
    assert await page.get_by_role("log").locator("a, img").count() == 0


async def test_console_links_the_article(visit: Any, site: Any) -> None:
    site.rasa.script["postage"] = [{"text": "It is 4.90 EUR.", "blocks": [ARTICLE]}]
    shop = await visit()
    await ask(shop, "postage?")
    await expect(shop.get_by_role("log")).to_contain_text("4.90")
    console = await visit("/console?tab=bot")
    await sign_in(console, "carol")
    await console.get_by_role("link", name=re.compile("Visitor")).first.click()
    link = console.get_by_role("link", name="Showed the article: Delivery")
    assert await link.get_attribute("href") == ARTICLE["url"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_fit_a_phone_and_search(visit: Any, scheme: str) -> None:
    page = await visit("/help/en", viewport=PHONE, color_scheme=scheme)
    await page.get_by_role("searchbox").fill("how much is shipping")
    await page.get_by_role("button", name="Search").click()
    result = page.get_by_role("link", name="What delivery costs").first
    # The encoder is loaded with the first question.
    await expect(result).to_be_visible(timeout=60_000)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await result.click()
    await expect(page).to_have_url(re.compile(r"/help/en/delivery#cost$"))
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await page.get_by_role("link", name="中文").click()
    await expect(page).to_have_url(re.compile(r"/help/zh/delivery"))
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
