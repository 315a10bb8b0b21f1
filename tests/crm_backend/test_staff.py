"""Signing in and out."""

import os
import secrets
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv6Address

import pytest

from crm_backend.app import create_app
from crm_backend.authentication import STAFF_COOKIE
from crm_backend.errors import Conflict
from crm_backend.models import StaffSession
from crm_backend.services.staff import create_staff, verify_password
from crm_backend.setting_values import read_networks
from tests.crm_backend.shop import Shop, refusal

MAX_FAILED_SIGN_INS = 10

URL = "/api/v1/session"
ME = "/api/v1/staff/me"


async def sign_in(client, email="carol@shop.example.com", password=Shop.password, **kw):
    return await client.post(URL, json={"email": email, "password": password}, **kw)


async def test_colleague_signs_in_and_out(client, shop: Shop):
    response = await sign_in(client, email=" CAROL@shop.example.com ")
    assert response.status == 201
    cookie = response.cookies[STAFF_COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (
        True,
        "Strict",
        "/",
    )
    me = await client.get(ME)
    assert await me.json() == {
        "email": "carol@shop.example.com",
        "name": "Carol",
        "role": "agent",
    }
    assert (await client.delete(URL)).status == 204
    assert await shop.count(StaffSession) == 0
    assert await refusal(await client.get(ME)) == (401, "unauthenticated")


async def test_session_lasts_twelve_hours(client, shop: Shop):
    await sign_in(client)
    row = await shop.load(StaffSession)
    assert row.expires_at - row.created_at == timedelta(hours=12)
    assert row.token_hash not in str(client.session.cookie_jar)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("carol@shop.example.com", "wrong"),
        ("nobody@shop.example.com", Shop.password),
    ],
)
async def test_wrong_sign_ins_answer_alike(client, shop: Shop, email, password):
    response = await sign_in(client, email, password)
    assert await refusal(response) == (401, "sign_in_failed")
    assert STAFF_COOKIE not in response.cookies


async def test_former_colleague_cannot_sign_in(client, shop: Shop):
    await shop.add_staff("fred", "agent", is_active=False)
    response = await sign_in(client, "fred@shop.example.com")
    assert await refusal(response) == (401, "sign_in_failed")


async def test_expired_cookie_does_not_keep_anyone_out(client, shop: Shop):
    stale = {"Cookie": f"{STAFF_COOKIE}=long-gone"}
    assert await refusal(await client.get(ME, headers=stale)) == (
        401,
        "session_expired",
    )
    assert (await sign_in(client, headers=stale)).status == 201


async def test_guessing_is_stopped(client, shop: Shop):
    for _ in range(MAX_FAILED_SIGN_INS):
        await sign_in(client, password="wrong")
    response = await sign_in(client)
    assert 0 < int(response.headers["Retry-After"]) <= 15 * 60
    assert await refusal(response) == (429, "too_many_attempts")


async def test_knowing_the_password_forgets_the_failures(client, shop: Shop):
    for _ in range(2):
        for _ in range(MAX_FAILED_SIGN_INS - 1):
            await sign_in(client, password="wrong")
        assert (await sign_in(client)).status == 201


async def test_cookie_is_for_tls_alone_behind_a_proxy_with_tls(
    aiohttp_client, config, shop: Shop
):
    proxies = read_networks("127.0.0.1")
    client = await aiohttp_client(create_app(replace(config, trusted_proxies=proxies)))
    for scheme, is_secure in (("https", True), ("http", False)):
        response = await sign_in(client, headers={"X-Forwarded-Proto": scheme})
        assert bool(response.cookies[STAFF_COOKIE]["secure"]) is is_secure


async def test_gateways_count_failed_sign_ins_together(
    aiohttp_client, config, shop: Shop
):
    url = os.environ.get("TEST_REDIS_URL")
    if not url:
        pytest.skip("TEST_REDIS_URL names no Redis to test on")
    shared = replace(config, limits_url=url, trusted_proxies=read_networks("127.0.0.1"))
    clients = [await aiohttp_client(create_app(shared)) for _ in range(2)]
    # What earlier runs counted in the same Redis must not matter.
    address = str(IPv6Address(secrets.randbits(128)))
    headers = {"X-Forwarded-For": address}
    for number in range(MAX_FAILED_SIGN_INS):
        await sign_in(clients[number % 2], password="wrong", headers=headers)
    for client in clients:
        response = await sign_in(client, headers=headers)
        assert await refusal(response) == (429, "too_many_attempts")


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_other_sites_cannot_sign_anyone_in(client, shop: Shop, headers):
    response = await sign_in(client, headers=headers)
    assert await refusal(response) == (403, "origin_not_allowed")


async def test_forms_of_other_sites_are_not_json(client, shop: Shop):
    response = await client.post(
        URL,
        data=b'{"email": "a", "password": "b"}',
        headers={"Content-Type": "text/plain"},
    )
    assert await refusal(response) == (415, "unsupported_media_type")


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"email": NaN}', b"\xff"])
async def test_broken_json_is_refused(client, shop: Shop, body):
    response = await client.post(
        URL, data=body, headers={"Content-Type": "application/json"}
    )
    assert await refusal(response) == (400, "invalid_request")


async def test_customers_are_no_colleagues(client, shop: Shop):
    response = await client.get(ME, headers=await shop.headers(shop.alice))
    assert await refusal(response) == (403, "forbidden")


async def test_strange_credentials_are_just_wrong(client, shop: Shop):
    for headers in (
        {"Authorization": "Bearer \udcff"},
        {"Authorization": "Bearer x", "X-Deskmate-Claims": "\udcff"},
        (await shop.headers(shop.alice)) | {"X-Deskmate-Claims": "\udcff"},
    ):
        status, _ = await refusal(await client.get("/api/v1/orders", headers=headers))
        assert status == 401


async def test_strange_idempotency_key_is_refused(client, shop: Shop):
    order = await shop.add_order(shop.alice)
    url = f"/api/v1/orders/{order.number}/cancel"
    for key in ("x" * 201, "é", "\udcff"):
        headers = await shop.headers(shop.alice, key=key)
        assert await refusal(await client.post(url, json={}, headers=headers)) == (
            400,
            "invalid_request",
        )


async def test_created_colleague_can_sign_in(session):
    await create_staff(
        session, email="New@Shop.example.com", name="N", role="rep", password="12345678"
    )
    staff = await verify_password(session, "new@shop.example.com", "12345678")
    assert staff.role == "rep"
    with pytest.raises(Conflict):
        await create_staff(
            session,
            email="new@shop.example.com",
            name="N",
            role="rep",
            password="x" * 8,
        )
    with pytest.raises(ValueError, match="at least 8"):
        await create_staff(
            session, email="b@x.example", name="N", role="rep", password="x"
        )
