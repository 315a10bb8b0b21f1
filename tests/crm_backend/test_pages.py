"""The pages: what they show to whom, in both languages."""

import re
from dataclasses import replace
from typing import Any

import pytest

from crm_backend.app import create_app
from crm_backend.authentication import STAFF_COOKIE
from crm_backend.catalogue import texts
from crm_backend.models import OutboxMail
from crm_backend.web import queries
from crm_backend.web.access import own_path
from crm_backend.web.rendering import HERE

PAGES = ("/console", "/sales")


async def read(client: Any, path: str, **options: Any) -> str:
    response = await client.get(path, **options)
    assert response.status == 200, await response.text()
    return await response.text()


async def test_shop_shows_products_in_english(client: Any, shop: Any) -> None:
    page = await read(client, "/")
    assert "Kettle" in page
    assert "€25.00" in page
    assert '<html lang="en">' in page


async def test_shop_shows_products_in_chinese(client: Any, shop: Any) -> None:
    page = await read(client, "/?lang=zh")
    assert "水壶" in page
    assert '<html lang="zh-CN">' in page


async def test_chosen_language_is_remembered(client: Any, shop: Any) -> None:
    response = await client.get("/?lang=zh")
    kept = response.cookies["deskmate_language"].value
    headers = {"Cookie": f"deskmate_language={kept}"}
    assert "水壶" in await read(client, "/", headers=headers)


async def test_browser_language_decides_without_choice(client: Any, shop: Any) -> None:
    headers = {"Accept-Language": "zh-CN,zh;q=0.9"}
    assert "水壶" in await read(client, "/", headers=headers)


async def test_looking_sets_no_cookie(client: Any, shop: Any) -> None:
    response = await client.get("/")
    assert "Set-Cookie" not in response.headers


async def test_products_off_sale_are_not_shown(client: Any, shop: Any) -> None:
    await shop.add_product(name="Retired Teapot", is_active=False)
    assert "Retired Teapot" not in await read(client, "/")


async def test_empty_shop_says_how_to_fill_it(client: Any) -> None:
    assert "deskmate seed" in await read(client, "/")


async def test_demo_customers_come_with_their_orders(client: Any, shop: Any) -> None:
    await shop.add_order(shop.alice, number="DM-100101", status="shipped")
    page = await read(client, "/")
    assert "alice@example.com" in page
    assert 'data-ask="Where is my order DM-100101?"' in page


async def test_shop_names_no_customers_outside_of_demo(
    aiohttp_client: Any, config: Any, shop: Any
) -> None:
    client = await aiohttp_client(create_app(_without_demo(config)))
    assert "alice@example.com" not in await read(client, "/")


@pytest.mark.parametrize("path", PAGES)
async def test_staff_pages_ask_for_a_sign_in(client: Any, shop: Any, path: str) -> None:
    response = await client.get(path, allow_redirects=False)
    assert response.status == 303
    assert response.headers["Location"] == f"/sign-in?next={path}"


async def test_agent_may_not_see_sales(client: Any, shop: Any) -> None:
    response = await client.get("/sales", headers=await shop.cookie(shop.carol))
    assert response.status == 403
    page = await response.text()
    assert "Not for your role" in page
    assert "Sign out" in page


async def test_rep_may_not_see_conversations(client: Any, shop: Any) -> None:
    response = await client.get("/console", headers=await shop.cookie(shop.rita))
    assert response.status == 403


async def test_manager_sees_both(client: Any, shop: Any) -> None:
    headers = await shop.cookie(shop.mona)
    for path in PAGES:
        page = await read(client, path, headers=headers)
        assert 'href="/console"' in page
        assert 'href="/sales"' in page


async def test_sign_in_leads_back_to_the_page(client: Any, shop: Any) -> None:
    response = await _sign_in(client, shop, next="/console?tab=bot")
    assert response.status == 303
    assert response.headers["Location"] == "/console?tab=bot"
    cookie = response.cookies[STAFF_COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"


@pytest.mark.parametrize(("name", "start"), [("carol", "/console"), ("rita", "/sales")])
async def test_sign_in_starts_where_the_work_is(
    client: Any, shop: Any, name: str, start: str
) -> None:
    response = await _sign_in(client, shop, email=f"{name}@shop.example.com")
    assert response.headers["Location"] == start


async def test_sign_in_leads_to_no_other_site(client: Any, shop: Any) -> None:
    response = await _sign_in(client, shop, next="//evil.example.com/")
    assert response.headers["Location"] == "/console"


async def test_wrong_password_keeps_the_address(client: Any, shop: Any) -> None:
    response = await _sign_in(client, shop, password="wrong")
    assert response.status == 401
    page = await response.text()
    assert "E-mail address or password is wrong." in page
    assert 'value="carol@shop.example.com"' in page
    assert STAFF_COOKIE not in response.cookies


async def test_incomplete_sign_in_is_explained(client: Any, shop: Any) -> None:
    response = await _sign_in(client, shop, password="")
    assert response.status == 400
    assert "Please enter both" in await response.text()


async def test_sign_in_from_another_site_is_refused(client: Any, shop: Any) -> None:
    response = await _sign_in(client, shop, origin="https://evil.example.com")
    assert response.status == 403
    assert STAFF_COOKIE not in response.cookies


async def test_sign_out_ends_the_session(client: Any, shop: Any) -> None:
    headers = await shop.cookie(shop.carol)
    response = await client.post("/sign-out", headers=headers, allow_redirects=False)
    assert response.headers["Location"] == "/sign-in"
    again = await client.get("/console", headers=headers, allow_redirects=False)
    assert again.status == 303


async def test_another_site_cannot_sign_out(client: Any, shop: Any) -> None:
    headers = await shop.cookie(shop.carol)
    evil = headers | {"Origin": "https://evil.example.com"}
    assert (await client.post("/sign-out", headers=evil)).status == 403
    await read(client, "/console", headers=headers)


async def test_staff_pages_are_not_stored(client: Any, shop: Any) -> None:
    response = await client.get("/console", headers=await shop.cookie(shop.carol))
    assert response.headers["Cache-Control"] == "no-store"


async def test_outbox_shows_mails_newest_first(client: Any, shop: Any) -> None:
    for nth in ("first", "second"):
        await shop.save(
            OutboxMail(recipient="a@example.com", subject=nth, body="code 123456")
        )
    page = await read(client, "/outbox")
    assert page.index("second") < page.index("first")


async def test_outbox_exists_only_in_the_demo(
    aiohttp_client: Any, config: Any, shop: Any
) -> None:
    client = await aiohttp_client(create_app(_without_demo(config)))
    assert (await client.get("/outbox")).status == 404


async def test_missing_page_is_a_page(client: Any, shop: Any) -> None:
    response = await client.get("/nowhere")
    assert response.status == 404
    assert response.content_type == "text/html"
    assert "There is no such page" in await response.text()
    assert "Content-Security-Policy" in response.headers


async def test_missing_page_speaks_chinese(client: Any, shop: Any) -> None:
    response = await client.get("/nowhere?lang=zh")
    assert "页面不存在" in await response.text()


async def test_api_errors_stay_json(client: Any, shop: Any) -> None:
    response = await client.get("/api/v1/nowhere")
    assert response.status == 404
    assert response.content_type == "application/json"


async def test_broken_page_names_the_request(
    client: Any, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(queries, "list_mails", fail)
    response = await client.get("/outbox")
    assert response.status == 500
    assert response.headers["X-Request-Id"] in await response.text()
    assert "on purpose" not in await response.text()


async def test_static_files_are_checked_for_changes(client: Any) -> None:
    response = await client.get("/static/widget.js")
    assert response.status == 200
    assert response.headers["Cache-Control"] == "no-cache"


def test_every_text_of_the_templates_exists() -> None:
    used = set()
    for path in (HERE / "templates").glob("*.html"):
        used |= set(re.findall(r'\bt\("(\w+)"[,)]', path.read_text("utf-8")))
    assert {key for key in used if f"page_{key}" not in texts()} == set()


def test_templates_have_no_inline_style_or_script() -> None:
    for path in (HERE / "templates").glob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/console?tab=bot", True),
        ("https://evil.example.com/", False),
        ("//evil.example.com", False),
        ("/\\evil.example.com", False),
        ("javascript:alert(1)", False),
        ("console", False),
        ("", False),
    ],
)
def test_only_own_paths_are_followed(target: str, kept: bool) -> None:
    assert own_path(target) == (target if kept else None)


def _without_demo(config: Any) -> Any:
    return replace(config, demo=False)


async def _sign_in(
    client: Any, shop: Any, origin: str | None = None, **form: str
) -> Any:
    fields = {"email": "carol@shop.example.com", "password": shop.password} | form
    headers = {"Origin": origin} if origin else {}
    return await client.post(
        "/sign-in", data=fields, headers=headers, allow_redirects=False
    )
