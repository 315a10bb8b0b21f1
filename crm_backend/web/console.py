"""The console's inbox: conversations for the colleagues in service."""

from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiMapping

from crm_backend.catalogue import texts
from crm_backend.db import reading
from crm_backend.keys import SESSIONS
from crm_backend.models import utc_now
from crm_backend.services import queues
from crm_backend.services.desk import PRIORITIES
from crm_backend.services.queues import TABS, Filters
from crm_backend.services.ratings import summarise
from crm_backend.services.sla import get_due
from crm_backend.web.access import require_reader
from crm_backend.web.rendering import render

MOODS = ("negative", "neutral", "positive")
LANGUAGES = ("en", "zh")
_TOPIC = "page_topic_"


async def show_list(request: web.Request) -> web.Response:
    """List the conversations of a tab."""
    now, filters = utc_now(), _read_filters(request.query)
    number = _read_page(request.query.get("page", "1"))
    # Each of its statements takes a millisecond or two: see benchmarks/inbox.py.
    async with reading(request.app[SESSIONS], is_quick=True) as session:
        staff = await require_reader(request, session, "service")
        counts = await queues.count_tabs(session, staff.id, now)
        tab = request.query.get("tab", "waiting" if counts["waiting"] else "all")
        if tab not in TABS:
            raise web.HTTPNotFound
        page = await queues.list_page(
            session,
            staff.id,
            tab,
            filters=filters,
            number=number,
            now=now,
        )
        ratings = await summarise(session, now) if tab == "closed" else None
        due = await get_due(session, [row.conversation.id for row in page.rows])
    chosen = {name: value for name, value in vars(filters).items() if value}
    address = {"tab": tab, **chosen}
    return render(
        "console_list.html" if "part" in request.query else "console.html",
        request,
        staff=staff,
        tabs=TABS,
        tab=tab,
        counts=counts,
        max_count=queues.MAX_COUNT,
        page=page,
        ratings=ratings,
        due=due,
        now=now,
        filters=filters,
        chosen=chosen,
        choices={
            "mood": MOODS,
            "priority": PRIORITIES,
            "topic": list_topics(),
            "language": LANGUAGES,
        },
        address=_address(address),
        page_address=lambda n: _address(address | {"page": n}),
        tab_address=lambda name: _address({"tab": name, **chosen}),
        refresh_url=_address(address | {"page": number}),
    )


def list_topics() -> list[str]:
    """Return the intents that a conversation can be about."""
    return [key.removeprefix(_TOPIC) for key in texts() if key.startswith(_TOPIC)]


def _address(query: dict[str, object]) -> str:
    return "/console?" + urlencode(query)


def _read_filters(query: MultiMapping[str]) -> Filters:
    """Read what the address asks for; what nothing can be is left out."""

    def one_of(name: str, known: tuple[str, ...] | list[str]) -> str | None:
        value = query.get(name)
        return value if value in known else None

    return Filters(
        mood=one_of("mood", MOODS),
        priority=one_of("priority", PRIORITIES),
        topic=one_of("topic", list_topics()),
        language=one_of("language", LANGUAGES),
    )


def _read_page(text: str) -> int:
    is_number = (
        text.isascii() and text.isdigit() and len(text) <= len(str(queues.MAX_PAGE))
    )
    number = int(text) if is_number else 0
    if not 1 <= number <= queues.MAX_PAGE:
        raise web.HTTPNotFound
    return number
