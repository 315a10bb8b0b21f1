"""How good a predictor was for each group of customers, for people to read."""

from collections.abc import Mapping
from dataclasses import dataclass

from crm_backend.catalogue import say, texts
from crm_backend.models import Predictor

_KEYS = {
    "rfm": "segment_{}",
    "tenure": "page_model_tenure_{}",
    "language": "page_model_language_{}",
}


@dataclass(frozen=True)
class Group:
    """One group of the tested customers.

    Attributes:
        label: its name.
        grouping: by what customers are told apart.
        n: how many there were.
        figures: base_rate, p_mean, brier, roc_auc, roc_auc_low and roc_auc_high; None
            where there were too few.
    """

    label: str
    grouping: str
    n: int
    figures: Mapping[str, float] | None


def read_groups(row: Predictor, language: str) -> list[Group]:
    """Read the groups of a card; older ones have none."""
    return [
        Group(
            label=_label(one["grouping"], one["name"], language),
            grouping=say(f"page_model_grouping_{one['grouping']}", language),
            n=one["n"],
            figures=None if one["is_too_few"] else one,
        )
        for one in row.metrics.get("groups", [])
    ]


def _label(grouping: str, name: str, language: str) -> str:
    """Name a group; languages we have no word for stand for themselves."""
    key = _KEYS[grouping].format(name)
    return say(key, language) if key in texts() else name
