"""A customer and an agent at once, from the wish for a person to the rating."""

import asyncio
import re
import signal
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Stack, Visit
from tests.e2e.test_customers import ENGLISH, open_chat  # noqa: F401
from tests.e2e.test_staff import AGENT, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_MS = 60_000


async def conversation_with(stack: Stack, text: str) -> str:
    ((found,),) = stack.rows(
        "select conversation_id from messages where text = ?", text
    )
    return str(found)


async def until(stack: Stack, sql: str, *values: object) -> None:
    """Wait until a question to the database has an answer."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not stack.rows(sql, *values):
            await asyncio.sleep(0.1)


async def press_mode(page: Page, mode: str) -> None:
    await page.locator(f"#to-{mode}").click()
    await page.wait_for_load_state()


async def test_customer_gets_a_person_and_the_assistant_back(
    open_chat: Any,  # noqa: F811
    visit: Visit,
    stack: Stack,
) -> None:
    console = await visit("/console?tab=waiting")
    console.set_default_timeout(PATIENCE_MS)
    await sign_in(console, stack, AGENT)
    await until(stack, "select 1 from staff_presences where status = 'online'")

    chat = await open_chat(ENGLISH)
    chat.page.set_default_timeout(PATIENCE_MS)
    wish = "I would like to talk to a human, please"
    answer = await chat.ask(wish)
    assert "Colleagues are here" in answer
    conversation_id = await conversation_with(stack, wish)

    # The agent sees who waits, and why.
    await console.locator(f"a[href*='{conversation_id}']").first.click()
    packet = console.locator(".packet")
    await expect(packet).to_contain_text(
        "the customer asked for one", timeout=PATIENCE_MS
    )
    await expect(packet).to_contain_text("human_handoff", timeout=PATIENCE_MS)

    # The customer goes back to the assistant, which is slow just now.
    await chat.page.get_by_role("button", name="Continue with the assistant").click()
    await expect(chat.log).to_contain_text(
        "You are talking to the assistant again.", timeout=PATIENCE_MS
    )
    await until(
        stack,
        "select 1 from handoffs where conversation_id = ? and outcome = 'left'",
        conversation_id,
    )
    stack.signal("bot", signal.SIGSTOP)
    try:
        n_answers = await chat.answers.count()
        await chat.say("where is my order?")
        await until(
            stack,
            "select 1 from turns where conversation_id = ? and status = 'running'",
            conversation_id,
        )
        await expect(console.locator("#to-human")).to_be_visible(timeout=PATIENCE_MS)
        await press_mode(console, "human")
    finally:
        stack.signal("bot", signal.SIGCONT)
    await expect(chat.log).to_contain_text(
        "Carol Baker joined the conversation.", timeout=PATIENCE_MS
    )
    await until(
        stack,
        "select 1 from turns where conversation_id = ? "
        "and status in ('done', 'failed', 'skipped') "
        "and message_id = (select max(message_id) from turns)",
        conversation_id,
    )
    assert await chat.answers.count() == n_answers

    # The person answers, and gives the conversation back.
    await console.locator("#reply-text").fill("You mean DM-100101; it left us.")
    await console.locator("#reply-text").press("Control+Enter")
    await expect(chat.log.locator("li.agent")).to_contain_text(
        "DM-100101", timeout=PATIENCE_MS
    )
    await press_mode(console, "bot")
    await expect(chat.log.locator("li.system").last).to_contain_text(
        "assistant again", timeout=PATIENCE_MS
    )

    # The assistant knows which order was spoken of.
    await chat.ask("where is it?")
    if await chat.page.get_by_label(ENGLISH.email).count():
        await chat.prove_identity()
    await expect(chat.log.locator("li.bot").last).to_contain_text(
        "DM-100101", timeout=PATIENCE_MS
    )

    await chat.page.get_by_role("button", name=re.compile("menu", re.I)).click()
    await chat.page.get_by_role("menuitem", name="End chat").click()
    await chat.page.get_by_role("button", name="End chat").click()
    await chat.page.get_by_role("radio", name="5: Very good").focus()
    await chat.page.keyboard.press("Space")
    await chat.page.locator("form.rating").get_by_role("button", name="Send").click()
    await until(
        stack,
        "select 1 from conversations where id = ? and rating_score = 5",
        conversation_id,
    )
    outcomes = stack.rows(
        "select reason, outcome from handoffs where conversation_id = ? order by id",
        conversation_id,
    )
    assert outcomes == [("customer_asked", "left"), ("agent_took_over", "returned")]
