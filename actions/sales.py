"""What staff ask about the shop as a whole: what was sold."""

from __future__ import annotations

from typing import Any

from actions.base import CrmAction, Events
from actions.call import Call
from actions.catalogue_records import Sales
from actions.crm_errors import CrmRejected
from actions.formatting import format_change, format_day, format_money

# Longer periods are shown by the month they begin in.
DAYS_OF_A_WEEK = 7


class ActionSalesReport(CrmAction):
    """What was sold on the days that were named, or in the last seven."""

    def name(self) -> str:
        """See parent class."""
        return "action_sales_report"

    async def handle(self, call: Call) -> Events:
        """Say the days, the sums, and those of as many days before."""
        if call.level != "staff":
            call.say("utter_staff_only")
            return []
        try:
            report = await call.crm.report_sales(*named_period(call))
        except CrmRejected as error:
            if error.code != "period_ahead":
                raise
            call.say("utter_period_ahead")
            return []
        days: dict[str, Any] = {
            name: format_day(getattr(report, name), call.language)
            for name in ("from_on", "to_on", "previous_from_on", "previous_to_on")
        }
        if not report.items:
            call.say("utter_no_sales", **days)
        for sales in report.items:
            compares = sales.revenue_change is not None
            call.say(
                "utter_sales_report" if compares else "utter_sales_report_alone",
                **days,
                **_sales_words(call, sales),
            )
        if report.items:
            n_days = (report.to_on - report.from_on).days + 1
            period = "month" if n_days > DAYS_OF_A_WEEK else "week"
            query = f"period={period}&day={report.from_on.isoformat()}"
            call.show({"type": "chart", "of": "report", "query": query})
        return []


def named_period(call: Call) -> tuple[str | None, str | None]:
    """The first period or day of the message."""
    for found in call.entities("period"):
        value = found["value"]
        if isinstance(value, dict) and {"from_on", "to_on"} <= value.keys():
            return str(value["from_on"]), str(value["to_on"])
    day = call.entity("date")
    return day, day


def _sales_words(call: Call, sales: Sales) -> dict[str, Any]:
    def money(cents: int | None) -> str:
        return format_money(cents, sales.currency, call.language)

    return {
        "revenue": money(sales.revenue_cents),
        "previous_revenue": money(sales.previous_revenue_cents),
        "change": format_change(sales.revenue_change or 0.0, call.language),
        "n_orders": sales.n_orders,
        "previous_n_orders": sales.previous_n_orders,
        "mean_order": money(sales.mean_order_cents),
        "previous_mean_order": money(sales.previous_mean_order_cents),
    }
