"""The sales pages: who sees what, forms that work and refuse, files and pictures."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crm_backend.jobs.sales_forecast import forecast_weekly_sales
from crm_backend.models import Campaign, CampaignMember, Opportunity, SalesTask
from tests.crm_backend.test_staff_pages import read

PAGES = [
    "/sales",
    "/sales/pipeline",
    "/sales/pipeline?view=board",
    "/sales/pipeline.csv",
    "/sales/tasks",
    "/sales/leaderboard",
    "/sales/leaderboard.csv",
    "/sales/forecast",
    "/sales/forecast.csv",
    "/sales/campaigns",
    "/sales/campaigns.csv",
    "/sales/report",
    "/sales/report?period=month",
    "/sales/report.csv",
    "/sales/report.pdf",
]
PICTURES = [
    f"/sales/charts/{name}.svg"
    for name in ("leaderboard", "forecast", "campaign", "report")
]


async def post(client: Any, path: str, form: dict[str, str], **options: Any) -> Any:
    return await client.post(path, data=form, allow_redirects=False, **options)


async def fill(shop: Any, sessions: Any, tmp_path: Any) -> None:
    """Give the shop something to show on each page."""
    for ago in range(14):
        at = datetime.now(UTC) - timedelta(weeks=ago, days=3)
        await shop.add_order(shop.alice, ordered_at=at)
    await shop.add_opportunity(shop.alice, shop.rita, title="Lamps & more")
    await shop.add_opportunity(
        shop.alice, shop.rita, stage="won", closed_at=datetime.now(UTC)
    )
    today = datetime.now(UTC).date()
    campaign = await shop.save(
        Campaign(
            number="M-100001",
            name="Spring <offer>",
            starts_on=today - timedelta(20),
            ends_on=today - timedelta(10),
            audience="All",
            cost_cents=100,
            currency="EUR",
        )
    )
    for nth, group in enumerate(["treated", "control"] * 10):
        customer = await shop.add_customer(name=f"Member {nth}")
        await shop.save(
            CampaignMember(
                campaign_id=campaign.id, customer_id=customer.id, group=group
            )
        )
    await forecast_weekly_sales(sessions, tmp_path, as_of=datetime.now(UTC))


async def test_pages_are_for_those_who_sell(client: Any, shop: Any) -> None:
    for path in PAGES + PICTURES:
        response = await client.get(path, allow_redirects=False)
        assert response.headers["Location"].startswith("/sign-in?next=")
        carol = await shop.cookie(shop.carol)
        assert (await client.get(path, headers=carol)).status == 403


async def test_empty_shop_says_so_on_each_page(client: Any, shop: Any) -> None:
    headers = await shop.cookie(shop.rita)
    for path in PAGES:
        response = await client.get(path, headers=headers)
        assert response.status == 200, path
    page = await read(client, "/sales/pipeline", headers=headers)
    assert "No open opportunities" in page
    assert "No forecast yet" in await read(client, "/sales/forecast", headers=headers)
    for path in PICTURES:
        assert (await client.get(path, headers=headers)).status == 404


async def test_full_pages_have_charts_tables_and_files(
    client: Any, shop: Any, sessions: Any, tmp_path: Any
) -> None:
    await fill(shop, sessions, tmp_path)
    headers = await shop.cookie(shop.rita)
    for path in PAGES:
        assert (await client.get(path, headers=headers)).status == 200, path
    for name in ("pipeline", "leaderboard", "forecast", "campaigns", "report"):
        page = await read(client, f"/sales/{name}", headers=headers)
        assert 'role="img"' in page
        assert 'class="chart-table"' in page
        assert f"/sales/{name}.csv" in page
    assert "Spring &lt;offer&gt;" in await read(
        client, "/sales/campaigns", headers=headers
    )
    for path in PICTURES:
        response = await client.get(path, headers=headers)
        assert response.content_type == "image/svg+xml"
    page = await read(client, "/sales/pipeline?lang=zh", headers=headers)
    assert "各阶段商机金额" in page


async def test_rep_adds_moves_and_changes_an_opportunity(
    client: Any, shop: Any
) -> None:
    headers = await shop.cookie(shop.rita)
    form = {
        "title": "A hundred kettles",
        "customer": "c-100001",
        "value": "1,250.50",
        "currency": "EUR",
        "expected_close_on": "2027-01-31",
    }
    response = await post(client, "/sales/pipeline", form, headers=headers)
    assert response.status == 303
    place = response.headers["Location"]
    added = await shop.load(Opportunity, title="A hundred kettles")
    assert place == f"/sales/pipeline/{added.number}"
    assert (added.value_cents, added.stage) == (125_050, "lead")
    move = {"stage": "proposal", "back": "/sales/pipeline?view=board"}
    response = await post(client, place, move, headers=headers)
    assert response.headers["Location"] == "/sales/pipeline?view=board"
    change = {"all": "1", "title": "Kettles", "stage": "proposal", "value": ""}
    await post(client, place, change, headers=headers)
    changed = await shop.load(Opportunity, id=added.id)
    assert (changed.stage, changed.title) == ("proposal", "Kettles")
    assert changed.value_cents is changed.expected_close_on is None
    page = await read(client, place, headers=headers)
    assert page.index("Lead") < page.rindex("Proposal")


@pytest.mark.parametrize(
    "wrong",
    [{"customer": "C-999999"}, {"value": "much"}, {"value": "-5"}, {"title": ""}],
)
async def test_wrong_entry_keeps_the_words(
    client: Any, shop: Any, wrong: dict[str, str]
) -> None:
    headers = await shop.cookie(shop.rita)
    form = {"title": "Kettles", "customer": "C-100001", "currency": "EUR"} | wrong
    response = await post(client, "/sales/pipeline", form, headers=headers)
    assert response.status == 400
    page = await response.text()
    assert "That was not saved" in page
    assert f'value="{form["customer"]}"' in page
    assert await shop.count(Opportunity) == 0


async def test_somebody_elses_work_is_not_there(client: Any, shop: Any) -> None:
    ron = await shop.add_staff("ron", "rep")
    his = await shop.add_opportunity(shop.alice, ron, title="His secret deal")
    task = await shop.add_task(ron)
    headers = await shop.cookie(shop.rita)
    for path in ("/sales/pipeline", "/sales/pipeline.csv", "/sales/tasks"):
        assert "His secret" not in await read(client, path, headers=headers)
    place = f"/sales/pipeline/{his.number}"
    assert (await client.get(place, headers=headers)).status == 404
    form = {"stage": "lost"}
    assert (await post(client, place, form, headers=headers)).status == 404
    place = f"/sales/tasks/{task.number}"
    assert (
        await post(client, place, {"is_done": "true"}, headers=headers)
    ).status == 404
    manager = await shop.cookie(shop.mona)
    assert "His secret" in await read(client, "/sales/pipeline", headers=manager)


async def test_forms_of_other_sites_change_nothing(client: Any, shop: Any) -> None:
    mine = await shop.add_opportunity(shop.alice, shop.rita)
    task = await shop.add_task(shop.rita)
    headers = await shop.cookie(shop.rita) | {"Origin": "https://evil.example"}
    for path, form in (
        ("/sales/pipeline", {"title": "x", "customer": "C-100001", "currency": "EUR"}),
        (f"/sales/pipeline/{mine.number}", {"stage": "lost"}),
        ("/sales/tasks", {"title": "x"}),
        (f"/sales/tasks/{task.number}", {"is_done": "true"}),
    ):
        assert (await post(client, path, form, headers=headers)).status == 403
    assert (await shop.load(Opportunity, id=mine.id)).stage == "lead"
    assert (await shop.load(SalesTask, id=task.id)).done_at is None


async def test_no_form_leads_to_another_site(client: Any, shop: Any) -> None:
    task = await shop.add_task(shop.rita)
    headers = await shop.cookie(shop.rita)
    for back in ("https://evil.example/sales", "//evil.example/sales", "/console"):
        form = {"is_done": "true", "back": back}
        response = await post(
            client, f"/sales/tasks/{task.number}", form, headers=headers
        )
        assert response.headers["Location"] == "/sales/tasks"


async def test_task_is_added_and_done(client: Any, shop: Any) -> None:
    headers = await shop.cookie(shop.rita)
    form = {"title": "Call Alice", "customer": "C-100001", "due_on": "2020-01-01"}
    assert (await post(client, "/sales/tasks", form, headers=headers)).status == 303
    page = await read(client, "/sales/tasks", headers=headers)
    assert "Call Alice" in page
    assert "overdue" in page
    task = await shop.load(SalesTask, title="Call Alice")
    place = f"/sales/tasks/{task.number}"
    await post(client, place, {"is_done": "true"}, headers=headers)
    page = await read(client, "/sales/tasks", headers=headers)
    assert "Nothing to do" in page
    assert "Not done: Call Alice" in page


@pytest.mark.parametrize(
    "path",
    [
        "/sales/pipeline?view=x",
        "/sales/leaderboard?month=soon",
        "/sales/leaderboard?month=2999-01",
        "/sales/report?period=year",
        "/sales/report?day=2999-01-01",
        "/sales/report?day=0001-01-01",
        "/sales/pipeline/O-999999",
    ],
)
async def test_addresses_that_lead_nowhere(client: Any, shop: Any, path: str) -> None:
    assert (await client.get(path, headers=await shop.cookie(shop.rita))).status == 404


async def test_report_file_has_what_was_sold(client: Any, shop: Any) -> None:
    monday = date(2026, 3, 2)
    await shop.add_order(
        shop.alice, ordered_at=datetime(2026, 3, 4, tzinfo=UTC), quantity=3
    )
    headers = await shop.cookie(shop.rita)
    path = f"/sales/report.csv?period=week&day={monday}"
    text = (await read(client, path, headers=headers)).removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert ["sales", "EUR", "revenue", "75.0", "0.0"] in [[*r.values()] for r in rows]
    assert sum(float(r["value"]) for r in rows if r["section"] == "day") == 75
    response = await client.get(path.replace(".csv", ".pdf"), headers=headers)
    assert (await response.read()).startswith(b"%PDF-")
