"""The sales pages in a browser: moving, charts, what axe finds, the chat's pictures."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from crm_backend.jobs.sales_forecast import forecast_weekly_sales
from tests.browser.chat_page import say
from tests.browser.test_accessibility import LOOKS, check
from tests.browser.test_staff_pages import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
# The first chart waits for the drawing process, which a busy machine starts slowly.
PATIENCE_MS = 90_000
PAGES = ("pipeline", "tasks", "leaderboard", "forecast", "campaigns", "report")
# What looks different in the dark or on a phone; the rest is made of the same parts.
SOME = ("pipeline", "forecast")


async def open_sales(visit: Any, path: str, **options: Any) -> Any:
    page = await visit(path, **options)
    page.set_default_timeout(PATIENCE_MS)
    await sign_in(page, "rita")
    return page


async def make_forecast(site: Any, tmp_path: Path) -> None:
    await forecast_weekly_sales(site.sessions, tmp_path, as_of=datetime.now(UTC))


@pytest.mark.parametrize(
    ("look", "names"),
    zip(LOOKS, (PAGES, SOME, SOME), strict=True),
    ids=["light", "dark", "mobile"],
)
async def test_pages_have_no_problem_and_fit(
    visit: Any, site: Any, tmp_path: Path, look: Any, names: tuple[str, ...]
) -> None:
    await make_forecast(site, tmp_path)
    page = await open_sales(visit, "/sales/pipeline?view=board", **look)
    await check(page)
    for name in names:
        await page.goto(f"{site.url}/sales/{name}")
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], name
        if name != "tasks":
            picture = page.get_by_role("img").locator("visible=true").first
            await expect(picture).to_be_visible()
        await check(page)


async def test_card_is_dragged_and_moved_by_keyboard(visit: Any, site: Any) -> None:
    page = await open_sales(visit, "/sales/pipeline?view=board")
    leads = page.locator(".column[data-stage=lead]")
    card = page.locator(".column .card").first
    number = (await card.get_by_role("link").get_attribute("href")).split("/")[-1]
    moved = page.locator(".card", has=page.locator(f'a[href$="{number}"]'))
    started = await card.evaluate("e => e.closest('.column').dataset.stage")
    wanted = "proposal" if started != "proposal" else "qualified"
    target = page.locator(f".column[data-stage={wanted}]")
    await moved.drag_to(target, target_position={"x": 20, "y": 20})
    await expect(target.locator(f'a[href$="{number}"]')).to_be_visible()
    await moved.get_by_role("combobox").focus()
    await moved.get_by_role("combobox").select_option("lead")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(leads.locator(f'a[href$="{number}"]')).to_be_visible()


async def test_table_below_a_chart_opens_by_keyboard(visit: Any) -> None:
    page = await open_sales(visit, "/sales/leaderboard")
    numbers = page.get_by_role("group").locator("summary")
    await numbers.first.focus()
    await page.keyboard.press("Enter")
    table = page.locator(".chart-table").first
    await expect(table.get_by_role("rowheader", name="Rita Lang")).to_be_visible()


async def test_chat_shows_a_chart_and_leads_to_its_page(
    visit: Any, site: Any, tmp_path: Path
) -> None:
    await make_forecast(site, tmp_path)
    site.rasa.script["forecast"] = [
        {
            "text": "This is what is expected.",
            "blocks": [{"type": "chart", "of": "forecast", "query": ""}],
        }
    ]
    site.rasa.script["nonsense"] = [
        {
            "text": "No such chart.",
            "blocks": [{"type": "chart", "of": "constructor", "query": ""}],
        }
    ]
    page = await open_sales(visit, "/sales")
    await say(page, "nonsense, please")
    await say(page, "what is the forecast?")
    card = page.get_by_role("article", name="Sales forecast")
    picture = card.get_by_role("img")
    await expect(picture).to_be_visible()
    assert await picture.evaluate(
        "async (image) => { await image.decode(); return image.naturalWidth; }"
    )
    await expect(card.get_by_role("link")).to_have_attribute(
        "href", f"{site.url}/sales/forecast"
    )
    await check(page)


async def test_visitor_gets_no_picture(visit: Any, site: Any) -> None:
    page = await visit("/")
    # Whoever is not signed in is led to the sign-in, which is no picture.
    address = await page.evaluate(
        "fetch('/sales/charts/forecast.svg').then((answer) => answer.url)"
    )
    assert "/sign-in" in address
