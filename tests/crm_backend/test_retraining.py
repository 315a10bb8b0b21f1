"""Training on a schedule: once a day, by one gateway, in a process of its own."""

import asyncio
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import JobLease
from crm_backend.retraining import NAME, Retraining, run_retraining
from crm_backend.services.job_leases import give_back, take_lease

NOW = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
TODAY = NOW.date()
LASTS = timedelta(hours=2)
# Says with which word it was started, then ends with a status.
NOTE = "import os, sys; open({path!r}, 'a').write(sys.argv[1] + '\\n'); sys.exit({end})"


@pytest.fixture
def take(sessions):
    async def _take(holder, *, now=NOW, today=TODAY):
        async with sessions.begin() as session:
            return await take_lease(
                session, NAME, holder, now=now, today=today, lasts=LASTS
            )

    return _take


def make(config, sessions, path, *, end=0, now=NOW):
    program = (sys.executable, "-c", NOTE.format(path=str(path), end=end))
    return Retraining(config, sessions, program=program, clock=lambda: now)


async def test_of_many_who_ask_at_once_one_gets_it(take):
    got = await asyncio.gather(*(take(f"gateway {nth}") for nth in range(6)))
    assert sorted(got) == [False] * 5 + [True]


async def test_it_is_begun_once_a_day(take, sessions):
    assert await take("one")
    async with sessions.begin() as session:
        await give_back(session, NAME, "one", now=NOW)
    assert not await take("two", now=NOW + timedelta(minutes=5))
    tomorrow = NOW + timedelta(days=1)
    assert await take("two", now=tomorrow, today=tomorrow.date())


async def test_one_that_still_runs_keeps_it_and_a_dead_one_does_not(take):
    assert await take("one")
    next_day = date(2026, 3, 3)
    assert not await take("two", now=NOW + LASTS / 2, today=next_day)
    assert await take("two", now=NOW + LASTS, today=next_day)


async def test_late_end_of_a_dead_holder_takes_nothing_from_others(take, shop):
    assert await take("one")
    assert await take("two", now=NOW + LASTS, today=date(2026, 3, 3))
    async with shop.sessions.begin() as session:
        await give_back(session, NAME, "one", now=NOW + LASTS)
    assert (await shop.load(JobLease, name=NAME)).holder == "two"


async def test_trains_and_then_scores_and_others_do_nothing(
    config, sessions, shop, tmp_path
):
    path = tmp_path / "started"
    both = [make(config, sessions, path) for _ in range(2)]
    done = await asyncio.gather(*(one.run() for one in both))
    assert sorted(done) == [False, True]
    assert path.read_text() == "train\nscore\n"
    assert (await shop.load(JobLease, name=NAME)).holder is None


async def test_scores_also_where_not_all_could_be_trained(config, sessions, tmp_path):
    path = tmp_path / "started"
    assert await make(config, sessions, path, end=1).run()
    assert path.read_text() == "train\nscore\n"


async def test_stopping_ends_the_process_and_frees_the_job(
    config, sessions, shop, tmp_path
):
    path = tmp_path / "pid"
    sleeper = (
        "import os, time, pathlib; "
        f"pathlib.Path({str(path)!r}).write_text(str(os.getpid())); time.sleep(600)"
    )
    one = Retraining(
        config, sessions, program=(sys.executable, "-c", sleeper), clock=lambda: NOW
    )
    running = asyncio.create_task(one.run())
    while not path.exists() or not path.read_text():
        await asyncio.sleep(0.05)
    await one.close()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not Path("/proc", path.read_text()).exists()
    assert (await shop.load(JobLease, name=NAME)).holder is None


async def test_without_a_time_nothing_is_scheduled(config, sessions, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("started")

    monkeypatch.setattr("crm_backend.retraining.Retraining", refuse)
    app = web.Application()
    app[CONFIG], app[SESSIONS] = config, sessions
    async for _ in run_retraining(app):
        assert config.retrain_at is None
