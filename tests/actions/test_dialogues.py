"""Whole conversations: the trained assistant, the action server and a stub CRM.

Needs a model (python -m bot train) in MODEL_DIR or models/.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import aiohttp
import jwt
import pytest
from aiohttp import web

from crm_backend.services.messages import detect_language
from tests.actions.conftest import load_example, order_json

ROOT = Path(__file__).resolve().parents[2]
MODELS = Path(os.environ.get("MODEL_DIR") or ROOT / "models")
BOT_PYTHON = ROOT / "bot/.venv/bin/python"
KEY = "a key that only this test knows!"
START_SECONDS = 180

pytestmark = [
    pytest.mark.skipif(
        not BOT_PYTHON.exists(), reason="the Rasa environment bot/.venv is missing"
    ),
    pytest.mark.skipif(
        not any(MODELS.glob("*.tar.gz")),
        reason="no trained assistant was found; run `python -m bot train`",
    ),
]


class StubShop:
    """Alice's shop over HTTP: enough of the CRM for a conversation."""

    def __init__(self):
        self.writes = []
        self.fails = False
        self.orders = {}

    def app(self):
        app = web.Application()
        app.router.add_route("*", "/api/v1/{path:.*}", self.answer)
        return app

    async def answer(self, request):
        claims = jwt.decode(
            request.headers["X-Deskmate-Claims"], KEY, ["HS256"], audience="deskmate"
        )
        noun, *rest = request.match_info["path"].split("/")
        if self.fails:
            return web.Response(status=500)
        if noun == "customers" and claims["level"] != "staff":
            return _error(403, "forbidden")
        if noun in ("orders", "refunds") and claims["level"] == "anonymous":
            return _error(403, "verification_required")
        if request.method == "POST" and noun in ("orders", "tickets"):
            self.writes.append((noun, *rest, await request.json()))
        return self.handle(noun, rest, request)

    def handle(self, noun, rest, request):
        if noun == "orders" and not rest:
            return _page(list(self.orders.values()))
        if noun == "orders" and rest[0] not in self.orders:
            return _error(404, "order_not_found")
        if noun == "orders" and rest[1:] == ["cancel"]:
            self.orders[rest[0]] = order_json(rest[0], "cancelled")
        if noun == "orders" and rest[1:] == ["returns"]:
            return _answer("request_return", order_number=rest[0])
        if noun == "orders":
            return web.json_response(self.orders[rest[0]])
        if noun == "articles":
            return _answer("search_articles", decision="nothing", passages=[])
        if noun == "sales":
            example = {"leaderboard": "rank_sellers", "forecast": "forecast_sales"}
            return _answer(example.get(rest[0], "list_sales_tasks"))
        if noun == "campaigns":
            return _answer("list_campaign_results")
        if noun == "conversations":
            return _page([])
        if noun == "customers" and not rest:
            found = load_example("find_customers")["answer"]["items"]
            words = request.query["q"].casefold()
            return _page([c for c in found if c["name"].casefold() in words])
        if noun == "customers":
            parts = {"offers": "list_offers", "next-action": "get_next_action"}
            return _answer(parts.get(rest[-1], "predict_purchase"))
        if rest == ["segments"]:
            return _answer("list_segments")
        if noun == "tickets" and request.method == "GET":
            return _answer("list_tickets")
        return _answer({"tickets": "open_ticket", "refunds": "list_refunds"}[noun])


def _page(items):
    return web.json_response({"items": items, "next_cursor": None})


def _answer(example, **changes):
    return web.json_response(load_example(example)["answer"] | changes)


def _error(status, code):
    return web.json_response({"error": {"code": code, "message": ""}}, status=status)


class Chat:
    """A conversation as the gateway has it with the assistant."""

    def __init__(self, bot_url, shop, level="verified"):
        self.url = f"{bot_url}/webhooks/deskmate/turns"
        self.shop = shop
        self.level = level
        self.conversation_id = str(uuid.uuid4())
        self.messages = []
        self.understood = {}

    async def say(self, text, typed=False):
        """Send a text or press a button; return what the assistant says.

        Args:
            text: the words, or the payload of the button.
            typed: whether a slash at the beginning was typed by a person.
        """
        turn = {
            "turn_id": str(uuid.uuid4()),
            "conversation_id": self.conversation_id,
            "kind": "payload" if text.startswith("/") and not typed else "text",
            "text": text,
        }
        claims = {
            "sub": "customer:C-207731",
            "level": self.level,
            "role": "rep" if self.level == "staff" else None,
            "lang": detect_language(text, "en"),
            "cid": self.conversation_id,
            "tid": turn["turn_id"],
            "aud": "deskmate",
            "exp": int(time.time()) + 120,
        }
        turn["claims"] = jwt.encode(claims, KEY, "HS256")
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url, json=turn) as answer,
        ):
            assert answer.status == 200, await answer.text()
            done = await answer.json()
        self.messages, self.understood = done["messages"], done["understood"]
        return "\n".join(m["text"] or "" for m in self.messages)

    @property
    def buttons(self):
        return {b["title"]: b["payload"] for m in self.messages for b in m["buttons"]}

    @property
    def blocks(self):
        return [block for m in self.messages for block in m["blocks"]]


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """The assistant and the action server, started once for all conversations."""
    crm_port, actions_port, bot_port = (_free_port() for _ in range(3))
    env = os.environ | {
        "CRM_SERVICE_TOKEN": "secret",
        "CLAIMS_KEY": KEY,
        "CRM_URL": f"http://127.0.0.1:{crm_port}",
        "ACTIONS_PORT": str(actions_port),
        "ACTIONS_URL": f"http://127.0.0.1:{actions_port}",
        "BOT_PORT": str(bot_port),
        "MODEL_DIR": str(MODELS),
        "TRACKER_DATABASE": str(tmp_path_factory.mktemp("bot") / "tracker.db"),
    }
    running = [
        subprocess.Popen([sys.executable, "-m", "actions"], env=env, cwd=ROOT),
        subprocess.Popen([str(BOT_PYTHON), "-m", "bot", "serve"], env=env, cwd=ROOT),
    ]
    yield crm_port, f"http://127.0.0.1:{bot_port}"
    for process in running:
        process.terminate()
    for process in running:
        process.wait(20)


@pytest.fixture
async def bot_url(processes):
    _, url = processes
    async with aiohttp.ClientSession() as session:
        for _ in range(START_SECONDS * 4):
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{url}/webhooks/deskmate/health") as answer:
                    if answer.status == 200:
                        return url
            await asyncio.sleep(0.25)
    pytest.fail(f"the assistant did not start within {START_SECONDS} s")


@pytest.fixture
async def shop(processes):
    shop = StubShop()
    runner = web.AppRunner(shop.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", processes[0], reuse_address=True).start()
    yield shop
    await runner.cleanup()


@pytest.fixture
async def alice(bot_url, shop):
    for number, status in (("DM-482913", "paid"), ("DM-371204", "shipped")):
        shop.orders[number] = order_json(number, status)
    shop.orders["DM-260158"] = order_json("DM-260158", "delivered")
    return Chat(bot_url, shop)


@pytest.fixture
async def visitor(alice):
    alice.level = "anonymous"
    return alice


@pytest.fixture
async def rita(alice):
    alice.level = "staff"
    return alice


async def test_order_is_tracked_in_both_languages(alice):
    assert "is on its way with DHL" in await alice.say("Where is my order DM-371204?")
    assert alice.blocks[0]["order"]["number"] == "DM-371204"
    said = await alice.say("我的订单 DM-371204 到哪了")
    assert "已发货" in said
    assert "2026年11月24日" in said


async def test_order_is_cancelled_after_a_yes(alice):
    said = await alice.say("please cancel my order DM-482913")
    assert "€54.80 will be refunded" in said
    assert alice.shop.writes == []
    await alice.say(alice.buttons["Yes, cancel it"])
    assert "is cancelled" in alice.messages[0]["text"]
    assert alice.shop.writes == [("orders", "DM-482913", "cancel", {})]
    assert "nothing" not in await alice.say("thanks")


async def test_order_is_cancelled_in_chinese(alice):
    assert "确定要取消订单 DM-482913" in await alice.say("帮我取消订单DM-482913")
    assert "已取消" in await alice.say("确定")
    assert len(alice.shop.writes) == 1


async def test_no_leaves_everything_and_the_form(alice):
    await alice.say("cancel DM-482913 please")
    assert "nothing was changed" in await alice.say("no, keep it")
    assert "is on its way" in await alice.say("where is DM-371204")
    assert alice.shop.writes == []


async def test_another_wish_interrupts_the_confirmation(alice):
    await alice.say("cancel DM-482913 please")
    assert "is on its way" in await alice.say("Where is my order DM-371204?")
    assert "What would you like" in await alice.say("yes")
    assert alice.shop.writes == []


async def test_button_of_another_wish_interrupts_too(alice):
    await alice.say("I want to cancel DM-482913")
    said = await alice.say('/track_order{"order_number": "DM-371204"}')
    assert "is on its way" in said


async def test_one_form_gives_way_to_another(alice):
    await alice.say("I want to cancel my order DM-482913")
    assert "Why would you like to return" in await alice.say(
        "actually I'd like to return order DM-260158"
    )
    assert "Shall I start the return" in await alice.say("the colour is wrong")
    assert "is registered" in await alice.say("yes")
    assert [write[1:3] for write in alice.shop.writes] == [("DM-260158", "returns")]


async def test_question_aside_keeps_the_form(alice):
    await alice.say("cancel order DM-482913")
    said = await alice.say("is there a cancellation fee?")
    assert "free until the order is shipped" in said
    assert "Shall I cancel order DM-482913" in said
    assert "is cancelled" in await alice.say("yes, go ahead")


async def test_stop_leaves_a_question_for_an_address(alice):
    said = await alice.say("I need to change the shipping address of DM-482913")
    assert "new address" in said
    assert "nothing was changed" in await alice.say("stop")
    assert "automated assistant" in await alice.say("hello")


async def test_address_is_changed(alice):
    await alice.say("change the delivery address of order DM-482913")
    assert "5 Oak Lane, 20095 Hamburg" in await alice.say("5 Oak Lane, 20095 Hamburg")
    assert "Done" in await alice.say("yes")
    address = {"text": "5 Oak Lane, 20095 Hamburg"}
    assert alice.shop.writes == [("orders", "DM-482913", "address", address)]


async def test_chinese_address_is_changed(alice):
    await alice.say("我想修改订单DM-482913的收货地址")
    said = await alice.say("上海市浦东新区世纪大道100号5楼，200120")
    assert "世纪大道100号" in said
    assert "DM-482913" in said
    assert "已修改" in await alice.say("是的")


async def test_two_misses_end_with_an_offer(alice):
    shop = alice.shop
    shop.orders["DM-100001"] = order_json("DM-100001", "paid")
    assert "Which order" in await alice.say("I would like to cancel an order")
    await alice.say("the blue one with stripes")
    await alice.say("qwertz")
    assert "/human_handoff" in alice.buttons.values()


async def test_visitor_verifies_and_goes_on(visitor):
    await visitor.say("cancel my order DM-482913")
    (verify,) = visitor.blocks
    assert verify["type"] == "verify"
    visitor.level = "verified"
    assert "Shall I cancel order DM-482913" in await visitor.say(verify["resume"])


async def test_visitor_opens_a_ticket_with_a_complaint(visitor):
    said = await visitor.say(
        "I want to complain: the lamp is broken and your service is terrible!"
    )
    assert "Shall I open a ticket" in said
    assert "T-640172" in await visitor.say(visitor.buttons["Yes, open it"])
    ticket = visitor.shop.writes[0][1]
    assert "lamp" in ticket["description"]
    assert ticket["sentiment"]["label"] == "negative"


async def test_person_is_called_out_of_a_form(visitor):
    await visitor.say("open a ticket please")
    await visitor.say("I want to talk to a human")
    assert {"type": "handoff", "reason": "customer_asked"} in visitor.blocks
    await visitor.say("转人工")
    assert {"type": "handoff", "reason": "customer_asked"} in visitor.blocks


async def test_failed_crm_is_a_failed_turn_and_ends_the_form(alice):
    await alice.say("cancel order DM-482913")
    alice.shop.fails = True
    await alice.say("yes")
    assert alice.blocks == [{"type": "failure", "code": "crm_unavailable"}]
    alice.shop.fails = False
    assert "What would you like" in await alice.say("yes")
    assert alice.shop.writes == []


async def test_rep_asks_who_will_buy(rita):
    said = await rita.say("How likely is Alice Miller to buy something soon?")
    assert "42%" in said
    assert "18%" in said
    assert "4 days ago" in said
    assert rita.blocks[0]["type"] == "prediction"


async def test_rep_is_asked_for_the_customer(rita):
    assert "Which customer" in await rita.say("will Zoe Fox order again this month?")
    assert "42%" in await rita.say("Alice Miller")


async def test_customer_may_not_ask_who_will_buy(alice):
    said = await alice.say("How likely is Alice Miller to buy something soon?")
    assert "only the shop's own staff" in said


async def test_first_message_may_tell_the_reason_of_a_return(alice):
    said = await alice.say(
        "I want to return order DM-260158 because the colour is wrong"
    )
    assert 'Your reason: "the colour is wrong"' in said
    assert "is registered" in await alice.say("yes")
    (write,) = alice.shop.writes
    assert write[3]["reason"] == "the colour is wrong"


async def test_wish_taken_back_cancels_nothing(alice):
    assert "没有做任何更改" in await alice.say("算了不取消了")
    await alice.say("取消订单 DM-482913")
    assert "没有做任何更改" in await alice.say("算了不取消了")
    assert alice.shop.writes == []


async def test_twice_upset_customer_is_offered_a_person_once(visitor):
    offer = "Would you rather talk to a person?"
    said = await visitor.say("I am furious, your service is a complete disgrace!!!")
    assert visitor.understood["sentiment"]["upset"]
    assert "sorry" in said
    assert offer not in said
    angry = "Unbelievable! Weeks of waiting and lies, I have never been so angry!!!"
    assert offer in await visitor.say(angry)
    assert offer not in await visitor.say(angry)


async def test_misses_end_with_the_offer_of_a_person(visitor):
    beyond = "write me a poem about the moon"
    for _ in range(3):
        said = await visitor.say(beyond)
    assert "no help" in said
    assert "/human_handoff" in visitor.buttons.values()
    await visitor.say("what can you do")
    assert "no help" not in await visitor.say(beyond)


@pytest.mark.parametrize(
    ("intent", "said"),
    [
        ("payment_methods", "ways to pay"),
        ("promotion", "offers"),
        ("product_authenticity", "where our products come from"),
        ("store_info", "about the shop"),
        ("create_account", "open an account"),
        ("account_recovery", "forgotten password"),
        ("registration_issue", "spam folder"),
        ("newsletter", "unsubscribe"),
        ("contact_support", "contact page"),
        ("shipping_fee", "checkout"),
        ("delivery_options", "checkout"),
        ("delivery_time", "checkout"),
        ("payment_issue", "pay a second time"),
        ("update_account", "once it is sure that it is you"),
        ("delete_account", "can't be undone"),
        ("leave_feedback", "Thank you for telling us"),
        ("invoice", "Total:"),
        ("churn_risk", "only the shop's own staff"),
        ("my_tasks", "only the shop's own staff"),
        ("sales_leaderboard", "only the shop's own staff"),
        ("sales_forecast", "only the shop's own staff"),
        ("campaign_results", "only the shop's own staff"),
    ],
)
async def test_every_new_wish_has_an_answer(alice, intent, said):
    assert said in await alice.say(f"/{intent}")


async def test_rep_compares_segments(rita):
    said = await rita.say("/segment_overview")
    assert "Champions: 120 customers (20%), 48% of revenue" in said


async def test_rep_asks_what_to_offer_and_what_to_do_next(rita):
    said = await rita.say("/recommend_for_customer")
    assert "Which customer" in said
    said = await rita.say("Alice Miller")
    assert "Cast-Iron Pan" in said
    # The customer spoken of is kept.
    assert "Offer something new" in await rita.say(
        "what is the next best action for her?"
    )


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("show me the sales leaderboard", "1. Rita Lang: €27,000.00"),
        ("what is the sales forecast for the next weeks?", "€9,300.00"),
        ("how did the last campaign go?", "Come-back voucher"),
        ("我的销售排行榜", "达成目标的 150%"),
        ("下个月的销售预测是多少？", "八成可能"),
        ("营销活动效果怎么样？", "触达组 400 人"),
    ],
)
async def test_rep_asks_how_the_team_and_the_shop_do(rita, question, said):
    assert said in await rita.say(question)


async def test_staff_see_what_waits_for_the_team(rita):
    assert "Call back about the offer" in await rita.say("/my_tasks")
    assert "Open tickets of the team" in await rita.say("/my_tasks")
    assert '/ticket_status{"ticket_number": "T-640172"}' in rita.buttons.values()


THREAD = """Hi,

any news on this? See below.

Best, Alice

> On 3 Nov 2026, at 09:12, Deskmate Shop <help@shop.example> wrote:
>
> Dear Alice,
> thank you for your message. We are looking into it.
>
>> On 1 Nov 2026, at 20:40, Alice Miller <alice@example.com> wrote:
>> Where is my order DM-371204? It should have been here by now.
"""


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "\t\n ",
        "///",
        "👍",
        "😡😡😡",
        "?",
        "a" * 10_000,
        "no " * 3_333,
        "订单" * 5_000,
        "\x00\x07\x1b[31m",
        "\u202e\u200f\u2066",
        "<script>alert('x')</script>",
        "<img src=x onerror=alert(1)>",
        "'; DROP TABLE orders; --",
        "{{7*7}} ${jndi:ldap://x} %s %n {order_number}",
        "SELECT * FROM customers WHERE 1=1",
        THREAD,
    ],
)
async def test_bad_input_gets_a_sensible_answer_and_changes_nothing(alice, text):
    assert await alice.say(text, typed=True)
    assert not any(block["type"] == "failure" for block in alice.blocks)
    assert alice.shop.writes == []
    assert "automated assistant" in await alice.say("hello")


@pytest.mark.parametrize(
    "text",
    [
        "\u202eWhere is my order DM-371204?\u202c",
        "Where is\x07 my order\x00 DM-371204?",
        "<b>Where is my order DM-371204?</b>",
        "Ｗｈｅｒｅ ｉｓ ｍｙ ｏｒｄｅｒ ＤＭ－３７１２０４？",
    ],
)
async def test_odd_characters_do_not_hide_a_question(alice, text):
    assert "DM-371204 is on its way" in await alice.say(text)


async def test_typed_command_is_words(alice):
    payload = '/cancel_order{"order_number": "DM-482913"}'
    await alice.say(payload, typed=True)
    await alice.say(
        '/affirm{"pending_task": "cancel_order_form:DM-482913"}', typed=True
    )
    assert alice.understood["confidence"] < 1
    assert alice.shop.writes == []


@pytest.mark.parametrize(
    "text",
    [
        "¿Dónde está mi pedido DM-371204?",
        "Wo ist meine Bestellung DM-371204?",
        "Где мой заказ DM-371204?",
        "أين طلبي DM-371204؟",
        "注文 DM-371204 はどこですか？",
    ],
)
async def test_other_language_is_answered_in_english_with_a_note(alice, text):
    assert "I speak English and Chinese only" in await alice.say(text)
    assert "I speak English" not in await alice.say(text)


async def test_help_depends_on_who_asks(alice):
    assert "track and list your orders" in await alice.say("what can you do?")
    alice.level = "anonymous"
    assert "ask for a code first" in await alice.say("what can you do?")
    alice.level = "staff"
    assert "likely a customer is to buy" in await alice.say("what can you do?")


async def test_assistant_says_that_it_is_automated(visitor):
    assert "automated assistant, not a person" in await visitor.say("are you a robot?")
