"""One turn from the queue to its end: an answer, or an apology."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.db import Sessions
from crm_backend.rasa_client import BotAnswer, BotFailure, RasaClient
from crm_backend.services import turns
from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.turn_context import TIMED_OUT
from crm_backend.services.turns import ClaimedTurn

log = logging.getLogger(__name__)

READ_SECONDS = 0.1
# How long a bot is listened to after its time was up.
LATE_SECONDS = 60.0
# A database that is busy or restarting gets this many chances to take an answer.
STORE_AFTER_SECONDS = (0.0, 0.3, 1.5)

Store = Callable[[AsyncSession], Awaitable[None]]


class TurnRunner:
    """Asks the bot and sees that each turn ends in an answer or apology."""

    def __init__(
        self,
        sessions: Sessions,
        rasa: RasaClient,
        hours: BusinessHours,
        *,
        timeout_seconds: float,
    ) -> None:
        self._sessions = sessions
        self._rasa = rasa
        self._hours = hours
        self._timeout_seconds = timeout_seconds
        self._late: set[asyncio.Task[None]] = set()

    async def run(self, claimed: ClaimedTurn) -> None:
        """Run a turn until its end is stored."""
        if claimed.request is None:
            await self._end(claimed, None, claimed.refusal)
            return
        asking = asyncio.create_task(self._rasa.ask(claimed.request))
        try:
            await asyncio.wait({asking}, timeout=self._timeout_seconds)
            # After a pause of this process the answer may be there, not yet read.
            await asyncio.wait({asking}, timeout=READ_SECONDS)
            if asking.done():
                answer, failure = _result(claimed, asking)
                await self._end(claimed, answer, failure)
            elif await self._end(claimed, None, TIMED_OUT):
                self._listen_on(claimed, asking)
                return
        except asyncio.CancelledError:
            asking.cancel()
            raise
        asking.cancel()

    async def close(self) -> None:
        """Listen to no late answer any more."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    async def _end(
        self, claimed: ClaimedTurn, answer: BotAnswer | None, failure: str | None
    ) -> bool:
        """Store how a turn ended; False if it has to be tried again."""
        if answer is not None and failure is None:
            found = answer
            if await self._store(
                claimed, lambda s: turns.finish(s, claimed, found, self._hours)
            ):
                return True
        else:
            code = failure or "internal_error"
            log.warning("turn %s failed: %s", claimed.id, code)
            if await self._store(
                claimed, lambda s: turns.fail(s, claimed, code, self._hours, answer)
            ):
                return True
        if await self._store(
            claimed, lambda s: turns.fail(s, claimed, "internal_error", self._hours)
        ):
            return True
        log.error("turn %s cannot be stored; it will be tried again", claimed.id)
        return False

    def _listen_on(self, claimed: ClaimedTurn, asking: asyncio.Task[BotAnswer]) -> None:
        task = asyncio.create_task(self._keep_late(claimed, asking))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _keep_late(
        self, claimed: ClaimedTurn, asking: asyncio.Task[BotAnswer]
    ) -> None:
        try:
            await asyncio.wait({asking}, timeout=LATE_SECONDS)
            if not asking.done():
                return
            answer, _failure = _result(claimed, asking)
            if answer is not None:
                found = answer
                await self._store(claimed, lambda s: turns.keep_late(s, claimed, found))
        finally:
            asking.cancel()

    async def _store(self, claimed: ClaimedTurn, store: Store) -> bool:
        """Store something of a turn; False if the database would not take it."""
        for seconds in STORE_AFTER_SECONDS:
            await asyncio.sleep(seconds)
            try:
                async with self._sessions.begin() as session:
                    await store(session)
            except Exception:
                log.exception("turn %s: storing its end failed", claimed.id)
            else:
                return True
        return False


def _result(
    claimed: ClaimedTurn, asking: asyncio.Task[BotAnswer]
) -> tuple[BotAnswer | None, str | None]:
    """Return the bot's answer, if any, and why it is none, if so."""
    try:
        answer = asking.result()
    except BotFailure as err:
        return None, err.code
    except asyncio.CancelledError:
        # The conversation goes on at another address.
        return None, "unreachable"
    except Exception:
        log.exception("turn %s: asking the bot failed", claimed.id)
        return None, "internal_error"
    return answer, answer.failure()
