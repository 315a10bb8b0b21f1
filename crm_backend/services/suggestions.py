"""Replies an agent may begin with, by what the conversation is about."""

from dataclasses import dataclass

from crm_backend.catalogue import say, texts
from crm_backend.services.topics import category_of

PREFIX = "suggested_reply_"
GREETING = "suggested_reply_greeting"


@dataclass(frozen=True)
class Suggestion:
    """A reply to begin with; `key` names it for good."""

    key: str
    text: str


def list_suggestions(
    topic: str | None, language: str, *, name: str, agent: str
) -> list[Suggestion]:
    """Return replies that fit a topic, the most special first.

    Args:
        topic: what the conversation is about, such as track_order.
        language: the customer's.
        name: the customer's, or "" if nobody knows it.
        agent: who answers.
    """
    keys = [f"{PREFIX}{topic}", f"{PREFIX}{category_of(topic)}", GREETING]
    found = [key for key in dict.fromkeys(keys) if key in texts()]
    greeted = say(
        "suggested_name" if name else "suggested_no_name", language, name=name
    )
    return [
        Suggestion(
            key.removeprefix(PREFIX), say(key, language, hello=greeted, agent=agent)
        )
        for key in found
    ]
