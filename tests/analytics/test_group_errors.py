import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from crm_backend.analytics.features import customer_features
from crm_backend.analytics.group_errors import customer_groups, measure_groups


@pytest.fixture
def tested():
    """Customers of whom English ones are told apart and Chinese ones by chance."""
    rng = np.random.default_rng(1)
    is_english = rng.random(600) < 0.5
    happened = rng.random(600) < np.where(is_english, 0.5, 0.2)
    p = np.where(is_english, 0.3 + 0.4 * happened, 0.3) + rng.random(600) * 0.2
    language = np.where(is_english, "en", "zh")
    return happened, p, pd.DataFrame({"language": language})


def test_a_group_it_is_bad_for_is_seen_beside_one_it_is_good_for(tested):
    happened, p, groups = tested
    english, chinese = measure_groups(happened, p, groups)
    is_in = (groups["language"] == "zh").to_numpy()
    assert chinese["n"] == is_in.sum() == 600 - english["n"]
    assert chinese["base_rate"] == pytest.approx(happened[is_in].mean())
    assert chinese["p_mean"] == pytest.approx(p[is_in].mean())
    assert chinese["brier"] == pytest.approx(((p - happened)[is_in] ** 2).mean())
    assert chinese["roc_auc"] == pytest.approx(roc_auc_score(happened[is_in], p[is_in]))
    assert chinese["roc_auc_low"] < chinese["roc_auc"] < chinese["roc_auc_high"]
    assert chinese["roc_auc_low"] < 0.5 < chinese["roc_auc_high"]
    assert english["roc_auc_low"] > chinese["roc_auc_high"]


def test_smaller_groups_have_wider_ranges(tested):
    happened, p, _ = tested
    size = np.where(np.arange(600) < 80, "few", "many")
    few, many = measure_groups(happened, p, pd.DataFrame({"size": size}))
    widths = [one["roc_auc_high"] - one["roc_auc_low"] for one in (few, many)]
    assert widths[0] > widths[1]


@pytest.mark.parametrize(("n", "n_happened"), [(49, 20), (200, 9), (200, 191)])
def test_too_few_are_named_and_not_measured(n, n_happened):
    happened = np.arange(n) < n_happened
    [one] = measure_groups(
        happened, np.linspace(0, 1, n), pd.DataFrame({"language": ["en"] * n})
    )
    assert one == {"grouping": "language", "name": "en", "n": n, "is_too_few": True}


def test_unknown_group_is_no_group(tested):
    happened, p, groups = tested
    groups.loc[groups["language"] == "zh", "language"] = None
    assert [one["name"] for one in measure_groups(happened, p, groups)] == ["en"]


def test_customers_are_grouped_by_what_was_known_then(frames, as_of):
    features = customer_features(frames, as_of)
    ids = features.index
    groups = customer_groups(features, {int(ids[0]): "zh"})
    assert list(groups) == ["rfm", "tenure", "language"]
    is_new = groups["tenure"] == "new"
    assert (features["n_orders"][is_new] == 1).all()
    assert (features["n_orders"][~is_new] > 1).all()
    assert groups["language"].dropna().to_dict() == {ids[0]: "zh"}
    few = customer_groups(features.iloc[:20], {})
    assert list(few) == ["tenure", "language"]


def test_groups_of_a_card_hold_all_who_were_tested(training):
    by_tenure = [
        one["n"] for one in training.card["groups"] if one["grouping"] == "tenure"
    ]
    assert sum(by_tenure) == training.card["n_test"]
