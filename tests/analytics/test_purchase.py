from datetime import timedelta

import numpy as np
import pytest

from crm_backend.analytics.evaluate import measure
from crm_backend.analytics.features import (
    FEATURE_NAMES,
    FEATURES,
    NotEnoughData,
    ShopFrames,
    customer_features,
)
from crm_backend.analytics.purchase import make_windows, train, train_family
from crm_backend.analytics.purchase_predictor import MAX_REASONS, band


def test_predictor_beats_both_baselines_by_a_margin(training):
    test, baselines = training.card["test"], training.card["baselines"]
    assert training.card["beats_baselines"]
    assert test["auc"] > 0.75
    assert test["auc"] > baselines["days_since_last_order"]["auc"] + 0.01
    assert test["log_loss"] < baselines["days_since_last_order"]["log_loss"] - 0.01
    assert test["log_loss"] < baselines["base_rate"]["log_loss"] - 0.1
    assert test["lift_at_10pct"] > 1.5


def test_probabilities_are_calibrated(training):
    assert training.card["test"]["calibration_error"] < 0.08
    rows = training.card["calibration"]
    assert rows[0]["share_bought"] < 0.1 < 0.5 < rows[-1]["share_bought"]


def test_families_compete_on_the_window_before_the_test(training):
    card = training.card
    assert set(card["validation_log_loss"]) == {"logistic_regression", "boosted_trees"}
    assert card["family"] == min(
        card["validation_log_loss"], key=card["validation_log_loss"].get
    )
    assert card["learned_to"] < card["validation_as_of"] < card["test_as_of"]


def test_windows_do_not_overlap_and_end_with_the_present(frames, as_of):
    windows = make_windows(frames, as_of)
    moments = [window.as_of for window in windows]
    assert moments[-1] == as_of - timedelta(days=30)
    gaps = {
        later - earlier for earlier, later in zip(moments, moments[1:], strict=False)
    }
    assert gaps == {timedelta(days=30)}


def test_later_orders_do_not_change_the_training(frames, as_of, training):
    earlier = as_of - timedelta(days=90)
    known = frames.orders["ordered_at"] <= earlier
    past = ShopFrames(frames.orders[known], frames.lines, frames.returns, frames.visits)
    assert train(frames, earlier).card == train(past, earlier).card


def test_same_records_give_the_same_predictor(frames, as_of, training):
    again = train(frames, as_of)
    features = customer_features(frames, as_of)
    assert again.card == training.card
    np.testing.assert_array_equal(
        again.predictor.p_purchase(features), training.predictor.p_purchase(features)
    )


def test_contributions_of_the_linear_family_add_up(frames, as_of):
    predictor = train_family("logistic_regression", make_windows(frames, as_of))
    features = customer_features(frames, as_of).dropna()
    usual = features.iloc[[0]].copy()
    usual[FEATURE_NAMES] = [predictor.medians[name] for name in FEATURE_NAMES]
    p, p_usual = predictor.p_purchase(features), predictor.p_purchase(usual)
    difference = np.log(p / (1 - p)) - np.log(p_usual / (1 - p_usual))
    total = predictor.contributions(features).sum(axis=1)
    np.testing.assert_allclose(total, difference, atol=1e-6)


def test_usual_value_contributes_nothing(frames, as_of, training):
    features = customer_features(frames, as_of)
    features["n_visits_30d"] = training.predictor.medians["n_visits_30d"]
    contributions = training.predictor.contributions(features)
    assert (contributions["n_visits_30d"] == 0).all()


def test_reasons_point_where_their_feature_can(frames, as_of, training):
    directions = {feature.name: feature.direction for feature in FEATURES}
    medians = training.predictor.medians
    features = customer_features(frames, as_of)
    for reasons in training.predictor.reasons(features):
        signs = [np.sign(reason["contribution"]) for reason in reasons]
        assert signs.count(1) <= MAX_REASONS
        assert signs.count(-1) <= MAX_REASONS
        for reason, sign in zip(reasons, signs, strict=True):
            above = np.sign(reason["value"] - medians[reason["feature"]])
            assert sign * above * directions[reason["feature"]] >= 0


def test_likely_customers_have_more_reasons_for(frames, as_of, training):
    features = customer_features(frames, as_of)
    reasons = training.predictor.reasons(features)
    order = np.argsort(training.predictor.p_purchase(features))

    def balance(nth):
        return sum(reason["contribution"] for reason in reasons[nth])

    assert max(map(balance, order[:10])) < 0 < min(map(balance, order[-10:]))


def test_recent_visits_never_lower_the_probability(frames, as_of, training):
    features = customer_features(frames, as_of)
    busier = features.assign(n_visits_7d=features["n_visits_7d"] + 3)
    p, p_busier = (training.predictor.p_purchase(f) for f in (features, busier))
    if training.predictor.family == "boosted_trees":
        assert (p_busier >= p).all()


def test_young_shop_is_told_how_many_days_it_takes(frames, as_of):
    young = as_of - timedelta(days=660)
    with pytest.raises(NotEnoughData) as caught:
        train(frames, young)
    assert (caught.value.what, caught.value.n_needed) == ("days", 150)


def test_few_customers_are_not_enough(frames, as_of):
    few = frames.orders[frames.orders["customer_id"] <= 100]
    small = ShopFrames(few, frames.lines, frames.returns, frames.visits)
    with pytest.raises(NotEnoughData, match="needs 200 customers, found"):
        train(small, as_of)


def test_too_few_purchases_are_not_enough(frames, as_of):
    later = as_of + timedelta(days=200)
    with pytest.raises(NotEnoughData, match="needs 50 purchases, found 0"):
        train(frames, later)


def test_shop_without_orders_is_not_enough(frames, as_of):
    empty = ShopFrames(
        frames.orders[:0], frames.lines[:0], frames.returns[:0], frames.visits[:0]
    )
    with pytest.raises(NotEnoughData, match="orders"):
        train(empty, as_of)


def test_band_compares_odds_with_the_average():
    assert band(0.34, 0.2) == "likely"
    assert band(0.2, 0.2) == "average"
    assert band(0.1, 0.2) == "unlikely"
    assert band(1.0, 0.99) == "likely"


def test_predictor_knows_its_base_rate(frames, as_of, training):
    windows = make_windows(frames, as_of)[:-1]
    bought = np.concatenate([window.bought for window in windows])
    assert training.predictor.n_train == len(bought)
    assert training.predictor.base_rate == pytest.approx(bought.mean())
    constant = measure(bought, np.full(len(bought), bought.mean()))
    assert constant["auc"] == 0.5
