"""Measure the search over messages: how long it takes, and what the index costs.

Usage:
    .venv/bin/python -m benchmarks.search
    .venv/bin/python -m benchmarks.search --messages 100000 --json out.json
    .venv/bin/python -m benchmarks.search --database postgresql://... # an empty one

A PostgreSQL that an earlier run filled is searched as it is, with --messages as then.

Makes a database of its own with seeded sentences in both languages, in conversations
of ten lines over three years, indexes them as the gateway does, and searches through
the service itself, each query in a session of its own. Prints the median and the 95th
percentile over all queries, how large the index is, and how much longer it takes to
store messages one by one with the index than without.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert, text

from crm_backend.config import with_driver
from crm_backend.db import Sessions, make_engine, make_sessions, reading
from crm_backend.models import Base, Conversation, Customer, Message, Staff
from crm_backend.models.search_upkeep import _add_message
from crm_backend.principal import Principal
from crm_backend.services.search import Filters, search
from crm_backend.upkeep import catch_up_search

LINES = 10
YEARS = 3
ROWS_AT_ONCE = 20_000
N_STORED = 2_000
SENDERS = ("customer", "bot", "customer", "bot", "customer", "agent")

EN = (
    "where is my {thing}, order DM-{n} should have been here on {day}",
    "I want to send the {thing} back because it is {fault}",
    "the refund for the {thing} has not arrived yet",
    "thank you, that is all I needed to know about the {thing}",
    "your order DM-{n} with the {thing} was delivered on {day}",
    "I am sorry to hear that the {thing} is {fault}, I will send a new one",
    "can I change the delivery address of order DM-{n}?",
    "do you have the {thing} in {colour}, and what does it cost?",
    "the courier left the {thing} with a neighbour on {day}",
    "my {thing} came {fault} and nobody answers, this is {mood}",
)
ZH = (
    "我的{thing}到哪了，订单DM-{n}{day}就该到了",
    "我想退货，{thing}{fault}了",
    "{thing}的退款还没有到账",
    "谢谢，关于{thing}我没有别的问题了",
    "您的订单DM-{n}已于{day}送达，内含{thing}",
    "很抱歉{thing}{fault}了，我们马上给您补发",
    "订单DM-{n}可以修改收货地址吗？",
    "{thing}有{colour}的吗，多少钱？",
    "快递{day}把{thing}放在邻居家了",
    "收到的{thing}{fault}，物流信息也没有更新，太{mood}了",
)
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "thing": ("kettle", "lamp", "jumper", "teapot", "rucksack", "headphones"),
        "fault": ("broken", "scratched", "too small", "the wrong colour"),
        "day": ("Monday", "Tuesday", "Friday", "Saturday"),
        "colour": ("green", "white", "navy blue"),
        "mood": ("terrible", "disappointing", "unacceptable"),
    },
    "zh": {
        "thing": ("水壶", "台灯", "毛衣", "茶具", "背包", "耳机"),
        "fault": ("破损", "有划痕", "尺寸不对", "颜色不对"),
        "day": ("周一", "周二", "周五", "周六"),
        "colour": ("绿色", "白色", "深蓝色"),
        "mood": ("失望", "离谱", "糟糕"),
    },
}
# Rare words, common ones, phrases, numbers, filters, and what finds nothing.
QUERIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("kettle", {}),
    ("order", {}),
    ("the refund", {}),
    ("broken teapot courier", {}),
    ('"send the lamp back"', {}),
    ("DM-{n}", {}),
    ("delivered Friday rucksack", {}),
    ("unacceptable", {"sender": "agent"}),
    ("order delivered", {"language": "en"}),
    ("lamp", {"months_ago": 30}),
    ("order", {"customer": "C-200077"}),
    ("xylophone", {}),
    ("xylophone order refund lamp", {}),
    ("退款", {}),
    ("订单", {}),
    ("物流信息", {}),
    ("茶", {}),
    ("水壶 破损", {}),
    ("修改收货地址", {"sender": "customer"}),
    ("快递放在哪个邻居家了", {}),
    ("台灯", {"months_ago": 20}),
    ("没有的词语", {}),
)


def say(dice: random.Random, language: str) -> str:
    """Make a sentence."""
    template = dice.choice(EN if language == "en" else ZH)
    words = {name: dice.choice(some) for name, some in WORDS[language].items()}
    return template.format(n=dice.randrange(100_000, 999_999), **words)


async def fill(sessions: Sessions, n_messages: int, now: datetime) -> None:
    """Store conversations of customers, oldest first."""
    dice = random.Random(7)
    n_conversations = n_messages // LINES
    n_customers = max(100, n_conversations // 4)
    async with sessions.begin() as session:
        session.add(
            Staff(id=1, email="a@b.c", name="A", role="agent", password_hash="")
        )
        customers = [
            {"id": n, "number": f"C-{200_000 + n}", "name": f"Customer {n}"}
            for n in range(1, n_customers + 1)
        ]
        await session.execute(insert(Customer), customers)
    step = timedelta(days=365 * YEARS) / max(1, n_conversations)
    lines: list[dict[str, Any]] = []
    conversations: list[dict[str, Any]] = []
    for n in range(n_conversations):
        at = now - step * (n_conversations - n)
        language = "zh" if n % 2 else "en"
        conversation_id = str(uuid.UUID(int=dice.getrandbits(128)))
        conversations.append(
            {
                "id": conversation_id,
                "token_hash": conversation_id,
                "channel": "customer",
                "mode": "closed",
                "language": language,
                "customer_id": dice.randrange(1, n_customers + 1),
                "created_at": at,
                "last_message_at": at,
            }
        )
        lines += [
            {
                "conversation_id": conversation_id,
                "seq": seq,
                "sender": SENDERS[seq % len(SENDERS)],
                "text": say(dice, language),
                "language": language,
                "created_at": at + timedelta(minutes=seq),
            }
            for seq in range(1, LINES + 1)
        ]
        if len(lines) >= ROWS_AT_ONCE or n == n_conversations - 1:
            async with sessions.begin() as session:
                await session.execute(insert(Conversation), conversations)
                await session.execute(insert(Message), lines)
            lines, conversations = [], []


async def measure_storing(sessions: Sessions) -> float:
    """Return the seconds it takes to store messages one by one, as turns do."""
    dice = random.Random(11)
    async with sessions() as session:
        found = await session.execute(text("SELECT id FROM conversations LIMIT 1"))
        conversation_id = found.scalar_one()
        highest = await session.scalar(text("SELECT max(seq) FROM messages"))
    start = time.perf_counter()
    for n in range(N_STORED):
        language = "zh" if n % 2 else "en"
        async with sessions.begin() as session:
            session.add(
                Message(
                    conversation_id=conversation_id,
                    seq=(highest or 0) + n + 1,
                    sender="customer",
                    text=say(dice, language),
                    language=language,
                )
            )
    return time.perf_counter() - start


async def measure_queries(
    sessions: Sessions, rounds: int, now: datetime
) -> dict[str, list[float]]:
    """Return the milliseconds of each query."""
    reader = Principal(subject="staff:a@b.c", level="staff", role="agent", staff_id=1)
    dice = random.Random(3)
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        for query, options in QUERIES:
            filters = dict(options)
            if months := filters.pop("months_ago", None):
                filters["since"] = now - timedelta(days=30 * months)
                filters["until"] = filters["since"] + timedelta(days=30)
            typed = query.format(n=dice.randrange(100_000, 999_999))
            start = time.perf_counter()
            async with reading(sessions) as session:
                await search(session, reader, typed, Filters(**filters))
            ms = (time.perf_counter() - start) * 1_000
            taken.setdefault(f"{query} {options or ''}".strip(), []).append(ms)
    return taken


async def sizes(sessions: Sessions, path: Path | None) -> dict[str, float]:
    """Return the megabytes of the whole database and of the index."""
    async with sessions() as session:
        if path is not None:
            whole = path.stat().st_size
            index = await session.scalar(
                text("SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'message_words%'")
            )
        else:
            whole = await session.scalar(
                text("SELECT pg_database_size(current_database())")
            )
            index = await session.scalar(
                text("SELECT pg_total_relation_size('message_words')")
            )
    return {"database_mb": whole / 1e6, "index_mb": (index or 0) / 1e6}


async def is_empty(sessions: Sessions) -> bool:
    """Whether there is nothing to search yet."""
    async with sessions() as session:
        found = await session.execute(text("SELECT id FROM messages LIMIT 1"))
        return found.first() is None


def progress(doing: str) -> None:
    """Tell on standard error what takes a while."""
    print(f"{datetime.now():%H:%M:%S} {doing}", file=sys.stderr, flush=True)


async def run(options: argparse.Namespace, folder: str) -> dict[str, Any]:
    """Fill, index, search and store."""
    path = None if options.database else Path(folder) / "search.sqlite3"
    url = with_driver(options.database or f"sqlite:///{path}")
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions = make_sessions(engine)
    now = datetime.now(UTC)
    figures: dict[str, Any] = {"n_messages": options.messages}
    if await is_empty(sessions):
        progress(f"filling {options.messages:,} messages")
        await fill(sessions, options.messages, now)
        progress("indexing them")
        start = time.perf_counter()
        await catch_up_search(sessions)
        figures["index_seconds"] = time.perf_counter() - start
    if path is None:
        # As its own daemon does within minutes.
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("VACUUM ANALYZE"))
    progress("searching")
    figures |= await sizes(sessions, path)
    await measure_queries(sessions, 1, now)
    taken = await measure_queries(sessions, options.rounds, now)
    all_ms = sorted(ms for each in taken.values() for ms in each)
    figures["p50_ms"] = statistics.median(all_ms)
    figures["p95_ms"] = all_ms[int(len(all_ms) * 0.95)]
    figures["median_ms"] = {query: statistics.median(ms) for query, ms in taken.items()}
    progress("storing")
    with_index = await measure_storing(sessions)
    event.remove(Message, "after_insert", _add_message)
    without = await measure_storing(sessions)
    figures["store_ms"] = {
        "with_index": with_index / N_STORED * 1_000,
        "without_index": without / N_STORED * 1_000,
        "ratio": with_index / without,
    }
    await engine.dispose()
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10, help="of all the queries")
    parser.add_argument(
        "--database", help="an empty PostgreSQL; else a file of its own"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(run(options, folder))
    shown = json.dumps(figures, indent=2, ensure_ascii=False)
    if options.json:
        options.json.write_text(shown, "utf-8")
    print(shown)


if __name__ == "__main__":
    main()
