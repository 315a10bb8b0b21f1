"""What tests of all branches share; runs in both environments."""

import os
import shutil

import pytest

import crm_backend  # noqa: F401 - says how threads wait, before any test starts one


def missing(what: str) -> None:
    """Skip a test for lack of a machine's part; in CI the lack is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, names)), ""
    )
    if not found:
        missing("no Chromium was found on the PATH; install it or set CHROMIUM")
    return found
