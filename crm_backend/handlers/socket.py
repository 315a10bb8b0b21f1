"""The socket over which a browser follows its conversation.

Each socket has one pump that reads the log from its own cursor; wake-ups only tell it
to look. Replay after a reconnect, live order and slow readers are one path.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import Field, ValidationError

from crm_backend.api import Schema
from crm_backend.authentication import authenticate_chat
from crm_backend.cors import is_welcome
from crm_backend.db import Sessions, is_unavailable, reading
from crm_backend.errors import Unauthenticated
from crm_backend.keys import CONFIG, SESSIONS, SOCKET_READS, SOCKETS, WAKEUPS
from crm_backend.models import utc_now
from crm_backend.schemas.chat import MessageOut
from crm_backend.services import conversations, messages
from crm_backend.services.conversations import ChatState

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 20
HELLO_SECONDS = 10
MAX_FRAME_BYTES = 64 * 1024
BATCH = 100
# After so long the browser is told that the answer takes longer than usual.
SLOW_SECONDS = 2.0
# Sockets that are all woken at once leave connections to those who write.
N_READS_AT_ONCE = 8
# Private codes: the browser must not try again with this token; it sent no hello.
BAD_TOKEN = 4401
BAD_HELLO = 4400


class Hello(Schema):
    """The first frame: who wants to read, and from where."""

    type: str = Field(pattern="^hello$")
    token: str = Field(max_length=200)
    after: int = Field(0, ge=0, le=2**31 - 1)


async def chat_socket(request: web.Request) -> web.StreamResponse:
    """Send a conversation's messages and states as long as the browser listens."""
    if not is_welcome(request):
        raise web.HTTPForbidden
    # Compression would keep 300 kB for each browser, to save a few bytes of its texts.
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_SECONDS, max_msg_size=MAX_FRAME_BYTES, compress=False
    )
    await socket.prepare(request)
    request.app[SOCKETS].add(socket)
    try:
        await _serve(request, socket)
    finally:
        request.app[SOCKETS].discard(socket)
    return socket


async def close_sockets(app: web.Application) -> None:
    """Tell all browsers that the server goes away; they come back."""
    sockets = app[SOCKETS]
    closing = [
        socket.close(code=WSCloseCode.GOING_AWAY, message=b"going away")
        for socket in list(sockets)
    ]
    await asyncio.gather(*closing, return_exceptions=True)


async def _serve(request: web.Request, socket: web.WebSocketResponse) -> None:
    hello = await _receive_hello(socket)
    if hello is None:
        await socket.close(code=BAD_HELLO, message=b"hello expected")
        return
    try:
        async with reading(request.app[SESSIONS], is_quick=True) as session:
            principal = await authenticate_chat(
                session, request.app[CONFIG], hello.token
            )
    except Unauthenticated:
        await socket.close(code=BAD_TOKEN, message=b"bad token")
        return
    assert principal.conversation_id is not None
    pump = asyncio.create_task(
        _pump(request.app, socket, principal.conversation_id, hello.after)
    )
    try:
        # Nothing more is expected from the browser; reading notices when it leaves.
        async for frame in socket:
            if frame.type is WSMsgType.ERROR:
                break
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


async def _receive_hello(socket: web.WebSocketResponse) -> Hello | None:
    try:
        frame = await socket.receive(timeout=HELLO_SECONDS)
        return Hello.model_validate_json(frame.data)
    except (TimeoutError, ValidationError):
        return None


async def _pump(
    app: web.Application,
    socket: web.WebSocketResponse,
    conversation_id: str,
    cursor: int,
) -> None:
    """Send what is new until the socket ends; if that fails, the socket ends too."""
    try:
        with app[WAKEUPS].subscribe(conversation_id) as wakeup:
            await _send_all(app, socket, conversation_id, cursor, wakeup)
    except ConnectionError:
        # The browser is gone; the reading side ends as well.
        return
    except Exception as err:
        if is_unavailable(err):
            log.warning("a socket is closed, the database is unavailable: %s", err)
        else:
            log.exception("a socket is closed, its conversation cannot be read")
        # The browser comes back and reads on from where it was.
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"try again")


async def _send_all(
    app: web.Application,
    socket: web.WebSocketResponse,
    conversation_id: str,
    cursor: int,
    wakeup: asyncio.Event,
) -> None:
    sent: Shown | None = None
    while True:
        wakeup.clear()
        async with app[SOCKET_READS]:
            state, frames = await _read(app[SESSIONS], conversation_id, cursor)
        for frame in frames:
            await socket.send_json(frame)
        if frames:
            cursor = frames[-1]["message"]["seq"]
        if len(frames) == BATCH:
            continue
        shown = Shown.of(state)
        for frame in _state_frames(sent, shown):
            await socket.send_json(frame)
        sent = shown
        with suppress(TimeoutError):
            async with asyncio.timeout(shown.seconds_until_slow):
                await wakeup.wait()


async def _read(
    sessions: Sessions, conversation_id: str, cursor: int
) -> tuple[ChatState, list[dict[str, Any]]]:
    async with reading(sessions, is_quick=True) as session:
        state = await conversations.get_state(session, conversation_id)
        if state.last_seq <= cursor:
            return state, []
        found = await messages.list_after(
            session, conversation_id, after=cursor, limit=BATCH
        )
    return state, [
        {
            "type": "message",
            "message": MessageOut.model_validate(message).model_dump(mode="json"),
        }
        for message in found
    ]


@dataclass(frozen=True)
class Shown:
    """What a browser shows besides the messages."""

    state: ChatState
    is_typing: bool
    is_slow: bool
    # None if time alone will change nothing.
    seconds_until_slow: float | None

    @classmethod
    def of(cls, state: ChatState) -> Self:
        """Return what is to be shown now."""
        if state.asked_bot_at is None:
            return cls(state, is_typing=False, is_slow=False, seconds_until_slow=None)
        seconds = SLOW_SECONDS - (utc_now() - state.asked_bot_at).total_seconds()
        if seconds <= 0:
            return cls(state, is_typing=True, is_slow=True, seconds_until_slow=None)
        return cls(state, is_typing=True, is_slow=False, seconds_until_slow=seconds)


def _state_frames(sent: Shown | None, now: Shown) -> list[dict[str, Any]]:
    """Return what the browser does not know yet besides the messages."""
    frames: list[dict[str, Any]] = []
    standing = _standing(now.state)
    if sent is None:
        frames.append({"type": "ready", "last_seq": now.state.last_seq, **standing})
    elif _standing(sent.state) != standing:
        frames.append({"type": "state", **standing})
    was_typing = (sent.is_typing, sent.is_slow) if sent else (False, False)
    if was_typing != (now.is_typing, now.is_slow):
        frames.append({"type": "typing", "on": now.is_typing, "slow": now.is_slow})
    return frames


def _standing(state: ChatState) -> dict[str, Any]:
    rating = {"asked": state.is_rating_asked, "score": state.rating_score}
    return {"mode": state.mode, "level": state.level, "rating": rating}
