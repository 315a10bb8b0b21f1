"""Time turns of a running Deskmate, from sending a message to its answer.

Usage:
    make run                                        # in another terminal
    .venv/bin/python benchmarks/turn_time.py --url http://127.0.0.1:8080
    JSON=out.json .venv/bin/python benchmarks/turn_time.py --turns 200

One visitor sends one message after the other over HTTP and reads the answers from the
WebSocket, as the widget does. `greet` needs no action, `track` is a question that goes
through the action server to the CRM and back; their ratio says what an action costs.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
import uuid
from pathlib import Path

import aiohttp

KINDS = {
    "greet": ("hello", "你好"),
    "track": ("where is my order DM-100101", "我的订单 DM-100101 到哪了"),
}
# A conversation is limited to a few messages a minute, so each block gets a new one.
TURNS_PER_CONVERSATION = 10
ANSWER_SECONDS = 30


async def converse(
    http: aiohttp.ClientSession, url: str, texts: list[str]
) -> list[float]:
    """Send the texts in one conversation and return the milliseconds of each turn."""
    async with http.post(
        f"{url}/api/v1/chat/conversations",
        json={"language": "en", "channel": "customer"},
    ) as answer:
        answer.raise_for_status()
        token = (await answer.json())["token"]
    took = []
    async with http.ws_connect(f"{url}/api/v1/chat/socket") as socket:
        await socket.send_json({"type": "hello", "token": token, "after": 0})
        for text in texts:
            started = time.perf_counter()
            async with http.post(
                f"{url}/api/v1/chat/messages",
                json={"client_message_id": str(uuid.uuid4()), "text": text},
                headers={"Authorization": f"Bearer {token}"},
            ) as answer:
                answer.raise_for_status()
            while True:
                event = await socket.receive_json(timeout=ANSWER_SECONDS)
                if event["type"] == "message" and event["message"]["sender"] == "bot":
                    break
            took.append((time.perf_counter() - started) * 1000)
    return took


async def measure(url: str, n_turns: int) -> dict[str, float]:
    """Measure each kind of turn and return the figures."""
    figures: dict[str, float] = {}
    async with aiohttp.ClientSession() as http:
        for kind, texts in KINDS.items():
            await converse(http, url, [texts[0]])
            took: list[float] = []
            while len(took) < n_turns:
                mix = [texts[i % 2] for i in range(TURNS_PER_CONVERSATION)]
                took += await converse(http, url, mix)
            cuts = statistics.quantiles(took, n=20)
            figures[f"{kind}_p50_ms"] = round(statistics.median(took), 1)
            figures[f"{kind}_p95_ms"] = round(cuts[18], 1)
    ratio = figures["track_p50_ms"] / figures["greet_p50_ms"]
    figures["track_to_greet_ratio"] = round(ratio, 2)
    return figures


def main() -> None:
    """Print the figures as a table."""
    description, _, epilog = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--turns", type=int, default=100, help="of each kind")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.url, options.turns))
    for name, value in figures.items():
        print(f"{name:<22} {value:>8}")
    if path := os.environ.get("JSON"):
        Path(path).write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
