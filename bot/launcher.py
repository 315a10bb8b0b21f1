"""Starts the Rasa server with one model and one channel, on loopback only."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from typing import Any

import structlog

from bot.config import Config
from bot.model_files import ROOT, find_newest
from bot.rasa_version import SUPPORTED_VERSION, UnsupportedRasa, check_rasa_version
from bot.without_tensorflow import import_rasa_without_tensorflow

HOST = "127.0.0.1"
# A turn is small work: more threads would only get into each other's way, and every
# library would make some of its own.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_INTRA_OP_PARALLELISM_THREADS": "1",
    "TF_INTER_OP_PARALLELISM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "RASA_TELEMETRY_ENABLED": "false",
    "LOG_LEVEL": "WARNING",
    "LOG_LEVEL_LIBRARIES": "ERROR",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}


class LaunchError(RuntimeError):
    """The server cannot start; the message is one sentence."""


def prepare_environment() -> None:
    """Set what has to be set before Rasa is imported; what is set already stays."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # Rasa's libraries warn about one another, which nobody who runs this can help.
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    logging.basicConfig(
        level=os.environ["LOG_LEVEL"],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # Unless told otherwise, this prints every step of Rasa with what the customer said,
    # which also takes longer than the steps.
    structlog.configure(
        processors=[_name_of_event],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _name_of_event(logger: Any, method: str, event: dict[str, Any]) -> str:
    """Log what happened, and none of the texts it happened to."""
    return str(event.get("event"))


def serve(config: Config) -> None:
    """Answer the gateway until the process is told to stop.

    Raises:
        LaunchError: if there is no usable model, or the port is taken.
    """
    listener = bind(config.bot_port)
    model = find_newest(config.model_dir)
    if model is None:
        raise LaunchError(
            f"There is no trained model in {config.model_dir}:"
            " make one with 'python -m bot train'."
        )
    app = build_app(config, model)
    print(
        f"Deskmate's bot: {model.name} on http://{HOST}:{config.bot_port}", flush=True
    )
    app.run(sock=listener, workers=1, access_log=False, debug=False)


def build_app(config: Config, model: Path):
    """The Rasa server with its model loaded, not yet listening.

    Raises:
        LaunchError: if the model cannot be loaded.
    """
    os.environ.update(config.as_variables())
    try:
        check_rasa_version()
    except UnsupportedRasa as err:
        raise LaunchError(str(err)) from err
    import_rasa_without_tensorflow()
    from rasa.core.run import configure_app, create_http_input_channels

    from bot.rasa_patches import apply_patches
    from bot.sentence_encoder import EncoderError, load_encoders

    apply_patches(config.action_timeout_seconds)
    try:
        load_encoders()
    except EncoderError as err:
        raise LaunchError(str(err)) from err
    channels = create_http_input_channels(None, str(ROOT / "credentials.yml"))
    app = configure_app(channels, enable_api=False, port=config.bot_port)
    agent = app.ctx.agent = load_agent(model)

    @app.after_server_stop
    async def close_connections(_app: Any, _loop: Any) -> None:
        await agent.action_endpoint.close()

    return app


def load_agent(model: Path):
    """Load the model and connect it to what endpoints.yml names.

    Raises:
        LaunchError: if the model cannot be loaded.
    """
    from rasa.core.agent import Agent
    from rasa.core.lock_store import LockStore
    from rasa.core.tracker_store import TrackerStore
    from rasa.core.utils import AvailableEndpoints

    from bot.action_endpoint import ActionEndpoint

    endpoints = AvailableEndpoints.read_endpoints(str(ROOT / "endpoints.yml"))
    tracker_store = TrackerStore.create(endpoints.tracker_store)
    actions = endpoints.action
    agent = Agent(
        generator=endpoints.nlg,
        tracker_store=tracker_store,
        lock_store=LockStore.create(endpoints.lock_store),
        action_endpoint=ActionEndpoint(actions.url, actions.headers, SUPPORTED_VERSION),
    )
    # Without Rasa's wrapper, which answers a failing database by forgetting the
    # conversation: a turn that cannot be kept has to fail.
    agent.tracker_store = tracker_store
    try:
        agent.load_model(model)
    except Exception as err:
        reason = " ".join(str(err).split()) or type(err).__name__
        raise LaunchError(
            f"The model {model} cannot be loaded ({reason}); delete it and start"
            " again, which trains a new one."
        ) from err
    tracker_store.n_states = _count_states(agent)
    return agent


def _count_states(agent: Any) -> int | None:
    """How many states of a dialogue the model looks at; None if that is not known."""
    from rasa.core.policies.policy import Policy
    from rasa.core.policies.rule_policy import RulePolicy

    from bot.rule_lookup import count_states

    nodes = agent.processor.graph_runner._instantiated_nodes.values()
    policies = [n._component for n in nodes if isinstance(n._component, Policy)]
    if all(isinstance(policy, RulePolicy) for policy in policies):
        return max(map(count_states, policies), default=None)
    return None


def bind(port: int) -> socket.socket:
    """Take the port on loopback.

    Raises:
        LaunchError: if it is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as err:
        listener.close()
        raise LaunchError(f"BOT_PORT {port} is taken: {err.strerror}.") from err
    return listener
