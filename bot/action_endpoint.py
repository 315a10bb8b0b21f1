"""How Rasa calls the action server: over connections that stay, and in few words.

Written for Rasa 3.6.21 and rasa-sdk 3.21. Stock Rasa connects anew for each action and
sends it the whole domain and all events of the session. The server keeps the domain
that it was sent last and knows it by its digest; without it, it answers 449.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import aiohttp
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from bot.action_history import recent_events

DOMAIN_UNKNOWN = 449
# The action server closes an idle connection after 60 s; stay below it, so that no
# call is written into one that is being closed.
IDLE_SECONDS = 45


class ActionEndpoint(EndpointConfig):
    """The action server, with its connections and the domain it may ask for."""

    def __init__(self, url: str, headers: dict[str, str], rasa_version: str) -> None:
        super().__init__(url=url, headers=headers)
        self._rasa_version = rasa_version
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._domain: Domain | None = None
        self._digest = ""

    def describe_call(
        self, name: str, tracker: DialogueStateTracker, domain: Domain
    ) -> dict[str, Any]:
        """The body of a call, without the domain."""
        if domain is not self._domain:
            self._domain = domain
            self._digest = _digest_of(domain)
        state = tracker.current_state(EventVerbosity.NONE)
        return {
            "next_action": name,
            "sender_id": tracker.sender_id,
            "tracker": {**state, "events": recent_events(tracker.events)},
            "version": self._rasa_version,
            "domain_digest": self._digest,
        }

    async def request(
        self,
        method: str = "post",
        subpath: str | None = None,
        content_type: str | None = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Send a call and return the answer; only its `json` and `timeout` matter.

        Raises:
            TimeoutError: if it takes too long.
            aiohttp.ClientError: if there is no good answer.
        """
        call = kwargs["json"]
        async with asyncio.timeout(kwargs.get("timeout")):
            try:
                return await self._send(call)
            except ClientResponseError as err:
                if err.status != DOMAIN_UNKNOWN or self._domain is None:
                    raise
                return await self._send({**call, "domain": self._domain.as_dict()})

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def _send(self, call: dict[str, Any]) -> Any:
        body = json.dumps(call, ensure_ascii=False).encode()
        try:
            return await self._send_once(body)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # The connection was lost. Whatever an action does, it does once in a turn,
            # so it may be asked again.
            return await self._send_once(body)

    async def _send_once(self, body: bytes) -> Any:
        session = self._open_session()
        async with session.post(self.url, data=body) as response:
            content = await response.read()
            if response.status >= 400:
                raise ClientResponseError(response.status, response.reason, content)
            return json.loads(content)

    def _open_session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            self._loop = loop
            self._session = aiohttp.ClientSession(
                headers={**self.headers, "Content-Type": "application/json"},
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def send_short_calls(action: type[RemoteAction] = RemoteAction) -> None:
    """Let actions call an ActionEndpoint in its own words."""
    describe_in_full = action._action_call_format

    def describe(
        self: RemoteAction, tracker: DialogueStateTracker, domain: Domain
    ) -> dict[str, Any]:
        if isinstance(self.action_endpoint, ActionEndpoint):
            return self.action_endpoint.describe_call(self.name(), tracker, domain)
        return describe_in_full(self, tracker, domain)

    action._action_call_format = describe


def _digest_of(domain: Domain) -> str:
    text = json.dumps(domain.as_dict(), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
