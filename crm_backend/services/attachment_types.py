"""What a file is, told by its content, and what it may be called.

Neither its name nor what a browser says about it counts. What is let in can do nothing
in a browser: no markup, no scripts, no programs, no macros.
"""

import re
import unicodedata
import zipfile
from pathlib import Path
from typing import TextIO

import filetype
from PIL import Image

PDF = "application/pdf"
TEXT = "text/plain"
CSV = "text/csv"
HEIC = "image/heic"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"

# The endings a name may have; where it has another, it gets the first one.
ENDINGS = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    HEIC: (".heic", ".heif"),
    PDF: (".pdf",),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
    ODT: (".odt",),
    ODS: (".ods",),
    CSV: (".csv",),
    TEXT: (".txt", ".log", ".md"),
}
IMAGES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
}
# The part that makes an Office file what it is.
OFFICE_PARTS = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX}
# A phone's photo has 12 to 50 million; decoded it takes four bytes a pixel.
MAX_PIXELS = 50_000_000
MAX_NAME = 120
MAX_ZIP_MEMBERS = 5_000
CHUNK = 256 * 1024
# Longer than any tag that is looked for, which may stand across two chunks.
MAX_TAG = 16
# The mark of UTF-8 as older encodings read it.
UTF8_MARK = "\u00ef\u00bb\u00bf"

_MARKUP_BEGIN = re.compile(r"<[!?a-z]", re.I)
_MARKUP = re.compile(r"<(?:!doctype|html|svg|script|iframe|object|embed)\b", re.I)
# What no text has: control characters besides tab, line feed, form feed and return.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*]')


def find_media_type(path: Path, name: str) -> str | None:
    """Return what a file is if it may be kept, else None.

    Args:
        path: of the file, which is read to its end.
        name: tells which of several texts it is, such as a CSV file.
    """
    guessed = filetype.guess(path)
    kind = guessed.mime if guessed is not None else None
    if kind in IMAGES:
        return kind if _is_image(path, IMAGES[kind]) else None
    if kind in (PDF, HEIC):
        return str(kind)
    if kind == "application/zip" or _is_zip(path):
        return _find_office_type(path)
    if kind is not None or not _is_text(path):
        return None
    return CSV if name.lower().endswith(".csv") else TEXT


def clean_name(name: str, media_type: str) -> str:
    """Return a name that is safe to store, to show and to save a file under.

    It has no folders, no characters that are invisible or turn the direction of
    writing, and the ending of what the file is.
    """
    name = re.split(r"[/\\]", name)[-1]
    kept = "".join(_kept(char) for char in unicodedata.normalize("NFC", name))
    kept = " ".join(_NOT_IN_NAMES.sub("_", kept).split()).rstrip(". ")
    endings = ENDINGS[media_type]
    stem, dot, ending = kept.rpartition(".")
    if dot and f".{ending.lower()}" in endings:
        kept, end = stem, f".{ending}"
    else:
        end = endings[0]
    return (kept.lstrip(". ")[: MAX_NAME - len(end)].rstrip(". ") or "file") + end


def _kept(char: str) -> str:
    # Emoji are joined by a zero-width joiner; other format characters hide things.
    if char == "\u200d":
        return char
    return " " if unicodedata.category(char)[0] in "CZ" else char


def _is_image(path: Path, kind: str) -> bool:
    try:
        with Image.open(path, formats=[kind]) as image:
            if image.width * image.height > MAX_PIXELS:
                return False
            # JPEGs can be decoded smaller; other kinds do not care.
            image.draft("RGB", (image.width // 8 or 1, image.height // 8 or 1))
            image.load()
    except Exception:
        # The decoders raise whatever the broken data makes them stumble over.
        return False
    return True


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _find_office_type(path: Path) -> str | None:
    """Tell documents and sheets from other archives, which are not let in."""
    if not _is_zip(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) > MAX_ZIP_MEMBERS:
                return None
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                return None
            for part, media_type in OFFICE_PARTS.items():
                if part in names and "[Content_Types].xml" in names:
                    return media_type
            if names[:1] == ["mimetype"]:
                with archive.open("mimetype") as file:
                    said = file.read(100).decode("ascii")
                return said if said in (ODT, ODS) else None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return None
    return None


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        is_utf16 = file.read(2) in _UTF16_MARKS
    # Older programs write other encodings; what matters looks the same in all of them.
    encoding = "utf-16" if is_utf16 else "latin-1"
    try:
        with path.open(encoding=encoding, newline="") as file:
            return _is_plain(file)
    except UnicodeDecodeError:
        return False


def _is_plain(file: TextIO) -> bool:
    has_begun, carry = False, ""
    while chunk := file.read(CHUNK):
        if _CONTROLS.search(chunk) or _MARKUP.search(carry + chunk):
            return False
        begin = chunk.removeprefix(UTF8_MARK).lstrip()
        if not has_begun and begin:
            has_begun = True
            if _MARKUP_BEGIN.match(begin):
                return False
        carry = chunk[-MAX_TAG:]
    return True
