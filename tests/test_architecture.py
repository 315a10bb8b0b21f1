"""Who may import whom, and that the documents keep up with the code."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS_FILES = (
    "crm_backend/config.py",
    "crm_backend/cli.py",
    "crm_backend/runtime/preflight.py",
    "crm_backend/runtime/preparation.py",
    "crm_backend/runtime/secrets_file.py",
    "actions/config.py",
    "bot/config.py",
)
OURS = ("actions", "bot", "crm_backend")


def imports_of(path: Path) -> set[str]:
    """Return the dotted names a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def modules_below(folder: str) -> list[Path]:
    """Return the modules of a folder that are ours."""
    return [p for p in (ROOT / folder).rglob("*.py") if ".venv" not in p.parts]


def refuse(folder: str, *forbidden: str) -> list[str]:
    """Return the imports below `folder` that begin with a forbidden name."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules_below(folder)
        for name in imports_of(path)
        if any(name == root or name.startswith(f"{root}.") for root in forbidden)
    ]


@pytest.mark.parametrize("package", OURS)
def test_processes_share_no_python(package: str) -> None:
    others = [other for other in OURS if other != package]
    assert refuse(package, *others) == []


def test_analytics_knows_no_web_database_or_process() -> None:
    foreign = ["aiohttp", "sqlalchemy", "asyncio", "os", "pathlib", "requests"]
    foreign += [
        f"crm_backend.{part.stem}"
        for part in (ROOT / "crm_backend").iterdir()
        if part.stem != "analytics"
    ]
    assert refuse("crm_backend/analytics", *foreign) == []


def test_services_know_no_http() -> None:
    assert (
        refuse(
            "crm_backend/services",
            "aiohttp",
            "crm_backend.handlers",
            "crm_backend.web",
            "crm_backend.api",
        )
        == []
    )


def test_articles_know_no_web_and_no_database() -> None:
    others = [
        f"crm_backend.{part.stem}"
        for part in (ROOT / "crm_backend").iterdir()
        if part.stem not in ("articles", "catalogue")
    ]
    assert refuse("crm_backend/articles", "aiohttp", "sqlalchemy", *others) == []


def test_models_know_nothing_above_them() -> None:
    others = [
        f"crm_backend.{part.stem}"
        for part in (ROOT / "crm_backend").iterdir()
        if part.stem != "models"
    ]
    assert refuse("crm_backend/models", *others) == []


def test_importing_the_application_opens_nothing() -> None:
    code = (
        "import sys; sys.addaudithook(lambda event, args: "
        "event in ('socket.connect', 'socket.bind', 'sqlite3.connect') and "
        "sys.exit(f'import caused {event}')); import crm_backend.cli"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def settings_in_code() -> set[str]:
    """Return the names of the environment variables our processes read."""
    found: set[str] = set()
    for name in SETTINGS_FILES:
        nodes = list(ast.walk(ast.parse((ROOT / name).read_text("utf-8"))))
        # What a process tells another program is no setting of ours.
        told = {
            id(key) for node in nodes if isinstance(node, ast.Dict) for key in node.keys
        }
        for node in nodes:
            if not isinstance(node, ast.Constant) or id(node) in told:
                continue
            if isinstance(node.value, str):
                found |= set(re.findall(r"^[A-Z]+(?:_[A-Z]+)+$|^DEMO$", node.value))
    return found


def test_readme_documents_every_setting() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    table = set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE))
    assert table == settings_in_code()


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    # Called by make itself, a second make would tell where it enters and leaves.
    command = ["make", "--no-print-directory", "help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert targets == {line.split()[0] for line in done.stdout.splitlines()}


def test_ci_runs_the_commands_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    ci = (ROOT / ".ci/run").read_text("utf-8")
    assert "make run" in readme
    assert "make test" in readme
    assert re.search(r"^make lint$", ci, re.MULTILINE)
    assert re.search(r"^make test$", ci, re.MULTILINE)


def test_gateway_starts_without_what_takes_seconds_to_load() -> None:
    code = (
        "import sys, crm_backend.app; "
        "print([name for name in ('sklearn', 'scipy', 'skops', 'altair', "
        "'vl_convert', 'statsmodels', 'reportlab') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
