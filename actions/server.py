"""The HTTP endpoint that Rasa calls, in one process and on loopback only."""

from __future__ import annotations

import asyncio
import hmac
import inspect
import socket
import warnings
from typing import Any

from rasa_sdk.executor import ActionExecutor
from sanic import HTTPResponse, Request, Sanic, json

from actions import (
    articles,
    conversations,
    fallbacks,
    insights,
    orders,
    outlook,
    payments,
    products,
    refunds,
    risks,
    sales,
    segments,
    staff,
    tickets,
)
from actions.base import CrmAction
from actions.config import Config
from actions.crm_client import CrmClient
from actions.languages import load_identifier

HOST = "127.0.0.1"
MODULES = (
    articles,
    conversations,
    fallbacks,
    insights,
    orders,
    outlook,
    payments,
    products,
    refunds,
    risks,
    sales,
    segments,
    staff,
    tickets,
)

# Above the 45 s after which Rasa drops an idle connection, so that it never
# writes into one that is being closed here.
KEEP_ALIVE_SECONDS = 60


def list_actions() -> list[type[CrmAction]]:
    """All actions of this package that can be run."""
    found = {
        member
        for module in MODULES
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, CrmAction) and not inspect.isabstract(member)
    }
    return sorted(found, key=lambda action: action.__name__)


def build_app(config: Config, crm: CrmClient | None = None) -> Sanic[Any, Any]:
    """The action server, not yet listening."""
    # The server is newer than the Rasa that calls it; the JSON is the same.
    warnings.filterwarnings("ignore", message="Your versions of rasa and")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rasa_sdk.endpoint import create_app

    crm = crm or CrmClient(config)
    executor = ActionExecutor()
    for action in list_actions():
        executor.register_action(action(crm))
    app: Sanic[Any, Any] = create_app(executor, cors_origins=[])
    app.config.KEEP_ALIVE_TIMEOUT = KEEP_ALIVE_SECONDS

    @app.before_server_start
    async def get_ready(_: Any) -> None:
        # Not in the first turn: it takes longer than an answer may.
        await asyncio.to_thread(load_identifier)
        await crm.open()

    @app.after_server_stop
    async def close_connections(_: Any) -> None:
        await crm.close()

    if config.actions_key:
        _require_key(app, config.actions_key)
    return app


def bind(port: int) -> socket.socket:
    """Take the port.

    Raises:
        OSError: if it is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


def serve(config: Config, listener: socket.socket) -> None:
    """Answer Rasa until the process is told to stop."""
    app = build_app(config)
    app.run(sock=listener, single_process=True, access_log=False, motd=False)


def _require_key(app: Sanic[Any, Any], key: str) -> None:
    @app.on_request
    async def check_key(request: Request) -> HTTPResponse | None:
        given = request.headers.get("X-Actions-Key", "")
        if request.path == "/health" or hmac.compare_digest(
            given.encode(), key.encode()
        ):
            return None
        return json({"error": "X-Actions-Key is missing or wrong"}, status=401)
