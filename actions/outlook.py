"""What staff ask about the team and the future: ranks, forecasts, campaigns."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from actions.base import CrmAction, Events
from actions.call import Call
from actions.crm_errors import CrmRejected
from actions.formatting import (
    format_change,
    format_day,
    format_money,
    format_points,
    format_share,
)
from actions.sales import named_period
from actions.sales_records import CampaignResult, Difference, Forecast, Leaderboard

MAX_SELLERS = 10
# What is told of campaigns: the last ones.
MAX_CAMPAIGNS = 2
METHODS = {
    "mean": "utter_method_mean",
    "last_year": "utter_method_last_year",
    "smoothing": "utter_method_smoothing",
    "trend": "utter_method_trend",
    "seasons": "utter_method_seasons",
}


class StaffAction(CrmAction):
    """An action whose answer is for staff alone."""

    forbidden_response = "utter_not_allowed"

    async def handle(self, call: Call) -> Events:
        """Refuse customers before anything is asked."""
        if call.level != "staff":
            call.say("utter_staff_only")
            return []
        await self.answer(call)
        return []

    @abstractmethod
    async def answer(self, call: Call) -> None:
        """Answer a colleague."""


class ActionSalesLeaderboard(StaffAction):
    """Who won how much in the month that was named, or in this one."""

    def name(self) -> str:
        """See parent class."""
        return "action_sales_leaderboard"

    async def answer(self, call: Call) -> None:
        """See parent class."""
        month, _ = named_period(call)
        try:
            boards = await call.crm.rank_sellers(month)
        except CrmRejected as error:
            if error.code != "period_ahead":
                raise
            call.say("utter_period_ahead")
            return
        if not boards:
            call.say("utter_no_leaderboard")
            return
        for board in boards:
            call.say("utter_sales_leaderboard", **_board_words(call, board))
        query = f"month={boards[0].from_on:%Y-%m}"
        call.show({"type": "chart", "of": "leaderboard", "query": query})


def _board_words(call: Call, board: Leaderboard) -> dict[str, Any]:
    days = {
        name: format_day(getattr(board, name), call.language)
        for name in ("from_on", "to_on", "previous_from_on", "previous_to_on")
    }
    shown = list(board.sellers[:MAX_SELLERS])
    # Who asks always sees their own place.
    shown += [one for one in board.sellers[MAX_SELLERS:] if one.is_me]
    lines = []
    for one in shown:
        values = {
            "rank": one.rank,
            "name": one.name,
            "won": format_money(one.won_cents, board.currency, call.language),
            "previous": format_money(
                one.previous_won_cents, board.currency, call.language
            ),
            "n_won": one.n_won,
            "attainment": format_share(one.attainment, call.language),
        }
        has_target = one.attainment is not None
        response = "utter_seller_with_target" if has_target else "utter_seller"
        lines.append(call.phrase(response, **values) or "")
    return {**days, "currency": board.currency, "lines": "\n".join(lines)}


class ActionSalesForecast(StaffAction):
    """What the next weeks may sell."""

    def name(self) -> str:
        """See parent class."""
        return "action_sales_forecast"

    async def answer(self, call: Call) -> None:
        """See parent class."""
        outlook = await call.crm.forecast_sales()
        for forecast in outlook.forecasts:
            call.say("utter_sales_forecast", **_forecast_words(call, forecast))
        if not outlook.forecasts:
            call.say("utter_no_sales_forecast")
        for month in outlook.pipeline[:1]:
            call.say(
                "utter_pipeline_month",
                month=f"{month.month_on:%Y-%m}",
                n=month.n,
                weighted=format_money(
                    month.weighted_cents, month.currency, call.language
                ),
            )
        if outlook.forecasts:
            call.show({"type": "chart", "of": "forecast", "query": ""})


def _forecast_words(call: Call, forecast: Forecast) -> dict[str, Any]:
    def money(cents: int) -> str:
        return format_money(cents, forecast.currency, call.language)

    before = forecast.previous_cents
    change = forecast.expected_cents / before - 1 if before else None
    response = METHODS.get(forecast.method, "")
    return {
        "n_weeks": forecast.n_weeks,
        "expected": money(forecast.expected_cents),
        "previous": money(before),
        "change": "–" if change is None else format_change(change, call.language),
        "next_on": format_day(forecast.next_on, call.language),
        "next": money(forecast.next_cents),
        "low": money(forecast.next_low_cents),
        "high": money(forecast.next_high_cents),
        "as_of_on": format_day(forecast.as_of_on, call.language),
        "method": call.phrase(response) or forecast.method,
        "wape": format_share(forecast.wape, call.language),
        "baseline": format_share(forecast.baseline_wape, call.language),
    }


class ActionCampaignResults(StaffAction):
    """What the last campaigns changed."""

    def name(self) -> str:
        """See parent class."""
        return "action_campaign_results"

    async def answer(self, call: Call) -> None:
        """See parent class."""
        results = await call.crm.list_campaign_results()
        if not results:
            call.say("utter_no_campaigns")
            return
        for result in results[:MAX_CAMPAIGNS]:
            _tell_campaign(call, result)
        call.show({"type": "chart", "of": "campaign", "query": ""})


def _tell_campaign(call: Call, result: CampaignResult) -> None:
    def money(cents: float | None) -> str:
        return format_money(
            None if cents is None else round(cents), result.currency, call.language
        )

    words: dict[str, Any] = {
        "name": result.name,
        "starts_on": format_day(result.starts_on, call.language),
        "ends_on": format_day(result.ends_on, call.language),
        "n_treated": result.n_treated,
        "n_control": result.n_control,
        "treated": format_share(result.share_treated, call.language),
        "control": format_share(result.share_control, call.language),
        "cost": money(result.cost_cents),
    }
    buyers, extra = result.buyers, result.extra_revenue
    if buyers is None or extra is None:
        call.say("utter_campaign_too_small", **words)
        return
    call.say(
        "utter_campaign_clear" if buyers.is_clear else "utter_campaign_unclear",
        **words,
        **_point_words(call, buyers),
        extra=money(extra.value),
        extra_low=money(extra.low),
        extra_high=money(extra.high),
    )
    if not result.is_over:
        call.say("utter_campaign_running")


def _point_words(call: Call, buyers: Difference) -> dict[str, Any]:
    return {
        "points": format_points(buyers.value, call.language),
        "points_low": format_points(buyers.low, call.language),
        "points_high": format_points(buyers.high, call.language),
    }
