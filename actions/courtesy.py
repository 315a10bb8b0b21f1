"""What is added to an answer, whatever the question: a kind word, a word of warning."""

from __future__ import annotations

from actions.call import Call
from actions.history import is_going_badly
from actions.languages import is_foreign

# These say already that somebody is sorry, or bring a person.
APOLOGETIC = frozenset(
    [
        "utter_apologise",
        "utter_give_up",
        "utter_handoff",
        "utter_offer_help",
        "utter_payment_issue",
        "utter_thank_for_feedback",
        "utter_ticket_opened_urgent",
        "utter_upset",
        "utter_warranty_repair",
    ]
)


def add_courtesies(call: Call) -> None:
    """Put before the answer what the mood and the language of the message ask for."""
    said = {message.get("response") for message in call.dispatcher.messages}
    # A form that gives way says nothing, and the gateway apologises for failures.
    if said <= {None} or call.level == "staff":
        return
    response = _kind_word(call, said) or _about_languages(call)
    if response:
        call.say(response)
        call.dispatcher.messages.insert(0, call.dispatcher.messages.pop())


def _kind_word(call: Call, said: set[str | None]) -> str | None:
    """An apology for the first upset message, the offer of a person for the next."""
    if not call.turns or not call.turns[-1].is_upset or "utter_handoff" in said:
        return None
    offered = any("utter_offer_person" in turn.responses for turn in call.turns)
    if is_going_badly(call.turns) and not offered:
        return "utter_offer_person"
    was_upset = len(call.turns) > 1 and call.turns[-2].is_upset
    return None if was_upset or said & APOLOGETIC else "utter_sorry_upset"


def _about_languages(call: Call) -> str | None:
    """Once a conversation, what the assistant speaks; not amid an address or name."""
    told = any("utter_other_language" in turn.responses for turn in call.turns)
    if told or call.slot("requested_slot") or call.is_command:
        return None
    return "utter_other_language" if is_foreign(call.text) else None
