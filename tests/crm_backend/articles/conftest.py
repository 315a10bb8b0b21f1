"""A folder of two small articles, and the words of the demo shop's own."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from crm_backend.articles.library import ArticleLibrary

DELIVERY = """
    ---
    title: Delivery
    topics:
      shipping_fee: cost
    questions:
      cost:
        - How much is postage?
    updated: 2026-11-10
    ---

    ## How long delivery takes {#time}

    It takes 3 days.

    ## What delivery costs {#cost}

    Delivery costs 4.90 EUR.
"""
RETURNS_ZH = """
    ---
    title: 退货
    topics: {}
    updated: 2026-11-10
    ---

    ## 退货期限 {#window}

    签收后 30 天内可以退货。
"""


def write(folder: Path, name: str, text: str) -> Path:
    """Write an article whose lines are indented as in this file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text).lstrip(), "utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An English article about delivery and a Chinese one about returns."""
    write(tmp_path, "en/delivery.md", DELIVERY)
    write(tmp_path, "zh/returns.md", RETURNS_ZH)
    return tmp_path


@pytest.fixture
def library(folder: Path) -> Iterator[ArticleLibrary]:
    """The small articles, searched by words alone and looked at every time."""
    library = ArticleLibrary(folder, load=lambda: None, look_every_seconds=0)
    yield library
    library.close()
