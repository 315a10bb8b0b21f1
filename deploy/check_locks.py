"""Check that the lock files fit the project files.

Usage: python deploy/check_locks.py
"""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")


def read_lock(path: Path) -> tuple[dict[str, str], list[str]]:
    """Return the pinned versions by name, and what is wrong with the file itself."""
    pins: dict[str, str] = {}
    problems: list[str] = []
    unhashed = ""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if match := PIN.match(line):
            if unhashed:
                problems.append(f"{path}: {unhashed} has no hash")
            unhashed = match[1]
            pins[canonicalize_name(match[1])] = match[2]
        elif line.lstrip().startswith("--hash=sha256:"):
            unhashed = ""
        if "://" in line or "--index-url" in line or "--find-links" in line:
            problems.append(f"{path}:{number}: names an address: {line.strip()}")
    if unhashed:
        problems.append(f"{path}: {unhashed} has no hash")
    return pins, problems


def check(folder: Path) -> list[str]:
    """Return what is wrong between a pyproject.toml and its lock file."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    pins, problems = read_lock(folder / "requirements.lock")
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    for text in wanted:
        requirement = Requirement(text)
        pinned = pins.get(canonicalize_name(requirement.name))
        if pinned is None:
            problems.append(f"{folder}: {requirement.name} is not locked")
        elif not requirement.specifier.contains(pinned, prereleases=True):
            problems.append(f"{folder}: {text} but locked is {pinned}")
    return problems


def main() -> int:
    """Check both environments."""
    problems = [p for folder in (ROOT, ROOT / "bot") for p in check(folder)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print("The lock files fit the project files.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
