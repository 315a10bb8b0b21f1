"""A customer in a real browser, with the three real processes behind the page."""

import json
import re
import signal
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Stack, Visit, read_code

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TICKET = re.compile(r"T-\d{6}")


@dataclass(frozen=True)
class Words:
    """What one customer types and expects to read, in one language."""

    language: str
    open_chat: str
    write: str
    email: str
    code: str
    confirm: str
    address: str
    ask_shipped: str
    shipped: str
    on_its_way: str
    ask_foreign: str
    foreign: str
    not_found: str
    cancel: str
    cancellable: str
    yes: str
    cancelled: str
    cancel_shipped: str
    angry: str
    open_it: str
    ask_likelihood: str
    staff_only: str


ENGLISH = Words(
    language="en",
    open_chat="Open chat",
    write="Write a message",
    email="E-mail address",
    code="Six-digit code",
    confirm="Confirm",
    address="alice@example.com",
    ask_shipped="hi, where is my order DM-100101?",
    shipped="DM-100101",
    on_its_way="is on its way with",
    ask_foreign="and where is order DM-100301?",
    foreign="DM-100301",
    not_found="I can't find an order DM-100301 of yours",
    cancel="please cancel my order DM-100102",
    cancellable="DM-100102",
    yes="Yes, cancel it",
    cancelled="DM-100102",
    cancel_shipped="cancel order DM-100101 please",
    angry="THIS IS A DISGRACE!!! the third broken cup in a row, terrible service, "
    "I want to file a complaint about it right now",
    open_it="Yes, open it",
    ask_likelihood="how likely is Sam Rivers to buy in the next month?",
    staff_only="only the shop's own staff",
)
CHINESE = Words(
    language="zh",
    open_chat="打开聊天",
    write="请输入消息",
    email="电子邮箱",
    code="六位验证码",
    confirm="确认",
    address="wangfang@example.com",
    ask_shipped="你好，我的订单 DM-100201 到哪了？",
    shipped="DM-100201",
    on_its_way="已发货",
    ask_foreign="那订单DM-100301到哪里了",
    foreign="DM-100301",
    not_found="没有找到您的订单 DM-100301",
    cancel="帮我取消订单 DM-100202",
    cancellable="DM-100202",
    yes="确定取消",
    cancelled="DM-100202",
    cancel_shipped="我要取消订单DM-100201",
    angry="太差劲了！！！收到的杯子又是碎的，已经第三次了，服务态度极差，我要投诉你们！",
    open_it="确定提交",
    ask_likelihood="王芳这个客户下个月会买东西的可能性有多大？",
    staff_only="只有本店员工",
)
BOTH = pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["en", "zh"])


class Chat:
    """The widget of a page, as a person uses it."""

    def __init__(self, page: Page, words: Words, stack: Stack) -> None:
        self.page = page
        self.words = words
        self.stack = stack
        self.log = page.get_by_role("log")
        self.composer = page.get_by_role("textbox", name=words.write)

    @property
    def answers(self) -> Locator:
        return self.log.locator("li.bot")

    async def open(self) -> None:
        name = re.compile(f"^{self.words.open_chat}")
        await self.page.get_by_role("button", name=name).click()
        await expect(self.composer).to_be_visible()

    async def say(self, text: str) -> None:
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def ask(self, text: str) -> str:
        """Send a message, wait for the answer and return all of it."""
        n_before = await self.answers.count()
        await self.say(text)
        await expect(self.answers.nth(n_before)).to_be_visible()
        await expect(self.log.locator("li.typing")).to_have_count(0)
        texts = await self.answers.all_inner_texts()
        return "\n".join(texts[n_before:])

    async def prove_identity(self) -> None:
        words = self.words
        await self.page.get_by_label(words.email).fill(words.address)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_label(words.code)).to_be_visible()
        code = await read_code(self.page, self.stack)
        await self.page.get_by_label(words.code).fill(code)
        await self.page.get_by_role("button", name=words.confirm, exact=True).click()


@pytest.fixture
def open_chat(visit: Visit, stack: Stack) -> Any:
    async def opened(words: Words) -> Chat:
        page = await visit(f"/?lang={words.language}", language=words.language)
        chat = Chat(page, words, stack)
        await chat.open()
        return chat

    return opened


def order_status(stack: Stack, number: str) -> str:
    ((status,),) = stack.rows("select status from orders where number = ?", number)
    return str(status)


@BOTH
async def test_customer_proves_identity_and_gets_the_truth_and_only_theirs(
    open_chat: Any, stack: Stack, words: Words
) -> None:
    chat = await open_chat(words)
    await chat.ask(words.ask_shipped)
    ((tracking_number, carrier),) = stack.rows(
        "select tracking_number, carrier from shipments join orders "
        "on orders.id = order_id where orders.number = ?",
        words.shipped,
    )
    assert tracking_number not in await chat.log.inner_text()
    await chat.prove_identity()
    await expect(chat.log).to_contain_text(words.on_its_way)
    await expect(chat.log).to_contain_text(tracking_number)
    await expect(chat.log).to_contain_text(carrier)
    card = chat.page.get_by_role("article", name=re.compile(words.shipped))
    await expect(card).to_be_visible()

    answer = await chat.ask(words.ask_foreign)
    assert words.not_found in answer
    everything = await chat.log.inner_text()
    ((foreign_tracking,),) = stack.rows(
        "select tracking_number from shipments join orders on orders.id = order_id "
        "where orders.number = ?",
        words.foreign,
    )
    assert foreign_tracking not in everything
    assert "Keller" not in everything

    await chat.page.reload()
    await chat.open()
    await expect(chat.log).to_contain_text(tracking_number)


@BOTH
async def test_customer_cancels_what_may_be_cancelled_and_nothing_else(
    open_chat: Any, stack: Stack, words: Words
) -> None:
    chat = await open_chat(words)
    await chat.ask(words.cancel)
    await chat.prove_identity()
    yes = chat.page.get_by_role("button", name=words.yes)
    await expect(yes).to_be_visible()
    assert order_status(stack, words.cancellable) in ("placed", "paid", "packed")
    n_before = await chat.answers.count()
    await yes.click()
    await expect(chat.answers.nth(n_before)).to_contain_text(words.cancelled)
    assert order_status(stack, words.cancellable) == "cancelled"
    refunds = stack.rows(
        "select amount_cents, total_cents from refunds join orders "
        "on orders.id = order_id where orders.number = ?",
        words.cancellable,
    )
    assert len(refunds) == 1
    assert refunds[0][0] == refunds[0][1]

    await chat.ask(words.cancel_shipped)
    await expect(chat.page.get_by_role("button", name=words.yes)).to_have_count(0)
    assert order_status(stack, words.shipped) == "shipped"


@BOTH
async def test_angry_customer_sees_the_number_of_a_ticket(
    open_chat: Any, stack: Stack, words: Words
) -> None:
    chat = await open_chat(words)
    await chat.ask(words.angry)
    await chat.page.get_by_role("button", name=words.open_it).click()
    opened = chat.answers.filter(has_text=TICKET)
    await expect(opened).to_have_count(1)
    found = TICKET.search(await opened.inner_text())
    assert found is not None
    ((category, label, score, transcript, priority),) = stack.rows(
        "select category, sentiment_label, sentiment_score, transcript, priority "
        "from tickets where number = ?",
        found[0],
    )
    assert category != "bot_failure"
    assert label == "negative"
    assert score < 0
    assert priority in ("high", "urgent")
    assert words.angry in [line["text"] for line in json.loads(transcript)]


@BOTH
async def test_customer_learns_nothing_about_other_customers(
    open_chat: Any, stack: Stack, words: Words
) -> None:
    chat = await open_chat(words)
    answer = await chat.ask(words.ask_likelihood)
    assert words.staff_only in answer
    assert "%" not in answer


@BOTH
async def test_actions_killed_in_a_turn_give_an_apology_and_a_ticket(
    open_chat: Any, stack: Stack, words: Words
) -> None:
    chat, before = await kill_in_a_turn(open_chat, stack, words, "actions")
    apology = chat.answers.filter(has_text=TICKET)
    await expect(apology).to_have_count(1)
    found = TICKET.search(await apology.inner_text())
    assert found is not None
    assert stack.rows(
        "select category, status from tickets where number = ?", found[0]
    ) == [("bot_failure", "open")]
    # The process comes back by itself, and then so does the answer.
    await stack.wait_until_ready("actions")
    assert stack.pid("actions") != before
    await chat.ask(words.ask_shipped)
    await expect(chat.page.get_by_label(words.email)).to_be_visible()


@BOTH
async def test_assistant_killed_in_a_turn_is_waited_for(
    open_chat: Any, stack: Stack, words: Words
) -> None:
    chat, before = await kill_in_a_turn(open_chat, stack, words, "bot")
    # By the new process, or with an apology if that takes too long.
    await expect(chat.answers).to_have_count(1, timeout=20_000)
    await stack.wait_until_ready("bot")
    assert stack.pid("bot") != before
    await chat.ask(words.ask_shipped)
    await expect(chat.page.get_by_label(words.email).last).to_be_visible()


async def kill_in_a_turn(
    open_chat: Any, stack: Stack, words: Words, name: str
) -> tuple[Any, int]:
    """Ask something and kill a process under it; return the chat and the process."""
    chat = await open_chat(words)
    before = stack.pid(name)
    stack.signal(name, signal.SIGSTOP)
    await chat.say(words.ask_shipped)
    await expect(chat.log.locator("li.typing")).to_be_visible()
    stack.signal(name, signal.SIGKILL)
    return chat, before
