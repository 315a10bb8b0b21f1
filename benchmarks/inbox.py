"""Measure how long the inbox takes on the server among many open conversations.

Usage:
    .venv/bin/python -m benchmarks.inbox
    .venv/bin/python -m benchmarks.inbox --conversations 10000 --json out.json
    .venv/bin/python -m benchmarks.inbox --database postgresql://user@host/empty

Fills a database of its own with open conversations of six lines each, then asks for the
page of each tab as a browser does, one request after the other, in the server's own
process: each figure is from the request to the last byte of HTML. `cpu_ms` is what a
request costs this process, client included, and does not grow with what else runs.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from sqlalchemy import insert

from crm_backend.app import create_app
from crm_backend.authentication import STAFF_COOKIE, token_hash
from crm_backend.config import Config, with_driver
from crm_backend.db import Sessions, make_engine, make_sessions
from crm_backend.models import (
    Base,
    Conversation,
    Customer,
    Message,
    Staff,
    StaffSession,
    utc_now,
)

PATHS = {
    "waiting": "/console?tab=waiting",
    "waiting, fetched again": "/console?tab=waiting&part=1",
    "waiting, page 20": "/console?tab=waiting&page=20",
    "mine": "/console?tab=mine",
    "unassigned": "/console?tab=unassigned",
    "bot is handling": "/console?tab=bot",
    "all": "/console?tab=all",
    "filtered": "/console?tab=waiting&mood=negative&priority=high&language=zh",
}
TOPICS = ("track_order", "complaint", "request_refund", "product_info", "invoice")
REASONS = ("customer_asked", "misunderstood", "upset", "policy")
N_LINES = 6
N_AGENTS = 20
CHUNK = 1_000


def make_conversation(number: int, agent_ids: list[int]) -> dict[str, Any]:
    """Make an open conversation: a third each waits, is answered, is the bot's."""
    random.seed(number)
    now = utc_now()
    mode = ("waiting", "human", "bot")[number % 3]
    is_waiting = mode == "waiting" or (mode == "human" and random.random() < 0.5)
    since = now - timedelta(seconds=random.randint(1, 200_000))
    return {
        "id": str(uuid.UUID(int=number + 1)),
        "token_hash": f"{number:064d}",
        "channel": "customer",
        "mode": mode,
        "version": 0,
        "last_seq": N_LINES,
        "language": random.choice(("en", "zh")),
        "customer_id": number + 1 if number % 2 else None,
        "last_message_at": now - timedelta(seconds=random.randint(1, 200_000)),
        "waiting_since": since if is_waiting else None,
        "assignee_id": random.choice(agent_ids) if mode == "human" else None,
        "handoff_reason": None if mode == "bot" else random.choice(REASONS),
        "priority": random.choice(("low", "medium", "high", "urgent")),
        "topic": random.choice(TOPICS),
        "mood": round(random.uniform(-1, 1), 2),
    }


def make_lines(conversation: dict[str, Any]) -> list[dict[str, Any]]:
    """Make what was said in it, the customer and the assistant in turn."""
    return [
        {
            "conversation_id": conversation["id"],
            "seq": seq,
            "sender": "customer" if seq % 2 == 0 else "bot",
            "text": f"Line {seq} of what somebody wrote about a parcel and a lamp.",
            "language": conversation["language"],
            "buttons": [],
            "blocks": [],
            "suppressed": False,
        }
        for seq in range(1, N_LINES + 1)
    ]


async def fill(sessions: Sessions, n_conversations: int) -> str:
    """Fill the database and return the cookie of an agent."""
    token = uuid.uuid4().hex
    async with sessions.begin() as session:
        agents = [
            Staff(
                email=f"agent{number}@shop.example",
                name=f"Agent {number}",
                role="agent",
                password_hash="unused",
            )
            for number in range(N_AGENTS)
        ]
        session.add_all(agents)
        await session.flush()
        ids = [agent.id for agent in agents]
        session.add(
            StaffSession(
                token_hash=token_hash(token),
                staff_id=ids[0],
                expires_at=utc_now() + timedelta(hours=6),
            )
        )
        customers = [
            {
                "id": number + 1,
                "number": f"C-{number:06d}",
                "name": f"Somebody {number}",
            }
            for number in range(n_conversations)
        ]
        rows = [make_conversation(number, ids) for number in range(n_conversations)]
        for start in range(0, n_conversations, CHUNK):
            some = rows[start : start + CHUNK]
            await session.execute(insert(Customer), customers[start : start + CHUNK])
            await session.execute(insert(Conversation), some)
            lines = [line for row in some for line in make_lines(row)]
            await session.execute(insert(Message), lines)
    return token


async def time_requests(url: str, token: str, n: int) -> dict[str, Any]:
    """Ask for each page `n` times and return milliseconds."""
    figures = {}
    async with ClientSession(cookies={STAFF_COOKIE: token}) as http:
        for name, path in PATHS.items():
            took, costs = [], []
            for _ in range(n + 3):
                started, cost = time.perf_counter(), time.process_time()
                async with http.get(url + path) as response:
                    body = await response.read()
                    assert response.status == 200, response.status
                took.append((time.perf_counter() - started) * 1000)
                costs.append((time.process_time() - cost) * 1000)
            # The first ones compile templates and statements.
            took = sorted(took[3:])
            figures[name] = {
                "p50_ms": round(statistics.median(took), 1),
                "p95_ms": round(took[int(0.95 * len(took))], 1),
                "cpu_ms": round(statistics.median(costs[3:]), 1),
                "kb": round(len(body) / 1000, 1),
            }
    return figures


async def measure(database_url: str, n_conversations: int, n: int) -> dict[str, Any]:
    """Fill a database, start the application on it, and time its inbox."""
    engine = make_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    token = await fill(make_sessions(engine), n_conversations)
    await engine.dispose()
    config = Config(
        claims_key="claims key of a benchmark, 32 characters",
        crm_service_token="service token of a benchmark, 32 chars",
        database_url=database_url,
    )
    async with TestServer(create_app(config)) as server:
        url = str(server.make_url("")).rstrip("/")
        pages = await time_requests(url, token, n)
    return {"n_open_conversations": n_conversations, "n_requests": n, "pages": pages}


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=100, help="of each page")
    parser.add_argument("--database", help="an empty one; else a file that is deleted")
    parser.add_argument("--json", type=Path, help="where the figures are written")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{folder}/inbox.sqlite3"
        found = asyncio.run(
            measure(with_driver(url), options.conversations, options.requests)
        )
    text = json.dumps(found, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
