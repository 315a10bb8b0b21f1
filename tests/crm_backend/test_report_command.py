"""The report of a week or a month from the command line, and what is in it."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from crm_backend.cli import app
from crm_backend.report_files import csv_rows, write_pdf
from crm_backend.services.period_report import last_full, report_period
from tests.crm_backend.shop import Shop

# A Wednesday.
NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


async def make(sessions, period="week", day=None):
    async with sessions() as session:
        return await report_period(session, UTC_ZONE, period, day, now=NOW)


def at(day: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


def test_last_full_week_and_month():
    assert last_full("week", date(2026, 11, 18)) == date(2026, 11, 9)
    assert last_full("week", date(2026, 11, 16)) == date(2026, 11, 9)
    assert last_full("month", date(2026, 1, 31)) == date(2025, 12, 1)


async def test_week_has_sales_deals_customers_and_products(shop: Shop, sessions):
    await shop.add_order(shop.alice, ordered_at=at(9), quantity=2)
    await shop.add_order(shop.bob, ordered_at=at(15), quantity=1)
    await shop.add_order(shop.bob, ordered_at=at(16), quantity=4)
    await shop.add_order(shop.bob, ordered_at=at(3), quantity=3)
    await shop.add_customer(joined_at=at(10))
    await shop.add_opportunity(
        shop.alice, shop.rita, stage="won", closed_at=at(11), created_at=at(9)
    )
    await shop.add_opportunity(
        shop.alice, shop.rita, stage="lost", closed_at=at(12), created_at=at(1)
    )
    report = await make(sessions)
    (euro,) = report.sales.items
    assert (euro.current.revenue_cents, euro.previous.revenue_cents) == (7_500, 7_500)
    days = report.days["EUR"]
    assert [one.cents for one in days] == [5_000, 0, 0, 0, 0, 0, 2_500]
    assert [one.previous_cents for one in days] == [0, 7_500, 0, 0, 0, 0, 0]
    (deals,) = report.deals
    assert (deals.won_cents, deals.n_won, deals.n_lost) == (10_000, 1, 1)
    assert (report.n_opened, report.n_new_customers, report.is_over) == (1, 1, True)
    (kettle,) = report.products
    assert (kettle.n_sold, kettle.cents, kettle.name_in("zh")) == (3, 7_500, "水壶")
    assert ("sales", "EUR", "revenue", 75.0, 75.0) in list(csv_rows(report))


async def test_period_that_runs_ends_today(shop: Shop, sessions):
    report = await make(sessions, "month", date(2026, 11, 30))
    assert (report.sales.to_on, report.is_over) == (date(2026, 11, 18), False)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_pdf_is_a_document_in_both_languages(shop, sessions, language):
    await shop.add_order(shop.alice, ordered_at=at(9))
    kettle = await shop.add_product(name='Pan <&> "大锅"', sku="PAN")
    await shop.add_order(shop.alice, ordered_at=at(10), product=kettle, currency="CNY")
    pdf = write_pdf(await make(sessions), language)
    assert pdf.startswith(b"%PDF-")
    assert b"STSong-Light" in pdf
    assert pdf.rstrip().endswith(b"%%EOF")
    empty = write_pdf(await make(sessions, "week", date(2025, 1, 1)), language)
    assert empty.startswith(b"%PDF-")


@pytest.fixture
def command(sqlite_template: Path, tmp_path: Path, monkeypatch):
    """Run the command on an empty shop."""
    path = tmp_path / "shop.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    return lambda *words: CliRunner().invoke(app, ["report", *map(str, words)])


def test_command_writes_both_files(command, tmp_path: Path):
    pdf, csv = tmp_path / "out.pdf", tmp_path / "out.csv"
    done = command("--month", "--pdf", pdf, "--csv", csv, "--day", "2026-02-10")
    assert done.exit_code == 0, done.output
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert "period,,month,2026-02-01,2026-02-28" in csv.read_text("utf-8")


def test_command_refuses_what_makes_no_sense(command, tmp_path: Path):
    assert command("--week", "--month").exit_code == 2
    assert command("--day", "tomorrow").exit_code == 2
    done = command("--day", "2999-01-01")
    assert done.exception.code == "period_ahead"
    done = command("--pdf", tmp_path / "no" / "out.pdf")
    assert "cannot be written" in str(done.exception)
