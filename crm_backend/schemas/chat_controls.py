"""What a visitor decides about a conversation."""

from crm_backend.api import Schema
from crm_backend.principal import Language
from crm_backend.schemas.ratings import RatingStateOut
from crm_backend.services.conversations import Mode


class EndedOut(Schema):
    """How the conversation stands."""

    mode: Mode
    last_seq: int
    rating: RatingStateOut


class LanguageIn(Schema):
    """The language to be answered in."""

    language: Language


class LanguageOut(LanguageIn):
    """The language from now on."""


class TranscriptQuery(Schema):
    """What a colleague's copy holds."""

    # Also what colleagues wrote for colleagues.
    notes: bool = False
