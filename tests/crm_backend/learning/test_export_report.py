"""The export from the command line, with the assistant's own cross-validation."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from crm_backend.cli import app
from crm_backend.db import make_engine, make_sessions
from crm_backend.learning.exporting import ExportFailed
from crm_backend.models import Base, NluReview
from crm_backend.runtime import supervision
from tests.conftest import missing

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
EXAMPLES = {
    ("track_order", "English"): (
        "where is my order",
        "has my parcel left yet",
        "track the delivery please",
        "when will the package arrive",
        "my shipment is late",
    ),
    ("track_order", "Chinese"): (
        "我的订单到哪了",
        "包裹发出了吗",
        "帮我查一下物流",
        "快递什么时候到",
        "怎么还没有收到货",
    ),
    ("thank", "English"): (
        "thank you",
        "thanks a lot",
        "that was kind of you",
        "many thanks for the help",
        "great, cheers",
    ),
    ("thank", "Chinese"): (
        "谢谢",
        "非常感谢",
        "多谢帮忙",
        "感谢你的帮助",
        "太好了谢谢",
    ),
}
LEARNED = ("any news of my packet", "how far has my packet come")


def write_project(root: Path, examples: dict[tuple[str, str], Sequence[str]]) -> None:
    """Make a project with two intents, and the assistant's own code."""
    lines = ['version: "3.1"', "", "nlu:"]
    for (intent, language), texts in examples.items():
        lines += [f"- intent: {intent}  # {language}", "  examples: |"]
        lines += [f"    - {text}" for text in texts]
    (root / "data/nlu").mkdir(parents=True)
    (root / "data/nlu/orders.yml").write_text("\n".join(lines) + "\n", "utf-8")
    (root / "bot").symlink_to(supervision.ROOT / "bot", target_is_directory=True)


async def fill(url: str) -> None:
    """Decide that two messages ask where an order is."""
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with make_sessions(engine).begin() as session:
        for nth, text in enumerate(LEARNED):
            session.add(
                NluReview(
                    text_key=text,
                    language="en",
                    text=text,
                    example=text,
                    reason="fallback",
                    n_messages=1,
                    first_seen_at=NOW,
                    last_seen_at=NOW,
                    status="relabelled",
                    decided_intent="track_order",
                    decided_at=NOW + timedelta(seconds=nth),
                )
            )
    await engine.dispose()


async def list_uses(url: str) -> list[str | None]:
    engine = make_engine(url)
    async with make_sessions(engine)() as session:
        query = select(NluReview).order_by(NluReview.id)
        uses = [
            review.used_for if review.exported_at else "not exported"
            for review in await session.scalars(query)
        ]
    await engine.dispose()
    return uses


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite+aiosqlite:///{tmp_path / 'crm.sqlite3'}"
    asyncio.run(fill(url))
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    return url


def test_export_reports_cross_validation_before_and_after(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not supervision.BOT_PYTHON.exists():
        missing("the assistant's environment is not installed: run make setup")
    root = tmp_path / "project"
    write_project(root, EXAMPLES)
    monkeypatch.setattr(supervision, "ROOT", root)
    done = CliRunner().invoke(app, ["export-examples", "--report"])
    assert done.exit_code == 0, done.output
    assert asyncio.run(list_uses(database)) == ["train", "test"]
    report = (tmp_path / "var/learning/export-report.md").read_text("utf-8")
    assert "| English | messages | 10 | 11 | |" in report
    assert "| Chinese | messages | 10 | 10 | |" in report
    assert "| all | accuracy | " in report
    data = (root / "data/nlu/orders.yml").read_text("utf-8")
    assert f"    - {LEARNED[0]}\n- intent: track_order  # Chinese" in data
    tests = (root / "tests/bot/reviewed/en.csv").read_text("utf-8")
    assert tests == f"text,intent\n{LEARNED[1]},track_order\n"


@pytest.mark.parametrize("lack", ["environment", "examples"])
def test_report_that_cannot_be_made_exports_nothing(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch, lack: str
) -> None:
    root = tmp_path / "project"
    few = {place: texts[:1] for place, texts in EXAMPLES.items()}
    write_project(root, few if lack == "examples" else EXAMPLES)
    before = (root / "data/nlu/orders.yml").read_text("utf-8")
    monkeypatch.setattr(supervision, "ROOT", root)
    if lack == "environment":
        monkeypatch.setattr(supervision, "BOT_PYTHON", root / "bot/.venv/none/python")
    elif not supervision.BOT_PYTHON.exists():
        missing("the assistant's environment is not installed: run make setup")
    done = CliRunner().invoke(app, ["export-examples", "--report"])
    # The command line writes it as one sentence and ends with 1.
    assert isinstance(done.exception, ExportFailed)
    said = str(done.exception)
    assert said.endswith("Nothing was exported.")
    assert ("make setup" in said) == (lack == "environment")
    assert (root / "data/nlu/orders.yml").read_text("utf-8") == before
    assert asyncio.run(list_uses(database)) == ["not exported"] * 2
    assert not (tmp_path / "var/learning").exists()
