"""A small demo shop with a trained predictor, made once and copied for each test.

A module that wants it makes `scored_url` its `database_url`.
"""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from crm_backend.config import Config
from crm_backend.db import Sessions, make_engine, make_sessions
from crm_backend.jobs.purchase import score_purchase, train_purchase
from crm_backend.models import Base
from crm_backend.seed import seed_shop
from tests.crm_backend.shop import Shop

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def seeded_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a shop of 400 customers that was never trained on."""
    return _make(tmp_path_factory.mktemp("seeded"), _seed)


@pytest.fixture(scope="session")
def scored_dir(tmp_path_factory: pytest.TempPathFactory, seeded_dir: Path) -> Path:
    """The same with a predictor and a score for each customer."""
    folder = tmp_path_factory.mktemp("scored")
    shutil.copytree(seeded_dir, folder, dirs_exist_ok=True)
    return _make(folder, _train)


@pytest.fixture
def scored_url(scored_dir: Path, tmp_path: Path) -> str:
    """The address of a copy of the scored shop; its files are in `tmp_path` too."""
    shutil.copytree(scored_dir, tmp_path, dirs_exist_ok=True)
    return _url(tmp_path)


@pytest.fixture
async def people(sessions: Sessions, config: Config) -> Shop:
    """Colleagues of the scored shop: Carol, Rita and Mona."""
    shop = Shop(sessions, config)
    shop.carol = await shop.add_staff("carol", "agent")
    shop.rita = await shop.add_staff("rita", "rep")
    shop.mona = await shop.add_staff("mona", "manager")
    return shop


def _url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/crm.sqlite3"


def _make(folder: Path, work) -> Path:
    thread = Thread(target=lambda: asyncio.run(_with_sessions(folder, work)))
    thread.start()
    thread.join()
    return folder


async def _with_sessions(folder: Path, work) -> None:
    engine = make_engine(_url(folder))
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await work(make_sessions(engine), folder)
    await engine.dispose()


async def _seed(sessions: Sessions, folder: Path) -> None:
    await seed_shop(sessions, password="open sesame", as_of=AS_OF, n_customers=400)


async def _train(sessions: Sessions, folder: Path) -> None:
    await train_purchase(sessions, folder, as_of=AS_OF)
    await score_purchase(sessions, folder, as_of=AS_OF)
