"""The conversation gateway as a part of the application."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from crm_backend.gateway_file import GatewayFile
from crm_backend.keys import CONFIG, ENGINE, GATEWAY_TASKS, SESSIONS, WAKEUPS
from crm_backend.notifications import NotificationListener
from crm_backend.rasa_addresses import RasaAddresses
from crm_backend.rasa_client import RasaClient, make_http
from crm_backend.services.business_hours import BusinessHours
from crm_backend.turn_runner import TurnRunner
from crm_backend.turn_worker import TurnWorker

# For each of the bot's processes.
N_AT_ONCE = 16
# How much of a turn's time it may wait for a bot that is restarted.
PATIENT_SHARE = 0.9
LISTENING_AFTER_SECONDS = 0.2


async def run_gateway(app: web.Application) -> AsyncIterator[None]:
    """Run the worker, and listen to other gateways, while the application runs."""
    config, sessions, wakeups = app[CONFIG], app[SESSIONS], app[WAKEUPS]
    sessions.configure(info={"wakeups": wakeups})
    addresses = RasaAddresses(config.bot_urls)
    file = GatewayFile(config.database_url)
    turn_seconds = config.turn_timeout_seconds
    async with make_http() as http:
        # What no bot has seen by then is not sent any more, as its apology is due.
        rasa = RasaClient(
            http, addresses, patience_seconds=turn_seconds * PATIENT_SHARE
        )
        hours = BusinessHours.of(config)
        runner = TurnRunner(sessions, rasa, hours, timeout_seconds=turn_seconds)
        worker = TurnWorker(
            sessions,
            runner,
            wakeups,
            claims_key=config.claims_key,
            n_at_once=N_AT_ONCE * len(config.bot_urls),
            alone_at=file.join(),
        )
        tasks = app[GATEWAY_TASKS]
        tasks.append(asyncio.create_task(_work(worker)))
        tasks.append(asyncio.create_task(addresses.watch(http)))
        if app[ENGINE].dialect.name == "postgresql":
            listener = NotificationListener(app[ENGINE], wakeups)
            tasks.append(asyncio.create_task(listener.run()))
        yield
        await stop_gateway(app)
        await runner.close()
    file.leave()


async def stop_gateway(app: web.Application) -> None:
    """Leave all turns to others, before the API goes that their actions need."""
    tasks = app[GATEWAY_TASKS]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()


async def _work(worker: TurnWorker) -> None:
    """Begin once this process listens: the actions of a turn ask its API."""
    await asyncio.sleep(LISTENING_AFTER_SECONDS)
    await worker.run()
