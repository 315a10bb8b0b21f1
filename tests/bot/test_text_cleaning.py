import time

import pytest

from bot.text_cleaning import MAX_CHARACTERS, clean_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail bob@example.com 12345678", "mail email 1"),
        ("see https://example.com/a?b=1, please", "see link please"),
        ("Where is DM-123456?", "Where is order 1?"),
        ("订单ＤＭ１２３４５６到哪了", "订单order 1到哪了"),
        ("<p>My <b>lamp</b> broke &amp; burnt</p>", "My lamp broke & burnt"),
        ("is 3<4 and b<c", "is 3<4 and b<c"),
        ("hello\u200b \u202eworld\x00\ud83d", "hello world"),
        ("noooooooo!!!!!!", "nooo!!!"),
        ("", ""),
    ],
)
def test_what_tells_nothing_is_removed(text, expected):
    assert clean_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Cancel it\n\n> Do you want to keep\n> your order?",
        "Cancel it\nOn Mon, 2 Nov 2026, Deskmate wrote:\nDo you want to keep it?",
        "Cancel it\n-----Original Message-----\nFrom: shop@example.com",
    ],
)
def test_the_thread_below_a_reply_is_dropped(text):
    assert clean_text(text) == "Cancel it"


def test_a_message_that_is_all_quoted_is_kept():
    assert clean_text("> where is my order") == "> where is my order"


def test_a_long_story_is_read_at_both_ends():
    text = "My lamp arrived. " + "It rained. " * 900 + "Can I send it back?"
    cleaned = clean_text(text)
    assert cleaned.startswith("My lamp arrived. ")
    assert cleaned.endswith(" Can I send it back?")
    assert len(cleaned) <= MAX_CHARACTERS


@pytest.mark.parametrize("piece", ["a" * 9, "<a ", "&", ">\n", "a@", "1 ", "订"])
def test_whatever_is_pasted_is_cleaned_fast(piece):
    started = time.thread_time()
    clean_text(piece * (10_000 // len(piece)))
    assert time.thread_time() - started < 2
