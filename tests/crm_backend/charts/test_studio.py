"""Drawing happens elsewhere, once for the same chart, and may fail."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from crm_backend.charts import studio as studio_module
from crm_backend.charts.specs import Bar, BarChart, Sparkline
from crm_backend.charts.studio import ChartError, Studio

LINE = Sparkline(title="Sales", summary="Up.", levels=(1.0, 2.0))


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    studio = Studio()
    yield studio
    await studio.close()


async def test_same_chart_is_drawn_once_and_after_a_crash_again(
    studio: Studio,
) -> None:
    first = await studio.draw(LINE, "wide")
    assert first.startswith("<svg")
    process = studio._process
    assert process is not None
    process.kill()
    await process.wait()
    assert await studio.draw(LINE, "wide") is first
    other = await studio.draw(replace(LINE, title="Other"), "wide")
    assert "Other" in other
    assert studio._process is not process


async def test_chart_that_cannot_be_drawn_does_not_stop_the_others(
    studio: Studio,
) -> None:
    broken = BarChart(title="", summary="", language="xx", bars=[Bar("a", 1.0)])
    with pytest.raises(ChartError):
        await studio.draw(replace(broken, values="nonsense"), "wide")  # type: ignore[arg-type]
    assert (await studio.draw(LINE, "narrow")).startswith("<svg")


async def test_process_that_ends_is_an_error_and_no_silence(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_module, "WORKER", "this")
    with pytest.raises(ChartError):
        await studio.draw(LINE, "wide")


async def test_drawing_process_gets_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLAIMS_KEY", "secret")
    assert "secret" not in studio_module._environment().values()
