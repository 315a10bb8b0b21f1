"""Colleagues see what no article answers, and begin one with a click."""

from pathlib import Path
from typing import Any

import pytest

from crm_backend.articles.reader import read_article
from crm_backend.models import ArticleDraft, QuestionGap, UnansweredQuestion
from crm_backend.services.article_drafts import make_body, make_slug, save_draft

PATH = "/console/gaps"


async def add_gap(shop: Any, *texts: str, language: str = "en") -> QuestionGap:
    gap = await shop.save(
        QuestionGap(
            language=language,
            label=texts[0],
            n_questions=len(texts),
            n_recent=2,
            n_earlier=1,
            first_asked_at=shop.now,
            last_asked_at=shop.now,
        )
    )
    talk = await shop.add_conversation()
    for seq, text in enumerate(texts, start=1):
        message = await shop.add_message(talk, seq, text, language=language)
        await shop.save(
            UnansweredQuestion(
                message_id=message.id,
                gap_id=gap.id,
                language=language,
                text=text,
                reason="declined",
                asked_at=shop.now,
            )
        )
    return gap


async def test_page_shows_gaps_with_examples_and_trend(client: Any, shop: Any) -> None:
    await add_gap(shop, "do you engrave", "can you engrave it", "engraving?")
    headers = await shop.cookie(shop.carol)
    page = await (await client.get(PATH, headers=headers)).text()
    for shown in ("do you engrave", "engraving?", "more than the 1 of", "3 ×"):
        assert shown in page


async def test_one_click_drafts_an_article_that_is_not_published(
    client: Any, shop: Any, tmp_path: Path
) -> None:
    gap = await add_gap(shop, "do you engrave: a name?", "can you engrave it")
    headers = await shop.cookie(shop.carol)
    for _ in range(2):
        response = await client.post(f"{PATH}/{gap.id}/draft", headers=headers)
        assert response.status == 200
    assert await shop.count(ArticleDraft) == 1
    assert (await shop.load(QuestionGap, id=gap.id)).status == "drafted"
    response = await client.get(f"{PATH}/{gap.id}/draft.md", headers=headers)
    file = tmp_path / "engraving.md"
    file.write_text(await response.text(), "utf-8")
    article = read_article(file, "en")
    assert article.title == "do you engrave: a name?"
    assert article.questions == {"answer": ["can you engrave it"]}
    found = await client.get("/help/en")
    assert "do you engrave" not in await found.text()


async def test_gap_is_put_aside_and_taken_back(client: Any, shop: Any) -> None:
    gap = await add_gap(shop, "do you engrave")
    headers = await shop.cookie(shop.carol)
    path = f"{PATH}/{gap.id}/dismiss"
    await client.post(path, headers=headers, data={"dismissed": "1"})
    assert (await shop.load(QuestionGap, id=gap.id)).status == "dismissed"
    await client.post(path, headers=headers, data={"dismissed": "0"})
    assert (await shop.load(QuestionGap, id=gap.id)).status == "open"


async def test_only_service_sees_gaps(client: Any, shop: Any) -> None:
    gap = await add_gap(shop, "do you engrave")
    headers = await shop.cookie(shop.rita)
    assert (await client.get(PATH, headers=headers)).status == 403
    path = f"{PATH}/{gap.id}/draft"
    assert (await client.post(path, headers=headers)).status == 403
    assert (await client.get(f"{path}.md", headers=headers)).status == 403
    assert await shop.count(ArticleDraft) == 0


async def test_gap_or_draft_that_is_missing_does_not_exist(
    client: Any, shop: Any
) -> None:
    gap = await add_gap(shop, "do you engrave")
    headers = await shop.cookie(shop.carol)
    assert (await client.post(f"{PATH}/99/draft", headers=headers)).status == 404
    path = f"{PATH}/{gap.id}/draft.md"
    assert (await client.get(path, headers=headers)).status == 404


def draft(label: str, language: str = "en") -> ArticleDraft:
    from datetime import date

    body = make_body(label, ["另一种问法"], language, date(2026, 5, 4), 7)
    return ArticleDraft(language=language, slug=make_slug(label, 5), body=body)


def test_draft_is_written_once_beside_the_articles(tmp_path: Path) -> None:
    one = draft("可以刻字吗", "zh")
    path = save_draft(one, tmp_path)
    assert path == tmp_path / "drafts/zh/question-5.md"
    assert read_article(path, "zh").title == "可以刻字吗"
    path.write_text("what an author wrote", "utf-8")
    assert save_draft(one, tmp_path) == path
    assert path.read_text("utf-8") == "what an author wrote"


def test_draft_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("a file in the way")
    assert save_draft(draft("hello there"), tmp_path) is None
    assert save_draft(draft("hello there"), None) is None


@pytest.mark.parametrize(
    ("label", "slug"),
    [("Do you engrave?!", "do-you-engrave-5"), ("可以刻字吗", "question-5")],
)
def test_slug_fits_the_articles(label: str, slug: str) -> None:
    assert make_slug(label, 5) == slug
