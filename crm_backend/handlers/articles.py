"""The help articles over HTTP."""

from crm_backend.api import Call, Endpoint
from crm_backend.keys import ARTICLES
from crm_backend.schemas.articles import ArticleAnswerOut, ArticleQuery, answer_out
from crm_backend.services import articles as service


async def search_articles(call: Call) -> ArticleAnswerOut:
    """Find the passages that answer a question."""
    answer = await service.search_articles(
        call.request.app[ARTICLES],
        q=call.query.q,
        language=call.query.language,
        topic=call.query.topic,
        limit=call.query.limit,
    )
    return answer_out(answer)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/articles/search",
        search_articles,
        "public",
        "Find the passages of the help articles that answer a question",
        ArticleAnswerOut,
        "articles",
        query=ArticleQuery,
    ),
)
