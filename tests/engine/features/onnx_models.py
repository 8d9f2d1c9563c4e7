"""Small ONNX models, made with the onnx package."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import TensorProto, helper

Shape = Sequence[int | str]


def model(nodes: Sequence[onnx.NodeProto], taken: Shape, given: Shape, kind: int = TensorProto.FLOAT) -> bytes:
    """The bytes of a model with one input ``x`` and one output ``y``."""
    graph = helper.make_graph(
        list(nodes),
        "made",
        [helper.make_tensor_value_info("x", kind, list(taken))],
        [helper.make_tensor_value_info("y", kind, list(given))],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(made.SerializeToString())


def channel_means(taken: Shape = (1, 3, 32, 32), *, flat: bool = True) -> bytes:
    """The mean of each channel, as ``[1, 3]`` or as a map of one place ``[1, 3, 1, 1]``."""
    pool = helper.make_node("GlobalAveragePool", ["x"], ["m" if flat else "y"])
    flatten = helper.make_node("Flatten", ["m"], ["y"])
    return model([pool, flatten] if flat else [pool], taken, ("b", 3) if flat else ("b", 3, 1, 1))


def channels_last(taken: Shape = ("b", "h", "w", 3)) -> bytes:
    """The same for pictures with the channels behind."""
    nodes = [helper.make_node("ReduceMean", ["x"], ["y"], axes=[1, 2], keepdims=0)]
    return model(nodes, taken, ("b", 3))
