"""Measure what a turn costs the assistant's process, early and late in a conversation.

Usage:
    make train && .venv/bin/python benchmarks/turn_cpu.py
    JSON=out.json .venv/bin/python benchmarks/turn_cpu.py --late 200

Starts the assistant and the action server on free ports, with a database of their own;
no CRM is needed. CPU time is what Linux counted for all threads of a process, so other
work on the machine matters little. "words" are classified, a "button" is not; "help"
calls the action server, "greet" does not. The words are the same each time, so their
sentence vectors are remembered: new ones take some 6 ms more.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import aiohttp
import jwt

ROOT = Path(__file__).resolve().parent.parent
KEY = "a key for the benchmark alone, no secret"
KINDS = {
    "greet, words": ("text", "hello"),
    "help, words": ("text", "what can you do?"),
    "greet, button": ("payload", "/greet"),
    "help, button": ("payload", "/help"),
}
N_REPEATS = 20
START_SECONDS = 120


def cpu_ms(pid: int) -> float:
    """Return the milliseconds that all threads of a process have computed for."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((t / "schedstat").read_text().split()[0]) for t in threads) / 1e6


def memory_mb(pid: int) -> int:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def describe_turn(kind: str, text: str, conversation_id: str) -> dict[str, str]:
    """Return the body of a turn, as the gateway sends it."""
    turn_id = str(uuid.uuid4())
    claims = {
        "sub": f"visitor:{conversation_id}",
        "level": "anonymous",
        "role": None,
        "lang": "en",
        "cid": conversation_id,
        "tid": turn_id,
        "aud": "deskmate",
        "exp": int(time.time()) + 120,
    }
    return {
        "turn_id": turn_id,
        "conversation_id": conversation_id,
        "kind": kind,
        "text": text,
        "claims": jwt.encode(claims, KEY, algorithm="HS256"),
    }


async def measure(url: str, pid: int, n_late: int) -> dict[str, float]:
    """Measure the turns and return the median milliseconds of each kind."""
    async with aiohttp.ClientSession(url) as http:

        async def take(kind: str, conversation_id: str) -> float:
            body = describe_turn(*KINDS[kind], conversation_id)
            before = cpu_ms(pid)
            async with http.post("/webhooks/deskmate/turns", json=body) as answer:
                answer.raise_for_status()
                await answer.read()
            await asyncio.sleep(0.005)
            return cpu_ms(pid) - before

        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    async with http.get("/webhooks/deskmate/health"):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.2)
        for kind in list(KINDS) * 5:
            await take(kind, "warm-up")
        figures = {}
        for kind in KINDS:
            took = []
            for n in range(N_REPEATS):
                await take(kind, f"{kind} {n}")
                took.append(await take(kind, f"{kind} {n}"))
            figures[f"{kind}, turn 2"] = statistics.median(took)
        for n in range(n_late):
            await take(list(KINDS)[n % len(KINDS)], "long")
        for kind in KINDS:
            took = [await take(kind, "long") for _ in range(N_REPEATS)]
            figures[f"{kind}, turn {n_late}"] = statistics.median(took)
    return figures


def main() -> None:
    """Print the figures as a table."""
    description, _, epilog = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--late", type=int, default=200, help="number of a late turn")
    options = parser.parse_args()
    bot_port, actions_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {
            "CLAIMS_KEY": KEY,
            "BOT_PORT": str(bot_port),
            "ACTIONS_PORT": str(actions_port),
            "ACTIONS_URL": f"http://127.0.0.1:{actions_port}",
            "CRM_SERVICE_TOKEN": "none is asked for",
            "TRACKER_DATABASE": f"{folder}/tracker.db",
        }
        commands = ([".venv/bin/python", "-m", "actions"],)
        commands += (["bot/.venv/bin/python", "-m", "bot", "serve"],)
        running = [subprocess.Popen(c, cwd=ROOT, env=env) for c in commands]
        pid = running[-1].pid
        try:
            url = f"http://127.0.0.1:{bot_port}"
            figures = asyncio.run(measure(url, pid, options.late))
            figures["memory_mb"] = memory_mb(pid)
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(20)
    for name, value in figures.items():
        print(f"{name:<26} {value:>8.1f}")
    if path := os.environ.get("JSON"):
        Path(path).write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
