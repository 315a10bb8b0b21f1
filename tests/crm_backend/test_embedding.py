"""docs/embedding.md: the tokens of its examples are taken, and it names every code."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crm_backend.config import Config
from crm_backend.handlers import attachments, chat, chat_controls, ratings, socket
from crm_backend.rate_limits import REFUSALS
from crm_backend.services import posts, shop_tokens, verification
from crm_backend.services.shop_tokens import ShopIdentity, read_token

TEXT = (Path(__file__).parents[2] / "docs/embedding.md").read_text("utf-8")
KEY = "the shop's secret, 32 characters or more"
CUSTOMER = {"number": "C-1", "email": "zoe@example.com", "name": "Zoë 王"}
# How each language calls the function of its example, and prints what it returns.
PYTHON = "import json, sys\nprint(identity_token(json.loads(sys.argv[1])))\n"
NODE = "console.log(identityToken(JSON.parse(process.argv[2])));\n"
PHP = "echo identity_token(json_decode($argv[1], true)), PHP_EOL;\n"


@pytest.mark.parametrize(
    ("language", "driver", "suffix", "program"),
    [
        ("python", PYTHON, "py", sys.executable),
        ("js", NODE, "mjs", "node"),
        ("php", PHP, "php", "php"),
    ],
)
def test_token_of_an_example_is_taken(
    language: str, driver: str, suffix: str, program: str, tmp_path: Path
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} to run the example with")
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)
    path = tmp_path / f"example.{suffix}"
    path.write_text(code + driver, "utf-8")
    done = subprocess.run(
        [program, str(path), json.dumps(CUSTOMER)],
        env=os.environ | {"SHOP_TOKEN_KEY": KEY},
        capture_output=True,
        text=True,
        check=True,
    )
    assert read_token(config(), done.stdout.strip(), "en") == ShopIdentity(
        "C-1", "zoe@example.com", "Zoë 王"
    )


def config() -> Config:
    return Config(
        claims_key="unused",
        crm_service_token="unused",
        database_url="sqlite://",
        shop_token_key=KEY,
    )


def test_every_code_of_the_chat_is_explained() -> None:
    endpoints = [
        *chat.ENDPOINTS,
        *chat_controls.ENDPOINTS,
        *attachments.ENDPOINTS,
        *ratings.ENDPOINTS,
    ]
    declared: dict[str, int] = {
        code: status
        for endpoint in endpoints
        if endpoint.path.startswith("/chat/")
        for status, code in endpoint.errors
    }
    explained: dict[str, int] = {}
    for names, status in re.findall(r"^\| (`[^|]+`) \| (\d{3}) \|", TEXT, re.M):
        explained |= dict.fromkeys(re.findall(r"`(\w+)`", names), int(status))
    assert declared | {"token_invalid": 401, "identity_required": 401} == explained


def test_every_rule_of_tokens_is_explained() -> None:
    source = Path(shop_tokens.__file__).read_text("utf-8")
    rules = set(re.findall(r'_invalid\("(\w+)"', source))
    rules |= {rule for _, rule in shop_tokens.RULES}
    table = TEXT.partition("| rule | what to do |")[2].partition("\n\n")[0]
    explained = re.findall(
        r"`(\w+)`", "".join(re.findall(r"^\| (.+?) \|", table, re.M))
    )
    assert set(explained) == rules


def row(name: str) -> list[int]:
    """Return the numbers of a row of the table of limits."""
    (cell,) = re.findall(rf"^\| {name} \| ([^|]+) \|", TEXT, re.M)
    return [int(number) for number in re.findall(r"\d+", cell)]


def test_limits_are_those_of_the_code() -> None:
    assert row("messages of a conversation") == [posts.MAX_MESSAGES]
    assert row("codes of a conversation, for an address of mail") == [
        verification.MAX_CODES_PER_CONVERSATION,
        verification.MAX_CODES_PER_ADDRESS,
    ]
    minutes = verification.code_minutes()
    assert row("tries of a code") == [verification.MAX_TRIES, minutes]
    settings: dict[str, Any] = vars(Config)
    for name in ("conversations", "messages", "codes"):
        default = settings[f"{name}_per_address"]
        (limit,) = re.findall(
            rf"^\| [^|]+ \| ([^|]+) \| `{name.upper()}_PER_ADDRESS` \|", TEXT, re.M
        )
        assert re.findall(r"\d+", limit) == re.findall(r"\d+", default)
    assert set(REFUSALS) == {"conversations", "messages", "codes", "sign_ins"}


def test_codes_a_socket_closes_with_are_explained() -> None:
    for code in (socket.BAD_TOKEN, socket.BAD_HELLO, 1001, 1013):
        assert re.search(rf"^\| [\d, ]*{code}[\d, ]* \|", TEXT, re.M)
