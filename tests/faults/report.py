"""What a run came to: as JSON, on the screen, and in the documentation."""

import json
import re
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.faults.checker import VERDICTS, Problem
from tests.faults.kinds import BY_NAME
from tests.faults.measure import Felt, measure, percentile
from tests.faults.run import Outcome

BEGIN, END = "<!-- fault-test begins -->", "<!-- fault-test ends -->"
PLACE = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
MAX_PROBLEMS = 200


def summarise(
    outcome: Outcome,
    problems: list[Problem],
    *,
    seed: int,
    machine: str,
    database: str,
) -> dict[str, Any]:
    """Put a run into figures; the ones that matter first."""
    verdicts = Counter(problem.verdict for problem in problems)
    turns = [turn for talk in outcome.evidence.talks.values() for turn in talk.turns]
    ended = Counter(turn.status for turn in turns)
    return {
        "faults": sum(fault.began_at is not None for fault in outcome.faults),
        "turns": len(turns),
        **{verdict: verdicts[verdict] for verdict in VERDICTS},
        "not_at_rest": outcome.complaints,
        "planned": len(outcome.faults),
        "seed": seed,
        "seconds": round(outcome.seconds),
        "machine": machine,
        "database": database,
        "conversations": len(outcome.visitors),
        "messages": sum(len(visitor.store.sent) for visitor in outcome.visitors),
        "answered": ended["done"],
        "apologies": ended["failed"],
        "left_to_a_person": ended["skipped"],
        "failures": dict(Counter(t.failure for t in turns if t.failure)),
        "orders_cancelled": sum(
            order.status == "cancelled" for order in outcome.evidence.orders
        ),
        "tickets_opened": sum(
            category != "bot_failure"
            for talk in outcome.evidence.talks.values()
            for category, _ in talk.tickets.values()
        ),
        "kinds": {
            name: _felt(felt)
            for name, felt in measure(outcome).items()
            if felt.n_faults
        },
        "problems": [asdict(problem) for problem in problems[:MAX_PROBLEMS]],
    }


def is_good(summary: dict[str, Any]) -> bool:
    """Whether nothing went wrong, and something was tried."""
    n_wrong = sum(summary[verdict] for verdict in VERDICTS)
    return not n_wrong and not summary["not_at_rest"] and summary["faults"] > 0


def write_json(summary: dict[str, Any], path: Path) -> None:
    """Write the figures."""
    path.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", "utf-8")


def check_page(path: Path) -> None:
    """Make sure that the tables have a place in a page.

    Raises:
        ValueError: they have none.
    """
    if not path.exists() or len(PLACE.findall(path.read_text("utf-8"))) != 1:
        raise ValueError(f"{path} has no place for the tables, {BEGIN} to {END}.")


def write_report(summary: dict[str, Any], path: Path) -> None:
    """Put the tables between the markers of a page.

    Raises:
        ValueError: there are none.
    """
    check_page(path)
    block = f"{BEGIN}\n{as_markdown(summary)}\n{END}"
    page = PLACE.sub(lambda _: block, path.read_text("utf-8"))
    path.write_text(page, "utf-8")


def as_markdown(summary: dict[str, Any]) -> str:
    """Make the tables of a run."""
    lines = [
        f"{summary['faults']} faults in {summary['seconds']} seconds on "
        f"{summary['machine']} with {summary['database']}, seed {summary['seed']}:",
        "",
        "| faults | turns | lost | doubled | silent | wrong |",
        "|---|---|---|---|---|---|",
        "| "
        + " | ".join(str(summary[key]) for key in ("faults", "turns", *VERDICTS))
        + " |",
        "",
        f"{summary['conversations']} conversations with {summary['messages']} messages:"
        f" {summary['answered']} turns were answered, {summary['apologies']} got an "
        f"apology with a ticket, {summary['left_to_a_person']} were left to a person. "
        f"{summary['orders_cancelled']} orders were cancelled and "
        f"{summary['tickets_opened']} tickets opened, each once.",
        "",
        "| what happens | times | messages under way | until the first sign, s "
        "| until the answer, s |",
        "|---|---|---|---|---|",
    ]
    for name, felt in summary["kinds"].items():
        lines.append(
            f"| {BY_NAME[name].meaning} | {felt['faults']} | {felt['messages']} "
            f"| {_cells(felt['until_noticed'])} | {_cells(felt['until_answered'])} |"
        )
    lines += ["", "Times are median / 95 % / longest."]
    return "\n".join(lines)


def _felt(felt: Felt) -> dict[str, Any]:
    return {
        "faults": felt.n_faults,
        "messages": felt.n_messages,
        "until_noticed": _spread(felt.until_noticed),
        "until_answered": _spread(felt.until_answered),
    }


def _spread(seconds: list[float]) -> dict[str, float | None]:
    found = {
        "p50": percentile(seconds, 0.5),
        "p95": percentile(seconds, 0.95),
        "max": max(seconds, default=None),
    }
    return {k: None if v is None else round(v, 2) for k, v in found.items()}


def _cells(spread: dict[str, float | None]) -> str:
    if spread["p50"] is None:
        return "nobody waited"
    return " / ".join(f"{spread[key]:.1f}" for key in ("p50", "p95", "max"))
