"""Whose turns are taken over, and whose are not."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.models import Gateway, Turn, utc_now
from crm_backend.services import conversations, gateways, messages, turn_ownership
from crm_backend.services.turn_queue import queue

MINUTE_AGO = timedelta(minutes=1)


async def add_turn(session: AsyncSession, gateway_id: str | None) -> Turn:
    """Add a running turn in a conversation of its own."""
    conversation, _token = conversations.open_conversation(
        session, language="en", staff_id=None
    )
    await session.flush()
    message = messages.append(session, conversation, sender="customer", text="hello")
    turn = queue(session, conversation, message)
    turn.status, turn.gateway_id, turn.started_at = "running", gateway_id, utc_now()
    await session.flush()
    return turn


async def add_gateway(session: AsyncSession, id_: str, seen: timedelta) -> None:
    session.add(Gateway(id=id_, seen_at=utc_now() - seen))
    await session.flush()


async def test_only_turns_of_the_dead_are_lost(session: AsyncSession) -> None:
    await add_gateway(session, "alive", timedelta(seconds=2))
    await add_gateway(session, "dead", timedelta(seconds=9))
    living = await add_turn(session, "alive")
    lost = [await add_turn(session, id_) for id_ in ("dead", "forgotten", None)]
    ids = await turn_ownership.requeue_lost(session)
    assert set(ids) == {turn.id for turn in lost}
    for turn in (living, *lost):
        await session.refresh(turn)
    assert (living.status, living.gateway_id) == ("running", "alive")
    assert {(t.status, t.gateway_id) for t in lost} == {("queued", None)}


async def test_own_turns_that_nobody_runs_are_lost(session: AsyncSession) -> None:
    held = [await add_turn(session, "me") for _ in range(2)]
    await add_turn(session, "another")
    ids = await turn_ownership.requeue_own(session, "me", [held[0].id])
    assert ids == [held[1].id]


async def test_turns_of_before_are_lost_when_nobody_lives(
    session: AsyncSession,
) -> None:
    before = await add_turn(session, "predecessor")
    alone_at = utc_now()
    await add_turn(session, "successor")
    assert await turn_ownership.requeue_older(session, alone_at) == [before.id]


async def test_finished_turns_stay_finished(session: AsyncSession) -> None:
    turn = await add_turn(session, "dead")
    turn.status = "done"
    await session.flush()
    assert await turn_ownership.requeue_lost(session) == []


async def test_gateway_is_seen_again_after_it_was_forgotten(
    session: AsyncSession,
) -> None:
    for _ in range(2):
        await gateways.say_alive(session, "me")
        await gateways.say_alive(session, "me")
        assert list(await session.scalars(gateways.living(session))) == ["me"]
        await gateways.forget(session, "me")
        session.expunge_all()
    assert list(await session.scalars(gateways.living(session))) == []


async def test_only_gateways_that_are_dead_for_long_are_pruned(
    session: AsyncSession,
) -> None:
    await add_gateway(session, "dead", MINUTE_AGO)
    await add_gateway(session, "long dead", gateways.KEPT + MINUTE_AGO)
    await gateways.prune(session)
    assert list(await session.scalars(select(Gateway.id))) == ["dead"]


async def test_database_refuses_two_running_turns_of_a_conversation(
    session: AsyncSession,
) -> None:
    turn = await add_turn(session, "one")
    conversation = await conversations.lock(session, turn.conversation_id)
    message = messages.append(session, conversation, sender="customer", text="again")
    second = queue(session, conversation, message)
    await session.flush()
    second.status = "running"
    with pytest.raises(IntegrityError):
        await session.flush()
