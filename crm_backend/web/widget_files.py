"""The widget as browsers get it: few files, small, and kept for as long as they last.

Its source is plain ES modules. A module that is loaded later (`import("./x.js")`) and
what it imports become one file, without what an earlier file has already. The files
are minified and compressed once, at the start, and named after the widget's content,
so browsers keep them for ever; `widget.js`, which the pages name, is asked for anew.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

import brotli
import minify
from aiohttp import web

ENTRY = "widget.js"
IMPORT = re.compile(r'^import ([^;"]+) from "(\.[^"]+)"[^;]*;\n', re.M)
IMPORT_LATER = re.compile(r'import\("(\.[^"]+)"\)')
DECLARATION = re.compile(
    r"^(export )?(?:async )?(?:function|const|let|class) (\w+)", re.M
)
ONE_YEAR = "public, max-age=31536000, immutable"


class WidgetError(Exception):
    """The modules of the widget do not fit together."""


@dataclass(frozen=True)
class WidgetFile:
    """A file to serve, and what it is compressed, best first."""

    body: bytes
    packed: dict[str, bytes]
    digest: str
    cache_control: str


WIDGET_FILES: web.AppKey[dict[str, WidgetFile]] = web.AppKey("widget_files", dict)


def setup_widget(app: web.Application, folder: Path) -> None:
    """Serve the widget whose entry is in `folder`, below /static."""
    app[WIDGET_FILES] = build_widget(folder)
    app.router.add_get("/static/{name:widget.js|widget/[^/]+}", serve_widget)


async def serve_widget(request: web.Request) -> web.Response:
    """Send a file of the widget, compressed to those who can read that."""
    file = request.app[WIDGET_FILES].get(request.match_info["name"])
    if file is None:
        raise web.HTTPNotFound
    headers = {
        "Cache-Control": file.cache_control,
        "ETag": f'"{file.digest}"',
        "Vary": "Accept-Encoding",
    }
    if any(tag.value in (file.digest, "*") for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    body = file.body
    readable = request.headers.get("Accept-Encoding", "")
    if coding := next((coding for coding in file.packed if coding in readable), None):
        headers["Content-Encoding"] = coding
        body = file.packed[coding]
    return web.Response(
        body=body, content_type="text/javascript", charset="utf-8", headers=headers
    )


def build_widget(folder: Path) -> dict[str, WidgetFile]:
    """Join, minify and compress the modules.

    Returns:
        the files by their names, which are paths below `folder`.

    Raises:
        WidgetError: two modules of a file declare the same name.
    """
    builder = _Builder(folder)
    builder.add(ENTRY, {})
    sources = "".join(builder.sources[path] for path in sorted(builder.sources))
    version = hashlib.sha256(sources.encode()).hexdigest()[:10]
    files = {}
    for entry in builder.files:
        code = minify.string("application/javascript", builder.write(entry, version))
        body = code.encode()
        files[_named(entry, version)] = WidgetFile(
            body,
            {"br": brotli.compress(body), "gzip": gzip.compress(body, 9, mtime=0)},
            version,
            "no-cache" if entry == ENTRY else ONE_YEAR,
        )
    return files


def _named(entry: str, version: str) -> str:
    return entry if entry == ENTRY else f"{entry.removesuffix('.js')}.{version}.js"


class _Builder:
    """Divides the modules among files, each called after the module it begins with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: dict[str, str] = {}
        # The modules of each file in order, and for each the file it is in.
        self.files: dict[str, list[str]] = {}
        self.homes: dict[str, dict[str, str]] = {}
        # What files have to share with those that are loaded later.
        self.shared: dict[str, set[str]] = {}

    def add(self, entry: str, earlier: dict[str, str]) -> None:
        """Add the file of `entry`; the `earlier` modules are loaded before it."""
        if entry in self.files:
            return
        modules = list(self._in_order(entry, set(earlier)))
        self.files[entry] = modules
        homes = self.homes[entry] = earlier | dict.fromkeys(modules, entry)
        for path in modules:
            for names, imported in self._imports(path):
                if homes[imported] != entry:
                    self.shared.setdefault(homes[imported], set()).update(names)
        for path in modules:
            for later in IMPORT_LATER.findall(self.sources[path]):
                target = _resolve(path, later)
                self.shared.setdefault(target, set()).update(
                    name
                    for export, name in DECLARATION.findall(self._read(target))
                    if export
                )
                self.add(target, homes)

    def write(self, entry: str, version: str) -> str:
        """Return the code of a file."""
        declared: list[str] = []
        wanted: dict[str, set[str]] = {}
        parts = []
        for path in self.files[entry]:
            code = self.sources[path]
            declared += [name for _, name in DECLARATION.findall(code)]
            for names, imported in self._imports(path):
                home = self.homes[entry][imported]
                if home != entry:
                    wanted.setdefault(home, set()).update(names)
            code = DECLARATION.sub(lambda match: match[0].removeprefix("export "), code)
            parts.append(self._rename_later(IMPORT.sub("", code), path, entry, version))
        if twice := sorted({name for name in declared if declared.count(name) > 1}):
            raise WidgetError(f"{entry}: several modules declare {', '.join(twice)}.")
        imports = "".join(
            f"import {_braced(names)} from {_link(entry, home, version)};"
            for home, names in wanted.items()
        )
        body = "\n".join(parts)
        # Names inside of a function can be shortened.
        if entry not in self.shared:
            return f"{imports}(() => {{ {body} }})();"
        shared = _braced(self.shared[entry])
        return (
            f"{imports}export const {shared} = (() => {{ {body}\nreturn {shared} }})();"
        )

    def _rename_later(self, code: str, path: str, entry: str, version: str) -> str:
        return IMPORT_LATER.sub(
            lambda match: f"import({_link(entry, _resolve(path, match[1]), version)})",
            code,
        )

    def _in_order(self, path: str, seen: set[str]) -> Iterator[str]:
        seen.add(path)
        self._read(path)
        for _, imported in self._imports(path):
            if imported not in seen:
                yield from self._in_order(imported, seen)
        yield path

    def _imports(self, path: str) -> list[tuple[list[str], str]]:
        return [
            (re.findall(r"\w+", names), _resolve(path, imported))
            for names, imported in IMPORT.findall(self.sources[path])
        ]

    def _read(self, path: str) -> str:
        if path not in self.sources:
            text = (self.folder / path).read_text("utf-8")
            is_sheet = path.endswith(".css")
            self.sources[path] = _as_module(text, path) if is_sheet else text
        return self.sources[path]


def _resolve(path: str, imported: str) -> str:
    return normpath(join(dirname(path), imported))


def _link(entry: str, target: str, version: str) -> str:
    return f'"./{relpath(_named(target, version), dirname(entry) or ".")}"'


def _braced(names: set[str]) -> str:
    return f"{{ {', '.join(sorted(names))} }}"


def _as_module(css: str, path: str) -> str:
    """Make a CSS module of what not every browser imports by itself.

    The sheet is named after its file: `launcher.css` is `launcherSheet`.
    """
    name = f"{Path(path).stem}Sheet"
    text = json.dumps(minify.string("text/css", css), ensure_ascii=False)
    return f"export const {name} = new CSSStyleSheet();\n{name}.replaceSync({text});\n"
