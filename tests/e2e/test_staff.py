"""A sales rep and an agent in a real browser, with the three real processes."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Stack, Visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

REP = "rita@deskmate.example"
AGENT = "carol@deskmate.example"
BOTH = pytest.mark.parametrize(
    ("language", "write", "question", "name", "reason"),
    [
        (
            "en",
            "Write a message",
            "how likely is Sam Rivers to buy again?",
            "Sam Rivers",
            re.compile(r"order", re.IGNORECASE),
        ),
        (
            "zh",
            "请输入消息",
            "客户 C-100005 再次购买的可能性有多大？",
            "Sam Rivers",
            re.compile(r"订单|下单|购买"),
        ),
    ],
    ids=["en", "zh"],
)


async def sign_in(page: Page, stack: Stack, email: str) -> None:
    await page.locator("input[name=email]").fill(email)
    await page.locator("input[name=password]").fill(
        stack.secrets["DEMO_STAFF_PASSWORD"]
    )
    await page.keyboard.press("Enter")
    await expect(page.locator("input[name=password]")).to_have_count(0)


@BOTH
async def test_rep_asks_who_will_buy_and_gets_reasons(
    visit: Visit,
    stack: Stack,
    language: str,
    write: str,
    question: str,
    name: str,
    reason: re.Pattern[str],
) -> None:
    page = await visit(f"/sales?lang={language}", language=language)
    await sign_in(page, stack, REP)
    composer = page.get_by_role("textbox", name=write)
    await composer.fill(question)
    await composer.press("Enter")
    log = page.get_by_role("log")
    await expect(log.locator("li.bot").last).to_contain_text(name)
    card = log.locator(".card").last
    await expect(card).to_contain_text(re.compile(r"\d+\s?%"))
    await expect(log).to_contain_text(reason)
    ((p_purchase, base_rate, version),) = stack.rows(
        "select p_purchase, base_rate, version from purchase_predictions "
        "join predictors on predictors.id = predictor_id join customers "
        "on customers.id = customer_id where customers.number = 'C-100005' "
        "order by scored_at desc limit 1"
    )
    said = await log.inner_text()
    for share in (p_purchase, base_rate):
        assert re.search(rf"\b{round(share * 100)}\s?%", said), (share, said)
    assert version in said


async def test_agent_sees_what_was_understood(visit: Visit, stack: Stack) -> None:
    shop = await visit("/")
    await shop.get_by_role("button", name="Open chat").click()
    composer = shop.get_by_role("textbox", name="Write a message")
    question = "where is my parcel DM-100101, the blue one"
    await composer.fill(question)
    await composer.press("Enter")
    await expect(shop.get_by_label("E-mail address")).to_be_visible()
    ((conversation_id,),) = stack.rows(
        "select conversation_id from messages where text = ?", question
    )

    page = await visit("/console")
    await sign_in(page, stack, AGENT)
    await page.locator(f"a[href*='{conversation_id}']").first.click()
    main = page.locator("main")
    await expect(main).to_contain_text(question)
    await expect(main).to_contain_text(re.compile(r"track.order"))


async def test_agent_does_not_see_the_sales_page(visit: Visit, stack: Stack) -> None:
    page = await visit("/console")
    await sign_in(page, stack, AGENT)
    response = await page.goto(f"{stack.url}/sales")
    assert response is not None
    assert response.status == 403
    assert "%" not in await page.locator("main").inner_text()
