"""Code of others is what its authors released."""

import hashlib
import re
from pathlib import Path

import crm_backend.web

VENDOR = Path(crm_backend.web.__file__).parent / "static/vendor"
TEMPLATES = VENDOR.parents[1] / "templates"


def read_table() -> dict[str, str]:
    """Return the checksum of each file that the README names."""
    text = (VENDOR / "README.md").read_text("utf-8")
    return dict(
        re.findall(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", text, re.MULTILINE)
    )


def test_each_file_has_its_checksum() -> None:
    table = read_table()
    assert set(table) == {path.name for path in VENDOR.glob("*.js")}
    for name, checksum in table.items():
        content = (VENDOR / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == checksum


def test_templates_load_files_that_exist() -> None:
    loaded = {
        name
        for path in TEMPLATES.glob("*.html")
        for name in re.findall(r"/static/vendor/([^\"]+)", path.read_text("utf-8"))
    }
    assert loaded == set(read_table())
