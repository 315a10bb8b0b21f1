"""Receiving a form with a file: piece by piece, and checked before anything is kept."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, ClientPayloadError, MultipartReader, web

from crm_backend.catalogue import say
from crm_backend.errors import Invalid, TooLarge
from crm_backend.keys import CONFIG
from crm_backend.services.attachment_files import StagedFile, staging
from crm_backend.services.attachment_types import clean_name, find_media_type

FORM = "multipart/form-data"
CHUNK_BYTES = 64 * 1024
# Above what any text may have; the fields of a form together.
MAX_FIELD_BYTES = 512 * 1024
MAX_PARTS = 10
MAX_SECONDS = 300
MEGABYTE = 1024 * 1024

# One file at a time is looked into: a large picture takes a lot of memory.
_CHECKS = ThreadPoolExecutor(1, "attachments")

# Called with the fields so far when the file begins; False leaves the file unread.
Admit = Callable[[dict[str, str]], Awaitable[bool]]


@dataclass
class Upload:
    """The fields of a form and the file that came with it."""

    language: str
    fields: dict[str, str] = field(default_factory=dict)
    # None: there is none, or it was not let in because it is here already.
    file: StagedFile | None = None
    was_left_unread: bool = False

    @property
    def digest(self) -> bytes:
        """What tells this form from another: its fields, as one has the file's id.

        The file of a repeat may have been left unread.
        """
        parts = [f"{name}={value}" for name, value in sorted(self.fields.items())]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).digest()


@asynccontextmanager
async def receiving(
    request: web.Request, upload: Upload, admit: Admit
) -> AsyncIterator[Upload]:
    """Read a form with a file, which is gone at the end unless it was kept.

    Args:
        request: whose body has not been read yet.
        upload: is filled; what came before a refusal stands in it.
        admit: asked before the file is read.

    Raises:
        Invalid: the form is broken, or the file is not one that is taken.
        TooLarge: the file is longer than the setting allows.
        HTTPUnsupportedMediaType: it is no such form.
    """
    if request.content_type != FORM:
        raise web.HTTPUnsupportedMediaType
    config = request.app[CONFIG]
    max_bytes = config.attachment_max_mb * MEGABYTE
    if (request.content_length or 0) > max_bytes + MAX_FIELD_BYTES:
        raise _too_large(config.attachment_max_mb, upload.language)
    with staging(config.var_dir) as staged:
        try:
            async with asyncio.timeout(MAX_SECONDS):
                await _read(await request.multipart(), upload, staged, admit, max_bytes)
        except TimeoutError as err:
            raise web.HTTPRequestTimeout from err
        except (ValueError, AssertionError, ClientPayloadError, ConnectionError) as err:
            # What the reader raises on a form that is malformed or breaks off.
            raise Invalid("invalid_request", "The form is not complete.") from err
        if upload.file is not None:
            await _check(upload.file, upload.language)
        yield upload


def _too_large(limit_mb: int, language: str) -> TooLarge:
    text = say("attachment_too_large", language, limit=limit_mb)
    return TooLarge("attachment_too_large", text)


async def _read(
    form: MultipartReader,
    upload: Upload,
    staged: StagedFile,
    admit: Admit,
    max_bytes: int,
) -> None:
    n_left = MAX_FIELD_BYTES
    for _ in range(MAX_PARTS):
        part = await form.next()
        if part is None:
            return
        if not isinstance(part, BodyPartReader) or not part.name:
            raise ValueError("a part without a name")
        if part.filename is None:
            value = await _read_field(part, n_left)
            n_left -= len(value)
            upload.fields[part.name] = value.decode("utf-8")
        elif upload.file is None and not upload.was_left_unread:
            if not await admit(upload.fields):
                upload.was_left_unread = True
                return
            await _read_file(part, upload, staged, max_bytes)
        else:
            raise ValueError("a second file")
    raise ValueError("too many parts")


async def _read_field(part: BodyPartReader, n_left: int) -> bytes:
    value = bytearray()
    while chunk := await part.read_chunk(CHUNK_BYTES):
        value += chunk
        if len(value) > n_left:
            raise ValueError("too much text")
    return bytes(value)


async def _read_file(
    part: BodyPartReader, upload: Upload, staged: StagedFile, max_bytes: int
) -> None:
    while chunk := await part.read_chunk(CHUNK_BYTES):
        if staged.n_bytes + len(chunk) > max_bytes:
            raise _too_large(max_bytes // MEGABYTE, upload.language)
        await asyncio.to_thread(staged.write, chunk)
    staged.name = part.filename or ""
    if staged.name or staged.n_bytes:
        upload.file = staged


async def _check(file: StagedFile, language: str) -> None:
    if not file.n_bytes:
        raise Invalid("attachment_empty", say("attachment_empty", language))
    loop = asyncio.get_running_loop()
    media_type = await loop.run_in_executor(
        _CHECKS, find_media_type, file.path, file.name
    )
    if media_type is None:
        raise Invalid("attachment_type", say("attachment_type", language))
    file.media_type, file.name = media_type, clean_name(file.name, media_type)
