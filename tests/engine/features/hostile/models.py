"""ONNX files that read other files, never end, or take all memory."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from tests.engine.features.onnx_models import Shape

_PICTURE: Shape = (1, 3, 32, 32)
_MEANS = [helper.make_node("GlobalAveragePool", ["x"], ["p"]), helper.make_node("Flatten", ["p"], ["f"])]


def _model(nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto]) -> bytes:
    graph = helper.make_graph(
        [*_MEANS, *nodes],
        "made",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, _PICTURE)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(made.SerializeToString())


def elsewhere(place: str) -> bytes:
    """Its three weights are said to be the first bytes of another file."""
    weights = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", place), ("offset", "0"), ("length", "12")):
        weights.external_data.add(key=key, value=value)
    return _model([helper.make_node("Add", ["f", "w"], ["y"])], [weights])


def endless() -> bytes:
    """A loop of 2^60 rounds."""
    inside = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["still"]), helper.make_node("Sin", ["s"], ["t"])],
        "round",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("s", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("t", TensorProto.FLOAT, None),
        ],
    )
    weights = [
        helper.make_tensor("rounds", TensorProto.INT64, [], [1 << 60]),
        helper.make_tensor("true", TensorProto.BOOL, [], [True]),
    ]
    return _model([helper.make_node("Loop", ["rounds", "true", "f"], ["y"], body=inside)], weights)


def swelling(count: int) -> bytes:
    """It makes ``count`` zeros and adds them up."""
    nodes = [
        helper.make_node("ConstantOfShape", ["n"], ["z"]),
        helper.make_node("ReduceSum", ["z"], ["r"], keepdims=0),
        helper.make_node("Add", ["f", "r"], ["y"]),
    ]
    return _model(nodes, [helper.make_tensor("n", TensorProto.INT64, [1], [count])])
