"""Runs a turn of the assistant, once, and keeps it together with its answer."""

from __future__ import annotations

import asyncio
import copy
import logging
from dataclasses import dataclass
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.events import ActionExecuted, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message

from bot.said_meanwhile import SaidLine, as_events
from bot.sentence_encoder import encoding_queue
from bot.turn_output import CHANNEL_NAME, TurnFailed, TurnOutput

logger = logging.getLogger(__name__)

LANGUAGES = ("en", "zh")
N_RANKED = 3
NOTHING = {"text": "", "intent": {"name": None, "confidence": 0.0}, "entities": []}
NOT_UNDERSTOOD = {
    "intent": {"name": "nlu_fallback", "confidence": 1.0},
    "gate": {"decision": "decline", "candidates": []},
}


@dataclass(frozen=True)
class Turn:
    """A message to answer: its text is a command if it begins with a slash."""

    turn_id: str
    conversation_id: str
    text: str
    claims: str
    # Whether the assistant speaks again after somebody else did.
    fresh: bool = False
    # What that was.
    said: tuple[SaidLine, ...] = ()


class TurnRunner:
    """Answers turns, those of a conversation one after the other."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[dict[str, Any]]] = set()

    async def answer(
        self, agent: Agent, turn: Turn, claims: dict[str, Any]
    ) -> dict[str, Any]:
        """Run the turn, or return what was recorded.

        A turn that was begun is finished, even if nobody waits for its answer any
        more: its actions may have done something already.
        """
        task = asyncio.create_task(_answer(agent, turn, claims))
        self._under_way.add(task)
        task.add_done_callback(self._finish)
        return await asyncio.shield(task)

    def _finish(self, task: asyncio.Task[dict[str, Any]]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            # Looked at, so that nothing is said about it where nobody waits.
            task.exception()


async def _answer(agent: Agent, turn: Turn, claims: dict[str, Any]) -> dict[str, Any]:
    store = agent.tracker_store
    async with agent.lock_store.lock(turn.conversation_id):
        recorded = store.find_turn(turn.turn_id, turn.conversation_id)
        if recorded:
            return {**recorded, "replayed": True}
        try:
            return await _run(agent, turn, claims)
        finally:
            store.give_back(turn.conversation_id)


async def _run(agent: Agent, turn: Turn, claims: dict[str, Any]) -> dict[str, Any]:
    """Let the assistant answer, and keep the dialogue and the answer."""
    processor, output = agent.processor, TurnOutput()
    language = claims.get("lang") if claims.get("lang") in LANGUAGES else LANGUAGES[0]
    message = UserMessage(
        text=turn.text,
        output_channel=output,
        sender_id=turn.conversation_id,
        input_channel=CHANNEL_NAME,
        message_id=turn.turn_id,
        metadata={
            "claims": turn.claims,
            "turn_id": turn.turn_id,
            "conversation_id": turn.conversation_id,
            "language": language,
        },
    )
    message.parse_data = await _understand(processor, message)
    answer = {
        "turn_id": turn.turn_id,
        "messages": output.messages,
        "understood": _describe(message.parse_data, language),
        "model_id": agent.model_id,
        "replayed": False,
    }
    try:
        tracker = await _handle(processor, message, turn)
    except TurnFailed as failed:
        # It left nothing in the dialogue: it may be tried again.
        logger.error("A turn failed in %s.", failed)
        output.close()
    else:
        answer["understood"]["actions"] = _list_actions(tracker)
        agent.tracker_store.save_turn(tracker, turn.turn_id, answer)
    return answer


async def _understand(
    processor: MessageProcessor, message: UserMessage
) -> dict[str, Any]:
    """Parse a message; what is stored with each event stays small.

    Parsed here, because a fallback takes the message out of the tracker again.
    """
    parsed = _read_command(processor, message.text)
    if parsed is None:
        await encoding_queue().prepare(message.text)
        parsed = await processor.parse_message(message)
    if not message.text:
        # Nothing but slashes and spaces: a classifier takes that for something.
        parsed |= copy.deepcopy(NOT_UNDERSTOOD)
    parsed.pop("text_tokens", None)
    parsed["intent_ranking"] = parsed.get("intent_ranking", [])[:N_RANKED]
    return parsed


def _read_command(processor: MessageProcessor, text: str) -> dict[str, Any] | None:
    """What a button says, without asking the classifiers; None if it is no command.

    They are asked before Rasa's own reader of commands, which overrules all of them.
    """
    if not text.startswith("/"):
        return None
    given = Message.build(text)
    read = RegexMessageHandler().process([given], processor.domain)[0]
    if read is given:
        return None
    return copy.deepcopy(NOTHING) | read.as_dict(only_output_properties=True)


async def _handle(
    processor: MessageProcessor, message: UserMessage, turn: Turn
) -> DialogueStateTracker:
    """Let the dialogue go on with a message.

    What MessageProcessor.handle_message of Rasa 3.6.21 does before it saves, but for a
    session that begins with nothing: not even with the first message's claims.
    """
    tracker = await processor.get_tracker(message.sender_id)
    is_new = not tracker.applied_events() or processor._has_session_expired(tracker)
    if turn.fresh or is_new:
        begin = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
        said = as_events(turn.said, tracker.slots)
        tracker.update_with_events(
            [*begin, *said, ActionExecuted(ACTION_LISTEN_NAME)],
            processor.domain,
        )
    await processor._handle_message_with_tracker(message, tracker)
    output = message.output_channel
    tracker = await processor.run_action_extract_slots(output, tracker)
    await processor._run_prediction_loop(output, tracker)
    return tracker


def _list_actions(tracker: DialogueStateTracker) -> list[str]:
    """The actions that answered the latest message, in their order."""
    names: list[str] = []
    for event in reversed(tracker.events):
        if isinstance(event, UserUttered):
            break
        if isinstance(event, ActionExecuted) and event.action_name:
            names.append(event.action_name)
    return [name for name in reversed(names) if name != ACTION_LISTEN_NAME]


def _describe(parsed: dict[str, Any], language: str) -> dict[str, Any]:
    intent = parsed.get("intent") or {}
    return {
        "intent": intent.get("name"),
        "confidence": float(intent.get("confidence") or 0.0),
        "entities": [
            {key: entity.get(key) for key in ("entity", "value", "start", "end")}
            for entity in parsed.get("entities") or []
        ],
        "sentiment": parsed.get("sentiment"),
        "gate": parsed.get("gate"),
        "ranking": _rank(parsed),
        "language": language,
    }


def _rank(parsed: dict[str, Any]) -> list[dict[str, Any]]:
    """The likeliest intents, also where the gate chose none of them."""
    return [
        {"intent": one["name"], "confidence": float(one["confidence"])}
        for one in parsed.get("intent_ranking") or []
        if one.get("name") not in (None, DEFAULT_NLU_FALLBACK_INTENT_NAME)
    ]
