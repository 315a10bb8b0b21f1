"""Answering in the console: the reply box and who answers from now on."""

import re
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from crm_backend.models import Conversation, Message

NOWHERE = {"allow_redirects": False}


class Desk:
    """The page of one conversation, as somebody uses it."""

    def __init__(self, client: Any, shop: Any, conversation: Any, who: Any) -> None:
        self.client = client
        self.shop = shop
        self.id = conversation.id
        self.path = f"/console/conversations/{conversation.id}"
        self.who = who

    async def post(self, what: str, form: dict[str, str], **headers: str) -> Any:
        if self.who is not None:
            headers |= await self.shop.cookie(self.who)
        path = f"{self.path}/{what}"
        return await self.client.post(path, data=form, headers=headers, **NOWHERE)

    async def reply(self, text: str, *, key: str | None = None, **headers: str) -> Any:
        form = {"text": text, "client_message_id": key or str(uuid.uuid4())}
        return await self.post("reply", form, **headers)

    async def read(self, query: str = "") -> str:
        headers = await self.shop.cookie(self.who)
        response = await self.client.get(self.path + query, headers=headers)
        assert response.status == 200
        return str(await response.text())

    async def said(self) -> list[tuple[str, str | None]]:
        async with self.shop.sessions() as session:
            query = select(Message).where(Message.conversation_id == self.id)
            found = await session.scalars(query.order_by(Message.seq))
            return [(message.sender, message.text) for message in found]

    async def mode(self) -> str:
        async with self.shop.sessions() as session:
            return str((await session.get_one(Conversation, self.id)).mode)


async def open_desk(client: Any, shop: Any, mode: str, who: Any = None) -> Desk:
    conversation = await shop.add_conversation(shop.alice, mode=mode)
    return Desk(client, shop, conversation, who or shop.carol)


JOINED = ("system", "Carol joined the conversation.")


async def test_reply_reaches_who_waits(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "waiting")
    response = await desk.reply("  Hello, this is Carol.\r\nHow can I help?  ")
    assert response.status == 303
    assert response.headers["Location"] == f"{desk.path}#sent"
    sent = ("agent", "Hello, this is Carol.\nHow can I help?")
    assert await desk.said() == [JOINED, sent]
    assert await desk.mode() == "human"


async def test_double_submit_sends_once(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    found = re.search(r'name="client_message_id" value="([^"]+)"', await desk.read())
    assert found
    for _ in range(2):
        assert (await desk.reply("Only once", key=found[1])).status == 303
    assert await desk.said() == [("agent", "Only once")]


async def test_another_text_of_a_sent_form_is_not_lost(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    key = str(uuid.uuid4())
    await desk.reply("First wording", key=key)
    response = await desk.reply("Second wording", key=key)
    page = await response.text()
    assert response.status == 409
    assert "Second wording</textarea>" in page
    assert "was sent already" in page
    assert key not in page


@pytest.mark.parametrize(
    ("text", "problem"),
    [(" \n ", "Please write something first."), ("x" * 4001, "at most 4000 char")],
)
async def test_refused_text_is_kept_and_explained(
    client: Any, shop: Any, text: str, problem: str
) -> None:
    desk = await open_desk(client, shop, "human")
    response = await desk.reply(text)
    page = await response.text()
    assert response.status == 400
    assert f"{text}</textarea>" in page
    assert problem in page
    assert f'href="{desk.path}?lang=zh"' in page
    assert await desk.said() == []


async def test_refusal_in_chinese(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    response = await desk.reply(" ", **{"Accept-Language": "zh-CN"})
    assert "请先输入内容。" in await response.text()


async def test_kept_text_is_escaped(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "bot")
    page = await (await desk.reply("</textarea><script>alert(1)</script>")).text()
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("mode", "problem"),
    [("bot", "The assistant is answering."), ("closed", "conversation is closed.")],
)
async def test_locked_conversation_takes_no_reply(
    client: Any, shop: Any, mode: str, problem: str
) -> None:
    desk = await open_desk(client, shop, mode)
    response = await desk.reply("Too early")
    page = await response.text()
    assert response.status == 409
    assert problem in page
    assert "Too early</textarea>" in page
    assert await desk.said() == []
    assert await desk.mode() == mode


@pytest.mark.parametrize(
    ("mode", "buttons", "is_open"),
    [
        ("bot", {"human": "Take over"}, False),
        ("waiting", {"bot": "Give back to the assistant", "closed": "Close"}, True),
        ("human", {"bot": "Give back to the assistant", "closed": "Close"}, True),
        ("closed", {"human": "Reopen"}, False),
    ],
)
async def test_buttons_fit_the_mode(
    client: Any, shop: Any, mode: str, buttons: dict[str, str], is_open: bool
) -> None:
    desk = await open_desk(client, shop, mode)
    page = await desk.read()
    found = re.findall(r'name="mode" value="(\w+)"[^>]*>([^<]+)<', page)
    assert dict(found) == buttons
    assert ("<fieldset>" in page) == is_open
    assert ("<fieldset disabled>" in page) != is_open


async def test_locked_box_says_why_in_both_languages(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "bot")
    assert "The assistant is answering. Take over to write." in await desk.read()
    assert "接手对话后即可回复" in await desk.read("?lang=zh")


async def test_refreshed_part_leaves_the_draft_alone(client: Any, shop: Any) -> None:
    part = await (await open_desk(client, shop, "human")).read("?part=1")
    assert 'data-can-reply="yes"' in part
    assert "<textarea" not in part


async def test_buttons_change_who_answers(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "bot")
    for mode in ("human", "bot", "human", "closed"):
        response = await desk.post("mode", {"mode": mode})
        assert response.status == 303
        assert response.headers["Location"].startswith(desk.path)
        assert await desk.mode() == mode
    returned = ("system", "You are talking to the assistant again.")
    assert (await desk.said())[:3] == [JOINED, returned, JOINED]


@pytest.mark.parametrize("mode", ["waiting", "nonsense", ""])
async def test_no_other_mode_can_be_asked_for(
    client: Any, shop: Any, mode: str
) -> None:
    desk = await open_desk(client, shop, "human")
    assert (await desk.post("mode", {"mode": mode})).status == 400
    assert await desk.mode() == "human"


async def test_form_without_its_id_is_refused(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "human")
    assert (await desk.reply("Hello", key="not-an-id")).status == 400
    assert await desk.said() == []


async def test_rep_cannot_answer(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "waiting", shop.rita)
    assert (await desk.reply("Hello")).status == 403
    assert (await desk.post("mode", {"mode": "closed"})).status == 403
    assert (await desk.said(), await desk.mode()) == ([], "waiting")


async def test_signed_out_answer_leads_back_to_the_page(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "waiting")
    desk.who = None
    for response in (await desk.reply("Hello"), await desk.post("mode", {})):
        assert response.status == 303
        target = response.headers["Location"]
        assert target == f"/sign-in?next={desk.path}"
    assert (await desk.said(), await desk.mode()) == ([], "waiting")


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example.com"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_forms_of_other_sites_are_refused(
    client: Any, shop: Any, headers: dict[str, str]
) -> None:
    desk = await open_desk(client, shop, "waiting")
    assert (await desk.reply("Hello", **headers)).status == 403
    assert (await desk.post("mode", {"mode": "bot"}, **headers)).status == 403
    assert (await desk.said(), await desk.mode()) == ([], "waiting")


async def test_staff_chat_of_somebody_else_is_not_found(client: Any, shop: Any) -> None:
    conversation = await shop.add_conversation(shop.rita, mode="human")
    desk = Desk(client, shop, conversation, shop.carol)
    assert (await desk.reply("Hello")).status == 404
    assert (await desk.post("mode", {"mode": "closed"})).status == 404
    assert (await desk.said(), await desk.mode()) == ([], "human")


async def test_second_agent_is_told_who_was_first(client: Any, shop: Any) -> None:
    desk = await open_desk(client, shop, "waiting")
    other = Desk(client, shop, await shop.load(Conversation, id=desk.id), shop.mona)
    assert (await desk.post("mode", {"mode": "human"})).status == 303
    for response in (
        await other.post("mode", {"mode": "human"}),
        await other.reply("Mona here"),
    ):
        assert response.status == 409
        assert "Carol has this conversation already." in await response.text()
    assert await desk.said() == [JOINED]
