"""The tables of the page of numbers, for the page and for files.

A cell is a text, a count, a duration in seconds or a share of counts; `columns` say
under which keys of messages/results.yml their names stand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from crm_backend.services.intervals import Share, make_shares
from crm_backend.services.results import (
    AgentResult,
    BotResult,
    Durations,
    Satisfaction,
    Waits,
    total,
)


@dataclass(frozen=True)
class Seconds:
    """A duration."""

    value: float | None


@dataclass(frozen=True)
class Mean:
    """An average score."""

    value: float | None


@dataclass(frozen=True)
class Parts:
    """A share before its interval is known: k of n."""

    k: int
    n: int


Cell = str | int | Share | Parts | Seconds | Mean


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: of the table, in addresses and texts.
        columns: their names in the catalogue, after "numbers_column_".
        rows: the first cell of each names it.
        totals: how many rows at the beginning sum others up.
    """

    name: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    totals: int = 0


def bot_table(results: Sequence[BotResult]) -> Table:
    """Tell how matters ended, by intent and language, with sums first."""
    languages = sorted({one.language for one in results})
    sums = [total(results), *(total(results, language) for language in languages)]
    rows = [_bot_row(one) for one in [*sums, *results]] if results else []
    columns = (
        "intent",
        "language",
        "n",
        "contained",
        "confirmed",
        "verified",
        "reopened",
        "handed_off",
        "failed",
        "abandoned",
    )
    return Table("bot", columns, rows, totals=len(sums))


def _bot_row(one: BotResult) -> list[Cell]:
    return [
        one.intent,
        one.language,
        one.n,
        Parts(one.n_contained, one.n),
        Parts(one.n_confirmed, one.n_contained),
        Parts(one.n_verified, one.n_verifiable),
        Parts(one.n_reopened, one.n_settled),
        Parts(one.n_handed_off, one.n),
        Parts(one.n_failed, one.n),
        Parts(one.n_abandoned, one.n),
    ]


def reasons_table(reasons: dict[str, int]) -> Table:
    """Tell why conversations went to people."""
    n = sum(reasons.values())
    rows: list[list[Cell]] = [[why, k, Parts(k, n)] for why, k in reasons.items()]
    return Table("reasons", ("reason", "n", "share"), rows)


def waits_table(waits: Waits) -> Table:
    """Tell how long customers waited and people worked."""
    if not waits.n:
        return Table("waits", (), [])
    rows: list[list[Cell]] = [
        _duration_row(name, value)
        for name, value in (
            ("wait", waits.wait),
            ("reply", waits.reply),
            ("handling", waits.handling),
        )
    ]
    return Table("waits", ("duration", "n", "median", "p90"), rows)


def _duration_row(name: str, value: Durations) -> list[Cell]:
    return [name, value.n, Seconds(value.median_seconds), Seconds(value.p90_seconds)]


def agents_table(agents: Sequence[AgentResult]) -> Table:
    """Tell what each agent took over and how quickly."""
    columns = ("agent", "taken", "wait_median", "wait_p90", "handling_median")
    rows: list[list[Cell]] = [
        [
            one.name,
            one.n_taken,
            Seconds(one.wait.median_seconds),
            Seconds(one.wait.p90_seconds),
            Seconds(one.handling.median_seconds),
        ]
        for one in agents
    ]
    return Table("agents", columns, rows)


class Kept(Protocol):
    """How many promises of one kind a colleague kept."""

    @property
    def name(self) -> str | None:
        """Of the colleague; None: nobody had it."""

    @property
    def kind(self) -> str:
        """What was promised."""

    @property
    def n_ended(self) -> int:
        """Promises that are over, kept or not."""

    @property
    def n_met(self) -> int:
        """Those that were kept."""

    @property
    def n_overdue(self) -> int:
        """Those that are missed and still wait."""


def sla_table(kept: Sequence[Kept]) -> Table:
    """Tell what each agent kept of what was promised; what is late already counts."""
    columns = ("agent", "kind", "n", "met")
    rows: list[list[Cell]] = [
        [
            one.name or "nobody",
            one.kind,
            one.n_ended + one.n_overdue,
            Parts(one.n_met, one.n_ended + one.n_overdue),
        ]
        for one in kept
    ]
    return Table("sla", columns, rows)


def satisfaction_table(found: Sequence[Satisfaction]) -> Table:
    """Tell how many were asked, answered and are satisfied, by language."""
    columns = ("language", "asked", "response", "satisfied", "mean")
    rows: list[list[Cell]] = [
        [
            one.language,
            one.n_asked,
            Parts(one.n_answered, one.n_asked),
            Parts(one.n_satisfied, one.n_answered),
            Mean(one.mean_score),
        ]
        for one in found
    ]
    return Table("satisfaction", columns, rows)


def with_intervals(tables: Sequence[Table]) -> list[Table]:
    """Work out the interval of each share, all at once; not for an event loop."""
    parts = [
        cell
        for table in tables
        for row in table.rows
        for cell in row
        if isinstance(cell, Parts)
    ]
    shares = iter(make_shares([(one.k, one.n) for one in parts]))
    return [
        Table(
            table.name,
            table.columns,
            [
                [next(shares) if isinstance(cell, Parts) else cell for cell in row]
                for row in table.rows
            ],
            table.totals,
        )
        for table in tables
    ]


def to_file(
    table: Table, name_of: Callable[[str], str]
) -> tuple[list[str], list[list[object]]]:
    """Return heads and rows for a file: each share becomes its count and its ends."""
    heads: list[str] = []
    for place, column in enumerate(table.columns):
        heads.append(name_of(column))
        if any(isinstance(row[place], Share) for row in table.rows):
            heads += [f"{name_of(column)} {name_of(part)}" for part in SHARE_PARTS]
    rows = [[value for cell in row for value in _values(cell)] for row in table.rows]
    return heads, rows


SHARE_PARTS = ("of", "value", "low", "high")


def _values(cell: Cell) -> list[object]:
    if isinstance(cell, Share):
        return [
            cell.k,
            cell.n,
            *(_rounded(x) for x in (cell.value, cell.low, cell.high)),
        ]
    if isinstance(cell, (Seconds, Mean)):
        return [None if cell.value is None else round(cell.value, 2)]
    return [cell]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
