"""A short run of `make fault-test`: the real processes, visitors and a few faults."""

import json
import subprocess
import sys
from pathlib import Path

from tests.faults.kinds import KINDS
from tests.faults.plan import make_plan
from tests.faults.stack import ROOT

SECONDS = 600
N_FAULTS = 25
# Half a minute each, which the long run has time for.
TAKE_LONG = ("bot_killed", "action_hangs", "crm_hangs")


def test_nothing_is_lost_doubled_or_silent_in_a_short_run(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    kinds = [kind.name for kind in KINDS if kind.name not in TAKE_LONG]
    command = [sys.executable, "-m", "tests.faults", "--json", str(figures)]
    command += ["--faults", str(N_FAULTS), "--gap", "0.3", "--visitors", "10"]
    command += ["--customers", "300", "--kinds", ",".join(kinds)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text("utf-8"))
    assert [found[key] for key in ("lost", "doubled", "silent", "wrong")] == [0] * 4
    assert found["faults"] == N_FAULTS
    assert found["turns"] > N_FAULTS


def test_same_seed_makes_the_same_plan() -> None:
    assert make_plan(7, 100, 0.5) == make_plan(7, 100, 0.5)
    assert make_plan(7, 100, 0.5) != make_plan(8, 100, 0.5)


def test_a_thousand_faults_have_all_kinds_by_their_shares() -> None:
    plan = make_plan(1, 1000, 1.0)
    assert len(plan) == 1000
    for kind in KINDS:
        assert sum(fault.kind is kind for fault in plan) == kind.share
