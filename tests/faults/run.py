"""One run: visitors come and go while the plan's faults happen to them."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults.colleague import Colleague
from tests.faults.evidence import Evidence, Sent, View, collect, n_unfinished
from tests.faults.inflict import inflict
from tests.faults.plan import Fault
from tests.faults.scripts import Visit, pick_script
from tests.faults.shop import Buyer, ShopDoor
from tests.faults.stack import Stack
from tests.faults.tab import Tab
from tests.faults.visitor import GaveUp, Visitor

# How long all may take to come to rest after the last fault.
REST_SECONDS = 150
# How long a page that is looked at again may take to show everything.
SIGHT_SECONDS = 60
# How many are opened at a time.
N_PAGES = 40
LETTERS = "bcdfghjklmnpqrstvwxz"


@dataclass
class Outcome:
    """What a run left behind."""

    faults: list[Fault]
    visitors: list[Visitor]
    evidence: Evidence
    # What the whole of Deskmate did wrong, in words.
    complaints: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Run:
    """The scene of the faults."""

    def __init__(
        self,
        stack: Stack,
        door: ShopDoor,
        buyers: list[Buyer],
        *,
        seed: int,
        n_visitors: int,
        say: Callable[[str], None],
    ) -> None:
        self.stack = stack
        self._door = door
        self._buyers = iter(buyers)
        self.colleague = Colleague(stack.url, stack.staff_password, random.Random(seed))
        self._numbers = {buyer.order_number for buyer in buyers}
        self._rng = random.Random(seed)
        self._n_visitors = n_visitors
        self._say = say
        self._visitors: list[Visitor] = []
        self._present: list[Visitor] = []
        self._is_over = False

    def present(self) -> list[Visitor]:
        """The visitors in the middle of a conversation."""
        return [visitor for visitor in self._present if visitor.store.token]

    async def go(self, plan: list[Fault]) -> Outcome:
        """Let everything happen, wait until it is quiet, and gather the evidence."""
        began = time.monotonic()
        guests = [
            asyncio.create_task(self._come_and_go(random.Random(self._rng.random())))
            for _ in range(self._n_visitors)
        ]
        try:
            broken = await self._happen(plan, began)
            self._is_over = True
            broken += await asyncio.gather(*guests, return_exceptions=True)
        finally:
            for guest in guests:
                guest.cancel()
            await self.colleague.close()
        await self._come_to_rest()
        # Who left with something unsent comes back, and it is sent.
        await self._look_again([v for v in self._visitors if v.store.queue])
        complaints = await self._come_to_rest()
        await self._look_again(self._visitors)
        evidence = await collect(
            self.stack.database_url, self.stack.tracker_database, self._numbers
        )
        for visitor in self._visitors:
            _testify(visitor, evidence)
        complaints += [f"{name} did not come back" for name in self.stack.lost]
        # A mistake of this test must not cost what the run found out.
        complaints += [f"the test broke: {err!r}" for err in broken if err]
        seconds = time.monotonic() - began
        return Outcome(plan, self._visitors, evidence, complaints, seconds)

    async def _happen(
        self, plan: list[Fault], began: float
    ) -> list[BaseException | None]:
        tasks = [asyncio.create_task(self._at(fault, began)) for fault in plan]
        told_at = began
        while tasks_left := [task for task in tasks if not task.done()]:
            await asyncio.wait(tasks_left, timeout=1)
            if time.monotonic() - told_at > 10:
                told_at = time.monotonic()
                n_met = sum(fault.began_at is not None for fault in plan)
                self._say(
                    f"{told_at - began:5.0f} s  {n_met} of {len(plan)} faults, "
                    f"{len(self._visitors)} conversations, {self.stack.states()}"
                )
            last_at = plan[-1].planned_at + REST_SECONDS
            if time.monotonic() - began > last_at:
                for task in tasks_left:
                    task.cancel()
        return [None if task.cancelled() else task.exception() for task in tasks]

    async def _at(self, fault: Fault, began: float) -> None:
        await asyncio.sleep(began + fault.planned_at - time.monotonic())
        await inflict(fault, self)

    async def _come_and_go(self, rng: random.Random) -> None:
        await asyncio.sleep(rng.random() * 3)
        while not self._is_over:
            language = rng.choice(("en", "en", "zh"))
            visitor = Visitor(self.stack.url, rng, self._door.read_code, language)
            visit = Visit(
                visitor, next(self._buyers), "".join(rng.choices(LETTERS, k=10))
            )
            self._visitors.append(visitor)
            self._present.append(visitor)
            # Who gave up may come back; what they were owed is owed nevertheless.
            with suppress(GaveUp):
                await pick_script(rng)(visit)
            self._present.remove(visitor)
            visitor.left_at = time.time()
            await visitor.leave()

    async def _come_to_rest(self) -> list[str]:
        """Wait until no turn is under way and all processes are well."""
        for proxy in (self.stack.front, self.stack.to_bot, self.stack.to_actions):
            proxy.clear()
        self.stack.to_crm.clear()
        deadline = time.monotonic() + REST_SECONDS
        complaints = ["never began"]
        while complaints and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            complaints = [
                f"{name} is not healthy: {self.stack.states().get(name)}"
                for name in ("crm", "bot", "actions")
                if not await self.stack.is_healthy(name)
            ]
            if n := await n_unfinished(self.stack.database_url):
                complaints.append(f"{n} turns have not ended")
        # Late answers would come now.
        await asyncio.sleep(1)
        return complaints

    async def _look_again(self, visitors: list[Visitor]) -> None:
        """Open pages once more: what was sent arrives, and all is shown."""
        self._say(f"looking at {len(visitors)} conversations again")
        for i in range(0, len(visitors), N_PAGES):
            await asyncio.gather(*map(_see_all, visitors[i : i + N_PAGES]))


async def _see_all(visitor: Visitor) -> None:
    """Go on where the first tab stopped, and read anew in the second."""
    for position in range(2):
        await visitor.reload(position, keeps_view=position == 0)
        tab = visitor.tabs[position]
        deadline = time.monotonic() + SIGHT_SECONDS
        while time.monotonic() < deadline and not (
            tab.is_ready and not visitor.store.queue and not tab.is_typing
        ):
            if not visitor.store.token and not visitor.store.queue:
                return
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    await visitor.leave()


def _testify(visitor: Visitor, evidence: Evidence) -> None:
    """Add what a visitor sent and saw."""
    talk = evidence.talks.get(visitor.store.conversation_id or "")
    if talk is None:
        return
    talk.sent = [
        Sent(entry.id, entry.tab, entry.accepted_seq, entry.refused is not None)
        for entry in visitor.store.sent
    ]
    talk.views = [_view(tab, is_complete=False) for tab in visitor.left_tabs]
    talk.views += [_view(tab, is_complete=True) for tab in visitor.tabs]


def _view(tab: Tab, is_complete: bool) -> View:
    lines = tuple(
        (sight.line["seq"], sight.line["sender"], sight.line["text"])
        for sight in tab.view
    )
    return View(lines, tuple(tab.faults), is_complete)
