"""Answers from the help articles, and what is said where they have none."""

from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.articles import ActionAnswerQuestion, try_articles
from actions.call import Call
from actions.crm_errors import CrmUnavailable
from actions.crm_records import ArticleAnswer
from tests.actions.conftest import DOMAIN, FakeCrm, Talk, load_example

EXAMPLE = load_example("search_articles")["answer"]
PASSAGE = EXAMPLE["passages"][0]


class Articles(FakeCrm):
    """A CRM whose articles say one thing."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: dict[str, Any] = EXAMPLE
        self.asked: list[dict[str, Any]] = []

    def say(self, decision: str, **changes: Any) -> None:
        self.answer = {"decision": decision, "passages": [PASSAGE | changes]}

    async def search_articles(self, question: str, **options: Any) -> ArticleAnswer:
        self._allow()
        self.asked.append({"question": question} | options)
        return ArticleAnswer.from_json(self.answer)


@pytest.fixture
def crm() -> Articles:
    return Articles()


async def ask(talk: Talk, text: str, intent: str = "shipping_fee") -> list[str]:
    return await talk.say(ActionAnswerQuestion, text, intent)


def said(talk: Talk) -> dict[str, Any]:
    """Return the values that the response was filled with."""
    return next(m for m in talk.messages if m.get("response"))


async def test_sure_answer_is_quoted_with_its_link(
    visitor: Talk, crm: Articles
) -> None:
    assert await ask(visitor, "what's the postage?") == ["utter_article_answer"]
    assert said(visitor)["quote"] == PASSAGE["quote"]
    assert visitor.blocks == [
        {
            "type": "article",
            "title": "Delivery",
            "heading": "What delivery costs",
            "url": "/help/en/delivery#cost",
            "language": "en",
        }
    ]
    assert crm.asked == [
        {"question": "what's the postage?", "language": "en", "topic": "shipping_fee"}
    ]


async def test_unsure_answer_says_so_and_offers_a_person(
    visitor: Talk, crm: Articles
) -> None:
    crm.say("unsure")
    assert await ask(visitor, "postage maybe") == ["utter_article_unsure"]
    assert visitor.blocks[0]["quote"] == PASSAGE["quote"]
    variations = DOMAIN["responses"]["utter_article_unsure"]
    for variation in variations:
        assert [b["payload"] for b in variation["buttons"]] == ["/human_handoff"]


async def test_answer_in_the_other_language_says_so(
    visitor: Talk, crm: Articles
) -> None:
    visitor.language = "zh"
    crm.say("sure", language="en")
    assert await ask(visitor, "邮费多少") == ["utter_article_other_language"]
    assert visitor.blocks[0]["quote"] == PASSAGE["quote"]
    assert visitor.blocks[0]["language"] == "en"


async def test_pressed_button_asks_by_its_intent(visitor: Talk, crm: Articles) -> None:
    said_names = await visitor.press(ActionAnswerQuestion, "/shipping_fee")
    assert said_names == ["utter_article_answer"]
    assert crm.asked[0]["question"] == ""
    assert crm.asked[0]["topic"] == "shipping_fee"


@pytest.mark.parametrize(
    ("intent", "response"),
    [("shipping_fee", "utter_shipping_fee"), ("ask_moon", "utter_rephrase")],
)
async def test_where_no_article_fits_the_domain_answers(
    visitor: Talk, crm: Articles, intent: str, response: str
) -> None:
    crm.answer = {"decision": "nothing", "passages": []}
    assert await ask(visitor, "hm", intent) == [response]
    assert visitor.blocks == []


async def test_long_and_strange_messages_are_made_fit(
    visitor: Talk, crm: Articles
) -> None:
    await ask(visitor, "a\x07b \n\x0b c\u200b " + "x" * 2000)
    question = crm.asked[0]["question"]
    assert question.startswith("ab c x")
    assert len(question) == 1500


def call_of(talk: Talk, crm: Articles, text: str) -> Call:
    message = {
        "text": text,
        "intent": {"name": "nlu_fallback", "confidence": 0.2},
        "metadata": {"claims": "", "turn_id": "1", "language": talk.language},
    }
    tracker = Tracker("c", {}, message, [], False, None, {}, None)
    return Call(tracker, CollectingDispatcher(), crm, DOMAIN)


async def test_declined_message_is_answered_if_an_article_surely_does(
    visitor: Talk, crm: Articles
) -> None:
    call = call_of(visitor, crm, "postage?")
    assert await try_articles(call)
    assert call.dispatcher.messages[0]["response"] == "utter_article_answer"
    assert crm.asked == [{"question": "postage?", "language": "en"}]


@pytest.mark.parametrize("decision", ["unsure", "nothing"])
async def test_declined_message_is_left_alone_otherwise(
    visitor: Talk, crm: Articles, decision: str
) -> None:
    crm.say(decision)
    call = call_of(visitor, crm, "who won?")
    assert not await try_articles(call)
    assert call.dispatcher.messages == []


async def test_declined_message_survives_a_crm_that_is_away(
    visitor: Talk, crm: Articles
) -> None:
    crm.error = CrmUnavailable("crm_unavailable")
    call = call_of(visitor, crm, "postage?")
    assert not await try_articles(call)
    assert call.dispatcher.messages == []


async def test_pressed_button_is_no_question(visitor: Talk, crm: Articles) -> None:
    assert not await try_articles(call_of(visitor, crm, "/nlu_fallback"))
    assert crm.asked == []


def test_texts_exist_in_both_languages() -> None:
    for name in ("answer", "unsure", "other_language"):
        variations = DOMAIN["responses"][f"utter_article_{name}"]
        assert [bool(v.get("condition")) for v in variations] == [False, True]
