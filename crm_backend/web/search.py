"""The search page: messages and tickets of all time."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from aiohttp import web

from crm_backend.db import reading
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.schemas.search import MAX_PAGES
from crm_backend.services.search import PAGE_SIZE, Filters, Order, search
from crm_backend.services.search_terms import MAX_QUERY
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.rendering import render

CHOICES = {
    "kind": ("message", "ticket"),
    "sender": ("customer", "bot", "agent", "system", "suppressed"),
    "language": ("en", "zh"),
    "order": ("best", "newest"),
}
MAX_CUSTOMER = 254


@dataclass(frozen=True)
class SearchForm:
    """What stands in the form; what makes no sense is as if it were empty."""

    q: str
    chosen: dict[str, str | None]
    since_on: date | None
    until_on: date | None
    customer: str
    page: int

    @classmethod
    def of(cls, request: web.Request) -> "SearchForm":
        """Read it from the address."""
        query = request.query
        page = query.get("page", "")
        return cls(
            q=query.get("q", "")[:MAX_QUERY],
            chosen={
                name: query[name] if query.get(name) in values else None
                for name, values in CHOICES.items()
            },
            since_on=_day(query.get("since", "")),
            until_on=_day(query.get("until", "")),
            customer=query.get("customer", "").strip()[:MAX_CUSTOMER],
            page=int(page) if page.isdecimal() and 1 <= int(page) <= MAX_PAGES else 1,
        )

    def filters(self, zone: ZoneInfo) -> Filters:
        """Return them as the service takes them; days are the shop's."""
        values: dict[str, Any] = {n: v for n, v in self.chosen.items() if n != "order"}
        return Filters(
            since=_midnight(self.since_on, zone),
            until=_midnight(_next(self.until_on), zone),
            customer=self.customer or None,
            **values,
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        days = self.since_on or self.until_on
        return bool(days or self.customer or any(self.chosen.values()))


async def show_search(request: web.Request) -> web.Response:
    """Show the form and what it finds."""
    form = SearchForm.of(request)
    found = None
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "service")
        if form.q.strip():
            found = await search(
                session,
                await get_principal(request, session),
                form.q,
                form.filters(request.app[CONFIG].shop_time_zone),
                order=cast(Order, form.chosen["order"] or "best"),
                page=form.page,
            )
    n_found = found.n_found if found else 0
    return render(
        "search.html",
        request,
        staff=staff,
        form=form,
        choices=CHOICES,
        found=found,
        max_query=MAX_QUERY,
        earlier_url=_page_url(request, form.page - 1) if form.page > 1 else None,
        later_url=_page_url(request, form.page + 1)
        if form.page * PAGE_SIZE < n_found
        else None,
    )


def _page_url(request: web.Request, page: int) -> str:
    return str(request.rel_url.update_query(page=page))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _next(day: date | None) -> date | None:
    if day is None or day == date.max:
        return None
    return day + timedelta(days=1)


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    # Outside of these years a time zone takes the day out of what a time can be.
    if day is None or not 1971 <= day.year <= 9000:
        return None
    return datetime.combine(day, time(), zone)
