"""What all tests of the widget do with it."""

from typing import Any

from playwright.async_api import Locator, Page, expect

SHADOW = "document.querySelector('deskmate-chat').shadowRoot"
FOCUSED = f"{SHADOW}.activeElement"
PRODUCTS = [
    {
        "sku": f"P-{nth}",
        "name": name,
        "name_zh": name_zh,
        "price_cents": 1_900 + 450 * nth,
        "currency": "EUR",
        "n_in_stock": nth,
    }
    for nth, (name, name_zh) in enumerate(
        [
            ("Scented Candle", "香薰蜡烛"),
            ("Table Lamp with a linen shade", "亚麻台灯"),
            ("Oak Chopping Board", "橡木砧板"),
            ("Wool Blanket", "羊毛毯"),
            ("Merino Jumper", "美利奴毛衣"),
        ]
    )
]


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Write a message")


async def open_chat(page: Page) -> Locator:
    await page.get_by_role("button", name="Open chat").click()
    await expect(composer(page)).to_be_focused()
    return page.get_by_role("log")


async def say(page: Page, text: str) -> None:
    await composer(page).fill(text)
    await composer(page).press("Enter")


async def choose(page: Page, name: str) -> None:
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("menuitem", name=name).click()


async def end_chat(page: Page) -> None:
    await choose(page, "End chat")
    await page.get_by_role("button", name="End chat").click()


def show_products(site: Any, n: int) -> None:
    block = {"type": "products", "products": PRODUCTS[:n]}
    site.rasa.script[f"best {n}"] = [{"text": "These sell best.", "blocks": [block]}]
