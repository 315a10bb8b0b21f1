"""Report on how clean the records are that predictors learn from."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from babel import Locale
from babel.numbers import list_currencies

from crm_backend.analytics.cleaning import counts, make_report
from crm_backend.analytics.cleaning_rules import Present
from crm_backend.cleaning_frames import load_tables
from crm_backend.db import Sessions, reading
from crm_backend.jobs.job import Job, Report, log
from crm_backend.models import Analysis, utc_now
from crm_backend.services.analyses import find_analysis, replace_analysis
from crm_backend.services.cleaning import KIND

# One of the last hour is of the records that are learned from now.
FRESH_FOR = timedelta(hours=1)


async def report_cleaning(
    sessions: Sessions,
    var_dir: Path,
    *,
    as_of: datetime | None = None,
    report: Report = log.info,
) -> Analysis:
    """Report on all tables, and on what has changed since the last report; see Run."""
    now = as_of or utc_now()
    async with reading(sessions) as session:
        tables = await load_tables(session)
        before = await find_analysis(session, KIND)
    present = Present(now, frozenset(list_currencies()), _countries())
    found = await asyncio.to_thread(
        make_report, tables, present, before.card["tables"] if before else None
    )
    card = {
        "tables": found,
        "before_at": before.made_at.isoformat() if before else None,
    }
    async with sessions.begin() as session:
        row = await replace_analysis(session, KIND, now, card)
    n_rows = sum(table["n_rows"] for table in found.values())
    n_odd = sum(_n_odd(table) for table in found.values())
    report(f"Looked at {n_rows:,} rows; {n_odd:,} are duplicates or impossible")
    return row


async def cleaning_card(
    sessions: Sessions, var_dir: Path, *, as_of: datetime | None, report: Report
) -> dict[str, Any]:
    """Return the report to keep with what is trained now; made unless it is fresh."""
    async with reading(sessions) as session:
        row = await find_analysis(session, KIND)
    if row is None or utc_now() - row.made_at > FRESH_FOR:
        row = await report_cleaning(sessions, var_dir, as_of=as_of, report=report)
    return {**row.card, "made_at": row.made_at.isoformat()}


def _n_odd(table: dict[str, Any]) -> int:
    n_by_name = counts(table)
    return sum(
        n
        for name, n in n_by_name.items()
        if name == "n_duplicates" or name.startswith("impossible ")
    )


def _countries() -> frozenset[str]:
    return frozenset(filter(_is_country, map(str, Locale("en").territories)))


def _is_country(code: str) -> bool:
    # The others are continents and groups of countries, such as 150.
    return len(code) == 2


JOBS = (Job("cleaning", "train", "how clean the records are", report_cleaning),)
