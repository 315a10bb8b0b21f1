"""Searching the articles while people write them."""

import asyncio
import logging
from pathlib import Path

import numpy as np
import pytest

from crm_backend.articles.encoder import CachedEncoder
from crm_backend.articles.errors import ArticleError
from crm_backend.articles.library import ArticleLibrary
from tests.crm_backend.articles.conftest import DELIVERY, write

PAYMENT = """
    ---
    title: Payment
    topics: {}
    updated: 2026-11-10
    ---

    ## Ways to pay

    Card or cheque.
"""


async def found(library: ArticleLibrary, question: str, language: str = "en") -> list:
    answer = await library.search(question, language)
    return [hit.passage.url for hit in answer.hits]


async def test_question_finds_its_section(library: ArticleLibrary) -> None:
    await library.open()
    answer = await library.search("How much is postage?", "en", n=1)
    assert answer.decision == "sure"
    assert [hit.passage.url for hit in answer.hits] == ["/help/en/delivery#cost"]
    assert answer.hits[0].quote == "Delivery costs 4.90 EUR."


async def test_unrelated_question_finds_nothing(library: ArticleLibrary) -> None:
    await library.open()
    assert (await library.search("Who won yesterday", "en")).decision == "nothing"


async def test_topic_answers_where_nothing_was_typed(library: ArticleLibrary) -> None:
    await library.open()
    answer = await library.search("", "en", "shipping_fee")
    assert answer.decision == "sure"
    assert [hit.passage.section.id for hit in answer.hits] == ["cost"]
    assert (await library.search("", "en", "greet")).decision == "nothing"


async def test_topic_is_offered_where_the_words_say_nothing(
    library: ArticleLibrary,
) -> None:
    await library.open()
    answer = await library.search("xyzzy", "en", "shipping_fee")
    assert answer.decision == "unsure"
    assert answer.hits[0].passage.section.id == "cost"


async def test_missing_translation_is_found_in_the_other_language(
    library: ArticleLibrary, folder: Path
) -> None:
    await library.open()
    assert await found(library, "postage", "zh") == ["/help/en/delivery#cost"] + [
        "/help/zh/returns#window",
        "/help/en/delivery#time",
    ]
    write(folder, "zh/delivery.md", DELIVERY.replace("postage", "postage 邮费"))
    urls = await found(library, "postage", "zh")
    assert [url for url in urls if url.startswith("/help/en")] == []


async def test_new_changed_and_deleted_articles_count_at_once(
    library: ArticleLibrary, folder: Path
) -> None:
    await library.open()
    assert "/help/en/payment#ways-to-pay" not in await found(library, "cheque")
    path = write(folder, "en/payment.md", PAYMENT)
    assert (await found(library, "cheque"))[0] == "/help/en/payment#ways-to-pay"
    write(folder, "en/payment.md", PAYMENT.replace("cheque", "bitcoin"))
    assert (await library.search("cheque", "en")).decision == "nothing"
    assert (await found(library, "bitcoin"))[0] == "/help/en/payment#ways-to-pay"
    path.unlink()
    assert (await library.shelf()).find_article("en", "payment") is None


async def test_broken_article_leaves_everything_as_it_was(
    library: ArticleLibrary, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await library.open()
    before = await found(library, "postage")
    write(folder, "en/broken.md", "no front matter")
    assert await found(library, "postage") == before
    assert await found(library, "postage") == before
    complaints = [r.message for r in caplog.records if r.levelno == logging.ERROR]
    assert len(complaints) == 1
    assert "broken.md: it has no front matter" in complaints[0]
    write(folder, "en/broken.md", PAYMENT)
    assert (await found(library, "cheque"))[0] == "/help/en/broken#ways-to-pay"


async def test_folder_that_vanishes_leaves_everything_as_it_was(
    library: ArticleLibrary, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await library.open()
    folder.rename(folder.with_name("moved"))
    for _ in range(2):
        assert (await found(library, "postage"))[0] == "/help/en/delivery#cost"
    assert len([r for r in caplog.records if "is missing" in r.message]) == 1


async def test_broken_article_stops_the_start(
    library: ArticleLibrary, folder: Path
) -> None:
    write(folder, "en/broken.md", "no front matter")
    with pytest.raises(ArticleError, match=r"broken\.md"):
        await library.open()


async def test_shop_without_articles_finds_nothing(tmp_path: Path) -> None:
    library = ArticleLibrary(tmp_path, load=lambda: None)
    await library.open()
    assert (await library.search("postage", "en", "shipping_fee")).hits == []
    library.close()


async def test_searching_does_not_hold_up_the_event_loop(folder: Path) -> None:
    is_loading, may_go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def load() -> None:
        loop.call_soon_threadsafe(is_loading.set)
        asyncio.run_coroutine_threadsafe(may_go_on.wait(), loop).result(10)

    library = ArticleLibrary(folder, load=load, look_every_seconds=0)
    await library.open()
    search = asyncio.create_task(library.search("postage", "en"))
    await asyncio.wait_for(is_loading.wait(), 10)
    # Pages do not wait for the search.
    shelf = await asyncio.wait_for(library.shelf(), 10)
    assert shelf.find_article("en", "delivery") is not None
    may_go_on.set()
    assert (await search).hits
    library.close()


def test_texts_are_encoded_once_and_the_oldest_forgotten() -> None:
    asked: list[str] = []

    def encode(texts):
        asked.extend(texts)
        return np.array([[len(text), 0] for text in texts], dtype=np.float32)

    cached = CachedEncoder(encode, n_kept=2)
    assert cached(["a", "bb", "a"]).tolist() == [[1, 0], [2, 0], [1, 0]]
    cached(["bb"])
    assert asked == ["a", "bb"]
    cached(["ccc"])
    cached(["bb"])
    cached(["a"])
    assert asked == ["a", "bb", "ccc", "a"]
