"""The agents' console in a real browser: two colleagues, bad networks, keys."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from crm_backend.models import CannedReply, Macro, Message
from tests.browser.test_accessibility import check
from tests.browser.test_staff_pages import ask, open_shop_chat, sign_in

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def wait_until_ready(page: Page, button: str = "Canned replies") -> None:
    """Wait until the scripts are at work, which offer a button that needs them."""
    await expect(page.get_by_role("button", name=button)).to_be_visible()
    # Chromium drops keys that are pressed before it has painted the page.
    frames = (
        "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
    )
    await page.evaluate(frames)


async def open_console(visit: Any, **options: Any) -> Page:
    """Open the page of a conversation whose customer waits, as Carol."""
    page: Page = await visit("/console?tab=waiting", **options)
    await sign_in(page, "carol")
    await page.get_by_role("link", name=re.compile("Visitor")).click()
    await wait_until_ready(page)
    return page


async def add_canned(site: Any) -> None:
    async with site.sessions.begin() as session:
        texts = {"text_en": "This is {agent_name}.", "text_zh": "我是{agent_name}。"}
        session.add(CannedReply(shortcut="me", title="Who I am", **texts))
        texts = {"text_en": "It is {order_number}.", "text_zh": "{order_number}。"}
        session.add(CannedReply(shortcut="number", title="Ticket", **texts))
        session.add(Macro(name="Angry", tag="angry", priority="urgent"))


async def test_canned_reply_goes_in_at_the_cursor(visit: Any, site: Any) -> None:
    await add_canned(site)
    shop = await open_shop_chat(visit, "get me a person")
    page = await open_console(visit)
    box = page.get_by_role("textbox", name="Your reply")
    await box.fill("Hello. How can I help?")
    for _ in range(len(" How can I help?")):
        await box.press("ArrowLeft")
    # Within a word a slash is only a slash.
    await box.press_sequentially(" and/or /")
    search = page.get_by_role("searchbox", name="Find a canned reply")
    await expect(search).to_be_focused()
    # Nothing of the page lies behind its header then.
    await page.evaluate("scrollTo(0, 0)")
    await check(page)
    await search.fill("who")
    await search.press("ArrowDown")
    await page.keyboard.press("Enter")
    text = "Hello. and/or This is Carol Baker. How can I help?"
    await expect(box).to_have_value(text)
    await expect(box).to_be_focused()
    await box.press("Control+Enter")
    await expect(shop.get_by_role("log")).to_contain_text(text)
    await expect(box).to_have_value("")
    await page.get_by_role("button", name="Canned replies").click()
    await search.fill("number")
    await search.press("Enter")
    await expect(box).to_have_value("It is {order_number}.")
    notice = page.get_by_text("Fill in before you send: order_number")
    await expect(notice).to_be_visible()
    await page.keyboard.type("DM-100000")
    await expect(box).to_have_value("It is DM-100000.")


async def test_note_stays_inside_and_macro_does_its_steps(
    visit: Any, site: Any
) -> None:
    await add_canned(site)
    shop = await open_shop_chat(visit, "get me a person")
    page = await open_console(visit)
    await page.keyboard.press("n")
    await expect(page.get_by_label("Note for colleagues")).to_be_focused()
    await page.keyboard.type("He called too, @mia")
    await page.keyboard.press("Control+Enter")
    transcript = page.get_by_role("region", name="Transcript")
    await expect(transcript).to_contain_text("Internal note by Carol")
    await expect(page.get_by_label("Note for colleagues")).to_have_value("")
    await page.get_by_role("button", name="Macros: Run").click()
    await expect(page.get_by_text("Priority: urgent")).to_be_visible()
    await expect(
        page.get_by_role("button", name="Remove the tag angry")
    ).to_be_visible()
    await page.evaluate("scrollTo(0, 0)")
    await check(page)
    await ask(shop, "hello?")
    await expect(transcript).to_contain_text("hello?")
    await expect(shop.get_by_role("log")).not_to_contain_text("He called too")


async def test_reply_survives_a_cut_request_and_a_reload(visit: Any, site: Any) -> None:
    shop = await open_shop_chat(visit, "get me a person")
    page = await open_console(visit)
    box = page.get_by_role("textbox", name="Your reply")
    await box.fill("This must not be lost")
    # Cut on its way: the page could not know before.
    await page.route("**/reply", lambda route: route.abort())
    await box.press("Control+Enter")
    alert = page.get_by_role("alert").filter(has_text="Your words are kept")
    await expect(alert).to_be_visible()
    await expect(box).to_have_value("This must not be lost")
    await page.unroute("**/reply")
    await page.reload()
    await expect(box).to_have_value("This must not be lost")
    await box.press("Control+Enter")
    await expect(box).to_have_value("")
    await expect(shop.get_by_role("log")).to_contain_text("This must not be lost")
    async with site.sessions() as session:
        sent = await session.scalars(
            select(Message.text).where(Message.sender == "agent")
        )
        assert sent.all() == ["This must not be lost"]


async def test_draft_is_there_after_signing_in_again(visit: Any) -> None:
    await open_shop_chat(visit, "get me a person")
    page = await open_console(visit)
    box = page.get_by_role("textbox", name="Your reply")
    await box.fill("half a sentence")
    await page.context.clear_cookies()
    await expect(page.get_by_text("You are signed out.")).to_be_visible(timeout=30_000)
    await page.reload()
    await sign_in(page, "carol")
    await expect(box).to_have_value("half a sentence")


async def test_colleagues_see_who_looks_and_types(visit: Any) -> None:
    await open_shop_chat(visit, "get me a person")
    carol = await open_console(visit)
    path = carol.url.removeprefix(await carol.evaluate("origin"))
    mia = await visit(path)
    await sign_in(mia, "mia")
    await expect(carol.get_by_text("Mia Torres is looking at this")).to_be_visible()
    await mia.get_by_role("textbox", name="Your reply").press_sequentially("Hello")
    await expect(carol.get_by_text("Mia Torres is typing")).to_be_visible()
    # Both want to answer: the second is told before the customer hears two.
    await carol.get_by_role("textbox", name="Your reply").fill("Hello from Carol")
    await mia.keyboard.press("Control+Enter")
    transcript = carol.get_by_role("region", name="Transcript")
    await expect(transcript).to_contain_text("Hello")
    await mia.goto("about:blank")
    await expect(carol.get_by_text(re.compile("Mia Torres is"))).to_be_hidden(
        timeout=30_000
    )


async def test_console_is_worked_by_keys_alone(visit: Any) -> None:
    shop = await open_shop_chat(visit, "get me a person")
    await expect(shop.get_by_role("log")).to_contain_text("getting a colleague")
    page = await visit("/console?tab=waiting")
    await sign_in(page, "carol")
    await wait_until_ready(page, "Keys")
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    await expect(dialog).to_be_visible()
    await check(page)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await page.keyboard.press("j")
    row = page.get_by_role("link", name=re.compile("Visitor"))
    await expect(row).to_be_focused()
    # The list is fetched again, and the focus stays on the row.
    await ask(shop, "still there?")
    await expect(row).to_contain_text("still there?")
    await expect(row).to_be_focused()
    await page.keyboard.press("Enter")
    await wait_until_ready(page)
    await page.keyboard.press("a")
    await expect(page.get_by_role("button", name="Assign to me")).to_be_hidden()
    await page.keyboard.press("b")
    locked = page.get_by_text("The assistant is answering. Take over to write.")
    await expect(locked).to_be_visible()
    await page.keyboard.press("t")
    box = page.get_by_role("textbox", name="Your reply")
    await expect(box).to_be_focused()
    await page.keyboard.type("jkabet?")
    await expect(box).to_have_value("jkabet?")
    await page.keyboard.press("Control+Enter")
    await expect(shop.get_by_role("log")).to_contain_text("jkabet?")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_of_managers_are_accessible(
    visit: Any, site: Any, scheme: str
) -> None:
    await add_canned(site)
    page = await visit("/console/canned", color_scheme=scheme)
    await sign_in(page, "mia")
    await page.locator("summary").first.click()
    await check(page)
    await page.goto(site.url + "/console/macros")
    await page.locator("summary").first.click()
    await check(page)
    await page.set_viewport_size({"width": 360, "height": 740})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
