"""Answers from the shop's own help articles."""

from __future__ import annotations

from actions.base import CrmAction, Events
from actions.call import Call
from actions.crm_errors import CrmError
from actions.crm_records import ArticleAnswer, ArticlePassage

# The CRM takes no more; what is asked stands near the start.
MAX_QUESTION_CHARACTERS = 1_500


class ActionAnswerQuestion(CrmAction):
    """Answers a question about the shop's rules."""

    def name(self) -> str:
        """See parent class."""
        return "action_answer_question"

    async def handle(self, call: Call) -> Events:
        """Quote the section that answers it, else say what the domain has for it."""
        answer = await call.crm.search_articles(
            _question(call), language=call.language, topic=call.intent
        )
        if answer.decision == "nothing" or answer.passage is None:
            response = f"utter_{call.intent}"
            known = response in (call.domain.get("responses") or {})
            call.say(response if known else "utter_rephrase")
        else:
            _say_passage(call, answer, answer.passage)
        return []


async def try_articles(call: Call) -> bool:
    """Answer a message that no intent fits, if an article surely does.

    Returns:
        whether it was answered; a CRM that cannot be asked is no answer either.
    """
    question = _question(call)
    if not question:
        return False
    try:
        answer = await call.crm.search_articles(question, language=call.language)
    except CrmError:
        return False
    if answer.decision != "sure" or answer.passage is None:
        return False
    _say_passage(call, answer, answer.passage)
    return True


def _question(call: Call) -> str:
    """What was typed, in one line and without invisible control characters."""
    line = " ".join(call.text.split())
    return "".join(c for c in line if c.isprintable())[:MAX_QUESTION_CHARACTERS]


def _say_passage(call: Call, answer: ArticleAnswer, passage: ArticlePassage) -> None:
    """Quote it in the message or, where that needs an explanation, in its card."""
    block = {
        "type": "article",
        "title": passage.title,
        "heading": passage.heading,
        "url": passage.url,
        "language": passage.language,
    }
    if answer.decision == "unsure":
        call.say("utter_article_unsure")
    elif passage.language != call.language:
        call.say("utter_article_other_language")
    else:
        call.say("utter_article_answer", quote=passage.quote)
        call.show(block)
        return
    call.show(block | {"quote": passage.quote})
