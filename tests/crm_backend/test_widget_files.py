"""The files browsers get are joined from the modules and served as they should be."""

import gzip
import re
from pathlib import Path
from typing import Any

import brotli
import pytest

from crm_backend.web.rendering import HERE
from crm_backend.web.widget_files import WidgetError, build_widget

MODULES = {
    "widget.js": 'import("./widget/first.js");\n',
    "widget/first.js": (
        'import { shout } from "./words.js";\n'
        'import firstSheet from "./first.css" with { type: "css" };\n'
        "console.log(shout(1), firstSheet);\n"
        'export const later = () => import("./later.js");\n'
    ),
    "widget/words.js": "export function shout(word) {\n  return `${word}!`;\n}\n",
    "widget/first.css": "p { color: red; }\n",
    "widget/later.js": (
        'import { shout } from "./words.js";\nconsole.log(shout("later"));\n'
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "widget").mkdir()
    for name, code in MODULES.items():
        (tmp_path / name).write_text(code, "utf-8")
    return tmp_path


def test_modules_loaded_later_become_files(folder: Path) -> None:
    files = build_widget(folder)
    names = sorted(name.split(".")[0] for name in files)
    assert names == ["widget", "widget/first", "widget/later"]
    later = next(name for name in files if "later" in name)
    first = next(name for name in files if "first" in name)
    assert later.removeprefix("widget/").encode() in files[first].body
    assert first.encode() in files["widget.js"].body


def test_what_an_earlier_file_has_is_not_sent_again(folder: Path) -> None:
    files = build_widget(folder)
    code = {name.split(".")[0]: file.body.decode() for name, file in files.items()}
    assert "}!`" in code["widget/first"]
    assert "}!`" not in code["widget/later"]
    assert "import{shout}from" in code["widget/later"]


def test_sheets_become_modules(folder: Path) -> None:
    body = next(f.body for n, f in build_widget(folder).items() if "first" in n)
    assert b'replaceSync("p{color:red}")' in body


def test_names_change_with_the_content(folder: Path) -> None:
    before = set(build_widget(folder))
    assert set(build_widget(folder)) == before
    (folder / "widget/words.js").write_text("export const shout = String;\n", "utf-8")
    assert set(build_widget(folder)) & before == {"widget.js"}


def test_name_that_two_modules_declare_is_an_error(folder: Path) -> None:
    first = folder / "widget/first.js"
    first.write_text(first.read_text("utf-8") + "const shout = 1;\n", "utf-8")
    with pytest.raises(WidgetError, match="shout"):
        build_widget(folder)


@pytest.mark.parametrize(("coding", "most_bytes"), [("br", 12_000), ("gzip", 13_000)])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_chat_in_one_language_is_small(
    coding: str, most_bytes: int, language: str
) -> None:
    parts = {"widget", "widget/element", "widget/chat", f"widget/texts.{language}"}
    sizes = {
        name: len(file.packed[coding])
        for name, file in build_widget(HERE / "static").items()
        if name.removesuffix(".js").removesuffix(f".{file.digest}") in parts
    }
    assert len(sizes) == len(parts)
    assert sum(sizes.values()) < most_bytes


@pytest.mark.parametrize("name", ["texts", "texts.cards", "texts.staff"])
def test_languages_have_the_same_words(name: str) -> None:
    english, chinese = (
        re.findall(
            r"^ +(\w+):",
            (HERE / f"static/widget/{name}.{language}.js").read_text("utf-8"),
            re.MULTILINE,
        )
        for language in ("en", "zh")
    )
    assert english == chinese
    assert english


@pytest.mark.parametrize("coding", ["br", "gzip", "identity"])
async def test_file_is_sent_as_the_browser_can_read_it(
    client: Any, coding: str
) -> None:
    response = await client.get(
        "/static/widget.js",
        headers={"Accept-Encoding": coding},
        # The raw bytes, not what the client makes of them.
        auto_decompress=False,
    )
    body = await response.read()
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "identity": bytes}
    assert b"import(" in unpack[coding](body)
    assert response.headers.get("Content-Encoding", "identity") == coding
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.content_type == "text/javascript"


async def test_known_file_is_not_sent_again(client: Any) -> None:
    first = await client.get("/static/widget.js")
    again = await client.get(
        "/static/widget.js", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status == 304
    assert await again.read() == b""


async def test_source_modules_are_not_served(client: Any) -> None:
    for name in ("chat.js", "chat.css", "../pages.py"):
        response = await client.get(f"/static/widget/{name}")
        assert response.status == 404
