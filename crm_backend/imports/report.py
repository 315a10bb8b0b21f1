"""The cleaning report: what was counted, as tables to read and as JSON to keep."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as Grid

DUPLICATE_REASONS = ("duplicate_row", "duplicate_key")


@dataclass
class TableReport:
    """What became of the rows of one file for one table.

    Attributes:
        n_read: rows below the headings.
        n_repeats: further rows about the same thing, where the mapping expects them.
        reasons: rows by the reason they were left out, duplicates among them.
        repairs: values by "column: what was done".
        notes: rows that were taken although something about them is odd.
        missing_before: empty cells by column, of all rows that were looked at.
        missing_after: empty cells by column, of the accepted rows.
    """

    table: str
    file: str
    encoding: str = ""
    n_read: int = 0
    n_accepted: int = 0
    n_repeats: int = 0
    n_blank_lines: int = 0
    n_inserted: int = 0
    n_updated: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    missing_before: Counter[str] = field(default_factory=Counter)
    missing_after: Counter[str] = field(default_factory=Counter)
    n_looked_at: int = 0
    columns: tuple[str, ...] = ()
    unused_headings: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def n_duplicates(self) -> int:
        """Rows that say again what an earlier row said."""
        return sum(self.reasons[reason] for reason in DUPLICATE_REASONS)

    @property
    def n_rejected(self) -> int:
        """Rows that were left out for any reason but being a duplicate."""
        return self.reasons.total() - self.n_duplicates

    @property
    def n_unchanged(self) -> int:
        """Accepted rows that the database had already."""
        return self.n_accepted - self.n_inserted - self.n_updated

    def check(self) -> None:
        """Make sure that no row was lost.

        Raises:
            AssertionError: the counts do not add up, which is a fault of this program.
        """
        counted = self.n_accepted + self.n_rejected + self.n_duplicates + self.n_repeats
        if counted != self.n_read:
            raise AssertionError(
                f"{self.file} for {self.table}: {self.n_read} rows read, "
                f"{counted} accounted for"
            )

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "table": self.table,
            "file": self.file,
            "encoding": self.encoding,
            "rows_read": self.n_read,
            "accepted": self.n_accepted,
            "rejected": self.n_rejected,
            "duplicates": self.n_duplicates,
            "repeats": self.n_repeats,
            "blank_lines": self.n_blank_lines,
            "inserted": self.n_inserted,
            "updated": self.n_updated,
            "unchanged": self.n_unchanged,
            "reasons": dict(self.reasons),
            "repairs": dict(self.repairs),
            "notes": dict(self.notes),
            "missing": {
                column: {
                    "before": share(self.missing_before[column], self.n_looked_at),
                    "after": share(self.missing_after[column], self.n_accepted),
                }
                for column in self.columns
            },
            "unused_headings": list(self.unused_headings),
            "seconds": round(self.seconds, 2),
        }


def share(part: int, whole: int) -> float:
    """Return a share of rows, 0 when there are none."""
    return round(part / whole, 6) if whole else 0.0


def print_report(console: Console, reports: list[TableReport]) -> None:
    """Print the tables a person wants to see."""
    console.print(_rows(reports))
    findings = _findings(reports)
    if findings.row_count:
        console.print(findings)
    missing = _missing(reports)
    if missing.row_count:
        console.print(missing)
    for report in reports:
        if report.unused_headings:
            unused = ", ".join(report.unused_headings)
            console.print(f"{report.table}: not used from {report.file}: {unused}")


def _grid(title: str, *headings: str, numbers: int) -> Grid:
    grid = Grid(title=title, title_justify="left", title_style="bold", box=SIMPLE)
    for position, heading in enumerate(headings):
        is_number = position >= len(headings) - numbers
        grid.add_column(
            heading, justify="right" if is_number else "left", overflow="fold"
        )
    return grid


COUNTS = (
    ("rows read", "n_read"),
    ("accepted", "n_accepted"),
    ("rejected", "n_rejected"),
    ("duplicates", "n_duplicates"),
    ("repeats", "n_repeats"),
    ("new", "n_inserted"),
    ("updated", "n_updated"),
    ("unchanged", "n_unchanged"),
)


def _rows(reports: list[TableReport]) -> Grid:
    names = [report.table for report in reports]
    grid = _grid("Rows", "", *names, numbers=len(reports))
    for label, count in COUNTS:
        counts = (getattr(report, count) for report in reports)
        grid.add_row(label, *(f"{count:,}" for count in counts))
    return grid


def _findings(reports: list[TableReport]) -> Grid:
    grid = _grid("Rules", "table", "what happened", "rule", "count", numbers=1)
    for report in reports:
        for what, counts in (
            ("left out", report.reasons),
            ("repaired", report.repairs),
            ("noted", report.notes),
        ):
            for rule, count in counts.most_common():
                grid.add_row(report.table, what, rule, f"{count:,}")
    return grid


def _missing(reports: list[TableReport]) -> Grid:
    grid = _grid("Missing values", "table", "column", "before", "after", numbers=2)
    for report in reports:
        for column in report.columns:
            before = share(report.missing_before[column], report.n_looked_at)
            after = share(report.missing_after[column], report.n_accepted)
            if before or after:
                grid.add_row(report.table, column, f"{before:.1%}", f"{after:.1%}")
    return grid
