"""Measure how soon agents see what customers write while many conversations are live.

Usage:
    .venv/bin/python -m benchmarks.live_console
    JSON=out.json .venv/bin/python -m benchmarks.live_console --agents 20 --seconds 60

Starts the gateway alone on a demo shop of its own, with conversations that people
answer. Each agent has the inbox open and a page for each of their conversations, which
listen to the console's sockets and fetch their part again as the browser's scripts do:
one request at a time, and one more if there was news meanwhile. Customers write at
random moments. A time is from a customer's send to the last byte of the part that has
the line. The clients run on the same machine. Needs no running Deskmate.
"""

import argparse
import asyncio
import json
import os
import resource
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import insert

from benchmarks.live_clients import Page, Talk, Times, write
from crm_backend.authentication import token_hash
from crm_backend.config import with_driver
from crm_backend.db import Sessions, make_engine, make_sessions
from crm_backend.models import Conversation, Message, Staff, StaffSession, utc_now

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 120
# Lines that are under way when the time is over are waited for so long.
LAST_LOOK_SECONDS = 30
N_LINES = 6
FIRST_LOOKS_AT_ONCE = 10
TICKS = os.sysconf("SC_CLK_TCK")


def say(doing: str) -> None:
    """Tell on standard error what goes on."""
    print(f"{time.strftime('%H:%M:%S')} {doing}", file=sys.stderr, flush=True)


async def fill(sessions: Sessions, n_agents: int, n_talks: int) -> list[Talk]:
    """Add agents who are signed in, and their conversations."""
    cookies = [secrets.token_hex(16) for _ in range(n_agents)]
    talks = [
        Talk(str(uuid.uuid4()), secrets.token_urlsafe(32), cookies[n % n_agents])
        for n in range(n_talks)
    ]
    now = utc_now()
    async with sessions.begin() as session:
        agents = [
            Staff(
                email=f"agent{n}@live.example",
                name=f"Agent {n}",
                role="agent",
                password_hash="unused",
            )
            for n in range(n_agents)
        ]
        session.add_all(agents)
        await session.flush()
        for agent, cookie in zip(agents, cookies, strict=True):
            session.add(
                StaffSession(
                    token_hash=token_hash(cookie),
                    staff_id=agent.id,
                    expires_at=now + timedelta(hours=6),
                )
            )
        rows = [
            {
                "id": talk.id,
                "token_hash": token_hash(talk.token),
                "channel": "customer",
                "mode": "human",
                "assignee_id": agents[n % n_agents].id,
                "last_seq": N_LINES,
                "topic": "track_order",
                "last_message_at": now,
            }
            for n, talk in enumerate(talks)
        ]
        await session.execute(insert(Conversation), rows)
        lines = [
            {
                "conversation_id": talk.id,
                "seq": seq,
                "sender": "customer" if seq % 2 else "agent",
                "text": f"Line {seq} about a parcel and a lamp.",
                "language": "en",
            }
            for talk in talks
            for seq in range(1, N_LINES + 1)
        ]
        await session.execute(insert(Message), lines)
    return talks


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_mb(pid: int) -> float:
    """Return the memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Return the milliseconds that 50, 95 and 99 % do not pass."""
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"p{p}_ms": round(cuts[p - 1] * 1000, 1) for p in (50, 95, 99)}


async def measure(
    pid: int, url: str, talks: list[Talk], options: argparse.Namespace
) -> dict[str, Any]:
    """Open all pages, let customers write, and return the figures."""
    times = Times()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector) as http:
        await wait_until_ready(http)
        say(f"opening {len(talks)} conversations and {options.agents} inboxes")
        pages = [Page(http, times, talk.cookie, talk.id) for talk in talks]
        inboxes = [Page(http, times, one) for one in {talk.cookie for talk in talks}]
        is_ready = asyncio.Semaphore(FIRST_LOOKS_AT_ONCE)
        tasks = [asyncio.create_task(page.run(is_ready)) for page in (*pages, *inboxes)]
        while sum(map(len, times.fetches.values())) < len(tasks):
            raise_failed(tasks)
            await asyncio.sleep(0.1)
        before_mb = rss_mb(pid)
        times.fetches.clear()
        say(f"customers write for {options.seconds:g} seconds")
        started, cpu = time.perf_counter(), cpu_seconds(pid)
        writers = [
            asyncio.create_task(write(http, times, talk, page, options.pause))
            for talk, page in zip(talks, pages, strict=True)
        ]
        await asyncio.sleep(options.seconds)
        for writer in writers:
            writer.cancel()
        raise_failed(tasks)
        took, used = time.perf_counter() - started, cpu_seconds(pid) - cpu
        deadline = time.perf_counter() + LAST_LOOK_SECONDS
        while times.sent and time.perf_counter() < deadline:
            await asyncio.sleep(0.1)
        after_mb = rss_mb(pid)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *writers, return_exceptions=True)
    return {
        "n_agents": options.agents,
        "n_conversations": len(talks),
        "pause_seconds": options.pause,
        "seconds": round(took, 1),
        "n_seen": len(times.took),
        "n_not_seen": len(times.sent),
        "n_refused": times.n_refused,
        "sent_to_seen": quantiles(times.took),
        "fetches": {
            kind: {"n": len(some)} | quantiles(some)
            for kind, some in sorted(times.fetches.items())
        },
        "gateway_cpu_share": round(used / took, 3),
        "gateway_rss_before_mb": round(before_mb, 1),
        "gateway_rss_after_mb": round(after_mb, 1),
        "load_1min": round(os.getloadavg()[0], 1),
    }


def raise_failed(tasks: list[asyncio.Task[None]]) -> None:
    """Raise what ended a page, if one has ended."""
    for task in tasks:
        if task.done():
            task.result()


async def wait_until_ready(http: aiohttp.ClientSession) -> None:
    """Wait until the gateway answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            async with http.get("/healthz") as answer:
                answer.raise_for_status()
                return
        except aiohttp.ClientConnectionError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)


def environment(folder: str, port: int) -> dict[str, str]:
    """Return the settings of a gateway with a small demo shop."""
    return os.environ | {
        "CLAIMS_KEY": secrets.token_hex(32),
        "CRM_SERVICE_TOKEN": secrets.token_hex(32),
        "DATABASE_URL": f"sqlite:///{folder}/crm.sqlite3",
        "CRM_PORT": str(port),
        "VAR_DIR": folder,
        "DEMO": "1",
        "DEMO_CUSTOMERS": "300",
        "DEMO_TALKS": "0",
        "DEMO_STAFF_PASSWORD": secrets.token_hex(16),
        "LOG_LEVEL": "WARNING",
        # All customers come from one address here.
        "MESSAGES_PER_ADDRESS": "1000000/minute",
    }


def run(options: argparse.Namespace, folder: str) -> dict[str, Any]:
    """Make the shop, start the gateway and measure it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = environment(folder, port)
    command = [sys.executable, "-m", "crm_backend"]
    say("making a demo shop")
    for step in ("migrate", "seed"):
        subprocess.run(
            [*command, step], cwd=ROOT, env=env, check=True, stdout=sys.stderr
        )

    async def add() -> list[Talk]:
        engine = make_engine(with_driver(env["DATABASE_URL"]))
        talks = await fill(make_sessions(engine), options.agents, options.conversations)
        await engine.dispose()
        return talks

    talks = asyncio.run(add())
    gateway = subprocess.Popen([*command, "serve"], cwd=ROOT, env=env)
    try:
        return asyncio.run(
            measure(gateway.pid, f"http://127.0.0.1:{port}", talks, options)
        )
    finally:
        gateway.terminate()
        gateway.wait()


def show(found: dict[str, Any]) -> None:
    """Print the figures as a table."""
    print(f"{'what':<28}{'n':>7}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}")
    rows = {"sent to seen": {"n": found["n_seen"]} | found["sent_to_seen"]}
    rows |= {f"fetching: {kind}": some for kind, some in found["fetches"].items()}
    for name, some in rows.items():
        cells = "".join(f"{some.get(f'p{p}_ms', '-'):>10}" for p in (50, 95, 99))
        print(f"{name:<28}{some['n']:>7}{cells}")
    for name in ("n_not_seen", "n_refused", "gateway_cpu_share"):
        print(f"{name:<28}{found[name]:>7}")
    print(f"{'gateway_rss_mb':<28}{found['gateway_rss_before_mb']:>7}", end="")
    print(f" -> {found['gateway_rss_after_mb']}")


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument(
        "--pause", type=float, default=40.0, help="seconds between lines, on average"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of writing")
    options = parser.parse_args()
    if min(options.agents, options.pause, options.seconds) <= 0:
        parser.error("everything has to be more than zero")
    if options.conversations < options.agents:
        parser.error("each agent needs a conversation")
    with tempfile.TemporaryDirectory(prefix="deskmate-") as folder:
        found = run(options, folder)
    show(found)
    if path := os.environ.get("JSON"):
        Path(path).write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
