import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/check_locks.py"


@pytest.fixture(scope="module")
def check_locks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_locks", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["a>=2"]\n[dependency-groups]\ndev = ["b"]\n'
    )
    return tmp_path


GOOD = "a==2.1 \\\n    --hash=sha256:00\nb==1.0 ; x == 'y' \\\n    --hash=sha256:00\n"


@pytest.mark.parametrize(
    ("lock", "problem"),
    [
        (GOOD, None),
        (GOOD.replace("2.1", "1.9"), "a>=2 but locked is 1.9"),
        (GOOD.replace("b==", "c=="), "b is not locked"),
        (GOOD.replace("    --hash=sha256:00\nb", "b"), "a has no hash"),
        ("--index-url somewhere\n" + GOOD, "names an address"),
    ],
)
def test_a_lock_file_is_compared_with_its_project(
    check_locks: ModuleType, folder: Path, lock: str, problem: str | None
) -> None:
    (folder / "requirements.lock").write_text(lock)
    found = check_locks.check(folder)
    if problem is None:
        assert found == []
    else:
        assert any(problem in line for line in found), found
