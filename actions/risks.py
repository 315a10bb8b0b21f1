"""What staff ask about risks: who may not come back, who may return something."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

from actions.base import Events
from actions.call import Call, command
from actions.formatting import UNKNOWN, format_day, format_list, format_share
from actions.insights import CustomerForm, names_somebody
from actions.risk_records import Risk

ONE = {"churn": "utter_churn_risk", "refund": "utter_refund_risk"}
SEVERAL = {"churn": "utter_churn_risks", "refund": "utter_refund_risks"}


class RiskForm(CustomerForm):
    """The risk of one customer with its reasons, or the customers with the highest."""

    @property
    @abstractmethod
    def kind(self) -> Literal["churn", "refund"]:
        """Which risk it is about."""

    async def proceed(self, call: Call, known: dict[str, Any]) -> Events:
        """Answer about the customer; list the likeliest if nobody was spoken of."""
        is_open = call.level == "staff" and not known.get("customer_number")
        if is_open and not known.get("offered_customers"):
            # The button of "did you mean ...?" stands for the words before it.
            is_start = call.intent == self.intent and bool(call.text)
            if is_start and not names_somebody(call.text):
                await self._list(call)
                return self.close()
        return await super().proceed(call, known)

    async def show(self, call: Call, number: str) -> None:
        """See parent class."""
        risk = await call.crm.predict_risk(self.kind, number)
        words = _words(call, risk)
        if not risk.enough_data:
            call.say("utter_risk_unknown", **words)
            return
        call.say(ONE[self.kind], **words)
        if risk.reasons_for:
            call.say("utter_risk_reasons", reasons=format_list(risk.reasons_for))
        if risk.reasons_against:
            against = format_list(risk.reasons_against)
            call.say("utter_risk_reasons_against", reasons=against)
        if risk.alike:
            call.say("utter_risk_alike", alike=format_list(risk.alike))
        call.say("utter_prediction_source", **words)

    async def _list(self, call: Call) -> None:
        risks = await call.crm.list_risks(self.kind)
        if not risks:
            call.say("utter_no_prospects")
            return
        lines = [
            f"{rank}. {risk.customer.name} ({risk.customer.number}): "
            f"{format_share(risk.p, call.language)}"
            for rank, risk in enumerate(risks, start=1)
        ]
        buttons = [
            {
                "title": risk.customer.name,
                "payload": command(self.intent, customer_number=risk.customer.number),
            }
            for risk in risks
        ]
        words = _words(call, risks[0])
        call.say(
            SEVERAL[self.kind],
            buttons=buttons,
            risks="\n".join(lines),
            **words,
        )


class ValidateChurnRiskForm(RiskForm):
    """How likely a customer is to stay away, with the reasons."""

    form = "churn_risk_form"
    intent = "churn_risk"
    starts = frozenset({"churn_risk"})
    kind = "churn"


class ValidateRefundRiskForm(RiskForm):
    """How likely a customer is to return something, with the reasons."""

    form = "refund_risk_form"
    intent = "refund_risk"
    starts = frozenset({"refund_risk"})
    kind = "refund"


def _words(call: Call, risk: Risk) -> dict[str, Any]:
    """A risk as the responses speak of it."""
    return {
        "name": risk.customer.name,
        "p": format_share(risk.p, call.language),
        "p_low": format_share(risk.p_low, call.language),
        "p_high": format_share(risk.p_high, call.language),
        "base_rate": format_share(risk.base_rate, call.language),
        "horizon_days": risk.horizon_days,
        "as_of": format_day(risk.as_of, call.language),
        "version": risk.predictor_version or UNKNOWN,
        "missing": risk.missing or UNKNOWN,
    }
