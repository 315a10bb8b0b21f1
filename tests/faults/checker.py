"""Decides from the evidence whether anything was lost, doubled or met with silence."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from tests.faults.evidence import Evidence, Line, OrderRow, Talk, TurnRow

# lost: was accepted or done and is gone. doubled: once too often. silent: a customer
# got no answer. wrong: out of order, not as it was, or not what is true.
Verdict = Literal["lost", "doubled", "silent", "wrong"]
VERDICTS: tuple[Verdict, ...] = ("lost", "doubled", "silent", "wrong")

TICKET = re.compile(r"\bT-\d{6}\b")
ENDED = ("done", "failed", "skipped")
FAILURE = "bot_failure"
CONFIRMED = "/affirm"


@dataclass(frozen=True)
class Problem:
    """Something that must not be, in one line."""

    verdict: Verdict
    where: str
    what: str


def check(evidence: Evidence) -> list[Problem]:
    """Look at every conversation and every order."""
    problems = [
        Problem(verdict, talk.id, what)
        for talk in evidence.talks.values()
        for rule in TALK_RULES
        for verdict, what in rule(talk)
    ]
    problems += [
        Problem(verdict, talk.id, what)
        for talk in evidence.talks.values()
        for verdict, what in _answers_are_whole(talk, evidence.answers)
    ]
    problems += [
        Problem(verdict, order.number, what)
        for order in evidence.orders
        for verdict, what in _order_is_cancelled_once(order, evidence)
    ]
    return problems


Found = Iterator[tuple[Verdict, str]]


def _accepted_once_and_in_order(talk: Talk) -> Found:
    """Every message is in the log once, where its receipt says, in the tab's order."""
    lines = {x.client_message_id: x for x in talk.log if x.sender == "customer"}
    last_seq: dict[int, int] = {}
    for sent in talk.sent:
        name = sent.client_message_id
        line = lines.get(name)
        if line is None:
            if not sent.refused:
                yield "lost", f"message {name} is not in the log"
            continue
        if sent.seq is not None and sent.seq != line.seq:
            yield "wrong", f"message {name} is line {line.seq}, its receipt {sent.seq}"
        if line.seq < last_seq.get(sent.tab, 0):
            yield "wrong", f"message {name} stands before one written earlier"
        last_seq[sent.tab] = line.seq
    known = {sent.client_message_id for sent in talk.sent}
    for name in lines.keys() - known if talk.sent else ():
        yield "doubled", f"message {name} was never written"


def _log_has_no_gaps(talk: Talk) -> Found:
    n_times = Counter(line.seq for line in talk.log)
    for seq, n in n_times.items():
        if n > 1:
            yield "doubled", f"line {seq} is {n} times in the log"
    names = Counter(x.client_message_id for x in talk.log if x.client_message_id)
    for name, n in names.items():
        if n > 1:
            yield "doubled", f"message {name} is {n} times in the log"
    for seq in set(range(1, max(n_times, default=0) + 1)) - set(n_times):
        yield "lost", f"line {seq} is missing in the log"


def _every_message_has_one_answer(talk: Talk) -> Found:
    """One answer, or one apology with a ticket; silence only once a person answers."""
    turns = {turn.id: turn for turn in talk.turns}
    said: dict[str, list[Line]] = {}
    for line in talk.log:
        if line.sender == "bot" and line.turn_id:
            said.setdefault(line.turn_id, []).append(line)
    answered_by_person = max(
        (line.seq for line in talk.log if line.sender == "agent"), default=0
    )
    handed_over = False
    for line in talk.log:
        handed_over = handed_over or _hands_over(line)
        if line.sender != "customer" and not (line.sender == "system" and line.payload):
            continue
        turn = turns.get(line.turn_id or "")
        if turn is None:
            if not handed_over:
                yield "silent", f"line {line.seq} was never given to the bot"
            continue
        may_be_silent = handed_over or line.seq < answered_by_person
        yield from _turn_ended_once(talk, turn, said.get(turn.id, []), may_be_silent)
    for turn_id in said.keys() - {line.turn_id for line in talk.log if _asks(line)}:
        yield "doubled", f"the bot answers turn {turn_id}, which nobody asked"


def _asks(line: Line) -> bool:
    return line.sender in ("customer", "system") and line.turn_id is not None


def _hands_over(line: Line) -> bool:
    return (
        line.hands_over
        or line.sender == "agent"
        or (line.sender == "customer" and line.payload == "/human_handoff")
    )


def _turn_ended_once(
    talk: Talk, turn: TurnRow, lines: list[Line], may_be_silent: bool
) -> Found:
    if turn.status not in ENDED:
        yield "silent", f"turn {turn.id} is still {turn.status}"
        return
    shown = [line for line in lines if not line.suppressed]
    if not shown:
        if not may_be_silent:
            yield "silent", f"turn {turn.id} is {turn.status}, and nothing was said"
        return
    # What is suppressed is an answer that came after the apology for its lateness.
    for said in (shown, [line for line in lines if line.suppressed]):
        seqs = [line.seq for line in said]
        if seqs and seqs != list(range(seqs[0], seqs[0] + len(seqs))):
            yield "doubled", f"turn {turn.id} was answered at different times: {seqs}"
    if len(shown) < len(lines) and (turn.status, turn.failure) != ("failed", "timeout"):
        yield "doubled", f"turn {turn.id} has an answer that was and was not shown"
    if turn.status != "failed":
        return
    if len(shown) > 1:
        yield "doubled", f"turn {turn.id} has {len(shown)} apologies"
    numbers = set(TICKET.findall(shown[0].text or ""))
    if not numbers or turn.ticket_number not in numbers:
        yield "silent", f"the apology of turn {turn.id} names no ticket of its own"
    elif not numbers <= talk.tickets.keys():
        yield "lost", f"ticket {numbers} of an apology does not exist"


def _tickets_are_opened_once(talk: Talk) -> Found:
    """One ticket for each failed turn, one for each yes, one where nobody was there."""
    apologised = [turn.ticket_number for turn in talk.turns if turn.ticket_number]
    for number, n in Counter(apologised).items():
        if n > 1:
            yield "doubled", f"ticket {number} stands for {n} failed turns"
    for number, (category, _) in talk.tickets.items():
        if category == FAILURE and number not in apologised:
            yield "doubled", f"ticket {number} belongs to no failed turn"
    n_confirmed = sum(1 for line in talk.log if _confirms(line, "ticket"))
    wanted = [n for n, (category, _) in talk.tickets.items() if category != FAILURE]
    n_confirmed += sum(1 for line in talk.log if line.hands_over)
    if len(wanted) > n_confirmed:
        yield "doubled", f"{len(wanted)} tickets, but {n_confirmed} times a yes"
    for line in talk.log:
        if line.sender == "bot" and not line.suppressed:
            for number in TICKET.findall(line.text or ""):
                if number not in talk.tickets:
                    yield (
                        "lost",
                        f"line {line.seq} names {number}, which does not exist",
                    )


def _confirms(line: Line, about: str) -> bool:
    payload = line.payload or ""
    return line.sender == "customer" and CONFIRMED in payload and about in payload


def _visitors_saw_the_log(talk: Talk) -> Found:
    """Each page showed all lines that were not suppressed, once and in order."""
    shown = [(x.seq, x.sender, x.text) for x in talk.log if not x.suppressed]
    hidden = {line.seq for line in talk.log if line.suppressed}
    for view in talk.views:
        for fault in view.faults:
            yield "wrong", fault
        seqs = [seq for seq, _, _ in view.lines]
        if hidden & set(seqs):
            yield "wrong", f"suppressed lines were shown: {sorted(hidden & set(seqs))}"
        for seq, n in Counter(seqs).items():
            if n > 1:
                yield "doubled", f"line {seq} was shown {n} times"
        if seqs != sorted(seqs):
            yield "wrong", f"lines were shown out of order: {seqs}"
        due = [x for x in shown if view.is_complete or (seqs and x[0] <= max(seqs))]
        missing = {seq for seq, _, _ in due} - set(seqs)
        if missing:
            yield "lost", f"lines were not shown: {sorted(missing)}"
        for line in set(view.lines) - set(shown):
            if line[0] not in hidden:
                yield "wrong", f"line {line[0]} was shown otherwise than it is"


def _tracker_has_each_turn_once(talk: Talk) -> Found:
    """The assistant's own memory has what was answered, once and in order."""
    n_times = Counter(talk.tracked)
    for turn_id, n in n_times.items():
        if n > 1:
            yield "doubled", f"turn {turn_id} is {n} times in the tracker"
    for turn in talk.turns:
        if turn.status == "done" and not n_times[turn.id]:
            yield "lost", f"turn {turn.id} was answered, but the tracker has it not"
    # One that was given up may be carried out late, and finds its claims outdated.
    done = [turn.id for turn in talk.turns if turn.status == "done"]
    position = {turn_id: i for i, turn_id in enumerate(done)}
    known = [position[turn_id] for turn_id in talk.tracked if turn_id in position]
    if known != sorted(known):
        yield "wrong", f"the tracker has the turns in the order {known}"


TALK_RULES: tuple[Callable[[Talk], Found], ...] = (
    _log_has_no_gaps,
    _accepted_once_and_in_order,
    _every_message_has_one_answer,
    _tickets_are_opened_once,
    _visitors_saw_the_log,
    _tracker_has_each_turn_once,
)


def _answers_are_whole(talk: Talk, answers: dict[str, list[str]]) -> Found:
    """What was said is what the assistant answered: nothing less, nothing twice."""
    for turn in talk.turns:
        if turn.status != "done" or turn.id not in answers:
            continue
        lines = [x for x in talk.log if x.sender == "bot" and x.turn_id == turn.id]
        said = [line.text for line in lines if line.text]
        meant = answers[turn.id]
        if len(said) > len(meant):
            yield "doubled", f"turn {turn.id}: {len(said)} texts of {len(meant)}"
        elif len(said) < len(meant):
            yield "lost", f"turn {turn.id}: {len(said)} texts of {len(meant)}"
        elif said != meant:
            yield "wrong", f"turn {turn.id}: said something else than was answered"


def _order_is_cancelled_once(order: OrderRow, evidence: Evidence) -> Found:
    """Only after a yes, once, and all that was paid is owed back once."""
    log = [line for talk in evidence.talks.values() for line in talk.log]
    mine = [line for line in log if _confirms(line, order.number)]
    told = any((order.number, "cancelled") in line.shown_orders for line in log)
    if order.n_cancellations > 1:
        yield "doubled", f"cancelled {order.n_cancellations} times"
    if order.status != "cancelled":
        if told:
            yield "lost", "the customer was told that it is cancelled; it is not"
        if order.refunds_cents:
            yield "wrong", "money is owed back, but it is not cancelled"
        return
    if not mine:
        yield "wrong", "cancelled, but nobody said yes"
    if len(order.refunds_cents) > 1 or sum(order.refunds_cents) > order.paid_cents:
        yield "doubled", f"refunds {order.refunds_cents} of {order.paid_cents}"
    elif sum(order.refunds_cents) < order.paid_cents:
        yield "lost", f"refunds {order.refunds_cents} of {order.paid_cents}"
