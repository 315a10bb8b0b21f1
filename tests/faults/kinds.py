"""The kinds of faults: how many of a thousand, how long, and what happens."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    Attributes:
        share: how many of a thousand faults are of this kind.
        seconds: the shortest and the longest time it lasts; None if it is a moment.
        hits_all: whether everybody who waits is hit, or one message.
        meaning: what happens, for people.
    """

    name: str
    share: int
    meaning: str
    seconds: tuple[float, float] | None = None
    hits_all: bool = False


# What takes long to be over happens least often, or nothing else would be met.
KINDS = (
    Kind(
        "bot_killed", 12, "the assistant's process is killed (SIGKILL)", hits_all=True
    ),
    Kind("actions_killed", 30, "the action server's process is killed", hits_all=True),
    Kind("gateway_killed", 20, "the gateway's process is killed", hits_all=True),
    Kind(
        "bot_paused", 18, "the assistant stands still (SIGSTOP)", (2, 12), hits_all=True
    ),
    Kind(
        "actions_paused", 25, "the action server stands still", (2, 12), hits_all=True
    ),
    Kind("gateway_paused", 15, "the gateway stands still", (1, 6), hits_all=True),
    Kind(
        "database_blocked",
        20,
        "nobody can write to the database",
        (5.5, 8),
        hits_all=True,
    ),
    Kind("sockets_cut", 70, "all sockets are cut", hits_all=True),
    Kind("socket_cut_midway", 120, "a socket is cut after some bytes, or in a frame"),
    Kind("post_lost", 110, "a message is lost on its way to the gateway"),
    Kind("receipt_lost", 130, "a message is stored, but its receipt is lost"),
    Kind("turn_lost", 40, "a turn is lost on its way to the assistant"),
    Kind("answer_lost", 60, "the assistant has answered, but the answer is lost"),
    Kind("action_call_lost", 30, "a call is lost on its way to the action server"),
    Kind("action_result_lost", 50, "an action is done, but its result is lost"),
    Kind("action_hangs", 20, "a call reaches the action server 30 s late", (30, 30)),
    Kind("crm_result_lost", 50, "the CRM has done it, but its answer is lost"),
    Kind("crm_hangs", 10, "a call reaches the CRM 30 s late", (30, 30)),
    Kind("message_twice", 60, "two tabs send the same message at the same time"),
    Kind("tabs_at_once", 40, "two tabs send different messages at the same time"),
    Kind("colleague_answers", 20, "a colleague answers while the bot is about to"),
    Kind("page_reloaded", 50, "the page is loaded anew, whatever it was doing"),
)
BY_NAME = {kind.name: kind for kind in KINDS}
