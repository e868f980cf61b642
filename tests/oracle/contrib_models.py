#!/usr/bin/python3
"""Whole models for ONNX Runtime to optimise, so that its fusions write contrib operators into them.

usage: contrib_models.py DIR     write DIR/NAME.onnx

bert_*: encoder layers as PyTorch exports them, with shapes that are known and not, and three kinds of Gelu.
qdq: a convolutional network with QuantizeLinear and DequantizeLinear around every node.
dynamic: products as dynamic quantisation writes them. mlp: Gemm and an activation.
"""
import math
import sys
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")


class Layer(nn.Module):
    def __init__(self, width, heads, act):
        super().__init__()
        self.heads, self.act = heads, act
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def split(self, x):
        return x.view(x.size()[:-1] + (self.heads, x.size(-1) // self.heads)).permute(0, 2, 1, 3)

    def forward(self, x, mask):
        q, k, v = self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(q.size(-1)) + mask
        y = torch.matmul(torch.softmax(scores, -1), v).permute(0, 2, 1, 3).contiguous()
        x = self.norm1(self.out(y.view(y.size()[:-2] + (x.size(-1),))) + x)
        return self.norm2(self.down(self.act(self.up(x))) + x)


class Bert(nn.Module):
    def __init__(self, act, width=32, heads=4, words=50, most=16):
        super().__init__()
        self.word, self.place, self.kind = nn.Embedding(words, width), nn.Embedding(most, width), nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width)
        self.register_buffer("places", torch.arange(most).expand((1, -1)))
        self.layers = nn.ModuleList(Layer(width, heads, act) for _ in range(2))
        self.head = nn.Linear(width, 3)

    def forward(self, ids, kinds, mask):
        hide = (1.0 - mask.unsqueeze(1).unsqueeze(2).to(torch.float32)) * -10000.0
        x = self.norm(self.word(ids) + self.kind(kinds) + self.place(self.places[:, :ids.size(1)]))
        for layer in self.layers:
            x = layer(x, hide)
        return self.head(x[:, 0])


def fast_gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * torch.pow(x, 3))))


def berts(folder):
    acts = {"gelu": F.gelu, "fast": fast_gelu, "quick": lambda x: x * torch.sigmoid(1.702 * x)}
    names = ["ids", "kinds", "mask"]
    ones = torch.ones(4, 8, dtype=torch.long)
    for act, f in acts.items():
        for shapes in ("known", "free"):
            torch.manual_seed(0)
            axes = {n: {0: "batch", 1: "length"} for n in names} if shapes == "free" else None
            torch.onnx.export(Bert(f).eval(), (ones, ones, ones), f"{folder}/bert_{act}_{shapes}.onnx", opset_version=14,
                              input_names=names, output_names=["y"], dynamic_axes=axes)


class Quantised:
    """A graph in which every value is quantised, and dequantised where it is read."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0
        self.rng = np.random.default_rng(1)

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op, inputs, **attrs):
        self.count += 1
        self.nodes.append(helper.make_node(op, inputs, [f"v{self.count}"], **attrs))
        return f"v{self.count}"

    def through(self, x, scale, zero=120):
        scale, zero = self.constant(np.float32(scale)), self.constant(np.uint8(zero))
        return self.node("DequantizeLinear", [self.node("QuantizeLinear", [x, scale, zero]), scale, zero])

    def weight(self, *shape):
        data = self.rng.integers(-64, 64, shape).astype(np.int8)
        return self.node("DequantizeLinear", [self.constant(data), self.constant(np.float32(0.011)),
                                              self.constant(np.int8(0))])

    def conv(self, x, scale, *shape):
        bias = self.rng.integers(-900, 900, shape[0]).astype(np.int32)
        bias = self.node("DequantizeLinear", [self.constant(bias), self.constant(np.float32(0.011 * scale)),
                                              self.constant(np.int32(0))])
        return self.node("Conv", [x, self.weight(*shape), bias], pads=[1, 1, 1, 1])

    def save(self, path, x_shape):
        graph = helper.make_graph(self.nodes, "qdq", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x_shape)],
                                  [helper.make_tensor_value_info(f"v{self.count}", TensorProto.FLOAT, None)],
                                  self.constants)
        onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)]), path)


def qdq(folder):
    g = Quantised()
    a = g.through("x", 0.031)
    b = g.through(g.conv(a, 0.031, 4, 3, 3, 3), 0.0413)
    c = g.through(g.node("Sigmoid", [b]), 0.0039, 0)
    d = g.through(g.node("LeakyRelu", [b], alpha=0.2), 0.0417)
    e = g.through(g.node("Add", [c, d]), 0.0431)
    f = g.through(g.node("Mul", [c, d]), 0.0397)
    h = g.through(g.node("Concat", [e, f], axis=1), 0.0437)
    i = g.through(g.node("AveragePool", [h], kernel_shape=[2, 2], strides=[2, 2]), 0.0333)
    j = g.through(g.conv(i, 0.0333, 5, 8, 3, 3), 0.0529)
    k = g.through(g.node("MaxPool", [j], kernel_shape=[2, 2], strides=[2, 2]), 0.0529)
    m = g.through(g.node("GlobalAveragePool", [k]), 0.0213)
    n = g.through(g.node("Flatten", [m]), 0.0213)
    o = g.through(g.node("MatMul", [n, g.weight(5, 6)]), 0.0237)
    bias = g.node("DequantizeLinear", [g.constant(np.arange(4, dtype=np.int32) * 90 - 100),
                                       g.constant(np.float32(0.0237 * 0.011)), g.constant(np.int32(0))])
    p = g.through(g.node("Gemm", [o, g.weight(6, 4), bias]), 0.0199)
    g.through(g.node("Softmax", [p], axis=-1), 1 / 256, 0)
    g.save(f"{folder}/qdq.onnx", [4, 3, 8, 8])


def dynamic(folder):
    g = Quantised()
    x = "x"
    for width, more in ((8, 6), (6, 5)):
        w = g.constant(g.rng.integers(-64, 64, (width, more)).astype(np.int8))
        g.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], [x + "q", x + "s", x + "z"]))
        y = g.node("MatMulInteger", [x + "q", w, x + "z", g.constant(np.int8(3))])
        scale = g.node("Mul", [x + "s", g.constant(np.float32(0.013))])
        y = g.node("Mul", [g.node("Cast", [y], to=TensorProto.FLOAT), scale])
        x = g.node("Add", [y, g.constant(g.rng.standard_normal(more).astype(np.float32))])
    g.save(f"{folder}/dynamic.onnx", [4, 3, 8])


def mlp(folder):
    g = Quantised()
    x = "x"
    for width, more, act in ((8, 7, "Relu"), (7, 6, "Tanh"), (6, 5, "LeakyRelu"), (5, 4, "Sigmoid")):
        x = g.node("Gemm", [x, g.constant(g.rng.standard_normal((more, width)).astype(np.float32)),
                            g.constant(g.rng.standard_normal(more).astype(np.float32))], transB=1)
        x = g.node(act, [x])
    g.save(f"{folder}/mlp.onnx", [4, 8])


def main():
    for make in (berts, qdq, dynamic, mlp):
        make(sys.argv[1])


if __name__ == "__main__":
    main()
