"""Time the page of numbers' queries on many conversations.

    .venv/bin/python -m benchmarks.numbers --conversations 100000 --json out.json

Fills a database of its own with conversations, a matter and a rating each, and a
hand-off for every fourth, and times what the page asks for: all of them, a year's.
Without --url it is an SQLite file that is deleted afterwards.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.config import with_driver
from crm_backend.db import Sessions, make_engine, make_sessions, reading
from crm_backend.models import Base, Conversation, Handoff, Matter, Message, utc_now
from crm_backend.services import results
from crm_backend.services.results import Period

INTENTS = [f"intent_{nth}" for nth in range(45)]
OUTCOMES = ("contained", "contained", "handed_off", "failed", "abandoned")
BATCH = 5_000
N_RUNS = 7


async def fill(sessions: Sessions, n: int) -> None:
    rng, now = random.Random(1), utc_now()
    for start in range(0, n, BATCH):
        talks, said, matters, handoffs = [], [], [], []
        for nth in range(start, min(start + BATCH, n)):
            began_at = now - timedelta(seconds=rng.uniform(0, 364 * 86_400))
            talk = str(uuid.UUID(int=nth))
            language = rng.choice(("en", "zh"))
            score = rng.choice((None, None, 1, 3, 4, 5))
            talks.append({
                "id": talk, "token_hash": f"{nth:064}", "channel": "customer",
                "mode": "closed", "language": language, "created_at": began_at,
                "last_message_at": began_at, "rating_asked_at": began_at,
                "rating_score": score,
            })  # fmt: skip
            said.append({
                "id": nth + 1, "conversation_id": talk, "seq": 1, "language": language,
                "sender": "customer", "text": "hello", "created_at": began_at,
            })  # fmt: skip
            outcome = rng.choice(OUTCOMES)
            matters.append({
                "message_id": nth + 1, "conversation_id": talk, "language": language,
                "intent": rng.choice(INTENTS), "began_at": began_at, "n_messages": 2,
                "ended_at": began_at + timedelta(minutes=2), "outcome": outcome,
                "is_confirmed": rng.random() < 0.5,
                "is_verified": rng.choice((None, True, False)),
                "is_reopened": rng.random() < 0.1,
            })  # fmt: skip
            if nth % 4 == 0:
                taken_at = began_at + timedelta(seconds=rng.expovariate(1 / 120))
                handoffs.append({
                    "conversation_id": talk, "reason": "customer_asked",
                    "requested_at": began_at, "taken_at": taken_at,
                    "replied_at": taken_at + timedelta(seconds=30),
                    "ended_at": taken_at + timedelta(minutes=5), "outcome": "closed",
                })  # fmt: skip
        async with sessions.begin() as session:
            await session.execute(insert(Conversation), talks)
            await session.execute(insert(Message), said)
            await session.execute(insert(Matter), matters)
            await session.execute(insert(Handoff), handoffs)


async def measure(url: str, n: int) -> dict[str, float]:
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
    sessions = make_sessions(engine)
    await fill(sessions, n)
    now = utc_now()
    figures = {"conversations": float(n)}
    for days in (30, 365):
        period = Period(now - timedelta(days=days), now)
        total = total_cpu = 0.0
        for name, question in QUESTIONS.items():
            took = [await once(sessions, question, period) for _ in range(N_RUNS)]
            wall, cpu = (median(one) for one in zip(*took, strict=True))
            figures[f"{name}_{days}_days_ms"] = round(wall * 1_000, 1)
            total, total_cpu = total + wall, total_cpu + cpu
        figures[f"all_{days}_days_ms"] = round(total * 1_000, 1)
        figures[f"all_{days}_days_cpu_ms"] = round(total_cpu * 1_000, 1)
    await engine.dispose()
    return figures


QUESTIONS: dict[str, Callable[[AsyncSession, Period], Awaitable[object]]] = {
    "bot": results.count_bot_results,
    "reasons": results.count_reasons,
    "waits": results.measure_waits,
    "agents": results.measure_agents,
    "satisfaction": results.measure_satisfaction,
}


async def once(
    sessions: Sessions,
    question: Callable[[AsyncSession, Period], Awaitable[object]],
    period: Period,
) -> tuple[float, float]:
    """Return how long it took, and how much of a processor; SQLite runs in here."""
    async with reading(sessions) as session:
        begin, begin_cpu = time.perf_counter(), time.process_time()
        await question(session, period)
        return time.perf_counter() - begin, time.process_time() - begin_cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--url", help="of an empty database; its tables are dropped")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deskmate-numbers-") as folder:
        url = with_driver(options.url or f"sqlite:///{folder}/numbers.sqlite3")
        figures = asyncio.run(measure(url, options.conversations))
    for name, value in figures.items():
        print(f"{name:28} {value:>12,.1f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
