"""The charts of the sales pages, each with the table that says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crm_backend.catalogue import say
from crm_backend.charts.specs import Bar, BarChart, Chart, LineChart, Point
from crm_backend.models import SalesForecast
from crm_backend.services.campaigns import CampaignResult
from crm_backend.services.leaderboard import Leaderboard
from crm_backend.services.opportunities import OPEN_STAGES
from crm_backend.services.period_report import PeriodReport
from crm_backend.services.pipeline import Pipeline
from crm_backend.web import formats

# What came before the forecast, as far as a chart of it stays readable.
SHOWN_WEEKS = 20


@dataclass(frozen=True)
class ChartTable:
    """A chart and its numbers, in a language."""

    chart: Chart
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def stage_name(stage: str, language: str) -> str:
    """Return what a stage is called."""
    return say(f"page_stage_{stage}", language)


def period_name(from_on: date, to_on: date, language: str) -> str:
    """Write a period, both days included."""
    return say(
        "page_sales_period",
        language,
        from_on=formats.day(from_on, language),
        to_on=formats.day(to_on, language),
    )


def forecast_chart(row: SalesForecast, language: str) -> ChartTable:
    """Draw the last weeks and those to come with their range."""
    known_name = say("page_forecast_known", language)
    expected_name = say("page_forecast_expected", language)
    known = row.known[-SHOWN_WEEKS:]
    points = [
        Point(date.fromisoformat(week["week_on"]), week["cents"] / 100, known_name)
        for week in known
    ]
    points += [
        Point(
            date.fromisoformat(week["week_on"]),
            week["cents"] / 100,
            expected_name,
            week["low_cents"] / 100,
            week["high_cents"] / 100,
        )
        for week in row.weeks
    ]

    def money(cents: int) -> str:
        return formats.whole_money(cents, row.currency, language)

    first = row.weeks[0]
    chart = LineChart(
        title=say("page_forecast_chart", language, currency=row.currency),
        summary=say(
            "page_forecast_summary",
            language,
            expected=money(first["cents"]),
            low=money(first["low_cents"]),
            high=money(first["high_cents"]),
            last=money(known[-1]["cents"]),
        ),
        language=language,
        y_title=row.currency,
        points=points,
    )
    columns = [
        say(f"page_forecast_{name}", language)
        for name in ("week", "known", "expected", "low", "high")
    ]
    rows = [
        [formats.day(date.fromisoformat(w["week_on"]), language), money(w["cents"])]
        + ["", "", ""]
        for w in known
    ]
    rows += [
        [formats.day(date.fromisoformat(w["week_on"]), language), ""]
        + [money(w[name]) for name in ("cents", "low_cents", "high_cents")]
        for w in row.weeks
    ]
    return ChartTable(chart, columns, rows)


def pipeline_chart(pipeline: Pipeline, currency: str, language: str) -> ChartTable:
    """Draw what stands at each stage in one currency."""

    def money(cents: int) -> str:
        return formats.whole_money(cents, currency, language)

    worths = {stage: pipeline.by_stage.get((stage, currency)) for stage in OPEN_STAGES}
    bars = [
        Bar(
            stage_name(stage, language),
            worth.value_cents / 100 if worth else 0.0,
            money(worth.value_cents if worth else 0),
        )
        for stage, worth in worths.items()
    ]
    total = next(one for one in pipeline.total if one.currency == currency)
    chart = BarChart(
        title=say("page_pipeline_chart", language, currency=currency),
        summary=say(
            "page_pipeline_summary",
            language,
            n=total.n,
            value=money(total.value_cents),
            weighted=money(total.weighted_cents),
        ),
        language=language,
        bars=bars,
    )
    names = ("stage", "n", "value", "weighted", "without_value")
    rows = [
        [
            stage_name(stage, language),
            str(worth.n if worth else 0),
            money(worth.value_cents if worth else 0),
            money(worth.weighted_cents if worth else 0),
            str(worth.n_without_value if worth else 0),
        ]
        for stage, worth in worths.items()
    ]
    columns = [say(f"page_pipeline_{name}", language) for name in names]
    return ChartTable(chart, columns, rows)


def leaderboard_chart(board: Leaderboard, own_id: int, language: str) -> ChartTable:
    """Draw who won how much; one's own bar stands out."""

    def money(cents: int | None) -> str:
        if cents is None:
            return "–"
        return formats.whole_money(cents, board.currency, language)

    def share(value: float | None) -> str:
        return "–" if value is None else formats.percent(value, language)

    best = board.sellers[0] if board.sellers else None
    chart = BarChart(
        title=say("page_board_chart", language, currency=board.currency),
        summary=say(
            "page_board_summary",
            language,
            name=best.name if best else "–",
            won=money(best.won_cents if best else None),
            period=period_name(board.from_on, board.to_on, language),
        ),
        language=language,
        bars=[
            Bar(one.name, one.won_cents / 100, money(one.won_cents),
                one.staff_id == own_id)
            for one in board.sellers
        ],
    )  # fmt: skip
    names = ("name", "rank", "won", "target", "attainment", "n_won", "rate", "before")
    rows = [
        [
            one.name,
            str(one.rank),
            money(one.won_cents),
            money(one.target_cents),
            share(one.attainment),
            str(one.n_won),
            share(one.win_rate),
            money(one.previous_won_cents),
        ]
        for one in board.sellers
    ]
    columns = [say(f"page_board_{name}", language) for name in names]
    return ChartTable(chart, columns, rows)


def campaign_chart(result: CampaignResult, language: str) -> ChartTable:
    """Draw the shares of buyers of both groups."""
    uplift, currency = result.uplift, result.campaign.currency
    groups = {"treated": uplift.treated, "control": uplift.control}
    chart = BarChart(
        title=say("page_campaign_chart", language, name=result.campaign.name),
        summary=say(
            "page_campaign_summary",
            language,
            treated=formats.percent(uplift.treated.share_buyers, language),
            control=formats.percent(uplift.control.share_buyers, language),
        ),
        language=language,
        values="percent",
        bars=[
            Bar(
                say(f"page_campaign_{name}", language),
                group.share_buyers,
                formats.percent(group.share_buyers, language),
                name == "control",
            )
            for name, group in groups.items()
        ],
    )
    rows = [
        [
            say(f"page_campaign_{name}", language),
            str(group.n),
            str(group.n_buyers),
            formats.percent(group.share_buyers, language),
            formats.money(group.revenue_cents, currency, language),
            formats.money(round(group.mean_cents), currency, language),
        ]
        for name, group in groups.items()
    ]
    names = ("group", "n", "n_buyers", "share", "revenue", "mean")
    columns = [say(f"page_campaign_{name}", language) for name in names]
    return ChartTable(chart, columns, rows)


def report_chart(report: PeriodReport, currency: str, language: str) -> ChartTable:
    """Draw each day's revenue, and that of as many days before."""
    now_name = say("page_report_now", language)
    before_name = say("page_report_before", language)
    days = report.days[currency]
    points = [Point(one.day, one.cents / 100, now_name) for one in days]
    points += [
        Point(one.day, (one.previous_cents or 0) / 100, before_name) for one in days
    ]

    def money(cents: int | None) -> str:
        return formats.whole_money(cents or 0, currency, language)

    best = max(days, key=lambda one: one.cents)
    chart = LineChart(
        title=say("page_report_chart", language, currency=currency),
        summary=say(
            "page_report_summary",
            language,
            best=formats.day(best.day, language),
            cents=money(best.cents),
        ),
        language=language,
        y_title=currency,
        points=points,
    )
    rows = [
        [formats.day(one.day, language), money(one.cents), money(one.previous_cents)]
        for one in days
    ]
    return ChartTable(
        chart, [say("page_report_day", language), now_name, before_name], rows
    )
