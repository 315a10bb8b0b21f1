"""What an import leaves in the database, the first time and the next."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from crm_backend.db import make_engine, make_sessions
from crm_backend.models import Customer, Order, Ticket


def test_small_shop_is_stored_completely(importer_with_shop, shop_files):
    counts = importer_with_shop.counts()
    assert counts == {
        "customers": 2,
        "products": 2,
        "orders": 2,
        "order_lines": 3,
        "returns": 1,
        "visits": 2,
        "tickets": 1,
    }
    assert importer_with_shop.rejections() == []


def test_second_import_changes_nothing(importer_with_shop, shop_files, capsys):
    before = {n: importer_with_shop.query(f"SELECT * FROM {n}") for n in shop_files}
    reports = importer_with_shop.run(**shop_files)
    assert [(r.n_inserted, r.n_updated) for r in reports.values()] == [(0, 0)] * 7
    assert "everything is unchanged" in capsys.readouterr().out
    for name, rows in before.items():
        assert importer_with_shop.query(f"SELECT * FROM {name}") == rows


def test_changed_rows_are_updated(importer_with_shop, shop_files):
    orders = shop_files["orders"].replace("A2,C-2,paid", "A2,C-2,packed")
    reports = importer_with_shop.run(orders=orders)
    assert (reports["orders"].n_updated, reports["orders"].n_unchanged) == (1, 1)
    statuses = importer_with_shop.query("SELECT number, status FROM orders ORDER BY 1")
    assert statuses == [("A1", "delivered"), ("A2", "packed")]


def test_columns_not_in_the_file_are_left_alone(importer_with_shop):
    importer_with_shop.run(customers="number,name\nC-1,Alice Renamed\n")
    alice = importer_with_shop.query(
        "SELECT name, email, city FROM customers WHERE number = 'C-1'"
    )
    assert alice == [("Alice Renamed", "alice@example.com", "Berlin")]


def test_consent_changed_in_the_crm_is_kept(
    importer_with_shop, shop_files, database_url
):
    async def withdraw() -> None:
        engine = make_engine(database_url)
        async with make_sessions(engine).begin() as session:
            await session.execute(
                update(Customer)
                .where(Customer.number == "C-1")
                .values(consent_marketing=False, consent_changed_at=datetime.now(UTC))
            )
        await engine.dispose()

    asyncio.run(withdraw())
    importer_with_shop.run(customers=shop_files["customers"])
    consent = "SELECT consent_marketing FROM customers WHERE number = 'C-1'"
    assert [bool(value) for (value,) in importer_with_shop.query(consent)] == [False]


def test_totals_come_from_lines(importer_with_shop):
    amounts = importer_with_shop.query(
        "SELECT number, subtotal_cents, shipping_cents, total_cents FROM orders "
        "ORDER BY number"
    )
    assert amounts == [("A1", 1800, 200, 2000), ("A2", 450, 0, 450)]


def test_totals_follow_lines_that_are_added_later(importer_with_shop, shop_files):
    lines = shop_files["order_lines"] + "A2,2,CUP-1,1,9.00\n"
    importer_with_shop.run(orders=shop_files["orders"], order_lines=lines)
    total = "SELECT total_cents FROM orders WHERE number = 'A2'"
    assert importer_with_shop.query(total) == [(1350,)]


def test_given_totals_are_kept(importer_with_shop):
    importer_with_shop.run(
        orders="number,customer,status,ordered_at,currency,total\n"
        "A9,C-1,paid,2024-04-01,EUR,100\n",
        order_lines="order,line_number,sku,quantity,unit_price\nA9,1,TEA-1,2,4.50\n",
    )
    total = "SELECT subtotal_cents, total_cents FROM orders WHERE number = 'A9'"
    assert importer_with_shop.query(total) == [(10000, 10000)]


def test_delivery_is_stored_as_a_parcel(importer_with_shop):
    parcels = importer_with_shop.query(
        "SELECT s.number, o.number FROM shipments s JOIN orders o ON o.id = s.order_id"
    )
    assert parcels == [("S-A1", "A1")]


def test_customer_without_a_date_joined_at_the_first_order(importer):
    importer.run(
        customers="number,name\nC-1,Alice\n",
        orders="number,customer,status,ordered_at,currency,total\n"
        "A1,C-1,paid,2024-04-01,EUR,1\nA2,C-1,paid,2024-03-01,EUR,1\n",
    )
    (joined_at,) = importer.query("SELECT joined_at FROM customers")[0]
    assert str(joined_at).startswith("2024-03-01 00:00:00")


def test_the_application_reads_imported_rows(importer_with_shop, database_url):
    async def read() -> tuple[Order, Ticket]:
        engine = make_engine(database_url)
        async with make_sessions(engine)() as session:
            order = await session.scalar(select(Order).where(Order.number == "A1"))
            ticket = await session.scalar(select(Ticket))
        await engine.dispose()
        assert order is not None
        assert ticket is not None
        return order, ticket

    order, ticket = asyncio.run(read())
    assert order.ordered_at == datetime(2024, 3, 1, 12, tzinfo=UTC)
    assert order.shipping_address["city"] == "Berlin"
    assert ticket.description == "It broke.\nIt really did."
    assert ticket.transcript == []


def test_dry_run_reports_but_stores_nothing(importer, shop_files, capsys):
    reports = importer.run(dry_run=True, **shop_files)
    assert reports["order_lines"].n_inserted == 3
    assert set(importer.counts().values()) == {0}
    assert "Dry run: 13 rows would be new" in capsys.readouterr().out


def test_lines_without_numbers_are_told_apart_by_occurrence(importer_with_shop):
    lines = (
        "order,sku,quantity,total\nA2,CUP-1,1,9.00\nA2,CUP-1,2,18.00\nA2,CUP-1,1,9.00\n"
    )
    reports = importer_with_shop.run(
        "order_lines: {keep_repeats: true}", order_lines=lines
    )
    assert reports["order_lines"].n_inserted == 3
    again = importer_with_shop.run(
        "order_lines: {keep_repeats: true}", order_lines=lines
    )
    assert again["order_lines"].n_unchanged == 3


def test_visits_without_ids_can_be_imported_again(importer_with_shop):
    visits = "customer,page,visited_at\nC-1,/a,2024-01-01\n,/a,2024-01-01\n"
    assert importer_with_shop.run(visits=visits)["visits"].n_inserted == 2
    assert importer_with_shop.run(visits=visits)["visits"].n_unchanged == 2


@pytest.mark.parametrize("n_rows", [1, 120_000])
def test_rows_of_many_chunks_are_all_stored(importer_with_shop, n_rows):
    rows = "".join(f"v-{i},/p{i % 7},2024-01-01\n" for i in range(n_rows))
    importer_with_shop.run(visits=f"visit,page,visited_at\n{rows}v-0,/x,2024-01-02\n")
    assert importer_with_shop.counts()["visits"] == n_rows + 2
    assert importer_with_shop.reasons() == {n_rows + 2: "duplicate_key"}
