"""The report of a week or a month: page, PDF, CSV and picture."""

import asyncio
from datetime import date, timedelta
from typing import cast

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import page_language
from crm_backend.db import reading
from crm_backend.errors import Invalid
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import utc_now
from crm_backend.report_files import CSV_COLUMNS, csv_rows, write_pdf
from crm_backend.services.period_report import (
    Period,
    PeriodReport,
    days_of,
    report_period,
)
from crm_backend.web.access import require_reader
from crm_backend.web.charts import csv_response, picture_response
from crm_backend.web.rendering import render
from crm_backend.web.sales_charts import report_chart
from crm_backend.web.sales_figures import draw_all, read_day

DAY = timedelta(days=1)


async def show_report(request: web.Request) -> web.Response:
    """Show what was sold, won and new."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        report = await _report(request, session)
    language = page_language(request)
    tables = [
        report_chart(report, item.currency, language) for item in report.sales.items
    ]
    address = f"period={report.period}&day={report.sales.from_on.isoformat()}"
    first, last = days_of(report.period, report.sales.from_on)
    today = utc_now().astimezone(request.app[CONFIG].shop_time_zone).date()
    return render(
        "sales_report.html",
        request,
        staff=staff,
        report=report,
        figures=await draw_all(request, tables, f"{request.path}.csv?{address}"),
        address=address,
        earlier=first - DAY,
        later=last + DAY if last < today else None,
    )


async def send_csv(request: web.Request) -> web.Response:
    """Send the report as a table."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        report = await _report(request, session)
    name = f"sales-{report.sales.from_on}-{report.sales.to_on}.csv"
    return csv_response(name, CSV_COLUMNS, csv_rows(report))


async def send_pdf(request: web.Request) -> web.Response:
    """Send the report as a document to print."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        report = await _report(request, session)
    language = page_language(request)
    body = await asyncio.to_thread(write_pdf, report, language)
    name = f"sales-{report.sales.from_on}-{report.sales.to_on}.pdf"
    return web.Response(
        body=body,
        content_type="application/pdf",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )


async def draw_report(request: web.Request) -> web.Response:
    """Send the report of the largest currency as a picture, for a chat."""
    async with reading(request.app[SESSIONS]) as session:
        await require_reader(request, session, "sales")
        report = await _report(request, session)
    if not report.sales.items:
        raise web.HTTPNotFound
    currency = report.sales.items[0].currency
    table = report_chart(report, currency, page_language(request))
    return await picture_response(request, table.chart)


async def _report(request: web.Request, session: AsyncSession) -> PeriodReport:
    period = request.query.get("period", "week")
    if period not in ("week", "month"):
        raise web.HTTPNotFound
    day: date | None = read_day(request, "day")
    zone = request.app[CONFIG].shop_time_zone
    try:
        return await report_period(session, zone, cast(Period, period), day)
    except (Invalid, OverflowError) as err:
        raise web.HTTPNotFound from err
