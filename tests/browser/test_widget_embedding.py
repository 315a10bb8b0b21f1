"""The widget as a guest: on other pages, small, reachable by keyboard, at any width."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.chat_page import (
    FOCUSED,
    SHADOW,
    choose,
    composer,
    end_chat,
    open_chat,
    say,
    show_products,
)

# One browser for all tests, which therefore share its event loop.
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
MAX_CHAT_BYTES = 12_000
SMALLEST_TARGET_PX = 24
TARGETS = f"""[...{SHADOW}.querySelectorAll("button, input, textarea, .scores span")]
    .filter((node) => node.checkVisibility() && !node.matches(".sr, p > *"))
    .map((node) => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
    .filter(([, box]) => Math.min(box.width, box.height) < {SMALLEST_TARGET_PX})
    .map(([html]) => html)"""
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


async def use_everything(page: Page, site: Any) -> None:
    show_products(site, 5)
    log = page.get_by_role("log")
    for question in ("menu", "best 5", "where is it", "/track_order"):
        await say(page, question)
        await expect(log.get_by_text(question, exact=True)).to_be_visible()
    await expect(log.get_by_role("article", name="Order DM-100101")).to_be_visible()
    await end_chat(page)
    await expect(log.get_by_role("radio")).to_have_count(5)


async def test_page_of_another_origin_with_a_strict_policy(
    visit: Any, site: Any, elsewhere: Any
) -> None:
    """The fixture fails the test at any violation of the page's policy."""
    page = await visit(elsewhere.url)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    await open_chat(page)
    await use_everything(page, site)
    async with page.expect_download():
        await choose(page, "Download transcript")
    assert {url.split("/api")[0].split("/static")[0] for url in requests} <= {
        site.url,
        site.url.replace("http", "ws"),
        f"blob:{elsewhere.url}/{requests[-1].rpartition('/')[2]}",
    }
    await page.reload()
    await open_chat(page)
    await expect(page.get_by_role("radio")).to_have_count(5)


async def test_page_of_an_unknown_origin_gets_nothing(
    visit: Any, site: Any, elsewhere: Any
) -> None:
    page = await visit(elsewhere.url.replace("127.0.0.1", "localhost"))
    await page.wait_for_timeout(500)
    assert await page.locator("deskmate-chat").count() == 0


async def test_whole_chat_is_small(visit: Any, site: Any) -> None:
    """All of a chat in one language, in bytes as Chromium got them."""
    page = await visit()
    log = await open_chat(page)
    await say(page, "menu")
    await page.get_by_role("button", name="My orders").wait_for()
    await say(page, "thanks")
    await expect(log).to_contain_text("You said: thanks")
    await end_chat(page)
    await page.get_by_role("radio", name="5: Very good").check(force=True)
    await expect(log).to_contain_text("Thank you")
    sizes = await page.evaluate(
        """() => Object.fromEntries(performance.getEntriesByType("resource")
            .filter(({ name }) => name.includes("/static/widget"))
            .map(({ name, encodedBodySize }) => [name, encodedBodySize]))"""
    )
    names = [url.rpartition("/")[2].partition(".")[0] for url in sizes]
    assert names == ["widget", "element", "chat", "texts"]
    assert all(sizes.values())
    assert sum(sizes.values()) < MAX_CHAT_BYTES


async def test_launcher_alone_is_loaded_before_use(visit: Any) -> None:
    page = await visit()
    await page.wait_for_timeout(300)
    loaded = await page.evaluate(
        "performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    ours = [url.rpartition("/")[2] for url in loaded if "/static/widget" in url]
    assert [name.partition(".")[0] for name in ours] == ["widget", "element"]


async def test_files_are_kept_until_they_change(visit: Any, site: Any) -> None:
    page = await visit()
    await open_chat(page)
    answers = await page.evaluate(
        """async () => {
        const files = performance.getEntriesByType("resource")
            .map(({ name }) => name).filter((url) => url.includes("/static/widget"));
        const found = {};
        for (const url of files) {
            const { status, headers } = await fetch(url, { cache: "no-store" });
            found[url.split("/").at(-1).split(".")[0]] = headers.get("cache-control");
        }
        return found;
    }"""
    )
    assert answers.pop("widget") == "no-cache"
    assert set(answers) == {"element", "chat", "texts"}
    assert all("immutable" in control for control in answers.values())


async def test_tag_that_stands_twice_makes_one_chat(visit: Any) -> None:
    page = await visit()
    await page.add_script_tag(url="/static/widget.js?again", type="module")
    await page.wait_for_timeout(300)
    assert await page.locator("deskmate-chat").count() == 1


async def test_f6_goes_between_messages_and_composer(visit: Any) -> None:
    await open_chat(page := await visit())
    await page.keyboard.press("F6")
    await expect(page.get_by_role("log")).to_be_focused()
    await page.keyboard.press("F6")
    await expect(composer(page)).to_be_focused()


async def test_shift_enter_makes_a_line(visit: Any) -> None:
    log = await open_chat(page := await visit())
    await page.keyboard.type("one")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("two")
    await expect(composer(page)).to_have_value("one\ntwo")
    await page.keyboard.press("Enter")
    await expect(log.locator(".customer .bubble")).to_have_text("one\ntwo")


async def test_tab_reaches_everything_in_order(visit: Any) -> None:
    page = await visit()
    await open_chat(page)
    await page.get_by_role("button", name="Menu").focus()
    reached = []
    for _ in range(8):
        reached.append(
            await page.evaluate(
                f"{FOCUSED}.getAttribute('aria-label') ?? {FOCUSED}.textContent"
            )
        )
        await page.keyboard.press("Tab")
    assert reached == [
        "Menu",
        "Close chat",
        "Conversation",
        "Where is my order?",
        "I want to return something",
        "Talk to a person",
        "Attach a file",
        "Write a message",
    ]


async def test_title_of_the_page_counts_unread_messages(visit: Any, site: Any) -> None:
    site.rasa.delay_seconds = 0.6
    await open_chat(page := await visit())
    title = await page.title()
    await say(page, "hello")
    await page.keyboard.press("Escape")
    await expect(page).to_have_title(f"(1) {title}")
    await page.get_by_role("button", name="1 unread message").click()
    await expect(page).to_have_title(title)


async def test_read_state_is_shared_by_tabs(visit: Any, site: Any) -> None:
    site.rasa.delay_seconds = 0.6
    await open_chat(first := await visit())
    second = await visit(context=first.context)
    await say(first, "hello")
    await first.keyboard.press("Escape")
    unread = first.get_by_role("button", name="1 unread message")
    await expect(unread).to_be_visible()
    await second.get_by_role("button", name="1 unread message").click()
    await expect(unread).to_have_count(0)
    await expect(first.get_by_role("button", name="Open chat")).to_be_visible()


@pytest.mark.parametrize("width", [320, 360, 1280])
async def test_everything_fits_and_can_be_hit(
    visit: Any, site: Any, width: int
) -> None:
    page = await visit(viewport={"width": width, "height": 640})
    assert await page.evaluate(OVERFLOW) <= 0
    await open_chat(page)
    await use_everything(page, site)
    await page.get_by_role("button", name="Menu").click()
    assert await page.evaluate(OVERFLOW) <= 0
    log = page.get_by_role("log")
    assert await log.evaluate("(node) => node.scrollWidth - node.clientWidth") <= 0
    assert await page.evaluate(TARGETS) == []


async def test_forced_colours_show_what_is_chosen(visit: Any, site: Any) -> None:
    page = await visit(forced_colors="active")
    await open_chat(page)
    await use_everything(page, site)
    await page.get_by_role("radio", name="4: Good").check(force=True)
    chosen, other = await page.locator(".scores span").evaluate_all(
        "(nodes) => nodes.slice(3).map((n) => getComputedStyle(n).backgroundColor)"
    )
    assert chosen != other
    border = await page.locator(".bubble").first.evaluate(
        "(node) => getComputedStyle(node).borderTopStyle"
    )
    assert border == "solid"


async def test_motion_is_left_out_on_request(visit: Any) -> None:
    page = await visit(reduced_motion="reduce")
    await open_chat(page)
    names = "getComputedStyle(node).animationName"
    assert await page.get_by_role("dialog").evaluate(f"(node) => {names}") == "none"


async def test_variables_of_the_shop_change_the_look(visit: Any) -> None:
    page = await visit()
    await page.evaluate(
        """() => { const sheet = new CSSStyleSheet();
        sheet.replaceSync("deskmate-chat { --deskmate-accent: rgb(120, 0, 90); }");
        document.adoptedStyleSheets = [sheet]; }"""
    )
    colour = await page.locator(".launcher").evaluate(
        "(node) => getComputedStyle(node).backgroundColor"
    )
    assert colour == "rgb(120, 0, 90)"


async def test_chat_page_is_the_same_chat(visit: Any) -> None:
    page = await visit("/chat")
    region = page.get_by_role("region", name="Customer service")
    await expect(region).to_be_visible()
    await expect(page.get_by_role("button", name="Close chat")).to_have_count(0)
    await say(page, "hello")
    await expect(page.get_by_role("log")).to_contain_text("You said: hello")
    shop = await visit(context=page.context)
    log = await open_chat(shop)
    await expect(log).to_contain_text("You said: hello")


async def test_busy_server_is_given_the_time_it_asks_for(visit: Any, site: Any) -> None:
    log = await open_chat(page := await visit())
    n_posts = 0

    async def be_busy(route: Any) -> None:
        nonlocal n_posts
        n_posts += 1
        if n_posts > 1:
            await route.continue_()
            return
        busy = {"error": {"code": "too_many_messages", "message": "Wait."}}
        await route.fulfill(status=429, json=busy, headers={"Retry-After": "3"})

    await page.route("**/chat/messages", be_busy)
    await say(page, "hello")
    await expect(log).to_contain_text("Waiting to send.")
    await page.wait_for_timeout(2_000)
    assert n_posts == 1
    await expect(log).to_contain_text("You said: hello")
    assert n_posts == 2


async def test_chat_that_cannot_be_loaded_says_so(visit: Any) -> None:
    page = await visit()
    await page.context.route("**/widget/chat.*", lambda route: route.abort())
    await page.get_by_role("button", name="Open chat").click()
    failed = page.get_by_role("button", name="It could not be loaded")
    await expect(failed).to_be_visible()
    await page.context.unroute("**/widget/chat.*")
    await failed.click()
    await expect(composer(page)).to_be_focused()
    await expect(failed).to_have_count(0)
