import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from crm_backend import sqlite_driver
from crm_backend.db import (
    SQLITE_POOL_SIZE,
    Sessions,
    make_engine,
    make_sessions,
    reading,
)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/some.sqlite3")
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY)"))
    yield engine
    await engine.dispose()


@pytest.fixture
def sessions(engine: AsyncEngine) -> Sessions:
    return make_sessions(engine)


async def numbers(sessions: Sessions) -> list[int]:
    async with reading(sessions) as session:
        return list(await session.scalars(text("SELECT n FROM t ORDER BY n")))


async def add(session: Any, number: int) -> None:
    await session.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})


@pytest.fixture
def count_ways(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Count how often a connection goes to its thread."""

    async def count(connection: AsyncConnection) -> list[Any]:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        run, ways = driver._execute, []

        async def counting(work: Any) -> Any:
            ways.append(work)
            return await run(work)

        monkeypatch.setattr(driver, "_execute", counting)
        return ways

    return count


async def test_who_writes_goes_to_the_thread_only_for_a_checkpoint_now_and_then(
    engine: AsyncEngine, count_ways: Any
) -> None:
    async with engine.connect() as connection:
        ways = await count_ways(connection)
        for number in range(3):
            async with connection.begin():
                await add(connection, number)
    # Making the table was followed by one.
    assert len(ways) <= 1


async def test_the_log_is_moved_to_the_database(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sqlite_driver, "CHECKPOINT_SECONDS", 0)
    for number in range(3):
        async with sessions.begin() as session:
            await add(session, number)
    # The database alone, without its log.
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes((tmp_path / "some.sqlite3").read_bytes())
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT n FROM t ORDER BY n").fetchall() == [
            (0,),
            (1,),
            (2,),
        ]


async def test_writing_goes_on_where_the_log_cannot_be_moved(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sqlite_driver, "CHECKPOINT_SECONDS", 0)
    with closing(sqlite3.connect(tmp_path / "some.sqlite3")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT n FROM t").fetchall()
        for number in range(3):
            async with sessions.begin() as session:
                await add(session, number)
    assert await numbers(sessions) == [0, 1, 2]


async def test_many_rows_at_once_leave_the_event_loop_alone(
    engine: AsyncEngine, count_ways: Any
) -> None:
    async with engine.connect() as connection:
        ways = await count_ways(connection)
        async with connection.begin():
            await add(connection, 0)
            many = [{"n": n} for n in range(1, 100)]
            await connection.execute(text("INSERT INTO t VALUES (:n)"), many)
            # Besides them, a commit may be followed by a checkpoint.
            assert len(ways) == 1


@pytest.mark.parametrize(("is_quick", "n_ways"), [(True, 0), (False, 2)])
async def test_only_quick_readers_stay_in_the_event_loop(
    engine: AsyncEngine, count_ways: Any, is_quick: bool, n_ways: int
) -> None:
    options = {"reads_only": True, "is_quick": is_quick}
    async with engine.connect() as connection:
        ways = await count_ways(connection)
        await connection.execution_options(**options)
        for _ in range(2):
            await connection.execute(text("SELECT n FROM t"))
        assert len(ways) == n_ways


async def test_what_is_committed_is_there_and_what_is_rolled_back_is_not(
    sessions: Sessions,
) -> None:
    async with sessions.begin() as session:
        await add(session, 1)
    async with sessions() as session:
        await add(session, 2)
        await session.rollback()
    assert await numbers(sessions) == [1]


async def test_a_savepoint_takes_back_its_own_part_alone(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        with suppress(IntegrityError):
            async with session.begin_nested():
                await add(session, 1)
                await add(session, 1)
        await add(session, 2)
    assert await numbers(sessions) == [2]


async def test_a_reader_sees_one_moment_while_others_write(sessions: Sessions) -> None:
    async with reading(sessions) as session:
        assert not list(await session.scalars(text("SELECT n FROM t")))
        async with sessions.begin() as writing:
            await add(writing, 1)
        assert not list(await session.scalars(text("SELECT n FROM t")))
    assert await numbers(sessions) == [1]


async def test_many_writers_wait_in_line_and_all_get_through(
    sessions: Sessions,
) -> None:
    log: list[str] = []

    async def write(number: int) -> None:
        async with sessions.begin() as session:
            await add(session, number)
            log.append("in")
            # Others may run in between, but must not write.
            await asyncio.sleep(0.001)
            log.append("out")

    n_writers = SQLITE_POOL_SIZE + 20
    await asyncio.gather(*(write(number) for number in range(n_writers)))
    assert log == ["in", "out"] * n_writers
    assert await numbers(sessions) == list(range(n_writers))


async def test_a_cancelled_writer_lets_the_next_one_in(sessions: Sessions) -> None:
    has_begun = asyncio.Event()

    async def write_for_ever() -> None:
        async with sessions.begin() as session:
            await add(session, 1)
            has_begun.set()
            await asyncio.Event().wait()

    stuck = asyncio.create_task(write_for_ever())
    await has_begun.wait()
    waiting = asyncio.create_task(numbers_after_adding(sessions, 2))
    impatient = asyncio.create_task(numbers_after_adding(sessions, 3))
    await asyncio.sleep(0.01)
    impatient.cancel()
    stuck.cancel()
    assert await asyncio.wait_for(waiting, 2) == [2]
    for task in (stuck, impatient):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_failed_writer_lets_the_next_one_in(sessions: Sessions) -> None:
    with suppress(IntegrityError):
        async with sessions.begin() as session:
            await add(session, 1)
            await add(session, 1)
    assert await asyncio.wait_for(numbers_after_adding(sessions, 1), 2) == [1]


async def test_another_process_that_writes_is_waited_for(
    sessions: Sessions, tmp_path: Path
) -> None:
    other = make_engine(f"sqlite+aiosqlite:///{tmp_path}/some.sqlite3")
    try:
        async with other.begin() as connection:
            await add(connection, 1)
            waiting = asyncio.create_task(numbers_after_adding(sessions, 2))
            await asyncio.sleep(0.05)
            assert not waiting.done()
        assert await asyncio.wait_for(waiting, 2) == [1, 2]
    finally:
        await other.dispose()


async def numbers_after_adding(sessions: Sessions, number: int) -> list[int]:
    async with sessions.begin() as session:
        await add(session, number)
    return await numbers(sessions)
