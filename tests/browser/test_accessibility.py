"""What axe finds on the pages and in every state of the chat: nothing."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.chat_page import end_chat, open_chat, say, show_products
from tests.browser.test_staff_pages import sign_in

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS: list[dict[str, Any]] = [
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"viewport": {"width": 360, "height": 740}},
]
BOTH_SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


async def check(page: Page) -> None:
    """Fail with what is wrong, by what rule and where."""
    # Colours are read in the middle of a movement otherwise: what moves now is ended,
    # what comes later does not move.
    await page.emulate_media(reduced_motion="reduce")
    await page.evaluate(
        """() => {
        const animations = [document, ...[...document.querySelectorAll("*")]
            .map((node) => node.shadowRoot).filter(Boolean)]
            .flatMap((root) => root.getAnimations());
        animations.filter((one) => one.effect.getTiming().iterations === 1)
            .forEach((one) => one.finish());
    }"""
    )
    results = await Axe().run(page, options={"runOnly": RULES})
    found = [
        f"{violation['id']}: {node['target']} {node.get('failureSummary', '')}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]
    assert found == []


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "mobile"])
async def test_chat_in_every_state(visit: Any, site: Any, look: Any) -> None:
    show_products(site, 3)
    show_products(site, 5)
    page = await visit(**look)
    await check(page)
    log = await open_chat(page)
    await check(page)
    for question in ("menu", "best 3", "best 5", "where is it", "/track_order"):
        await say(page, question)
        await expect(log.get_by_text(question, exact=True)).to_be_visible()
    await expect(log.get_by_role("article", name="Order DM-100101")).to_be_visible()
    await check(page)
    await page.get_by_role("button", name="Menu").click()
    await check(page)
    await page.keyboard.press("Escape")
    refusal = {"error": {"code": "teapot", "message": "Not like this."}}
    await page.route(
        "**/chat/messages", lambda route: route.fulfill(status=400, json=refusal)
    )
    await say(page, "this fails")
    await expect(log).to_contain_text("Not sent. Not like this.")
    await check(page)
    await page.unroute("**/chat/messages")
    await end_chat(page)
    await page.get_by_role("radio", name="5: Very good").check(force=True)
    await expect(log).to_contain_text("Thank you")
    await check(page)


async def test_chat_in_chinese(visit: Any, site: Any) -> None:
    show_products(site, 5)
    page = await visit("/?lang=zh", locale="zh-CN")
    await page.get_by_role("button", name="打开聊天").click()
    composer = page.get_by_role("textbox", name="请输入消息")
    log = page.get_by_role("log")
    for question in ("best 5", "where is it", "/track_order"):
        await composer.fill(question)
        await composer.press("Enter")
        await expect(log.get_by_text(question, exact=True)).to_be_visible()
    await expect(log.get_by_role("article", name="订单 DM-100101")).to_be_visible()
    await check(page)
    await page.get_by_role("button", name="菜单").click()
    await check(page)


async def test_file_that_was_sent(visit: Any, tmp_path: Any) -> None:
    log = await open_chat(page := await visit())
    (tmp_path / "notes.txt").write_text("Two lamps, please.")
    await page.locator("input[type=file]").set_input_files(tmp_path / "notes.txt")
    await expect(log.get_by_role("button", name="Download")).to_be_visible()
    await check(page)


@BOTH_SCHEMES
@pytest.mark.parametrize(
    "path", ["/chat", "/sign-in", "/outbox", "/help/en", "/help/en/delivery"]
)
async def test_pages_for_everybody(visit: Any, path: str, scheme: str) -> None:
    await check(await visit(path, color_scheme=scheme))


@BOTH_SCHEMES
async def test_pages_of_colleagues(visit: Any, scheme: str) -> None:
    shop = await visit()
    await open_chat(shop)
    await say(shop, "this is terrible, get me a person")
    await expect(shop.get_by_role("log")).to_contain_text("getting a colleague")
    page = await visit("/console?tab=waiting", color_scheme=scheme)
    await sign_in(page, "carol")
    await check(page)
    await page.get_by_role("link", name="Visitor").first.click()
    await expect(page.get_by_role("region", name="Transcript")).to_be_visible()
    await check(page)


@BOTH_SCHEMES
async def test_sales_page(visit: Any, scheme: str) -> None:
    page = await visit("/sales", color_scheme=scheme)
    await sign_in(page, "rita")
    await check(page)
    await say(page, "how likely is Sam to buy?")
    await expect(page.get_by_role("article", name="Likely to buy?")).to_be_visible()
    await check(page)
