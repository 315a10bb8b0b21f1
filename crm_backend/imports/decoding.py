"""Opening a file, packed or not, and finding out how its text is encoded."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from crm_backend.imports.faults import BrokenFile, ImportFault

BLOCK_BYTES = 1 << 20
# A GB18030 text is mostly made of the common characters, a Latin one is not.
COMMON_HAN_SHARE = 0.9


def _open_bytes(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def open_text(path: Path, encoding: str) -> IO[str]:
    """Open a file as text, unpacked, with its line ends as they are."""
    return io.TextIOWrapper(_open_bytes(path), encoding=encoding, newline="")


class reading_errors:  # noqa: N801
    """Turns what may happen while a file is read into one sentence."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: object, err: BaseException | None, _trace: object
    ) -> None:
        if isinstance(err, EOFError | zlib.error | gzip.BadGzipFile):
            raise BrokenFile(
                f"{self._path} is a broken or cut-off .gz file; pack it again."
            ) from err
        if isinstance(err, UnicodeError):
            raise BrokenFile(
                f"{self._path} has bytes that are not {err.args[0]} text."
            ) from err
        if isinstance(err, OSError):
            raise BrokenFile(f"{self._path} cannot be read: {err.strerror}.") from err


def _blocks(path: Path) -> Iterator[bytes]:
    with reading_errors(path), _open_bytes(path) as raw:
        while block := raw.read(BLOCK_BYTES):
            yield block


def find_encoding(path: Path, wanted: str | None) -> tuple[str, int]:
    """Return an encoding that decodes the whole file, and its number of lines."""
    if wanted is None:
        start = next(_blocks(path), b"")
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            wanted = "utf-16"
    try:
        name = codecs.lookup(wanted or "utf-8-sig").name
    except LookupError as err:
        raise ImportFault(f"{wanted!r} is not the name of an encoding.") from err
    bad_line, n_lines = _first_undecodable(path, name)
    if bad_line is None:
        return name, n_lines
    if wanted is None and _looks_chinese(path):
        gb_line, n_lines = _first_undecodable(path, "gb18030")
        if gb_line is None:
            return "gb18030", n_lines
    raise BrokenFile(
        f"{path}, line {bad_line}: bytes that are not {name.removesuffix('-sig')} "
        "text; if the file is written differently, name its `encoding` in the "
        "mapping file."
    )


def _first_undecodable(path: Path, encoding: str) -> tuple[int | None, int]:
    """Return the line of the first bad bytes, and the number of lines."""
    decoder = codecs.getincrementaldecoder(encoding)()
    n_lines = 0
    for block in _blocks(path):
        try:
            n_lines += decoder.decode(block).count("\n")
        except UnicodeDecodeError as err:
            # The decoder puts what the last block left over before this one.
            return n_lines + err.object[: err.start].count(b"\n") + 1, n_lines
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return n_lines + 1, n_lines
    return None, n_lines


def _looks_chinese(path: Path) -> bool:
    for block in _blocks(path):
        pairs = re.findall(rb"[\x80-\xff].", block, re.DOTALL)
        if pairs:
            # GB2312's own characters have both bytes in its upper half.
            common = [p for p in pairs if b"\xa1" <= p[:1] <= b"\xf7"]
            common = [p for p in common if p[1:] >= b"\xa1"]
            return len(common) >= COMMON_HAN_SHARE * len(pairs)
    return False
