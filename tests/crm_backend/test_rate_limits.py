"""Counting by address: in this process and, where one answers, in Redis."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_backend.config import Config
from crm_backend.errors import TooManyRequests
from crm_backend.rate_limits import Caller, RateLimits

ALICE, BOB = "203.0.113.7", "203.0.113.8"


def make_limits(url: str = "memory://", conversations: str = "3/hour") -> RateLimits:
    return RateLimits(
        Config(
            claims_key="unused",
            crm_service_token="unused",
            database_url="sqlite://",
            var_dir=Path("unused"),
            limits_url=url,
            conversations_per_address=conversations,
            codes_per_address="",
        )
    )


@pytest.fixture
def redis_url() -> str:
    url = os.environ.get("TEST_REDIS_URL", "")
    if not url:
        pytest.skip("TEST_REDIS_URL names no Redis to test on")
    return url


@pytest.fixture(params=["memory", "redis"])
def limits_url(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "memory://"
    return str(request.getfixturevalue("redis_url"))


@pytest.fixture
async def limits(limits_url: str) -> AsyncIterator[RateLimits]:
    limits = make_limits(limits_url)
    yield limits
    await limits.close()


@pytest.fixture
def key() -> str:
    """A key nobody counted by before, also in a Redis that was used before."""
    return uuid.uuid4().hex


async def refused(limits: RateLimits, key: str) -> TooManyRequests:
    with pytest.raises(TooManyRequests) as caught:
        await limits.count("conversations", key, "en")
    return caught.value


async def test_the_one_above_the_limit_is_refused(limits: RateLimits, key: str) -> None:
    for _ in range(3):
        await limits.count("conversations", key, "en")
    err = await refused(limits, key)
    assert err.code == "too_many_conversations"
    assert err.retry_after_seconds is not None
    assert 0 < err.retry_after_seconds <= 3600
    await limits.count("conversations", key + "2", "en")
    await limits.count("messages", key, "en")


async def test_bursts_are_counted(limits: RateLimits, key: str) -> None:
    results = await asyncio.gather(
        *(limits.count("conversations", key, "en") for _ in range(20)),
        return_exceptions=True,
    )
    assert [type(result) for result in results].count(TooManyRequests) == 17


async def test_refusal_is_in_the_callers_language(limits: RateLimits, key: str) -> None:
    for _ in range(3):
        await limits.count("conversations", key, "zh")
    with pytest.raises(TooManyRequests, match="分钟后再试"):
        await limits.count("conversations", key, "zh")


async def test_forgetting_begins_anew(limits: RateLimits, key: str) -> None:
    for _ in range(3):
        await limits.count("conversations", key, "en")
    await limits.forget("conversations", key)
    await limits.count("conversations", key, "en")


async def test_limit_ends_with_its_window(limits_url: str, key: str) -> None:
    limits = make_limits(limits_url, conversations="2/second")
    for _ in range(2):
        await limits.count("conversations", key, "en")
    async with asyncio.timeout(5):
        # Both counts have left the window after twice its length at the latest.
        await asyncio.sleep(2.1)
        await limits.count("conversations", key, "en")
    await limits.close()


async def test_every_limit_of_a_setting_holds(key: str) -> None:
    limits = make_limits(conversations="100/minute; 2/hour")
    for _ in range(2):
        await limits.count("conversations", key, "en")
    await refused(limits, key)


async def test_zero_is_no_limit(limits: RateLimits, key: str) -> None:
    for _ in range(200):
        await limits.count("codes", key, "en")


async def test_gateways_with_one_redis_count_together(redis_url: str, key: str) -> None:
    one, other = make_limits(redis_url), make_limits(redis_url)
    for limits in (one, other, one):
        await limits.count("conversations", key, "en")
    await refused(other, key)
    await one.close()
    await other.close()


async def test_without_its_redis_a_gateway_counts_for_itself(
    unused_tcp_port: int, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    limits = make_limits(f"redis://:secret@127.0.0.1:{unused_tcp_port}")
    async with asyncio.timeout(5):
        for _ in range(3):
            await limits.count("conversations", key, "en")
        await refused(limits, key)
        await limits.forget("conversations", key)
        await limits.count("conversations", key, "en")
    assert caplog.text.count("LIMITS_URL does not answer") == 1
    assert "secret" not in caplog.text
    await limits.close()


async def test_silent_redis_keeps_nobody_waiting(key: str) -> None:
    async def listen(reader: object, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    limits = make_limits(f"redis://127.0.0.1:{port}")
    async with asyncio.timeout(4):
        for _ in range(3):
            await limits.count("conversations", key, "en")
        await refused(limits, key)
    await limits.close()
    server.close()


async def test_crowd_behind_one_address_counts_by_person_once_known() -> None:
    limits = make_limits()
    for number in range(50):
        caller = Caller(limits, ALICE)
        await caller.count("conversations", "en", customer_id=number)
    for _ in range(3):
        await Caller(limits, ALICE).count("conversations", "en")
    with pytest.raises(TooManyRequests):
        await Caller(limits, ALICE).count("conversations", "en")
    await Caller(limits, BOB).count("conversations", "en")


async def test_addresses_of_one_household_count_together() -> None:
    limits = make_limits()
    for number in range(3):
        caller = Caller(limits, f"2001:db8:1:2::{number}")
        await caller.count("conversations", "en")
    with pytest.raises(TooManyRequests):
        await Caller(limits, "2001:db8:1:2:ffff::1").count("conversations", "en")
    await Caller(limits, "2001:db8:1:3::1").count("conversations", "en")


async def test_machine_itself_has_no_limit() -> None:
    limits = make_limits()
    for remote in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        for _ in range(10):
            await Caller(limits, remote).count("conversations", "en")
