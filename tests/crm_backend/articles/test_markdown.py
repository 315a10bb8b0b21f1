"""Markdown to safe HTML and to the plain text that is searched and quoted."""

import pytest

from crm_backend.articles.markdown import parse
from crm_backend.articles.quotes import make_quote, to_sentences


def test_html_in_an_article_is_shown_as_text() -> None:
    html, _ = parse("## A\n\n<script>alert(1)</script> <b>x</b>", title="T")
    assert "<script" not in html
    assert "&lt;b&gt;" in html


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x"])
def test_dangerous_address_is_no_link(address: str) -> None:
    html, _ = parse(f"## A\n\n[press]({address})", title="T")
    assert "<a" not in html


def test_table_has_no_inline_style() -> None:
    html, sections = parse("## A\n\n| a | b |\n|--:|---|\n| 1 | 2 |", title="T")
    assert "<td>1</td>" in html
    assert "style" not in html
    assert sections[0].blocks == ("a · b", "1 · 2")


def test_sections_have_ids_paths_and_plain_text() -> None:
    source = (
        "Before.\n\n## Sending *back* {#back}\n\n- One\n- Two **bold** `code`\n\n"
        "### 退货 运费\n\n由您\n承担，见 [此处](/help/zh/x)。\n\n## Empty\n"
    )
    html, sections = parse(source, title="Returns")
    assert [(s.id, s.path) for s in sections] == [
        ("", ("Returns",)),
        ("back", ("Returns", "Sending back")),
        ("退货-运费", ("Returns", "Sending back", "退货 运费")),
    ]
    assert sections[1].blocks == ("• One", "• Two bold code")
    assert sections[2].text == "由您承担，见 此处。"
    assert '<h2 id="back">Sending <em>back</em></h2>' in html


def test_sentences_end_where_readers_think_they_do() -> None:
    assert to_sentences("It costs 4.90 EUR. Free from 50 EUR! 14:00 is late.") == [
        "It costs 4.90 EUR.",
        "Free from 50 EUR!",
        "14:00 is late.",
    ]
    assert to_sentences("可以退。运费 4.90 欧元；包邮？") == [
        "可以退。",
        "运费 4.90 欧元；包邮？",
    ]


def test_short_section_is_quoted_whole() -> None:
    assert make_quote(("One. Two.", "Three."), "Three.") == "One. Two.\nThree."


def test_long_section_is_cut_between_sentences() -> None:
    blocks = tuple(
        f"Sentence {i} has some words to fill it. It ends." for i in range(20)
    )
    quote = make_quote(blocks, "Sentence 1 has some words to fill it.")
    assert quote.startswith("Sentence 0")
    assert len(quote) <= 330
    assert quote.endswith(".")


def test_quote_of_a_long_section_has_the_best_sentence() -> None:
    blocks = tuple(
        f"Sentence {i} has some words to fill it. It ends." for i in range(20)
    )
    best = "Sentence 17 has some words to fill it."
    assert make_quote(blocks, best).startswith(best)


def test_very_long_sentence_is_not_cut() -> None:
    sentence = "word " * 200 + "end."
    assert make_quote((sentence,), sentence) == sentence
