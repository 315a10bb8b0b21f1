"""Mapping files: foreign headings and habits; one file that feeds several tables."""

import pytest

from crm_backend.imports.faults import ImportFault
from crm_backend.imports.mapping import read_mapping
from crm_backend.imports.running import import_files

TILL_LINES = """\
Bon;Kunde;Artikel;Gruppe;Menge;Betrag;Zeit
900;K7;Tee;;2;9,00;01.03.2024 12:00
900;K7;Tasse;Haushalt;1;1.009,50;01.03.2024 12:00
901;K8;Tee;;1;4,50;02.03.2024 09:30
902;K8;Tee;;0;4,50;02.03.2024 09:30
903;;Tee;;1;4,50;03.03.2024 09:30
"""
TILL_MAPPING = """\
decimal: ","
currency: EUR
time_zone: Europe/Berlin
customers:
  from: till.csv
  distinct: true
  columns: {number: Kunde}
  constants: {name: "Customer {Kunde}", country: DE}
products:
  from: till.csv
  distinct: true
  columns: {sku: Artikel, name: Artikel, category: [Gruppe, Artikel]}
orders:
  from: till.csv
  distinct: true
  columns: {number: Bon, customer: Kunde, ordered_at: Zeit}
  constants: {status: delivered}
  date_format: "%d.%m.%Y %H:%M"
order_lines:
  from: till.csv
  columns: {order: Bon, sku: Artikel, quantity: Menge, total: Betrag}
"""


@pytest.fixture
def till(importer):
    """An importer that has imported one file of till lines."""
    importer.write("till.csv", TILL_LINES)
    return importer, importer.run(TILL_MAPPING)


def test_one_file_feeds_four_tables(till):
    importer, reports = till
    assert importer.query("SELECT number, name, country FROM customers ORDER BY 1") == [
        ("K7", "Customer K7", "DE"),
        ("K8", "Customer K8", "DE"),
    ]
    assert importer.query(
        "SELECT sku, category, price_cents FROM products ORDER BY 1"
    ) == [("Tasse", "Haushalt", 100950), ("Tee", "Tee", 450)]
    assert importer.query("SELECT number, total_cents FROM orders ORDER BY 1") == [
        ("900", 101850),
        ("901", 450),
        ("902", 0),
    ]
    assert importer.counts()["order_lines"] == 3
    for report in reports.values():
        assert report.n_read == 5


def test_till_lines_are_accounted_for_in_every_table(till):
    importer, reports = till
    rejections = {(r["table"], r["line"], r["reason"]) for r in importer.rejections()}
    assert rejections == {
        ("customers", "6", "missing_value"),
        ("orders", "6", "missing_value"),
        ("order_lines", "5", "too_small"),
        ("order_lines", "6", "unknown_order"),
    }
    assert reports["orders"].n_repeats == 1
    assert reports["customers"].n_repeats == 2


def test_repeat_that_contradicts_the_first_row_is_noted(importer):
    importer.write("till.csv", TILL_LINES + "900;K8;Tee;;1;4,50;01.03.2024 12:00\n")
    reports = importer.run(TILL_MAPPING)
    assert reports["orders"].notes["differs_from_first"] == 1
    assert reports["customers"].notes["differs_from_first"] == 0


def test_local_times_become_utc(till):
    importer, _ = till
    (at,) = importer.query("SELECT ordered_at FROM orders WHERE number = '900'")[0]
    assert str(at).startswith("2024-03-01 11:00:00")


def test_till_lines_can_be_imported_again(till):
    importer, _ = till
    reports = importer.run(TILL_MAPPING)
    assert [(r.n_inserted, r.n_updated) for r in reports.values()] == [(0, 0)] * 4


def test_all_rows_about_a_bad_order_are_rejected(importer):
    importer.write(
        "till.csv", TILL_LINES.replace("01.03.2024 12:00", "2024-03-01 12:00")
    )
    importer.run(TILL_MAPPING)
    bad = [r["line"] for r in importer.rejections() if r["reason"] == "bad_date"]
    assert bad == ["2", "3"]


def test_foreign_words_are_translated(importer_with_shop):
    mapping = """\
orders:
  columns: {number: Nr, customer: Kunde, status: Stand, ordered_at: Datum, total: Summe}
  values: {status: {Bezahlt: paid, NO: cancelled}}
  constants: {currency: EUR}
  missing: ["?"]
"""
    orders = (
        "Nr,Kunde,Stand,Datum,Summe\n"
        "B1,C-1,bezahlt,2024-01-01,1\n"
        "B2,C-1,NO,2024-01-01,?\n"
        "B3,C-1,offen,2024-01-01,1\n"
    )
    importer_with_shop.run(mapping, orders=orders)
    statuses = importer_with_shop.query(
        "SELECT number, status FROM orders WHERE number LIKE 'B%' ORDER BY 1"
    )
    assert statuses == [("B1", "paid"), ("B2", "cancelled")]
    assert importer_with_shop.reasons() == {4: "unknown_value"}


def test_bad_contacts_can_be_emptied_instead_of_rejected(importer):
    report = importer.run(
        "customers: {empty_if_bad: [email, phone], phone_region: DE}",
        customers="number,name,email,phone\n"
        "C-1,Alice,none,n.a.\nC-2,Bob,b@example.com,030 901820\n",
    )["customers"]
    assert importer.query("SELECT email, phone FROM customers ORDER BY number") == [
        (None, None),
        ("b@example.com", "+4930901820"),
    ]
    assert report.repairs["email: emptied"] == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("orders: {columns: {nummer: Nr}}", "orders.columns names 'nummer'"),
        ("orders: {colums: {number: Nr}}", "orders.colums is not a known setting"),
        ("shipments: {}", "shipments is not a known setting"),
        ("decimal: ;", "decimal: Input should be"),
        ("orders: [", "is not valid YAML"),
        ("orders: {empty_if_bad: [status]}", "'status', because it is required"),
    ],
)
def test_bad_mapping_is_refused_in_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "m.yml"
    path.write_text(content)
    with pytest.raises(ImportFault, match=sentence):
        read_mapping(path)


@pytest.mark.parametrize(
    ("mapping", "headings", "sentence"),
    [
        ("", "number,city", "no column 'name', which customers need"),
        ("customers: {columns: {name: Full}}", "number", "no column 'Full'"),
        ("customers: {constants: {name: '{Full}'}}", "number", "no column 'Full'"),
    ],
)
def test_missing_column_is_named_with_its_file(importer, mapping, headings, sentence):
    with pytest.raises(ImportFault, match=sentence) as caught:
        importer.run(mapping, customers=f"{headings}\n")
    assert "customers.csv" in str(caught.value)


def test_orders_without_a_currency_are_told_where_to_say_it(importer):
    with pytest.raises(ImportFault, match="`currency` at its top"):
        importer.run(orders="number,customer,status,ordered_at\n")


def test_unknown_time_zone_is_refused(importer, shop_files):
    with pytest.raises(ImportFault, match="'Mars' is not a time zone"):
        importer.run("time_zone: Mars", customers=shop_files["customers"])


def test_no_file_at_all_is_refused(importer):
    with pytest.raises(ImportFault, match="no file was named"):
        import_files({}, None, importer.rejected)
