"""Each layer gives up before the one that waits for it does."""

import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from actions.base import MAX_SECONDS as ACTION_SECONDS
from actions.config import Config as ActionsConfig
from crm_backend import turn_runner
from crm_backend.claims import LIFETIME
from crm_backend.config import MAX_TURN_SECONDS, Config
from crm_backend.db import SQLITE_BUSY_MS
from crm_backend.handlers.socket import SLOW_SECONDS

ROOT = Path(__file__).resolve().parents[2]
BOT_PYTHON = ROOT / "bot/.venv/bin/python"
WIDGET = ROOT / "crm_backend/web/static/widget"
ASK_BOT = """
import json
from bot.config import Config
from rasa.core.lock_store import LOCK_LIFETIME
print(json.dumps([Config.action_timeout_seconds, LOCK_LIFETIME]))
"""


def widget_seconds(file: str, name: str) -> float:
    found = re.search(rf"\b{name} = ([\d_]+);", (WIDGET / file).read_text("utf-8"))
    assert found is not None, f"{file} has no {name} any more"
    return int(found[1].replace("_", "")) / 1000


def test_who_waits_is_more_patient_than_who_works() -> None:
    if not BOT_PYTHON.exists():
        pytest.skip("the Rasa runtime is not installed")
    said = subprocess.check_output([BOT_PYTHON, "-c", ASK_BOT], cwd=ROOT)
    rasa_action_seconds, lock_seconds = json.loads(said.splitlines()[-1])
    chain = {
        "an action's question to the CRM": ActionsConfig.crm_timeout_seconds,
        "an action": ACTION_SECONDS,
        "Rasa's wait for an action": rasa_action_seconds,
        "a turn until its apology": Config.turn_timeout_seconds,
        "the longest a turn may be set to": MAX_TURN_SECONDS,
        "Rasa's wait for its conversation": lock_seconds,
        "the gateway's wait for a late answer": (
            Config.turn_timeout_seconds + turn_runner.LATE_SECONDS
        ),
        "the longest wait for one": MAX_TURN_SECONDS + turn_runner.LATE_SECONDS,
        "the claims": LIFETIME.total_seconds(),
    }
    for (shorter, less), (longer, more) in pairwise(chain.items()):
        assert less < more, f"{shorter} ({less:g} s) outlasts {longer} ({more:g} s)"


def test_browser_is_more_patient_than_the_gateway() -> None:
    assert Config.turn_timeout_seconds > SLOW_SECONDS
    typing_seconds = widget_seconds("transcript.js", "TYPING_MS")
    assert Config.turn_timeout_seconds < typing_seconds
    request_seconds = widget_seconds("api.js", "TIMEOUT_MS")
    assert request_seconds > SQLITE_BUSY_MS / 1000
