"""Templates: their environment and what all of them can use."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web
from markupsafe import Markup

from crm_backend.authentication import LANGUAGE_COOKIE, page_language
from crm_backend.catalogue import say, texts
from crm_backend.keys import CONFIG
from crm_backend.models import Staff
from crm_backend.principal import ROLES_WITH, Language
from crm_backend.web import formats

HERE = Path(__file__).parent
HTML_LANG = {"en": "en", "zh": "zh-CN"}
PREFIX = "page_"
LANGUAGE_COOKIE_SECONDS = 365 * 24 * 3600
# These categories have a name in the catalogue and a drawing.
CATEGORIES = frozenset(
    {
        "clothing",
        "shoes",
        "electronics",
        "home",
        "kitchen",
        "sports",
        "beauty",
        "toys",
    }
)


def setup_templates(app: web.Application) -> None:
    """Give the application its template environment."""
    env = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["CATEGORIES"] = CATEGORIES


def render(
    template: str,
    request: web.Request,
    *,
    staff: Staff | None = None,
    status: int = 200,
    language: Language | None = None,
    **context: Any,
) -> web.Response:
    """Render a page in its language or the reader's.

    Args:
        template: its file name.
        request: what asked for it.
        staff: who is signed in; such pages are not kept by browsers.
        status: of the answer.
        language: of a page that exists per language; else the reader's choice.
        context: what the template shows.
    """
    language = language or page_language(request)
    other = "en" if language == "zh" else "zh"
    common: dict[str, Any] = {
        "t": _translator(language),
        "language": language,
        "html_lang": HTML_LANG[language],
        "other_lang": HTML_LANG[other],
        "other_language_url": str(request.rel_url.update_query(lang=other)),
        "path": request.path,
        "demo": request.app[CONFIG].demo,
        "staff": staff,
        "may": partial(_may, staff),
        **_formatters(language),
    }
    response = aiohttp_jinja2.render_template(
        template, request, common | context, status=status
    )
    response.headers["Content-Language"] = HTML_LANG[language]
    response.headers["Cache-Control"] = "no-store" if staff else "no-cache"
    if (chosen := request.query.get("lang")) in HTML_LANG:
        response.set_cookie(
            LANGUAGE_COOKIE,
            chosen,
            max_age=LANGUAGE_COOKIE_SECONDS,
            samesite="Lax",
            httponly=True,
        )
    return response


def _translator(language: str) -> Callable[..., str]:
    def translate(key: str, **values: object) -> str:
        if any(isinstance(value, Markup) for value in values.values()):
            return Markup(texts()[PREFIX + key][language]).format(**values)
        return say(PREFIX + key, language, **values)

    return translate


def _formatters(language: str) -> dict[str, Callable[..., str]]:
    names = (
        *("money", "whole_money", "day", "moment", "percent", "number", "short"),
        *("size", "duration", "change", "points"),
    )
    found: dict[str, Callable[..., str]] = {
        name: partial(getattr(formats, name), language=language) for name in names
    }
    found["category_name"] = lambda category: _name("category_", category, language)
    found["topic_name"] = lambda topic: _name("topic_", topic, language)
    found["reason_name"] = lambda reason: _name("reason_", reason, language)
    return found


def _name(prefix: str, value: str, language: str) -> str:
    """Return the word for a value; values of other shops stand for themselves."""
    key = PREFIX + prefix + value
    return say(key, language) if key in texts() else value


def _may(staff: Staff | None, access: str) -> bool:
    return staff is not None and staff.role in ROLES_WITH[access]  # type: ignore[index]
