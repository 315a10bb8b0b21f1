"""What would change a prediction, in words."""

from dataclasses import dataclass

from babel.numbers import format_percent

from crm_backend.analytics.what_if import Changes
from crm_backend.catalogue import say, texts


@dataclass(frozen=True)
class WhatIfOut:
    """What would change an answer.

    Attributes:
        lead: from where on the answer is another one.
        sentences: what may happen, with the probability before and after it.
        missing: said in their place if nothing moves it.
    """

    lead: str
    sentences: list[str]
    missing: str | None


def what_if_out(kind: str, changes: Changes, language: str) -> WhatIfOut:
    """Put what would change an answer into words."""
    sentences = []
    for change in changes.found:
        key = f"what_if_{change.lever}"
        if change.n == 1 and f"{key}_one" in texts():
            key += "_one"
        sentences.append(
            say(
                "what_if_crosses" if change.crosses else "what_if_moves",
                language,
                event=say(key, language, n=change.n),
                before=_percent(changes.p, language),
                after=_percent(change.p, language),
            )
        )
    return WhatIfOut(
        lead=say(
            f"what_if_lead_{kind}",
            language,
            threshold=_percent(changes.threshold, language),
        ),
        sentences=sentences,
        missing=None if sentences else say("what_if_none", language),
    )


def _percent(p: float, language: str) -> str:
    return format_percent(p, locale=language)
