"""Console and sales in a real browser."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from playwright.async_api import Page, expect

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PASSWORD = "a password for tests"


async def sign_in(page: Page, name: str) -> None:
    await page.get_by_label("E-mail address").fill(f"{name}@deskmate.example")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def ask(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Write a message")
    await box.fill(text)
    await box.press("Enter")


async def open_shop_chat(visit: Any, text: str) -> Page:
    page: Page = await visit()
    await page.get_by_role("button", name="Open chat").click()
    await ask(page, text)
    return page


async def test_console_follows_a_conversation(visit: Any) -> None:
    shop = await open_shop_chat(visit, "this is terrible, get me a person")
    await expect(shop.get_by_role("status").first).to_contain_text("colleague")
    console = await visit("/console?tab=waiting")
    await sign_in(console, "carol")
    row = console.get_by_role("link", name=re.compile("Visitor"))
    await expect(row).to_contain_text("upset")
    await expect(row).to_contain_text("waiting 1 minute")
    await row.click()
    transcript = console.get_by_role("region", name="Transcript")
    await expect(transcript).to_contain_text("complaint")
    await ask(shop, "are you there?")
    await expect(transcript).to_contain_text("are you there?")


async def test_console_shows_what_came_while_it_was_loading(visit: Any) -> None:
    shop = await open_shop_chat(visit, "this is terrible, get me a person")
    await expect(shop.get_by_role("status").first).to_contain_text("colleague")
    console = await visit("/console?tab=waiting")
    await sign_in(console, "carol")
    has_come = asyncio.Event()

    async def wait(route: Any) -> None:
        await has_come.wait()
        await route.continue_()

    await console.route(re.compile("part=1"), wait)
    await console.get_by_role("link", name=re.compile("Visitor")).click()
    transcript = console.get_by_role("region", name="Transcript")
    await expect(transcript).to_contain_text("complaint")
    await ask(shop, "are you there?")
    log = shop.get_by_role("log")
    await expect(log.get_by_text("are you there?")).to_be_visible()
    has_come.set()
    await expect(transcript).to_contain_text("are you there?")


async def test_agent_answers_and_gives_back(visit: Any) -> None:
    shop = await open_shop_chat(visit, "get me a person")
    log = shop.get_by_role("log")
    await expect(log).to_contain_text("I am getting a colleague.")
    console = await visit("/console?tab=waiting")
    await sign_in(console, "carol")
    await console.get_by_role("link", name=re.compile("Visitor")).click()
    box = console.get_by_role("textbox", name="Your reply")
    await box.fill("Carol here, one moment")
    await ask(shop, "are you there?")
    transcript = console.get_by_role("region", name="Transcript")
    await expect(transcript).to_contain_text("are you there?")
    await expect(box).to_have_value("Carol here, one moment")
    await box.press("Control+Enter")
    # The question came after the words were written, so they are sent only if meant.
    await expect(console.get_by_role("alert")).to_contain_text("Nothing was sent")
    await expect(box).to_have_value("Carol here, one moment")
    await box.press("Control+Enter")
    await expect(log).to_contain_text("Carol here, one moment")
    await expect(box).to_have_value("")
    await expect(box).to_be_focused()
    await console.get_by_role("button", name="Give back").click()
    await expect(log).to_contain_text("You are talking to the assistant again.")
    await expect(box).to_be_disabled()
    await ask(shop, "hello again")
    await expect(log).to_contain_text("You said: hello again")


async def test_draft_outlives_a_colleague_who_gives_back(visit: Any) -> None:
    await open_shop_chat(visit, "get me a person")
    first = await visit("/console?tab=waiting")
    await sign_in(first, "carol")
    await first.get_by_role("link", name=re.compile("Visitor")).click()
    box = first.get_by_role("textbox", name="Your reply")
    await box.fill("half a sentence")
    second = await visit(first.url.removeprefix(await first.evaluate("origin")),
                         context=first.context)  # fmt: skip
    await second.get_by_role("button", name="Give back").click()
    await expect(box).to_be_disabled()
    await expect(first.get_by_text("The assistant is answering.")).to_be_visible()
    await first.get_by_role("button", name="Take over").click()
    await expect(box).to_be_enabled()
    await expect(box).to_have_value("half a sentence")
    await first.get_by_role("button", name="Sign out").click()
    await expect(first.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await first.evaluate("Object.keys(localStorage)") == []


async def test_failed_turn_is_seen_with_its_ticket(visit: Any) -> None:
    shop = await open_shop_chat(visit, "nothing")
    apology = shop.get_by_role("log").get_by_text(re.compile(r"T-\d{6}"))
    ticket = re.search(r"T-\d{6}", await apology.inner_text())
    assert ticket
    console = await visit("/console?tab=all")
    await sign_in(console, "carol")
    await console.get_by_role("link", name=re.compile("Visitor")).click()
    transcript = console.get_by_role("region", name="Transcript")
    await expect(transcript).to_contain_text("could not answer this (empty_answer)")
    await expect(transcript).to_contain_text(f"Ticket {ticket[0]}")


async def test_new_conversation_appears_in_the_list(visit: Any) -> None:
    console = await visit("/console?tab=all")
    await sign_in(console, "carol")
    await expect(
        console.get_by_text("There is no conversation here yet.")
    ).to_be_visible()
    await open_shop_chat(visit, "hello")
    row = console.get_by_role("link", name=re.compile("Visitor"))
    await expect(row).to_be_visible(timeout=12_000)


async def test_rep_asks_the_staff_chat(visit: Any) -> None:
    page = await visit("/sales")
    await sign_in(page, "rita")
    await ask(page, "How likely is Sam Rivers to buy?")
    card = page.get_by_role("article", name=re.compile("Sam Rivers"))
    for shown in ("Likely to buy, 72%", "21%", "12 orders so far", "an estimate"):
        await expect(card).to_contain_text(shown)


async def test_sign_out_forgets_the_staff_chat(visit: Any) -> None:
    page = await visit("/sales")
    await sign_in(page, "rita")
    await ask(page, "hello")
    await expect(page.get_by_role("log")).to_contain_text("You said: hello")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_demo_order_fills_the_composer(visit: Any) -> None:
    page = await visit()
    await page.get_by_role("button", name=re.compile("DM-100101")).click()
    box = page.get_by_role("textbox", name="Write a message")
    await expect(box).to_have_value("Where is my order DM-100101?")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_staff_pages_fit_a_phone(
    visit: Any, site: Any, scheme: str, tmp_path: Path
) -> None:
    await open_shop_chat(visit, "hello")
    page = await visit(
        "/console?tab=all", viewport={"width": 360, "height": 740}, color_scheme=scheme
    )
    await sign_in(page, "mia")
    await page.get_by_role("link", name=re.compile("Visitor")).click()
    for path in (None, "/sales", "/console?tab=all", "/outbox"):
        if path:
            await page.goto(site.url + path)
        await page.screenshot(path=tmp_path / f"{scheme}{len(path or '')}.png")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_files_go_both_ways(visit: Any, site: Any) -> None:
    shop = await open_shop_chat(visit, "get me a person")
    await expect(shop.get_by_role("log")).to_contain_text("I am getting a colleague.")
    console = await visit("/console?tab=waiting")
    await sign_in(console, "carol")
    await console.get_by_role("link", name=re.compile("Visitor")).click()
    picker = console.get_by_label("Attach a file (at most 10 MB)")
    box = console.get_by_role("textbox", name="Your reply")
    await box.fill("Here is your invoice.")
    page = {"name": "page.html", "mimeType": "application/pdf", "buffer": b"<html>"}
    await picker.set_input_files(page)  # type: ignore[arg-type]
    await console.get_by_role("button", name="Send").click()
    await expect(console.get_by_role("alert")).to_contain_text("cannot be sent")
    await expect(box).to_have_value("Here is your invoice.")
    pdf = {"name": "invoice.pdf", "mimeType": "text/html", "buffer": b"%PDF-1.7\n%%EOF"}
    await picker.set_input_files(pdf)  # type: ignore[arg-type]
    await console.get_by_role("button", name="Send").click()
    link = console.get_by_role("link", name="invoice.pdf")
    async with console.expect_download() as download:
        await link.click()
    assert (await download.value).suggested_filename == "invoice.pdf"
    transcript = console.get_by_role("link", name="Download the transcript")
    async with console.expect_download() as download:
        await transcript.click()
    path = await (await download.value).path()
    assert "[File: invoice.pdf (14 B)]" in path.read_text("utf-8")
    await expect(shop.get_by_role("log")).to_contain_text("Here is your invoice.")


async def test_closed_conversations_show_their_rating(visit: Any, site: Any) -> None:
    async with ClientSession(site.url) as http:
        async with http.post("/api/v1/chat/conversations", json={}) as opened:
            token = (await opened.json())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        for path, body in (("end", None), ("rating", {"score": 4, "comment": "Fine"})):
            url = f"/api/v1/chat/{path}"
            async with http.post(url, json=body, headers=headers) as response:
                assert response.status == 200
    console = await visit("/console?tab=closed", color_scheme="dark",
                          viewport={"width": 360, "height": 740})  # fmt: skip
    await sign_in(console, "carol")
    await expect(console.get_by_role("main")).to_contain_text(
        "1 asked for a rating, 1 answered, mean 4.0 of 5, 100% gave 4 or 5."
    )
    row = console.get_by_role("link", name=re.compile("Rated 4 of 5"))
    await row.click()
    about = console.get_by_role("complementary")
    await expect(about).to_contain_text("4 of 5")
    await expect(about).to_contain_text("Fine")
    assert await console.evaluate("document.documentElement.scrollWidth") <= 360
