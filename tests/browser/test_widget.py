"""The chat widget in a real browser, with the real gateway behind it."""

import re
from typing import Any

import pytest
from playwright.async_api import expect
from sqlalchemy import func, select

from crm_backend.keys import SOCKETS
from crm_backend.models import Message, OutboxMail
from tests.browser.chat_page import SHADOW, choose, composer, open_chat, say

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
STORED = "Object.keys(localStorage).length + document.cookie.length"
TYPED = f"{SHADOW}.querySelector('textarea')"


async def read_code(site: Any) -> str:
    async with site.sessions() as session:
        query = select(OutboxMail.body).order_by(OutboxMail.id.desc()).limit(1)
        found = re.search(r"\d{6}", await session.scalar(query) or "")
    assert found
    return found[0]


async def said_by_customer(site: Any) -> list[str | None]:
    async with site.sessions() as session:
        query = select(Message.text).where(Message.sender == "customer")
        return list(await session.scalars(query.order_by(Message.id)))


async def test_question_gets_its_answer(visit: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "hello there")
    await expect(log.get_by_text("You said: hello there")).to_be_visible()


async def test_nothing_is_stored_before_the_first_message(visit: Any) -> None:
    page = await visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await open_chat(page)
    assert await page.evaluate(STORED) == 0
    assert [url for url in asked if "/api/" in url] == []
    await say(page, "hello")
    await expect(page.get_by_role("log")).to_contain_text("You said: hello")
    assert await page.evaluate("Object.keys(localStorage)") == [
        "deskmate-chat:customer"
    ]


async def test_conversation_survives_a_reload(visit: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "remember me")
    await expect(log).to_contain_text("You said: remember me")
    await page.reload()
    await open_chat(page)
    await expect(log).to_contain_text("You said: remember me")
    await expect(log.get_by_text("remember me", exact=True)).to_have_count(1)


async def test_buttons_are_used_once(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "menu")
    await page.get_by_role("button", name="My orders").click()
    await expect(page.get_by_role("article", name="Order DM-100103")).to_be_visible()
    await expect(page.get_by_role("button", name="A person")).to_have_count(0)
    await expect(log.get_by_text("My orders", exact=True)).to_be_visible()
    assert site.rasa.asked == ["menu", "/list_orders"]
    await page.reload()
    await open_chat(page)
    await expect(page.get_by_role("article", name="Order DM-100103")).to_be_visible()
    await expect(page.get_by_role("button", name="A person")).to_have_count(0)


async def test_starters_are_sent_as_text(visit: Any, site: Any) -> None:
    await open_chat(page := await visit())
    await page.get_by_role("button", name="Talk to a person").click()
    await expect(page.get_by_role("status").first).to_contain_text("colleague")
    assert site.rasa.asked == ["Talk to a person"]


async def test_enter_of_an_input_method_does_not_send(visit: Any) -> None:
    await open_chat(page := await visit())
    await composer(page).fill("ni hao")
    for guard in ("isComposing: true", "keyCode: 229"):
        event = f"{{key: 'Enter', {guard}, bubbles: true, cancelable: true}}"
        assert await page.evaluate(
            f"{TYPED}.dispatchEvent(new KeyboardEvent('keydown', {event}))"
        )
    await expect(composer(page)).to_have_value("ni hao")


async def test_proof_of_identity_leads_to_the_order(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "where is my order DM-100101?")
    await page.get_by_label("E-mail address").fill("not an address")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("such as name@example.com")).to_be_visible()
    await page.get_by_label("E-mail address").fill("alice@example.com")
    await page.keyboard.press("Enter")
    code = page.get_by_label("Six-digit code")
    await expect(code).to_be_focused()
    right = await read_code(site)
    await code.fill("000000" if right != "000000" else "111111")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("This code is not right")).to_be_visible()
    await code.fill(right)
    await page.keyboard.press("Enter")
    card = page.get_by_role("article", name="Order DM-100101")
    await expect(card).to_contain_text("On its way")
    await expect(card).to_contain_text("24 Nov 2026")
    await expect(card).to_contain_text("€122.90")
    await expect(log).to_contain_text("Identity confirmed")
    await expect(composer(page)).to_be_focused()


async def test_typed_code_is_shown_masked(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "where is it")
    await expect(page.get_by_label("E-mail address")).to_be_visible()
    await say(page, "alice@example.com")
    await expect(log).to_contain_text("10 minutes")
    code = await read_code(site)
    await say(page, code)
    await expect(page.get_by_role("article", name="Order DM-100101")).to_be_visible()
    await expect(log).not_to_contain_text(code)


async def test_chinese_page_chats_in_chinese(visit: Any) -> None:
    page = await visit("/?lang=zh", locale="zh-CN")
    await page.get_by_role("button", name="打开聊天").click()
    await expect(page.get_by_role("log")).to_contain_text("智能助手")
    await page.get_by_role("textbox", name="请输入消息").fill("where is 我的订单")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("电子邮箱")).to_be_visible()


async def test_keyboard_alone_is_enough(visit: Any) -> None:
    page = await visit()
    launcher = page.get_by_role("button", name="Open chat")
    await launcher.focus()
    await page.keyboard.press("Enter")
    await expect(composer(page)).to_be_focused()
    await page.keyboard.type("menu")
    await page.keyboard.press("Enter")
    choice = page.get_by_role("button", name="My orders")
    await choice.wait_for()
    for _ in range(3):
        await page.keyboard.press("Shift+Tab")
        if await choice.evaluate("(node) => node.matches(':focus')"):
            break
    await expect(choice).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("article", name="Order DM-100101")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(launcher).to_be_focused()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_markup_is_shown_as_text(visit: Any, site: Any) -> None:
    nasty = '<img src=x onerror="window.hit = 1"><script>window.hit = 1</script>'
    button = {"title": nasty, "payload": "/greet"}
    order = {"number": nasty, "status": nasty, "total_cents": 1, "currency": "EUR"}
    blocks = [{"type": "order", "order": order}]
    site.rasa.script["nasty"] = [
        {"text": f"{nasty} javascript:alert(1)", "buttons": [button], "blocks": blocks}
    ]
    log = await open_chat(page := await visit())
    await say(page, f"nasty {nasty}")
    await expect(log.get_by_role("article")).to_contain_text("<img src=x")
    assert await page.evaluate("window.hit") is None
    assert await log.locator("img, script, a").count() == 0


async def test_only_safe_links_become_links(visit: Any, site: Any) -> None:
    site.rasa.script["links"] = [
        {"text": "See https://example.com/a?b=c. Or http://example.com, tel:+4930123"}
    ]
    log = await open_chat(page := await visit())
    await say(page, "links")
    links = log.get_by_role("link")
    await expect(links).to_have_count(2)
    assert await links.nth(0).get_attribute("href") == "https://example.com/a?b=c"
    assert "noopener" in str(await links.nth(0).get_attribute("rel"))


async def test_long_text_is_kept_with_a_message(visit: Any, site: Any) -> None:
    await open_chat(page := await visit())
    await say(page, "x" * 4001)
    await expect(page.get_by_text("4,001 characters")).to_be_visible()
    await expect(composer(page)).to_have_value("x" * 4001)
    assert site.rasa.asked == []


async def test_lost_answers_and_sockets_double_nothing(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    n_posts = 0

    async def lose_some(route: Any) -> None:
        nonlocal n_posts
        n_posts += 1
        if n_posts % 3 == 0:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/chat/messages", lose_some)
    texts = [f"line {nth}" for nth in range(8)]
    for nth, text in enumerate(texts):
        await say(page, text)
        if nth == 4:
            for socket in tuple(site.server.app[SOCKETS]):
                await socket.close()
    answered = log.get_by_text(re.compile(r"^You said: line \d$"))
    await expect(answered).to_have_count(8, timeout=15_000)
    assert await said_by_customer(site) == texts
    mine = log.get_by_text(re.compile(r"^line \d$"))
    assert await mine.all_inner_texts() == texts


async def test_offline_messages_survive_a_reload(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "first")
    await expect(log).to_contain_text("You said: first")
    await page.context.set_offline(True)
    await say(page, "written offline")
    await expect(page.get_by_role("dialog")).to_contain_text("You are offline.")
    await expect(log).to_contain_text("Waiting to send")
    await page.route("**/chat/messages", lambda route: route.abort())
    await page.context.set_offline(False)
    await page.reload()
    await open_chat(page)
    await expect(log).to_contain_text("Waiting to send")
    await page.unroute("**/chat/messages")
    await expect(log).to_contain_text("You said: written offline", timeout=15_000)
    assert await said_by_customer(site) == ["first", "written offline"]


async def test_tabs_stay_in_step(visit: Any) -> None:
    first_log = await open_chat(first := await visit())
    await say(first, "from the first tab")
    await expect(first_log).to_contain_text("You said: from the first tab")
    second = await visit(context=first.context)
    second_log = await open_chat(second)
    await expect(second_log).to_contain_text("You said: from the first tab")
    await say(second, "from the second tab")
    await expect(first_log).to_contain_text("You said: from the second tab")
    await choose(second, "Start over")
    await second.get_by_role("button", name="Start a new chat").click()
    for log in (first_log, second_log):
        await expect(log).not_to_contain_text("from the first tab")
    await say(second, "a new start")
    await expect(first_log).to_contain_text("You said: a new start")


async def test_unread_answers_are_counted(visit: Any, site: Any) -> None:
    site.rasa.delay_seconds = 0.6
    await open_chat(page := await visit())
    await say(page, "hello")
    await expect(page.get_by_text("You", exact=False).first).to_be_attached()
    await page.keyboard.press("Escape")
    badge = page.get_by_role("button", name="Open chat, 1 unread message")
    await expect(badge).to_be_visible()
    await badge.click()
    await page.keyboard.press("Escape")
    await expect(
        page.get_by_role("button", name="Open chat", exact=True)
    ).to_be_visible()


async def test_expired_chat_starts_anew(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "old words")
    await expect(log).to_contain_text("You said: old words")
    await page.evaluate(
        """localStorage["deskmate-chat:customer"] = JSON.stringify(
            {token: "forged", read: 0, queue: []})"""
    )
    await page.reload()
    await open_chat(page)
    await expect(log).to_contain_text("Your earlier chat has expired")
    await say(page, "new words")
    await expect(log).to_contain_text("You said: new words")
    await expect(log).not_to_contain_text("old words")


async def test_silent_bot_ends_in_an_apology(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    await say(page, "nothing")
    await expect(log.get_by_text(re.compile(r"T-\d{6}"))).to_be_visible()


async def test_answer_is_announced_once(visit: Any) -> None:
    await open_chat(page := await visit())
    await say(page, "listen")
    live = page.locator("[aria-live=polite]")
    await expect(live).to_have_count(1)
    await expect(live).to_have_text("Assistant: You said: listen")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_phone_width_fits(
    visit: Any, site: Any, scheme: str, tmp_path: Any
) -> None:
    page = await visit(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    await page.screenshot(path=tmp_path / f"shop-{scheme}.png", full_page=True)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    log = await open_chat(page)
    await say(page, "menu")
    await page.get_by_role("button", name="My orders").click()
    await expect(page.get_by_role("article").first).to_be_visible()
    await page.screenshot(path=tmp_path / f"chat-{scheme}.png")
    box = await log.bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 360)
    assert await page.evaluate("document.querySelector('main').inert")


async def test_without_sockets_the_chat_still_works(visit: Any) -> None:
    page = await visit()
    await page.evaluate(
        """() => { window.WebSocket = class { readyState = 3;
            constructor() { setTimeout(() => this.onclose?.({code: 1006}), 10); }
            close() {} } }"""
    )
    log = await open_chat(page)
    await say(page, "slow road")
    await expect(log).to_contain_text("You said: slow road", timeout=15_000)


async def test_one_message_makes_one_conversation(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    for text in ("one", "two"):
        await say(page, text)
    await expect(log).to_contain_text("You said: two")
    async with site.sessions() as session:
        query = select(func.count(Message.conversation_id.distinct()))
        assert await session.scalar(query) == 1
