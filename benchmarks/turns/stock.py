"""Stock Rasa: `rasa run` with its default configuration, and who talks to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import yaml

from benchmarks.turns.load import Progress
from benchmarks.turns.scripts import Customer, Script, Step, fill
from benchmarks.turns.stack import ROOT, STOP_SECONDS, BenchmarkError, Stack, free_ports
from benchmarks.turns.stock_data import N_EPOCHS, fingerprint, write_project
from benchmarks.turns.visitor import TROUBLE, Gateway, Timed
from crm_backend.claims import sign_claims

RASA = (str(ROOT / "bot/.venv/bin/python"), "-m", "rasa")
# Nothing that would make Rasa faster or slower than it is out of the box.
ENVIRONMENT = {"RASA_TELEMETRY_ENABLED": "false", "CUDA_VISIBLE_DEVICES": "-1"}
STARTUP_SECONDS = 240
POLL_SECONDS = 0.5
# It may be slow, but not so slow that its turns are lost.
ANSWER_SECONDS = 180


def train_stock(cache: Path, progress: Progress, n_epochs: int = N_EPOCHS) -> Path:
    """Train stock Rasa on our data, unless that was done before.

    Returns:
        The model, below `cache`.

    Raises:
        BenchmarkError: Rasa cannot be trained.
    """
    with tempfile.TemporaryDirectory(prefix="deskmate-stock-") as name:
        folder = Path(name)
        write_project(folder, n_epochs)
        model = cache.resolve() / f"stock-{fingerprint(folder)}.tar.gz"
        if model.exists():
            progress(f"stock Rasa was trained before: {model.name}")
            return model
        progress("training stock Rasa, which takes minutes, once ...")
        started = time.monotonic()
        command = [*RASA, "train", "--augmentation", "0", "--out", "models"]
        done = subprocess.run(
            [*command, "--fixed-model-name", "stock"],
            cwd=folder,
            env=os.environ | ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        trained = folder / "models/stock.tar.gz"
        if done.returncode or not trained.exists():
            raise BenchmarkError("Stock Rasa was not trained:\n" + done.stdout[-2000:])
        cache.mkdir(parents=True, exist_ok=True)
        shutil.move(trained, model.with_suffix(".part"))
        model.with_suffix(".part").replace(model)
        progress(f"trained stock Rasa in {time.monotonic() - started:.0f} s")
    return model


@contextmanager
def running_stock(model: Path, stack: Stack) -> Iterator[tuple[str, psutil.Process]]:
    """Run stock Rasa with our action server behind it.

    Yields:
        Where its REST channel is, and the process.

    Raises:
        BenchmarkError: it did not start.
    """
    with tempfile.TemporaryDirectory(prefix="deskmate-stock-") as name:
        folder, (port,) = Path(name), free_ports(1)
        endpoint = {
            "url": f"{stack.actions_url}/webhook",
            "headers": {"X-Actions-Key": stack.secrets.get("ACTIONS_KEY", "")},
        }
        _write(folder / "endpoints.yml", {"action_endpoint": endpoint})
        _write(folder / "credentials.yml", {"rest": None})
        log = folder / "stock.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [*RASA, "run", "-m", str(model), "-i", "127.0.0.1", "-p", str(port)],
                cwd=folder,
                env=os.environ | ENVIRONMENT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(process, url, log)
            yield f"{url}/webhooks/rest/webhook", psutil.Process(process.pid)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class StockVisitor:
    """Says the same as a Visitor, straight to stock Rasa's REST channel.

    Its conversations exist in the CRM and its turns carry signed claims, so that the
    actions do the same work for both; neither opening, nor proving who speaks, nor
    signing counts into the times.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        webhook: str,
        stack: Stack,
        parts: Iterator[tuple[Script, Customer]],
    ) -> None:
        self._http = http
        self._webhook = webhook
        self._gateway = Gateway(http, stack)
        self._key = stack.secrets["CLAIMS_KEY"]
        self._parts = parts
        self._steps: list[Step] = []
        self._language = "en"
        self._customer = Customer("", "", "")
        self._is_proved = False
        self._conversation_id = ""
        self._token = ""
        # What to say again once it is proved who speaks.
        self._last = ""

    async def get_ready(self) -> None:
        """Begin the next script if the last one is over."""
        if self._steps:
            return
        script, self._customer = next(self._parts)
        opened = await self._gateway.open(script.language)
        self._conversation_id = opened["conversation_id"]
        self._token, self._language = opened["token"], script.language
        self._is_proved, self._steps = False, list(script.steps)

    async def turn(self, since: float | None = None) -> Timed:
        """Take the next turn and wait for its answer."""
        step = self._steps.pop(0)
        try:
            if step.text is None:
                email = self._customer.email
                code = await self._gateway.ask_for_code(email, self._token)
                await self._gateway.prove(code, self._token)
                self._is_proved = True
            else:
                self._last = fill(step.text, self._customer)
            body = self._body(self._last)
            started = since or time.perf_counter()
            await self._ask(body)
        except TROUBLE as err:
            self._steps = []
            return Timed(step.kind, 0.0, f"{type(err).__name__} {err}".strip())
        return Timed(step.kind, time.perf_counter() - started)

    async def leave(self) -> None:
        """There is no socket to close."""

    async def _ask(self, body: dict[str, Any]) -> None:
        limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with self._http.post(self._webhook, json=body, timeout=limit) as answer:
            answer.raise_for_status()
            said = await answer.json()
        if not said:
            raise ValueError("empty answer")
        for message in said:
            block = message.get("custom") or {}
            if block.get("type") == "failure":
                raise ValueError(f"failure {block.get('code')}")
            if block.get("type") == "verify":
                self._last = block["resume"]

    def _body(self, text: str) -> dict[str, Any]:
        turn_id = str(uuid.uuid4())
        proved = self._is_proved
        subject = (
            f"customer:{self._customer.number}"
            if proved
            else f"visitor:{self._conversation_id}"
        )
        claims = sign_claims(
            self._key,
            subject=subject,
            level="verified" if proved else "anonymous",
            role=None,
            language=self._language,
            conversation_id=self._conversation_id,
            turn_id=turn_id,
        )
        metadata = {
            "claims": claims,
            "turn_id": turn_id,
            "conversation_id": self._conversation_id,
            "language": self._language,
        }
        return {"sender": self._conversation_id, "message": text, "metadata": metadata}


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            time.sleep(POLL_SECONDS)
    raise BenchmarkError("Stock Rasa did not start:\n" + log.read_text()[-2000:])


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content), "utf-8")
