"""Service levels on real rows: the checker, the lists, the policy's page."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from crm_backend.db import make_sessions
from crm_backend.models import Handoff, SlaClock, SlaPolicy, TicketEvent, utc_now
from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.sla import get_due, get_due_of_tickets, list_kept
from crm_backend.services.sla_checks import Seen, check
from crm_backend.services.sla_policies import (
    SUGGESTED_TIER_CENTS,
    Policy,
    find_policy,
    suggest,
)
from crm_backend.services.sla_simulation import simulate
from crm_backend.setting_values import ALWAYS
from crm_backend.wakeups import Wakeups
from tests.crm_backend.shop import NOW, Shop

HOURS = BusinessHours(ALWAYS, ZoneInfo("UTC"))
MINUTES = {"first_reply": 30, "next_reply": 20, "resolution": 120}


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


async def switch_on(shop: Shop, **minutes: int) -> None:
    """Promise the same to everybody."""
    cell = {kind: value * 60 for kind, value in (minutes or MINUTES).items()}
    targets = {
        priority: {tier: cell for tier in ("standard", "valued", "top")}
        for priority in ("urgent", "high", "medium", "low")
    }
    await shop.save(
        SlaPolicy(
            targets=targets,
            tier_cents=SUGGESTED_TIER_CENTS,
            changed_by=shop.mona.id,
            changed_at=NOW - timedelta(days=1),
        )
    )


async def look(shop: Shop, minutes: float, seen: Seen | None = None) -> int:
    return await check(shop.sessions, HOURS, seen or Seen(), now=after(minutes))


async def clocks(shop: Shop) -> dict[str, SlaClock]:
    async with shop.sessions() as session:
        found = await session.scalars(select(SlaClock).order_by(SlaClock.id))
        return {clock.kind: clock for clock in found}


async def add_ticket(shop: Shop, **values: Any) -> Any:
    return await shop.add_ticket(opened_at=NOW, updated_at=NOW, **values)


async def test_without_a_policy_no_clock_runs(shop: Shop) -> None:
    await add_ticket(shop)
    assert await look(shop, 1_000) == 0
    assert await clocks(shop) == {}


async def test_ticket_is_warned_of_and_breached_once(shop: Shop) -> None:
    await switch_on(shop)
    ticket = await add_ticket(shop)
    assert await look(shop, 1) == 0
    # Two gateways look at the same time, and again.
    both = await asyncio.gather(look(shop, 25), look(shop, 25))
    assert sum(both) == 1
    assert await look(shop, 31) == 1
    assert await look(shop, 32) == 0
    async with shop.sessions() as session:
        query = select(TicketEvent).where(TicketEvent.ticket_id == ticket.id)
        found = await session.scalars(query.order_by(TicketEvent.id))
        told = [(event.kind, event.body, event.actor) for event in found]
    assert told == [
        ("sla_warned", "first_reply", "system"),
        ("sla_breached", "first_reply", "system"),
    ]


async def test_two_gateways_make_one_set_of_clocks(shop: Shop) -> None:
    await switch_on(shop)
    await add_ticket(shop)
    conversation = await shop.add_conversation(
        shop.alice, mode="waiting", waiting_since=NOW
    )
    await asyncio.gather(*(look(shop, 1) for _ in range(3)))
    async with shop.sessions() as session:
        kinds = list(await session.scalars(select(SlaClock.kind)))
        due = await get_due(session, [conversation.id], now=after(1))
    assert sorted(kinds) == ["first_reply"] * 2 + ["resolution"] * 2
    assert [one.kind for one in due[conversation.id]] == ["first_reply", "resolution"]


async def test_answer_and_pending_stop_the_clocks(shop: Shop) -> None:
    await switch_on(shop)
    ticket = await add_ticket(shop)
    seen = Seen()
    await look(shop, 1, seen)
    await shop.save(
        TicketEvent(
            ticket_id=ticket.id, kind="replied", actor="x", occurred_at=after(5)
        ),
        TicketEvent(
            ticket_id=ticket.id,
            kind="status_changed",
            actor="x",
            body="open -> pending",
            occurred_at=after(5),
        ),
    )
    async with shop.sessions.begin() as session:
        row = await session.merge(ticket)
        row.status, row.updated_at = "pending", after(5)
    await look(shop, 10, seen)
    found = await clocks(shop)
    assert found["first_reply"].outcome == "met"
    assert found["resolution"].due_at is None
    async with shop.sessions() as session:
        (due,) = (await get_due_of_tickets(session, [ticket.id]))[ticket.id]
    assert (due.kind, due.state) == ("resolution", "paused")


async def test_handed_off_conversation_has_clocks(shop: Shop) -> None:
    await switch_on(shop)
    conversation = await shop.add_conversation(
        shop.alice, mode="human", assignee_id=shop.carol.id
    )
    await shop.save(
        Handoff(
            conversation_id=conversation.id,
            reason="customer_asked",
            requested_at=NOW,
            staff_id=shop.carol.id,
        )
    )
    await shop.add_message(
        conversation, 1, "Hello", sender="agent", created_at=after(40)
    )
    await shop.add_message(conversation, 2, "And now?", created_at=after(50))
    await look(shop, 55)
    found = await clocks(shop)
    assert found["first_reply"].outcome == "missed"
    assert found["first_reply"].staff_id == shop.carol.id
    assert found["next_reply"].due_at == after(70)
    # 40 minutes are used up, ten more were the customer's.
    assert found["resolution"].due_at == after(130)
    async with shop.sessions() as session:
        kept = await list_kept(session, since=NOW, until=after(1))
    assert [(one.name, one.kind, one.n_ended, one.n_met) for one in kept] == [
        ("Carol", "first_reply", 1, 0)
    ]
    assert kept[0].share == 0


async def test_returned_conversation_is_resolved(shop: Shop) -> None:
    await switch_on(shop)
    conversation = await shop.add_conversation(
        shop.alice, mode="waiting", waiting_since=NOW
    )
    await look(shop, 1)
    async with shop.sessions.begin() as session:
        row = await session.merge(conversation)
        row.mode, row.version, row.waiting_since = "closed", 2, None
    await look(shop, 10)
    found = await clocks(shop)
    assert found["first_reply"].outcome == "void"
    assert found["resolution"].outcome == "met"


async def test_better_customers_have_the_promise_of_their_tier(shop: Shop) -> None:
    policy = suggest()
    assert policy.tier_of(0) == "standard"
    assert policy.tier_of(50_000) == "valued"
    assert policy.tier_of(200_000) == "top"
    await shop.save(
        SlaPolicy(
            targets=policy.targets,
            tier_cents=policy.tier_cents,
            changed_by=shop.mona.id,
            changed_at=NOW - timedelta(days=1),
        )
    )
    await shop.add_order(shop.alice, quantity=20)
    await shop.add_order(shop.alice, quantity=200, status="cancelled")
    await add_ticket(shop, customer_id=shop.alice.id)
    await look(shop, 1)
    first = (await clocks(shop))["first_reply"]
    assert (first.tier, first.target_seconds) == ("valued", 180 * 60)


async def test_matters_from_before_the_policy_have_no_clock(shop: Shop) -> None:
    await switch_on(shop)
    await shop.add_ticket(opened_at=NOW - timedelta(days=2), updated_at=NOW)
    await look(shop, 1)
    assert await clocks(shop) == {}


async def test_switching_off_ends_all_clocks(shop: Shop) -> None:
    await switch_on(shop)
    await add_ticket(shop)
    await look(shop, 1)
    await shop.save(
        SlaPolicy(targets={}, tier_cents={}, is_on=False, changed_by=shop.mona.id)
    )
    await look(shop, 2)
    assert {clock.outcome for clock in (await clocks(shop)).values()} == {"void"}


async def test_simulation_counts_what_would_have_been_kept(shop: Shop) -> None:
    for minutes in (10, 50):
        ticket = await add_ticket(shop, status="resolved", resolved_at=after(minutes))
        await shop.save(
            TicketEvent(
                ticket_id=ticket.id,
                kind="replied",
                actor="x",
                occurred_at=after(minutes - 5),
            )
        )
    await shop.add_ticket(opened_at=NOW - timedelta(days=40))
    cell = {"first_reply": 30 * 60, "resolution": 30 * 60}
    policy = Policy({"low": {"standard": cell}}, SUGGESTED_TIER_CENTS)
    async with shop.sessions() as session:
        found = await simulate(session, policy, HOURS, now=after(100))
    assert found.n_tickets == 2
    assert [(k.kind, k.n_met, k.n, k.share) for k in found.kept] == [
        ("first_reply", 1, 2, 0.5),
        ("resolution", 1, 2, 0.5),
    ]
    assert await shop.count(SlaClock) == 0


async def post(client: Any, shop: Shop, who: Any = None, **form: str) -> Any:
    headers = await shop.cookie(who or shop.mona)
    return await client.post(
        "/console/sla", data=form, headers=headers, allow_redirects=False
    )


TIERS = {"tier-valued": "500", "tier-top": "2000"}
GOOD = TIERS | {"urgent-top-first_reply": "15"}


async def test_manager_switches_a_policy_on_and_off(client: Any, shop: Shop) -> None:
    for _ in range(2):
        response = await post(client, shop, act="on", comment="First", **GOOD)
        assert response.status == 303
    changed = GOOD | {"urgent-top-first_reply": "10"}
    await post(client, shop, act="on", **changed)
    # The same policy twice is one version.
    assert await shop.count(SlaPolicy) == 2
    async with shop.sessions() as session:
        policy = await find_policy(session)
    assert policy is not None
    assert policy.targets_for("urgent", "top") == {"first_reply": 600}
    headers = await shop.cookie(shop.mona)
    page = await (await client.get("/console/sla", headers=headers)).text()
    assert "Mona" in page
    assert "15 → 10 min" in page
    await post(client, shop, act="off")
    async with shop.sessions() as session:
        assert await find_policy(session) is None


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"urgent-top-first_reply": "0"}, "zero or less"),
        ({"urgent-top-first_reply": "-5"}, "zero or less"),
        ({"urgent-top-first_reply": "soon"}, "not a whole number"),
        ({"urgent-top-first_reply": "99999999999"}, "not a whole number"),
        ({"urgent-top-first_reply": "٣"}, "not a whole number"),
        ({"urgent-top-first_reply": ""}, "no target at all"),
        ({"tier-top": "x"}, "not an amount"),
        ({"tier-top": "500"}, "more than a valued one"),
    ],
)
async def test_bad_target_is_refused_with_a_reason(
    client: Any, shop: Shop, fields: dict[str, str], told: str
) -> None:
    for act in ("on", "try"):
        response = await post(client, shop, act=act, **(GOOD | fields))
        assert response.status == 400
        page = await response.text()
        assert told in page
        value = next(iter(fields.values()))
        assert f'value="{value}"' in page
    assert await shop.count(SlaPolicy) == 0


async def test_trying_a_policy_switches_nothing_on(client: Any, shop: Shop) -> None:
    await shop.add_ticket(
        priority="urgent", status="resolved", opened_at=NOW - timedelta(hours=3),
        resolved_at=NOW - timedelta(hours=1),
    )  # fmt: skip
    form = TIERS | {"urgent-standard-resolution": "1"}
    response = await post(client, shop, act="try", **form)
    assert response.status == 200
    assert "0% kept (0 of 1)" in await response.text()
    assert await shop.count(SlaPolicy) == 0


async def test_policy_is_for_managers(client: Any, shop: Shop) -> None:
    for who in (shop.carol, shop.rita):
        assert (await post(client, shop, who, act="on", **GOOD)).status == 403
        headers = await shop.cookie(who)
        assert (await client.get("/console/sla", headers=headers)).status == 403
    assert await shop.count(SlaPolicy) == 0


async def test_conversation_shows_its_clocks(client: Any, shop: Shop) -> None:
    await switch_on(shop, first_reply=60, resolution=600)
    conversation = await shop.add_conversation(
        shop.alice, mode="waiting", waiting_since=NOW
    )
    await look(shop, 1)
    clock = (await clocks(shop))["first_reply"]
    assert clock.due_at == after(60)
    headers = await shop.cookie(shop.carol)
    path = f"/console/conversations/{conversation.id}"

    async def read(query: str = "?part=1") -> str:
        return str(await (await client.get(path + query, headers=headers)).text())

    for query in ("", "?part=1"):
        page = await read(query)
        assert page.index("First reply due in") < page.index("Resolution due in")
        assert f'datetime="{after(60).isoformat()}"' in page
    assert "首次回复：剩余" in await read("?part=1&lang=zh")
    async with shop.sessions.begin() as session:
        row = await session.merge(clock)
        row.due_at = utc_now() - timedelta(minutes=3)
    assert "First reply overdue by 3 minutes" in await read("?part=1&lang=en")
    async with shop.sessions.begin() as session:
        row = await session.merge(clock)
        row.due_at, row.warn_at = None, None
    assert "First reply paused: waiting for the customer" in await read()
    async with shop.sessions.begin() as session:
        for row in await session.scalars(select(SlaClock)):
            row.outcome, row.ended_at = "met", utc_now()
    assert 'class="due' not in await read()


async def test_part_of_a_ticket_shows_its_clocks(client: Any, shop: Shop) -> None:
    await switch_on(shop, first_reply=60, resolution=600)
    ticket = await add_ticket(shop)
    await look(shop, 1)
    path = f"/console/tickets/{ticket.number}/state?part=1"
    page = await (await client.get(path, headers=await shop.cookie(shop.carol))).text()
    assert page.index("First reply due in") < page.index("Resolution due in")
    assert f'datetime="{after(60).isoformat()}"' in page
    assert "<html" not in page
    answer = await client.get(path, headers=await shop.cookie(shop.rita))
    assert answer.status == 403
    answer = await client.get(path, allow_redirects=False)
    assert answer.status == 303
    path = "/console/tickets/T-000000/state"
    answer = await client.get(path, headers=await shop.cookie(shop.carol))
    assert answer.status == 404


async def test_page_is_woken_when_its_clocks_change(shop: Shop) -> None:
    await switch_on(shop)
    conversation = await shop.add_conversation(
        shop.alice, mode="waiting", waiting_since=NOW
    )
    wakeups = Wakeups()
    sessions = make_sessions(shop.sessions.kw["bind"])
    sessions.configure(info={"wakeups": wakeups})
    seen = Seen()
    with wakeups.subscribe(conversation.id) as woken:
        await check(sessions, HOURS, seen, now=after(1))
        assert woken.is_set()
        woken.clear()
        # Nothing happened; neither does it look again, nor with a fresh memory.
        await check(sessions, HOURS, seen, now=after(2))
        await check(sessions, HOURS, Seen(), now=after(2))
        assert not woken.is_set()


async def test_lists_show_what_is_due(client: Any, shop: Shop) -> None:
    await switch_on(shop, first_reply=600)
    ticket = await add_ticket(shop)
    await look(shop, 1)
    headers = await shop.cookie(shop.carol)
    for path in ("/console/tickets?sla=running", f"/console/tickets/{ticket.number}"):
        page = await (await client.get(path, headers=headers)).text()
        assert "First reply due in" in page
    page = await (
        await client.get("/console/tickets?sla=overdue", headers=headers)
    ).text()
    assert ticket.number not in page
