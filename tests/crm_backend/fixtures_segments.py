"""The scored demo shop with segments, recommendations and forecasts, made once.

A module that wants it makes `analysed_url` its `database_url`.
"""

import shutil
from pathlib import Path

import pytest

from crm_backend.db import Sessions
from crm_backend.jobs.demand import find_demand
from crm_backend.jobs.recommendations import find_recommendations
from crm_backend.jobs.segments import find_segments
from tests.crm_backend.fixtures_predictions import (  # noqa: F401
    AS_OF,
    _make,
    _url,
    people,
    scored_dir,
    seeded_dir,
)


@pytest.fixture(scope="session")
def analysed_dir(tmp_path_factory: pytest.TempPathFactory, scored_dir: Path) -> Path:  # noqa: F811
    """A folder with a shop that all jobs ran in."""
    folder = tmp_path_factory.mktemp("analysed")
    shutil.copytree(scored_dir, folder, dirs_exist_ok=True)
    return _make(folder, _analyse)


@pytest.fixture
def analysed_url(analysed_dir: Path, tmp_path: Path) -> str:
    """The address of a copy of that shop."""
    shutil.copytree(analysed_dir, tmp_path, dirs_exist_ok=True)
    return _url(tmp_path)


async def _analyse(sessions: Sessions, folder: Path) -> None:
    for job in (find_segments, find_recommendations, find_demand):
        await job(sessions, folder, as_of=AS_OF)
