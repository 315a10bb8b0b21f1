"""Macros: keeping them, and running one, all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.catalogue import say
from crm_backend.errors import Conflict, Invalid, NotFound
from crm_backend.models import (
    CannedReply,
    Conversation,
    ConversationEvent,
    Macro,
    Staff,
)
from crm_backend.principal import Principal
from crm_backend.services import (
    canned_replies,
    conversations,
    desk,
    messages,
    tags,
    tickets,
)
from crm_backend.services.conversations import Mode

MAX_NAME = 100
ASSIGNEES = ("me", "nobody")
ENDS: tuple[Mode, ...] = ("bot", "closed")
CATEGORIES = tuple(tickets.PRIORITIES)


@dataclass(frozen=True)
class Steps:
    """What a macro does, as somebody wrote it down; None does nothing."""

    name: str
    topic: str | None = None
    canned_reply_id: int | None = None
    tag: str | None = None
    priority: str | None = None
    assignee: str | None = None
    ticket_category: str | None = None
    mode: str | None = None


async def list_macros(
    session: AsyncSession, *, topic: str | None = None
) -> list[Macro]:
    """Return all by name, those that are suggested for the topic first."""
    query = select(Macro).options(selectinload(Macro.canned_reply))
    found = (await session.scalars(query.order_by(Macro.name))).all()
    return sorted(found, key=lambda macro: topic is None or macro.topic != topic)


async def get_macro(session: AsyncSession, macro_id: int) -> Macro:
    """Return a macro.

    Raises:
        NotFound: there is none.
    """
    query = select(Macro).options(selectinload(Macro.canned_reply))
    macro = await session.scalar(query.where(Macro.id == macro_id))
    if macro is None:
        raise NotFound("macro_not_found", "There is no such macro.")
    return macro


async def save(
    session: AsyncSession, principal: Principal, steps: Steps, *, macro_id: int | None
) -> Macro:
    """Add a macro, or change the one with `macro_id`.

    Raises:
        Invalid: `title_invalid`, `macro_empty`, or a step that cannot be done.
        Conflict: `macro_taken`, another has this name.
        NotFound: there is none with `macro_id`.
    """
    steps = await _checked(session, steps, principal.language)
    owner_id = await session.scalar(select(Macro.id).where(Macro.name == steps.name))
    if owner_id not in (None, macro_id):
        text = say("macro_taken", principal.language, name=steps.name)
        raise Conflict("macro_taken", text)
    macro = Macro() if macro_id is None else await get_macro(session, macro_id)
    for name, value in vars(steps).items():
        setattr(macro, name, value)
    macro.updated_by_id = principal.staff_id
    session.add(macro)
    await session.flush()
    return macro


async def delete(session: AsyncSession, macro_id: int) -> None:
    """Remove a macro.

    Raises:
        NotFound: there is none.
    """
    await session.delete(await get_macro(session, macro_id))


async def run(
    session: AsyncSession,
    principal: Principal,
    conversation_id: str,
    macro_id: int,
    *,
    client_run_id: str,
    seen_seq: int | None = None,
) -> None:
    """Do all steps of a macro in the caller's transaction, once per `client_run_id`.

    Raises:
        AppError: a step cannot be done; the caller's transaction then keeps none.
        NotFound: the conversation is not one this colleague may see, or no macro.
        Conflict: `conversation_merged`; `not_taken_over`, the assistant answers;
            `newer_arrived`, there are lines after `seen_seq`; `reply_unfilled`, the
            CRM does not know what the reply has to say.
    """
    conversation = await desk.lock_for_change(session, principal, conversation_id)
    repeat = select(ConversationEvent.id).where(
        ConversationEvent.client_run_id == client_run_id
    )
    if await session.scalar(repeat) is not None:
        return
    macro = await get_macro(session, macro_id)
    desk.record(
        session,
        principal,
        conversation,
        "macro",
        macro.name,
        client_run_id=client_run_id,
    )
    if macro.canned_reply is not None:
        await _reply(session, principal, conversation, macro.canned_reply,
                     client_run_id, seen_seq)  # fmt: skip
    if macro.tag is not None:
        await tags.add_tag(session, principal, conversation.id, macro.tag)
    if macro.priority is not None:
        await desk.set_priority(session, principal, conversation.id, macro.priority)
    if macro.assignee is not None:
        staff_id = principal.staff_id if macro.assignee == "me" else None
        await desk.assign(session, principal, conversation.id, staff_id)
    if macro.ticket_category is not None:
        await _open_ticket(session, principal, conversation, macro)
    if macro.mode in ENDS:
        await desk.set_mode(session, principal, conversation.id, macro.mode)
    await session.flush()


async def _reply(
    session: AsyncSession,
    principal: Principal,
    conversation: Conversation,
    canned: CannedReply,
    client_run_id: str,
    seen_seq: int | None,
) -> None:
    language = principal.language
    if conversation.mode not in desk.PEOPLE_MODES:
        key = f"page_reply_locked_{conversation.mode}"
        raise Conflict("not_taken_over", say(key, language))
    if seen_seq is not None:
        await messages.refuse_unseen(session, conversation.id, seen_seq, language)
    agent = await session.get_one(Staff, principal.staff_id)
    values = await canned_replies.read_values(
        session, conversation, agent, conversation.language
    )
    text = canned_replies.text_in(canned, conversation.language)
    filled = canned_replies.fill(text, values)
    if not filled.is_complete:
        names = ", ".join(f"{{{name}}}" for name in (*filled.missing, *filled.unknown))
        text = say("macro_unfilled", language, names=names)
        raise Conflict("reply_unfilled", text)
    await conversations.add_agent_message(
        session,
        principal,
        conversation.id,
        client_message_id=str(uuid5(NAMESPACE_OID, client_run_id)),
        text=filled.text,
    )


async def _open_ticket(
    session: AsyncSession,
    principal: Principal,
    conversation: Conversation,
    macro: Macro,
) -> None:
    """Open a ticket with the conversation so far, for whoever speaks in it."""
    language = conversation.language
    customer = replace(
        principal,
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        language="zh" if language == "zh" else "en",
    )
    last = await messages.find_last_of_customer(session, conversation.id)
    said = last.text if last is not None and last.text else macro.name
    await tickets.open_ticket(
        session,
        customer,
        subject=macro.name,
        description=said,
        category=macro.ticket_category or "other",
    )


async def _checked(session: AsyncSession, steps: Steps, language: str) -> Steps:
    name = " ".join(steps.name.split())
    if not name.isprintable() or not 1 <= len(name) <= MAX_NAME:
        raise Invalid("title_invalid", say("title_invalid", language, limit=MAX_NAME))
    choices: Sequence[tuple[str | None, tuple[str, ...]]] = (
        (steps.priority, desk.PRIORITIES),
        (steps.assignee, ASSIGNEES),
        (steps.ticket_category, CATEGORIES),
        (steps.mode, ENDS),
    )
    is_known = all(value is None or value in known for value, known in choices)
    if is_known and steps.canned_reply_id is not None:
        reply = await session.get(CannedReply, steps.canned_reply_id)
        is_known = reply is not None
    if not is_known:
        raise Invalid("macro_step_unknown", say("macro_step_unknown", language))
    tag = tags.checked_name(steps.tag, language) if steps.tag else None
    checked = replace(steps, name=name, topic=steps.topic or None, tag=tag)
    if not any(
        value for key, value in vars(checked).items() if key not in ("name", "topic")
    ):
        raise Invalid("macro_empty", say("macro_empty", language))
    return checked
