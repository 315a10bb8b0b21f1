"""Drafts of help articles, and where they are kept until somebody wrote them."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import yaml

from crm_backend.catalogue import say
from crm_backend.models import ArticleDraft

# The reader of articles takes only folders named after a language, so this is none.
FOLDER = "drafts"
MAX_TITLE = 120
N_SLUG_WORDS = 6


def make_slug(label: str, gap_id: int) -> str:
    """Return the file name of a draft, unique for its gap."""
    words = re.findall(r"[a-z0-9]+", label.lower())[:N_SLUG_WORDS]
    return "-".join([*(words or ["question"]), str(gap_id)])[-80:].lstrip("-")


def make_body(
    label: str, others: Sequence[str], language: str, updated_on: date, n_asked: int
) -> str:
    """Write the Markdown file that an author begins with.

    Args:
        label: the question in the middle of the gap.
        others: other wordings of it.
        language: of the article.
        updated_on: the day of the draft.
        n_asked: how often it was asked.
    """
    title = label[:MAX_TITLE]
    front = {"title": title, "topics": {}, "updated": updated_on}
    if others:
        front["questions"] = {"answer": list(others)}
    # Long lines stay whole, so that a change of one question is one line.
    head = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=10_000)
    todo = say("draft_todo", language, n=n_asked)
    return f"---\n{head}---\n\n## {title} {{#answer}}\n\n{todo}\n"


def save_draft(draft: ArticleDraft, articles_dir: Path | None) -> Path | None:
    """Write a draft beside the articles, where it is not published.

    Args:
        draft: what to write; a file that is there already stays as it is.
        articles_dir: the folder of the articles, if there is one.

    Returns:
        the file, or None where it cannot be written.
    """
    if articles_dir is None:
        return None
    path = articles_dir / FOLDER / draft.language / f"{draft.slug}.md"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(draft.body)
    except FileExistsError:
        return path
    except OSError:
        return None
    return path
