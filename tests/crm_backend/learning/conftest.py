"""Conversations as the assistant notes them, and a masker without a model."""

from collections.abc import Callable
from typing import Any

import pytest

from crm_backend.masking.masker import Masker


@pytest.fixture
def masker() -> Masker:
    return Masker(lambda text, language: [])


@pytest.fixture
def noted() -> Callable[..., dict[str, Any]]:
    """What the assistant notes about a message."""

    def make(
        intent: str = "track_order",
        confidence: float = 0.9,
        decision: str = "answer",
        runner_up: str = "delivery_time",
    ) -> dict[str, Any]:
        is_fallback = decision != "answer" and intent != "out_of_scope"
        return {
            "intent": "nlu_fallback" if is_fallback else intent,
            "confidence": confidence,
            "gate": {"decision": decision, "candidates": []},
            "ranking": [
                {"intent": intent, "confidence": confidence},
                {"intent": runner_up, "confidence": 0.1},
            ],
        }

    return make
