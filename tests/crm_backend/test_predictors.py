import hashlib
import operator

import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from crm_backend.analytics.features import FEATURE_NAMES
from crm_backend.analytics.purchase import FAMILIES
from crm_backend.analytics.purchase_predictor import PurchasePredictor, one_thread
from crm_backend.predictors import (
    PredictorUnusable,
    load_purchase,
    save_purchase,
)

N_ROWS = 400


@pytest.fixture(scope="module")
def features():
    values = [[(row * 7 + col * 3) % 11 for col in range(17)] for row in range(N_ROWS)]
    return pd.DataFrame(values, columns=FEATURE_NAMES, dtype=float)


@pytest.fixture(scope="module", params=FAMILIES)
def predictor(request, features):
    bought = features["n_orders_90d"] > 5
    with one_thread():
        estimator = FAMILIES[request.param]().fit(features.to_numpy(), bought)
    calibrator = LogisticRegression().fit([[-1.0], [1.0]], [0, 1])
    return PurchasePredictor(
        family=request.param,
        estimator=estimator,
        calibrator=calibrator,
        medians=dict.fromkeys(FEATURE_NAMES, 5.0),
        base_rate=0.4,
        horizon_days=30,
        n_train=N_ROWS,
    )


def test_saved_predictor_says_the_same(predictor, features, tmp_path):
    file_name, digest = save_purchase(predictor, tmp_path)
    loaded = load_purchase(tmp_path / file_name, digest)
    assert (loaded.p_purchase(features) == predictor.p_purchase(features)).all()
    assert loaded.reasons(features[:5]) == predictor.reasons(features[:5])
    assert loaded.medians == predictor.medians
    assert [path.name for path in (tmp_path / "predictors").iterdir()] == [
        file_name.removeprefix("predictors/")
    ]


def test_changed_file_is_refused(predictor, tmp_path):
    file_name, digest = save_purchase(predictor, tmp_path)
    with (tmp_path / file_name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(PredictorUnusable, match="has changed"):
        load_purchase(tmp_path / file_name, digest)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(PredictorUnusable, match="cannot be read"):
        load_purchase(tmp_path / "none.skops", "0" * 64)


def test_foreign_types_are_refused(tmp_path):
    transformer = FunctionTransformer(operator.methodcaller("tobytes"))
    path, digest = write(tmp_path, {"estimator": transformer})
    with pytest.raises(PredictorUnusable, match="foreign types"):
        load_purchase(path, digest)


def test_predictor_of_other_features_is_refused(tmp_path):
    path, digest = write(tmp_path, {"feature_names": ["shoe_size"]})
    with pytest.raises(PredictorUnusable, match="other features"):
        load_purchase(path, digest)


def test_predictor_of_another_library_is_refused(tmp_path):
    path, digest = write(
        tmp_path, {"feature_names": FEATURE_NAMES, "sklearn_version": "0.1"}
    )
    with pytest.raises(PredictorUnusable, match="another scikit-learn"):
        load_purchase(path, digest)


def write(folder, content):
    path = folder / "foreign.skops"
    path.write_bytes(skops.io.dumps(content))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()
