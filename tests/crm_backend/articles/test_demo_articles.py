"""The demo shop's articles agree with each other and with what the shop does."""

import re
from pathlib import Path

import pytest
import yaml

from crm_backend.articles.library import Shelf, read_shelf
from crm_backend.config import Config
from crm_backend.seed import orders as seed
from crm_backend.seed.habits import SALE_DAYS, SALES_BEGIN
from crm_backend.services import returns, verification

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return read_shelf(Config.articles_dir)


def text_of(shelf: Shelf, language: str, place: str) -> str:
    slug, _, section_id = place.partition("#")
    article = shelf.find_article(language, slug)
    assert article is not None
    return next(s.text for s in article.sections if s.id == section_id)


def test_both_languages_say_the_same_things(shelf: Shelf) -> None:
    english, chinese = (
        {
            (a.slug, s.id, tuple(t for t, at in a.topics.items() if at == s.id))
            for a in shelf.list_articles(language)
            for s in a.sections
        }
        for language in ("en", "zh")
    )
    assert english == chinese


def test_numbers_are_the_same_in_both_languages(shelf: Shelf) -> None:
    for article in shelf.list_articles("en"):
        for section in article.sections:
            place = f"{article.slug}#{section.id}"
            chinese = text_of(shelf, "zh", place)
            # The English text writes small numbers and months in words.
            numbers = set(re.findall(r"\d[\d.:]*\d|\d\d", section.text))
            assert numbers - set(re.findall(r"\d[\d.:]*\d|\d\d", chinese)) == set(), (
                place
            )


def test_topics_are_intents(shelf: Shelf) -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))
    intents = {
        name if isinstance(name, str) else next(iter(name))
        for name in domain["intents"]
    }
    topics = {topic for a in shelf.list_articles("en") for topic in a.topics}
    assert topics - intents == set()


def test_each_policy_intent_has_a_section(shelf: Shelf) -> None:
    topics = {topic for a in shelf.list_articles("en") for topic in a.topics}
    routed = set()
    for path in (ROOT / "data" / "rules").glob("*.yml"):
        for rule in yaml.safe_load(path.read_text("utf-8"))["rules"]:
            steps = rule["steps"]
            if any(step.get("action") == "action_answer_question" for step in steps):
                routed |= {step["intent"] for step in steps if "intent" in step}
    assert routed
    assert routed - topics == set()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_facts_are_those_of_the_code(shelf: Shelf, language: str) -> None:
    window = f"{returns.RETURN_WINDOW.days}"
    assert window in text_of(shelf, language, "returns#window")
    cost = text_of(shelf, language, "delivery#cost")
    assert f"{seed.SHIPPING_CENTS / 100:.2f}" in cost
    assert f"{seed.FREE_SHIPPING_CENTS // 100}" in cost
    code = text_of(shelf, language, "account#sign-in")
    minutes = int(verification.CODE_LIFETIME.total_seconds() // 60)
    assert f"{minutes}" in code
    assert f"{verification.MAX_TRIES}" in code
    n_codes = verification.MAX_CODES_PER_CONVERSATION
    assert f"{n_codes}" in text_of(shelf, language, "account#no-code")
    carriers = text_of(shelf, language, "delivery#options")
    assert {"Royal Mail", "An Post", "UPS", "DHL"} <= {
        name for name in ("Royal Mail", "An Post", "UPS", "DHL") if name in carriers
    }


def test_sales_are_those_of_the_demo_shop(shelf: Shelf) -> None:
    sales = text_of(shelf, "en", "prices#sales")
    assert len(SALES_BEGIN) == 5
    assert "five sales a year" in sales
    assert SALE_DAYS == 10
    assert "ten days" in sales


def test_no_wording_is_a_test_question(shelf: Shelf) -> None:
    questions = yaml.safe_load(
        Path(__file__).with_name("questions.yml").read_text("utf-8")
    )
    for language in ("en", "zh"):
        asked = {fold(q[2]) for q in questions[language]["answered"]}
        written = {
            fold(wording)
            for a in shelf.list_articles(language)
            for wordings in a.questions.values()
            for wording in wordings
        }
        assert asked & written == set()


def fold(text: str) -> str:
    return re.sub(r"\W", "", text.lower())
