"""The help articles over HTTP: the search and the pages."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from crm_backend.app import create_app
from crm_backend.articles.errors import ArticleError
from crm_backend.articles.library import ArticleLibrary
from crm_backend.config import ARTICLES as ARTICLES_OF_THE_DEMO
from crm_backend.config import Config
from crm_backend.keys import ARTICLES
from crm_backend.runtime.preflight import NotReady, check_articles
from tests.crm_backend.articles.conftest import DELIVERY, RETURNS_ZH, write
from tests.crm_backend.shop import Shop, refusal

URL = "/api/v1/articles/search"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'"


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    folder = tmp_path / "articles"
    write(folder, "en/delivery.md", DELIVERY)
    write(folder, "zh/returns.md", RETURNS_ZH)
    return replace(config, articles_dir=folder)


@pytest.fixture
async def client(aiohttp_client: Any, config: Config) -> Any:
    """The application; articles are searched by words and looked at every time."""
    app = create_app(config)
    app[ARTICLES] = ArticleLibrary(
        config.articles_dir, load=lambda: None, look_every_seconds=0
    )
    return await aiohttp_client(app)


async def ask(client: Any, **params: str) -> dict[str, Any]:
    response = await client.get(URL, params=params)
    assert response.status == 200, await response.text()
    return await response.json()


async def read(client: Any, path: str, **options: Any) -> str:
    response = await client.get(path, **options)
    assert response.status == 200, await response.text()
    return await response.text()


async def test_anybody_gets_an_answer_with_its_place(client: Any) -> None:
    answer = await ask(
        client, q="How much is postage?", topic="shipping_fee", limit="1"
    )
    assert answer["decision"] == "sure"
    [passage] = answer["passages"]
    assert passage.pop("score") > 0
    assert passage == {
        "slug": "delivery",
        "section": "cost",
        "title": "Delivery",
        "heading": "What delivery costs",
        "quote": "Delivery costs 4.90 EUR.",
        "url": "/help/en/delivery#cost",
        "language": "en",
    }


async def test_topic_alone_is_enough(client: Any) -> None:
    answer = await ask(client, topic="shipping_fee")
    assert [p["section"] for p in answer["passages"]] == ["cost"]


async def test_missing_translation_is_told_by_its_language(client: Any) -> None:
    answer = await ask(client, topic="shipping_fee", language="zh")
    assert [p["language"] for p in answer["passages"]] == ["en"]


async def test_unknown_matter_has_no_answer(client: Any) -> None:
    answer = await ask(client, q="who won the cup", topic="greet")
    assert answer["decision"] == "nothing"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"q": "  "},
        {"q": "x" * 1501},
        {"q": "a\x00b"},
        {"q": "a", "language": "fr"},
        {"q": "a", "topic": "No Topic"},
        {"q": "a", "limit": "0"},
    ],
)
async def test_malformed_question_is_refused(
    client: Any, params: dict[str, str]
) -> None:
    response = await client.get(URL, params=params)
    assert await refusal(response) == (400, "invalid_request")


async def test_help_leads_to_the_readers_language(client: Any) -> None:
    for language in ("en", "zh"):
        response = await client.get(
            "/help", headers={"Accept-Language": language}, allow_redirects=False
        )
        assert (response.status, response.headers["Location"]) == (
            303,
            f"/help/{language}",
        )


async def test_list_shows_the_articles_of_its_language(client: Any) -> None:
    english = await read(client, "/help/en", headers={"Accept-Language": "zh"})
    assert 'href="/help/en/delivery"' in english
    assert "returns" not in english
    assert '<html lang="en">' in english
    chinese = await read(client, "/help/zh")
    assert 'href="/help/zh/returns"' in chinese
    assert '<html lang="zh-CN">' in chinese


async def test_search_box_finds_a_section(client: Any) -> None:
    page = await read(client, "/help/en", params={"q": "How much is postage?"})
    assert 'href="/help/en/delivery#cost"' in page
    assert "Delivery costs 4.90 EUR." in page
    page = await read(client, "/help/en", params={"q": "<script>alert(1)</script>"})
    assert "<script>alert" not in page
    assert "No article seems to answer this." in page


async def test_article_is_shown_with_its_sections(client: Any) -> None:
    page = await read(client, "/help/en/delivery")
    assert "<h1>Delivery</h1>" in page
    assert '<h2 id="cost">What delivery costs</h2>' in page
    assert "10 Nov 2026" in page


async def test_language_switch_keeps_the_article_where_it_exists(
    client: Any, config: Config
) -> None:
    assert 'href="/help/zh?lang=zh"' in await read(client, "/help/en/delivery")
    write(config.articles_dir, "zh/delivery.md", DELIVERY)
    assert 'href="/help/zh/delivery?lang=zh"' in await read(client, "/help/en/delivery")
    response = await client.get("/help/zh/delivery?lang=zh")
    assert response.cookies["deskmate_language"].value == "zh"


@pytest.mark.parametrize(
    "path", ["/help/fr", "/help/en/nothing", "/help/zh/delivery", "/help/en/..%2Fx"]
)
async def test_missing_article_is_a_page_not_found(client: Any, path: str) -> None:
    response = await client.get(path)
    assert response.status == 404
    assert response.content_type == "text/html"


async def test_pages_keep_the_strict_policy(client: Any, config: Config) -> None:
    evil = "\n\n## More\n\n<script>x()</script>\n\n[y](javascript:x)\n"
    write(config.articles_dir, "en/delivery.md", DELIVERY)
    path = config.articles_dir / "en/delivery.md"
    path.write_text(path.read_text("utf-8") + evil, "utf-8")
    response = await client.get("/help/en/delivery")
    page = await response.text()
    assert response.headers["Content-Security-Policy"].startswith(POLICY)
    assert "&lt;script&gt;x()" in page
    assert "javascript:x" not in page.replace("[y](javascript:x)", "")


async def test_shop_page_leads_to_help(client: Any, shop: Shop) -> None:
    assert 'href="/help/en"' in await read(client, "/")


async def test_broken_article_stops_the_application(config: Config) -> None:
    write(config.articles_dir, "en/broken.md", "no front matter")
    runner = web.AppRunner(create_app(config))
    with pytest.raises(ArticleError, match=r"broken\.md: it has no front matter"):
        await runner.setup()
    await runner.cleanup()


def test_broken_article_stops_the_start_before_anything(config: Config) -> None:
    check_articles(config.articles_dir)
    write(config.articles_dir, "en/broken.md", "no front matter")
    with pytest.raises(NotReady, match=r"broken\.md: it has no front matter"):
        check_articles(config.articles_dir)


def test_folder_is_a_setting() -> None:
    secrets = {"CLAIMS_KEY": "x" * 32, "CRM_SERVICE_TOKEN": "y" * 32}
    assert Config.from_env(secrets).articles_dir == ARTICLES_OF_THE_DEMO
    chosen = Config.from_env(secrets | {"ARTICLES_DIR": "/srv/articles", "DEMO": "0"})
    assert chosen.articles_dir == Path("/srv/articles")


async def test_real_shop_never_tells_the_rules_of_the_demo(
    aiohttp_client: Any, config: Config
) -> None:
    secrets = {"CLAIMS_KEY": "x" * 32, "CRM_SERVICE_TOKEN": "y" * 32, "DEMO": "0"}
    folder = Config.from_env(secrets).articles_dir
    client = await aiohttp_client(create_app(replace(config, articles_dir=folder)))
    answer = await ask(client, q="How much is postage?", topic="shipping_fee")
    assert answer == {"decision": "nothing", "passages": []}
    assert "There are no articles yet." in await read(client, "/help/en")
