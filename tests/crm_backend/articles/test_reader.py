"""What makes an article, and the one sentence that says what is wrong with one."""

from datetime import date
from pathlib import Path

import pytest

from crm_backend.articles.errors import ArticleError
from crm_backend.articles.library import read_shelf
from crm_backend.articles.reader import read_article
from tests.crm_backend.articles.conftest import DELIVERY, write


def test_article_is_read_with_its_front_matter(folder: Path) -> None:
    article = read_article(folder / "en/delivery.md", "en")
    assert (article.slug, article.title) == ("delivery", "Delivery")
    assert article.topics == {"shipping_fee": "cost"}
    assert article.questions == {"cost": ["How much is postage?"]}
    assert article.updated_on == date(2026, 11, 10)
    assert [section.id for section in article.sections] == ["time", "cost"]
    assert article.sections[1].text == "Delivery costs 4.90 EUR."


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("---\n    title", "title", "it has no front matter"),
        ("    title: Delivery\n", "", "title: Field required"),
        ("2026-11-10", "soon", "updated: "),
        ("title: Delivery", "title: [", "its front matter is not YAML in line 4"),
        ("title: Delivery", "titel: Delivery", "title: Field required"),
        ("shipping_fee: cost", "shipping_fee: price", "names no section 'price'"),
        ("questions:\n      cost", "questions:\n      price", "no section, 'price'"),
        ("{#time}", "{#cost}", "two sections have the name 'cost'"),
        ("## How", "# How", "headings begin with ##"),
    ],
)
def test_broken_article_is_refused_by_name(
    folder: Path, before: str, after: str, problem: str
) -> None:
    assert before in DELIVERY
    path = write(folder, "en/delivery.md", DELIVERY.replace(before, after))
    with pytest.raises(ArticleError) as refusal:
        read_shelf(folder)
    assert str(path) in str(refusal.value)
    assert problem in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_article_without_text_is_refused(folder: Path) -> None:
    path = write(folder, "en/empty.md", DELIVERY[: DELIVERY.index("## How")])
    with pytest.raises(ArticleError, match="it says nothing"):
        read_article(path, "en")


def test_article_in_another_encoding_is_refused(folder: Path) -> None:
    (folder / "zh/returns.md").write_bytes("---\ntitle: 退货".encode("gb18030"))
    with pytest.raises(ArticleError, match=r"returns\.md: it is not in UTF-8"):
        read_shelf(folder)


def test_unreadable_article_is_refused(folder: Path) -> None:
    (folder / "en/lost.md").symlink_to(folder / "nowhere.md")
    with pytest.raises(ArticleError, match=r"lost\.md: it cannot be read"):
        read_shelf(folder)


def test_name_that_is_no_address_is_refused(folder: Path) -> None:
    write(folder, "en/My Returns.md", DELIVERY)
    with pytest.raises(ArticleError, match="My Returns"):
        read_shelf(folder)


def test_two_articles_of_one_name_are_refused(folder: Path) -> None:
    write(folder, "en/more/delivery.md", DELIVERY)
    with pytest.raises(ArticleError, match="there is an article of this name"):
        read_shelf(folder)


def test_intent_is_answered_by_one_article_per_language(folder: Path) -> None:
    write(folder, "en/postage.md", DELIVERY)
    with pytest.raises(ArticleError, match="'shipping_fee' is answered by"):
        read_shelf(folder)
    (folder / "en/postage.md").rename(folder / "zh/delivery.md")
    assert len(read_shelf(folder).by_path) == 3


def test_missing_folder_is_refused_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ArticleError, match="ARTICLES_DIR"):
        read_shelf(tmp_path / "nowhere")


def test_drafts_and_other_files_are_left_out(folder: Path) -> None:
    for name in ("en/_draft.md", "en/.hidden.md", "en/_old/x.md", "en/notes.txt"):
        write(folder, name, "not an article")
    assert len(read_shelf(folder).by_path) == 2
