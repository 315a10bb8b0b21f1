"""The pages of predictors and customers in a browser: what axe finds, what fits."""

from typing import Any

import pytest

from crm_backend.models import Predictor, utc_now
from tests.browser.test_accessibility import LOOKS, check
from tests.browser.test_staff_pages import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
# The first chart waits for the drawing process, which a busy machine starts slowly.
PATIENCE_MS = 90_000
FIGURES = {"roc_auc": 0.74, "brier": 0.2, "log_loss": 0.6, "lift_at_10pct": 1.6}


async def add_predictor(site: Any) -> str:
    now = utc_now()
    version = f"churn-{now:%Y%m%d%H%M%S%f}"
    async with site.sessions.begin() as session:
        session.add(
            Predictor(
                version=version,
                kind="churn",
                horizon_days=90,
                as_of=now,
                n_train=1_200,
                base_rate=0.4,
                file_name="predictors/none.skops",
                metrics={
                    "family": "boosted_trees (31 leaves)",
                    "learned_from": now.isoformat(),
                    "learned_to": now.isoformat(),
                    "test_as_of": now.isoformat(),
                    "n_test": 200,
                    "n_test_happened": 80,
                    "threshold": 0.4,
                    "test": FIGURES,
                    "ranges": {name: [0.1, 0.9] for name in FIGURES},
                    "baseline": "n_orders",
                    "baseline_test": FIGURES,
                    "beats_baseline": False,
                    "trials": [{"family": "decision_tree", "log_loss": 0.6}],
                    "calibration": [
                        {"n_customers": 100, "p_purchase": 0.3, "share_bought": 0.35},
                        {"n_customers": 100, "p_purchase": 0.6, "share_bought": 0.5},
                    ],
                },
            )
        )
    return version


@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "mobile"])
async def test_pages_have_no_problem_and_fit(visit: Any, site: Any, look: Any) -> None:
    version = await add_predictor(site)
    page = await visit("/sales/models?lang=en", **look)
    page.set_default_timeout(PATIENCE_MS)
    await sign_in(page, "rita")
    # Of the demo's customers, C-100001 agreed to predictions.
    for path in (
        "/sales/models",
        f"/sales/models/{version}",
        "/sales/customers?q=C-100001",
        "/sales/customers/C-100001",
    ):
        await page.goto(f"{site.url}{path}")
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], path
        await check(page)
