"""Search over all messages and tickets, for colleagues in service."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.catalogue import say
from crm_backend.errors import Forbidden, NotFound
from crm_backend.models import Conversation, Customer
from crm_backend.models.search_words import (
    conversation_facet,
    language_facet,
    sender_facet,
)
from crm_backend.principal import ROLES_WITH, Language, Principal
from crm_backend.services.customers import get_customer
from crm_backend.services.search_queries import (
    MAX_CANDIDATES,
    Wanted,
    find_candidates,
)
from crm_backend.services.search_rows import Candidate, Kind, load_candidates
from crm_backend.services.search_terms import (
    Finder,
    Match,
    Part,
    Term,
    excerpt,
    parse,
    rank,
)

Sender = Literal["customer", "bot", "agent", "system", "suppressed"]
Order = Literal["best", "newest"]

# Nobody has more conversations that still matter.
MAX_CONVERSATIONS = 200
PAGE_SIZE = 20


@dataclass(frozen=True)
class Filters:
    """What narrows a search; None does not.

    Attributes:
        customer: a customer's number or address.
    """

    kind: Kind | None = None
    sender: Sender | None = None
    language: Language | None = None
    since: datetime | None = None
    until: datetime | None = None
    customer: str | None = None


@dataclass(frozen=True)
class Hit:
    """A line of a conversation, or a ticket.

    Attributes:
        url: of the page, at the line.
        sender: of a message; `suppressed` was never sent.
        customer_name: None if nobody knows who it was.
    """

    kind: Kind
    url: str
    title: str
    sender: str | None
    language: str
    at: datetime
    customer_name: str | None
    parts: list[Part]
    score: float


@dataclass(frozen=True)
class Found:
    """A page of hits.

    Attributes:
        n_found: how many there are, at most `MAX_CANDIDATES` of each kind.
        is_cut: older ones were not looked at.
        has_all_words: False: nothing has all the words, these have some.
        has_words: False: there is nothing to look for in what was typed.
    """

    hits: list[Hit]
    n_found: int
    is_cut: bool = False
    has_all_words: bool = True
    has_words: bool = True


async def search(
    session: AsyncSession,
    principal: Principal,
    query: str,
    filters: Filters,
    *,
    order: Order = "best",
    page: int = 1,
) -> Found:
    """Find messages and tickets of all time, the best first.

    Colleagues see what the console shows them: staff chats are their owner's and
    managers'.

    Raises:
        Forbidden: this is not for them.
    """
    if not principal.is_staff or principal.role not in ROLES_WITH["service"]:
        raise Forbidden("forbidden", "This is for colleagues with the right role.")
    terms = parse(query)
    if not terms:
        return Found([], 0, has_words=False)
    wanted = await _wanted(session, principal, filters)
    if wanted is None:
        return Found([], 0)
    kinds = [filters.kind] if filters.kind else _kinds(filters)
    has_all = True
    found = await _find(session, kinds, terms, wanted, needs_all=True)
    if len(terms) > 1 and not any(found.values()):
        has_all = False
        found = await _find(session, kinds, terms, wanted, needs_all=False)
    candidates = await load_candidates(session, found)
    # Long texts take a while; others are answered meanwhile.
    ranked = await asyncio.to_thread(
        _rank, candidates, terms, by_time=order == "newest"
    )
    start = (page - 1) * PAGE_SIZE
    return Found(
        hits=[
            _hit(item, match, score, principal)
            for item, match, score in ranked[start : start + PAGE_SIZE]
        ],
        n_found=len(ranked),
        is_cut=any(len(ids) == MAX_CANDIDATES for ids in found.values()),
        has_all_words=has_all,
    )


def _kinds(filters: Filters) -> list[Kind]:
    return ["message"] if filters.sender else ["message", "ticket"]


async def _wanted(
    session: AsyncSession, principal: Principal, filters: Filters
) -> Wanted | None:
    """Return the conditions; None if nothing can fulfil them."""
    facets: list[tuple[str, ...]] = []
    if filters.sender:
        facets.append((sender_facet(filters.sender),))
    if filters.language:
        facets.append((language_facet(filters.language),))
    customer_id = None
    if filters.customer:
        customer = await _find_customer(session, filters.customer)
        if customer is None:
            return None
        customer_id = customer.id
    is_manager = principal.role in ROLES_WITH["manage"]
    return Wanted(
        facets=tuple(facets),
        since=filters.since,
        until=filters.until,
        reader_id=None if is_manager else principal.staff_id,
        customer_id=customer_id,
    )


async def _find_customer(session: AsyncSession, text: str) -> Customer | None:
    if "@" in text:
        return await session.scalar(
            select(Customer).where(Customer.email == text.strip().lower())
        )
    try:
        return await get_customer(session, text)
    except NotFound:
        return None


async def _find(
    session: AsyncSession,
    kinds: Sequence[Kind],
    terms: Sequence[Term],
    wanted: Wanted,
    *,
    needs_all: bool,
) -> dict[Kind, list[int]]:
    found: dict[Kind, list[int]] = {}
    for kind in kinds:
        narrowed = await _of_customer(session, kind, wanted)
        if narrowed is not None:
            found[kind] = await find_candidates(
                session, kind, terms, narrowed, needs_all=needs_all
            )
    return found


async def _of_customer(
    session: AsyncSession, kind: Kind, wanted: Wanted
) -> Wanted | None:
    """Name the conversations of the customer, if messages of one are wanted."""
    if kind == "ticket" or wanted.customer_id is None:
        return wanted
    ids = await session.scalars(
        select(Conversation.id)
        .where(Conversation.customer_id == wanted.customer_id)
        .order_by(Conversation.last_message_at.desc())
        .limit(MAX_CONVERSATIONS)
    )
    facets = tuple(conversation_facet(one) for one in ids)
    if not facets:
        return None
    return Wanted(
        facets=(*wanted.facets, facets),
        since=wanted.since,
        until=wanted.until,
        reader_id=wanted.reader_id,
        is_of_one_customer=True,
    )


def _rank(
    candidates: list[Candidate], terms: Sequence[Term], *, by_time: bool
) -> list[tuple[Candidate, Match, float]]:
    texts = [candidate.text for candidate in candidates]
    finder = Finder(terms)
    matches = [finder.find(text) for text in texts]
    scores = rank(texts, matches, len(terms))
    ranked = list(zip(candidates, matches, scores, strict=True))
    if by_time:
        return sorted(ranked, key=lambda item: item[0].at, reverse=True)
    return sorted(
        ranked, key=lambda item: (round(item[2], 3), item[0].at), reverse=True
    )


def _hit(candidate: Candidate, match: Match, score: float, principal: Principal) -> Hit:
    values = candidate.values
    parts = excerpt(candidate.text, match)
    if values["kind"] == "ticket":
        return Hit(
            kind="ticket",
            url=f"/console/tickets/{values['number']}",
            title=f"{values['number']} · {values['subject']}",
            sender=None,
            language=values["language"],
            at=candidate.at,
            customer_name=values["name"],
            parts=parts,
            score=score,
        )
    visitor = say(
        "page_console_visitor", principal.language, id=values["conversation_id"][:6]
    )
    return Hit(
        kind="message",
        url=f"/console/conversations/{values['conversation_id']}#line-{values['seq']}",
        title=values["name"] or visitor,
        sender="suppressed" if values["suppressed"] else values["sender"],
        language=values["language"],
        at=candidate.at,
        customer_name=values["name"],
        parts=parts,
        score=score,
    )
