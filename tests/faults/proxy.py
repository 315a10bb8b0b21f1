"""A TCP proxy that loses, cuts and delays what passes through it."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

Loss = Literal["request", "reply", "late"]

REQUEST = re.compile(rb"(?:GET|POST|PUT|PATCH|DELETE) \S+ HTTP/1\.1\r\n")
LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)
# Of a message, or of a turn: in a body, or in the key of a write.
ID = re.compile(
    rb'(?:"(?:client_message_id|turn_id)": ?"|Idempotency-Key: )([0-9a-f-]{36})'
)
CHUNK_BYTES = 65_536
# How soon to look whether what was cut has ended, or what was gone is back.
LOOK_SECONDS = 0.05
N_LOOKS = 20


@dataclass
class Trap:
    """What happens to the next request that fits; `sprung` is told its id."""

    loss: Loss
    fits: Callable[[bytes], bool]
    sprung: Callable[[str | None], None]
    late_seconds: float = 0.0


@dataclass(eq=False)
class Link:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    is_socket: bool = False
    loses_reply: bool = False
    # A caller that gives up on a late request does not take it back.
    is_late: bool = False
    # After so many bytes to the client it is cut; None: never.
    bytes_left: int | None = None

    def cut(self) -> None:
        """Break both ends off without a goodbye."""
        for writer in (self.client, self.server):
            writer.transport.abort()


class ChaosProxy:
    """Passes connections from one loopback port on to another."""

    def __init__(self, port: int, upstream_port: int) -> None:
        self.port = port
        self._upstream_port = upstream_port
        self._links: set[Link] = set()
        self._traps: deque[Trap] = deque()
        self._socket_cuts: deque[tuple[int, Callable[[], None]]] = deque()
        self._server: asyncio.Server | None = None
        self._waiting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, backlog=500
        )

    async def stop(self) -> None:
        """Cut everything and listen no more."""
        assert self._server is not None
        if self._waiting is not None:
            self._waiting.cancel()
        self._server.close()
        for _ in range(N_LOOKS):
            for link in list(self._links):
                link.cut()
            if not self._links:
                return
            await asyncio.sleep(LOOK_SECONDS)

    def set_trap(self, trap: Trap) -> None:
        """Spring `trap` on the next request that fits it."""
        self._traps.append(trap)

    def clear(self) -> None:
        """Take away the traps that nothing fell into."""
        self._traps.clear()
        self._socket_cuts.clear()

    def cut_sockets(self) -> int:
        """Cut all WebSockets; return how many there were."""
        sockets = [link for link in self._links if link.is_socket]
        for link in sockets:
            link.cut()
        return len(sockets)

    def cut_socket_midway(self, n_bytes: int, sprung: Callable[[], None]) -> None:
        """Cut the next WebSocket after so many bytes to the browser."""
        self._socket_cuts.append((n_bytes, sprung))

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            upstream = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        except OSError:
            writer.transport.abort()
            self._go_away()
            return
        link = Link(writer, upstream[1])
        self._links.add(link)
        try:
            await self._pump(link, reader, upstream[0])
        finally:
            self._links.discard(link)
            link.cut()

    def _go_away(self) -> None:
        """Refuse connections as long as they are refused upstream."""
        assert self._server is not None
        if self._waiting is None:
            self._server.close()
            self._waiting = asyncio.create_task(self._come_back())

    async def _come_back(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(OSError):
                _, writer = await asyncio.open_connection(
                    "127.0.0.1", self._upstream_port
                )
                writer.close()
                break
        await self.start()
        self._waiting = None

    async def _pump(
        self, link: Link, reader: asyncio.StreamReader, upstream: asyncio.StreamReader
    ) -> None:
        up = asyncio.create_task(self._pass_up(link, reader))
        down = asyncio.create_task(self._pass_down(link, upstream))
        done, _ = await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if up in done and link.is_late:
            # The caller is gone, what it asked for is done nevertheless.
            await asyncio.wait({down}, timeout=10)
        for task in (up, down):
            task.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await task

    async def _pass_up(self, link: Link, reader: asyncio.StreamReader) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            if REQUEST.match(chunk):
                if b"/socket HTTP" in chunk[:200]:
                    self._begin_socket(link)
                trap = self._take_trap(chunk)
                if trap is not None:
                    chunk = await _whole(chunk, reader)
                    if await self._spring(link, trap, chunk):
                        return
            link.server.write(chunk)
            await link.server.drain()

    async def _spring(self, link: Link, trap: Trap, chunk: bytes) -> bool:
        """Do what the trap does; true if the request goes no further."""
        # Of several turns in a dialogue the last one is the present one.
        found = ID.findall(chunk)
        trap.sprung(found[-1].decode() if found else None)
        if trap.loss == "request":
            link.cut()
            return True
        if trap.loss == "reply":
            link.loses_reply = True
        else:
            link.is_late = True
            await asyncio.sleep(trap.late_seconds)
        return False

    async def _pass_down(self, link: Link, upstream: asyncio.StreamReader) -> None:
        while chunk := await upstream.read(CHUNK_BYTES):
            if link.loses_reply:
                return
            if link.bytes_left is not None:
                chunk = chunk[: link.bytes_left]
                link.bytes_left -= len(chunk)
            if link.client.is_closing():
                continue
            link.client.write(chunk)
            with suppress(ConnectionError):
                await link.client.drain()
            if link.bytes_left == 0:
                # What was written is on its way before the end is.
                await asyncio.sleep(0)
                return

    def _begin_socket(self, link: Link) -> None:
        link.is_socket = True
        if self._socket_cuts:
            link.bytes_left, sprung = self._socket_cuts.popleft()
            sprung()

    def _take_trap(self, chunk: bytes) -> Trap | None:
        for trap in self._traps:
            if trap.fits(chunk):
                self._traps.remove(trap)
                return trap
        return None


async def _whole(chunk: bytes, reader: asyncio.StreamReader) -> bytes:
    """Read the rest of a request's body."""
    head, _, body = chunk.partition(b"\r\n\r\n")
    found = LENGTH.search(head + b"\r\n")
    n_missing = (int(found[1]) if found else 0) - len(body)
    if n_missing > 0:
        with suppress(asyncio.IncompleteReadError):
            chunk += await reader.readexactly(n_missing)
    return chunk
