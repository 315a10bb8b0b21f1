"""What became of each matter a customer brought up: pure rules on a conversation's log.

docs/numbers.md has the same definitions in words; the page shows them too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

Outcome = Literal["contained", "handed_off", "failed", "abandoned"]

# These go on with what is being talked about.
COURTESIES = frozenset(
    {"greet", "goodbye", "thank", "affirm", "deny", "inform", "help", "bot_challenge"}
)
NOT_UNDERSTOOD = "nlu_fallback"
ASKS_FOR_A_PERSON = "human_handoff"
# After so long a silence the same intent is the same matter come back.
PAUSE = timedelta(minutes=30)
SATISFIED_FROM = 4
# How long after the last word the records may take to show it.
STATE_SLACK = timedelta(hours=1)


@dataclass(frozen=True)
class Line:
    """A line of the log, as far as it matters here."""

    id: int
    sender: str
    created_at: datetime
    language: str = "en"
    turn_id: str | None = None
    intent: str | None = None
    # Whether it offers choices or asks who speaks: the customer's turn.
    asks: bool = False
    is_failed: bool = False


@dataclass(frozen=True)
class HandedOff:
    """A time that people were asked for."""

    reason: str
    requested_at: datetime


@dataclass(frozen=True)
class Records:
    """When the shop's records changed in a way that a matter could have wanted.

    Attributes:
        moments: intent -> when something happened that fulfils it.
        written_turns: turns whose write was recorded.
    """

    moments: dict[str, list[datetime]] = field(default_factory=dict)
    written_turns: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Talk:
    """One conversation with all that says how it went."""

    lines: Sequence[Line]
    handoffs: Sequence[HandedOff] = ()
    rating_score: int | None = None
    records: Records = field(default_factory=Records)


@dataclass
class Episode:
    """A matter with the lines that belong to it."""

    intent: str
    lines: list[Line]

    @property
    def began_at(self) -> datetime:
        """When it was brought up."""
        return self.lines[0].created_at

    @property
    def ended_at(self) -> datetime:
        """When the last word about it was said."""
        return self.lines[-1].created_at


@dataclass(frozen=True)
class Judgement:
    """How a matter ended; the fields are columns of Matter."""

    message_id: int
    intent: str
    language: str
    began_at: datetime
    ended_at: datetime
    n_messages: int
    outcome: Outcome
    handoff_reason: str | None
    is_confirmed: bool
    is_verified: bool | None


# Matters whose end the records can show; the last one by the write itself.
BY_MOMENT = frozenset(
    {
        "cancel_order",
        "place_order",
        "open_ticket",
        "complaint",
        "return_exchange",
        "request_refund",
    }
)
BY_WRITE = frozenset({"change_shipping_address"})


def judge(talk: Talk) -> list[Judgement]:
    """Tell how each matter of a conversation ended."""
    episodes = split(talk.lines)
    judged = []
    for place, episode in enumerate(episodes):
        is_last = place == len(episodes) - 1
        until = None if is_last else episodes[place + 1].began_at
        judged.append(_judge_one(episode, talk, until))
    return judged


def split(lines: Sequence[Line]) -> list[Episode]:
    """Split a log into the matters it was about.

    What was not understood is a matter only if the customer did not say it again in
    other words; courtesies, numbers and the wish for a person go on with what is
    being talked about.
    """
    episodes: list[Episode] = []
    for line in lines:
        intent = line.intent if line.sender == "customer" else None
        current = episodes[-1] if episodes else None
        if current is None:
            if intent is not None and intent not in COURTESIES:
                episodes.append(Episode(intent, [line]))
            continue
        is_late = line.created_at - current.ended_at > PAUSE
        goes_on = intent is None or intent in COURTESIES or intent == ASKS_FOR_A_PERSON
        if goes_on or (current.intent == intent and not is_late):
            current.lines.append(line)
        elif intent is not None and current.intent == NOT_UNDERSTOOD and not is_late:
            # Said again in other words.
            current.intent = intent
            current.lines.append(line)
        elif intent is not None:
            episodes.append(Episode(intent, [line]))
    return episodes


def _judge_one(episode: Episode, talk: Talk, until: datetime | None) -> Judgement:
    first, is_last = episode.lines[0], until is None
    reason = next(
        (
            one.reason
            for one in talk.handoffs
            if episode.began_at <= one.requested_at
            and (until is None or one.requested_at < until)
        ),
        None,
    )
    outcome = _outcome(episode, reason, is_last=is_last)
    is_rated_well = is_last and (talk.rating_score or 0) >= SATISFIED_FROM
    return Judgement(
        message_id=first.id,
        intent=episode.intent,
        language=first.language,
        began_at=episode.began_at,
        ended_at=episode.ended_at,
        n_messages=sum(line.sender == "customer" for line in episode.lines),
        outcome=outcome,
        handoff_reason=reason,
        is_confirmed=is_rated_well or _is_confirmed(episode),
        is_verified=_is_verified(episode, talk.records),
    )


def _outcome(episode: Episode, reason: str | None, *, is_last: bool) -> Outcome:
    if reason is not None:
        return "handed_off"
    if any(line.is_failed for line in episode.lines):
        return "failed"
    if episode.intent == NOT_UNDERSTOOD:
        return "abandoned"
    said = [line for line in episode.lines if line.sender in ("customer", "bot")]
    if is_last and said[-1].sender == "bot" and said[-1].asks:
        return "abandoned"
    return "contained"


def _is_confirmed(episode: Episode) -> bool:
    """Whether the customer thanked, or agreed to what was no question."""
    before: Line | None = None
    for line in episode.lines:
        if line.sender == "customer" and before is not None:
            is_answer = before.sender in ("bot", "agent")
            agrees = line.intent == "affirm" and not before.asks
            if is_answer and (line.intent == "thank" or agrees):
                return True
        before = line
    return False


def _is_verified(episode: Episode, records: Records) -> bool | None:
    if episode.intent in BY_WRITE:
        turns = {line.turn_id for line in episode.lines if line.turn_id}
        return not turns.isdisjoint(records.written_turns)
    if episode.intent in BY_MOMENT:
        moments = records.moments.get(episode.intent, [])
        return any(
            episode.began_at <= moment <= episode.ended_at + STATE_SLACK
            for moment in moments
        )
    return None


def read_line(
    *,
    understood: dict[str, Any] | None,
    blocks: Sequence[dict[str, Any]],
    buttons: Sequence[dict[str, Any]],
    **values: Any,
) -> Line:
    """Make a line from what the log keeps."""
    understood = understood or {}
    return Line(
        intent=understood.get("intent"),
        asks=bool(buttons) or any(block.get("type") == "verify" for block in blocks),
        **values,
    )
