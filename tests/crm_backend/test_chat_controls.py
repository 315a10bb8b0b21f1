"""What a visitor decides: the end, the rating, the language, a copy of the talk."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from crm_backend.models import Conversation, Message, utc_now
from crm_backend.services.messages import detect_language
from tests.crm_backend.fixtures_gateway import Chat, Gateway, receive

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)


async def ended_chat(gateway: Gateway, language: str = "en") -> Chat:
    chat = await gateway.open_chat(language=language)
    await chat.ask("hello")
    assert (await chat.call("POST", "chat/end"))[0] == 200
    return chat


async def rate(chat: Chat, score: Any, **more: Any) -> tuple[int, Any]:
    return await chat.call("POST", "chat/rating", {"score": score} | more)


async def change(gateway: Gateway, chat: Chat, **values: Any) -> None:
    async with gateway.sessions.begin() as session:
        query = update(Conversation).where(Conversation.id == chat.id)
        await session.execute(query.values(**values))


async def test_visitor_ends_a_conversation(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    status, body = await chat.call("POST", "chat/end")
    assert status == 200
    assert body["mode"] == (await chat.read())["mode"] == "closed"
    assert body["rating"] == {"asked": True, "score": None}
    last = (await chat.read())["items"][-1]
    assert (last["sender"], last["seq"]) == ("system", body["last_seq"])
    assert "closed" in last["text"]


async def test_ending_twice_changes_nothing(gateway: Gateway) -> None:
    chat = await ended_chat(gateway)
    n_lines = len(await chat.texts())
    assert (await chat.call("POST", "chat/end"))[0] == 200
    assert len(await chat.texts()) == n_lines


async def test_message_after_the_end_is_answered(gateway: Gateway) -> None:
    chat = await ended_chat(gateway)
    answer = await chat.ask("one more thing")
    assert answer["text"] == "echo: one more thing"
    assert (await chat.read())["mode"] == "bot"


async def test_rating_is_kept_and_can_be_changed(gateway: Gateway) -> None:
    chat = await ended_chat(gateway)
    assert await rate(chat, 2, comment=" slow\x00 ") == (
        200,
        {"score": 2, "comment": "slow"},
    )
    assert (await rate(chat, 5))[0] == 200
    [row] = await gateway.rows(Conversation)
    assert (row.rating_score, row.rating_comment) == (5, None)


async def test_rating_before_the_end_is_refused(gateway: Gateway) -> None:
    chat = await gateway.open_chat(language="zh")
    await chat.ask("你好")
    status, body = await rate(chat, 5)
    assert (status, body["error"]["code"]) == (409, "rating_not_asked")
    assert "结束" in body["error"]["message"]


async def test_rating_is_final_after_a_day(gateway: Gateway) -> None:
    chat = await ended_chat(gateway)
    await rate(chat, 4)
    await change(gateway, chat, rated_at=utc_now() - timedelta(hours=25))
    status, body = await rate(chat, 1)
    assert (status, body["error"]["code"]) == (409, "rating_final")
    assert (await gateway.rows(Conversation))[0].rating_score == 4


@pytest.mark.parametrize(
    "body",
    [
        {"score": 6},
        {"score": 0},
        {"score": 2.5},
        {"score": None},
        {},
        {"score": 3, "comment": "x" * 1001},
        {"score": 3, "mood": "good"},
    ],
)
async def test_odd_rating_is_refused(gateway: Gateway, body: Any) -> None:
    chat = await ended_chat(gateway)
    status, answer = await chat.call("POST", "chat/rating", body)
    assert (status, answer["error"]["code"]) == (400, "invalid_request")


async def test_rating_is_asked_once(gateway: Gateway) -> None:
    chat = await ended_chat(gateway)
    [row] = await gateway.rows(Conversation)
    await chat.ask("one more thing")
    await chat.call("POST", "chat/end")
    [again] = await gateway.rows(Conversation)
    assert again.rating_asked_at == row.rating_asked_at


async def test_colleague_who_closes_asks_for_a_rating_too(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    async with chat.socket() as socket:
        frames = await receive(socket, "ready")
        assert frames[-1]["rating"] == {"asked": False, "score": None}
        await gateway.call(
            "POST",
            f"conversations/{chat.id}/mode",
            {"mode": "closed"},
            headers=await gateway.cookie(gateway.carol),
        )
        frames = await receive(socket, "state", mode="closed")
        assert frames[-1]["rating"] == {"asked": True, "score": None}
        await rate(chat, 4)
        rating = {"asked": True, "score": 4}
        await receive(socket, "state", mode="closed", rating=rating)


async def test_colleagues_are_not_asked_in_the_staff_chat(gateway: Gateway) -> None:
    chat = await gateway.open_chat(staff=gateway.rita)
    await chat.ask("hello")
    _, body = await chat.call("POST", "chat/end")
    assert body["rating"] == {"asked": False, "score": None}
    assert (await rate(chat, 5))[0] == 409


async def test_summary_counts_the_last_30_days(gateway: Gateway) -> None:
    mona = await gateway.cookie(gateway.mona)
    empty = {"n_days": 30, "n_asked": 0, "n_answered": 0}
    nothing = {"mean_score": None, "share_satisfied": None}
    path = "conversations/ratings"
    assert await gateway.call("GET", path, headers=mona) == (200, empty | nothing)
    for score in (5, 4, 2, None, 1):
        chat = await ended_chat(gateway)
        if score is not None:
            await rate(chat, score)
    await change(gateway, chat, rating_asked_at=utc_now() - timedelta(days=31))
    status, body = await gateway.call("GET", path, headers=mona)
    assert status == 200
    assert (body["n_asked"], body["n_answered"]) == (4, 3)
    assert body["mean_score"] == pytest.approx(11 / 3)
    assert body["share_satisfied"] == pytest.approx(2 / 3)
    carol = await gateway.cookie(gateway.carol)
    assert (await gateway.call("GET", path, headers=carol))[0] == 403


async def test_colleagues_see_the_rating_of_a_conversation(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    carol = await gateway.cookie(gateway.carol)
    _, body = await gateway.call("GET", f"conversations/{chat.id}", headers=carol)
    assert body["rating"] is None
    await chat.call("POST", "chat/end")
    await rate(chat, 3, comment="ok")
    _, body = await gateway.call("GET", f"conversations/{chat.id}", headers=carol)
    assert (body["rating"]["score"], body["rating"]["comment"]) == (3, "ok")


async def test_chosen_language_is_spoken_from_then_on(gateway: Gateway) -> None:
    chat = await gateway.open_chat(language="en")
    await chat.ask("where is my order?")
    assert await chat.call("POST", "chat/language", {"language": "zh"}) == (
        200,
        {"language": "zh"},
    )
    said = ["ok", "DM-123456", "thanks", "Alice Morgan", "where is my order now?"]
    for text in said:
        await chat.ask(text)
    spoken = [gateway.rasa.claims(n)["lang"] for n in range(len(said) + 1)]
    assert spoken == ["en", "zh", "zh", "zh", "zh", "en"]
    status, _ = await chat.call("POST", "chat/language", {"language": "fr"})
    assert status == 400


@pytest.mark.parametrize(
    ("text", "chosen", "expected"),
    [
        ("我叫李雷，我要退款", "en", "zh"),
        ("李雷", "en", "en"),
        ("my name is 李雷", "en", "en"),
        ("iPhone 15 Pro", "zh", "zh"),
        ("I want my money back", "zh", "en"),
        ("👍", "zh", "zh"),
    ],
)
def test_only_clear_words_change_a_chosen_language(text, chosen, expected) -> None:
    assert detect_language(text, chosen, is_chosen=True) == expected


async def test_controls_need_a_chat_token(gateway: Gateway) -> None:
    carol = await gateway.cookie(gateway.carol)
    for method, path, body in (
        ("POST", "chat/end", None),
        ("POST", "chat/rating", {"score": 3}),
        ("POST", "chat/language", {"language": "zh"}),
        ("GET", "chat/transcript", None),
    ):
        assert (await gateway.call(method, path, body))[0] == 401
        status, answer = await gateway.call(method, path, body, headers=carol)
        assert (status, answer["error"]["code"]) == (403, "chat_token_required")


async def test_transcript_has_no_lines_that_were_never_sent(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await chat.ask("hello")
    async with gateway.sessions.begin() as session:
        query = update(Message).where(Message.sender == "bot")
        await session.execute(query.values(suppressed=True))
    response = await gateway.client.get("/api/v1/chat/transcript", headers=chat.headers)
    assert "echo" not in await response.text()
