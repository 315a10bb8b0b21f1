"""The console: conversations for the colleagues in service."""

import asyncio
import uuid
from collections.abc import Callable
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
from crm_backend.services.attachment_files import find_file
from crm_backend.services.conversations import get_visible
from crm_backend.services.inbox import list_reviewed
from crm_backend.services.ratings import summarise
from crm_backend.services.sla import get_due
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.console_queries import (
    ALL,
    MODES,
    Line,
    count_by_mode,
    list_rows,
    list_tickets,
)
from crm_backend.web.queries import list_orders_of
from crm_backend.web.rendering import render

TABS = (*MODES, ALL)
N_ROWS = 100
N_ORDERS = 5
# Far more than anybody writes; a guard against a page without end.
N_LINES = 2_000
# Elsewhere a colleague takes the conversation over first.
REPLY_MODES = ("waiting", "human")


async def show_list(request: web.Request) -> web.Response:
    """List the conversations of a tab."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        counts = await count_by_mode(session)
        tab = request.query.get("tab", "waiting" if counts["waiting"] else ALL)
        if tab not in TABS:
            raise web.HTTPNotFound
        principal = await get_principal(request, session)
        rows = await list_rows(session, principal, tab, now=utc_now(), limit=N_ROWS)
        ratings = await summarise(session, utc_now()) if tab == "closed" else None
        ids = [row.overview.conversation.id for row in rows]
        due = await get_due(session, ids)
    return render(
        "console_list.html" if "part" in request.query else "console.html",
        request,
        staff=staff,
        tabs=TABS,
        tab=tab,
        counts=counts,
        rows=rows,
        ratings=ratings,
        due=due,
        now=utc_now(),
        limit=N_ROWS,
        refresh_url=f"/console?tab={tab}",
    )


async def show_conversation(request: web.Request) -> web.Response:
    """Show one conversation and what is known about who speaks."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        return await conversation_page(request, session, staff)


async def conversation_page(
    request: web.Request,
    session: AsyncSession,
    staff: Staff,
    *,
    draft: str = "",
    problem: str | None = None,
    status: int = 200,
) -> web.Response:
    """Render a conversation with the reply that could not be sent, if there is one.

    Args:
        request: whose path names the conversation.
        session: to read it.
        staff: who is signed in.
        draft: what the reply box starts with.
        problem: why it was not sent, in the reader's language.
        status: of the answer.

    Raises:
        NotFound: the conversation is not one this colleague may see.
    """
    language = page_language(request)
    principal = await get_principal(request, session)
    conversation = await get_visible(session, principal, request.match_info["id"])
    customer, orders = None, []
    if conversation.customer_id is not None:
        customer = await session.get(Customer, conversation.customer_id)
        found = await list_orders_of(session, conversation.customer_id, limit=N_ORDERS)
        orders = list(found)
    reviewed = await list_reviewed(
        session, principal, conversation.id, after=0, limit=N_LINES
    )
    tickets = await list_tickets(session, conversation.id)
    since = conversation.waiting_since
    path = f"/console/conversations/{conversation.id}"
    lines = [Line(item) for item in reviewed]
    is_part = "part" in request.query
    return render(
        "conversation_parts.html" if is_part else "conversation.html",
        request,
        status=status,
        staff=staff,
        other_language_url=f"{path}?lang={'en' if language == 'zh' else 'zh'}",
        conversation=conversation,
        page=path,
        can_reply=conversation.mode in REPLY_MODES,
        draft=draft,
        problem=problem,
        client_message_id=uuid.uuid4(),
        name=_name(conversation, customer, language),
        waiting_for=utc_now() - since if since else None,
        customer=customer,
        orders=orders,
        lines=lines,
        gone=await _find_gone(lines, request.app[CONFIG].var_dir),
        max_mb=request.app[CONFIG].attachment_max_mb,
        tickets=tickets,
        describe=_describer(language),
    )


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
