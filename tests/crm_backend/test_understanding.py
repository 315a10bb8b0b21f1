"""Colleagues say what was misunderstood and what it means."""

import html
import re
from typing import Any

import pytest
import yaml

from crm_backend.models import MisunderstoodMessage, NluReview
from crm_backend.runtime.supervision import ROOT
from crm_backend.web.understanding import list_intents

PATH = "/console/understanding"
NOTED = {
    "intent": "track_order",
    "confidence": 0.9,
    "gate": {"decision": "answer", "candidates": []},
}


async def add_review(shop: Any, **values: Any) -> NluReview:
    values = {
        "text_key": values.get("text", "x"),
        "language": "en",
        "text": "can you engrave it",
        "example": values.get("text", "can you engrave it"),
        "reason": "fallback",
        "intent": "product_info",
        "confidence": 0.21,
        "runner_up": "promotion",
        "runner_up_confidence": 0.1,
        "n_messages": 3,
        "first_seen_at": shop.now,
        "last_seen_at": shop.now,
    } | values
    return await shop.save(NluReview(**values))


async def decide(client: Any, shop: Any, review: Any, who: Any = None, **form: str):
    headers = await shop.cookie(who or shop.carol)
    return await client.post(
        f"{PATH}/{review.id}", data=form, headers=headers, allow_redirects=False
    )


async def test_inbox_shows_what_was_understood_and_how_often(
    client: Any, shop: Any
) -> None:
    await add_review(shop, masked=["NAME"])
    headers = await shop.cookie(shop.carol)
    page = await (await client.get(PATH, headers=headers)).text()
    for shown in ("can you engrave it", "product_info", "21%", "promotion", "3 ×"):
        assert shown in page
    assert "name replaced" in page
    assert "./deskmate export-examples" not in page


async def test_marked_ones_come_first_then_the_frequent(client: Any, shop: Any) -> None:
    await add_review(shop, text="rare")
    await add_review(shop, text="frequent", n_messages=9)
    await add_review(shop, text="marked", n_messages=1, n_marked=1)
    headers = await shop.cookie(shop.carol)
    page = await (await client.get(PATH, headers=headers)).text()
    places = [page.index(f">{text}</h2>") for text in ("marked", "frequent", "rare")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("form", "status", "intent"),
    [
        ({"decision": "accept"}, "accepted", "product_info"),
        ({"decision": "relabel", "intent": "invoice"}, "relabelled", "invoice"),
        ({"decision": "out_of_scope"}, "out_of_scope", "out_of_scope"),
        ({"decision": "ignore"}, "ignored", None),
    ],
)
async def test_decision_is_kept_with_who_and_when(
    client: Any, shop: Any, form: Any, status: str, intent: str | None
) -> None:
    review = await add_review(shop)
    response = await decide(client, shop, review, example="engrave  it?", **form)
    assert response.status == 303
    stored = await shop.load(NluReview, id=review.id)
    assert (stored.status, stored.decided_intent) == (status, intent)
    assert stored.decided_by_id == shop.carol.id
    assert stored.decided_at is not None
    assert stored.example == "engrave it?"


async def test_decision_can_be_undone_until_it_is_exported(
    client: Any, shop: Any
) -> None:
    review = await add_review(shop)
    await decide(client, shop, review, decision="accept")
    await decide(client, shop, review, decision="undo")
    stored = await shop.load(NluReview, id=review.id)
    assert (stored.status, stored.decided_by_id) == ("new", None)
    exported = await add_review(
        shop, text="y", status="accepted", exported_at=shop.now, used_for="train"
    )
    response = await decide(client, shop, exported, decision="undo")
    assert response.status == 409
    assert "exported already" in await response.text()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"decision": "relabel", "intent": "no_such_intent"}, 400),
        ({"decision": "relabel"}, 400),
        ({"decision": "accept", "example": "a [name](person)"}, 400),
        ({"decision": "accept", "example": "/restart"}, 400),
        ({"decision": "accept", "example": "x" * 601}, 400),
        ({"decision": "explode"}, 400),
    ],
)
async def test_bad_decision_changes_nothing(
    client: Any, shop: Any, form: Any, status: int
) -> None:
    review = await add_review(shop)
    assert (await decide(client, shop, review, **form)).status == status
    assert (await shop.load(NluReview, id=review.id)).status == "new"


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"decision": "relabel", "intent": ""}, "Choose what it means first."),
        (
            {"decision": "relabel", "intent": "no_such_<b>"},
            "no_such_&lt;b&gt; is none of the assistant&#39;s intents.",
        ),
        ({"decision": "accept", "example": "can [you](it) <b>"}, "holds [."),
        ({"decision": "accept", "example": "can you\u200bengrave"}, "holds U+200B."),
        ({"decision": "out_of_scope", "example": "/restart"}, "begins with /."),
        (
            {"decision": "accept", "example": "x" * 601},
            "has 601 characters; at most 600",
        ),
        ({"decision": "accept", "example": "  "}, "The example is empty."),
        ({"decision": "accept", "example": ""}, "The example is empty."),
    ],
)
async def test_refused_decision_says_why_and_keeps_what_was_put_in(
    client: Any, shop: Any, form: dict[str, str], told: str
) -> None:
    await add_review(shop, text="another one", n_messages=9)
    review = await add_review(shop)
    form = {"example": "can you engrave this", "intent": "invoice"} | form
    response = await decide(
        client, shop, review, tab="new", language="en", page="1", **form
    )
    assert response.status == 400
    page = await response.text()
    # Above, where the page opens, and with the entry it is about.
    assert page.count(told) == 2
    assert f'href="#review-{review.id}"' in page
    entry = page[page.index(f'id="review-{review.id}"') :]
    entry = entry[: entry.index("</form>")]
    assert told in entry
    kept = html.escape(form["example"])
    assert f">\n{kept}</textarea>" in entry
    assert page.count(">\nanother one</textarea>") == 1
    chosen = re.findall(r'<option value="(\w+)" selected>', entry)
    assert chosen == (["invoice"] if form["intent"] == "invoice" else [])
    assert 'aria-invalid="true" aria-describedby="refused-here"' in entry
    # The list is still the one that was looked at.
    assert "tab=new&amp;language=en" in page
    assert (await shop.load(NluReview, id=review.id)).example == "can you engrave it"


async def test_text_about_what_was_exported_meanwhile_is_not_lost(
    client: Any, shop: Any
) -> None:
    review = await add_review(
        shop,
        status="relabelled",
        decided_intent="invoice",
        exported_at=shop.now,
        used_for="train",
    )
    response = await decide(
        client, shop, review, decision="accept", example="could you <i>engrave</i> it"
    )
    assert response.status == 409
    page = await response.text()
    assert "exported already as invoice" in page
    assert "<q>could you &lt;i&gt;engrave&lt;/i&gt; it</q>" in page


async def test_ignoring_needs_no_example(client: Any, shop: Any) -> None:
    review = await add_review(shop)
    response = await decide(client, shop, review, decision="ignore", example="")
    assert response.status == 303
    stored = await shop.load(NluReview, id=review.id)
    assert (stored.status, stored.example) == ("ignored", "can you engrave it")


async def test_nothing_can_be_accepted_where_nothing_was_understood(
    client: Any, shop: Any
) -> None:
    review = await add_review(shop, intent=None, confidence=None)
    assert (await decide(client, shop, review, decision="accept")).status == 409


async def test_only_service_may_decide(client: Any, shop: Any) -> None:
    review = await add_review(shop)
    response = await decide(client, shop, review, shop.rita, decision="accept")
    assert response.status == 403
    response = await client.get(PATH, allow_redirects=False)
    assert response.status == 303
    assert "/sign-in" in response.headers["Location"]


async def test_other_sites_cannot_decide(client: Any, shop: Any) -> None:
    review = await add_review(shop)
    headers = await shop.cookie(shop.carol) | {"Sec-Fetch-Site": "cross-site"}
    data = {"decision": "accept"}
    response = await client.post(f"{PATH}/{review.id}", data=data, headers=headers)
    assert response.status == 403
    assert (await shop.load(NluReview, id=review.id)).status == "new"


async def test_missing_review_does_not_exist(client: Any, shop: Any) -> None:
    headers = await shop.cookie(shop.carol)
    data = {"decision": "accept"}
    response = await client.post(f"{PATH}/99", data=data, headers=headers)
    assert response.status == 404


async def test_line_is_marked_wrong_and_taken_back(client: Any, shop: Any) -> None:
    talk = await shop.add_conversation(shop.alice)
    message = await shop.add_message(talk, 1, "leave it there", understood=NOTED)
    page = f"/console/conversations/{talk.id}"
    headers = await shop.cookie(shop.carol)
    assert (
        "Understood wrongly?" in await (await client.get(page, headers=headers)).text()
    )
    path = f"{page}/messages/{message.id}/wrong"
    for _ in range(2):
        assert (await client.post(path, headers=headers)).status == 200
    mark = await shop.load(MisunderstoodMessage, message_id=message.id)
    assert mark.marked_by_id == shop.carol.id
    assert "marked as wrong" in await (await client.get(page, headers=headers)).text()
    await client.post(path, headers=headers, data={"wrong": "0"})
    assert await shop.count(MisunderstoodMessage) == 0


async def test_mark_counts_in_the_review_that_has_the_line(
    client: Any, shop: Any
) -> None:
    review = await add_review(shop)
    talk = await shop.add_conversation()
    message = await shop.add_message(talk, 1, "can you engrave it", understood=NOTED)
    await shop.save(
        MisunderstoodMessage(
            message_id=message.id, review_id=review.id, reason="fallback"
        )
    )
    path = f"/console/conversations/{talk.id}/messages/{message.id}/wrong"
    headers = await shop.cookie(shop.carol)
    await client.post(path, headers=headers)
    assert (await shop.load(NluReview, id=review.id)).n_marked == 1
    await client.post(path, headers=headers, data={"wrong": "0"})
    assert (await shop.load(NluReview, id=review.id)).n_marked == 0
    assert await shop.count(MisunderstoodMessage) == 1


async def test_line_of_another_conversation_or_of_the_bot_cannot_be_marked(
    client: Any, shop: Any
) -> None:
    talk, other = await shop.add_conversation(), await shop.add_conversation()
    said = await shop.add_message(talk, 1, "hello", understood=NOTED)
    answer = await shop.add_message(talk, 2, "Hello!", sender="bot")
    staff = await shop.add_conversation(shop.rita)
    hers = await shop.add_message(staff, 1, "hello", understood=NOTED)
    headers = await shop.cookie(shop.carol)
    for conversation, message, status in (
        (other, said, 404),
        (talk, answer, 400),
        (staff, hers, 404),
    ):
        path = f"/console/conversations/{conversation.id}/messages/{message.id}/wrong"
        assert (await client.post(path, headers=headers)).status == status
    assert await shop.count(MisunderstoodMessage) == 0


async def test_managers_download_the_change_as_a_patch(client: Any, shop: Any) -> None:
    text = "zq would you put my initials onto the flask"
    await add_review(
        shop,
        text=text,
        status="relabelled",
        decided_intent="product_info",
        decided_at=shop.now,
    )
    path = f"{PATH}/examples.patch"
    headers = await shop.cookie(shop.mona)
    patch = await (await client.get(path, headers=headers)).text()
    assert f"+    - {text}" in patch
    assert "+++ b/data/nlu/products.yml" in patch
    agent = await shop.cookie(shop.carol)
    assert (await client.get(path, headers=agent)).status == 403


async def test_page_speaks_chinese(client: Any, shop: Any) -> None:
    await add_review(shop)
    headers = await shop.cookie(shop.carol)
    page = await (await client.get(f"{PATH}?lang=zh", headers=headers)).text()
    assert "未理解的消息" in page
    assert "咨询商品信息" in page


def test_every_intent_of_the_domain_has_a_description() -> None:
    domain = yaml.load(
        (ROOT / "domain.yml").read_text("utf-8"),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    )
    names = {
        next(iter(one)) if isinstance(one, dict) else one for one in domain["intents"]
    }
    assert set(list_intents()) == names - {"nlu_fallback"}
