"""Tasks of colleagues, and the board of what they won."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from crm_backend.errors import Invalid
from crm_backend.models import SalesTarget, SalesTask
from crm_backend.services.leaderboard import rank_sellers, set_target
from tests.crm_backend.shop import Shop, refusal
from tests.crm_backend.test_opportunities import call

TASKS = "/api/v1/sales/tasks"
BOARD = "/api/v1/sales/leaderboard"
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


async def test_task_is_added_done_and_undone(client, shop: Shop):
    mine = await shop.add_opportunity(shop.alice, shop.rita)
    headers = await shop.headers(shop.rita)
    body = {"title": "Send the offer", "opportunity": mine.number}
    status, task = await call(client, "POST", TASKS, headers, body)
    assert status == 201
    assert (task["staff"], task["customer_name"]) == ("Rita", "Alice Adler")
    path = f"{TASKS}/{task['number']}"
    _, done = await call(client, "PATCH", path, headers, {"is_done": True})
    assert done["done_at"] is not None
    _, again = await call(client, "PATCH", path, headers, {"is_done": True})
    assert again == done
    _, undone = await call(client, "PATCH", path, headers, {"is_done": False})
    assert undone["done_at"] is None


async def test_most_urgent_task_comes_first(client, shop: Shop):
    await shop.add_task(shop.rita, title="someday")
    await shop.add_task(shop.rita, title="soon", due_on=date(2199, 1, 1))
    await shop.add_task(shop.rita, title="late", due_on=date(2020, 1, 1))
    await shop.add_task(shop.rita, title="done", done_at=NOW)
    headers = await shop.headers(shop.rita)
    _, found = await call(client, "GET", TASKS, headers)
    assert [task["title"] for task in found["items"]] == ["late", "soon", "someday"]
    assert found["n_overdue"] == 1
    _, found = await call(client, "GET", f"{TASKS}?is_done=true", headers)
    assert [task["title"] for task in found["items"]] == ["done"]


async def test_tasks_are_ones_own_and_managers_see_all(client, shop: Shop):
    ron = await shop.add_staff("ron", "rep")
    his = await shop.add_task(ron)
    headers = await shop.headers(shop.rita)
    _, found = await call(client, "GET", TASKS, headers)
    assert found["items"] == []
    response = await client.patch(
        f"{TASKS}/{his.number}", json={"is_done": True}, headers=headers
    )
    assert await refusal(response) == (404, "task_not_found")
    headers = await shop.headers(shop.mona)
    _, found = await call(client, "GET", TASKS, headers)
    assert len(found["items"]) == 1
    _, found = await call(client, "GET", f"{TASKS}?only_own=true", headers)
    assert found["items"] == []


async def test_task_about_what_one_may_not_see_is_refused(client, shop: Shop):
    ron = await shop.add_staff("ron", "rep")
    his = await shop.add_opportunity(shop.alice, ron)
    headers = await shop.headers(shop.rita)
    body = {"title": "Spy", "opportunity": his.number}
    response = await client.post(TASKS, json=body, headers=headers)
    assert await refusal(response) == (404, "opportunity_not_found")
    mine = await shop.add_opportunity(shop.alice, shop.rita)
    body = {"title": "x", "opportunity": mine.number, "customer": shop.bob.number}
    response = await client.post(TASKS, json=body, headers=headers)
    assert await refusal(response) == (400, "invalid_request")
    assert await shop.count(SalesTask) == 0


async def win(shop: Shop, owner, cents, at, stage="won", currency="EUR"):
    await shop.add_opportunity(
        shop.alice, owner, stage=stage, value_cents=cents, currency=currency,
        closed_at=at,
    )  # fmt: skip


async def rank(sessions, month=None):
    async with sessions() as session:
        return await rank_sellers(session, BERLIN, month, now=NOW)


async def test_sellers_are_ranked_by_what_they_won_this_month(shop: Shop, sessions):
    ron = await shop.add_staff("ron", "rep")
    await win(shop, ron, 5_000, datetime(2026, 11, 2, tzinfo=UTC))
    await win(shop, ron, 3_000, datetime(2026, 11, 9, tzinfo=UTC), stage="lost")
    await win(shop, shop.rita, 5_000, datetime(2026, 11, 3, tzinfo=UTC))
    await win(shop, shop.rita, 2_000, datetime(2026, 10, 5, tzinfo=UTC))
    await win(shop, shop.rita, 9_000, datetime(2026, 10, 25, tzinfo=UTC))
    async with sessions.begin() as session:
        await set_target(session, ron.email, date(2026, 11, 9), "EUR", 4_000)
        await set_target(session, ron.email, date(2026, 11, 1), "EUR", 10_000)
    (board,) = await rank(sessions)
    rita, his = board.sellers
    assert (rita.name, rita.rank, his.name, his.rank) == ("Rita", 1, "Ron", 1)
    assert (his.attainment, his.win_rate, his.n_closed) == (0.5, 0.5, 2)
    assert (rita.attainment, rita.win_rate) == (None, 1.0)
    # The same eighteen days of October.
    assert rita.previous_won_cents == 2_000
    assert (board.previous_from_on, board.previous_to_on) == (
        date(2026, 10, 1),
        date(2026, 10, 18),
    )
    assert await shop.count(SalesTarget) == 1
    (october,) = await rank(sessions, date(2026, 10, 7))
    assert october.sellers[0].won_cents == 11_000
    assert october.to_on == date(2026, 10, 31)


async def test_currencies_have_boards_of_their_own(shop: Shop, sessions):
    at = datetime(2026, 11, 2, tzinfo=UTC)
    await win(shop, shop.rita, 5_000, at)
    await win(shop, shop.rita, 900, at, currency="USD")
    await win(shop, shop.rita, None, at, currency="USD")
    boards = await rank(sessions)
    assert [(b.currency, b.sellers[0].won_cents) for b in boards] == [
        ("EUR", 5_000),
        ("USD", 900),
    ]
    assert [board.n_without_value for board in boards] == [0, 1]


async def test_month_is_that_of_the_shop(shop: Shop, sessions):
    # Half past eleven in London is December in Berlin.
    await win(shop, shop.rita, 5_000, datetime(2026, 10, 31, 23, 30, tzinfo=UTC))
    (board,) = await rank(sessions)
    assert board.sellers[0].won_cents == 5_000


async def test_month_ahead_has_no_board(sessions, shop: Shop):
    with pytest.raises(Invalid) as refused:
        await rank(sessions, date(2026, 12, 1))
    assert refused.value.code == "period_ahead"


async def test_board_is_for_those_who_sell_and_targets_for_managers(client, shop: Shop):
    await win(shop, shop.rita, 5_000, shop.now)
    for who in (shop.alice, None, shop.carol):
        response = await client.get(BOARD, headers=await shop.headers(who))
        assert await refusal(response) == (403, "forbidden")
    _, found = await call(client, "GET", BOARD, await shop.headers(shop.rita))
    assert [line["is_me"] for line in found["items"][0]["sellers"]] == [True]
    body = {
        "owner": shop.rita.email,
        "month_on": shop.now.date().isoformat(),
        "currency": "EUR",
        "target_cents": 10_000,
    }
    url = "/api/v1/sales/targets"
    response = await client.put(url, json=body, headers=await shop.headers(shop.rita))
    assert await refusal(response) == (403, "forbidden")
    headers = await shop.headers(shop.mona)
    assert (await call(client, "PUT", url, headers, body))[0] == 200
    _, found = await call(client, "GET", BOARD, headers)
    assert found["items"][0]["sellers"][0]["attainment"] == 0.5
    response = await client.put(
        url, json=body | {"owner": shop.carol.email}, headers=headers
    )
    assert await refusal(response) == (400, "unknown_owner")
