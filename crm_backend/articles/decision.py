"""Whether what was found is good enough to be an answer."""

from dataclasses import dataclass
from typing import Literal

Decision = Literal["sure", "unsure", "nothing"]


@dataclass(frozen=True)
class Bar:
    """What the best passage has to reach.

    Attributes:
        sure: the lowest score of an answer.
        lead: by how much it must be ahead of the second passage to be one.
        unsure: the lowest score of something that may help.
    """

    sure: float
    lead: float
    unsure: float


# Chosen on the first half of tests/crm_backend/articles/questions.yml; with the other
# half the tests there check what they are worth. A message whose intent the articles
# name is about the shop already. Any other one has to look much more like it, or "I
# forgot my Gmail password" is answered; in Chinese, where scores are higher, the more.
WITH_TOPIC = Bar(sure=0.42, lead=0.03, unsure=0.30)
WITHOUT_TOPIC = {
    "en": Bar(sure=0.58, lead=0.03, unsure=0.35),
    "zh": Bar(sure=0.64, lead=0.03, unsure=0.35),
}
# Without encoder, by the share of the words alone.
WORDS_WITH_TOPIC = Bar(sure=0.25, lead=0.10, unsure=0.15)
WORDS_WITHOUT_TOPIC = Bar(sure=0.30, lead=0.10, unsure=0.20)


def decide(
    score: float, lead: float, language: str, *, has_topic: bool, has_encoder: bool
) -> Decision:
    """Tell what the best passage is worth.

    Args:
        score: of the best passage.
        lead: how far it is ahead of the second one.
        language: of the question.
        has_topic: whether the articles name the intent of the message.
        has_encoder: whether the score is more than one of words.
    """
    if has_encoder:
        bar = WITH_TOPIC if has_topic else WITHOUT_TOPIC[language]
    else:
        bar = WORDS_WITH_TOPIC if has_topic else WORDS_WITHOUT_TOPIC
    if score >= bar.sure and lead >= bar.lead:
        return "sure"
    return "unsure" if score >= bar.unsure else "nothing"
