"""The families that say which category is next, and the predictor that won."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crm_backend.analytics.arrays import FloatArray
from crm_backend.analytics.category_histories import Histories
from crm_backend.analytics.category_terms import N_KEPT
from crm_backend.analytics.purchase_predictor import one_thread

MOST_BOUGHT = "most_bought"
# Own shares of all that was bought, and of what was bought lately.
SMOOTHED, RECENT = "own_share", "recent_share"
# With so many articles, a customer's own shares count for one half.
N_TO_HALVE = (1.0, 3.0, 10.0)
# Keeps logarithms finite where a family has never seen a category.
LEAST = 1e-4


def make_classifiers() -> dict[str, Callable[[], Any]]:
    """Return how to make an unfitted classifier of each family."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "multinomial_logistic": lambda: make_pipeline(
            StandardScaler(), LogisticRegression(C=0.05, max_iter=500)
        ),
        "random_forest": lambda: RandomForestClassifier(
            80, min_samples_leaf=15, max_features=0.3, random_state=0
        ),
    }


def smoothed_shares(
    n_items: FloatArray, usual: FloatArray, n_to_halve: float
) -> FloatArray:
    """Return own shares drawn toward those of all: the more bought, the less.

    Args:
        n_items: articles bought, shape (n_customers, n_categories).
        usual: share of each category among all next orders, shape (n_categories,).
        n_to_halve: with so many articles, the own shares count for one half.

    Source: the posterior mean under a Dirichlet prior, as in Gelman et al., "Bayesian
    Data Analysis" (2013), section 3.4.
    """
    total = n_items.sum(axis=1, keepdims=True)
    found: FloatArray = (n_items + n_to_halve * usual) / (total + n_to_halve)
    return found


def most_bought(histories: Histories, usual: FloatArray) -> FloatArray:
    """Rank categories by what the customer bought most, then by what all do: the rule.

    Returns:
        scores to rank by, no probabilities.
    """
    return histories.n_items + usual


def fit_family(
    family: str, histories: Histories, labels: FloatArray, n_categories: int
) -> dict[str, Any]:
    """Fit a family.

    Args:
        family: a classifier, or own_share or recent_share with its n_to_halve in
            brackets.
        histories: of the customers.
        labels: the number of the category of each one's next order.
        n_categories: how many there are.
    """
    usual = np.bincount(labels.astype(int), minlength=n_categories) + 0.5
    fitted: dict[str, Any] = {"usual": usual / usual.sum()}
    if not family.startswith((SMOOTHED, RECENT)):
        with one_thread():
            classifier = make_classifiers()[family]()
            fitted["classifier"] = classifier.fit(histories.inputs(), labels)
    return fitted


def p_of_family(
    family: str, fitted: dict[str, Any], histories: Histories
) -> FloatArray:
    """Return probabilities, shape (n_customers, n_categories); rows add up to 1."""
    if family.startswith((SMOOTHED, RECENT)):
        n_items = histories.n_recent if family.startswith(RECENT) else histories.n_items
        n_to_halve = float(family.partition("(")[2].rstrip(")"))
        return smoothed_shares(n_items, fitted["usual"], n_to_halve)
    classifier, usual = fitted["classifier"], fitted["usual"]
    with one_thread():
        known = classifier.predict_proba(histories.inputs())
    p = np.full((len(known), len(usual)), LEAST)
    p[:, classifier.classes_.astype(int)] += known
    whole: FloatArray = p / p.sum(axis=1, keepdims=True)
    return whole


@dataclass(frozen=True)
class CategoryPredictor:
    """A fitted predictor of the main category of a customer's next order.

    Attributes:
        family: what won.
        fitted: what it learned.
        categories: of the columns of all tables.
        horizon_days: within which the next orders it learned from came.
        n_train: rows (customers at moments) it learned from.
    """

    family: str
    fitted: dict[str, Any]
    categories: list[str]
    horizon_days: int
    n_train: int

    def p(self, histories: Histories) -> FloatArray:
        """Return the probability of each category, shape (n_customers, n_categories).

        They are about the next order, whenever that comes.
        """
        return p_of_family(self.family, self.fitted, histories)

    def likeliest(self, histories: Histories) -> "pd.Series[Any]":
        """Return the likeliest three of each customer, likeliest first.

        Returns:
            index customer_id: lists of {"category", "p"}.
        """
        if not len(histories.customer_ids):
            return pd.Series([], index=histories.customer_ids, dtype="object")
        p = self.p(histories)
        order = np.argsort(-p, axis=1, kind="stable")[:, :N_KEPT]
        found = [
            [{"category": self.categories[nth], "p": float(row[nth])} for nth in chosen]
            for row, chosen in zip(p, order, strict=True)
        ]
        return pd.Series(found, index=histories.customer_ids, dtype="object")
