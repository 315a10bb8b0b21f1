"""The log of a conversation: adding to it and reading from it.

Whoever adds holds the conversation's lock (`conversations.lock`), so that sequence
numbers have no doubles and become visible in their order.
"""

import re
import unicodedata
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.errors import Conflict, Invalid
from crm_backend.models import Conversation, Message, utc_now
from crm_backend.principal import Language
from crm_backend.wakeups import INBOX, wake_after_commit

# More than anybody types into a chat.
MAX_TEXT = 4000
# How far back a button still counts as offered.
OFFERED_LINES = 200

# So many words or Chinese characters are no longer a name or a courtesy.
N_CLEAR = 3

_WORD = re.compile(r"[^\W\d_]{2,}")
_HAN = re.compile(r"[〇㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]")
# Japanese has Han characters too, but no Chinese text has so many of these; a single
# one is borrowed now and then.
_KANA = re.compile(r"[ぁ-ゖァ-ヺ].*[ぁ-ゖァ-ヺ]", re.DOTALL)
# Addresses and references (DM-123456, SKU_9) belong to no language, nor does "ok".
# Each begins where a word does: elsewhere a long word would be read once a letter.
_NEUTRAL = re.compile(
    r"(?<!\S)\S+@\S+|https?://\S+|(?<![\w-])[\w-]*\d[\w-]*|\bok(?:ay)?\b", re.I
)


def detect_language(text: str, otherwise: str, *, is_chosen: bool = False) -> Language:
    """Tell which language to answer a text in.

    Args:
        text: what somebody wrote.
        otherwise: the language if the text shows none.
        is_chosen: they asked for that language, so that a name or a word of the
            other one is not enough.
    """
    text = unicodedata.normalize("NFKC", text)
    if _HAN.search(text) and not _KANA.search(text):
        if not is_chosen or len(_HAN.findall(text)) >= N_CLEAR:
            return "zh"
    elif any(char.isalpha() for char in _NEUTRAL.sub(" ", text)):
        n_words = len(_WORD.findall(_NEUTRAL.sub(" ", text)))
        if not is_chosen or n_words >= N_CLEAR:
            return "en"
    return "zh" if otherwise == "zh" else "en"


def clean_text(text: str) -> str:
    """Trim a text and drop what no database or screen can hold.

    Returns:
        the text, or "" if nothing in it can be seen.
    """
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")
    visible = any(unicodedata.category(c)[0] not in "CZ" for c in kept)
    return kept.strip() if visible else ""


def checked_text(text: str, language: str) -> str:
    """Return a text that somebody wrote as it is stored.

    Raises:
        Invalid: there is nothing to see in it, or too much.
    """
    text = clean_text(text)
    if not text:
        raise Invalid("message_empty", say("message_empty", language))
    if len(text) > MAX_TEXT:
        raise Invalid(
            "message_too_long", say("message_too_long", language, limit=MAX_TEXT)
        )
    return text


def append(session: AsyncSession, conversation: Conversation, **values: Any) -> Message:
    """Add the next line to the log and wake whoever watches it.

    The transaction holds the conversation's lock; `values` are columns of Message.
    """
    now = utc_now()
    conversation.last_seq += 1
    conversation.last_message_at = now
    defaults = {
        "created_at": now,
        "language": conversation.language,
        "buttons": [],
        "blocks": [],
        "suppressed": False,
    }
    message = Message(
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        **(defaults | values),
    )
    session.add(message)
    wake_after_commit(session, conversation.id)
    wake_after_commit(session, INBOX)
    return message


# Statements are built once: that takes longer than to run them.
_REPEAT = select(Message).where(
    Message.conversation_id == bindparam("conversation_id"),
    Message.client_message_id == bindparam("client_message_id"),
)
_ALL_AFTER = (
    select(Message)
    .where(
        Message.conversation_id == bindparam("conversation_id"),
        Message.seq > bindparam("after"),
    )
    .order_by(Message.seq)
    .limit(bindparam("limit"))
)
_AFTER = _ALL_AFTER.where(~Message.suppressed)
_FROM_BOT = (
    select(Message)
    .where(
        Message.conversation_id == bindparam("conversation_id"),
        Message.sender == "bot",
        ~Message.suppressed,
    )
    .order_by(Message.seq.desc())
    .limit(bindparam("limit"))
)


async def find_repeat(
    session: AsyncSession, conversation_id: str, client_message_id: str
) -> Message | None:
    """Return the line an earlier post with the same id already made."""
    return await session.scalar(
        _REPEAT,
        {"conversation_id": conversation_id, "client_message_id": client_message_id},
    )


async def list_after(
    session: AsyncSession,
    conversation_id: str,
    *,
    after: int,
    limit: int,
    with_suppressed: bool = False,
) -> list[Message]:
    """Return the lines after sequence number `after`, in order."""
    values = {"conversation_id": conversation_id, "after": after, "limit": limit}
    query = _ALL_AFTER if with_suppressed else _AFTER
    return list(await session.scalars(query, values))


async def refuse_unseen(
    session: AsyncSession, conversation_id: str, seen_seq: int, language: str
) -> None:
    """Keep an answer back that was written before something newer came.

    Args:
        session: that holds the conversation's lock.
        conversation_id: which.
        seen_seq: the last line that whoever answers has seen.
        language: of the refusal.

    Raises:
        Conflict: `newer_arrived`; what the system says does not count.
    """
    newest = await session.scalar(
        select(Message.seq)
        .where(
            Message.conversation_id == conversation_id,
            Message.seq > seen_seq,
            Message.sender != "system",
            ~Message.suppressed,
        )
        .limit(1)
    )
    if newest is not None:
        raise Conflict("newer_arrived", say("newer_arrived", language))


async def find_last_of_customer(
    session: AsyncSession, conversation_id: str
) -> Message | None:
    """Return what the customer said last in words."""
    return await session.scalar(
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.sender == "customer",
            Message.text.is_not(None),
        )
        .order_by(Message.seq.desc())
        .limit(1)
    )


async def find_offered_title(
    session: AsyncSession, conversation_id: str, payload: str
) -> str | None:
    """Return the title of the button that offered `payload`, latest first."""
    values = {"conversation_id": conversation_id, "limit": OFFERED_LINES}
    for message in await session.scalars(_FROM_BOT, values):
        for button in message.buttons:
            if button["payload"] == payload:
                return str(button["title"])
    return None


async def find_verify_block(
    session: AsyncSession, conversation_id: str
) -> dict[str, Any] | None:
    """Return the last bot line's request to prove who speaks, if it is one."""
    values = {"conversation_id": conversation_id, "limit": 1}
    message = await session.scalar(_FROM_BOT, values)
    blocks = message.blocks if message else []
    return next((block for block in blocks if block.get("type") == "verify"), None)
