"""Hand-offs: why, how long, whose, and how they end."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, update

from crm_backend.keys import ENGINE
from crm_backend.models import Conversation, Handoff, StaffPresence, utc_now
from crm_backend.services import (
    answer_mails,
    assignments,
    handoff_requests,
    handoffs,
    presences,
)
from crm_backend.services.business_hours import BusinessHours
from crm_backend.setting_values import ALWAYS, read_business_hours
from tests.crm_backend.fake_rasa import says
from tests.crm_backend.fixtures_gateway import Chat, Gateway

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

ALWAYS_OPEN = BusinessHours(ALWAYS, ZoneInfo("UTC"))
HANDOFF = [{"type": "handoff"}]


async def ask_for_person(gateway: Gateway, chat: Chat, **block: Any) -> list[Any]:
    """Let the bot hand off, and return the lines."""
    gateway.rasa.answers("A person comes.", blocks=[{"type": "handoff"} | block])
    await chat.ask("a person please")
    gateway.rasa.answer = gateway.rasa.echo
    return (await chat.read())["items"]  # type: ignore[no-any-return]


async def set_mode(gateway: Gateway, chat: Chat, who: Any, mode: str) -> Any:
    headers = await gateway.cookie(who)
    path = f"conversations/{chat.id}/mode"
    return await gateway.call("POST", path, {"mode": mode}, headers=headers)


async def reply(gateway: Gateway, chat: Chat, who: Any, text: str) -> Any:
    headers = await gateway.cookie(who)
    body = {"client_message_id": str(uuid.uuid4()), "text": text}
    path = f"conversations/{chat.id}/messages"
    return await gateway.call("POST", path, body, headers=headers)


async def be_there(gateway: Gateway, staff: Any, **values: Any) -> None:
    async with gateway.sessions.begin() as session:
        await presences.note_beat(session, staff, **values)


async def only_handoff(gateway: Gateway) -> Handoff:
    [handoff] = await gateway.rows(Handoff)
    return handoff  # type: ignore[no-any-return]


async def conversation_of(gateway: Gateway, chat: Chat) -> Conversation:
    async with gateway.sessions() as session:
        return await session.get_one(Conversation, chat.id)


async def verify(gateway: Gateway, chat: Chat) -> None:
    """Make the conversation Alice's."""
    async with gateway.sessions.begin() as session:
        await session.execute(
            update(Conversation)
            .where(Conversation.id == chat.id)
            .values(customer_id=gateway.alice.id)
        )


async def test_each_handoff_has_its_reason_and_times(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await ask_for_person(gateway, chat)
    handoff = await only_handoff(gateway)
    assert (handoff.reason, handoff.taken_at, handoff.outcome) == (
        "customer_asked",
        None,
        None,
    )
    await set_mode(gateway, chat, gateway.carol, "human")
    await reply(gateway, chat, gateway.carol, "Hello, Carol here.")
    await set_mode(gateway, chat, gateway.carol, "bot")
    handoff = await only_handoff(gateway)
    assert handoff.staff_id == gateway.carol.id
    times = [handoff.requested_at, handoff.taken_at, handoff.replied_at]
    times.append(handoff.ended_at)
    assert None not in times
    assert times == sorted(t for t in times if t)
    assert handoff.outcome == "returned"


@pytest.mark.parametrize("reason", ["misunderstood", "upset", "policy"])
async def test_bot_says_why_a_person_is_needed(gateway: Gateway, reason: str) -> None:
    chat = await gateway.open_chat()
    await ask_for_person(gateway, chat, reason=reason)
    assert (await only_handoff(gateway)).reason == reason
    conversation = await conversation_of(gateway, chat)
    assert conversation.handoff_reason == reason
    assert conversation.priority == ("high" if reason == "upset" else "medium")


@pytest.mark.parametrize("reason", ["agent_took_over", "nonsense", 7, None])
async def test_reason_nobody_may_claim_counts_as_asked_for(
    gateway: Gateway, reason: Any
) -> None:
    chat = await gateway.open_chat()
    await ask_for_person(gateway, chat, reason=reason)
    assert (await only_handoff(gateway)).reason == "customer_asked"


async def test_person_after_a_failure_is_because_of_it(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    gateway.rasa.answers()
    await chat.ask("where is my parcel?")
    await ask_for_person(gateway, chat)
    assert (await only_handoff(gateway)).reason == "backend_failed"


async def test_person_though_the_bot_fails_needs_one_ticket(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    gateway.rasa.answers("Shall I?", buttons=[{"title": "Yes", "payload": "/x"}])
    gateway.rasa.answers()
    await chat.ask("hello")
    await chat.press("/human_handoff")
    await gateway.wait_until_quiet()
    handoff = await only_handoff(gateway)
    assert handoff.reason == "backend_failed"
    assert handoff.ticket_id in [ticket.id for ticket in await gateway.tickets()]
    assert len(await gateway.tickets()) == 2


async def test_agent_who_takes_over_unasked_is_a_handoff_too(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    await set_mode(gateway, chat, gateway.carol, "human")
    handoff = await only_handoff(gateway)
    assert (handoff.reason, handoff.outcome) == ("agent_took_over", None)
    assert (await conversation_of(gateway, chat)).assignee_id == gateway.carol.id
    await chat.call("POST", "chat/end")
    assert (await only_handoff(gateway)).outcome == "closed"


async def test_nothing_is_claimed_about_waits_without_data(gateway: Gateway) -> None:
    await be_there(gateway, gateway.carol)
    chat = await gateway.open_chat()
    line = (await ask_for_person(gateway, chat))[-1]
    assert line["text"].startswith("Colleagues are here")
    assert not any(char.isdigit() for char in line["text"])
    assert (await only_handoff(gateway)).promised_wait_seconds is None
    assert await gateway.tickets() == []


async def add_waits(gateway: Gateway, *seconds: int, **values: Any) -> None:
    chat = await gateway.open_chat()
    now = utc_now()
    async with gateway.sessions.begin() as session:
        for nth, wait in enumerate(seconds):
            asked_at = now - timedelta(hours=nth + 1)
            replied_at = asked_at + timedelta(seconds=wait)
            row = {
                "reason": "customer_asked",
                "requested_at": asked_at,
                "replied_at": replied_at,
                "ended_at": replied_at,
                "outcome": "returned",
            }
            session.add(Handoff(conversation_id=chat.id, **(row | values)))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "within 2 minutes; nine times out of ten within 15 minutes"),
        ("zh", "通常2分钟内会有同事回复，九成情况下不超过15分钟"),
    ],
)
async def test_wait_is_told_from_recent_waits(
    gateway: Gateway, language: str, said: str
) -> None:
    await add_waits(gateway, 60, 90, 100, 110, 120, 700, 800)
    # What nobody asked for, what is long ago and what nobody answered do not count.
    await add_waits(gateway, *[9_000] * 20, reason="agent_took_over")
    await add_waits(gateway, 9_000, requested_at=utc_now() - timedelta(days=30))
    await add_waits(gateway, 9_000, replied_at=None)
    await be_there(gateway, gateway.carol)
    chat = await gateway.open_chat(language)
    gateway.rasa.answers("...", blocks=HANDOFF)
    await chat.ask("人工客服" if language == "zh" else "a person")
    line = (await chat.read())["items"][-1]
    assert said in line["text"]
    handoff = (await gateway.rows(Handoff))[-1]
    assert handoff.promised_wait_seconds == 740


async def test_waits_outside_of_business_hours_do_not_count(gateway: Gateway) -> None:
    await add_waits(gateway, *[60] * 9)
    closed = BusinessHours(((),) * 7, ZoneInfo("UTC"))
    async with gateway.sessions() as session:
        now = utc_now()
        assert await handoffs.estimate_wait(session, closed, now) is None
        found = await handoffs.estimate_wait(session, ALWAYS_OPEN, now)
    assert found is not None
    assert (found.median_seconds, found.n_waits) == (60, 9)


async def test_nobody_there_means_a_ticket(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    line = (await ask_for_person(gateway, chat))[-1]
    [ticket] = await gateway.tickets()
    assert ticket.number in line["text"]
    assert (await only_handoff(gateway)).ticket_id == ticket.id
    assert "a person please" in ticket.description
    assert ticket.conversation_id == chat.id
    assert (await chat.read())["mode"] == "waiting"


@pytest.mark.parametrize(
    ("now", "language", "said"),
    [
        ("2026-11-27 08:00", "en", "back today at 09:00"),
        ("2026-11-27 19:00", "en", "back tomorrow at 10:00"),
        ("2026-11-28 15:00", "en", "back on Monday, 30 November at 09:00"),
        ("2026-12-24 19:00", "en", "back on Monday, 28 December at 09:00"),
        ("2026-11-28 15:00", "zh", "将于11月30日星期一09:00上线"),
    ],
)
async def test_outside_of_hours_it_is_told_when_people_are_back(
    gateway: Gateway, now: str, language: str, said: str
) -> None:
    week = read_business_hours("Mo-Fr 09:00-18:00; Sa 10:00-14:00")
    zone = ZoneInfo("Europe/Berlin")
    hours = BusinessHours(week, zone, "DE")
    chat = await gateway.open_chat(language)
    # Whoever is there by chance promises nothing.
    await be_there(gateway, gateway.carol)
    async with gateway.sessions.begin() as session:
        conversation = await session.get_one(Conversation, chat.id)
        await handoff_requests.request(
            session,
            hours,
            conversation,
            "customer_asked",
            now=datetime.fromisoformat(now).replace(tzinfo=zone).astimezone(UTC),
        )
    [line] = (await chat.read())["items"]
    assert said in line["text"]
    assert (await gateway.tickets())[0].number in line["text"]


async def test_waiting_customer_can_go_back_to_the_assistant(gateway: Gateway) -> None:
    await be_there(gateway, gateway.carol)
    chat = await gateway.open_chat()
    line = (await ask_for_person(gateway, chat))[-1]
    assert [button["payload"] for button in line["buttons"]] == [
        handoff_requests.STAY_PAYLOAD
    ]
    await chat.press(handoff_requests.STAY_PAYLOAD)
    assert (await chat.read())["mode"] == "bot"
    assert (await chat.texts())[-1] == "You are talking to the assistant again."
    assert (await only_handoff(gateway)).outcome == "left"
    assert (await chat.ask("hello"))["text"] == "echo: hello"


async def test_who_leaves_when_nobody_was_there_keeps_the_ticket(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    await ask_for_person(gateway, chat)
    await chat.press(handoff_requests.STAY_PAYLOAD)
    assert (await only_handoff(gateway)).outcome == "ticket"


async def test_person_who_answers_is_not_left_by_an_old_button(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    await ask_for_person(gateway, chat)
    await reply(gateway, chat, gateway.carol, "Hello!")
    await chat.press(handoff_requests.STAY_PAYLOAD)
    assert (await chat.read())["mode"] == "human"
    assert (await chat.texts())[-1] == "Continue with the assistant"
    assert (await conversation_of(gateway, chat)).waiting_since is not None


async def test_answer_goes_by_mail_to_who_wants_it_and_left(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await verify(gateway, chat)
    line = (await ask_for_person(gateway, chat))[-1]
    assert line["buttons"][-1]["payload"] == handoff_requests.MAIL_PAYLOAD
    await chat.press(handoff_requests.MAIL_PAYLOAD)
    assert "alice@example.com" in (await chat.texts())[-1]
    await reply(gateway, chat, gateway.carol, "It is on its way.")
    await reply(gateway, chat, gateway.carol, "It comes <tomorrow>.")
    later = utc_now() + answer_mails.AFTER
    for n_mails, now in ((0, utc_now()), (1, later), (0, later)):
        async with gateway.sessions.begin() as session:
            done = await answer_mails.mail_answers(session, gateway.config, now)
        assert done == n_mails
    [mail] = await gateway.mails()
    assert mail.recipient == "alice@example.com"
    assert "It is on its way.\n\nIt comes <tomorrow>." in mail.body


async def test_who_writes_on_in_the_chat_gets_no_mail(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await verify(gateway, chat)
    await ask_for_person(gateway, chat)
    await chat.press(handoff_requests.MAIL_PAYLOAD)
    await reply(gateway, chat, gateway.carol, "Which order?")
    await chat.post("DM-123456")
    async with gateway.sessions.begin() as session:
        later = utc_now() + answer_mails.AFTER
        assert not await answer_mails.is_due(session, later)
        assert await answer_mails.mail_answers(session, gateway.config, later) == 0


async def test_mood_topic_and_priority_follow_what_was_understood(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()

    async def understand(intent: str, score: float, *, upset: bool) -> Conversation:
        mood = {"label": "negative", "score": score, "upset": upset}
        answer = says("ok")
        answer["understood"] |= {"intent": intent, "sentiment": mood}
        gateway.rasa.answer = lambda turn: asyncio.sleep(0, answer)
        await chat.ask("...")
        return await conversation_of(gateway, chat)

    calm = await understand("track_order", 0.1, upset=False)
    assert (calm.topic, calm.mood, calm.priority) == ("track_order", 0.1, "medium")
    polite = await understand("thank", 0.4, upset=False)
    assert (polite.topic, polite.mood) == ("track_order", 0.4)
    angry = await understand("complaint", -0.7, upset=True)
    assert (angry.topic, angry.priority) == ("complaint", "high")
    furious = await understand("complaint", -0.9, upset=True)
    assert furious.priority == "urgent"
    await chat.call("POST", "chat/end")
    anew = await understand("greet", 0.2, upset=False)
    assert (anew.topic, anew.priority) == (None, "medium")


async def test_mood_and_topic_cost_a_turn_no_statement(gateway: Gateway) -> None:
    engine = gateway.server.app[ENGINE].sync_engine
    n_statements = []

    @event.listens_for(engine, "before_cursor_execute")
    def _count(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if " conversations" in statement and statement.startswith("UPDATE"):
            n_statements[-1] += 1

    chat = await gateway.open_chat()
    moods: list[dict[str, Any]] = [{}, {"score": -0.7, "label": "x", "upset": True}]
    for nth, mood in enumerate(moods):
        answer = says("ok")
        answer["understood"] |= {"intent": ["greet", "invoice"][nth], "sentiment": mood}
        gateway.rasa.answer = lambda turn, answer=answer: asyncio.sleep(0, answer)
        n_statements.append(0)
        await chat.ask("...")
    assert n_statements[0] == n_statements[1] > 0
    assert (await conversation_of(gateway, chat)).topic == "invoice"


async def test_two_agents_take_the_same_conversation_and_one_wins(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    await ask_for_person(gateway, chat)
    answers = await asyncio.gather(
        set_mode(gateway, chat, gateway.carol, "human"),
        set_mode(gateway, chat, gateway.mona, "human"),
    )
    assert sorted(status for status, _ in answers) == [200, 409]
    winner = "Carol" if answers[0][0] == 200 else "Mona"
    [lost] = [body for status, body in answers if status == 409]
    assert lost["error"]["code"] == "already_taken"
    assert winner in lost["error"]["message"]
    joined = [text for text in await chat.texts() if "joined" in (text or "")]
    assert joined == [f"{winner} joined the conversation."]


async def test_reply_into_anothers_conversation_is_refused(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await reply(gateway, chat, gateway.carol, "Carol here.")
    status, body = await reply(gateway, chat, gateway.mona, "Mona here.")
    assert (status, body["error"]["code"]) == (409, "already_taken")
    assert "Mona here." not in await chat.texts()


async def test_colleague_can_be_given_a_conversation(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await reply(gateway, chat, gateway.carol, "Carol here.")
    headers = await gateway.cookie(gateway.carol)
    path = f"conversations/{chat.id}/assignee"
    for email, code in (("rita@shop.example", 409), (None, 409), ("nobody", 409)):
        body = {"email": email}
        assert (await gateway.call("POST", path, body, headers=headers))[0] == code
    body = {"email": "Mona@shop.example"}
    status, item = await gateway.call("POST", path, body, headers=headers)
    assert (status, item["assignee_name"]) == (200, "Mona")
    assert (await chat.texts())[-1] == "Mona joined the conversation."
    assert (await reply(gateway, chat, gateway.mona, "Mona here."))[0] == 201


async def test_waiting_customers_go_round_among_who_is_there(gateway: Gateway) -> None:
    await be_there(gateway, gateway.carol, capacity=2)
    await be_there(gateway, gateway.mona, capacity=1)
    # A rep may not answer, so that nobody is sent to one.
    await be_there(gateway, gateway.rita, capacity=9)
    owners = []
    for _ in range(4):
        chat = await gateway.open_chat()
        await ask_for_person(gateway, chat)
        owners.append((await conversation_of(gateway, chat)).assignee_id)
    carol, mona = gateway.carol.id, gateway.mona.id
    assert sorted(owner or 0 for owner in owners[:2]) == sorted((carol, mona))
    assert owners[2:] == [carol, None]


async def test_who_comes_gets_those_who_wait(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await ask_for_person(gateway, chat)
    assert (await conversation_of(gateway, chat)).assignee_id is None
    headers = await gateway.cookie(gateway.carol)
    async with gateway.client.post("/console/presence", headers=headers) as response:
        assert response.status == 200
        answer = await response.json()
    assert answer["status"] == "online"
    assert answer["again_in_seconds"] < answer["lease_seconds"]
    conversation = await conversation_of(gateway, chat)
    assert (conversation.assignee_id, conversation.mode) == (
        gateway.carol.id,
        "waiting",
    )


async def test_presence_is_for_colleagues_who_serve(gateway: Gateway) -> None:
    async def beat(headers: dict[str, str], **form: Any) -> int:
        url = "/console/presence"
        async with gateway.client.post(
            url, data=form, headers=headers, allow_redirects=False
        ) as response:
            return response.status

    carol = await gateway.cookie(gateway.carol)
    assert await beat({}) == 303
    assert await beat(await gateway.cookie(gateway.rita)) == 403
    assert await beat(carol | {"Origin": "https://evil.example"}) == 403
    assert await beat(carol, status="asleep") == 400
    assert await beat(carol, capacity="-1") == 400
    assert await beat(carol, status="away", capacity="7") == 200
    [presence] = await gateway.rows(StaffPresence)
    assert (presence.status, presence.capacity) == ("away", 7)


@pytest.mark.parametrize("leaves", ["signs out", "is not seen"])
async def test_agent_who_leaves_before_answering_loses_the_conversation(
    gateway: Gateway, leaves: str
) -> None:
    await be_there(gateway, gateway.carol)
    chat = await gateway.open_chat()
    await ask_for_person(gateway, chat)
    await set_mode(gateway, chat, gateway.carol, "human")
    await be_there(gateway, gateway.mona, capacity=1)
    now = utc_now()
    if leaves == "signs out":
        headers = await gateway.cookie(gateway.carol)
        async with gateway.client.post("/sign-out", headers=headers):
            pass
    else:
        past = now - presences.LEASE - timedelta(seconds=1)
        await be_there(gateway, gateway.carol, now=past)
    async with gateway.sessions.begin() as session:
        assert await assignments.reclaim(session, now) == 1
        assert await assignments.reclaim(session, now) == 0
    conversation = await conversation_of(gateway, chat)
    assert (conversation.mode, conversation.assignee_id) == (
        "waiting",
        gateway.mona.id,
    )
    assert "had to leave" in (await chat.texts())[-1]
    handoff = await only_handoff(gateway)
    assert (handoff.taken_at, handoff.staff_id, handoff.ended_at) == (None, None, None)
    assert conversation.waiting_since == handoff.requested_at


async def test_agent_who_leaves_after_answering_keeps_the_conversation(
    gateway: Gateway,
) -> None:
    await be_there(gateway, gateway.carol)
    chat = await gateway.open_chat()
    await ask_for_person(gateway, chat)
    await reply(gateway, chat, gateway.carol, "One moment.")
    await be_there(gateway, gateway.carol, status="offline")
    async with gateway.sessions.begin() as session:
        assert await assignments.reclaim(session) == 0
    assert (await conversation_of(gateway, chat)).assignee_id == gateway.carol.id
    # But a colleague may go on in her place.
    assert (await reply(gateway, chat, gateway.mona, "I go on."))[0] == 201
    assert (await conversation_of(gateway, chat)).assignee_id == gateway.mona.id


async def test_draft_of_an_agent_who_signed_out_reaches_nobody(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    await ask_for_person(gateway, chat)
    headers = await gateway.cookie(gateway.carol)
    async with gateway.client.post("/sign-out", headers=headers):
        pass
    body = {"client_message_id": str(uuid.uuid4()), "text": "too late"}
    path = f"conversations/{chat.id}/messages"
    assert (await gateway.call("POST", path, body, headers=headers))[0] == 401
    assert (await chat.read())["mode"] == "waiting"
    assert "too late" not in await chat.texts()


async def test_message_while_being_handed_back_is_answered_once(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    await set_mode(gateway, chat, gateway.carol, "human")
    await asyncio.gather(
        chat.post("are you still there?"),
        set_mode(gateway, chat, gateway.carol, "bot"),
    )
    await gateway.wait_until_quiet()
    assert (await conversation_of(gateway, chat)).mode == "bot"
    # Whether it came before or after the return, the bot answers it.
    assert (await chat.texts()).count("echo: are you still there?") == 1
