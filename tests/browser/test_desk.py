"""Tickets, search and service levels in a real browser."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from crm_backend.models import (
    Conversation,
    SlaClock,
    SlaPolicy,
    Staff,
    Ticket,
    TicketEvent,
    utc_now,
)
from crm_backend.services.sla_policies import suggest
from tests.browser.chat_page import open_chat, say
from tests.browser.test_accessibility import LOOKS, check
from tests.browser.test_staff_pages import sign_in

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def add_ticket(site: Any) -> None:
    """Open a ticket in the chat that is there, with a clock about to end."""
    now = utc_now()
    async with site.sessions.begin() as session:
        conversation = await session.scalar(select(Conversation))
        manager = await session.scalar(select(Staff).where(Staff.role == "manager"))
        policy = suggest()
        session.add(
            SlaPolicy(
                targets=policy.targets,
                tier_cents=policy.tier_cents,
                changed_by=manager.id,
                comment="First promises",
            )
        )
        ticket = Ticket(
            number="T-700001",
            conversation_id=conversation.id,
            subject="The lamp is broken",
            description="It fell off the table.",
            category="product",
            status="open",
            priority="urgent",
            transcript=[
                {"sender": "customer", "text": "Help", "created_at": now.isoformat()}
            ],
        )
        ticket.events.append(
            TicketEvent(kind="note", actor="system", body="Look at the photos")
        )
        session.add(ticket)
        await session.flush()
        session.add(
            SlaClock(
                ticket_id=ticket.id,
                kind="first_reply",
                priority="urgent",
                tier="standard",
                target_seconds=900,
                started_at=now - timedelta(minutes=13),
                warn_at=now - timedelta(minutes=1),
                due_at=now + timedelta(minutes=90),
            )
        )


async def start_chat(visit: Any, site: Any) -> Page:
    shop: Page = await visit()
    await open_chat(shop)
    await say(shop, "the lamp is terrible")
    await expect(shop.get_by_role("log")).to_contain_text("You said")
    await add_ticket(site)
    return shop


async def test_answer_in_a_ticket_reaches_the_chat(visit: Any, site: Any) -> None:
    shop = await start_chat(visit, site)
    page = await visit("/console/tickets")
    await sign_in(page, "carol")
    row = page.get_by_role("link", name=re.compile("T-700001"))
    await expect(row).to_contain_text("First reply due in")
    await row.click()
    box = page.get_by_label("Your reply")
    await box.fill("A new lamp is on its way.")
    await box.press("Control+Enter")
    notice = page.get_by_role("status").filter(has_text="on its way")
    await expect(notice).to_be_visible()
    await expect(box).to_have_value("")
    await expect(shop.get_by_role("log")).to_contain_text("A new lamp is on its way.")
    await expect(page.get_by_text("changed the state: open → pending")).to_be_visible()
    await say(shop, "thank you, it came")
    await expect(shop.get_by_role("log")).to_contain_text("thank you, it came")
    await page.reload()
    await expect(page.get_by_text("changed the state: pending → open")).to_be_visible()


async def test_search_leads_to_the_line(visit: Any, site: Any) -> None:
    await start_chat(visit, site)
    page = await visit("/console/tickets", viewport={"width": 360, "height": 740})
    await sign_in(page, "carol")
    box = page.get_by_role("searchbox", name="Search messages and tickets")
    await box.fill("lamps")
    await box.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("found")
    hits = page.get_by_role("listitem").filter(has_text="the lamp is terrible")
    await expect(hits.locator("mark").first).to_have_text("lamp")
    await hits.first.get_by_role("link").click()
    line = page.locator("#line-1")
    await expect(line).to_contain_text("the lamp is terrible")
    await expect(line).to_be_in_viewport()


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "mobile"])
async def test_axe_finds_nothing(visit: Any, site: Any, look: Any) -> None:
    await start_chat(visit, site)
    page = await visit("/console/sla", **look)
    await sign_in(page, "mia")
    await expect(page.get_by_role("heading", name="Service levels")).to_be_visible()
    await check(page)
    await page.get_by_role("button", name="What if it had held").click()
    await expect(page.get_by_role("heading", name="If this had held")).to_be_visible()
    await check(page)
    field = page.get_by_label("First reply, priority urgent, standard customers")
    await field.fill("0")
    await page.get_by_role("button", name="Switch it on").click()
    await expect(page.get_by_role("alert")).to_contain_text("zero or less")
    await check(page)
    for path in (
        "/console/tickets",
        "/console/tickets?status=closed&priority=low",
        "/console/tickets/T-700001",
        "/console/search?q=lamp&order=newest",
        "/console/search?q=nowhere&lang=zh",
        "/console/tickets/T-700001?lang=zh",
    ):
        await page.goto(site.url + path)
        await expect(page.get_by_role("main")).to_be_visible()
        await check(page)
        widths = await page.evaluate(
            "[document.documentElement.scrollWidth, window.innerWidth]"
        )
        assert widths[0] <= widths[1], path
    assert await page.evaluate("window.violations ?? []") == []
