"""Tags on conversations."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.errors import Conflict, Invalid
from crm_backend.models import ConversationTag, Tag
from crm_backend.principal import Principal
from crm_backend.services import desk, messages

MAX_LENGTH = 40
# More would hide what a row of the inbox is about.
MAX_TAGS = 12


def checked_name(text: str, language: str) -> str:
    """Return a tag's name as it is stored.

    Raises:
        Invalid: `tag_invalid`, there is nothing to see in it, or too much.
    """
    name = " ".join(messages.clean_text(text).lstrip("#").lower().split())
    if not name or len(name) > MAX_LENGTH:
        raise Invalid("tag_invalid", say("tag_invalid", language, limit=MAX_LENGTH))
    return name


async def add_tag(
    session: AsyncSession, principal: Principal, conversation_id: str, text: str
) -> None:
    """Put a tag on a conversation; one that is there stays.

    Raises:
        Invalid: `tag_invalid`.
        NotFound: the conversation is not one this colleague may see.
        Conflict: `too_many_tags`, `conversation_merged`.
    """
    name = checked_name(text, principal.language)
    conversation = await desk.lock_for_change(session, principal, conversation_id)
    present = await list_tags(session, [conversation_id])
    names = present.get(conversation_id, [])
    if name in names:
        return
    if len(names) >= MAX_TAGS:
        text = say("too_many_tags", principal.language, limit=MAX_TAGS)
        raise Conflict("too_many_tags", text)
    tag = await session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        tag = Tag(name=name)
        session.add(tag)
        await session.flush()
    session.add(ConversationTag(conversation_id=conversation_id, tag_id=tag.id))
    desk.record(session, principal, conversation, "tagged", name)


async def remove_tag(
    session: AsyncSession, principal: Principal, conversation_id: str, name: str
) -> None:
    """Take a tag off a conversation; one that is not there is fine.

    Raises:
        NotFound: the conversation is not one this colleague may see.
        Conflict: `conversation_merged`.
    """
    conversation = await desk.lock_for_change(session, principal, conversation_id)
    found = await session.scalar(
        select(ConversationTag)
        .join(Tag)
        .where(ConversationTag.conversation_id == conversation_id, Tag.name == name)
    )
    if found is not None:
        await session.delete(found)
        desk.record(session, principal, conversation, "untagged", name)


async def list_tags(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the tags of each conversation that has some, by name."""
    query = (
        select(ConversationTag.conversation_id, Tag.name)
        .join(Tag)
        .where(ConversationTag.conversation_id.in_(ids))
        .order_by(Tag.name)
    )
    found: dict[str, list[str]] = {}
    for conversation_id, name in await session.execute(query):
        found.setdefault(conversation_id, []).append(name)
    return found


async def list_names(session: AsyncSession) -> Sequence[str]:
    """Return all tags there are."""
    return (await session.scalars(select(Tag.name).order_by(Tag.name))).all()
