"""Lets a neural network in the ONNX format multiply the 8-bit weights it is kept with.

Such a file may hold 8-bit weights and turn them into floating-point numbers when it is
loaded, which makes it small on disk only. Multiplied as they are, they take a quarter
of the memory, and on a processor with instructions for it less than half of the time.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# The part of the format that is read and changed here (onnx.proto, version 1): the
# numbers of the fields. Protobuf hands on what is not named.
FIELDS = {
    "Attribute": {"name": 1, "i": 3, "type": 20},
    "Node": {"input": 1, "output": 2, "op_type": 4, "attribute": 5},
    "Tensor": {"dims": 1, "data_type": 2, "name": 8},
    "Graph": {"node": 1, "initializer": 5},
    "Model": {"graph": 7},
}
TEXTS = {"name", "input", "output", "op_type"}
REPEATED = {"input", "output", "attribute", "dims", "node", "initializer"}
PARTS = {
    "attribute": "Attribute",
    "node": "Node",
    "initializer": "Tensor",
    "graph": "Graph",
}
# Values of the format's enumerations.
FLOAT, INT8 = 1, 3
INT_ATTRIBUTE = 2


def multiply_in_eight_bits(path: Path) -> bytes:
    """Read a network and let it use its 8-bit weights as they are.

    What a layer is given is rounded to 8 bits as well, with a scale of its own for
    each run, so the results differ a little from those with floating-point numbers.

    Args:
        path: an ONNX file with weights of the form scale * int8, with a scale for each
            column of a matrix and for each row of a table that rows are taken from.

    Returns:
        The changed network, for an `InferenceSession`.
    """
    model = _message_classes()["Model"]()
    model.ParseFromString(path.read_bytes())
    graph = model.graph
    matrices, tables = _find_weights(graph)
    changed: list[Any] = []
    rounded: set[str] = set()
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in matrices:
            given = node.input[0]
            if given not in rounded:
                rounded.add(given)
                outputs = [f"{given}_8bit", f"{given}_step", f"{given}_zero"]
                changed.append(_node("DynamicQuantizeLinear", [given], outputs))
            changed += _multiply(given, *matrices[node.input[1]], node.output[0])
        elif node.op_type == "Gather" and node.input[0] in tables:
            changed += _gather(*tables[node.input[0]], node.input[1], node.output[0])
        else:
            changed.append(node)
    used = {name for node in changed for name in node.input}
    idle = {name for name in (*matrices, *tables) if name not in used}
    kept = [node for node in changed if idle.isdisjoint(node.output)]
    del graph.node[:]
    graph.node.extend(kept)
    return model.SerializeToString()


# The names of a tensor of int8 and of its scales, by the name of their product.
Weights = dict[str, tuple[str, str]]


def _find_weights(graph: Any) -> tuple[Weights, Weights]:
    """Find what is computed as float(int8) * scale: matrices, and tables of rows."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    made_by = {node.output[0]: node for node in graph.node}
    matrices, tables = {}, {}
    for node in graph.node:
        if node.op_type != "Mul" or node.input[1] not in tensors:
            continue
        cast, scale = made_by.get(node.input[0]), tensors[node.input[1]]
        if cast is None or cast.op_type != "Cast" or cast.input[0] not in tensors:
            continue
        kept = tensors[cast.input[0]]
        if kept.data_type != INT8 or len(kept.dims) != 2:
            continue
        n_rows, n_columns = kept.dims
        if list(scale.dims) == [1, n_columns]:
            # As one row it scales the same, and the runtime joins what follows.
            del scale.dims[0]
            matrices[node.output[0]] = (kept.name, scale.name)
        elif list(scale.dims) == [n_rows, 1]:
            tables[node.output[0]] = (kept.name, scale.name)
    return matrices, tables


def _multiply(given: str, weight: str, scale: str, result: str) -> list[Any]:
    whole, number, step = f"{result}_whole", f"{result}_number", f"{result}_step"
    return [
        _node("MatMulInteger", [f"{given}_8bit", weight, f"{given}_zero"], [whole]),
        _cast(whole, number),
        _node("Mul", [f"{given}_step", scale], [step]),
        _node("Mul", [number, step], [result]),
    ]


def _gather(weight: str, scale: str, rows: str, result: str) -> list[Any]:
    whole, number, step = f"{result}_whole", f"{result}_number", f"{result}_step"
    return [
        _node("Gather", [weight, rows], [whole]),
        _cast(whole, number),
        _node("Gather", [scale, rows], [step]),
        _node("Mul", [number, step], [result]),
    ]


def _node(op_type: str, inputs: list[str], outputs: list[str]) -> Any:
    return _message_classes()["Node"](op_type=op_type, input=inputs, output=outputs)


def _cast(given: str, result: str) -> Any:
    node = _node("Cast", [given], [result])
    node.attribute.add(name="to", i=FLOAT, type=INT_ATTRIBUTE)
    return node


@lru_cache(maxsize=1)
def _message_classes() -> dict[str, Any]:
    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="onnx_part.proto", package="part")
    for name, numbers in FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number in numbers.items():
            added = message.field.add(name=field, number=number)
            added.label = (
                kind.LABEL_REPEATED if field in REPEATED else kind.LABEL_OPTIONAL
            )
            added.type = kind.TYPE_STRING if field in TEXTS else kind.TYPE_INT64
            if field in PARTS:
                added.type, added.type_name = kind.TYPE_MESSAGE, f".part.{PARTS[field]}"
    # A pool of its own: in the common one another library may keep the whole format.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = message_factory.GetMessageClassesForFiles([file.name], pool)
    return {name: found[f"part.{name}"] for name in FIELDS}
