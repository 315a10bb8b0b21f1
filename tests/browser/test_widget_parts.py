"""The widget's menu, files, rating, products and languages in a real browser."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from crm_backend.models import Conversation, Customer
from tests.browser.chat_page import (
    choose,
    composer,
    end_chat,
    open_chat,
    say,
    show_products,
)
from tests.browser.conftest import SHOP_TOKEN_KEY

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


async def attach(page: Page, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    await page.locator("input[type=file]").set_input_files(path)


async def test_menu_is_used_with_the_keyboard(visit: Any) -> None:
    await open_chat(page := await visit())
    await say(page, "hello")
    await expect(page.get_by_role("log")).to_contain_text("You said: hello")
    toggle = page.get_by_role("button", name="Menu")
    await toggle.press("Enter")
    items = page.get_by_role("menuitem")
    await expect(items.first).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("menuitem", name="End chat")).to_be_focused()
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="Start over")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(toggle).to_be_focused()
    await expect(items).to_have_count(0)
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_menu_offers_only_what_is_possible(visit: Any) -> None:
    await open_chat(page := await visit())
    await page.get_by_role("button", name="Menu").click()
    offered = await page.get_by_role("menuitem").all_inner_texts()
    assert offered == ["Talk to a person", "中文"]


async def test_question_before_a_new_start_can_be_declined(visit: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "stay")
    await expect(log).to_contain_text("You said: stay")
    await choose(page, "Start over")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Start a new chat?")).to_be_hidden()
    await expect(composer(page)).to_be_focused()
    await expect(log).to_contain_text("You said: stay")
    await choose(page, "Start over")
    await page.get_by_role("button", name="Start a new chat").click()
    await expect(log).not_to_contain_text("stay")
    await expect(log).to_contain_text("automated assistant")


async def test_ended_chat_is_rated_and_changed(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "hello")
    await expect(log).to_contain_text("You said: hello")
    await expect(page.get_by_role("radio")).to_have_count(0)
    await end_chat(page)
    await expect(page.get_by_role("dialog")).to_contain_text("This chat has ended.")
    await page.get_by_role("radio", name="2: Bad").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowRight")
    comment = page.get_by_role("textbox", name="Anything to add?")
    await comment.fill("Quick enough.")
    await page.locator("form.rating").get_by_role("button", name="Send").click()
    await expect(comment).to_be_hidden()
    await expect(log).to_contain_text("Thank you")
    async with site.sessions() as session:
        conversation = (await session.scalars(select(Conversation))).one()
    assert (conversation.rating_score, conversation.rating_comment) == (
        3,
        "Quick enough.",
    )
    await page.reload()
    await open_chat(page)
    await expect(page.get_by_role("radio", name="3: Fair")).to_be_checked()


async def test_rating_never_blocks_the_next_message(visit: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "hello")
    await expect(log).to_contain_text("You said: hello")
    await end_chat(page)
    await expect(page.get_by_role("radio")).to_have_count(5)
    await say(page, "one more thing")
    await expect(log).to_contain_text("You said: one more thing")
    await expect(page.get_by_role("radio")).to_have_count(0)


async def test_transcript_is_downloaded(visit: Any, tmp_path: Path) -> None:
    log = await open_chat(page := await visit())
    await say(page, "write this down")
    await expect(log).to_contain_text("You said: write this down")
    async with page.expect_download() as started:
        await choose(page, "Download transcript")
    await (await started.value).save_as(tmp_path / "chat.txt")
    assert "You said: write this down" in (tmp_path / "chat.txt").read_text("utf-8")


async def test_language_is_changed_in_the_middle(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "hello")
    await expect(log).to_contain_text("You said: hello")
    await composer(page).fill("not sent yet")
    await choose(page, "中文")
    field = page.get_by_role("textbox", name="请输入消息")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("not sent yet")
    await expect(log.get_by_text("You said: hello")).to_have_count(1)
    assert await page.get_by_role("dialog").get_attribute("lang") == "zh-CN"
    await page.reload()
    await page.get_by_role("button", name="Open chat").click()
    await expect(page.get_by_role("textbox", name="请输入消息")).to_be_visible()
    async with site.sessions() as session:
        assert (await session.scalars(select(Conversation.language))).one() == "zh"


async def test_file_arrives_and_is_downloaded(visit: Any, tmp_path: Path) -> None:
    log = await open_chat(page := await visit())
    await attach(page, tmp_path / "receipt.pdf", PDF)
    card = log.get_by_role("article", name="receipt.pdf")
    async with page.expect_download() as started:
        await card.get_by_role("button", name="Download").click()
    await (await started.value).save_as(tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == PDF
    await expect(card).to_have_count(1)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("tool.exe", b"MZ", "Please send pictures"),
        ("empty.pdf", b"", "This file is empty"),
        ("large.pdf", b"%PDF" + b"0" * 10 * 1024 * 1024, "Files may have up to 10 MB"),
        ("page.txt", b"<script>alert(1)</script>", "This kind of file"),
    ],
)
async def test_refused_file_says_why(
    visit: Any, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    log = await open_chat(page := await visit())
    await attach(page, tmp_path / name, content)
    card = log.get_by_role("article", name=name)
    await expect(card).to_contain_text(f"Not sent. {sentence}")
    await card.get_by_role("button", name="Remove").click()
    await expect(card).to_have_count(0)


async def test_upload_shows_progress_and_is_cancelled(
    visit: Any, site: Any, tmp_path: Path
) -> None:
    log = await open_chat(page := await visit())
    await say(page, "hello")
    await expect(log).to_contain_text("You said: hello")
    await page.route("**/chat/attachments", lambda _: asyncio.sleep(0))
    await attach(page, tmp_path / "receipt.pdf", PDF)
    card = log.get_by_role("article", name="receipt.pdf")
    await expect(
        card.get_by_role("progressbar", name="Sending the file")
    ).to_be_visible()
    await card.get_by_role("button", name="Cancel").click()
    await expect(card).to_have_count(0)
    await expect(composer(page)).to_be_focused()


async def test_interrupted_upload_is_tried_again(visit: Any, tmp_path: Path) -> None:
    log = await open_chat(page := await visit())
    lost = page.route("**/chat/attachments", lambda route: route.abort())
    await lost
    await attach(page, tmp_path / "receipt.pdf", PDF)
    card = log.get_by_role("article", name="receipt.pdf")
    await expect(card).to_contain_text("could not reach the shop")
    await page.unroute("**/chat/attachments")
    await card.get_by_role("button", name="Try again").click()
    await expect(card.get_by_role("button", name="Download")).to_be_visible()
    await expect(card).to_have_count(1)


async def test_few_products_are_a_list(visit: Any, site: Any) -> None:
    show_products(site, 3)
    log = await open_chat(page := await visit())
    await say(page, "best 3")
    products = log.get_by_role("list", name="Products")
    await expect(products.get_by_role("listitem")).to_have_count(3)
    await expect(page.get_by_role("button", name="Next")).to_have_count(0)
    await products.get_by_role("button", name="Details").nth(1).click()
    await expect(log).to_contain_text("You said: Tell me about Table Lamp")


async def test_many_products_are_leafed_through(visit: Any, site: Any) -> None:
    show_products(site, 5)
    log = await open_chat(page := await visit())
    await say(page, "best 5")
    last = log.get_by_text("Merino Jumper")
    await expect(log.get_by_text("Scented Candle")).to_be_in_viewport()
    await expect(last).not_to_be_in_viewport()
    for _ in range(4):
        await page.get_by_role("button", name="Next").click()
        await page.wait_for_timeout(300)
    await expect(last).to_be_in_viewport()
    assert await page.get_by_role("button", name="Back").is_visible()


async def test_slow_answer_says_so_and_typing_expires(visit: Any, site: Any) -> None:
    site.rasa.delay_seconds = 3
    log = await open_chat(page := await visit())
    await say(page, "think")
    await expect(log.locator("li.typing")).to_contain_text("One moment", timeout=6_000)
    await expect(log).to_contain_text("You said: think")
    await expect(log.locator("li.typing")).to_have_count(0)


async def test_typing_ends_by_itself(visit: Any) -> None:
    page = await visit()
    await page.clock.install()
    await page.route_web_socket(re.compile("/chat/socket"), _type_for_ever)
    log = await open_chat(page)
    await say(page, "hello")
    await expect(log.locator("li.typing")).to_be_visible()
    await page.clock.run_for(14_000)
    await expect(log.locator("li.typing")).to_be_visible()
    await page.clock.run_for(2_000)
    await expect(log.locator("li.typing")).to_have_count(0)


def _type_for_ever(socket: Any) -> None:
    def answer(_: Any) -> None:
        socket.send('{"type": "ready", "last_seq": 0, "mode": "bot"}')
        socket.send('{"type": "typing", "on": true}')

    socket.on_message(answer)


async def test_refused_message_is_kept_tried_again_or_removed(visit: Any) -> None:
    log = await open_chat(page := await visit())
    refusal = {"error": {"code": "teapot", "message": "Not like this."}}

    async def refuse(route: Any) -> None:
        await route.fulfill(status=400, json=refusal)

    await page.route("**/chat/messages", refuse)
    for text in ("first", "second"):
        await say(page, text)
    await expect(log.get_by_text("Not sent. Not like this.")).to_have_count(2)
    await log.get_by_role("button", name="Remove").first.click()
    await expect(log.get_by_text("first", exact=True)).to_have_count(0)
    await page.unroute("**/chat/messages")
    await log.get_by_role("button", name="Try again").click()
    await expect(log).to_contain_text("You said: second")


async def test_handed_over_chat_shows_who_is_there(visit: Any, site: Any) -> None:
    await open_chat(page := await visit())
    await say(page, "get me a person")
    await expect(page.get_by_role("dialog")).to_contain_text("A colleague will join")


async def test_sign_in_of_the_shop_is_asked_for(visit: Any) -> None:
    log = await open_chat(page := await visit())
    refusal = {"error": {"code": "identity_required", "message": "Sign in first."}}
    await page.route(
        "**/chat/conversations", lambda route: route.fulfill(status=401, json=refusal)
    )
    await say(page, "who am I?")
    await expect(page.get_by_role("dialog")).to_contain_text(
        "Please sign in to the shop to chat."
    )
    await expect(log).to_contain_text("Not sent. Please sign in to the shop.")
    await page.unroute("**/chat/conversations")
    await log.get_by_role("button", name="Try again").click()
    await expect(log).to_contain_text("You said: who am I?")


async def sign_in_to_shop(page: Page, site: Any) -> None:
    """Have the page vouch for Alice, from the next load on."""
    async with site.sessions() as session:
        query = select(Customer.number).where(Customer.email == "alice@example.com")
        number = await session.scalar(query)
    now = int(time.time())
    claims = {"sub": number, "aud": "deskmate", "iat": now, "exp": now + 300}
    token = jwt.encode(claims, SHOP_TOKEN_KEY, algorithm="HS256")
    await page.add_init_script(
        f"window.deskmateSettings = {{getIdentityToken: async () => '{token}'}}"
    )
    await page.reload()


async def test_customer_of_the_shop_is_known(visit: Any, site: Any) -> None:
    page = await visit()
    await sign_in_to_shop(page, site)
    await open_chat(page)
    await say(page, "hello")
    await expect(page.get_by_role("dialog")).to_contain_text("identity confirmed")


async def test_customer_who_signs_in_later_is_known(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "where is it?")
    await expect(page.get_by_label("E-mail address")).to_be_visible()
    await sign_in_to_shop(page, site)
    await open_chat(page)
    await expect(page.get_by_role("dialog")).to_contain_text("identity confirmed")
    await expect(log).to_contain_text("Identity confirmed")


async def test_expired_token_of_the_shop_is_renewed(visit: Any) -> None:
    page = await visit()
    await page.evaluate(
        """() => { let n = 0; window.deskmateSettings = {
            getIdentityToken: async () => `token ${(n += 1)}` }; }"""
    )
    shown: list[str | None] = []

    async def check(route: Any) -> None:
        body = route.request.post_data_json
        shown.append(body.pop("identity", None))
        if shown[-1] == "token 2":
            await route.continue_(post_data=body)
        else:
            refusal = {"error": {"code": "identity_invalid", "message": "Expired."}}
            await route.fulfill(status=401, json=refusal)

    await page.route("**/chat/conversations", check)
    log = await open_chat(page)
    await say(page, "hello")
    await expect(log).to_contain_text("You said: hello")
    assert shown == ["token 1", "token 2"]


async def test_chat_of_another_customer_is_left(visit: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "mine alone")
    await expect(log).to_contain_text("You said: mine alone")
    refusal = {"error": {"code": "already_verified", "message": "Somebody else's."}}
    await page.context.route(
        "**/chat/identity", lambda route: route.fulfill(status=409, json=refusal)
    )
    await page.add_init_script(
        "window.deskmateSettings = {getIdentityToken: async () => 'somebody else'}"
    )
    await page.reload()
    await open_chat(page)
    await expect(log).to_contain_text("automated assistant")
    await expect(log).not_to_contain_text("mine alone")
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_shop_can_forget_the_chat(visit: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "forget me")
    await expect(log).to_contain_text("You said: forget me")
    await page.evaluate("document.querySelector('deskmate-chat').forget()")
    await expect(log).not_to_contain_text("forget me")
    assert await page.evaluate("Object.keys(localStorage)") == []
