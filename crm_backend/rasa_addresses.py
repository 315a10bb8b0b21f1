"""Where the bot's processes are, which of them are well, and who talks to which."""

import asyncio
import hashlib
import logging
import time
from dataclasses import dataclass
from typing import NoReturn

import aiohttp

log = logging.getLogger(__name__)

HEALTH_PATH = "/webhooks/deskmate/health"
CHECK_EVERY_SECONDS = 2.0
# A bot under load answers late, and is not dead for that.
CHECK_SECONDS = 4.0
# How long the start of a bot takes on a busy machine.
RESTART_SECONDS = 30.0


@dataclass(eq=False)
class RasaAddress:
    """One process of the bot."""

    url: str
    # Since when it is unwell, on the clock of `time.monotonic`; None if it is not.
    lost_at: float | None = None

    def note(self, is_well: bool) -> None:
        """Remember how it was found."""
        if is_well:
            self.lost_at = None
        elif self.lost_at is None:
            self.lost_at = time.monotonic()


class RasaAddresses:
    """All processes of the bot."""

    def __init__(self, urls: tuple[str, ...]) -> None:
        self._addresses = [RasaAddress(url) for url in urls]

    def in_order(self, conversation_id: str) -> list[RasaAddress]:
        """Return whom to ask for a conversation, first the one it belongs to.

        Each address has its own place in the order of each conversation (rendezvous
        hashing), so that one that is gone moves its own conversations only, and back
        when it returns. Those that are unwell are left out, unless all are.
        """
        healthy = [a for a in self._addresses if a.lost_at is None]
        return sorted(
            healthy or self._addresses,
            key=lambda address: _weight(conversation_id, address.url),
        )

    def may_be_back_soon(self) -> bool:
        """Whether one is well, or was so shortly that it may only be restarted."""
        earliest = time.monotonic() - RESTART_SECONDS
        return any(a.lost_at is None or a.lost_at > earliest for a in self._addresses)

    async def watch(self, http: aiohttp.ClientSession) -> None:
        """Ask all how they are until cancelled; one alone is asked in any case."""
        if len(self._addresses) > 1:
            async with asyncio.TaskGroup() as group:
                for address in self._addresses:
                    group.create_task(_watch(http, address))


async def _watch(http: aiohttp.ClientSession, address: RasaAddress) -> NoReturn:
    was_healthy = True
    while True:
        is_healthy = await _is_healthy(http, address.url)
        address.note(is_healthy)
        if is_healthy != was_healthy:
            was_healthy = is_healthy
            log.warning("%s is %s", address.url, "back" if was_healthy else "unwell")
        await asyncio.sleep(CHECK_EVERY_SECONDS)


async def _is_healthy(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with (
            asyncio.timeout(CHECK_SECONDS),
            http.get(url + HEALTH_PATH) as answer,
        ):
            return answer.status == 200
    except (OSError, aiohttp.ClientError):
        return False


def _weight(conversation_id: str, url: str) -> bytes:
    return hashlib.blake2b(f"{url} {conversation_id}".encode(), digest_size=8).digest()
