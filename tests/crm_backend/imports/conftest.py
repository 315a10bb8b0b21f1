"""A small shop in CSV files, and a way to import it."""

import asyncio
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from crm_backend.db import make_engine
from crm_backend.imports.report import TableReport
from crm_backend.imports.running import import_files

CUSTOMERS = """\
number,name,email,phone,language,city,country,joined_at,consent_marketing
C-1,Alice Example,alice@example.com,+49 30 901820,en,Berlin,DE,2024-01-02,yes
C-2,Bob Example,bob@example.com,,zh,,,2024-02-03T10:00:00+01:00,no
"""
PRODUCTS = """\
sku,name,category,price,currency,in_stock
TEA-1,Green tea,Tea,4.50,EUR,12
CUP-1,Cup,Kitchen,9,EUR,3
"""
ORDERS = """\
number,customer,status,ordered_at,currency,shipping,delivered_at,ship_city
A1,C-1,delivered,2024-03-01 12:00:00,EUR,2.00,2024-03-04,Berlin
A2,C-2,paid,2024-03-05 12:00:00,EUR,0,,
"""
ORDER_LINES = """\
order,line_number,sku,quantity,unit_price
A1,1,TEA-1,2,4.50
A1,2,CUP-1,1,9.00
A2,1,TEA-1,1,4.50
"""
RETURNS = """\
number,order,status,reason,items,requested_at
R-1,A1,requested,Cracked,CUP-1:1,2024-03-06
"""
VISITS = """\
visit,customer,sku,page,source,visited_at,duration_seconds
v1,C-1,TEA-1,/tea,mail,2024-02-28 08:00:00,40
v2,,,/,search,2024-02-28 09:00:00,
"""
TICKETS = """\
number,customer,order,subject,description,category,status,priority,opened_at
T-1,C-1,A1,Broken cup,"It broke.
It really did.",complaint,open,high,2024-03-05
"""
SHOP = {
    "customers": CUSTOMERS,
    "products": PRODUCTS,
    "orders": ORDERS,
    "order_lines": ORDER_LINES,
    "returns": RETURNS,
    "visits": VISITS,
    "tickets": TICKETS,
}


class Importer:
    """Imports texts or files into the test's database, and looks what is there."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.rejected = folder / "rejected.csv"
        self._database_url = database_url

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file into the test's folder."""
        path = self.folder / name
        raw = content.encode() if isinstance(content, str) else content
        path.write_bytes(raw)
        return path

    def run(
        self,
        mapping: str | None = None,
        *,
        dry_run: bool = False,
        **tables: str | bytes,
    ) -> dict[str, TableReport]:
        """Import the texts of some tables."""
        files = {n: self.write(f"{n}.csv", content) for n, content in tables.items()}
        mapping_file = self.write("mapping.yml", mapping) if mapping else None
        reports = import_files(files, mapping_file, self.rejected, dry_run=dry_run)
        return {report.table: report for report in reports}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Read from the database."""

        async def read() -> Sequence[Any]:
            engine = make_engine(self._database_url)
            try:
                async with engine.connect() as connection:
                    return (await connection.execute(text(sql))).all()
            finally:
                await engine.dispose()

        return [tuple(row) for row in asyncio.run(read())]

    def counts(self) -> dict[str, int]:
        """Count the rows of the seven tables."""
        return {name: self.query(f"SELECT count(*) FROM {name}")[0][0] for name in SHOP}

    def rejections(self) -> list[dict[str, str]]:
        """Read the file of rejected rows."""
        with self.rejected.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def reasons(self) -> dict[int, str]:
        """Return the reason for each rejected line."""
        return {int(row["line"]): row["reason"] for row in self.rejections()}


@pytest.fixture
def shop_files() -> dict[str, str]:
    """The seven files of a small shop, by table."""
    return dict(SHOP)


@pytest.fixture
def importer(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Importer:
    """Import into a fresh database with all tables."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    folder = tmp_path / "import"
    folder.mkdir()
    return Importer(folder, database_url)


@pytest.fixture
def importer_with_shop(importer: Importer, shop_files: dict[str, str]) -> Importer:
    """An importer that has imported the small shop."""
    importer.run(**shop_files)
    return importer
