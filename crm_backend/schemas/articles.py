"""What the help articles say."""

from typing import Literal

from pydantic import Field

from crm_backend.api import Schema
from crm_backend.articles.decision import Decision
from crm_backend.articles.library import Answer
from crm_backend.schemas.common import PROSE_PATTERN, LanguageCode

# Longer messages are complaints and stories; what they ask stands near the start.
MAX_QUESTION = 1_500


class ArticleQuery(Schema):
    """A question, a topic, or both."""

    q: str | None = Field(
        None,
        max_length=MAX_QUESTION,
        pattern=PROSE_PATTERN,
        description="The question, as it was typed.",
    )
    language: LanguageCode = Field("en", description="Of the answer.")
    topic: str | None = Field(
        None,
        max_length=60,
        pattern=r"^[a-z0-9_]*$",
        description="The intent of the message, such as `shipping_fee`.",
    )
    limit: int = Field(3, ge=1, le=10)


class PassageOut(Schema):
    """A section of an article that may answer the question."""

    slug: str
    section: str = Field(description="Its id on the page; empty at the beginning.")
    title: str = Field(description="Of the article.")
    heading: str
    quote: str = Field(description="Whole sentences of it, as plain text.")
    url: str = Field(description="Its place on this server.")
    language: LanguageCode = Field(description="Of the article.")
    score: float = Field(description="Compares the passages of one answer.")


class ArticleAnswerOut(Schema):
    """What was found, the best first, and what it is worth."""

    decision: Decision = Field(
        description="`sure`: the first passage is the answer. `unsure`: it may help. "
        "`nothing`: the articles do not seem to know."
    )
    passages: list[PassageOut]


def answer_out(answer: Answer) -> ArticleAnswerOut:
    """Put an answer into the shape of the API."""
    return ArticleAnswerOut(
        decision=answer.decision,
        passages=[
            PassageOut(
                slug=hit.passage.article.slug,
                section=hit.passage.section.id,
                title=hit.passage.article.title,
                heading=hit.passage.section.heading,
                quote=hit.quote,
                url=hit.passage.url,
                language=_code(hit.passage.article.language),
                score=round(hit.score, 4),
            )
            for hit in answer.hits
        ],
    )


def _code(language: str) -> Literal["en", "zh"]:
    return "zh" if language == "zh" else "en"
