"""The part of the CRM's API that is about sales work; CrmCaller has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from actions.crm_records import Json
from actions.sales_records import CampaignResult, Leaderboard, Outlook, SalesTasks

T = TypeVar("T")


class Reader(Protocol):
    """Whoever can ask the CRM."""

    async def _read(
        self,
        path: str,
        params: Mapping[str, str | int | None],
        reads: Callable[[Json], T],
    ) -> T: ...


class SalesCalls:
    """The endpoints about leaderboard, forecast, campaigns and tasks."""

    async def rank_sellers(
        self: Reader, month: str | None = None
    ) -> tuple[Leaderboard, ...]:
        """Who won how much in the month of a day, by default this one."""
        return await self._read(
            "/sales/leaderboard",
            {"month": month},
            lambda page: tuple(Leaderboard.from_json(row) for row in page["items"]),
        )

    async def forecast_sales(self: Reader) -> Outlook:
        """What the next weeks may sell, and what one's own pipeline may add."""
        return await self._read("/sales/forecast", {}, Outlook.from_json)

    async def list_campaign_results(self: Reader) -> tuple[CampaignResult, ...]:
        """What campaigns changed, the last one first."""
        return await self._read(
            "/campaigns",
            {},
            lambda page: tuple(CampaignResult.from_json(row) for row in page["items"]),
        )

    async def list_sales_tasks(self: Reader) -> SalesTasks:
        """One's own open tasks, the most urgent first."""
        return await self._read(
            "/sales/tasks", {"only_own": "true"}, SalesTasks.from_json
        )
