"""The shop's help articles as pages."""

from aiohttp import web
from markupsafe import Markup

from crm_backend.articles.library import Answer
from crm_backend.authentication import page_language
from crm_backend.db import reading
from crm_backend.keys import ARTICLES, SESSIONS
from crm_backend.models import Staff
from crm_backend.principal import Language
from crm_backend.schemas.articles import MAX_QUESTION
from crm_backend.web.access import find_reader
from crm_backend.web.rendering import render

LANGUAGES: dict[str, Language] = {"en": "en", "zh": "zh"}
N_RESULTS = 5


async def show_start(request: web.Request) -> web.Response:
    """Lead to the articles in the reader's language."""
    place = f"/help/{page_language(request)}"
    return web.Response(status=303, headers={"Location": place})


async def show_articles(request: web.Request) -> web.Response:
    """List the articles, or what they say to a question."""
    language = _language(request)
    library = request.app[ARTICLES]
    shelf = await library.shelf()
    question = " ".join(request.query.get("q", "").split())[:MAX_QUESTION]
    answer = Answer("nothing", [])
    if question:
        answer = await library.search(question, language, n=N_RESULTS)
    return render(
        "help.html",
        request,
        staff=await _find_staff(request),
        language=language,
        articles=shelf.list_articles(language),
        question=question,
        decision=answer.decision,
        hits=answer.hits if answer.decision != "nothing" else [],
        other_language_url=_switched(language),
    )


async def show_article(request: web.Request) -> web.Response:
    """Show one article; an address of the other language leads there."""
    language = _language(request)
    shelf = await request.app[ARTICLES].shelf()
    slug = request.match_info["slug"]
    article = shelf.find_article(language, slug)
    if article is None:
        raise web.HTTPNotFound
    other = shelf.find_article("en" if language == "zh" else "zh", slug)
    return render(
        "help_article.html",
        request,
        staff=await _find_staff(request),
        language=language,
        article=article,
        body=Markup(article.html),
        other_language_url=_switched(language, slug if other else None),
    )


def _language(request: web.Request) -> Language:
    language = LANGUAGES.get(request.match_info["language"])
    if language is None:
        raise web.HTTPNotFound
    return language


async def _find_staff(request: web.Request) -> Staff | None:
    async with reading(request.app[SESSIONS]) as session:
        return await find_reader(request, session)


def _switched(language: Language, slug: str | None = None) -> str:
    """Return the same place in the other language, which is remembered."""
    other = "en" if language == "zh" else "zh"
    return f"/help/{other}{f'/{slug}' if slug else ''}?lang={other}"
