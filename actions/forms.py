"""Conversations of several turns: what is asked, in which order, and how to leave.

One call per turn does everything: read the answer, ask the next question or do the
work. Rasa's form only keeps the place, so `validate_<form>` is the only action of a
form, and the slots are filled here instead of by mappings.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from rasa_sdk.events import ActionExecutionRejected, ActiveLoop, SlotSet

from actions.articles import ActionAnswerQuestion, try_articles
from actions.base import CrmAction, Events
from actions.call import Call, command
from actions.wording import NO, STOP, YES, bare, is_just_a_number, withdraws

# A question is asked again once; after the second miss help is offered instead.
MAX_TRIES = 2

# Below this the intent of an answer to a question says little.
SURE = 0.5
# Free text resembles many intents, so leaving it takes more.
VERY_SURE = 0.7

# "Keep it" resembles a yes; what cannot be undone takes a yes that is one.
SURE_ENOUGH_TO_ACT = 0.85

# Never a change of subject: answers, and messages that mean nothing by themselves.
ANSWERS = frozenset(
    ["inform", "affirm", "deny", "nlu_fallback", "out_of_scope", "greet", "thank"]
)

# Questions that are answered on the spot, after which the form asks again.
ASIDES = frozenset(
    [
        "bot_challenge",
        "cancellation_fee",
        "contact_support",
        "delivery_options",
        "payment_methods",
        "price_protection",
        "promotion",
        "refund_policy",
        "shipping_fee",
        "store_info",
        "warranty_repair",
    ]
)


class CrmForm(CrmAction):
    """A form: its slots in the order they are asked for."""

    form: ClassVar[str]
    # The intent of the form's own buttons, and all intents that start it.
    intent: ClassVar[str]
    starts: ClassVar[frozenset[str]]
    slots: ClassVar[tuple[str, ...]]
    confirmation: ClassVar[str] = ""
    # Slots whose answer is a sentence, with the intents that end the form there.
    free_text: ClassVar[dict[str, frozenset[str]]] = {}
    # Words that stop other forms but may mean "yes" here.
    not_stopping: ClassVar[frozenset[str]] = frozenset()

    def name(self) -> str:
        """The name Rasa calls in each turn of the form."""
        return f"validate_{self.form}"

    @abstractmethod
    async def proceed(self, call: Call, known: dict[str, Any]) -> Events:
        """Ask for the first thing missing in `known`, or do the work."""

    @abstractmethod
    async def read(self, call: Call, asked: str) -> dict[str, Any] | None:
        """The slots that the message fills; None if it answers nothing."""

    async def read_first(self, call: Call) -> dict[str, Any]:
        """The slots that the message which started the form fills."""
        return {}

    async def handle(self, call: Call) -> Events:
        """Answer one turn of the form."""
        asked = call.slot("requested_slot")
        starts = asked not in self.slots or self._restarts(call)
        if starts and withdraws(call.text):
            # "I won't cancel it after all" resembles the wish that it takes back.
            call.say("utter_nothing_changed")
            return self.close(**self._about(call.tracker.slots))
        if starts:
            first = dict.fromkeys(self.slots) | await self.read_first(call)
            return await self.proceed(call, first)
        known = self.recall(call, asked)
        if self._is_stop(call, asked):
            call.say("utter_nothing_changed")
            return self.close()
        if self._changes_subject(call, asked):
            if call.intent not in ASIDES:
                return self.give_way(call)
            await self._answer_aside(call)
            return await self.proceed(call, known)
        if asked == self.confirmation:
            if call.slot("pending_task") != self.task(known):
                # Another order was named meanwhile: that is not what was asked.
                return await self.proceed(call, known)
            found = {asked: True} if self._is_yes(call) else None
        else:
            found = await self.read(call, asked)
        if found is not None:
            return await self.proceed(call, known | found)
        if call.intent == "nlu_fallback" and await try_articles(call):
            # A question of its own, such as "do you sell my data?".
            return await self.proceed(call, known)
        return await self.miss(call, known)

    def recall(self, call: Call, asked: str) -> dict[str, Any]:
        """What the form was told in earlier turns."""
        return {slot: call.slot(slot) for slot in self.slots}

    def task(self, known: dict[str, Any]) -> str:
        """What a "yes" would do, as the buttons of the confirmation carry it."""
        return self.form

    def ask(self, slot: str, known: dict[str, Any], **more: Any) -> Events:
        """Wait for `slot`, remembering what is known."""
        kept = {name: known.get(name) for name in self.slots} | more
        # A question that is new has not been missed yet.
        kept.setdefault("missed_answers", known.get("missed_answers"))
        events = [SlotSet(name, value) for name, value in kept.items()]
        return [*events, SlotSet("requested_slot", slot)]

    async def miss(
        self,
        call: Call,
        known: dict[str, Any],
        response: str = "utter_answer_not_understood",
        **values: Any,
    ) -> Events:
        """Say what was wrong and ask again; offer help if that did not work."""
        missed = int(call.slot("missed_answers") or 0) + 1
        call.say(response, **values)
        if missed >= MAX_TRIES:
            call.say("utter_offer_help")
            return self.close()
        return await self.proceed(call, known | {"missed_answers": missed})

    def close(self, **slots: Any) -> Events:
        """End the form and forget its answers, except for `slots`."""
        kept = dict.fromkeys((*self.slots, "pending_task", "missed_answers")) | slots
        events = [SlotSet(name, value) for name, value in kept.items()]
        return [*events, SlotSet("requested_slot", None)]

    def give_way(self, call: Call) -> Events:
        """End the form and let the rules answer the message as if it never was."""
        return [
            *self.close(**self._about(call.tracker.slots)),
            ActiveLoop(None),
            ActionExecutionRejected(self.form),
        ]

    def on_error(self, call: Call) -> Events:
        """The form is over, whatever went wrong."""
        return self.close()

    def resume_command(self, call: Call) -> str:
        """Start the form again, for the order that was spoken of."""
        number = call.entity("order_number") or call.slot("order_number")
        intent = call.intent if call.intent in self.starts else self.intent
        return command(intent, order_number=number)

    def _about(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """What was spoken of stays known: "and where is it now?"."""
        names = ("order_number", "customer_number")
        return {name: known.get(name) for name in names if name in self.slots}

    async def _answer_aside(self, call: Call) -> None:
        if call.intent == "bot_challenge":
            call.say("utter_bot_challenge")
        else:
            await ActionAnswerQuestion(self._crm).handle(call)

    def _restarts(self, call: Call) -> bool:
        return call.is_command and call.intent in self.starts

    def _is_stop(self, call: Call, asked: str) -> bool:
        words = bare(call.text)
        if words in STOP - self.not_stopping or withdraws(words):
            return True
        if asked == self.confirmation:
            return self._is_no(call)
        return call.intent == "deny" and (
            call.is_command or (call.confidence >= SURE and len(words) <= 20)
        )

    def _is_yes(self, call: Call) -> bool:
        words = bare(call.text)
        if call.is_command:
            # A "yes" that was offered for something else must not confirm this.
            about = call.entity("pending_task")
            return call.intent == "affirm" and about == call.slot("pending_task")
        if YES.fullmatch(words):
            return True
        if NO.search(words):
            return False
        agrees = call.intent in ANSWERS | self.starts and YES.match(words)
        is_sure = call.confidence >= SURE_ENOUGH_TO_ACT
        return bool(agrees) or (call.intent == "affirm" and is_sure)

    def _is_no(self, call: Call) -> bool:
        if call.is_command:
            return call.intent == "deny"
        words = bare(call.text)
        if YES.fullmatch(words):
            return False
        return call.intent == "deny" or bool(NO.match(words))

    def _changes_subject(self, call: Call, asked: str) -> bool:
        if call.intent in ANSWERS | self.starts:
            return False
        if call.is_command:
            return True
        if asked in self.free_text:
            leaves = call.intent in self.free_text[asked]
            return leaves and call.confidence >= VERY_SURE
        if YES.fullmatch(bare(call.text)):
            return False
        # "It's DM-123456" resembles a question about it, "cancel DM-123456" is a wish.
        answers = is_just_a_number(call.text)
        return call.confidence >= (SURE_ENOUGH_TO_ACT if answers else SURE)
