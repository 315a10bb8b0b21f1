"""Past conversations of the demo shop: all of them ended, none waits for anybody."""

import uuid
from datetime import datetime, timedelta

from crm_backend.seed.catalogue import talk_texts
from crm_backend.seed.ledger import FIRST_RANDOM_NUMBER, Ledger, Row
from crm_backend.seed.talk_lines import (
    Talk,
    add_exchange,
    ask,
    happens,
    pick,
    understood,
)

N_TALKS = 320
# The shop with more customers has more returns, but not more to look at.
N_DEEDS = 60
DAYS = 70
# What a conversation is about: something known, something taken wrongly, ...
KINDS = ("matter", "misunderstood", "unanswered", "strange")
P_KINDS = (0.62, 0.12, 0.2, 0.06)
P_CHINESE = 0.4
P_KNOWN = 0.55
P_THANKS = 0.45
P_RATING = 0.4
P_FAILED = 0.03
# How many of those that the assistant does not understand ask for a person.
P_PERSON = {"matter": 0.1, "misunderstood": 0.35, "unanswered": 0.25, "strange": 0.05}
# Lower numbers are those of the story customers, whose records stay as documented.
FIRST_RANDOM = f"C-{FIRST_RANDOM_NUMBER}"


def add_talks(ledger: Ledger, agent_id: int) -> None:
    """Add conversations of the last weeks, with hand-offs, ratings and failures.

    Args:
        ledger: of a shop whose customers and orders are there.
        agent_id: the colleague who answered.
    """
    customers = {
        language: [
            row
            for row in ledger.rows["customers"]
            if row["language"] == language and row["number"] >= FIRST_RANDOM
        ]
        for language in ("en", "zh")
    }
    owners = {row["id"]: row for row in ledger.rows["customers"]}
    for moment, customer_id, intent in _deeds(ledger):
        owner = owners[customer_id]
        _add_talk(ledger, agent_id, moment, owner["language"], owner, intent)
    for _ in range(N_TALKS):
        days_ago = float(ledger.rng.uniform(0.2, DAYS))
        language = "zh" if ledger.rng.random() < P_CHINESE else "en"
        known = customers[language]
        somebody = pick(ledger, known) if known and happens(ledger, P_KNOWN) else None
        began_at = (ledger.as_of - timedelta(days=days_ago)).replace(microsecond=0)
        _add_talk(ledger, agent_id, began_at, language, somebody)


def _deeds(ledger: Ledger) -> list[tuple[datetime, int, str]]:
    """Return what customers got done lately: when they asked for it, who, and what."""
    orders = {row["id"]: row for row in ledger.rows["orders"]}
    deeds = [
        (row["cancelled_at"], row["customer_id"], "cancel_order")
        for row in orders.values()
        if row["cancelled_at"] is not None and row["cancelled_at"] > row["ordered_at"]
    ]
    deeds += [
        (row["requested_at"], orders[row["order_id"]]["customer_id"], "return_exchange")
        for row in ledger.rows["returns"]
    ]
    first, last = ledger.as_of - timedelta(days=DAYS), ledger.as_of - timedelta(hours=2)
    stories = {
        row["id"] for row in ledger.rows["customers"] if row["number"] < FIRST_RANDOM
    }
    lately = [one for one in deeds if first < one[0] < last and one[1] not in stories]
    return [
        (done_at.replace(microsecond=0) - timedelta(minutes=2), customer_id, intent)
        for done_at, customer_id, intent in sorted(lately)[-N_DEEDS:]
    ]


def _add_talk(
    ledger: Ledger,
    agent_id: int,
    began_at: datetime,
    language: str,
    customer: Row | None,
    intent: str | None = None,
) -> None:
    rng = ledger.rng
    kind = "matter" if intent else str(rng.choice(KINDS, p=P_KINDS))
    talk = Talk(
        ledger, language, _new_row(ledger, began_at, language, customer), began_at
    )
    # The table comes before that of its messages.
    ledger.rows["conversations"].append(talk.row)
    topic = _ADD[kind](talk, intent)
    is_failed = kind == "matter" and intent is None and happens(ledger, P_FAILED)
    if is_failed:
        _add_failure(talk)
    elif happens(ledger, P_PERSON[kind]) and intent is None:
        _add_person(talk, agent_id, kind)
    elif kind == "matter" and happens(ledger, P_THANKS):
        add_exchange(
            talk, "thank", 0.97, pick(ledger, talk_texts()["said"]["thanks"][language])
        )
    _finish(talk, topic)


def _new_row(
    ledger: Ledger, began_at: datetime, language: str, customer: Row | None
) -> Row:
    return {
        "id": str(uuid.UUID(bytes=ledger.rng.bytes(16), version=4)),
        "token_hash": ledger.rng.bytes(32).hex(),
        "channel": "customer",
        "mode": "closed",
        "version": 1,
        "last_seq": 0,
        "language": language,
        "customer_id": customer["id"] if customer else None,
        "staff_id": None,
        "created_at": began_at,
        "last_message_at": began_at,
        "waiting_since": None,
        "is_language_chosen": False,
        "rating_asked_at": None,
        "rating_score": None,
        "rating_comment": None,
        "rated_at": None,
        "assignee_id": None,
        "handoff_reason": None,
        "priority": "medium",
        "topic": None,
        "mood": 0.1,
        "snoozed_until": None,
    }


def _add_matter(talk: Talk, intent: str | None) -> str:
    matters = talk_texts()["matters"]
    names = list(matters)
    weights = [matters[name]["weight"] for name in names]
    shares = [weight / sum(weights) for weight in weights]
    intent = intent or str(talk.ledger.rng.choice(names, p=shares))
    matter = matters[intent]
    text = pick(talk.ledger, matter[talk.language])
    confidence = round(float(talk.ledger.rng.uniform(0.78, 0.99)), 4)
    ask(talk, text, understood(intent, confidence, "answer"))
    asks = intent == "complaint"
    buttons = [{"title": "OK", "payload": "/affirm"}] if asks else []
    talk.say("bot", matter["answer"][talk.language], 1, buttons=buttons)
    if asks and happens(talk.ledger, 0.8):
        add_exchange(
            talk, "affirm", 0.98, talk_texts()["said"]["agreed"][talk.language]
        )
        _add_ticket(talk, text)
    return intent


def _add_misunderstood(talk: Talk, _intent: str | None) -> str:
    one = pick(talk.ledger, talk_texts()["misunderstood"])
    text = pick(talk.ledger, one[talk.language])
    decision = one["decision"]
    confidence = {"ask": 0.44, "decline": 0.21, "answer": 0.56}[decision]
    ask(talk, text, understood(one["guess"], confidence, decision, one["runner_up"]))
    says = "did_you_mean" if decision == "ask" else "rephrase"
    talk.say("bot", talk_texts()["said"][says][talk.language], 1)
    return str(one["guess"])


def _add_unanswered(talk: Talk, _intent: str | None) -> str:
    one = pick(talk.ledger, talk_texts()["unanswered"])
    text = pick(talk.ledger, one[talk.language])
    ask(talk, text, understood("product_info", 0.18, "decline", "promotion"))
    talk.say("bot", talk_texts()["said"]["rephrase"][talk.language], 1)
    return "nlu_fallback"


def _add_strange(talk: Talk, _intent: str | None) -> str:
    text = pick(talk.ledger, talk_texts()["strange"][talk.language])
    ask(talk, text, understood("out_of_scope", 0.86, "decline"))
    talk.say("bot", talk_texts()["said"]["rephrase"][talk.language], 1)
    return "out_of_scope"


_ADD = {
    "matter": _add_matter,
    "misunderstood": _add_misunderstood,
    "unanswered": _add_unanswered,
    "strange": _add_strange,
}


def _add_person(talk: Talk, agent_id: int, kind: str) -> None:
    """Let the customer ask for a person, wait, be answered, and leave."""
    ledger, rng, said = talk.ledger, talk.ledger.rng, talk_texts()["said"]
    add_exchange(
        talk, "human_handoff", 0.98, pick(ledger, said["person"][talk.language])
    )
    talk.say("bot", said["handoff"][talk.language], 1)
    requested_at = talk.now
    reason = (
        "customer_asked"
        if kind == "matter" or happens(ledger, 0.5)
        else "misunderstood"
    )
    talk.say("system", said["joined"][talk.language], float(rng.gamma(2, 90)) + 10)
    taken_at = talk.now
    talk.say(
        "agent",
        pick(ledger, said["agent"][talk.language]),
        float(rng.gamma(2, 25)) + 5,
    )
    replied_at = talk.now
    thanks = pick(ledger, said["thanks"][talk.language])
    talk.say("customer", thanks, float(rng.uniform(20, 120)))
    talk.say("system", said["closed"][talk.language], float(rng.gamma(2, 120)))
    talk.row |= {"assignee_id": agent_id, "handoff_reason": reason}
    ledger.add(
        "handoffs",
        conversation_id=talk.row["id"],
        reason=reason,
        requested_at=requested_at,
        promised_wait_seconds=None,
        taken_at=taken_at,
        staff_id=agent_id,
        replied_at=replied_at,
        ended_at=talk.now,
        outcome="closed",
    )


def _add_failure(talk: Talk) -> None:
    """Let the last question's turn have failed, so that nothing was answered."""
    question = talk.lines[0]
    turn_id = str(uuid.UUID(bytes=talk.ledger.rng.bytes(16), version=4))
    question["turn_id"] = turn_id
    ticket = _add_ticket(talk, question["text"], category="bot_failure")
    talk.ledger.rows["turns"].append(
        {
            "id": turn_id,
            "conversation_id": talk.row["id"],
            "message_id": question["id"],
            "version": 0,
            "status": "failed",
            "gateway_id": None,
            "n_attempts": 1,
            "queued_at": question["created_at"],
            "started_at": question["created_at"],
            "finished_at": talk.now,
            "failure": "timeout",
            "model_id": None,
            "ticket_id": ticket["id"],
        }
    )


def _add_ticket(talk: Talk, text: str, category: str = "complaint") -> Row:
    resolved_at = min(talk.now + timedelta(hours=20), talk.ledger.as_of)
    return talk.ledger.add(
        "tickets",
        number=talk.ledger.number("T"),
        customer_id=talk.row["customer_id"],
        order_id=None,
        conversation_id=talk.row["id"],
        subject=text[:80],
        description=text,
        category=category,
        status="closed",
        priority="medium",
        language=talk.language,
        sentiment_label="negative",
        sentiment_score=-0.6,
        transcript=[],
        opened_at=talk.now,
        updated_at=resolved_at,
        resolved_at=resolved_at,
    )


def _finish(talk: Talk, topic: str) -> None:
    """Close it, and let some customers say how it went."""
    ledger, row = talk.ledger, talk.row
    went_well = topic not in ("nlu_fallback", "out_of_scope")
    row |= {"last_seq": len(talk.lines), "last_message_at": talk.now}
    row |= {"topic": topic if went_well else None, "rating_asked_at": talk.now}
    rated_at = talk.now + timedelta(minutes=1)
    if not happens(ledger, P_RATING) or rated_at > ledger.as_of:
        return
    shares = (0.04, 0.06, 0.15, 0.35, 0.4) if went_well else (0.3, 0.25, 0.2, 0.15, 0.1)
    score = int(ledger.rng.choice(5, p=shares)) + 1
    row |= {"rating_score": score, "rated_at": rated_at}
    if happens(ledger, 0.4):
        row["rating_comment"] = talk_texts()["comments"][talk.language][score]
