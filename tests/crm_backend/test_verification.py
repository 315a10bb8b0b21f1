import asyncio
import logging
from typing import Any

import pytest
from sqlalchemy import text

from crm_backend.models import Conversation, OutboxMail, Verification
from tests.crm_backend.fixtures_gateway import (
    Chat,
    Gateway,
    ask_who,
    expire_codes,
    other_than,
    receive,
)

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

ALICE, BOB, NOBODY = "alice@example.com", "bob@example.com", "nobody@example.com"


async def send(chat: Chat, email: str = ALICE) -> tuple[int, Any]:
    return await chat.call("POST", "chat/verification", {"email": email})


async def confirm(chat: Chat, code: str) -> tuple[int, Any]:
    return await chat.call("POST", "chat/verification/confirm", {"code": code})


async def test_right_code_proves_who_speaks(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    assert await send(chat) == (202, {"expires_in_seconds": 600})
    status, body = await confirm(chat, await gateway.last_code())
    assert (status, body) == (200, {"verified": True, "name": "Alice C."})
    page = await chat.read()
    assert page["level"] == "verified"
    assert page["items"][-1]["text"] == "Verified as Alice C."
    assert page["items"][-1]["sender"] == "system"
    await chat.ask("hello")
    assert gateway.rasa.claims()["sub"] == "customer:C-111111"
    assert gateway.rasa.claims()["level"] == "verified"


async def test_unknown_address_gets_the_same_answer_and_no_mail(
    gateway: Gateway,
) -> None:
    chat, other = await gateway.open_chat(), await gateway.open_chat()
    known, unknown = await send(chat, ALICE), await send(other, NOBODY)
    assert known == unknown
    assert [mail.recipient for mail in await gateway.mails()] == [ALICE]
    for left in (2, 1):
        status, body = await confirm(other, "000000")
        assert (status, body["error"]["code"]) == (400, "code_wrong")
        assert body["error"]["details"] == {"tries_left": left}
    assert (await confirm(other, "000000"))[0] == 429


async def test_address_is_found_however_it_is_written(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat, "  Alice＠EXAMPLE.com ")
    assert (await gateway.mails())[0].recipient == ALICE


@pytest.mark.parametrize("email", ["", "alice", "a@b", "x" * 300 + "@example.com"])
async def test_what_is_no_address_is_refused(gateway: Gateway, email: str) -> None:
    chat = await gateway.open_chat()
    status, body = await send(chat, email)
    assert (status, body["error"]["code"]) == (400, "email_invalid")


async def test_only_a_hash_of_the_code_is_kept(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat)
    code = await gateway.last_code()
    row = (await gateway.rows(Verification))[0]
    assert len(code) == 6
    assert code not in row.code_hash


async def test_third_wrong_try_ends_the_code(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat)
    code = await gateway.last_code()
    answers = [await confirm(chat, other_than(code)) for _ in range(3)]
    codes = [body["error"]["code"] for _, body in answers]
    assert codes == ["code_wrong", "code_wrong", "too_many_attempts"]
    status, body = await confirm(chat, code)
    assert (status, body["error"]["code"]) == (429, "too_many_attempts")
    assert (await chat.read())["level"] == "anonymous"


async def test_tries_at_the_same_moment_are_all_counted(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat)
    wrong = other_than(await gateway.last_code())
    answers = await asyncio.gather(*(confirm(chat, wrong) for _ in range(6)))
    statuses = sorted(status for status, _ in answers)
    assert statuses == [400, 400, 429, 429, 429, 429]


async def test_second_try_may_be_right(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat)
    code = await gateway.last_code()
    await confirm(chat, other_than(code))
    assert (await confirm(chat, f" {code[:3]} {code[3:]}"))[0] == 200


async def test_expired_code_is_gone(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat)
    await expire_codes(gateway)
    status, body = await confirm(chat, await gateway.last_code())
    assert (status, body["error"]["code"]) == (410, "code_expired")


async def test_code_nobody_asked_for_is_gone(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    status, body = await confirm(chat, "123456")
    assert (status, body["error"]["code"]) == (410, "code_expired")


async def test_new_code_ends_the_old_one(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat)
    old = await gateway.last_code()
    await send(chat)
    new = await gateway.last_code()
    if old != new:
        assert (await confirm(chat, old))[0] == 400
    assert (await confirm(chat, new))[0] == 200


async def test_code_works_in_its_own_conversation_only(gateway: Gateway) -> None:
    alice, bob = await gateway.open_chat(), await gateway.open_chat()
    await send(alice)
    code = await gateway.last_code()
    await send(bob, BOB)
    if code != await gateway.last_code():
        assert (await confirm(bob, code))[0] == 400
    assert (await bob.read())["level"] == "anonymous"


async def test_repeated_confirmation_gets_the_same_answer(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat)
    code = await gateway.last_code()
    assert await confirm(chat, code) == await confirm(chat, code)
    assert len(await chat.texts()) == 1


async def test_too_many_codes_are_refused_for_every_address(gateway: Gateway) -> None:
    for email in (ALICE, NOBODY):
        chat = await gateway.open_chat()
        assert [(await send(chat, email))[0] for _ in range(5)] == [202] * 5
        status, body = await send(chat, email)
        assert (status, body["error"]["code"]) == (429, "too_many_attempts")


async def test_one_address_cannot_be_guessed_at_from_many_conversations(
    gateway: Gateway,
) -> None:
    chats = [await gateway.open_chat() for _ in range(11)]
    statuses = [(await send(chat))[0] for chat in chats]
    assert statuses == [202] * 10 + [429]


async def test_burst_for_one_address_passes_no_limit(gateway: Gateway) -> None:
    chats = [await gateway.open_chat() for _ in range(25)]
    answers = await asyncio.gather(*(send(chat) for chat in chats))
    statuses = sorted(status for status, _ in answers)
    assert statuses == [202] * 10 + [429] * 15
    assert len(await gateway.mails()) == 10


async def test_verified_conversation_stays_its_customers(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat)
    await confirm(chat, await gateway.last_code())
    for email in (BOB, NOBODY):
        status, body = await send(chat, email)
        assert (status, body["error"]["code"]) == (409, "already_verified")


async def test_colleague_needs_no_code(gateway: Gateway) -> None:
    chat = await gateway.open_chat(staff=gateway.rita)
    status, body = await send(chat)
    assert (status, body["error"]["code"]) == (409, "verification_not_needed")


async def test_question_is_answered_after_the_proof(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await ask_who(gateway, chat, resume="/list_orders")
    await send(chat)
    await confirm(chat, await gateway.last_code())
    await gateway.wait_until_quiet()
    assert (await chat.texts())[-2:] == ["Verified as Alice C.", "echo: /list_orders"]
    assert gateway.rasa.turns[-1]["kind"] == "payload"
    assert gateway.rasa.claims()["sub"] == "customer:C-111111"


async def test_nothing_is_resumed_while_a_person_answers(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await ask_who(gateway, chat, resume="/list_orders")
    headers = await gateway.cookie(gateway.carol)
    path = f"conversations/{chat.id}/mode"
    await gateway.call("POST", path, {"mode": "human"}, headers=headers)
    await send(chat)
    assert (await confirm(chat, await gateway.last_code()))[0] == 200
    assert len(await gateway.turns()) == 1


async def test_socket_tells_that_the_visitor_is_verified(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat)
    async with chat.socket() as socket:
        await receive(socket, "ready")
        await confirm(chat, await gateway.last_code())
        frames = await receive(socket, "state")
    assert frames[-1]["level"] == "verified"


async def test_mail_is_in_the_customers_chat_language(gateway: Gateway) -> None:
    chat = await gateway.open_chat(language="zh")
    await send(chat)
    mail = (await gateway.mails())[0]
    assert "验证码" in mail.subject
    assert "10 分钟" in mail.body


async def test_the_demo_without_a_mail_server_logs_codes(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    chat = await gateway.open_chat()
    await send(chat)
    assert await gateway.last_code() in caplog.text


async def test_failed_statement_logs_no_values(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    chat = await gateway.open_chat()
    async with gateway.sessions.begin() as session:
        await session.execute(text("DROP TABLE outbox_mails"))
    assert (await send(chat))[0] == 500
    assert "outbox_mails" in caplog.text
    assert ALICE not in caplog.text
    assert "code for the chat" not in caplog.text
    async with gateway.sessions.begin() as session:
        await session.run_sync(
            lambda s: OutboxMail.__table__.create(s.connection())  # type: ignore[attr-defined]
        )


async def test_proof_keeps_the_mode_and_its_version(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat)
    await confirm(chat, await gateway.last_code())
    row = (await gateway.rows(Conversation))[0]
    assert (row.mode, row.version) == ("bot", 0)
    assert row.customer_id == gateway.alice.id
