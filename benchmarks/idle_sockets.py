"""Measure what a browser that only listens costs the CRM in memory.

Usage:
    .venv/bin/python benchmarks/idle_sockets.py
    JSON=out.json .venv/bin/python benchmarks/idle_sockets.py --sockets 1000

Starts the CRM alone on an empty database of its own, opens that many sockets from this
process, each with a conversation and with compression offered as browsers do, and
prints the memory (RSS) of the CRM before and after. Needs no running Deskmate.
"""

import argparse
import asyncio
import json
import os
import resource
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 120
# So many join at once.
BATCH = 50
# What is freed late, or still in work, settles in this time.
SETTLE_SECONDS = 3.0


def rss_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def start_crm(folder: str, port: int) -> subprocess.Popen[bytes]:
    env = os.environ | {
        "CLAIMS_KEY": secrets.token_hex(32),
        "CRM_SERVICE_TOKEN": secrets.token_hex(32),
        "DATABASE_URL": f"sqlite:///{folder}/crm.sqlite3",
        "CRM_PORT": str(port),
        "VAR_DIR": folder,
        "DEMO": "0",
        "LOG_LEVEL": "WARNING",
        # All sockets come from one address here.
        "CONVERSATIONS_PER_ADDRESS": "1000000/minute",
    }
    command = [sys.executable, "-m", "crm_backend"]
    subprocess.run([*command, "migrate"], cwd=ROOT, env=env, check=True)
    return subprocess.Popen([*command, "serve"], cwd=ROOT, env=env)


async def wait_until_ready(http: aiohttp.ClientSession) -> None:
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


async def join(http: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    async with http.post("/api/v1/chat/conversations", json={}) as answer:
        answer.raise_for_status()
        token = (await answer.json())["token"]
    found = await http.ws_connect("/api/v1/chat/socket", compress=15)
    await found.send_json({"type": "hello", "token": token, "after": 0})
    frame = await found.receive_json(timeout=30)
    assert frame["type"] == "ready", frame
    return found


async def measure(pid: int, url: str, n_sockets: int) -> dict[str, float]:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector) as http:
        await wait_until_ready(http)
        # What only the first ones cost is not theirs.
        sockets = [await join(http) for _ in range(10)]
        await asyncio.sleep(SETTLE_SECONDS)
        before = rss_bytes(pid)
        while len(sockets) < 10 + n_sockets:
            n_more = min(BATCH, 10 + n_sockets - len(sockets))
            sockets += await asyncio.gather(*(join(http) for _ in range(n_more)))
        await asyncio.sleep(SETTLE_SECONDS)
        after = rss_bytes(pid)
        for one in sockets:
            await one.close()
    return {
        "n_sockets": n_sockets,
        "rss_before_mb": round(before / 1e6, 1),
        "rss_after_mb": round(after / 1e6, 1),
        "kb_per_socket": round((after - before) / 1e3 / n_sockets, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sockets", type=int, default=1000, help="how many to open")
    options = parser.parse_args()
    if options.sockets < 1:
        parser.error("--sockets must be at least 1")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="deskmate-") as folder:
        crm = start_crm(folder, port)
        try:
            url = f"http://127.0.0.1:{port}"
            found = asyncio.run(measure(crm.pid, url, options.sockets))
        finally:
            crm.terminate()
            crm.wait()
    for name, value in found.items():
        print(f"{name:<16}{value:g}")
    if path := os.environ.get("JSON"):
        Path(path).write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
