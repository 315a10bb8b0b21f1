"""Bring a database to the newest shape, from wherever the program was started."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy.engine import make_url

from crm_backend.config import with_driver

MIGRATIONS_DIR = Path(__file__).parent / "migrations"


def upgrade(database_url: str) -> None:
    """Create the tables or apply the migrations that are missing.

    Must be called where no event loop runs; inside one, use `asyncio.to_thread`.
    """
    url = with_driver(database_url)
    _make_sqlite_folder(url)
    command.upgrade(_settings(url), "head")


def add_revision(database_url: str, message: str) -> None:
    """Write a migration from what the tables in the code have and the database lacks.

    Args:
        database_url: a database that is at the newest migration.
        message: what changes, in a few words; becomes the file name.
    """
    url = with_driver(database_url)
    n_present = len(list((MIGRATIONS_DIR / "versions").glob("*.py")))
    command.revision(
        _settings(url), message, autogenerate=True, rev_id=f"{n_present + 1:04}"
    )


def _settings(url: str) -> AlembicConfig:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS_DIR).replace("%", "%%"))
    settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    settings.attributes["database_url"] = url
    return settings


def _make_sqlite_folder(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
