import asyncio
import time
import uuid

from crm_backend.models import Conversation
from crm_backend.services.messages import detect_language
from tests.crm_backend.fake_rasa import says
from tests.crm_backend.fixtures_gateway import Gateway

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)


async def test_new_conversation_starts_with_the_bot(gateway: Gateway) -> None:
    status, opened = await gateway.call(
        "POST", "chat/conversations", {"language": "zh"}
    )
    assert status == 201
    assert opened["last_seq"] == 0
    assert opened["mode"] == "bot"
    assert uuid.UUID(opened["conversation_id"])
    row = (await gateway.rows(Conversation))[0]
    assert row.language == "zh"
    assert row.token_hash != opened["token"]


async def test_message_is_answered_by_the_bot(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    status, message = await chat.post("hello there")
    assert status == 202
    assert (message["seq"], message["sender"]) == (1, "customer")
    items = await chat.wait_for(2)
    assert items[1]["sender"] == "bot"
    assert items[1]["text"] == "echo: hello there"
    assert gateway.rasa.turns[0]["conversation_id"] == chat.id
    assert gateway.rasa.claims()["sub"] == f"visitor:{chat.id}"
    assert gateway.rasa.claims()["level"] == "anonymous"
    assert gateway.rasa.claims()["tid"] == gateway.rasa.turns[0]["turn_id"]


async def test_repeat_gets_the_same_answer(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    same = str(uuid.uuid4())
    first = await chat.post("hello", client_message_id=same)
    await chat.wait_for(2)
    assert await chat.post("hello", client_message_id=same) == first
    assert len(await gateway.turns()) == 1


async def test_repeats_at_the_same_moment_are_one_message(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    same = str(uuid.uuid4())
    posts = [chat.post("hello", client_message_id=same) for _ in range(5)]
    answers = await asyncio.gather(*posts)
    assert all(answer == answers[0] for answer in answers)
    await gateway.wait_until_quiet()
    assert await chat.texts() == ["hello", "echo: hello"]


async def test_same_client_id_in_another_conversation_is_another_message(
    gateway: Gateway,
) -> None:
    one, other = await gateway.open_chat(), await gateway.open_chat()
    same = str(uuid.uuid4())
    await one.post("from one", client_message_id=same)
    status, message = await other.post("from other", client_message_id=same)
    assert (status, message["text"]) == (202, "from other")


async def test_posts_at_once_have_sequence_numbers_without_gaps(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    posts = [chat.post(f"message {n}") for n in range(8)]
    seqs = [message["seq"] for _, message in await asyncio.gather(*posts)]
    await gateway.wait_until_quiet()
    items = (await chat.read())["items"]
    assert len(set(seqs)) == 8
    assert [item["seq"] for item in items] == list(range(1, 17))


async def test_text_with_a_slash_is_kept_and_stays_plain_text(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    _, message = await chat.post('/cancel_order{"order_number":"DM-100001"}')
    await gateway.wait_until_quiet()
    assert message["text"].startswith("/cancel_order")
    assert gateway.rasa.turns[0]["kind"] == "text"


async def test_offered_payload_is_sent_as_one(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    button = {"title": "Track it", "payload": "/track_order"}
    gateway.rasa.answers("What now?", buttons=[button])
    await chat.ask("hello")
    status, message = await chat.press("/track_order", title="Something else")
    assert (status, message["text"]) == (202, "Track it")
    await gateway.wait_until_quiet()
    assert gateway.rasa.turns[1]["kind"] == "payload"
    assert gateway.rasa.turns[1]["text"] == "/track_order"


async def test_payload_that_was_not_offered_is_refused(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    status, body = await chat.press("/customer_summary")
    assert (status, body["error"]["code"]) == (400, "payload_not_offered")
    assert await gateway.turns() == []


async def test_payload_offered_to_somebody_else_is_refused(gateway: Gateway) -> None:
    other, chat = await gateway.open_chat(), await gateway.open_chat()
    gateway.rasa.answers("?", buttons=[{"title": "Yes", "payload": "/affirm"}])
    await other.ask("hello")
    status, body = await chat.press("/affirm")
    assert (status, body["error"]["code"]) == (400, "payload_not_offered")


async def test_text_that_is_too_long_is_refused_in_its_language(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat(language="zh")
    status, body = await chat.post("x" * 4001)
    assert (status, body["error"]["code"]) == (400, "message_too_long")
    assert "4000" in body["error"]["message"]
    assert "字符" in body["error"]["message"]
    assert (await chat.post(" " + "x" * 4000 + "\n"))[0] == 202


async def test_text_without_anything_to_see_is_refused(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    for text in ("", "   \n", "\u200b\u200d", "\x00"):
        status, body = await chat.post(text)
        assert (status, body["error"]["code"]) == (400, "message_empty")


async def test_odd_characters_do_no_harm(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    answer = await chat.ask("a\x00b 👩‍👩‍👧 \u202eevil")
    assert answer["text"] == "echo: ab 👩‍👩‍👧 \u202eevil"
    status, _ = await chat.post("\ud800")
    assert status == 400


async def test_body_with_both_or_neither_is_refused(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    assert (await chat.post("hello", payload="/greet"))[0] == 400
    body = {"client_message_id": str(uuid.uuid4())}
    assert (await chat.call("POST", "chat/messages", body))[0] == 400
    assert (await chat.post("hello", client_message_id="1"))[0] == 400


async def test_too_many_messages_a_minute_are_refused(gateway: Gateway) -> None:
    chat = await gateway.open_chat(language="zh")
    statuses = [(await chat.post(f"你好 {n}"))[0] for n in range(20)]
    assert statuses == [202] * 20
    status, body = await chat.post("你好")
    assert (status, body["error"]["code"]) == (429, "too_many_messages")
    assert "稍等" in body["error"]["message"]


async def test_language_follows_the_text(gateway: Gateway) -> None:
    chat = await gateway.open_chat(language="en")
    said = ["我的订单在哪里", "DM-123456", "👍", "ok", "where is my order?", "12345"]
    for text in said:
        await chat.ask(text)
    spoken = [gateway.rasa.claims(n)["lang"] for n in range(len(said))]
    assert spoken == ["zh", "zh", "zh", "zh", "en", "en"]


def test_language_of_an_endless_word_is_told_in_no_time():
    started = time.thread_time()
    assert detect_language("a" * 4000, "zh") == "en"
    assert time.thread_time() - started < 2


async def test_japanese_is_no_chinese(gateway: Gateway) -> None:
    chat = await gateway.open_chat(language="en")
    for text in ("注文はどこですか", "我の订单呢"):
        await chat.ask(text)
    assert [gateway.rasa.claims(n)["lang"] for n in range(2)] == ["en", "zh"]


async def test_without_a_token_nothing_is_read_or_written(gateway: Gateway) -> None:
    body = {"client_message_id": str(uuid.uuid4()), "text": "hello"}
    assert (await gateway.call("POST", "chat/messages", body))[0] == 401
    headers = {"Authorization": "Bearer wrong"}
    assert (await gateway.call("GET", "chat/messages", headers=headers))[0] == 401


async def test_token_opens_its_own_conversation_only(gateway: Gateway) -> None:
    alice, bob = await gateway.open_chat(), await gateway.open_chat()
    await alice.ask("my secret question")
    assert (await bob.read())["items"] == []
    assert (await bob.call("GET", f"conversations/{alice.id}"))[0] == 403


async def test_what_was_understood_is_kept_from_the_customer(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    question = (await gateway.messages())[0]
    assert question.understood["intent"] == "greet"
    assert all("understood" not in item for item in (await chat.read())["items"])


async def test_reading_goes_on_where_it_stopped(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("one")
    await chat.ask("two")
    page = await chat.read(after=2)
    assert [item["seq"] for item in page["items"]] == [3, 4]
    assert (page["last_seq"], page["mode"], page["level"]) == (4, "bot", "anonymous")


async def test_staff_channel_needs_a_colleague(gateway: Gateway) -> None:
    body = {"language": "en", "channel": "staff"}
    assert (await gateway.call("POST", "chat/conversations", body))[0] == 401
    visitor = await gateway.open_chat()
    assert (await visitor.call("POST", "chat/conversations", body))[0] == 403


async def test_staff_chat_speaks_for_the_colleague(gateway: Gateway) -> None:
    chat = await gateway.open_chat(staff=gateway.rita)
    await chat.ask("who is likely to buy?")
    claims = gateway.rasa.claims()
    assert claims["sub"] == "staff:rita@shop.example"
    assert (claims["level"], claims["role"]) == ("staff", "rep")
    assert (await chat.read())["level"] == "staff"


async def test_messages_wait_for_a_person_after_a_handoff(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    gateway.rasa.answers("A colleague comes.", blocks=[{"type": "handoff"}])
    await chat.ask("a person please")
    assert (await chat.read())["mode"] == "waiting"
    status, _ = await chat.post("are you there?")
    assert status == 202
    assert len(await gateway.turns()) == 1
    row = (await gateway.rows(Conversation))[0]
    assert (row.version, row.waiting_since is None) == (1, False)


async def test_commands_after_a_proof_never_reach_the_browser(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    block = {"type": "verify", "resume": "/list_orders"}
    gateway.rasa.answer = lambda turn: asyncio.sleep(0, says("Who?", blocks=[block]))
    message = await chat.ask("my orders")
    assert message["blocks"] == [{"type": "verify"}]
    assert (await gateway.messages())[1].blocks == [block]
