"""The clock that runs next, on the pages of a conversation and a ticket, live."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect
from sqlalchemy import select, update

from crm_backend.keys import SESSIONS
from crm_backend.models import SlaClock, SlaPolicy, Staff, Ticket, utc_now
from crm_backend.services import sla_checks
from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.sla_policies import suggest
from crm_backend.setting_values import ALWAYS
from tests.browser.test_accessibility import BOTH_SCHEMES, check
from tests.browser.test_console import open_console
from tests.browser.test_staff_pages import ask, open_shop_chat, sign_in

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
# Pages that no socket tells anything look every ten seconds, on a busy machine later.
LATER: dict[str, Any] = {"timeout": 45_000}
HOURS = BusinessHours(ALWAYS, ZoneInfo("UTC"))


async def look(site: Any) -> None:
    """Let the checker look, as the CRM does every five seconds."""
    await sla_checks.check(site.server.app[SESSIONS], HOURS, sla_checks.Seen())


async def promise(site: Any) -> None:
    """Switch on what the page of service levels suggests."""
    policy = suggest()
    async with site.sessions.begin() as session:
        manager = await session.scalar(select(Staff).where(Staff.role == "manager"))
        session.add(
            SlaPolicy(
                targets=policy.targets,
                tier_cents=policy.tier_cents,
                changed_by=manager.id,
                comment="First promises",
            )
        )


@BOTH_SCHEMES
async def test_conversation_shows_the_next_clock_live(
    visit: Any, site: Any, scheme: str
) -> None:
    await promise(site)
    shop = await open_shop_chat(visit, "get me a person")
    page = await open_console(visit, color_scheme=scheme)
    await look(site)
    clocks = page.get_by_role("list", name="Service level")
    first = clocks.get_by_role("listitem").first
    await expect(first).to_contain_text("First reply due in", **LATER)
    await expect(first.locator("time")).to_be_visible()
    await page.get_by_role("textbox", name="Your reply").fill("Hello, Carol here.")
    await page.keyboard.press("Control+Enter")
    await expect(shop.get_by_role("log")).to_contain_text("Hello, Carol here.")
    await look(site)
    await expect(first).to_contain_text("paused: waiting for the customer", **LATER)
    await ask(shop, "so where is it?")
    transcript = page.get_by_role("region", name="Transcript")
    await expect(transcript).to_contain_text("so where is it?")
    await look(site)
    await expect(first).to_contain_text("Next reply due in", **LATER)
    async with site.sessions.begin() as session:
        late = utc_now() - timedelta(minutes=3)
        await session.execute(
            update(SlaClock)
            .where(SlaClock.kind == "next_reply")
            .values(due_at=late, warn_at=late)
        )
    await sla_checks.mark_late(site.server.app[SESSIONS], utc_now())
    await expect(first).to_contain_text("Next reply overdue by", **LATER)
    await page.evaluate("scrollTo(0, 0)")
    await check(page)
    await page.set_viewport_size({"width": 360, "height": 740})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_ticket_shows_what_colleagues_and_clocks_do(
    visit: Any, site: Any
) -> None:
    await promise(site)
    async with site.sessions.begin() as session:
        session.add(
            Ticket(
                number="T-700001",
                subject="The lamp is broken",
                description="It fell off the table.",
                category="product",
                status="open",
                priority="urgent",
            )
        )
    await look(site)
    page = await visit(
        "/console/tickets/T-700001", viewport={"width": 360, "height": 740}
    )
    await sign_in(page, "carol")
    first = page.get_by_role("list", name="Service level").get_by_role("listitem").first
    await expect(first).to_contain_text("First reply due in", **LATER)
    note = page.get_by_label("The customer never sees it")
    await note.fill("half a sentence")
    late = utc_now() - timedelta(minutes=3)
    async with site.sessions.begin() as session:
        await session.execute(
            update(SlaClock)
            .where(SlaClock.kind == "first_reply")
            .values(due_at=late, warn_at=late)
        )
    await expect(first).to_contain_text("First reply overdue by", **LATER)
    async with site.sessions.begin() as session:
        await session.execute(update(Ticket).values(status="pending"))
    await expect(page.locator(".ticket-state")).to_contain_text("pending", **LATER)
    # What is being written is no part of that.
    await expect(note).to_have_value("half a sentence")
    await expect(note).to_be_focused()
    await check(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
