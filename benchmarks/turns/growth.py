"""What a turn costs in a long conversation, and with many conversations stored."""

from __future__ import annotations

import statistics
from typing import Any

import aiohttp

from benchmarks.turns.history import Past, add_conversations, give_past, read_past
from benchmarks.turns.load import Progress
from benchmarks.turns.scripts import read_scripts
from benchmarks.turns.stack import Stack
from benchmarks.turns.visitor import Gateway, Visitor

NTH_TURNS = (2, 50, 100, 200)
N_CONVERSATIONS = 5
# The same turn again and again, so that only the past differs.
QUESTION = "how much does shipping cost"
# Timed in each conversation, from the nth turn on.
N_TIMED = 5
# The past is made of these turns, which need no proof of who speaks.
PAST_SCRIPT = "asks for the rules"
N_STORED = 10_000
N_STORED_TURNS = 4


async def measure_growth(
    http: aiohttp.ClientSession, stack: Stack, progress: Progress
) -> dict[str, Any]:
    """Time turns with a short and a long past, with few and with many stored."""
    gateway = Gateway(http, stack)
    past = await _make_past(gateway, stack)
    figures: dict[str, Any] = {"n_stored": N_STORED, "turns": {}, "stored": {}}
    # What is loaded or compiled once is none of the second turn's business.
    await _time(gateway, stack, past, NTH_TURNS[0])
    for nth in NTH_TURNS:
        progress(f"turn {nth} of a conversation")
        figures["turns"][nth] = await _time(gateway, stack, past, nth)
    progress(f"storing {N_STORED} conversations")
    add_conversations(stack, past, N_STORED, N_STORED_TURNS)
    for nth in (NTH_TURNS[0], NTH_TURNS[-1]):
        progress(f"turn {nth} of a conversation, with {N_STORED} others")
        figures["stored"][nth] = await _time(gateway, stack, past, nth)
    return figures | ratios(figures["turns"], figures["stored"])


def ratios(turns: dict[int, float], stored: dict[int, float]) -> dict[str, Any]:
    """How much more the later turns cost than the second one."""
    second = turns[NTH_TURNS[0]]
    return {
        "ratio_to_turn_2": {n: round(ms / second, 2) for n, ms in turns.items()},
        "ratio_to_few_stored": {n: round(ms / turns[n], 2) for n, ms in stored.items()},
    }


async def _make_past(gateway: Gateway, stack: Stack) -> Past:
    """Let a conversation take place."""
    script = next(one for one in read_scripts() if one.name == PAST_SCRIPT)
    opened = await gateway.open(script.language)
    visitor = Visitor(gateway, iter(()))
    await visitor.enter(opened["token"], opened["last_seq"])
    for step in script.steps:
        await visitor.say(step.text or "")
    await visitor.leave()
    return read_past(stack, opened["conversation_id"])


async def _time(gateway: Gateway, stack: Stack, past: Past, nth: int) -> float:
    """The median milliseconds of the nth turn and the few after it."""
    opened = [await gateway.open("en") for _ in range(N_CONVERSATIONS)]
    give_past(stack, past, [one["conversation_id"] for one in opened], nth - 1)
    seconds = []
    for one in opened:
        visitor = Visitor(gateway, iter(()))
        await visitor.enter(one["token"], one["last_seq"])
        for _ in range(N_TIMED):
            seconds.append(await visitor.say(QUESTION))
        await visitor.leave()
    return round(statistics.median(seconds) * 1000, 1)
