"""The report on how clean the records are: the newest, or that of a predictor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.services.analyses import find_analysis
from crm_backend.services.predictors import get_predictor

KIND = "cleaning"


@dataclass(frozen=True)
class CleaningReport:
    """A report on the tables.

    Attributes:
        made_at: when the records were looked at.
        before_at: when the report was made that it is compared with.
        tables: see analytics/cleaning.py.
        version: of the predictor that learned then; None: the newest report.
    """

    made_at: datetime
    before_at: datetime | None
    tables: Mapping[str, Any]
    version: str | None = None


async def find_report(
    session: AsyncSession, version: str | None = None
) -> CleaningReport | None:
    """Return the newest report, or that of a predictor; None if there is none.

    Raises:
        NotFound: there is no predictor of this version.
    """
    if version is not None:
        row = await get_predictor(session, version)
        card = row.metrics.get(KIND)
        if card is None:
            return None
        return _read(card, datetime.fromisoformat(card["made_at"]), version)
    newest = await find_analysis(session, KIND)
    return None if newest is None else _read(newest.card, newest.made_at, None)


def _read(
    card: Mapping[str, Any], made_at: datetime, version: str | None
) -> CleaningReport:
    before_at = card["before_at"] and datetime.fromisoformat(card["before_at"])
    return CleaningReport(made_at, before_at, card["tables"], version)
