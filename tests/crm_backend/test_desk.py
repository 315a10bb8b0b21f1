"""What agents change about a conversation: whose, how pressing, tags, snoozing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_backend.models import Conversation, ConversationEvent, utc_now
from crm_backend.services import desk as service
from crm_backend.services.conversations import expects_bot, lock
from tests.crm_backend.test_console_replies import Desk, open_desk

HTMX = {"HX-Request": "true"}
KEY = "6f0c11b0-2222-4222-8222-222222222222"


async def now_is(desk: Desk) -> Conversation:
    return await desk.shop.load(Conversation, id=desk.id)


async def test_conversation_is_assigned_and_left_again(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    for value, expected in ((str(shop.mona.id), shop.mona.id), ("", None)):
        assert (await desk.post("assignee", {"assignee": value})).status == 303
        assert (await now_is(desk)).assignee_id == expected
    page = await desk.read()
    assert "Carol assigned it to Mona" in page
    assert "Carol left it to nobody" in page


async def test_only_who_may_answer_is_assigned(client: Any, shop: Any) -> None:
    gone = await shop.add_staff("gone", "agent", is_active=False)
    desk = await open_desk(client, shop, "human")
    for staff_id in (shop.rita.id, gone.id, 999_999):
        response = await desk.post("assignee", {"assignee": str(staff_id)}, **HTMX)
        assert response.status == 400
        assert "cannot answer customers" in await response.text()
    assert (await desk.post("assignee", {"assignee": "x"})).status == 400
    assert (await now_is(desk)).assignee_id is None


async def test_priority_changes_once(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "waiting")
    for _ in range(2):
        response = await desk.post("priority", {"priority": "urgent"}, **HTMX)
        assert (response.status, response.headers["HX-Trigger"]) == (204, "news")
    assert (await now_is(desk)).priority == "urgent"
    assert await shop.count(ConversationEvent) == 1
    assert (await desk.post("priority", {"priority": "soon"})).status == 400


async def test_tags_come_and_go(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    for text in ("  #VIP ", "vip", "退款"):
        assert (await desk.post("tags", {"tag": text})).status == 303
    page = await desk.read()
    assert page.count('name="remove"') == 2
    assert "#vip" in page
    assert "#退款" in page
    await desk.post("tags", {"remove": "vip"})
    assert "#vip" not in (await desk.read()).split('id="history"')[0]
    assert (await desk.post("tags", {"tag": " # "})).status == 400
    assert (await desk.post("tags", {"tag": "x" * 41})).status == 400


async def test_tags_are_limited_and_escaped(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    for number in range(12):
        await desk.post("tags", {"tag": f"<b>{number}"})
    response = await desk.post("tags", {"tag": "one more"}, **HTMX)
    assert response.status == 409
    assert "at most 12 tags" in await response.text()
    assert "<b>1" not in await desk.read()


async def test_snoozed_conversation_comes_back_when_the_customer_writes(
    session: Any, shop: Any
) -> None:
    later = utc_now() + timedelta(hours=1)
    conversation = await shop.add_conversation(
        shop.alice, mode="human", snoozed_until=later
    )
    locked = await lock(session, conversation.id)
    assert not expects_bot(locked)
    assert locked.snoozed_until is None
    assert locked.waiting_since is not None


async def test_snoozing_and_taking_up_again(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    assert (await desk.post("snooze", {"until": "hour"})).status == 303
    until = (await now_is(desk)).snoozed_until
    assert until is not None
    assert timedelta(minutes=58) < until - utc_now() < timedelta(minutes=61)
    assert "Put aside until" in await desk.read()
    await desk.post("snooze", {"wake": "yes"})
    assert (await now_is(desk)).snoozed_until is None
    assert (await desk.post("snooze", {"until": "never"})).status == 400


async def test_what_the_bot_handles_cannot_be_snoozed(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "bot")
    assert (await desk.post("snooze", {"until": "hour"})).status == 409
    assert (await now_is(desk)).snoozed_until is None


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("four_hours", datetime(2026, 3, 28, 19, 30, tzinfo=UTC)),
        # The clocks go forward in between, and a morning stays one.
        ("tomorrow", datetime(2026, 3, 29, 7, 0, tzinfo=UTC)),
        ("week", datetime(2026, 4, 4, 7, 0, tzinfo=UTC)),
    ],
)
def test_snooze_ends_in_the_morning_of_the_shop(
    choice: Any, expected: datetime
) -> None:
    now = datetime(2026, 3, 28, 15, 30, tzinfo=UTC)
    zone = ZoneInfo("Europe/Berlin")
    assert service.wake_time(choice, now, zone) == expected


async def test_history_tells_who_changed_the_mode(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "bot")
    for mode in ("human", "bot"):
        await desk.post("mode", {"mode": mode})
    page = await desk.read()
    assert "Carol: A person answers" in page
    assert "Carol: The assistant answers" in page


async def test_reply_with_something_newer_waits_for_a_second_look(
    client: Any, shop: Any
) -> None:
    desk = await open_desk(client, shop, "human")
    await shop.add_message(await now_is(desk), 1, "Hello")
    async with shop.sessions.begin() as session:
        (await session.get_one(Conversation, desk.id)).last_seq = 2
    await shop.add_message(await now_is(desk), 2, "Never mind, it came")
    form = {"text": "It is on its way", "seen_seq": "1", "client_message_id": KEY}
    response = await desk.post("reply", form)
    page = await response.text()
    assert response.status == 409
    assert "Nothing was sent" in page
    assert "It is on its way</textarea>" in page
    assert 'name="seen_seq" value="2"' in page
    assert "Send anyway" in page
    assert ("agent", "It is on its way") not in await desk.said()
    assert (await desk.post("reply", form | {"seen_seq": "2"})).status == 303
    assert (await desk.said())[-1] == ("agent", "It is on its way")


async def test_repeated_reply_is_not_newer_than_itself(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    form = {"text": "Only once", "seen_seq": "0", "client_message_id": KEY}
    for _ in range(2):
        assert (await desk.post("reply", form)).status == 303
    assert await desk.said() == [("agent", "Only once")]


async def test_reply_of_the_script_is_answered_with_an_empty_box(
    client: Any, shop: Any
) -> None:
    desk = await open_desk(client, shop, "human")
    form = {"text": "Hello", "seen_seq": "0", "client_message_id": KEY}
    response = await desk.post("reply", form, **HTMX)
    box = await response.text()
    assert response.status == 200
    assert response.headers["HX-Trigger-After-Swap"] == "sent, news"
    assert "<html" not in box
    assert 'name="seen_seq" value="1"' in box
    assert KEY not in box


@pytest.mark.parametrize(
    "form", ["assignee", "priority", "tags", "snooze", "notes", "merge", "macro"]
)
async def test_forms_are_for_service_and_of_this_site(
    client: Any, shop: Any, form: str
) -> None:
    desk = await open_desk(client, shop, "human")
    assert (await desk.post(form, {}, Origin="https://evil.example")).status == 403
    desk.who = shop.rita
    assert (await desk.post(form, {})).status == 403
    desk.who = None
    response = await desk.post(form, {})
    assert response.headers["Location"] == f"/sign-in?next={desk.path}"
    assert await shop.count(ConversationEvent) == 0


async def test_staff_chat_of_somebody_else_cannot_be_changed(
    client: Any, shop: Any
) -> None:
    conversation = await shop.add_conversation(shop.rita, mode="human")
    desk = Desk(client, shop, conversation, shop.carol)
    assert (await desk.post("priority", {"priority": "high"})).status == 404
    assert (await desk.post("tags", {"tag": "x"})).status == 404
