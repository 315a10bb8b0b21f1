"""Fitted predictors on disk: written in one piece, read only if they are ours.

scikit-learn takes seconds to load, which a process that starts anew has no time for: it
is loaded by who reads or writes a predictor, in a thread.
"""

import hashlib
import importlib
import os
import tempfile
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from crm_backend.analytics.category_predictor import CategoryPredictor
from crm_backend.analytics.category_terms import KIND as CATEGORY
from crm_backend.analytics.features import FEATURE_NAMES
from crm_backend.analytics.order_predictor import OrderPredictor, Spread
from crm_backend.analytics.order_terms import KIND as ORDERS
from crm_backend.analytics.order_values import OrderValues
from crm_backend.analytics.outcome_predictor import OutcomePredictor
from crm_backend.analytics.purchase_predictor import PurchasePredictor

FOLDER = "predictors"
# What our own estimators hold besides the types that skops trusts anyway.
TRUSTED_TYPES = [
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]
# What a predictor of orders is made of, besides values that skops knows.
ORDER_PARTS = {
    "values": OrderValues,
    "orders_spread": Spread,
    "spend_spread": Spread,
}


class PredictorUnusable(ValueError):
    """The file is missing, changed, foreign or of another version; train again."""


def save_purchase(predictor: PurchasePredictor, var_dir: Path) -> tuple[str, str]:
    """Write a predictor below `var_dir`; half-written files are never seen.

    Returns:
        the file's name below `var_dir`, made of its hash, and its SHA-256.
    """
    return _save("purchase", _fields(predictor), var_dir)


def save_outcome(predictor: OutcomePredictor, var_dir: Path) -> tuple[str, str]:
    """Write a predictor of an outcome; see save_purchase."""
    values = _fields(predictor) | {"blend": _fields(predictor.blend)}
    return _save(predictor.kind, values, var_dir)


def save_orders(predictor: OrderPredictor, var_dir: Path) -> tuple[str, str]:
    """Write a predictor of orders and spend; see save_purchase."""
    parts = {name: _fields(getattr(predictor, name)) for name in ORDER_PARTS}
    return _save(ORDERS, _fields(predictor) | parts, var_dir)


def save_categories(predictor: CategoryPredictor, var_dir: Path) -> tuple[str, str]:
    """Write a predictor of the next category; see save_purchase."""
    return _save(CATEGORY, _fields(predictor), var_dir)


def _fields(predictor: Any) -> dict[str, Any]:
    return {field.name: getattr(predictor, field.name) for field in fields(predictor)}


def _save(kind: str, values: dict[str, Any], var_dir: Path) -> tuple[str, str]:
    import sklearn
    import skops.io

    content = skops.io.dumps(
        {
            **values,
            "feature_names": FEATURE_NAMES,
            "sklearn_version": sklearn.__version__,
        }
    )
    digest = hashlib.sha256(content).hexdigest()
    file_name = f"{FOLDER}/{kind}-{digest[:16]}.skops"
    path = var_dir / file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, path)
    return file_name, digest


@lru_cache(maxsize=4)
def load_purchase(path: Path, digest: str) -> PurchasePredictor:
    """Read a predictor.

    Args:
        path: of its file.
        digest: the SHA-256 the file must have.

    Raises:
        PredictorUnusable: the file is not exactly what was saved, holds types that
            are not ours, or was made for other features or another scikit-learn.
    """
    return PurchasePredictor(**_load(path, digest))


@lru_cache(maxsize=4)
def load_outcome(path: Path, digest: str) -> OutcomePredictor:
    """Read a predictor of an outcome; see load_purchase."""
    from crm_backend.analytics.competition.blend import Blend

    values = _load(path, digest)
    blend = Blend(**values.pop("blend"))
    return OutcomePredictor(**values, blend=blend)


@lru_cache(maxsize=4)
def load_orders(path: Path, digest: str) -> OrderPredictor:
    """Read a predictor of orders and spend; see load_purchase."""
    values = _load(path, digest)
    parts = {name: part(**values[name]) for name, part in ORDER_PARTS.items()}
    return OrderPredictor(**values | parts)


@lru_cache(maxsize=4)
def load_categories(path: Path, digest: str) -> CategoryPredictor:
    """Read a predictor of the next category; see load_purchase."""
    return CategoryPredictor(**_load(path, digest))


def _load(path: Path, digest: str) -> dict[str, Any]:
    import sklearn
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        content = path.read_bytes()
    except OSError as err:
        raise PredictorUnusable(f"{path.name} cannot be read: {err.strerror}") from err
    if hashlib.sha256(content).hexdigest() != digest:
        raise PredictorUnusable(f"{path.name} has changed since it was written")
    try:
        saved: dict[str, Any] = skops.io.loads(content, trusted=TRUSTED_TYPES)
    except UntrustedTypesFoundException as err:
        raise PredictorUnusable(f"{path.name} holds foreign types: {err}") from err
    if saved.pop("feature_names") != FEATURE_NAMES:
        raise PredictorUnusable(f"{path.name} was made for other features")
    if saved.pop("sklearn_version") != sklearn.__version__:
        raise PredictorUnusable(f"{path.name} was made by another scikit-learn")
    return saved


def is_intact(path: Path, digest: str) -> bool:
    """Whether a file is exactly what was saved."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def warm_up() -> None:
    """Load what the first prediction needs."""
    for name in ("sklearn.ensemble", "skops.io"):
        importlib.import_module(name)
