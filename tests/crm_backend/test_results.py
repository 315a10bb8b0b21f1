"""The numbers count what happened, say of how many, and how sure they are."""

import csv
import io
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from crm_backend.learning.matters import judge_matters
from crm_backend.models import Handoff, Matter, utc_now
from crm_backend.services import results
from crm_backend.services.intervals import Share, make_shares
from crm_backend.services.results import Period
from crm_backend.web.result_tables import sla_table, with_intervals

PATH = "/console/numbers"


def period(days: int = 30) -> Period:
    now = utc_now()
    return Period(now - timedelta(days=days), now + timedelta(minutes=1))


async def add_matter(shop: Any, **values: Any) -> Matter:
    talk = await shop.add_conversation(values.pop("customer", None))
    message = await shop.add_message(talk, 1, "hello")
    began_at = values.pop("began_at", utc_now() - timedelta(days=5))
    values = {
        "intent": "track_order",
        "language": "en",
        "n_messages": 1,
        "outcome": "contained",
        "is_confirmed": False,
        "is_verified": None,
        "is_reopened": False,
        "ended_at": began_at,
    } | values
    return await shop.save(
        Matter(
            message_id=message.id,
            conversation_id=talk.id,
            began_at=began_at,
            **values,
        )
    )


async def add_handoff(shop: Any, **seconds: float) -> Handoff:
    talk = await shop.add_conversation(mode="closed")
    asked = utc_now() - timedelta(days=2)
    moments = {
        f"{name}_at": asked + timedelta(seconds=value)
        for name, value in seconds.items()
    }
    return await shop.save(
        Handoff(
            conversation_id=talk.id,
            reason="customer_asked",
            requested_at=asked,
            staff_id=shop.carol.id if "taken" in seconds else None,
            **moments,
        )
    )


async def test_matters_are_counted_by_intent_and_language(
    shop: Any, session: Any
) -> None:
    await add_matter(shop, is_confirmed=True, is_reopened=True)
    await add_matter(shop, outcome="abandoned", is_confirmed=True)
    await add_matter(shop, outcome="handed_off", handoff_reason="upset")
    await add_matter(shop, language="zh", intent="cancel_order", is_verified=True)
    await add_matter(
        shop, language="zh", intent="cancel_order", is_verified=False, is_reopened=None
    )
    await add_matter(shop, began_at=utc_now() - timedelta(days=50))
    found = await results.count_bot_results(session, period())
    track, cancel = found
    assert (track.intent, track.n, track.n_contained) == ("track_order", 3, 1)
    assert (track.n_confirmed, track.n_reopened) == (1, 1)
    assert (track.n_abandoned, track.n_handed_off) == (1, 1)
    assert (cancel.n_verifiable, cancel.n_verified, cancel.n_settled) == (2, 1, 1)
    everything = results.total(found)
    assert (everything.n, everything.n_contained) == (5, 3)
    assert results.total(found, "zh").n == 2


async def test_waits_have_median_and_ninth_decile(shop: Any, session: Any) -> None:
    for wait in (10, 20, 30, 40, 50, 60, 70, 80, 90, 1_000):
        await add_handoff(shop, taken=wait, replied=wait + 5, ended=wait + 100)
    await add_handoff(shop)
    waits = await results.measure_waits(session, period())
    assert (waits.n, waits.n_taken) == (11, 10)
    assert waits.wait.n == 10
    assert waits.wait.median_seconds == pytest.approx(50, abs=0.01)
    assert waits.wait.p90_seconds == pytest.approx(90, abs=0.01)
    assert waits.handling.median_seconds == pytest.approx(100, abs=0.01)
    [carol] = await results.measure_agents(session, period())
    assert carol.n_taken == 10


async def test_no_hand_off_has_no_wait(session: Any) -> None:
    waits = await results.measure_waits(session, period())
    assert (waits.n, waits.wait.n, waits.wait.median_seconds) == (0, 0, None)


async def test_satisfaction_counts_those_who_did_not_answer(
    shop: Any, session: Any
) -> None:
    for score in (5, 4, 2, None):
        await shop.add_conversation(rating_asked_at=utc_now(), rating_score=score)
    [found] = await results.measure_satisfaction(session, period())
    assert (found.n_asked, found.n_answered, found.n_satisfied) == (4, 3, 2)
    assert found.mean_score == pytest.approx(11 / 3)


def test_interval_is_wilsons() -> None:
    half, none, nothing = make_shares([(5, 10), (0, 10), (0, 0)])
    assert (half.low, half.high) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert none.low == 0
    assert none.high == pytest.approx(0.2775, abs=1e-4)
    assert nothing.value is None


async def test_conversations_are_judged_with_what_the_records_say(
    shop: Any, sessions: Any
) -> None:
    now = utc_now()
    talk = await shop.add_conversation(
        shop.alice,
        created_at=now - timedelta(hours=100),
        last_message_at=now - timedelta(hours=99),
        rating_score=5,
    )
    began = now - timedelta(hours=99)
    understood = {"intent": "cancel_order"}
    await shop.add_message(talk, 1, "cancel", understood=understood, created_at=began)
    await shop.add_message(talk, 2, "Done", sender="bot", created_at=began)
    await shop.add_order(shop.alice, cancelled_at=began + timedelta(minutes=1))
    again = await shop.add_conversation(shop.alice, last_message_at=now)
    later = began + timedelta(hours=3)
    await shop.add_message(again, 1, "cancel", understood=understood, created_at=later)
    going_on = utc_now() + timedelta(hours=1)
    assert await judge_matters(sessions, now=now, report=lambda text: None) == 1
    await judge_matters(sessions, now=going_on, report=lambda text: None)
    first = await shop.load(Matter, conversation_id=talk.id)
    assert (first.outcome, first.is_confirmed, first.is_verified) == (
        "contained",
        True,
        True,
    )
    assert first.is_reopened is True
    assert await shop.count(Matter) == 2


def test_promises_that_are_late_already_count_as_not_kept() -> None:
    kept = SimpleNamespace(name="Carol", kind="reply", n_ended=8, n_met=7, n_overdue=2)
    [table] = with_intervals([sla_table([kept])])
    [[name, _, n, share]] = table.rows
    assert (name, n) == ("Carol", 10)
    assert isinstance(share, Share)
    assert (share.k, share.value) == (7, 0.7)


async def test_page_shows_counts_intervals_and_definitions(
    client: Any, shop: Any
) -> None:
    for _ in range(3):
        await add_matter(shop, is_confirmed=True)
    await add_handoff(shop, taken=30, replied=40, ended=300)
    headers = await shop.cookie(shop.mona)
    page = await (await client.get(f"{PATH}?days=30", headers=headers)).text()
    for shown in ("3 of 3, 44% to 100%", "30 seconds", "Until an agent took over"):
        assert shown in page
    assert "What the numbers mean" in page
    assert "<svg" in page
    chinese = await (await client.get(f"{PATH}?lang=zh", headers=headers)).text()
    assert "助手处理结果" in chinese


async def test_table_is_a_file_with_counts(client: Any, shop: Any) -> None:
    await add_matter(shop, is_confirmed=True)
    headers = await shop.cookie(shop.mona)
    response = await client.get(f"{PATH}/bot.csv?days=7", headers=headers)
    text = (await response.text()).lstrip("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    row = next(row for row in rows if row["Intent"] == "track_order")
    assert (row["Contained"], row["Contained of"]) == ("1", "1")
    assert float(row["Contained from"]) == pytest.approx(0.2065, abs=1e-3)


async def test_numbers_are_for_managers(client: Any, shop: Any) -> None:
    for who, status in ((shop.carol, 403), (shop.rita, 403), (shop.mona, 200)):
        headers = await shop.cookie(who)
        assert (await client.get(PATH, headers=headers)).status == status
        response = await client.get(f"{PATH}/waits.csv", headers=headers)
        assert response.status == status


@pytest.mark.parametrize("query", ["days=0", "days=31", "days=x", "days=-7"])
async def test_other_periods_do_not_exist(client: Any, shop: Any, query: str) -> None:
    headers = await shop.cookie(shop.mona)
    assert (await client.get(f"{PATH}?{query}", headers=headers)).status == 404
