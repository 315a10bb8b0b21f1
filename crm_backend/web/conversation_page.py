"""The page of one conversation."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import page_language
from crm_backend.catalogue import say
from crm_backend.db import reading
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import Conversation, Customer, Staff, utc_now
from crm_backend.principal import Principal
from crm_backend.schemas.packets import packet_out
from crm_backend.services import desk, macros, merges, notes, tags, views
from crm_backend.services.attachment_files import find_file
from crm_backend.services.conversations import get_visible
from crm_backend.services.inbox import ReviewedMessage, list_reviewed
from crm_backend.services.packets import build_packet
from crm_backend.services.queues import mood_word
from crm_backend.services.sla import get_due
from crm_backend.services.understanding import find_marks
from crm_backend.web import formats
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.console_queries import Line, with_notes
from crm_backend.web.mood_curve import draw_moods
from crm_backend.web.queries import list_orders_of
from crm_backend.web.rendering import render

N_ORDERS = 5
# Far more than anybody writes; a guard against a page without end. Of more, the latest.
N_LINES = 2_000
# Elsewhere a colleague takes the conversation over first.
REPLY_MODES = desk.PEOPLE_MODES


async def show_conversation(request: web.Request) -> web.Response:
    """Show one conversation and what is known about who speaks."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        is_part = "part" in request.query
        template = "conversation_parts.html" if is_part else "conversation.html"
        return await conversation_page(request, session, staff, template=template)


async def conversation_page(
    request: web.Request,
    session: AsyncSession,
    staff: Staff,
    *,
    template: str = "conversation.html",
    draft: str = "",
    problem: str | None = None,
    is_newer: bool = False,
    status: int = 200,
) -> web.Response:
    """Render a conversation with the reply that could not be sent, if there is one.

    Args:
        request: whose path names the conversation.
        session: to read it.
        staff: who is signed in.
        template: the page, or the part of it that is asked for.
        draft: what the reply box starts with.
        problem: why it was not sent, in the reader's language.
        is_newer: whether that was because something newer had arrived.
        status: of the answer.

    Raises:
        NotFound: the conversation is not one this colleague may see.
    """
    language = page_language(request)
    principal = await get_principal(request, session)
    conversation = await get_visible(session, principal, request.match_info["id"])
    path = f"/console/conversations/{conversation.id}"
    reviewed = await _read_lines(session, principal, conversation)
    lines = [Line(item) for item in reviewed]
    merged = [
        (other, [Line(item) for item in await _read_lines(session, principal, other)])
        for other in await merges.list_merged(session, conversation.id)
    ]
    now, ids = utc_now(), [conversation.id]
    since = conversation.waiting_since
    everything = [*lines, *(line for _, some in merged for line in some)]
    is_read_only = conversation.merged_into_id is not None
    customer, orders = await _read_customer(session, conversation)
    packet = await build_packet(
        session, principal, conversation.id, reviewed=reviewed, now=now
    )
    return render(
        template,
        request,
        status=status,
        staff=staff,
        other_language_url=f"{path}?lang={'en' if language == 'zh' else 'zh'}",
        conversation=conversation,
        page=path,
        can_reply=conversation.mode in REPLY_MODES and not is_read_only,
        is_read_only=is_read_only,
        last_seq=conversation.last_seq,
        draft=draft,
        problem=problem,
        is_newer=is_newer,
        client_message_id=uuid.uuid4(),
        name=_name(conversation, customer, language),
        waiting_for=now - since if since else None,
        due=(await get_due(session, ids, now=now)).get(conversation.id, []),
        now=now,
        is_snoozed=(conversation.snoozed_until or now) > now,
        customer=customer,
        orders=orders,
        timeline=with_notes(lines, await notes.list_notes(session, conversation.id)),
        merged=merged,
        others=await merges.list_others(session, conversation),
        gone=await _find_gone(everything, request.app[CONFIG].var_dir),
        max_mb=request.app[CONFIG].attachment_max_mb,
        tickets=packet.tickets,
        agents=await desk.list_agents(session),
        assignee=await _find_assignee(session, conversation),
        priorities=desk.PRIORITIES,
        snoozes=desk.SNOOZES,
        tags=(await tags.list_tags(session, ids)).get(conversation.id, []),
        tag_names=await tags.list_names(session),
        macros=await macros.list_macros(session, topic=conversation.topic),
        events=await desk.list_events(session, conversation.id),
        handoffs=await desk.list_handoffs(session, conversation.id),
        present=(await views.list_present(session, ids, but=staff.id)).get(
            conversation.id, []
        ),
        mood=mood_word(conversation.mood),
        wrong=(await find_marks(session, conversation.id)).wrong,
        describe=_describer(language),
        packet=packet_out(packet, language),
        curve=draw_moods(packet.moods),
        span=partial(_span, language=language),
    )


def _span(seconds: int, *, language: str) -> str:
    return formats.duration(timedelta(seconds=seconds), language)


async def _read_lines(
    session: AsyncSession, principal: Principal, conversation: Conversation
) -> list[ReviewedMessage]:
    """Return the latest lines, in their order."""
    after = max(0, conversation.last_seq - N_LINES)
    return await list_reviewed(
        session, principal, conversation.id, after=after, limit=N_LINES
    )


async def _read_customer(
    session: AsyncSession, conversation: Conversation
) -> tuple[Customer | None, list[Any]]:
    if conversation.customer_id is None:
        return None, []
    customer = await session.get(Customer, conversation.customer_id)
    found = await list_orders_of(session, conversation.customer_id, limit=N_ORDERS)
    return customer, list(found)


async def _find_assignee(
    session: AsyncSession, conversation: Conversation
) -> Staff | None:
    if conversation.assignee_id is None:
        return None
    return await session.get(Staff, conversation.assignee_id)


async def _find_gone(lines: list[Line], var_dir: Path) -> set[str]:
    """Return the ids of the files that are no longer on the disk."""
    ids = {
        str(block["id"])
        for line in lines
        for block in line.message.blocks
        if block.get("type") == "attachment"
    }

    def find() -> set[str]:
        return {one for one in ids if find_file(var_dir, one) is None}

    return await asyncio.to_thread(find) if ids else set()


def _name(conversation: Conversation, customer: Customer | None, language: str) -> str:
    if customer is not None:
        return customer.name
    return say("page_console_visitor", language, id=conversation.id[:6])


def _describer(language: str) -> Callable[[dict[str, Any]], str]:
    """Make the function that says in words what a block showed."""

    def describe(block: dict[str, Any]) -> str:
        kind = block.get("type")
        if kind == "order":
            number = block["order"]["number"]
            return say("page_block_order", language, number=number)
        if kind == "orders":
            return say("page_block_orders", language, n=len(block["orders"]))
        if kind == "prediction":
            number = block["prediction"]["customer"]["number"]
            return say("page_block_prediction", language, number=number)
        if kind == "failure":
            return say("page_block_failure", language, code=block.get("code", "?"))
        if kind == "article":
            return _article_link(block, language)
        if kind in ("verify", "handoff"):
            return say(f"page_block_{kind}", language)
        return say("page_block_other", language, kind=kind)

    return describe


def _article_link(block: dict[str, Any], language: str) -> str:
    title, url = str(block.get("title", "?")), str(block.get("url", ""))
    text = say("page_block_article", language, title=title)
    if not url.startswith("/help/"):
        return text
    return Markup('<a href="{}">{}</a>').format(url, text)
