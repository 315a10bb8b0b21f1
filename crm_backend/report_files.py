"""The report of a week or a month as files: CSV, and PDF to print.

The PDF uses fonts that every reader has: Helvetica, and for Han characters
STSong-Light, which is named in the file and not carried along. Amounts have the
currency's code, because neither font has every sign.
"""

import io
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from crm_backend.catalogue import say
from crm_backend.services.period_report import DaySales, PeriodReport
from crm_backend.services.sales import CurrencySales

LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}
HAN_FONT = "STSong-Light"
# The first character of the Han blocks; all after it are the Han font's.
FIRST_HAN = "\u2e80"
GREEN, GREY, LINE = "#14532d", "#5b635e", "#d8dcd6"
# Of A4, within margins of 18 mm.
WIDTH = 481
CSV_COLUMNS = ("section", "currency", "name", "value", "previous")


def csv_rows(report: PeriodReport) -> Iterator[Sequence[object]]:
    """Return all figures of a report, one a row; money in whole units."""
    sales = report.sales
    yield "period", "", report.period, sales.from_on, sales.to_on
    yield "previous", "", report.period, sales.previous_from_on, sales.previous_to_on
    for item in sales.items:
        now, before = item.current, item.previous
        yield (
            *("sales", item.currency, "revenue"),
            *(now.revenue_cents / 100, before.revenue_cents / 100),
        )
        yield "sales", item.currency, "orders", now.n_orders, before.n_orders
        for one in report.days[item.currency]:
            before_cents = (one.previous_cents or 0) / 100
            yield "day", item.currency, one.day, one.cents / 100, before_cents
    yield (
        *("customers", "", "new"),
        *(report.n_new_customers, report.n_new_customers_before),
    )
    yield "opportunities", "", "opened", report.n_opened, None
    for deals in report.deals:
        yield "opportunities", deals.currency, "won", deals.won_cents / 100, None
        yield "opportunities", deals.currency, "n_won", deals.n_won, None
        yield "opportunities", deals.currency, "n_lost", deals.n_lost, None
    for product in report.products:
        yield "product", product.currency, product.name, product.cents / 100, None


def write_pdf(report: PeriodReport, language: str) -> bytes:
    """Return a report as a PDF of one or two pages."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.platypus import SimpleDocTemplate

    registerFont(UnicodeCIDFont(HAN_FONT))
    out = io.BytesIO()
    words = _Words(report, language)
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=words.title,
        author=words.say("page_product_name"),
        lang=language,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        invariant=True,
    )
    document.build(list(_story(words)))
    return out.getvalue()


class _Words:
    """A report in words of a language."""

    def __init__(self, report: PeriodReport, language: str) -> None:
        self.report = report
        self.language = language
        self.locale = LOCALES[language]

    def say(self, key: str, **values: object) -> str:
        return say(key, self.language, **values)

    @property
    def title(self) -> str:
        return self.say(f"page_report_title_{self.report.period}")

    def money(self, cents: int | None, currency: str) -> str:
        if cents is None:
            return "–"
        amount = format_decimal(cents / 100, format="#,##0.00", locale=self.locale)
        return f"{currency} {amount}"

    def day(self, day: Any) -> str:
        return str(format_date(day, "medium", locale=self.locale))

    def change(self, share: float | None) -> str:
        if share is None:
            return "–"
        return str(format_percent(share, "+#,##0%;-#,##0%", locale=self.locale))

    def text(self, text: str, size: int = 10, colour: str = "#1c211e") -> Any:
        """Return a paragraph whose Han characters have their font."""
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        style = ParagraphStyle(
            "text",
            fontName=HAN_FONT if self.language == "zh" else "Helvetica",
            fontSize=size,
            leading=size * 1.4,
            textColor=colour,
            wordWrap="CJK" if self.language == "zh" else None,
        )
        return Paragraph(_marked(text), style)


def _marked(text: str) -> str:
    """Escape a text and put its Han characters into their font."""
    parts: list[str] = []
    is_han = False
    for character in text:
        if (character >= FIRST_HAN) != is_han:
            parts.append("</font>" if is_han else f'<font name="{HAN_FONT}">')
            is_han = not is_han
        parts.append(escape(character))
    return "".join(parts) + ("</font>" if is_han else "")


def _story(words: _Words) -> Iterator[Any]:
    from reportlab.platypus import Spacer

    report, sales = words.report, words.report.sales
    yield words.text(words.title, 20, GREEN)
    yield words.text(
        words.say(
            "page_sales_period",
            from_on=words.day(sales.from_on),
            to_on=words.day(sales.to_on),
        ),
        12,
    )
    if not report.is_over:
        yield words.text(words.say("page_report_running"), 10, GREY)
    yield Spacer(1, 12)
    if not sales.items:
        yield words.text(words.say("page_report_no_sales"))
    for item in sales.items:
        yield from _sales_parts(words, item)
    yield from _other_parts(words)
    yield Spacer(1, 12)
    yield words.text(
        words.say(
            "page_report_basis",
            from_on=words.day(sales.previous_from_on),
            to_on=words.day(sales.previous_to_on),
        ),
        9,
        GREY,
    )


def _sales_parts(words: _Words, item: CurrencySales) -> Iterator[Any]:
    from reportlab.platypus import Spacer

    now, before, currency = item.current, item.previous, item.currency
    yield _table(
        words,
        words.say("page_report_sales", currency=currency),
        ["", words.say("page_report_now"), words.say("page_report_before"), "±"],
        [
            [
                words.say("page_report_revenue"),
                words.money(now.revenue_cents, currency),
                words.money(before.revenue_cents, currency),
                words.change(item.revenue_change),
            ],
            [
                words.say("page_report_orders"),
                str(now.n_orders),
                str(before.n_orders),
                words.change(_change(now.n_orders, before.n_orders)),
            ],
            [
                words.say("page_report_mean"),
                words.money(now.mean_order_cents, currency),
                words.money(before.mean_order_cents, currency),
                words.change(_change(now.mean_order_cents, before.mean_order_cents)),
            ],
        ],
    )
    yield Spacer(1, 8)
    yield _bars(words.report.days[currency])
    yield Spacer(1, 12)


def _other_parts(words: _Words) -> Iterator[Any]:
    from reportlab.platypus import Spacer

    report = words.report
    rows = [
        [
            words.say("page_report_new_customers"),
            str(report.n_new_customers),
            words.say("page_report_as_before", n=report.n_new_customers_before),
        ],
        [words.say("page_report_opened"), str(report.n_opened), ""],
    ]
    for deals in report.deals:
        won = words.money(deals.won_cents, deals.currency)
        closed = words.say("page_report_closed", won=deals.n_won, lost=deals.n_lost)
        rows.append([words.say("page_report_won"), won, closed])
    yield _table(words, words.say("page_report_work"), ["", "", ""], rows)
    if not report.products:
        return
    yield Spacer(1, 12)
    yield _table(
        words,
        words.say("page_report_products"),
        ["", words.say("page_report_sold"), words.say("page_report_revenue")],
        [
            [
                product.name_in(words.language),
                str(product.n_sold),
                words.money(product.cents, product.currency),
            ]
            for product in report.products
        ],
    )


def _change(now: int | None, before: int | None) -> float | None:
    return now / before - 1 if now is not None and before else None


def _table(
    words: _Words, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]
) -> Any:
    from reportlab.platypus import KeepTogether, Table, TableStyle

    cells = [[words.text(cell) for cell in row] for row in rows]
    if any(heads):
        cells.insert(0, [words.text(head, 9, GREY) for head in heads])
    widths = [WIDTH * 0.4] + [WIDTH * 0.6 / (len(heads) - 1)] * (len(heads) - 1)
    table = Table(cells, colWidths=widths)
    style = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
    ]
    table.setStyle(TableStyle(style))
    return KeepTogether([words.text(title, 13, GREEN), table])


def _bars(days: Sequence[DaySales]) -> Any:
    """Draw each day's revenue."""
    from reportlab.graphics.charts.barcharts import VerticalBarChart
    from reportlab.graphics.shapes import Drawing
    from reportlab.lib.colors import HexColor

    drawing, chart = Drawing(WIDTH, 110), VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 50, 18, WIDTH - 60, 86
    chart.data = [[one.cents / 100 for one in days]]
    chart.bars[0].fillColor = HexColor(GREEN)
    chart.bars[0].strokeColor = None
    chart.valueAxis.valueMin = 0
    chart.valueAxis.labelTextFormat = "%0.0f"
    chart.valueAxis.labels.fontSize = 8
    chart.valueAxis.strokeColor = HexColor(LINE)
    chart.categoryAxis.categoryNames = [str(one.day.day) for one in days]
    chart.categoryAxis.labels.fontSize = 8
    chart.categoryAxis.strokeColor = HexColor(LINE)
    drawing.add(chart)
    return drawing
