"""Proving who speaks by typing into the chat.

The gateway itself handles an address or a code that is typed while it is asked for:
the bot never sees them, and the log keeps no code.
"""

import re
import unicodedata
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.config import Config
from crm_backend.errors import AppError
from crm_backend.models import Conversation
from crm_backend.rate_limits import Caller
from crm_backend.services import messages, verification

MASK = "••••••"
# Longer texts say more than an address or a code.
MAX_TYPED = 120

# Six digits, also as 123 456, that are not part of a reference such as DM-123456.
_CODE = re.compile(r"(?<![0-9A-Za-z#_-])(\d{3})[ -]?(\d{3})(?![0-9A-Za-z_-])", re.A)


@dataclass(frozen=True)
class Typed:
    """An address or a code somebody typed, and the text the log may keep."""

    kept_text: str
    email: str | None = None
    code: str | None = None


async def read_typed(
    session: AsyncSession, conversation: Conversation, text: str
) -> Typed | None:
    """Return the address or code in `text`, if one is being asked for."""
    if conversation.staff_id is not None or conversation.customer_id is not None:
        return None
    plain = unicodedata.normalize("NFKC", text)
    email, code = find_email(plain), find_code(plain)
    if email is None and code is None:
        return None
    is_asked = await messages.find_verify_block(session, conversation.id) is not None
    if email is not None:
        return Typed(kept_text=text, email=email) if is_asked else None
    if await verification.is_code_pending(session, conversation) or (
        is_asked and await verification.was_code_sent(session, conversation)
    ):
        return Typed(kept_text=_CODE.sub(MASK, plain), code=code)
    return None


async def answer_typed(
    session: AsyncSession,
    config: Config,
    caller: Caller,
    conversation: Conversation,
    typed: Typed,
) -> None:
    """Do what was typed and say how it went, in the bot's place."""
    try:
        if typed.email is not None:
            await verification.send_code(
                session, config, caller, conversation, typed.email
            )
            text = say(
                "code_sent",
                conversation.language,
                email=typed.email,
                minutes=verification.code_minutes(),
            )
        else:
            # On success it says so itself, before the bot goes on.
            await verification.confirm_code(
                session, config, conversation, typed.code or ""
            )
            return
    except AppError as err:
        text = err.message
    messages.append(session, conversation, sender="system", text=text)


def find_email(text: str) -> str | None:
    """Return the one address a short text mentions."""
    found = verification.EMAIL.findall(text) if len(text) <= MAX_TYPED else []
    return verification.normalise_email(found[0]) if len(found) == 1 else None


def find_code(text: str) -> str | None:
    """Return the one code of six digits a short text mentions."""
    found = _CODE.findall(text) if len(text) <= MAX_TYPED else []
    return "".join(found[0]) if len(found) == 1 else None
