"""Runs the components of a model one after the other.

Written for Rasa 3.6.21, which finds out anew for each message, and for each prediction,
which components there are and in which order they come, and hands that to dask.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner

Order = list[tuple[str, list[str]]]


def run_in_order(runner: type[DaskGraphRunner] = DaskGraphRunner) -> None:
    """Let graphs run in an order that is found once for each target."""
    runner.run = _run


def _run(
    self: DaskGraphRunner,
    inputs: dict[str, Any] | None = None,
    targets: list[str] | None = None,
) -> dict[str, Any]:
    """Run the targets and what they need; see the class that has it."""
    inputs = inputs or {}
    targets = targets or self._graph_schema.target_names
    nodes = self._instantiated_nodes
    for name, value in inputs.items():
        if isinstance(value, str) and value in nodes:
            raise GraphRunError(f"The input {name} is called like a component.")
    orders: dict[tuple[str, ...], Order] = self.__dict__.setdefault("_orders", {})
    order = orders.get(tuple(targets))
    if order is None:
        order = orders[tuple(targets)] = _order(self._graph_schema, targets)
    outputs: dict[str, Any] = {name: (name, value) for name, value in inputs.items()}
    try:
        for name, needs in order:
            outputs[name] = nodes[name](*(outputs.get(need, need) for need in needs))
    except RuntimeError as err:
        raise GraphRunError("Error running runner.") from err
    return dict(outputs[target] for target in targets)


def _order(schema: GraphSchema, targets: list[str]) -> Order:
    """The components that the targets need, each after those that it needs."""
    order: dict[str, list[str]] = {}

    def visit(name: str) -> None:
        if name in order or name not in schema.nodes:
            # The latter is an input.
            return
        needs = list(schema.nodes[name].needs.values())
        for need in needs:
            visit(need)
        order[name] = needs

    for target in targets:
        visit(target)
    return list(order.items())
