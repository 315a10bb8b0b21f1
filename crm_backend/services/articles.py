"""Questions that the shop's own help articles answer."""

from crm_backend.articles.library import Answer, ArticleLibrary
from crm_backend.errors import Invalid


async def search_articles(
    library: ArticleLibrary,
    *,
    q: str | None,
    language: str,
    topic: str | None = None,
    limit: int = 3,
) -> Answer:
    """Find the passages that answer a question.

    Args:
        library: where to look.
        q: what somebody typed.
        language: in which they want the answer; an article that does not exist in it
            is found in the other one.
        topic: the intent of the message, which says what it is about.
        limit: how many passages at most.

    Raises:
        Invalid: neither a question nor a topic was given.
    """
    question = " ".join((q or "").split())
    if not question and not topic:
        raise Invalid("invalid_request", "Give a question, q, or a topic.")
    return await library.search(question, language, topic, limit)
