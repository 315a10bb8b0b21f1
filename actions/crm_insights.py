"""The endpoints of the CRM about customers, what is likely of them, and sales."""

from __future__ import annotations

from urllib.parse import quote

from actions.catalogue_records import SalesReport
from actions.crm_caller import Caller
from actions.crm_records import (
    Customer,
    CustomerSummary,
    PurchasePrediction,
    TopProspects,
)
from actions.risk_records import Risk


class InsightCalls:
    """A part of CrmCaller."""

    async def find_customers(self: Caller, text: str, limit: int = 5) -> list[Customer]:
        """Customers named in `text`, by number, e-mail address or name."""
        params: dict[str, str | int] = {"q": text, "limit": limit}
        return await self._get_items("/customers", Customer.from_json, params)

    async def get_customer_summary(self: Caller, number: str) -> CustomerSummary:
        """A customer's history in numbers."""
        path = f"/customers/{quote(number, safe='')}/summary"
        return await self._get(path, CustomerSummary.from_json, number)

    async def predict_purchase(self: Caller, number: str) -> PurchasePrediction:
        """Score a customer now."""
        path = f"/customers/{quote(number, safe='')}/purchase-predictions"
        return await self._post(path, {}, PurchasePrediction.from_json, number)

    async def list_top_prospects(self: Caller, limit: int = 5) -> TopProspects:
        """The customers most likely to buy."""
        return await self._read(
            "/insights/top-prospects", {"limit": limit}, TopProspects.from_json
        )

    async def predict_risk(self: Caller, kind: str, number: str) -> Risk:
        """Say now how likely a customer is to stay away or to return something."""
        path = f"/customers/{quote(number, safe='')}/{kind}-predictions"
        return await self._post(path, {}, Risk.from_json, number)

    async def list_risks(self: Caller, kind: str, limit: int = 5) -> list[Risk]:
        """The customers with the highest risk."""
        path = f"/insights/{kind}-risks"
        return await self._get_items(path, Risk.from_json, {"limit": limit})

    async def report_sales(
        self: Caller, from_on: str | None = None, to_on: str | None = None
    ) -> SalesReport:
        """What was sold on these days, both included; by default in the last seven."""
        params = {"from_on": from_on, "to_on": to_on}
        return await self._read("/insights/sales", params, SalesReport.from_json)
