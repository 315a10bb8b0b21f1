"""Sending files in a conversation, and who gets them."""

import asyncio
import os
import stat
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import FormData
from sqlalchemy import delete, update

from crm_backend import sweeps, uploads
from crm_backend.models import Attachment, Conversation, Ticket, utc_now
from crm_backend.services.attachment_files import STALE_SECONDS
from crm_backend.sweeps import sweep_attachments
from tests.crm_backend.fixtures_files import (
    PDF,
    form,
    picture,
    post,
    send,
    send_block,
    stored,
)
from tests.crm_backend.fixtures_gateway import Chat, Gateway

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

MB = 1024 * 1024


async def download(gateway: Gateway, block: dict[str, Any], headers: Any) -> Any:
    response = await gateway.client.get(block["url"], headers=headers)
    await response.read()
    return response


async def age_files(gateway: Gateway) -> None:
    async with gateway.sessions.begin() as session:
        earlier = utc_now() - timedelta(hours=1)
        await session.execute(update(Attachment).values(created_at=earlier))


async def test_file_is_kept_and_comes_back(gateway: Gateway) -> None:
    chat, content = await gateway.open_chat(), picture()
    status, message = await send(chat, content, "broken lamp.png")
    assert status == 202
    assert (message["seq"], message["sender"], message["text"]) == (1, "customer", None)
    [block] = message["blocks"]
    assert block == {
        "type": "attachment",
        "id": block["id"],
        "name": "broken lamp.png",
        "media_type": "image/png",
        "n_bytes": len(content),
        "url": f"/api/v1/chat/attachments/{block['id']}",
    }
    response = await download(gateway, block, chat.headers)
    assert response.status == 200
    assert await response.read() == content
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="broken lamp.png"')


async def test_file_is_stored_outside_the_pages_for_us_alone(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    block = await send_block(chat, picture())
    path = gateway.config.var_dir / "attachments" / block["id"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stored(gateway) == [block["id"]]


async def test_bot_says_what_it_can_do_with_a_file(gateway: Gateway) -> None:
    chat = await gateway.open_chat(language="zh")
    await send(chat, picture())
    answer = (await chat.read())["items"][-1]
    assert answer["sender"] == "bot"
    assert "无法读取" in answer["text"]
    payloads = [button["payload"] for button in answer["buttons"]]
    assert payloads == ["/open_ticket", "/human_handoff"]
    assert await gateway.turns() == []
    assert (await chat.press("/open_ticket"))[0] == 202
    await gateway.wait_until_quiet()
    assert gateway.rasa.turns[-1]["text"] == "/open_ticket"


async def test_who_is_asked_for_an_address_can_still_type_it(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    gateway.rasa.answers("Who are you?", blocks=[{"type": "verify", "resume": "/x"}])
    await chat.ask("where are my orders?")
    await send(chat, picture())
    await chat.post("alice@example.com")
    assert len(await gateway.mails()) == 1
    assert '"resume"' not in str(await chat.read())


async def test_person_gets_the_file_without_the_bot(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    gateway.rasa.answers("One moment.", blocks=[{"type": "handoff"}])
    await chat.ask("a person please")
    n_before = len(await chat.texts())
    await send(chat, picture())
    assert len(await chat.texts()) == n_before + 1
    assert (await chat.read())["mode"] == "waiting"


async def test_file_opens_a_closed_conversation(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    await chat.call("POST", "chat/end")
    await send(chat, picture())
    assert (await chat.read())["mode"] == "bot"


async def test_colleague_in_the_staff_chat_is_offered_no_ticket(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat(staff=gateway.rita)
    await send(chat, picture())
    assert (await chat.read())["items"][-1]["buttons"] == []


async def test_repeat_is_one_file(gateway: Gateway) -> None:
    chat, same = await gateway.open_chat(), str(uuid.uuid4())
    first = await send(chat, picture(), key=same)
    assert await send(chat, picture(), key=same) == first
    assert len(stored(gateway)) == 1
    assert len(await chat.texts()) == 2


async def test_repeats_at_once_are_one_file(gateway: Gateway) -> None:
    chat, same = await gateway.open_chat(), str(uuid.uuid4())
    answers = await asyncio.gather(*(send(chat, picture(), key=same) for _ in range(4)))
    assert all(answer == answers[0] for answer in answers)
    assert len(stored(gateway)) == len(await gateway.rows(Attachment)) == 1


async def test_same_idempotency_key_is_one_file(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    headers = chat.headers | {"Idempotency-Key": "once"}
    key = str(uuid.uuid4())

    async def put(key: str) -> tuple[int, Any]:
        data = form(picture(), key=key)
        return await post(gateway, "chat/attachments", data, headers)

    first = await put(key)
    assert first[0] == 202
    assert await put(key) == first
    status, body = await put(str(uuid.uuid4()))
    assert (status, body["error"]["code"]) == (409, "idempotency_key_reused")
    assert len(stored(gateway)) == 1


async def test_another_customers_file_is_not_found(gateway: Gateway) -> None:
    alice, bob = await gateway.open_chat(), await gateway.open_chat()
    block = await send_block(alice, picture())
    missing = {"url": f"/api/v1/chat/attachments/{uuid.uuid4()}"}
    theirs = await download(gateway, block, bob.headers)
    none = await download(gateway, missing, bob.headers)
    assert theirs.status == none.status == 404
    bodies = [(await r.json())["error"] for r in (theirs, none)]
    assert [b["code"] for b in bodies] == ["attachment_not_found"] * 2
    assert bodies[0]["message"] == bodies[1]["message"]
    assert (await download(gateway, block, {})).status == 401


async def test_colleagues_in_service_get_the_file(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    block = await send_block(chat, picture())
    carol = await gateway.cookie(gateway.carol)
    assert (await download(gateway, block, carol)).status == 200
    rita = await gateway.cookie(gateway.rita)
    assert (await download(gateway, block, rita)).status == 404


async def test_file_of_a_staff_chat_is_its_owners_and_managers(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat(staff=gateway.rita)
    block = await send_block(chat, picture())
    carol, mona = [await gateway.cookie(s) for s in (gateway.carol, gateway.mona)]
    assert (await download(gateway, block, chat.headers)).status == 200
    assert (await download(gateway, block, carol)).status == 404
    assert (await download(gateway, block, mona)).status == 200


async def test_row_without_a_file_is_no_longer_available(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    block = await send_block(chat, picture())
    (gateway.config.var_dir / "attachments" / block["id"]).unlink()
    response = await download(gateway, block, chat.headers)
    assert response.status == 410
    assert (await response.json())["error"]["code"] == "attachment_gone"


async def test_agent_sends_a_file(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    carol = await gateway.cookie(gateway.carol)
    path = f"conversations/{chat.id}/attachments"
    status, message = await post(gateway, path, form(PDF, "invoice.pdf"), carol)
    assert (status, message["sender"]) == (201, "agent")
    assert (await chat.read())["mode"] == "human"
    response = await download(gateway, message["blocks"][0], chat.headers)
    assert await response.read() == PDF
    rita = await gateway.cookie(gateway.rita)
    assert (await post(gateway, path, form(PDF), rita))[0] == 403
    nowhere = f"conversations/{uuid.uuid4()}/attachments"
    assert (await post(gateway, nowhere, form(PDF), carol))[0] == 404


async def test_without_a_token_nothing_is_stored(gateway: Gateway) -> None:
    nobody = Chat(gateway, {"conversation_id": "x", "token": "made up"})
    assert (await send(nobody, picture()))[0] == 401
    carol = await gateway.cookie(gateway.carol)
    status, body = await post(gateway, "chat/attachments", form(picture()), carol)
    assert (status, body["error"]["code"]) == (403, "chat_token_required")
    assert stored(gateway) == []


async def test_too_many_files_a_minute_are_refused(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    keys = [str(uuid.uuid4()) for _ in range(10)]
    for key in keys:
        assert (await send(chat, b"a note", "a.txt", key=key))[0] == 202
    status, body = await send(chat, b"a note", "a.txt")
    assert (status, body["error"]["code"]) == (429, "too_many_attachments")
    assert (await send(chat, b"a note", "a.txt", key=keys[-1]))[0] == 202
    assert len(stored(gateway)) == 10


async def test_conversation_holds_so_many_files(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    for _ in range(2):
        for _ in range(10):
            assert (await send(chat, b"a note", "a.txt"))[0] == 202
        await age_files(gateway)
    status, body = await send(chat, b"a note", "a.txt")
    assert (status, body["error"]["code"]) == (429, "too_many_attachments")
    carol = await gateway.cookie(gateway.carol)
    path = f"conversations/{chat.id}/attachments"
    assert (await post(gateway, path, form(PDF), carol))[0] == 201


async def test_conversation_holds_so_many_bytes(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await send(chat, b"a note", "a.txt")
    async with gateway.sessions.begin() as session:
        await session.execute(update(Attachment).values(n_bytes=50 * MB - 10))
    assert (await send(chat, b"0123456789", "a.txt"))[0] == 202
    status, body = await send(chat, b"0", "a.txt")
    assert (status, body["error"]["code"]) == (429, "too_many_attachments")


async def test_file_at_the_limit_is_taken_and_a_byte_more_is_not(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    assert (await send(chat, b"x" * 10 * MB, "a.txt"))[0] == 202
    status, body = await send(chat, b"x" * (10 * MB + 1), "a.txt")
    assert (status, body["error"]["code"]) == (413, "attachment_too_large")
    assert "10 MB" in body["error"]["message"]
    assert len(stored(gateway)) == 1


async def test_form_that_says_it_is_too_long_is_not_read(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    status, body = await send(chat, b"x" * (11 * MB), "a.txt")
    assert (status, body["error"]["code"]) == (413, "attachment_too_large")
    assert stored(gateway) == []


async def begin_upload(chat: Chat) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a third of a file and wait until some of it has arrived."""
    server = chat.gateway.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    head = (
        "POST /api/v1/chat/attachments HTTP/1.1\r\nHost: shop\r\n"
        f"Authorization: Bearer {chat.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: 900000\r\n\r\n--b\r\n"
        'Content-Disposition: form-data; name="client_message_id"\r\n\r\n'
        f"{uuid.uuid4()}\r\n--b\r\n"
        'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    )
    writer.write(head.encode() + b"x" * 300_000)
    await writer.drain()
    async with asyncio.timeout(10):
        while not stored(chat.gateway):
            await asyncio.sleep(0.02)
    return reader, writer


async def wait_until_empty(gateway: Gateway) -> None:
    async with asyncio.timeout(10):
        while stored(gateway):
            await asyncio.sleep(0.02)


async def test_nothing_stays_of_an_upload_that_breaks_off(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    _, writer = await begin_upload(chat)
    writer.close()
    await wait_until_empty(gateway)
    assert await gateway.rows(Attachment) == []
    assert await chat.texts() == []


async def test_slow_upload_keeps_nobody_else_waiting(gateway: Gateway) -> None:
    chat, other = await gateway.open_chat(), await gateway.open_chat()
    _, writer = await begin_upload(chat)
    assert (await other.ask("hello"))["text"] == "echo: hello"
    assert (await send(other, picture()))[0] == 202
    writer.close()


async def test_upload_that_takes_too_long_is_given_up(
    gateway: Gateway, monkeypatch: Any
) -> None:
    monkeypatch.setattr(uploads, "MAX_SECONDS", 0.5)
    reader, writer = await begin_upload(await gateway.open_chat())
    async with asyncio.timeout(10):
        assert b" 408 " in await reader.readline()
    writer.close()
    await wait_until_empty(gateway)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx',
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\xff\r\n--b--\r\n',
    ],
)
async def test_broken_form_is_refused(gateway: Gateway, body: bytes) -> None:
    chat = await gateway.open_chat()
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    status, answer = await post(gateway, "chat/attachments", body, chat.headers | kind)
    assert (status, answer["error"]["code"]) == (400, "invalid_request")
    assert stored(gateway) == []


async def test_form_without_a_file_or_an_id_is_refused(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    data = {"client_message_id": str(uuid.uuid4())}
    fields = FormData(data, default_to_multipart=True)
    status, body = await post(gateway, "chat/attachments", fields, chat.headers)
    assert (status, body["error"]["code"]) == (400, "attachment_empty")
    anonymous = FormData({"file": "x"}, default_to_multipart=True)
    anonymous.add_field("client_message_id", "no id")
    status, body = await post(gateway, "chat/attachments", anonymous, chat.headers)
    assert (status, body["error"]["code"]) == (400, "invalid_request")
    status, body = await chat.call("POST", "chat/attachments", {})
    assert status == 415


async def test_ticket_leads_to_the_file(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    block = await send_block(chat, picture(), "lamp.png")
    await gateway.rasa.stop()
    await chat.press("/open_ticket")
    await gateway.wait_until_quiet()
    [ticket] = await gateway.rows(Ticket)
    [conversation] = await gateway.rows(Conversation)
    assert ticket.conversation_id == conversation.id == chat.id
    carol = await gateway.cookie(gateway.carol)
    _, body = await gateway.call(
        "GET", f"conversations/{ticket.conversation_id}/messages", headers=carol
    )
    assert body["items"][0]["blocks"] == [block]


async def test_sweep_deletes_only_what_belongs_to_nobody(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    kept = await send_block(chat, picture())
    gone = await send_block(chat, PDF)
    folder = gateway.config.var_dir / "attachments"
    for path in (folder / str(uuid.uuid4()), folder / "incoming" / uuid.uuid4().hex):
        path.write_bytes(b"left behind")
    new = folder / "incoming" / uuid.uuid4().hex
    old = time.time() - 2 * STALE_SECONDS
    for path in folder.rglob("*"):
        os.utime(path, (old, old))
    new.write_bytes(b"on its way")
    async with gateway.sessions.begin() as session:
        await session.execute(delete(Attachment).where(Attachment.id == gone["id"]))
    assert await sweep_attachments(gateway.sessions, gateway.config.var_dir) == 3
    assert set(stored(gateway)) == {kept["id"], new.name}
    assert await sweep_attachments(gateway.sessions, gateway.config.var_dir) == 0


async def test_sweep_of_a_shop_without_files_does_nothing(gateway: Gateway) -> None:
    nowhere = gateway.config.var_dir / "nowhere"
    assert await sweep_attachments(gateway.sessions, nowhere) == 0


async def test_sweeps_go_on_after_a_failure(gateway: Gateway, monkeypatch: Any) -> None:
    rounds = asyncio.Queue[int]()

    async def sweep(*_: Any) -> int:
        rounds.put_nowait(1)
        raise OSError("the disk is gone")

    monkeypatch.setattr(sweeps, "sweep_attachments", sweep)
    monkeypatch.setattr(sweeps, "EVERY_SECONDS", 0.01)
    running = sweeps.run_sweeps(gateway.server.app)
    await anext(running)
    async with asyncio.timeout(5):
        assert [await rounds.get() for _ in range(3)] == [1, 1, 1]
    await anext(running, None)
