"""Has charts drawn in a process of its own and keeps what was drawn.

Loading the drawing libraries takes seconds and a hundred megabytes, and drawing holds
a processor: the gateway, whose chats must not wait, does neither.
"""

import asyncio
import hashlib
import json
import logging
import os
import sys
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Literal

from crm_backend.charts.specs import Chart, to_json

log = logging.getLogger(__name__)

Width = Literal["wide", "narrow"]
WORKER = "crm_backend.charts.worker"
ROOT = Path(__file__).parents[2]
# The first chart waits for the libraries; on a busy machine that takes a while.
DRAW_SECONDS = 60
# A few megabytes of text.
MOST_KEPT = 256
# A chart of some thousand dots is one line of that size.
MOST_LINE_BYTES = 16 * 1024 * 1024


class ChartError(Exception):
    """A chart could not be drawn; its table says the same."""


class Studio:
    """Draws charts, one at a time, and the same one only once."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self._kept: OrderedDict[str, str] = OrderedDict()

    async def draw(
        self, chart: Chart, width: Width, *, stands_alone: bool = False
    ) -> str:
        """Return a chart as an SVG element.

        Args:
            chart: what it shows.
            width: for a desk or for a phone.
            stands_alone: whether it is a picture of its own, with its own colours.

        Raises:
            ChartError: it could not be drawn in time, or at all.
        """
        wish = json.dumps(
            {"chart": to_json(chart), "width": width, "stands_alone": stands_alone}
        )
        key = hashlib.sha256(wish.encode()).hexdigest()
        if key not in self._kept:
            async with self._lock:
                if key not in self._kept:
                    self._kept[key] = await self._draw(wish)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    async def close(self) -> None:
        """Stop the process that draws."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def _draw(self, wish: str) -> str:
        try:
            async with asyncio.timeout(DRAW_SECONDS):
                answer = json.loads(await self._ask(wish))
        except (TimeoutError, OSError, ValueError) as err:
            log.error("a chart was not drawn: %s", type(err).__name__)
            await self.close()
            raise ChartError("The drawing process did not answer.") from err
        except asyncio.CancelledError:
            # The answer would come to the next wish.
            await self.close()
            raise
        if "svg" not in answer:
            log.error("a chart was not drawn: %s", answer.get("error"))
            raise ChartError("The chart cannot be drawn.")
        svg: str = answer["svg"]
        return svg

    async def _ask(self, wish: str) -> bytes:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                WORKER,
                cwd=ROOT,
                # Days are drawn as they are named, wherever the machine stands.
                env=_environment(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=MOST_LINE_BYTES,
                # Ctrl+C in the terminal is for the gateway, which then closes this.
                start_new_session=True,
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(wish.encode() + b"\n")
        await stdin.drain()
        return await stdout.readline()


def _environment() -> dict[str, str]:
    """Return what the drawing process needs: no secret among it."""
    wanted = ("PATH", "HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "FONTCONFIG_PATH")
    kept = {name: os.environ[name] for name in wanted if name in os.environ}
    return kept | {"TZ": "UTC"}
