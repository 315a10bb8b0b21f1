"""The demo shop's articles and texts, read from the YAML files beside this module."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Article:
    """A product of the demo shop; `id` counts from 1."""

    id: int
    sku: str
    category: str
    price_cents: int
    name: str
    name_zh: str
    description: str
    description_zh: str


@cache
def articles() -> tuple[Article, ...]:
    """Return all articles in the order of products.yml."""
    found: list[Article] = []
    for category, entries in _read("products.yml").items():
        for entry in entries:
            found.append(Article(id=len(found) + 1, category=category, **entry))
    return tuple(found)


@cache
def categories() -> tuple[str, ...]:
    """Return the categories in the order of products.yml."""
    return tuple(dict.fromkeys(article.category for article in articles()))


@cache
def seed_texts() -> dict[str, Any]:
    """Return what the demo shop's records say, from texts.yml."""
    return _read("texts.yml")


@cache
def talk_texts() -> dict[str, Any]:
    """Return what was said in past conversations, from talks.yml."""
    return _read("talks.yml")


@cache
def chinese_names() -> dict[str, list[dict[str, str]]]:
    """Return family and given names, each as han and pinyin, from names.yml."""
    return _read("names.yml")


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((HERE / name).read_text("utf-8"))
    return content
