"""The page that shows how clean the records are that predictors learn from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from crm_backend.authentication import page_language
from crm_backend.catalogue import say
from crm_backend.db import reading
from crm_backend.keys import SESSIONS
from crm_backend.services.cleaning import CleaningReport, find_report
from crm_backend.web import formats
from crm_backend.web.access import require_reader
from crm_backend.web.charts import csv_response
from crm_backend.web.rendering import render

# PostgreSQL does not keep the order of what is in a JSON object.
TABLES = ("orders", "customers", "products", "visits", "tickets")
COLUMNS = ("table", "figure", "n", "share", "change", "done")


# What is done with impossible values, by table and rule, where they are not used as
# they are. When a customer joined is no feature, so nobody is left out for that.
DONE = {
    ("orders", "future"): "done_future",
    ("visits", "future"): "done_future",
    ("tickets", "future"): "done_future",
    ("orders", "negative_total"): "done_left_out",
    ("orders", "unknown_currency"): "done_currency",
}


@dataclass(frozen=True)
class Line:
    """One figure of a table.

    Attributes:
        label: what was counted.
        n: how many rows.
        share: of the rows that were asked; None of the number of rows itself.
        share_text: the same in words.
        change: since the report before; None if that has no such figure.
        done: what is done with them.
        is_wrong: whether there should be none and there are.
    """

    label: str
    n: int
    share: float | None
    share_text: str
    change: int | None
    done: str
    is_wrong: bool


@dataclass(frozen=True)
class Table:
    """The report on one table."""

    name: str
    label: str
    lines: list[Line]


async def show_cleaning(request: web.Request) -> web.Response:
    """Show the newest report, or that of a predictor."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        report = await find_report(session, request.query.get("version"))
    return render(
        "sales_cleaning.html",
        request,
        staff=staff,
        report=report,
        tables=read_tables(report, language) if report else [],
    )


async def download_cleaning(request: web.Request) -> web.Response:
    """Answer with the report as a file; numbers stay numbers."""
    language = page_language(request)
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        report = await find_report(session, request.query.get("version"))
    rows = [
        (table.label, line.label, line.n, line.share, line.change, line.done)
        for table in (read_tables(report, language) if report else [])
        for line in table.lines
    ]
    heads = [say(f"page_cleaning_{name}", language) for name in COLUMNS]
    return csv_response("cleaning.csv", heads, rows)


def read_tables(report: CleaningReport, language: str) -> list[Table]:
    """Put a report into words."""
    return [
        Table(
            name,
            say(f"page_cleaning_table_{name}", language),
            list(_lines(name, report.tables[name], language)),
        )
        for name in TABLES
        if name in report.tables
    ]


def _lines(name: str, table: Mapping[str, Any], language: str) -> Iterator[Line]:
    n_rows = table["n_rows"]

    def line(
        key: str,
        label: str,
        n: int,
        *,
        of: int | None = n_rows,
        done: str = "",
        is_wrong: bool = False,
    ) -> Line:
        share = None if of is None else n / of if of else 0.0
        return Line(
            label=label,
            n=n,
            share=share,
            share_text="" if share is None else _share(share, language),
            change=table["change"].get(key),
            done=done,
            is_wrong=is_wrong and n > 0,
        )

    def words(key: str, **values: object) -> str:
        return say(f"page_cleaning_{key}", language, **values)

    yield line("n_rows", words("rows"), n_rows, of=None)
    yield line(
        "n_duplicates",
        words("duplicates"),
        table["n_duplicates"],
        done=words("done_kept"),
        is_wrong=True,
    )
    for one in table["missing"]:
        yield line(
            f"missing {one['column']}",
            words("missing", column=words(f"column_{one['column']}")),
            one["n"],
            of=one["n_asked"],
            done=words(f"filled_{one['filled']}"),
        )
    for one in table["outliers"]:
        yield line(
            f"outliers {one['column']}",
            words("outliers", column=words(f"column_{one['column']}")),
            one["n"],
            of=one["n_known"],
            done=_bounds(one, language),
        )
    for one in table["impossible"]:
        yield line(
            f"impossible {one['rule']}",
            words(f"rule_{one['rule']}"),
            one["n"],
            done=words(DONE.get((name, one["rule"]), "done_kept")),
            is_wrong=True,
        )


def _bounds(one: Mapping[str, Any], language: str) -> str:
    """Say beyond what a value is an outlier."""
    if one["low"] is None:
        return say("page_cleaning_no_spread", language)
    scale = 100 if one["column"].endswith("_cents") else 1
    return say(
        "page_cleaning_bounds",
        language,
        low=formats.short(one["low"] / scale, language),
        high=formats.short(one["high"] / scale, language),
    )


def _share(share: float, language: str) -> str:
    # A few among many are not none.
    if 0 < share < 0.01:
        return "< " + formats.percent(0.01, language)
    return formats.percent(share, language)
