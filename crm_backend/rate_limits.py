"""How often an address may do something.

Counted in this process, or in Redis where several gateways count together. Messages
and codes of one conversation have limits of their own, in the services.
"""

import asyncio
import logging
import math
import time
from dataclasses import dataclass
from typing import Literal

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from crm_backend.catalogue import say
from crm_backend.client_address import is_loopback, limit_key
from crm_backend.config import Config
from crm_backend.errors import TooManyRequests

log = logging.getLogger(__name__)

Kind = Literal["conversations", "messages", "codes", "sign_ins"]
# Failed ones: enough for a colleague's typing errors, too few to guess a password.
SIGN_INS = "10/15minute"
# The code of the refusal, and its text in the catalogue.
REFUSALS: dict[Kind, tuple[str, str]] = {
    "conversations": ("too_many_conversations", "too_many_conversations"),
    "messages": ("too_many_messages", "too_many_messages"),
    "codes": ("too_many_attempts", "too_many_codes_from_address"),
    "sign_ins": ("too_many_attempts", "too_many_sign_ins"),
}
REDIS_SECONDS = 1.0
# For how long a Redis that did not answer is left alone.
REDIS_PAUSE_SECONDS = 15.0


class RateLimits:
    """The counters of everything that is limited by address."""

    def __init__(self, config: Config) -> None:
        self._items: dict[Kind, list[RateLimitItem]] = {
            "conversations": _parse(config.conversations_per_address),
            "messages": _parse(config.messages_per_address),
            "codes": _parse(config.codes_per_address),
            "sign_ins": _parse(SIGN_INS),
        }
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._pool: ConnectionPool | None = None
        self._shared: SlidingWindowCounterRateLimiter | None = None
        self._shared_from = 0.0
        if config.limits_url.startswith("redis"):
            self._pool = ConnectionPool.from_url(config.limits_url)
            storage = RedisStorage(
                f"async+{config.limits_url}",
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix="deskmate",
                connection_pool=self._pool,  # type: ignore[arg-type]
            )
            self._shared = SlidingWindowCounterRateLimiter(storage)

    async def count(self, kind: Kind, key: str, language: str) -> None:
        """Count one more by `key`.

        Raises:
            TooManyRequests: there were too many already; this one is not counted.
        """
        for item in self._items[kind]:
            seconds = await self._try(item, kind, key)
            if seconds is None:
                continue
            code, text = REFUSALS[kind]
            minutes = math.ceil(seconds / 60)
            raise TooManyRequests(
                code,
                say(text, language, minutes=minutes),
                retry_after_seconds=seconds,
            )

    async def forget(self, kind: Kind, key: str) -> None:
        """Begin to count anew for `key`."""
        for item in self._items[kind]:
            if shared := self._find_shared():
                try:
                    async with asyncio.timeout(REDIS_SECONDS):
                        await shared.clear(item, kind, key)
                except (StorageError, OSError) as err:
                    self._pause(err)
            await self._own.clear(item, kind, key)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _try(self, item: RateLimitItem, kind: Kind, key: str) -> int | None:
        """Count one, or return in how many seconds it may be tried again."""
        if shared := self._find_shared():
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    return await _hit(shared, item, kind, key)
            except (StorageError, OSError) as err:
                self._pause(err)
        return await _hit(self._own, item, kind, key)

    def _find_shared(self) -> SlidingWindowCounterRateLimiter | None:
        return self._shared if time.monotonic() >= self._shared_from else None

    def _pause(self, err: Exception) -> None:
        """Count in this process alone for a while: better than not at all."""
        self._shared_from = time.monotonic() + REDIS_PAUSE_SECONDS
        log.warning("LIMITS_URL does not answer (%s)", type(err).__name__)


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request, as far as limits are concerned."""

    limits: RateLimits
    remote: str

    async def count(
        self, kind: Kind, language: str, *, customer_id: int | None = None
    ) -> None:
        """Count what this caller does.

        Known customers count for themselves, everybody else by network address, so
        that a crowd behind one address is limited only while nobody knows who they
        are. The machine itself has no limit: it is a developer, or a reverse proxy
        that TRUSTED_PROXIES does not name.

        Raises:
            TooManyRequests: too often.
        """
        if customer_id is not None:
            await self.limits.count(kind, f"customer:{customer_id}", language)
        elif not is_loopback(self.remote):
            await self.limits.count(kind, limit_key(self.remote), language)


async def _hit(
    limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, *keys: str
) -> int | None:
    if await limiter.hit(item, *keys):
        return None
    reset_at = (await limiter.get_window_stats(item, *keys)).reset_time
    return max(1, math.ceil(reset_at - time.time()))


def _parse(text: str) -> list[RateLimitItem]:
    return parse_many(text) if text else []
