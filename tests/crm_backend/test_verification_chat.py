import pytest

from crm_backend.services.verification_chat import find_code, find_email
from tests.crm_backend.fixtures_gateway import (
    Gateway,
    ask_who,
    expire_codes,
    other_than,
)

pytest_plugins = ("tests.crm_backend.fixtures_gateway",)

ALICE = "alice@example.com"


async def test_address_and_code_can_be_typed_into_the_chat(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await ask_who(gateway, chat, resume="/list_orders")
    await chat.post(f"it is {ALICE}")
    assert ALICE in (await chat.texts())[-1]
    code = await gateway.last_code()
    _, message = await chat.post(f"{code[:3]} {code[3:]}")
    assert message["text"] == "••••••"
    await gateway.wait_until_quiet()
    assert (await chat.texts())[-2:] == ["Verified as Alice C.", "echo: /list_orders"]
    asked = [turn["text"] for turn in gateway.rasa.turns]
    assert asked == ["where are my orders?", "/list_orders"]
    assert code not in str([m.text for m in await gateway.messages()])


async def test_wrong_code_in_the_chat_is_counted_and_said(gateway: Gateway) -> None:
    chat = await gateway.open_chat(language="zh")
    await ask_who(gateway, chat)
    await chat.post("您好")
    await ask_who(gateway, chat)
    await chat.post(f"邮箱{ALICE}")
    code = await gateway.last_code()
    for text in ("再试 2 次", "再试 1 次", "次数过多", "次数过多"):
        await chat.post(f"验证码{other_than(code)}")
        line = (await chat.read())["items"][-1]
        assert line["sender"] == "system"
        assert text in line["text"]


async def test_expired_code_in_the_chat_is_said(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await ask_who(gateway, chat)
    await chat.post(ALICE)
    await expire_codes(gateway)
    await chat.post(await gateway.last_code())
    assert "no valid code" in (await chat.texts())[-1]
    assert len(gateway.rasa.turns) == 1


async def test_address_nobody_asked_for_goes_to_the_bot(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    assert (await chat.ask(ALICE))["text"] == f"echo: {ALICE}"
    assert (await chat.ask("123456"))["text"] == "echo: 123456"
    assert await gateway.mails() == []


async def test_other_words_go_to_the_bot_while_it_asks(gateway: Gateway) -> None:
    chat = await gateway.open_chat()
    await ask_who(gateway, chat)
    await chat.post(ALICE)
    assert (await chat.ask("order DM-123456?"))["text"] == "echo: order DM-123456?"


async def test_code_is_kept_from_the_bot_though_the_talk_went_on(
    gateway: Gateway,
) -> None:
    chat = await gateway.open_chat()
    await ask_who(gateway, chat)
    await chat.post(ALICE)
    await chat.ask("what are your opening hours?")
    await chat.post(await gateway.last_code())
    assert (await chat.read())["level"] == "verified"
    assert len(gateway.rasa.turns) == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123456", "123456"),
        ("123 456.", "123456"),
        ("my code is 123456, thanks", "123456"),
        ("验证码是123456。", "123456"),
        ("DM-123456", None),
        ("#123456", None),
        ("1234567", None),
        ("123456 or 654321", None),
    ],
)
def test_codes_are_told_from_other_digits(text: str, code: str | None) -> None:
    assert find_code(text) == code


def test_addresses_are_found_in_sentences() -> None:
    assert find_email("我的邮箱是alice@example.com。") == "alice@example.com"
    assert find_email("Alice@Example.com, please") == "alice@example.com"
    assert find_email("a@example.com b@example.com") is None
    assert find_email("@home") is None
