"""The hand-off packet: facts an agent can rely on."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from crm_backend.models import Conversation, Handoff, Turn
from crm_backend.services.packets import MoodPoint
from crm_backend.services.summaries import MIN_LINES, Tokenizer, pick_lines
from crm_backend.web.mood_curve import HEIGHT, draw_moods
from tests.crm_backend.shop import NOW, Shop

SHOES = "the running shoes I ordered arrived in the wrong size"


async def add_turn(
    shop: Shop,
    conversation: Conversation,
    seq: int,
    text: str,
    *,
    answer: str | None = "Here you are.",
    status: str = "done",
    suppressed: bool = False,
    blocks: list[dict[str, Any]] | None = None,
    failure: str | None = None,
    **understood: Any,
) -> None:
    """Add a message of the customer and what the bot made of it."""
    turn_id = str(uuid.uuid4())
    message = await shop.add_message(
        conversation, seq, text, understood=understood or None, turn_id=turn_id
    )
    await shop.save(
        Turn(
            id=turn_id,
            conversation_id=conversation.id,
            message_id=message.id,
            version=0,
            status=status,
            failure=failure,
        )
    )
    if answer is not None:
        await shop.add_message(
            conversation,
            seq + 1,
            answer,
            sender="bot",
            turn_id=turn_id,
            suppressed=suppressed,
            blocks=blocks or [],
        )


async def read(client: Any, shop: Shop, conversation: Conversation, who: Any) -> Any:
    path = f"/api/v1/conversations/{conversation.id}/packet"
    response = await client.get(path, headers=await shop.cookie(who))
    return response.status, await response.json()


async def wait_for_carol(shop: Shop, **values: Any) -> Conversation:
    values = {"mode": "waiting", "topic": "track_order", "last_seq": 40} | values
    conversation = await shop.add_conversation(shop.alice, **values)
    await shop.save(
        Handoff(
            conversation_id=conversation.id,
            reason="misunderstood",
            requested_at=NOW - timedelta(minutes=7),
            replied_at=NOW - timedelta(minutes=2),
            promised_wait_seconds=600,
        )
    )
    return conversation


async def test_packet_tells_what_was_tried_and_how_it_ended(
    client: Any, shop: Shop
) -> None:
    conversation = await wait_for_carol(shop)
    mood = {"label": "negative", "score": -0.6, "upset": True}
    entity = {"entity": "order_number", "value": "DM-123456"}
    await add_turn(
        shop,
        conversation,
        1,
        "where is DM-123456",
        intent="track_order",
        confidence=0.93,
        entities=[entity],
        actions=["action_track_order"],
    )
    await add_turn(
        shop,
        conversation,
        3,
        "the blue one!",
        intent="nlu_fallback",
        sentiment=mood,
        gate={"decision": "decline"},
    )
    await add_turn(shop, conversation, 5, "hello??", status="failed", failure="timeout")
    await add_turn(shop, conversation, 7, "wait", suppressed=True, intent="greet")
    await add_turn(
        shop,
        conversation,
        9,
        "a person",
        intent="human_handoff",
        blocks=[{"type": "handoff"}],
    )
    status, packet = await read(client, shop, conversation, shop.carol)
    assert status == 200
    assert packet["handoff"]["reason"] == "misunderstood"
    assert packet["waited_seconds"] == 300
    results = [(a["intent"], a["result"], a["failure"]) for a in packet["attempts"]]
    assert results == [
        ("track_order", "answered", None),
        ("nlu_fallback", "not_understood", None),
        (None, "failed", "timeout"),
        ("greet", "suppressed", None),
        ("human_handoff", "handed_off", None),
    ]
    first = packet["attempts"][0]
    assert (first["confidence"], first["actions"]) == (0.93, ["action_track_order"])
    assert packet["facts"] == [{"kind": "order_number", "values": ["DM-123456"]}]
    assert [m["score"] for m in packet["moods"]] == [-0.6]
    assert packet["summary"] == []


async def test_packet_has_the_customers_card(client: Any, shop: Shop) -> None:
    conversation = await wait_for_carol(shop)
    await shop.add_order(shop.alice)
    await shop.add_ticket(customer_id=shop.alice.id, conversation_id=conversation.id)
    _, packet = await read(client, shop, conversation, shop.carol)
    card = packet["customer"]
    assert (card["name"], card["n_orders"]) == ("Alice Adler", 1)
    assert (card["total_spent_cents"], card["n_open_tickets"]) == (5_000, 1)
    assert packet["tickets"][0]["status"] == "open"
    # Alice never agreed to predictions, and the packet says so.
    assert not packet["purchase"]["enough_data"]
    assert packet["purchase"]["missing"]
    assert packet["suggestions"][0]["key"] == "delivery"
    assert packet["suggestions"][0]["text"].startswith("Hello Alice Adler, this is")


async def test_packet_of_an_unknown_visitor_claims_nothing(
    client: Any, shop: Shop
) -> None:
    conversation = await shop.add_conversation(None)
    status, packet = await read(client, shop, conversation, shop.carol)
    assert status == 200
    assert packet["handoff"] is packet["customer"] is packet["purchase"] is None
    assert packet["waited_seconds"] is None
    assert packet["attempts"] == packet["facts"] == packet["moods"] == []


async def test_packet_is_for_colleagues_who_serve(client: Any, shop: Shop) -> None:
    conversation = await wait_for_carol(shop)
    path = f"/api/v1/conversations/{conversation.id}/packet"
    assert (await client.get(path)).status == 401
    assert (await read(client, shop, conversation, shop.rita))[0] == 403
    headers = await shop.headers(shop.alice)
    assert (await client.get(path, headers=headers)).status == 403
    staff_chat = await shop.add_conversation(shop.rita)
    assert (await read(client, shop, staff_chat, shop.carol))[0] == 404


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["the assistant did not understand", "Order", "not understood"]),
        ("zh", ["助手未能理解", "订单", "未理解"]),
    ],
)
async def test_page_shows_the_packet(
    client: Any, shop: Shop, language: str, said: list[str]
) -> None:
    conversation = await wait_for_carol(shop)
    mood = {"label": "negative", "score": -0.6}
    entity = {"entity": "order_number", "value": "DM-1<b>"}
    await add_turn(
        shop,
        conversation,
        1,
        "<script>alert(1)</script>",
        intent="nlu_fallback",
        sentiment=mood,
        entities=[entity],
    )
    response = await client.get(
        f"/console/conversations/{conversation.id}?lang={language}",
        headers=await shop.cookie(shop.carol),
    )
    page = await response.text()
    for words in said:
        assert words in page
    assert "<polyline" in page
    assert "style=" not in page
    assert "<script>alert" not in page
    assert "DM-1<b>" not in page


def test_short_chat_has_no_summary() -> None:
    assert pick_lines((SHOES,) * MIN_LINES) == ()


def test_summary_picks_what_the_chat_is_about() -> None:
    talk = [
        "hello",
        SHOES,
        "yes",
        "can I get the running shoes in a larger size please",
        "ok",
        "the shoes are size 40 and I ordered size 42 of the running shoes",
        "thanks",
        "my cat walked over the keyboard just now",
        "right",
        "when do the running shoes in size 42 arrive",
        "hm",
        "please send the running shoes in the right size",
        "bye",
        "bye bye",
    ]
    picked = pick_lines(tuple(talk))
    assert 1 <= len(picked) <= 5
    assert list(picked) == sorted(picked)
    assert sum("shoes" in talk[nth] for nth in picked) >= len(picked) - 1


def test_chinese_summary_needs_no_spaces() -> None:
    talk = ["你好"] * 8 + [
        "我的订单一直没有收到货",
        "订单显示已经发货但是没有收到",
        "请帮我查一下订单为什么没有收到",
        "今天天气很好出去走走",
        "如果还没有收到订单我要退款",
    ]
    picked = pick_lines(tuple(talk))
    assert any("订单" in talk[nth] for nth in picked)
    assert Tokenizer().to_words("我要退款 now") == ("now", "我要", "要退", "退款")


def test_same_line_again_and_again_is_summed_up_once() -> None:
    assert len(pick_lines((SHOES,) * 40)) == 1


def test_chat_of_nothing_but_courtesies_has_no_summary() -> None:
    assert pick_lines(("ok",) * 40) == ()


def test_mood_curve_goes_down_with_the_mood() -> None:
    moods = [
        MoodPoint(nth, NOW, score, "neutral") for nth, score in enumerate([1, 0, -2])
    ]
    curve = draw_moods(moods)
    assert curve is not None
    heights = [y for _, y, _ in curve.dots]
    assert heights == sorted(heights)
    assert heights[1] == HEIGHT / 2
    assert all(0 < y < HEIGHT for y in heights)
    assert draw_moods([]) is None
