"""What was misunderstood or not answered is found once, masked and grouped."""

from typing import Any

from sqlalchemy import select

from crm_backend.learning.reading import read_messages
from crm_backend.models import (
    MisunderstoodMessage,
    NluReview,
    Turn,
    UnansweredQuestion,
)


async def read(sessions: Any, masker: Any) -> int:
    return await read_messages(sessions, masker, report=lambda text: None)


async def list_reviews(sessions: Any) -> list[NluReview]:
    async with sessions() as session:
        return list(await session.scalars(select(NluReview).order_by(NluReview.id)))


async def test_same_words_make_one_review(
    shop: Any, sessions: Any, masker: Any, noted: Any
) -> None:
    declined = noted("product_info", 0.2, "decline")
    for text in ("Do you engrave?", "do you ENGRAVE", "what about order DM-402193?"):
        talk = await shop.add_conversation()
        await shop.add_message(talk, 1, text, understood=declined)
    assert await read(sessions, masker) == 3
    engrave, number = await list_reviews(sessions)
    assert (engrave.text, engrave.n_messages) == ("Do you engrave?", 2)
    assert (engrave.intent, engrave.runner_up) == ("product_info", "delivery_time")
    assert engrave.reason == "fallback"
    assert (number.text, number.masked) == ("what about order DM-123456?", ["NUMBER"])


async def test_what_the_customer_is_called_is_masked(
    shop: Any, sessions: Any, masker: Any, noted: Any
) -> None:
    talk = await shop.add_conversation(shop.alice)
    unsure = noted("greet", 0.4, "ask")
    await shop.add_message(talk, 1, "alice adler here, hi", understood=unsure)
    await read(sessions, masker)
    [review] = await list_reviews(sessions)
    assert review.text == "Alex Sample here, hi"
    assert review.reason == "unsure"


async def test_reading_again_finds_only_what_is_new(
    shop: Any, sessions: Any, masker: Any, noted: Any
) -> None:
    talk = await shop.add_conversation()
    declined = noted(decision="decline")
    await shop.add_message(talk, 1, "engraving?", understood=declined)
    assert await read(sessions, masker) == 1
    assert await read(sessions, masker) == 0
    await shop.add_message(talk, 2, "engraving", understood=declined)
    assert await read(sessions, masker) == 1
    [review] = await list_reviews(sessions)
    assert review.n_messages == 2


async def test_what_was_understood_is_left_alone(
    shop: Any, sessions: Any, masker: Any, noted: Any
) -> None:
    talk = await shop.add_conversation()
    await shop.add_message(talk, 1, "where is it", understood=noted())
    await shop.add_message(
        talk, 2, "Track", payload="/track_order", understood={"intent": "track_order"}
    )
    staff = await shop.add_conversation(shop.rita)
    await shop.add_message(staff, 1, "hm?", understood=noted(decision="decline"))
    assert await read(sessions, masker) == 0


async def test_message_still_being_answered_is_read_later(
    shop: Any, sessions: Any, masker: Any, noted: Any
) -> None:
    talk = await shop.add_conversation()
    message = await shop.add_message(talk, 1, "engraving?")
    turn = Turn(
        id="00000000-0000-4000-8000-000000000001",
        conversation_id=talk.id,
        message_id=message.id,
        version=0,
        status="running",
    )
    await shop.save(turn)
    assert await read(sessions, masker) == 0
    async with sessions.begin() as session:
        (await session.merge(turn)).status = "done"
        (await session.merge(message)).understood = noted(decision="decline")
    assert await read(sessions, masker) == 1


async def test_question_an_article_perhaps_answered_is_no_misunderstanding(
    shop: Any, sessions: Any, masker: Any, noted: Any
) -> None:
    talk = await shop.add_conversation()
    for nth, block in enumerate(({"quote": "Perhaps."}, {}), start=1):
        turn_id = f"00000000-0000-4000-8000-00000000000{nth}"
        await shop.add_message(
            talk, 2 * nth, f"question {nth}", turn_id=turn_id, understood=noted()
        )
        shown = [{"type": "article", "title": "Delivery", **block}]
        await shop.add_message(
            talk, 2 * nth + 1, "This:", sender="bot", turn_id=turn_id, blocks=shown
        )
    await read(sessions, masker)
    assert await list_reviews(sessions) == []
    question = await shop.load(UnansweredQuestion)
    assert (question.text, question.reason) == ("question 1", "article_unsure")


async def test_marked_line_is_grouped_with_the_next_reading(
    shop: Any, sessions: Any, masker: Any, noted: Any
) -> None:
    talk = await shop.add_conversation()
    message = await shop.add_message(talk, 1, "send it there", understood=noted())
    await read(sessions, masker)
    await shop.save(
        MisunderstoodMessage(
            message_id=message.id,
            reason="wrong",
            marked_by_id=shop.carol.id,
            marked_at=shop.now,
        )
    )
    assert await read(sessions, masker) == 1
    [review] = await list_reviews(sessions)
    assert (review.reason, review.n_marked, review.intent) == (
        "wrong",
        1,
        "track_order",
    )
