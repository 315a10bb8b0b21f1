"""What a file is, told by its content, and what it is called then."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_backend.services.attachment_types import (
    ENDINGS,
    MAX_NAME,
    clean_name,
    find_media_type,
)
from tests.crm_backend.fixtures_files import (
    DOCX,
    HEIC,
    PDF,
    XLSX,
    archive,
    bomb,
    picture,
)

ODT = archive(
    "mimetype", "content.xml", mimetype="application/vnd.oasis.opendocument.text"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PROGRAM = Path(sys.executable).resolve()


def media_type(folder: Path, content: bytes, name: str = "x") -> str | None:
    path = folder / "file"
    path.write_bytes(content)
    return find_media_type(path, name)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (picture("PNG"), "image/png"),
        (picture("JPEG", (3000, 2000)), "image/jpeg"),
        (picture("GIF"), "image/gif"),
        (picture("WEBP"), "image/webp"),
        (HEIC, "image/heic"),
        (PDF, "application/pdf"),
        (DOCX, "wordprocessingml.document"),
        (XLSX, "spreadsheetml.sheet"),
        (ODT, "application/vnd.oasis.opendocument.text"),
        ("Grüße, 你好 👋\n\ta < b, 1 <2".encode(), "text/plain"),
        ("\ufeffGrüße".encode(), "text/plain"),
        ("Grüße".encode("cp1252"), "text/plain"),
        ("你好".encode("gb18030"), "text/plain"),
        ("你好, Grüße".encode("utf-16"), "text/plain"),
        (b"I <3 this shop", "text/plain"),
    ],
)
def test_content_says_what_it_is(tmp_path: Path, content: bytes, expected: str) -> None:
    found = media_type(tmp_path, content, "x.exe")
    assert found is not None
    assert found.endswith(expected)


def test_only_the_name_tells_a_table_from_other_texts(tmp_path: Path) -> None:
    assert media_type(tmp_path, b"a;b\n1;2", "Orders.CSV") == "text/csv"
    assert media_type(tmp_path, picture(), "orders.csv") == "image/png"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"MZ\x90\0" + b"\0" * 500, id="windows-program"),
        pytest.param(PROGRAM.read_bytes()[:100_000], id="program"),
        pytest.param(SVG, id="svg"),
        pytest.param(b'\xef\xbb\xbf  \n<?xml version="1.0"?>' + SVG, id="svg-in-xml"),
        pytest.param(b"<!-- %PDF-1.7 -->" + SVG, id="svg-after-a-comment"),
        pytest.param(SVG.decode().encode("utf-16"), id="svg-in-utf-16"),
        pytest.param(b"<!DOCTYPE html><p>hello", id="html"),
        pytest.param(b"hello <ScRipt src=//x></script>", id="script-inside"),
        pytest.param(b"x" * (256 * 1024 - 3) + b"<script>", id="script-across-chunks"),
        pytest.param(b" " * 300_000 + b"<a href=x>", id="markup-after-spaces"),
        pytest.param(b"GIF89a/*<svg>*/=1;alert(1)", id="script-that-begins-as-gif"),
        pytest.param(b"\xff\xd8\xff\xe0" + b"\0" * 100, id="broken-jpeg"),
        pytest.param(picture("PNG")[:-30], id="picture-cut-off"),
        pytest.param(bomb(), id="bomb"),
        pytest.param(bomb(8_000, 8_000), id="small-bomb"),
        pytest.param(archive("a.txt"), id="archive"),
        pytest.param(archive("META-INF/MANIFEST.MF", "a.class"), id="java"),
        pytest.param(b"MZ" + b"\0" * 100 + DOCX, id="program-and-archive"),
        pytest.param(
            archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
            id="macros",
        ),
        pytest.param(DOCX[:200], id="archive-cut-off"),
        pytest.param(archive("mimetype", mimetype="text/html"), id="page-as-document"),
        pytest.param(b"\x00\x01\x02\x03" * 9, id="nobody-knows"),
        pytest.param(b"hello\x00world", id="text-with-nul"),
        pytest.param(b"\xff\xfea", id="half-a-character"),
    ],
)
def test_everything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("photo.png", "notes.txt", "table.csv"):
        assert media_type(tmp_path, content, name) is None


def test_looking_at_a_bomb_takes_little_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bomb())
    code = (
        "import resource, sys; from pathlib import Path;"
        "from crm_backend.services.attachment_types import find_media_type;"
        "limit = 600 * 2**20; resource.setrlimit(resource.RLIMIT_DATA, (limit, limit));"
        "assert find_media_type(Path(sys.argv[1]), 'x') is None"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    assert subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("photo.png", "image/png", "photo.png"),
        ("Photo.JPEG", "image/jpeg", "Photo.JPEG"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Windows\\win.ini", "text/plain", "win.ini.txt"),
        ("a\r\nSet-Cookie: x.png", "image/png", "a Set-Cookie_ x.png"),
        ("invoice\u202egnp.exe", "image/png", "invoice gnp.exe.png"),
        ("setup.exe", "application/pdf", "setup.exe.pdf"),
        ("page.html", "text/plain", "page.html.txt"),
        ("发票 🧾.pdf", "application/pdf", "发票 🧾.pdf"),
        ("👩‍👩‍👧.webp", "image/webp", "👩‍👩‍👧.webp"),
        ("", "image/gif", "file.gif"),
        ("...", "image/gif", "file.gif"),
        (".png", "image/png", "file.png"),
        ('a"b<c>|d?*.txt', "text/plain", "a_b_c__d__.txt"),
        ("\ud800.txt", "text/plain", "file.txt"),
    ],
)
def test_name_is_safe_and_ends_as_what_it_is(name, kind, expected) -> None:
    assert clean_name(name, kind) == expected


def test_long_name_keeps_its_ending() -> None:
    name = clean_name("长" * 300 + ".jpeg", "image/jpeg")
    assert len(name) == MAX_NAME
    assert name.endswith("长.jpeg")


@given(name=st.text(max_size=400), kind=st.sampled_from(sorted(ENDINGS)))
def test_any_name_becomes_a_safe_one(name: str, kind: str) -> None:
    cleaned = clean_name(name, kind)
    assert 0 < len(cleaned) <= MAX_NAME
    assert cleaned.lower().endswith(ENDINGS[kind])
    assert cleaned.replace("\u200d", "").isprintable()
    assert not set(cleaned) & set('<>:"/\\|?*')
    assert cleaned[0] != "."
    assert clean_name(cleaned, kind) == cleaned
