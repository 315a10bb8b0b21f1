"""Damaged files: every bad line is reported with its number, every good one stored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

TOMORROW_WEEK = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()


@dataclass
class Line:
    """A line of a damaged file; good ones have no reason."""

    text: str
    reason: str | None = None
    says: str = ""


HEADINGS = {
    "customers": "number,name,email,phone,country,joined_at,consent_marketing",
    "products": "sku,name,category,price,currency,in_stock",
    "orders": "number,customer,status,ordered_at,"
    "currency,total,shipped_at,delivered_at",
    "order_lines": "order,line_number,sku,quantity,unit_price,discount",
    "returns": "number,order,status,reason,items,requested_at",
    "visits": "visit,customer,sku,page,visited_at,duration_seconds",
    "tickets": "number,customer,subject,description,category,status,"
    "opened_at,resolved_at",
}
DAMAGE = {
    "customers": [
        Line("C-1,Alice,alice@example.com,+49 30 901820,DE,2024-01-01,yes"),
        Line(
            "C-1,Alice,alice@example.com,+49 30 901820,DE,2024-01-01,yes",
            "duplicate_row",
            "line 2",
        ),
        Line("C-1,Alice Other,other@example.com,,,,", "duplicate_key", "line 2"),
        Line('C-2,"Bob\nof two lines",bob@example.com,,,,'),
        Line("C-3,,carol@example.com,,,,", "missing_value", "name is empty"),
        Line(",Dora,dora@example.com,,,,", "missing_value", "number is empty"),
        Line("C-4,Eve,eve(at)example.com,,,,", "bad_email", "eve(at)example.com"),
        Line("C-5,Fay,alice@example.com,,,,", "email_taken", "customer C-1"),
        Line("C-6,Gus,,12,,,", "bad_phone", '"12"'),
        Line("C-7,Hal,,,XQ,,", "unknown_country", '"XQ"'),
        Line("C-8,Ida,,,,31.02.2024,", "bad_date", "31.02.2024"),
        Line("C-9,Jim,,,,1899-12-31,", "date_too_early", "1899-12-31"),
        Line(f"C-10,Kim,,,,{TOMORROW_WEEK},", "date_in_future", TOMORROW_WEEK),
        Line("C-11,Lea,,,,,perhaps", "bad_flag", "perhaps"),
        Line(f"C-12,{'x' * 201},,,,,", "too_long", "201 characters"),
        Line("C-13,Max", "wrong_field_count", "2 fields, the headings are 7"),
        Line("C-14,Ned,,,,,,,more", "wrong_field_count", "9 fields"),
        Line('C-15,"Ola,ola@example.com,,,,', "broken_quotes", "quotation mark"),
        Line("C-16,李雷,lilei@example.com,,CN,2024-01-01,是"),
        Line('C-17,"Pia" Pi,,,,,', "broken_quotes", "quotation mark"),
        Line("C-18,Quinn,,,,2024-05-01,no"),
    ],
    "products": [
        Line("TEA,Tea,Drinks,4.50,EUR,3"),
        Line("BAD-1,Tea,Drinks,-4.50,EUR,3", "negative", "price is negative"),
        Line("BAD-2,Tea,Drinks,99999999999,EUR,3", "too_large", "99999999999"),
        Line("BAD-3,Tea,Drinks,four,EUR,3", "bad_number", '"four"'),
        Line("BAD-4,Tea,Drinks,4.50,ABC,3", "unknown_currency", '"ABC"'),
        Line("BAD-5,Tea,Drinks,4.50,EUR,2.5", "not_whole", '"2.5"'),
        Line("CUP,Cup,Kitchen,9,EUR,"),
    ],
    "orders": [
        Line("A1,C-1,delivered,2024-03-01,EUR,10,2024-03-02,2024-03-03"),
        Line(
            "A2,C-1,delivered,2024-03-05,EUR,10,,2024-03-01",
            "before_ordered_at",
            "2024-03-01",
        ),
        Line(
            "A3,C-1,delivered,2024-03-01,EUR,10,2024-03-09,2024-03-02",
            "before_shipped_at",
        ),
        Line("A4,C-99,paid,2024-03-01,EUR,10,,", "unknown_customer", '"C-99"'),
        Line("A5,C-3,paid,2024-03-01,EUR,10,,", "unknown_customer", '"C-3"'),
        Line("A6,C-1,teleported,2024-03-01,EUR,10,,", "unknown_value", "teleported"),
        Line("A7,C-1,paid,,EUR,10,,", "missing_value", "ordered_at"),
        Line(f"{'A' * 41},C-1,paid,2024-03-01,EUR,10,,", "too_long", "41 characters"),
        Line("A8,C-2,paid,2024-03-01T23:00:00Z,EUR,10.00,,"),
    ],
    "order_lines": [
        Line("A1,1,TEA,2,4.50,"),
        Line("A1,2,TEA,0,4.50,", "too_small", '"0"'),
        Line("A1,3,TEA,-1,4.50,", "negative", '"-1"'),
        Line("A1,4,TEA,9000000,4.50,", "too_large", "9000000"),
        Line("A1,5,GONE,1,4.50,", "unknown_product", '"GONE"'),
        Line("A7,1,TEA,1,4.50,", "unknown_order", '"A7"'),
        Line("A1,6,TEA,1,4.50,5.00", "negative", "total comes out negative"),
        Line("A1,7,TEA,1,,", "missing_value", "unit_price and total"),
        Line("A1,1,CUP,1,9,", "duplicate_key", "line 2"),
        Line("A8,1,CUP,1,9,"),
    ],
    "returns": [
        Line("R-1,A1,requested,Cracked,TEA:1,2024-03-10"),
        Line("R-2,A1,requested,Cracked,TEA:1,2024-02-10", "before_order", "2024-02-10"),
        Line("R-3,A1,requested,Cracked,NO:1,2024-03-10", "unknown_product", "NO"),
        Line("R-4,A1,requested,Cracked,TEA:x,2024-03-10", "bad_items", "TEA:x"),
    ],
    "visits": [
        Line("v1,,,/,2024-03-01,10"),
        Line("v2,C-99,,/,2024-03-01,10", "unknown_customer", "C-99"),
        Line("v3,,,/,2024-03-01,90000", "too_large", "90000"),
    ],
    "tickets": [
        Line("T-1,C-1,Help,Please,order,open,2024-03-01,"),
        Line(
            "T-2,C-1,Help,Please,order,resolved,2024-03-01,2024-02-01",
            "before_opened_at",
        ),
        Line(
            "T-3,C-1,Help,Please,weather,open,2024-03-01,", "unknown_value", "weather"
        ),
    ],
}


def damaged_file(table: str) -> tuple[str, dict[int, Line]]:
    """Write the file and number its lines as an editor does."""
    content, by_line, number = HEADINGS[table] + "\n", {}, 2
    for line in DAMAGE[table]:
        content += line.text + "\n"
        by_line[number] = line
        number += line.text.count("\n") + 1
    return content, by_line


@pytest.fixture
def damaged(importer):
    """An importer that has imported all the damage, with its reports."""
    files = {table: damaged_file(table)[0] for table in DAMAGE}
    return importer, importer.run(**files)


def test_every_bad_line_is_reported_with_number_and_reason(damaged):
    importer, _ = damaged
    rejections = importer.rejections()
    for table in DAMAGE:
        expected = {
            number: line
            for number, line in damaged_file(table)[1].items()
            if line.reason
        }
        found = {int(r["line"]): r for r in rejections if r["table"] == table}
        assert found.keys() == expected.keys(), table
        for number, line in expected.items():
            assert found[number]["reason"] == line.reason, line.text
            assert line.says in found[number]["message"]


def test_rejected_lines_keep_their_original_values(damaged):
    importer, _ = damaged
    originals = {
        (r["table"], int(r["line"])): r["original"] for r in importer.rejections()
    }
    for table in DAMAGE:
        for number, line in damaged_file(table)[1].items():
            if line.reason:
                assert originals[table, number] == line.text


def test_every_good_line_is_stored(damaged):
    importer, reports = damaged
    n_good = {
        table: sum(line.reason is None for line in lines)
        for table, lines in DAMAGE.items()
    }
    assert importer.counts() == n_good
    assert {table: r.n_accepted for table, r in reports.items()} == n_good


def test_no_row_is_lost(damaged):
    _, reports = damaged
    for table, report in reports.items():
        assert report.n_read == len(DAMAGE[table])
        parts = (report.n_accepted, report.n_rejected, report.n_duplicates)
        assert sum(parts) == report.n_read


def test_repairs_are_counted(importer):
    report = importer.run(
        products="sku,name,category,price,currency,in_stock\n"
        'A,  Tea ,Drinks,"1,234.50",eur,3\n'
        "B,Gr\x00een\x07 tea,Drinks,€4.5,EUR,3.0\n"
        "C,Cup,Drinks,4.555,EUR,3,,\n"
    )["products"]
    assert dict(report.repairs) == {
        "name: trimmed": 1,
        "name: control_characters": 1,
        "price: number_format": 2,
        "price: rounded_to_cents": 1,
        "currency: upper_case": 1,
        "trailing delimiters removed": 1,
    }
    rows = importer.query("SELECT name, price_cents FROM products ORDER BY sku")
    assert rows == [("Tea", 123450), ("Green tea", 450), ("Cup", 456)]


def test_contacts_are_normalised(importer):
    importer.run(
        customers="number,name,email,phone\n"
        "C-1,Alice,Alice@EXAMPLE.com,+49 (30) 90-1820\n"
    )
    contact = importer.query("SELECT email, phone FROM customers")
    assert contact == [("alice@example.com", "+4930901820")]


def test_missing_share_is_reported_before_and_after(importer):
    report = importer.run(
        customers="number,name,city\nC-1,Alice,\nC-2,,\nC-3,Carol,Bonn\nC-4,Dora,Ulm\n"
    )["customers"].as_json()
    assert report["missing"]["name"] == {"before": 0.25, "after": 0.0}
    assert report["missing"]["city"] == {"before": 0.5, "after": 0.333333}


def test_amounts_that_do_not_add_up_are_noted(importer_with_shop):
    reports = importer_with_shop.run(
        orders="number,customer,status,ordered_at,currency,subtotal,shipping,total\n"
        "A5,C-1,paid,2024-03-01,EUR,10,2,13\n",
        order_lines="order,line_number,sku,quantity,unit_price,total\n"
        "A1,9,TEA-1,3,4.50,20\n",
    )
    assert reports["orders"].notes["total_mismatch"] == 1
    assert reports["order_lines"].notes["total_mismatch"] == 1


def test_stored_e_mail_address_is_not_taken_over(importer_with_shop):
    importer_with_shop.run(customers="number,name,email\nC-9,Eve,ALICE@example.com\n")
    assert importer_with_shop.reasons() == {2: "email_taken"}


def test_unclosed_quotation_swallows_no_other_line(importer):
    importer.run(
        visits="visit,page,visited_at\n"
        'v1,"/open,2024-01-01\n'
        "v2,/b,2024-01-01\n"
        'v3,"/c",2024-01-01\n'
        'v4,/d,"2024-01-01\n'
    )
    assert importer.reasons() == {2: "broken_quotes", 5: "broken_quotes"}
    assert importer.query("SELECT import_key FROM visits ORDER BY 1") == [
        ("v2",),
        ("v3",),
    ]
