"""The chat protocol between the widget and the gateway."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from crm_backend.api import Schema
from crm_backend.principal import Language, Level
from crm_backend.services.conversations import Channel, Mode

Sender = Literal["customer", "bot", "agent", "system"]
# Above what a text may have, so that too long gets its own answer.
MAX_RAW_TEXT = 100_000
MAX_PAYLOAD = 2_000


# Room for an EdDSA signature and long names; a header would not hold more either.
IdentityToken = Annotated[str, Field(min_length=1, max_length=4_096)]


class ConversationIn(Schema):
    """Who wants to chat."""

    language: Language = "en"
    channel: Channel = "customer"
    # Signed by the shop's server; the conversation is that customer's from the start.
    identity: IdentityToken | None = None


class ConversationOpenedOut(Schema):
    """A new conversation; the token is shown this once."""

    conversation_id: str
    token: str
    last_seq: int
    mode: Mode


class MessageIn(Schema):
    """A text, or the payload of a button that was offered."""

    client_message_id: UUID
    text: str | None = Field(None, max_length=MAX_RAW_TEXT)
    payload: str | None = Field(None, max_length=MAX_PAYLOAD)
    # Accepted for the widget's own log; the button's real title is what is kept.
    title: str | None = Field(None, max_length=MAX_PAYLOAD)

    @model_validator(mode="after")
    def _has_one_of_them(self) -> Self:
        if (self.text is None) == (self.payload is None):
            raise ValueError("send either text or payload")
        return self


class ButtonOut(Schema):
    """A choice to press."""

    title: str
    payload: str


class MessageOut(Schema):
    """One line of a conversation."""

    seq: int
    sender: Sender
    text: str | None
    buttons: list[ButtonOut]
    blocks: list[dict[str, Any]]
    client_message_id: str | None
    language: Language
    created_at: datetime

    @field_validator("blocks")
    @classmethod
    def _keep_commands_here(cls, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Leave out what the bot is asked after a proof: only the gateway sends it."""
        return [
            {name: value for name, value in block.items() if name != "resume"}
            if block.get("type") == "verify"
            else block
            for block in blocks
        ]


class MessagesQuery(Schema):
    """Where to go on reading."""

    after: int = Field(0, ge=0, le=2**31 - 1)
    limit: int = Field(100, ge=1, le=200)


class MessagesOut(Schema):
    """The lines after a sequence number, and how the conversation stands."""

    items: list[MessageOut]
    last_seq: int
    mode: Mode
    level: Level


class IdentityIn(Schema):
    """What the shop's server signed."""

    token: IdentityToken


class IdentityOut(Schema):
    """Who the conversation belongs to now."""

    name: str


class VerificationIn(Schema):
    """The address a code shall go to."""

    email: str = Field(max_length=1_000)


class VerificationOut(Schema):
    """The same answer whether the address is known or not."""

    expires_in_seconds: int


class ConfirmationIn(Schema):
    """The code from the mail."""

    code: str = Field(max_length=40)


class ConfirmationOut(Schema):
    """Who the conversation belongs to now."""

    verified: Literal[True] = True
    name: str
