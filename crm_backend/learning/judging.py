"""Which messages were not understood, and which were not answered."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Reason = Literal["fallback", "unsure", "wrong"]

# What is answered with less confidence is right only a little more often than not.
UNSURE_BELOW = 0.6
# The graver reason counts for messages that say the same.
GRAVITY = {"wrong": 0, "unsure": 1, "fallback": 2}
# Training data refuses longer ones, and nobody says them twice.
MAX_EXAMPLE = 600
# What is said like this means something to Rasa's reader of examples.
_ANNOTATION = str.maketrans({"[": "(", "]": ")", "{": "(", "}": ")"})


@dataclass(frozen=True)
class Guess:
    """The likeliest intents of a message, as far as they are known."""

    intent: str | None = None
    confidence: float | None = None
    runner_up: str | None = None
    runner_up_confidence: float | None = None


def find_reason(understood: Mapping[str, Any] | None) -> Reason | None:
    """Tell why a message counts as misunderstood, if it does.

    Args:
        understood: what the assistant made of it; a pressed button has no gate.
    """
    gate = (understood or {}).get("gate")
    if not understood or not gate:
        return None
    decision = gate.get("decision")
    if decision == "decline":
        return "fallback"
    confidence = understood.get("confidence") or 0.0
    if decision == "ask" or confidence < UNSURE_BELOW:
        return "unsure"
    return None


def read_guess(understood: Mapping[str, Any] | None) -> Guess:
    """Return the likeliest intents of a message and how likely they are."""
    understood = understood or {}
    ranking = [(one["intent"], one["confidence"]) for one in _ranking(understood)]
    if not ranking:
        # What earlier versions of the assistant told.
        names = (understood.get("gate") or {}).get("candidates") or []
        ranking = [(name, None) for name in names]
        if not ranking and understood.get("intent") not in (None, "nlu_fallback"):
            ranking = [(understood["intent"], understood.get("confidence"))]
    (intent, confidence), (other, less) = [*ranking, (None, None), (None, None)][:2]
    return Guess(intent, confidence, other, less)


def _ranking(understood: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(understood.get("ranking") or [])


def is_unanswered(
    understood: Mapping[str, Any] | None, blocks: Iterable[Mapping[str, Any]]
) -> Literal["declined", "article_unsure"] | None:
    """Tell whether a question got no answer, or one that only may be one.

    Args:
        understood: what the assistant made of it.
        blocks: what its answer showed. The card of an article repeats the quote where
            the search was unsure, or had the article in the other language only.
    """
    articles = [block for block in blocks if block.get("type") == "article"]
    if any("quote" in block for block in articles):
        return "article_unsure"
    # What the assistant knows to be none of the shop's business needs no article.
    is_strange = (understood or {}).get("intent") == "out_of_scope"
    if find_reason(understood) == "fallback" and not articles and not is_strange:
        return "declined"
    return None


def to_example(text: str) -> str:
    """Make a text fit for the training data: one line, no annotation, no command."""
    line = " ".join(text.translate(_ANNOTATION).split()).lstrip("/ -")
    return line[:MAX_EXAMPLE].rstrip()


def normalise(text: str) -> str:
    """Fold case, width, white space and punctuation, as a classifier would."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[\W_]+", " ", folded).strip() or folded


def key_of(text: str, language: str) -> str:
    """Return what is the same for texts of a language that say the same."""
    return hashlib.sha256(f"{language} {normalise(text)}".encode()).hexdigest()
