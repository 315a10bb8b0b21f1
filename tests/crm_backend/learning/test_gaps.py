"""Unanswered questions are grouped, and the groups keep what was decided."""

from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import select

from crm_backend.learning.gaps import find_gaps
from crm_backend.models import QuestionGap, UnansweredQuestion, utc_now

SUBJECTS = ("wrap", "engrave", "包装")


def encode(texts: Any) -> np.ndarray:
    """Point all texts about one subject into about one direction."""
    vectors = np.full((len(texts), 8), 0.01, dtype=np.float32)
    for row, text in enumerate(texts):
        subject = [nth for nth, word in enumerate(SUBJECTS) if word in text]
        vectors[row, subject[0] if subject else 3 + len(text) % 5] = 1
        vectors[row, 7] += 0.02 * (len(text) % 7)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


async def ask(shop: Any, *texts: str, language: str = "en", days_ago: int = 1) -> None:
    talk = await shop.add_conversation()
    for seq, text in enumerate(texts, start=1):
        message = await shop.add_message(talk, seq, text, language=language)
        await shop.save(
            UnansweredQuestion(
                message_id=message.id,
                language=language,
                text=text,
                reason="declined",
                asked_at=utc_now() - timedelta(days=days_ago),
            )
        )


async def run(sessions: Any) -> list[QuestionGap]:
    await find_gaps(sessions, encode, report=lambda text: None)
    async with sessions() as session:
        query = select(QuestionGap).order_by(QuestionGap.n_questions.desc())
        return list(await session.scalars(query))


async def test_questions_are_grouped_by_language_with_their_trend(
    shop: Any, sessions: Any
) -> None:
    await ask(shop, "wrap it?", "can you wrap it", "engrave a name", "engrave?")
    await ask(shop, "please wrap", "engrave it please", days_ago=40)
    await ask(shop, "wrap as present", "do you wrap?", days_ago=300)
    await ask(shop, "可以包装吗", "包装成礼物", "礼品包装", language="zh")
    found = await run(sessions)
    assert [(gap.language, gap.n_questions) for gap in found].count(("en", 3)) == 2
    assert [gap.n_questions for gap in found if gap.language == "zh"] == [3]
    english = [gap for gap in found if gap.language == "en"]
    assert {(gap.n_recent, gap.n_earlier) for gap in english} == {(2, 1)}


async def test_wording_that_many_choose_is_a_gap_alone(
    shop: Any, sessions: Any
) -> None:
    await ask(shop, "wrap?", "wrap?", "wrap?", "something else entirely")
    [gap] = await run(sessions)
    assert (gap.label, gap.n_questions) == ("wrap?", 3)


async def test_gap_keeps_what_was_decided_when_it_grows(
    shop: Any, sessions: Any
) -> None:
    await ask(shop, "wrap it?", "can you wrap it", "please wrap")
    [gap] = await run(sessions)
    async with sessions.begin() as session:
        (await session.get_one(QuestionGap, gap.id)).status = "dismissed"
    await ask(shop, "do you wrap presents")
    [again] = await run(sessions)
    assert (again.id, again.status, again.n_questions) == (gap.id, "dismissed", 4)


async def test_gap_that_nobody_asks_any_more_goes(shop: Any, sessions: Any) -> None:
    await ask(shop, "wrap it?", "can you wrap it", "please wrap")
    await run(sessions)
    async with sessions.begin() as session:
        for row in await session.scalars(select(UnansweredQuestion)):
            row.asked_at = utc_now() - timedelta(days=400)
    assert await run(sessions) == []
