"""The socket that tells a colleague's page that something changed.

It says what, never how: the page fetches its part again, where rights are checked. A
frame that is lost costs nothing, as the page also asks by itself, only more rarely.
"""

import asyncio
from contextlib import ExitStack
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from crm_backend.db import reading
from crm_backend.errors import NotFound
from crm_backend.handlers.socket import HEARTBEAT_SECONDS, MAX_FRAME_BYTES
from crm_backend.keys import SESSIONS, SOCKETS, WAKEUPS
from crm_backend.principal import ROLES_WITH
from crm_backend.services.conversations import get_visible
from crm_backend.wakeups import INBOX, presence_topic
from crm_backend.web.access import find_reader, get_principal

# A busy inbox changes many times a second; nobody reads as fast.
PAUSE_SECONDS = {"conversation": 0.1, "presence": 0.3, "inbox": 0.7}


async def serve(request: web.Request) -> web.StreamResponse:
    """Send the names of topics as they change, as long as the page listens."""
    origin = request.headers.get("Origin", "")
    # A cookie comes along with sockets of other sites too.
    if urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden
    topics = await _choose_topics(request)
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_SECONDS, max_msg_size=MAX_FRAME_BYTES, compress=False
    )
    await socket.prepare(request)
    request.app[SOCKETS].add(socket)
    with ExitStack() as stack:
        pumps = [
            asyncio.create_task(
                _pump(
                    socket,
                    name,
                    stack.enter_context(request.app[WAKEUPS].subscribe(topic)),
                )
            )
            for name, topic in topics.items()
        ]
        try:
            # Nothing is expected from the page; reading notices when it leaves.
            async for frame in socket:
                if frame.type is WSMsgType.ERROR:
                    break
        finally:
            request.app[SOCKETS].discard(socket)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
    return socket


async def _choose_topics(request: web.Request) -> dict[str, str]:
    """Return what the page may listen to: one conversation, or all of them.

    Raises:
        HTTPForbidden: nobody is signed in who may see it.
    """
    conversation_id = request.query.get("conversation")
    async with reading(request.app[SESSIONS]) as session:
        staff = await find_reader(request, session)
        if staff is None or staff.role not in ROLES_WITH["service"]:
            raise web.HTTPForbidden
        if conversation_id is None:
            return {"inbox": INBOX}
        principal = await get_principal(request, session)
        try:
            await get_visible(session, principal, conversation_id)
        except NotFound as err:
            raise web.HTTPForbidden from err
    return {
        "conversation": conversation_id,
        "presence": presence_topic(conversation_id),
    }


async def _pump(
    socket: web.WebSocketResponse, name: str, wakeup: asyncio.Event
) -> None:
    """Pass wake-ups on, the first at once and then no more than fit."""
    while True:
        await wakeup.wait()
        wakeup.clear()
        try:
            await socket.send_json({"topic": name})
        except ConnectionError:
            # The page is gone; the reading side ends as well.
            return
        await asyncio.sleep(PAUSE_SECONDS[name])
