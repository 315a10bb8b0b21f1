"""The lines of the demo shop's past conversations, with what was understood."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from crm_backend.seed.ledger import Ledger, Row

T = TypeVar("T")


@dataclass
class Talk:
    """A conversation in the making; `now` moves on with each line."""

    ledger: Ledger
    language: str
    row: Row
    now: datetime
    lines: list[Row] = field(default_factory=list)

    def say(self, sender: str, text: str, after_seconds: float, **values: Any) -> Row:
        """Add a line some seconds after the one before it."""
        self.now += timedelta(seconds=round(after_seconds))
        line = self.ledger.add(
            "messages",
            conversation_id=self.row["id"],
            seq=len(self.lines) + 1,
            sender=sender,
            client_message_id=None,
            turn_id=values.get("turn_id"),
            text=text,
            payload=None,
            buttons=values.get("buttons", []),
            blocks=[],
            language=self.language,
            understood=values.get("understood"),
            suppressed=False,
            created_at=self.now,
        )
        self.lines.append(line)
        return line


def ask(talk: Talk, text: str, understood: dict[str, Any]) -> Row:
    """Let the customer say what the talk is about."""
    return talk.say("customer", text, 5, understood=understood)


def add_exchange(talk: Talk, intent: str, confidence: float, text: str) -> None:
    """Let the customer go on after a while."""
    talk.say(
        "customer",
        text,
        float(talk.ledger.rng.uniform(8, 40)),
        understood=understood(intent, confidence, "answer"),
    )


def understood(
    intent: str, confidence: float, decision: str, runner_up: str | None = None
) -> dict[str, Any]:
    """Return what the assistant would have noted."""
    ranking = [{"intent": intent, "confidence": confidence}]
    if runner_up is not None:
        rest = round(min(confidence, 1 - confidence) * 0.7, 4)
        ranking.append({"intent": runner_up, "confidence": rest})
    is_fallback = decision != "answer" and intent != "out_of_scope"
    return {
        "intent": "nlu_fallback" if is_fallback else intent,
        "confidence": round(1 - confidence, 4) if is_fallback else confidence,
        "entities": [],
        "sentiment": {"label": "neutral", "score": 0.0, "upset": False},
        "gate": {
            "decision": decision,
            "candidates": [intent, runner_up] if decision == "ask" else [],
        },
        "ranking": ranking,
    }


def pick(ledger: Ledger, options: Sequence[T]) -> T:
    """Return one of several by chance."""
    return options[int(ledger.rng.integers(len(options)))]


def happens(ledger: Ledger, p: float) -> bool:
    """Whether something happens that does with probability p."""
    return bool(ledger.rng.random() < p)
