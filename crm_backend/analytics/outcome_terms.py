"""What is predicted besides purchases, for those who do not train it."""

from dataclasses import dataclass

# With fewer to whom it happened, chance tells as much as any predictor.
MIN_HAPPENED = 40


@dataclass(frozen=True)
class Outcome:
    """A question about customers that has a yes or no.

    Attributes:
        kind: its name in tables and addresses.
        horizon_days: how far it looks ahead.
        max_days_since_last_order: of whom it is asked; who is longer gone has left.
    """

    kind: str
    horizon_days: int
    max_days_since_last_order: int


OUTCOMES = {
    "churn": Outcome("churn", 90, 180),
    "refund": Outcome("refund", 60, 180),
}
