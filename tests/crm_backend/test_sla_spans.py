"""Service levels follow hand-offs, live and in the simulation of last month."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from crm_backend.models import Conversation, Handoff, SlaClock, SlaPolicy
from crm_backend.services import sla_simulation
from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.sla_checks import Seen, check
from crm_backend.services.sla_policies import SUGGESTED_TIER_CENTS, Policy
from crm_backend.services.sla_simulation import Simulation, simulate
from crm_backend.services.sla_spans import Span, find_spans
from crm_backend.setting_values import ALWAYS
from tests.crm_backend.shop import NOW, Shop

HOURS = BusinessHours(ALWAYS, ZoneInfo("UTC"))
CELL = {"first_reply": 30 * 60, "next_reply": 20 * 60, "resolution": 120 * 60}
TARGETS = {"medium": {"standard": CELL}}


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


async def switch_on(shop: Shop) -> None:
    await shop.save(
        SlaPolicy(
            targets=TARGETS,
            tier_cents=SUGGESTED_TIER_CENTS,
            changed_by=shop.mona.id,
            changed_at=NOW - timedelta(days=1),
        )
    )


async def look(shop: Shop, minutes: float, seen: Seen) -> None:
    await check(shop.sessions, HOURS, seen, now=after(minutes))


async def change(shop: Shop, table: Any, row_id: Any, **values: Any) -> None:
    """Change a row; conversations count it as a change of who answers."""
    async with shop.sessions.begin() as session:
        row = await session.get_one(table, row_id)
        for name, value in values.items():
            setattr(row, name, value)
        if table is Conversation:
            row.version += 1


async def what_if(shop: Shop, minutes: float) -> Simulation:
    policy = Policy(TARGETS, SUGGESTED_TIER_CENTS)
    async with shop.sessions() as session:
        return await simulate(session, policy, HOURS, now=after(minutes))


def shares(found: Simulation) -> dict[str, tuple[int, int]]:
    return {kept.kind: (kept.n_met, kept.n) for kept in found.kept}


async def live_shares(shop: Shop) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    async with shop.sessions() as session:
        for clock in await session.scalars(select(SlaClock)):
            if clock.outcome in ("met", "missed"):
                n_met, n = counts.get(clock.kind, (0, 0))
                counts[clock.kind] = n_met + (clock.outcome == "met"), n + 1
    return counts


async def test_simulation_follows_hand_offs_as_live_clocks_do(shop: Shop) -> None:
    await switch_on(shop)
    seen = Seen()
    talk = await shop.add_conversation(None, mode="waiting", waiting_since=NOW)
    first = Handoff(
        conversation_id=talk.id, reason="customer_asked", requested_at=NOW,
        staff_id=shop.carol.id,
    )  # fmt: skip
    await shop.save(first)
    await look(shop, 1, seen)
    await change(shop, Conversation, talk.id, mode="human", waiting_since=None)
    await shop.add_message(talk, 1, "Hello", sender="agent", created_at=after(10))
    await look(shop, 11, seen)
    # Another agent takes it over while the customer has asked again.
    await change(shop, Handoff, first.id, staff_id=shop.mona.id)
    await change(shop, Conversation, talk.id, assignee_id=shop.mona.id)
    await shop.add_message(talk, 2, "And now?", created_at=after(25))
    await look(shop, 26, seen)
    await shop.add_message(talk, 3, "Soon", sender="agent", created_at=after(40))
    await change(shop, Handoff, first.id, ended_at=after(50), outcome="returned")
    await change(shop, Conversation, talk.id, mode="bot")
    await look(shop, 51, seen)
    # The bot's hours count for nobody, whatever the customer writes.
    await shop.add_message(talk, 4, "What else?", created_at=after(60))
    await shop.add_message(talk, 5, "This.", sender="bot", created_at=after(61))
    await look(shop, 600, seen)
    second = Handoff(
        conversation_id=talk.id, reason="customer_asked", requested_at=after(700)
    )
    await shop.save(second)
    await change(shop, Conversation, talk.id, mode="waiting", waiting_since=after(700))
    await look(shop, 701, seen)
    await shop.add_message(talk, 6, "Late", sender="agent", created_at=after(740))
    await change(shop, Handoff, second.id, ended_at=after(750), outcome="closed")
    await change(shop, Conversation, talk.id, mode="closed", waiting_since=None)
    await look(shop, 751, seen)
    assert await live_shares(shop) == {
        "first_reply": (1, 2), "next_reply": (1, 1), "resolution": (2, 2)
    }  # fmt: skip
    assert shares(await what_if(shop, 800)) == await live_shares(shop)


async def test_simulation_sees_hand_offs_that_nobody_recorded(shop: Shop) -> None:
    await switch_on(shop)
    seen = Seen()
    talk = await shop.add_conversation(None, mode="waiting", waiting_since=NOW)
    await look(shop, 1, seen)
    assert shares(await what_if(shop, 40)) == {"first_reply": (0, 1)}
    await shop.add_message(talk, 1, "Hello", sender="agent", created_at=after(45))
    await change(shop, Conversation, talk.id, mode="closed", waiting_since=None)
    await look(shop, 50, seen)
    assert await live_shares(shop) == {"first_reply": (0, 1), "resolution": (1, 1)}
    assert shares(await what_if(shop, 5_000)) == await live_shares(shop)


async def test_agent_who_takes_over_goes_on_with_the_same_clocks(shop: Shop) -> None:
    await switch_on(shop)
    seen = Seen()
    # Nobody recorded how it came to people; a second agent takes it over.
    talk = await shop.add_conversation(None, mode="human", waiting_since=NOW)
    await look(shop, 1, seen)
    await shop.add_message(talk, 1, "Hello", sender="agent", created_at=after(5))
    await shop.save(
        Handoff(
            conversation_id=talk.id, reason="agent_took_over", requested_at=after(60)
        )
    )
    await change(shop, Conversation, talk.id, waiting_since=None)
    await look(shop, 61, seen)
    async with shop.sessions() as session:
        found = await session.scalars(select(SlaClock).order_by(SlaClock.id))
        clocks = [(clock.kind, clock.started_at, clock.outcome) for clock in found]
    assert clocks == [("first_reply", NOW, "met"), ("resolution", NOW, None)]


async def test_busy_month_is_cut_at_its_newest(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sla_simulation, "MAX_MATTERS", 1)
    for minutes, replied in ((0, 10), (500, 545)):
        at = after(minutes)
        talk = await shop.add_conversation(None, mode="closed", last_message_at=at)
        await shop.add_message(
            talk, 1, "Hello", sender="agent", created_at=after(replied)
        )
        await shop.save(
            Handoff(
                conversation_id=talk.id, reason="customer_asked", requested_at=at,
                ended_at=after(replied + 1), outcome="closed",
            )
        )  # fmt: skip
    found = await what_if(shop, 600)
    assert (found.n_conversations, found.is_cut) == (1, True)
    assert shares(found)["first_reply"] == (0, 1)


async def test_chats_of_colleagues_promise_nothing(shop: Shop) -> None:
    talk = await shop.add_conversation(shop.rita)
    await shop.save(
        Handoff(conversation_id=talk.id, reason="customer_asked", requested_at=NOW)
    )
    assert (await what_if(shop, 100)).n_conversations == 0


def test_hand_off_without_an_end_is_over_with_its_conversation() -> None:
    row = Conversation(mode="closed", last_message_at=after(9), waiting_since=None)
    open_ones = [Handoff(requested_at=NOW), Handoff(requested_at=after(5))]
    assert find_spans(row, open_ones, [], now=after(500)) == [
        Span(NOW, after(5), is_done=False),
        Span(after(5), after(9), is_done=False),
    ]


def test_clocks_tell_of_what_no_hand_off_covers() -> None:
    row = Conversation(mode="bot", last_message_at=after(90), waiting_since=None)
    recorded = [Handoff(requested_at=after(50), ended_at=after(80), outcome="returned")]
    clocked = [Span(NOW, after(10)), Span(after(50), after(80)), Span(after(85))]
    assert find_spans(row, recorded, clocked, now=after(500)) == [
        Span(NOW, after(10)),
        Span(after(50), after(80)),
        Span(after(85), after(500)),
    ]
