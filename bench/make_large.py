#!/usr/bin/python3
"""Write a model of SIZE MiB: a chain of MatMul + Add with 4096 x 4096 float32 weights.

usage: make_large.py SIZE_MIB OUT.onnx
"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

EDGE = 4096


def main():
    size, path = int(sys.argv[1]), sys.argv[2]
    layers = max(1, size * 2**20 // (EDGE * EDGE * 4))
    rng = np.random.default_rng(0)
    nodes, weights, value = [], [], "x"
    for i in range(layers):
        w = rng.standard_normal((EDGE, EDGE), dtype=np.float32)
        weights.append(numpy_helper.from_array(w, f"layer{i}.weight"))
        weights.append(numpy_helper.from_array(w[0].copy(), f"layer{i}.bias"))
        nodes.append(helper.make_node("MatMul", [value, f"layer{i}.weight"], [f"m{i}"], f"/layer{i}/MatMul"))
        nodes.append(helper.make_node("Add", [f"m{i}", f"layer{i}.bias"], [f"y{i}"], f"/layer{i}/Add"))
        value = f"y{i}"
    graph = helper.make_graph(
        nodes,
        "large",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", EDGE])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["N", EDGE])],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


if __name__ == "__main__":
    main()
