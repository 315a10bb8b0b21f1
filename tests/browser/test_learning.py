"""A misunderstanding is put right with the keyboard, and axe finds nothing."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from crm_backend.learning.matters import judge_matters
from crm_backend.learning.reading import read_messages
from crm_backend.masking.masker import Masker
from tests.browser.seeded import seed_database
from tests.browser.test_accessibility import BOTH_SCHEMES, check
from tests.browser.test_staff_pages import sign_in

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(scope="session")
def seeded_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose customers chatted before."""
    return seed_database(tmp_path_factory.mktemp("learning"), with_talks=True)


async def read(site: Any) -> None:
    masker = Masker(lambda text, language: [])
    await read_messages(site.sessions, masker, report=lambda text: None)
    await judge_matters(site.sessions, report=lambda text: None)


async def test_message_is_corrected_with_the_keyboard(visit: Any, site: Any) -> None:
    await read(site)
    page = await visit("/console/understanding")
    await sign_in(page, "carol")
    entry = page.get_by_role("listitem").filter(
        has=page.get_by_role("heading", name="are aliens real")
    )
    await entry.get_by_label("It means").select_option("bot_challenge")
    await entry.get_by_role("button", name="Correct").focus()
    await page.keyboard.press("Enter")
    await expect(entry).to_have_count(0)
    await page.get_by_role("link", name="Corrected 1").click()
    await expect(page.get_by_role("listitem").filter(has_text="Carol")).to_contain_text(
        "bot_challenge"
    )
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_text("There is nothing here.")).to_be_visible()


@BOTH_SCHEMES
async def test_pages_of_learning_are_accessible(
    visit: Any, site: Any, scheme: str
) -> None:
    await read(site)
    page = await visit("/console/understanding", color_scheme=scheme)
    await sign_in(page, "mia")
    await check(page)
    await page.get_by_role("link", name="Unanswered questions").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Unanswered questions"
    )
    await check(page)
    # The first picture and the first interval take long on a busy machine.
    await page.goto(page.url.replace("/gaps", "/numbers"), timeout=120_000)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Numbers")
    await check(page)
