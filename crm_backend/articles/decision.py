"""Whether what was found is good enough to be an answer."""

from typing import Literal

Decision = Literal["sure", "unsure", "nothing"]

# The lowest scores of an answer that is `sure` and of one that is `unsure`.
WITH_ENCODER = (0.50, 0.36)
WORDS_ALONE = (0.55, 0.35)


def decide(score: float, *, has_encoder: bool) -> Decision:
    """Tell what the score of the best passage is worth."""
    sure, unsure = WITH_ENCODER if has_encoder else WORDS_ALONE
    if score >= sure:
        return "sure"
    return "unsure" if score >= unsure else "nothing"
