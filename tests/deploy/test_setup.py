"""The installation script says in one sentence what it lacks."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "cat", "cut", "dirname", "env", "sha256sum", "tail", "tr", "rm")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with nothing installed, and a PATH with only what Debian has."""
    for name in ("deploy/setup.sh", "requirements.lock", "bot/requirements.lock"):
        target = tmp_path / "clone" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or "")
    add_tool(tools, "df", "echo Avail; echo 90000M")
    return tmp_path / "clone"


def add_tool(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/bash\n{script}\n")
    (folder / name).chmod(0o755)


def run(clone: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["deploy/setup.sh"],
        cwd=clone,
        env={"PATH": str(clone.parent / "bin"), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_python_is_named(clone: Path) -> None:
    done = run(clone)
    assert done.returncode == 1
    assert done.stderr.startswith("deskmate: no python3 was found")
    assert done.stderr.count("\n") == 1


def test_a_full_disk_is_named_before_anything_is_written(clone: Path) -> None:
    add_tool(clone.parent / "bin", "df", "echo Avail; echo 100M")
    done = run(clone)
    assert done.returncode == 1
    assert "has 100 MB free" in done.stderr
    assert not (clone / ".venv").exists()


def test_a_failed_installation_is_not_taken_for_a_finished_one(clone: Path) -> None:
    add_tool(
        clone.parent / "bin",
        "uv",
        '[ "$1" = venv ] && { mkdir -p .venv/bin; : >.venv/bin/python; '
        "chmod +x .venv/bin/python; exit 0; }; exit 2",
    )
    (clone.parent / "bin/mkdir").symlink_to(shutil.which("mkdir") or "")
    (clone.parent / "bin/chmod").symlink_to(shutil.which("chmod") or "")
    done = run(clone)
    assert done.returncode == 1
    assert "failed" in done.stderr
    assert not (clone / ".venv/deskmate-stamp").exists()
