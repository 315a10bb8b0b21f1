"""The command itself: what it prints, how it ends, and that nothing is half done."""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from crm_backend.imports import importing, rejected
from crm_backend.imports.command import import_command

ROOT = Path(__file__).resolve().parents[3]
app = typer.Typer()
app.command("import")(import_command)


def run(*arguments):
    """Run the command in this process."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    # A sentence, not a traceback.
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


def test_help_shows_an_example(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = run("--help")
    assert "Example: ./deskmate import" in done.output
    assert "--order-lines" in done.output


def test_report_is_printed_and_written_as_json(importer, shop_files):
    path = importer.write("customers.csv", shop_files["customers"] + "C-3,,,,,,,,\n")
    report = importer.folder / "out.json"
    done = run("--customers", path, "--rejected", importer.rejected, "--json", report)
    assert done.exit_code == 0
    assert "missing_value" in done.output
    assert f"1 rows were left out: see {importer.rejected}" in done.output
    (table,) = json.loads(report.read_text("utf-8"))["tables"]
    assert (table["rows_read"], table["accepted"], table["rejected"]) == (3, 2, 1)
    assert table["reasons"] == {"missing_value": 1}


def broken_files(folder, shop_files):
    """Return arguments of an import whose last file is broken."""
    good = folder / "customers.csv"
    good.write_text(shop_files["customers"])
    return ["--customers", good, "--rejected", folder / "rejected.csv"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("p.csv", b"sku,name\nA,\xff\xfe\xfa\n", "line 2: bytes that are not utf-8"),
        ("p.csv.gz", gzip.compress(b"sku,name\n" * 999)[:-9], "cut-off .gz file"),
        ("p.csv", b"", "is empty"),
        ("p.csv", b"sku,name\n", "no column 'category'"),
    ],
)
def test_broken_file_stops_everything(importer, shop_files, name, content, sentence):
    path = importer.write(name, content)
    done = run(*broken_files(importer.folder, shop_files), "--products", path)
    assert done.exit_code == 1
    assert done.stderr.startswith("deskmate: Nothing was imported: ")
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert importer.counts()["customers"] == 0
    assert not importer.rejected.exists()


def test_failure_while_storing_rolls_everything_back(importer, shop_files, monkeypatch):
    def fail(*_arguments):
        raise OperationalError("", {}, Exception("database or disk is full"))

    monkeypatch.setattr(importing, "derive", fail)
    path = importer.write("customers.csv", shop_files["customers"])
    done = run("--customers", path, "--rejected", importer.rejected)
    assert done.exit_code == 1
    assert "there is no room left" in done.stderr
    assert importer.counts()["customers"] == 0
    assert sorted(p.name for p in importer.folder.iterdir()) == ["customers.csv"]


def test_full_disk_while_writing_rejected_rows_rolls_back(
    importer, shop_files, monkeypatch
):
    def fail(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rejected.RejectedFile, "finish", fail)
    path = importer.write("customers.csv", shop_files["customers"])
    done = run("--customers", path, "--rejected", importer.rejected)
    assert done.exit_code == 1
    assert "No space left on device" in done.stderr
    assert importer.counts()["customers"] == 0


def test_database_without_tables_is_named(tmp_path, monkeypatch, shop_files):
    (tmp_path / "customers.csv").write_text(shop_files["customers"])
    for name in ("none.sqlite3", "empty.sqlite3"):
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / name}")
        (tmp_path / "empty.sqlite3").touch()
        done = run(
            "--customers",
            tmp_path / "customers.csv",
            "--rejected",
            tmp_path / "rejected.csv",
        )
        assert done.exit_code == 1
        assert "deskmate migrate" in done.stderr
    assert not (tmp_path / "none.sqlite3").exists()


def test_input_is_not_overwritten_by_rejected_rows(importer, shop_files):
    path = importer.write("customers.csv", shop_files["customers"])
    done = run("--customers", path, "--rejected", path)
    assert "is itself a file to be imported" in done.stderr
    assert path.read_text() == shop_files["customers"]


async def test_interrupt_leaves_nothing_behind(importer, database_url):
    """The real command, stopped by Ctrl+C while it cleans a long file."""
    rows = "".join(f"v{i},/p,2024-01-01\n" for i in range(400_000))
    path = importer.write("visits.csv", f"visit,page,visited_at\n{rows}")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import typer; from crm_backend.imports.command import import_command as i\n"
        "app = typer.Typer(); app.command()(i); app()",
        *("--visits", str(path), "--rejected", str(importer.rejected)),
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url},
        stderr=subprocess.PIPE,
    )
    part = importer.folder / "rejected.csv.part"
    while not part.exists() and process.returncode is None:
        await asyncio.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = await process.communicate()
    assert process.returncode == 130
    assert b"Nothing was imported: it was stopped." in stderr
    assert b"Traceback" not in stderr
    counts = await asyncio.to_thread(importer.counts)
    assert counts["visits"] == 0
    assert sorted(p.name for p in importer.folder.iterdir()) == ["visits.csv"]
