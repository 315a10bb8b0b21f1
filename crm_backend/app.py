"""The application: the only place where everything is wired."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from sqlalchemy import text

from crm_backend import __version__, predictors
from crm_backend.api import to_route
from crm_backend.articles.library import ArticleLibrary
from crm_backend.client_address import make_forwarded
from crm_backend.config import Config
from crm_backend.cors import setup_cors
from crm_backend.db import make_engine, make_sessions, reading
from crm_backend.gateway import run_gateway, stop_gateway
from crm_backend.handlers.api_docs import setup_api_docs
from crm_backend.handlers.socket import N_READS_AT_ONCE, chat_socket, close_sockets
from crm_backend.handoff_watch import run_handoff_watch
from crm_backend.keys import (
    ARTICLES,
    CONFIG,
    ENGINE,
    GATEWAY_TASKS,
    RATE_LIMITS,
    SESSIONS,
    SOCKET_READS,
    SOCKETS,
    WAKEUPS,
)
from crm_backend.mail_delivery import run_mail_delivery
from crm_backend.middleware import errors, request_id, security_headers
from crm_backend.rate_limits import RateLimits
from crm_backend.routes import ENDPOINTS
from crm_backend.services import summaries
from crm_backend.wakeups import Wakeups
from crm_backend.web.pages import setup_pages

# Room for an address or a complaint; attachments have a limit of their own.
MAX_BODY_BYTES = 256 * 1024
# No question of a page or a conversation takes so long, unless the database hangs.
COMMAND_SECONDS = 30


def create_app(config: Config) -> web.Application:
    """Build the CRM for `config`; nothing is opened before it starts."""
    app = web.Application(
        middlewares=[
            make_forwarded(config.trusted_proxies),
            request_id,
            security_headers,
            errors,
        ],
        client_max_size=MAX_BODY_BYTES,
    )
    app[CONFIG] = config
    app[RATE_LIMITS] = RateLimits(config)
    app[ARTICLES] = ArticleLibrary(config.articles_dir)
    app[WAKEUPS] = Wakeups()
    app[SOCKETS] = set()
    app[SOCKET_READS] = asyncio.Semaphore(N_READS_AT_ONCE)
    app[GATEWAY_TASKS] = []
    app.cleanup_ctx.append(_database)
    app.cleanup_ctx.append(_articles)
    app.cleanup_ctx.append(run_gateway)
    app.cleanup_ctx.append(run_mail_delivery)
    app.cleanup_ctx.append(run_handoff_watch)
    app.on_shutdown.append(stop_gateway)
    app.on_shutdown.append(close_sockets)
    app.on_cleanup.append(_close_limits)
    app.router.add_get("/api/v1/chat/socket", chat_socket)
    app.router.add_get("/healthz", _health)
    app.add_routes([to_route(endpoint) for endpoint in ENDPOINTS])
    setup_api_docs(app)
    setup_pages(app)
    setup_cors(app)
    return app


async def warm_articles(app: web.Application) -> AsyncIterator[None]:
    """Load the encoder in the background, so that the first question is quick."""
    warming = asyncio.create_task(app[ARTICLES].warm())
    yield
    warming.cancel()


async def warm_summaries(app: web.Application) -> AsyncIterator[None]:
    """Load the summarizer in the background, for the first long chat."""
    warming = asyncio.create_task(asyncio.to_thread(summaries.warm_up))
    yield
    warming.cancel()


async def warm_predictors(app: web.Application) -> AsyncIterator[None]:
    """Load scikit-learn in the background, for the first prediction."""
    warming = asyncio.create_task(asyncio.to_thread(predictors.warm_up))
    yield
    warming.cancel()


async def _close_limits(app: web.Application) -> None:
    await app[RATE_LIMITS].close()


async def _database(app: web.Application) -> AsyncIterator[None]:
    engine = make_engine(app[CONFIG].database_url, command_seconds=COMMAND_SECONDS)
    app[ENGINE] = engine
    app[SESSIONS] = make_sessions(engine)
    yield
    await engine.dispose()


async def _articles(app: web.Application) -> AsyncIterator[None]:
    await app[ARTICLES].open()
    yield
    app[ARTICLES].close()


async def _health(request: web.Request) -> web.Response:
    async with reading(request.app[SESSIONS]) as session:
        await session.execute(text("select 1"))
    return web.json_response({"status": "ok", "version": __version__})
