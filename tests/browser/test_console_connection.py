"""The console while nothing can arrive: it says so, and sends nothing off."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from crm_backend.models import Message
from tests.browser.test_accessibility import check
from tests.browser.test_console import open_console, wait_until_ready
from tests.browser.test_desk import start_chat
from tests.browser.test_staff_pages import ask, open_shop_chat, sign_in

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HELD = "No connection to the server. Your words stay here"
LOST = re.compile("Connection lost")
WATCH_SOCKETS = """
window.sockets = [];
window.RealSocket = class extends WebSocket {
  constructor(url) {
    super(url);
    window.sockets.push(this);
  }
};
window.NoSocket = class {
  static OPEN = 1;
  constructor() {
    setTimeout(() => this.onclose(), 20);
  }
};
window.WebSocket = window.RealSocket;
"""


async def list_answers(site: Any) -> list[str | None]:
    async with site.sessions() as session:
        query = select(Message.text).where(Message.sender == "agent")
        return list(await session.scalars(query.order_by(Message.id)))


async def expect_held(page: Page, held_text: Any, button: Any) -> None:
    await expect(held_text).to_be_visible()
    await expect(button).to_be_disabled()


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_reply_is_held_while_the_browser_is_offline(
    visit: Any, site: Any, language: str
) -> None:
    shop = await open_shop_chat(visit, "get me a person")
    page = await open_console(visit)
    if language == "zh":
        await page.goto(page.url + "?lang=zh")
        await wait_until_ready(page, "快捷回复")
    box, send = page.locator("#reply-text"), page.locator("#reply-send")
    held = page.locator("#reply-held")
    await box.fill("This must not be lost")
    await expect(held).to_be_hidden()
    await page.context.set_offline(True)
    said = HELD if language == "en" else "无法连接服务器"
    await expect_held(page, held.filter(has_text=said), send)
    notice = page.locator("[data-live-notice]")
    await expect(notice).to_contain_text(LOST if language == "en" else "连接已断开")
    # Neither by key nor as a form is anything sent.
    await box.press("Control+Enter")
    await page.evaluate("document.querySelector('#reply').requestSubmit()")
    await expect(box).to_have_value("This must not be lost")
    await expect(page.locator("#reply-unsent")).to_be_hidden()
    await expect(box).to_have_accessible_description(re.compile(said))
    await page.evaluate("scrollTo(0, 0)")
    await check(page)
    # Words that are written meanwhile are kept as well.
    await box.press("End")
    await box.press_sequentially(" at all")
    await page.context.set_offline(False)
    await expect(send).to_be_enabled()
    await expect(held).to_be_hidden()
    assert await list_answers(site) == []
    await box.press("Control+Enter")
    log = shop.get_by_role("log")
    await expect(log).to_contain_text("This must not be lost at all")
    await expect(box).to_have_value("")
    assert await list_answers(site) == ["This must not be lost at all"]


async def test_reply_is_held_while_the_crm_is_away(visit: Any, site: Any) -> None:
    shop = await open_shop_chat(visit, "get me a person")
    page = await visit("/console?tab=waiting")
    await sign_in(page, "carol")
    await page.add_init_script(WATCH_SOCKETS)
    await page.get_by_role("link", name=re.compile("Visitor")).click()
    await wait_until_ready(page)
    box, send = page.locator("#reply-text"), page.locator("#reply-send")
    await box.fill("Still here")
    await page.wait_for_function("sockets.at(-1)?.readyState === WebSocket.OPEN")
    # The socket alone is cut: that is said, and replies go on after a look.
    await page.evaluate("() => { WebSocket = NoSocket; sockets.at(-1).close(); }")
    notice = page.locator("[data-live-notice]")
    await expect(notice).to_contain_text("Live updates are cut")
    await expect(send).to_be_enabled()
    await box.press("Control+Enter")
    await expect(shop.get_by_role("log")).to_contain_text("Still here")
    # Now nothing answers at all, and the browser does not call that offline.
    await page.route("**/console/**", lambda route: route.abort())
    await box.fill("And here")
    await expect_held(page, page.locator("#reply-held"), send)
    await expect(notice).to_contain_text(LOST)
    await box.press("Control+Enter")
    await expect(box).to_have_value("And here")
    await page.unroute("**/console/**")
    await expect(send).to_be_enabled(timeout=30_000)
    await box.press("Control+Enter")
    await expect(shop.get_by_role("log")).to_contain_text("And here")
    assert await list_answers(site) == ["Still here", "And here"]
    await page.evaluate("() => { WebSocket = RealSocket; }")
    await expect(notice).to_contain_text("Connected again", timeout=60_000)


async def test_ticket_holds_answer_and_note_while_offline(
    visit: Any, site: Any
) -> None:
    shop = await start_chat(visit, site)
    page = await visit("/console/tickets/T-700001")
    await sign_in(page, "carol")
    box = page.get_by_label("Your reply")
    send = page.get_by_role("button", name="Send", exact=True)
    add_note = page.get_by_role("button", name="Add the note")
    await box.fill("It is on its way.")
    await page.context.set_offline(True)
    await expect_held(page, page.locator("#answer-held"), send)
    await expect_held(page, page.locator("#note-held"), add_note)
    await box.press("Control+Enter")
    await expect(box).to_have_value("It is on its way.")
    await page.evaluate("scrollTo(0, 0)")
    await check(page)
    await page.context.set_offline(False)
    await expect(send).to_be_enabled()
    await box.press("Control+Enter")
    await expect(shop.get_by_role("log")).to_contain_text("It is on its way.")
    assert await list_answers(site) == ["It is on its way."]
    await ask(shop, "thank you")
