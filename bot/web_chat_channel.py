"""The channel through which the conversation gateway talks to the assistant."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.core.lock_store import LockError
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.said_meanwhile import read_lines
from bot.turn_output import CHANNEL_NAME
from bot.turn_runner import Turn, TurnRunner

logger = logging.getLogger(__name__)

AUDIENCE = "deskmate"
MAX_CHARACTERS = 10_000
REQUIRED_CLAIMS = ["exp", "aud", "sub", "cid", "tid"]
FIELDS = ("turn_id", "conversation_id", "kind", "text", "claims")


class TurnRefused(Exception):
    """A turn that is not handled, with the answer to give instead."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class WebChatChannel(InputChannel):
    """Answers one turn per request, all of its messages at once."""

    def __init__(self, claims_key: str) -> None:
        self._claims_key = claims_key
        self._turns = TurnRunner()

    @classmethod
    def name(cls) -> str:
        """Name of the channel."""
        return CHANNEL_NAME

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        """Build the channel from its entry in credentials.yml."""
        if not credentials:
            cls.raise_missing_credentials_exception()
        return cls(credentials["claims_key"])

    def blueprint(
        self, on_new_message: Callable[[UserMessage], Awaitable[Any]]
    ) -> Blueprint:
        """Defines the routes; the agent is taken from the application."""
        blueprint = Blueprint("web_chat_channel")

        @blueprint.get("/health")
        async def health(request: Request) -> HTTPResponse:
            agent = _agent_of(request.app)
            if agent is None:
                return _error(503, "model_missing", "No model is loaded.")
            return response.json({"status": "ok", "model_id": agent.model_id})

        @blueprint.post("/turns")
        async def turns(request: Request) -> HTTPResponse:
            return await self._answer(request)

        return blueprint

    async def _answer(self, request: Request) -> HTTPResponse:
        """Handle a turn, and turn whatever goes wrong into an answer in JSON."""
        try:
            turn = _read_turn(request)
            claims = self._read_claims(turn)
            agent = _agent_of(request.app)
            if agent is None:
                raise TurnRefused(503, "model_missing", "No model is loaded.")
            return response.json(await self._turns.answer(agent, turn, claims))
        except TurnRefused as refused:
            return _error(refused.status, refused.code, str(refused))
        except LockError as err:
            return _error(503, "conversation_busy", str(err))
        except Exception as err:
            # The message of an exception may quote the customer, so only its kind and
            # its place are logged.
            logger.error("A turn failed: %s", _where(err))
            return _error(500, "turn_failed", "The turn could not be handled.")

    def _read_claims(self, turn: Turn) -> dict[str, Any]:
        try:
            claims = jwt.decode(
                turn.claims,
                self._claims_key,
                algorithms=["HS256"],
                audience=AUDIENCE,
                options={"require": REQUIRED_CLAIMS},
            )
        except jwt.InvalidTokenError as err:
            raise TurnRefused(401, "claims_invalid", f"The claims: {err}.") from err
        if (claims["cid"], claims["tid"]) != (turn.conversation_id, turn.turn_id):
            raise TurnRefused(
                401, "claims_invalid", "The claims are those of another turn."
            )
        return claims


def _read_turn(request: Request) -> Turn:
    body = _json_of(request)
    if not isinstance(body, dict):
        raise TurnRefused(400, "invalid_request", "The body is not a JSON object.")
    for field in FIELDS:
        if not isinstance(body.get(field), str) or not body[field]:
            raise TurnRefused(400, "invalid_request", f"{field} has to be a text.")
    if len(body["text"]) > MAX_CHARACTERS:
        raise TurnRefused(
            400, "invalid_request", f"text is longer than {MAX_CHARACTERS} characters."
        )
    fresh = body.get("fresh", False)
    if not isinstance(fresh, bool):
        raise TurnRefused(400, "invalid_request", "fresh is either true or false.")
    try:
        said = read_lines(body.get("said", []))
    except ValueError as err:
        raise TurnRefused(
            400, "invalid_request", "said is a list of lines with sender and text."
        ) from err
    return Turn(
        turn_id=body["turn_id"],
        conversation_id=body["conversation_id"],
        text=_command_or_words(body["kind"], body["text"]),
        claims=body["claims"],
        fresh=fresh,
        said=said,
    )


def _json_of(request: Request) -> Any:
    try:
        return request.json
    except Exception as err:
        raise TurnRefused(400, "invalid_request", "The body is not JSON.") from err


def _command_or_words(kind: str, text: str) -> str:
    if kind == "payload":
        if not text.startswith("/"):
            raise TurnRefused(400, "invalid_request", "A payload begins with a slash.")
        return text
    if kind == "text":
        return without_command(text)
    raise TurnRefused(400, "invalid_request", "kind is either text or payload.")


def without_command(text: str) -> str:
    """Take away the slash that would make Rasa read words as a command.

    Spaces, control and invisible characters before it are taken away with it.
    """
    for position, character in enumerate(text):
        invisible = character.isspace() or unicodedata.category(character)[0] == "C"
        if character not in "/／" and not invisible:
            return text[position:]
    return ""


def _agent_of(app: Sanic) -> Agent | None:
    agent = getattr(app.ctx, "agent", None)
    return agent if agent is not None and agent.is_ready() else None


def _where(err: BaseException) -> str:
    trace = err.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return type(err).__name__
    code = trace.tb_frame.f_code
    return f"{type(err).__name__} in {code.co_filename}:{trace.tb_lineno}"


def _error(status: int, code: str, message: str) -> HTTPResponse:
    return response.json({"error": {"code": code, "message": message}}, status=status)
