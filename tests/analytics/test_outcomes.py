import numpy as np
import pandas as pd

from crm_backend.analytics import outcomes
from crm_backend.analytics.competition.columns import Columns


def test_more_rows_than_can_be_learned_from_are_thinned_together(monkeypatch):
    n_rows = 60
    happened = np.arange(n_rows) % 3 == 0
    table = pd.DataFrame({"copy": happened.astype(float)}, index=[7] * n_rows)
    window = np.repeat([0.0, 1.0, 2.0, 3.0], n_rows // 4)
    seen = {}

    def compete(rows, outcome, columns, *, splits, has_time):
        seen.update(rows=rows, outcome=outcome, splits=splits)

    monkeypatch.setattr(outcomes, "compete", compete)
    monkeypatch.setattr(outcomes, "MAX_ROWS", 40)
    outcomes._compete(
        outcomes._Rows(table, happened, window), Columns(("copy",), (), {})
    )
    assert len(seen["rows"]) == len(seen["outcome"]) == 40
    assert (seen["rows"]["copy"].to_numpy() == seen["outcome"]).all()
    assert all(max(learn) < min(judge) for learn, judge in seen["splits"])
