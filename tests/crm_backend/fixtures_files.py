"""Files to send, good and hostile, and how to send them."""

import io
import struct
import uuid
import zipfile
import zlib
from typing import Any

from aiohttp import FormData
from PIL import Image

from tests.crm_backend.fixtures_gateway import Chat, Gateway


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 6)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, (20, 120, 60)).save(target, kind)
    return target.getvalue()


def archive(*names: str, **contents: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            file.writestr(name, contents.get(name.split("/")[-1].split(".")[0], "<x/>"))
    return target.getvalue()


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few bytes that claims to be as large as a football field."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1_000_000)
    begin = b"\x89PNG\r\n\x1a\n"
    return begin + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
DOCX = archive("[Content_Types].xml", "_rels/.rels", "word/document.xml")
XLSX = archive("[Content_Types].xml", "xl/workbook.xml")


def form(content: bytes, name: str = "photo.png", key: str | None = None) -> FormData:
    """A form as browsers send it, which says that anything is a PNG."""
    data = FormData(quote_fields=False)
    data.add_field("client_message_id", key or str(uuid.uuid4()))
    data.add_field("file", content, filename=name, content_type="image/png")
    return data


async def send(
    chat: Chat, content: bytes, name: str = "photo.png", *, key: str | None = None
) -> tuple[int, Any]:
    """Send a file as the visitor."""
    data = form(content, name, key)
    return await post(chat.gateway, "chat/attachments", data, chat.headers)


async def post(
    gateway: Gateway, path: str, data: Any, headers: dict[str, str]
) -> tuple[int, Any]:
    async with gateway.client.post(
        "/api/v1/" + path, data=data, headers=headers
    ) as response:
        return response.status, await response.json()


async def send_block(chat: Chat, content: bytes, name: str = "x") -> dict[str, Any]:
    """Send a file that is taken, and return what the browser gets of it."""
    status, message = await send(chat, content, name)
    assert status == 202, message
    [block] = message["blocks"]
    return block  # type: ignore[no-any-return]


def stored(gateway: Gateway) -> list[str]:
    """The names of all files in the folder, and below it."""
    folder = gateway.config.var_dir / "attachments"
    return [path.name for path in folder.rglob("*") if path.is_file()]
