"""Tokens of the shop's server: whom they prove, and forgeries that prove nothing."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import (
    generate_private_key as generate_ec_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crm_backend.models import Conversation, Customer, Ticket
from tests.crm_backend.fixtures_gateway import Chat, Gateway, ask_who, receive

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

KEY = "the shop's secret, 32 characters or more"
ALICE = {"sub": "C-111111"}


@dataclass(frozen=True)
class In:
    """A moment some seconds from when the test runs."""

    seconds: int


BOB = {"sub": "C-222222"}


def sign(claims: dict[str, Any], key: Any = KEY, algorithm: str = "HS256") -> str:
    """Sign claims; those named with None are left out."""
    now = int(time.time())
    claims = {"aud": "deskmate", "iat": now, "exp": now + 300} | claims
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(present, key, algorithm=algorithm)


def forge(header: Any, claims: dict[str, Any], key: bytes = b"") -> str:
    """Make a token by hand, as libraries refuse to."""
    now = int(time.time())
    claims = {"aud": "deskmate", "iat": now, "exp": now + 300} | claims
    parts = [_encode(json.dumps(part).encode()) for part in (header, claims)]
    text = ".".join(parts)
    signature = hmac.new(key, text.encode(), hashlib.sha256).digest() if key else b""
    return f"{text}.{_encode(signature)}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture
async def shop_gateway(gateway: Gateway) -> Gateway:
    """A gateway that knows the shop's key."""
    await gateway.restart(shop_token_key=KEY)
    return gateway


async def show(chat: Chat, token: str) -> tuple[int, Any]:
    return await chat.call("POST", "chat/identity", {"token": token})


async def open_as(gateway: Gateway, token: str) -> tuple[int, Any]:
    return await gateway.call("POST", "chat/conversations", {"identity": token})


def rule_of(answer: tuple[int, Any]) -> str:
    status, body = answer
    assert (status, body["error"]["code"]) == (401, "identity_invalid")
    return str(body["error"]["details"]["rule"])


async def test_conversation_opened_with_a_token_is_the_customers(
    shop_gateway: Gateway,
) -> None:
    status, opened = await open_as(shop_gateway, sign(ALICE))
    assert status == 201
    chat = Chat(shop_gateway, opened)
    assert (await chat.read())["level"] == "verified"
    await chat.ask("where is my order?")
    assert shop_gateway.rasa.claims()["sub"] == "customer:C-111111"
    assert shop_gateway.rasa.claims()["level"] == "verified"


async def test_anonymous_conversation_becomes_the_customers(
    shop_gateway: Gateway,
) -> None:
    chat = await shop_gateway.open_chat()
    await ask_who(shop_gateway, chat, resume="/list_orders")
    before = await chat.texts()
    async with chat.socket() as socket:
        await receive(socket, "ready")
        assert await show(chat, sign(ALICE)) == (200, {"name": "Alice C."})
        await receive(socket, "state", level="verified")
    await shop_gateway.wait_until_quiet()
    more = ["Verified as Alice C.", "echo: /list_orders"]
    assert await chat.texts() == before + more


async def test_ticket_opened_before_goes_along(shop_gateway: Gateway) -> None:
    chat, other = [await shop_gateway.open_chat() for _ in range(2)]
    for one in (chat, other):
        body = {"subject": "Help", "description": "It broke.", "category": "other"}
        status, _ = await one.call("POST", "tickets", body)
        assert status == 201
    await show(chat, sign(ALICE))
    owners = {t.conversation_id: t.customer_id for t in await shop_gateway.tickets()}
    assert owners == {chat.id: shop_gateway.alice.id, other.id: None}


async def test_showing_a_token_again_changes_nothing(shop_gateway: Gateway) -> None:
    chat = await shop_gateway.open_chat()
    first, again = await show(chat, sign(ALICE)), await show(chat, sign(ALICE))
    assert first == again
    assert len(await chat.texts()) == 1


async def test_only_the_conversation_whose_token_is_sent_changes(
    shop_gateway: Gateway,
) -> None:
    chats = [await shop_gateway.open_chat() for _ in range(3)]
    for chat in chats[:2]:
        assert (await show(chat, sign(ALICE)))[0] == 200
    levels = [(await chat.read())["level"] for chat in chats]
    assert levels == ["verified", "verified", "anonymous"]


@pytest.mark.parametrize("claims", [BOB, {"sub": "new", "email": "new@example.com"}])
async def test_conversation_of_another_customer_stays_theirs(
    shop_gateway: Gateway, claims: dict[str, str]
) -> None:
    chat = await shop_gateway.open_chat()
    await show(chat, sign(ALICE))
    status, body = await show(chat, sign(claims))
    assert (status, body["error"]["code"]) == (409, "already_verified")
    row = (await shop_gateway.rows(Conversation))[0]
    assert row.customer_id == shop_gateway.alice.id
    assert len(await shop_gateway.rows(Customer)) == 2


async def test_colleagues_conversation_needs_no_token(shop_gateway: Gateway) -> None:
    chat = await shop_gateway.open_chat(staff=shop_gateway.rita)
    status, body = await show(chat, sign(ALICE))
    assert (status, body["error"]["code"]) == (409, "verification_not_needed")


async def test_token_is_no_chat_token(shop_gateway: Gateway) -> None:
    headers = {"Authorization": f"Bearer {sign(ALICE)}"}
    status, body = await shop_gateway.call("GET", "chat/messages", headers=headers)
    assert (status, body["error"]["code"]) == (401, "token_invalid")
    status, _ = await shop_gateway.call("POST", "chat/identity", {"token": sign(ALICE)})
    assert status == 401


@pytest.mark.parametrize(
    ("claims", "rule"),
    [
        ({"exp": In(-60)}, "expired"),
        ({"exp": In(2 * 3600)}, "lifetime"),
        ({"exp": 10**30}, "lifetime"),
        ({"exp": "soon"}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"exp": None}, "claim_missing"),
        ({"iat": None}, "claim_missing"),
        ({"iat": In(600)}, "too_early"),
        ({"nbf": In(600)}, "too_early"),
        ({"aud": None}, "claim_missing"),
        ({"aud": "another-service"}, "audience"),
        ({"sub": None}, "claim_missing"),
        ({"sub": "   "}, "subject"),
        ({"sub": "C-1\x00"}, "subject"),
        ({"sub": "x" * 300}, "subject"),
        ({"sub": "C-9", "email": "no address"}, "email"),
        ({"sub": "C-9", "email": 5}, "email"),
        ({"sub": "C-9"}, "unknown_customer"),
        ({"sub": "alice@example.com"}, "unknown_customer"),
        ({"sub": "C-9", "email": "alice@example.com", "email_verified": False},
         "unknown_customer"),
    ],
)  # fmt: skip
async def test_broken_rule_is_named_and_the_visitor_stays_unknown(
    shop_gateway: Gateway, claims: dict[str, Any], rule: str
) -> None:
    chat = await shop_gateway.open_chat()
    now = int(time.time())
    changed = {
        k: now + v.seconds if isinstance(v, In) else v for k, v in claims.items()
    }
    token = sign(ALICE | changed)
    assert rule_of(await show(chat, token)) == rule
    assert rule_of(await open_as(shop_gateway, token)) == rule
    assert (await chat.read())["level"] == "anonymous"
    assert len(await shop_gateway.rows(Conversation)) == 1
    assert len(await shop_gateway.rows(Customer)) == 2


def forgeries() -> dict[str, tuple[str, str]]:
    good = sign(ALICE)
    head, body, signature = good.split(".")
    bobs = sign(BOB).split(".")[1]
    return {
        "no algorithm": (forge({"alg": "none", "typ": "JWT"}, ALICE), "algorithm"),
        "None in capitals": (forge({"alg": "NONE"}, ALICE), "algorithm"),
        "no algorithm named": (forge({"typ": "JWT"}, ALICE), "algorithm"),
        "another key": (sign(ALICE, KEY + "!"), "signature"),
        "another algorithm": (sign(ALICE, KEY * 2, "HS512"), "algorithm"),
        "another customer's claims": (f"{head}.{bobs}.{signature}", "signature"),
        "no signature": (f"{head}.{body}.", "signature"),
        "elliptic curve": (
            sign(ALICE, generate_ec_key(SECP256R1()), "ES256"),
            "algorithm",
        ),
        "a key of its own": (
            forge({"alg": "HS256", "jwk": {"k": _encode(b"mine")}}, ALICE, b"mine"),
            "signature",
        ),
        "our own claims": (
            jwt.encode(ALICE, "key of the claims, not of the shop", "HS256"),
            "signature",
        ),
        "nothing": (".", "malformed"),
        "words": ("let me in", "malformed"),
        "brackets": (_encode(b"[" * 3000) + ".e30.", "malformed"),
        "bytes": (_encode(b"\xff\xfe") + ".e30.", "malformed"),
        "a list as header": (forge(["HS256"], ALICE), "malformed"),
    }


@pytest.mark.parametrize("name", list(forgeries()))
async def test_forged_token_proves_nothing(
    shop_gateway: Gateway, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    token, rule = forgeries()[name]
    chat = await shop_gateway.open_chat()
    answer = await show(chat, token)
    assert rule_of(answer) == rule
    assert (await chat.read())["level"] == "anonymous"
    for part in filter(lambda part: len(part) > 8, token.split(".")):
        assert part not in json.dumps(answer[1]) + caplog.text


async def test_refusal_is_in_the_visitors_language(shop_gateway: Gateway) -> None:
    chat = await shop_gateway.open_chat(language="zh")
    _, body = await show(chat, "let me in")
    assert "身份令牌" in body["error"]["message"]


async def test_clocks_may_differ_a_little(shop_gateway: Gateway) -> None:
    now = int(time.time())
    for claims in ({"exp": now - 10}, {"iat": now + 10, "exp": now + 3610}):
        chat = await shop_gateway.open_chat()
        assert (await show(chat, sign(ALICE | claims)))[0] == 200


async def test_audience_is_a_setting(shop_gateway: Gateway) -> None:
    await shop_gateway.restart(shop_token_audience="chat.shop.example")
    chat = await shop_gateway.open_chat()
    assert rule_of(await show(chat, sign(ALICE))) == "audience"
    named = {"aud": ["others", "chat.shop.example"]}
    assert (await show(chat, sign(ALICE | named)))[0] == 200


async def test_without_a_key_no_token_is_taken(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    for token in (sign(ALICE), sign(ALICE, "", "none"), forge({"alg": "none"}, ALICE)):
        assert rule_of(await show(chat, token)) == "not_configured"


async def test_public_key_is_enough(gateway: Gateway) -> None:
    private, strange = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    await gateway.restart(shop_token_public_key=pem.decode().strip())
    chat = await gateway.open_chat()
    for secret in (pem, pem.strip()):
        # Whoever has the public key must not be able to use it as a secret.
        confused = forge({"alg": "HS256", "typ": "JWT"}, ALICE, secret)
        assert rule_of(await show(chat, confused)) == "algorithm"
    assert rule_of(await show(chat, sign(ALICE, strange, "EdDSA"))) == "signature"
    assert (await show(chat, sign(ALICE, private, "EdDSA")))[0] == 200


async def test_new_customer_is_added_with_their_address(shop_gateway: Gateway) -> None:
    claims = {"sub": "S-42", "email": " New@Example.com ", "name": "Nora New"}
    chat = await shop_gateway.open_chat()
    assert await show(chat, sign(claims)) == (200, {"name": "Nora N."})
    added = (await shop_gateway.rows(Customer))[-1]
    assert (added.number, added.email) == ("S-42", "new@example.com")
    assert not added.consent_marketing
    # From now on the number alone is enough.
    assert (await open_as(shop_gateway, sign({"sub": "S-42"})))[0] == 201


async def test_address_may_be_the_subject(shop_gateway: Gateway) -> None:
    known = {"sub": "bob@example.com", "email": "bob@example.com"}
    chat = await shop_gateway.open_chat()
    assert await show(chat, sign(known)) == (200, {"name": "Bob D."})
    new = {"sub": "new@example.com", "email": "new@example.com", "name": "\n"}
    chat = await shop_gateway.open_chat()
    assert await show(chat, sign(new)) == (200, {"name": "new"})
    assert (await shop_gateway.rows(Customer))[-1].number.startswith("C-")


async def test_number_counts_before_the_address(shop_gateway: Gateway) -> None:
    chat = await shop_gateway.open_chat()
    await show(chat, sign(ALICE | {"email": "bob@example.com"}))
    row = (await shop_gateway.rows(Conversation))[0]
    assert row.customer_id == shop_gateway.alice.id
    emails = {customer.email for customer in await shop_gateway.rows(Customer)}
    assert emails == {"alice@example.com", "bob@example.com"}


async def test_two_tabs_of_a_new_customer_add_one(shop_gateway: Gateway) -> None:
    token = sign({"sub": "S-42", "email": "new@example.com"})
    answers = await asyncio.gather(*(open_as(shop_gateway, token) for _ in range(4)))
    assert [status for status, _ in answers] == [201] * 4
    assert len(await shop_gateway.rows(Customer)) == 3
    assert await shop_gateway.rows(Ticket) == []
