#!/usr/bin/python3
"""Models of one contrib operator each, over combinations of inputs and attributes.

usage: contrib_cases.py make DIR      write DIR/CASE/model.onnx and DIR/CASE/in/NAME.npy
       contrib_cases.py collect DIR   turn DIR/CASE/in and DIR/CASE/out (what ONNX Runtime computed)
                                      into test_data_set_0 of the backend suite's format

Outputs are named o0, o1 ...; one that a case does not ask for is "". Numbers are seeded by the case's name.
"""
import itertools
import pathlib
import sys
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CASES = []


class Draw:
    """Random arrays for one case; floats have few digits, so that they can be written down."""

    def __init__(self, name):
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))

    def f(self, *shape, scale=1.0):
        return np.round(self.rng.standard_normal(shape) * scale, 2).astype(np.float32)

    def pos(self, *shape):
        return np.round(self.rng.uniform(0.02, 0.1, shape), 3).astype(np.float32)

    def u8(self, *shape):
        return self.rng.integers(0, 256, shape).astype(np.uint8)

    def i8(self, *shape):
        return self.rng.integers(-128, 128, shape).astype(np.int8)

    def i7(self, *shape):
        """Weights: without VNNI, ONNX Runtime's sums of two products of a uint8 and an int8 saturate at 16 bits."""
        return self.rng.integers(-64, 64, shape).astype(np.int8)

    def ids(self, most, *shape):
        return self.rng.integers(0, most, shape).astype(np.int32)


def case(name, op, inputs, outputs=1, domain="com.microsoft", **attrs):
    """inputs: Draw -> list of arrays, None for an input that is left out. outputs: how many, or a list of
    booleans. The case's name gets the operator's in front."""
    full = f"{op}_{name}" if name else op
    CASES.append((full, op, inputs, [True] * outputs if isinstance(outputs, int) else outputs, domain, attrs))


def products(**choices):
    """Every combination, as a name and a dictionary."""
    for values in itertools.product(*choices.values()):
        yield "_".join(str(v) for v in values), dict(zip(choices, values))


def gelus():
    for op in ("Gelu", "FastGelu", "QuickGelu"):
        case("plain", op, lambda d: [d.f(2, 3, 5, scale=3)])
    case("alpha", "QuickGelu", lambda d: [d.f(2, 3, 5)], alpha=1.2)
    for op in ("BiasGelu", "FastGelu"):
        case("bias", op, lambda d: [d.f(2, 3, 5, scale=3), d.f(5)])


def fused_products():
    for name, t in products(transA=(0, 1), transB=(0, 1), batch=(0, 1)):
        def draw(d, t=t):
            a, b = [2, 3, 4], [2, 4, 5]
            if t["transA"]:
                a[1:] = a[:0:-1]
            if t["transB"]:
                b[1:] = b[:0:-1]
            if t["batch"]:  # the batch between the two others
                a[0], a[1] = a[1], a[0]
                b[0], b[1] = b[1], b[0]
            return [d.f(*a), d.f(*b)]
        case(name, "FusedMatMul", draw, alpha=0.7, transA=t["transA"], transB=t["transB"], transBatchA=t["batch"],
             transBatchB=t["batch"])
        if not t["batch"]:
            case(name, "TransposeMatMul", draw, alpha=0.7, transA=t["transA"], transB=t["transB"])
    case("batch4", "FusedMatMul", lambda d: [d.f(4, 2, 3, 6), d.f(2, 3, 6, 5)], transBatchA=1)
    case("broadcast", "FusedMatMul", lambda d: [d.f(2, 1, 3, 4), d.f(3, 5, 4)], transB=1)
    case("vector", "FusedMatMul", lambda d: [d.f(4), d.f(4, 5)])
    acts = {"Relu": {}, "Sigmoid": {}, "Tanh": {}, "Softplus": {}, "Softsign": {}, "Elu": {"alpha": 0.7},
            "LeakyRelu": {"alpha": 0.2}, "ThresholdedRelu": {"alpha": 0.3}, "HardSigmoid": {"alpha": 0.3, "beta": 0.4},
            "Selu": {"alpha": 1.5, "gamma": 1.1}}
    for act, params in acts.items():
        case(act, "FusedGemm", lambda d: [d.f(3, 4), d.f(4, 5), d.f(5)], activation=act,
             **{"activation_" + k: v for k, v in params.items()})
    case("transposed", "FusedGemm", lambda d: [d.f(4, 3), d.f(5, 4), d.f(3, 1)], activation="Relu", alpha=0.5, beta=2.0,
         transA=1, transB=1)
    case("no_c", "FusedGemm", lambda d: [d.f(3, 4), d.f(4, 5)], activation="Tanh")


def convs():
    params = {"Relu": [], "Tanh": [], "Sigmoid": [], "LeakyRelu": [0.2], "Clip": [-0.5, 0.8], "HardSigmoid": [0.3, 0.4]}
    for act, p in params.items():
        case(act, "FusedConv", lambda d: [d.f(1, 2, 6, 6), d.f(3, 2, 3, 3), d.f(3)], activation=act,
             **({"activation_params": p} if p else {}))
    case("sum", "FusedConv", lambda d: [d.f(1, 2, 6, 6), d.f(3, 2, 3, 3), d.f(3), d.f(1, 3, 6, 6)], activation="Relu",
         pads=[1, 1, 1, 1])
    case("group", "FusedConv", lambda d: [d.f(2, 4, 7, 6), d.f(4, 2, 3, 3)], activation="Relu", group=2,
         strides=[2, 1], dilations=[1, 2], pads=[0, 1, 2, 1])
    case("same", "FusedConv", lambda d: [d.f(1, 2, 7), d.f(3, 2, 3), d.f(3)], activation="Tanh", auto_pad="SAME_UPPER",
         strides=[2], kernel_shape=[3])
    for name, pads in (("", [1, 0, 1, 1]), ("zero", [0, 0, 0, 0])):
        case(name, "ConvTransposeWithDynamicPads",
             lambda d, pads=pads: [d.f(1, 2, 4, 4), d.f(2, 3, 3, 3), np.array(pads, np.int64), d.f(3)], strides=[2, 1])
    for t in ("u8", "i8"):
        case(t, "NhwcMaxPool", lambda d, t=t: [getattr(d, t)(1, 6, 5, 3)], kernel_shape=[3, 2], strides=[2, 1],
             pads=[1, 0, 1, 0])


def norms():
    for name, c in products(rank=(2, 3), beta=(0, 1), bias=(0, 1)):
        def draw(d, c=c):
            shape = (2, 3, 8)[3 - c["rank"]:]
            return [d.f(*shape), d.f(*shape), d.f(8), d.f(8) if c["beta"] else None, d.f(8) if c["bias"] else None]
        case(name, "SkipLayerNormalization", draw, [True, False, False, True], epsilon=1e-5)
        if not c["beta"]:
            case(name, "SkipSimplifiedLayerNormalization",
                 lambda d, draw=draw: [x for i, x in enumerate(draw(d)) if i != 3], [True, False, False, True])
    case("repeat", "SkipLayerNormalization", lambda d: [d.f(2, 3, 8), d.f(1, 3, 8), d.f(8), d.f(8)])
    case("repeat2", "SkipLayerNormalization", lambda d: [d.f(2, 3, 8), d.f(3, 8), d.f(8), d.f(8)])
    for axis in (-1, 1):
        case(str(axis), "SimplifiedLayerNormalization", lambda d, a=axis: [d.f(2, 3, 8), d.f(*((8,) if a < 0 else (3, 8)))],
             2, domain="", axis=axis, epsilon=1e-4)
    for name, c in products(segment=(0, 1), mask=(0, 1), places=(0, 1)):
        def embed(d, c=c):
            mask = np.array([[1, 1, 1, 0], [1, 0, 0, 0]], np.int32)
            return [d.ids(9, 2, 4), d.ids(2, 2, 4) if c["segment"] else None, d.f(9, 8), d.f(6, 8),
                    d.f(2, 8) if c["segment"] else None, d.f(8), d.f(8), mask if c["mask"] else None,
                    d.ids(6, 2, 4) if c["places"] else None]
        case(name, "EmbedLayerNormalization", embed, 3 if c["segment"] else 2, epsilon=1e-6, mask_index_type=c["mask"])


MASKS = {
    "none": None,
    "lengths": np.array([3, 1], np.int32),
    "ends": np.array([4, 3, 1, 0], np.int32),
    "keys": np.array([[1, 1, 0, 1], [1, 0, 0, 0]], np.int32),
    "rows": np.array([[[1, 1, 0, 1]] * 4, [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]]], np.int32),
}


def attentions():
    for name, c in products(mask=MASKS, causal=(0, 1)):
        mask = MASKS[c["mask"]]
        case(name, "Attention", lambda d, m=mask: [d.f(2, 4, 6), d.f(6, 24), d.f(24), m], num_heads=2,
             unidirectional=c["causal"])
        if c["mask"] == "none" or mask.ndim > 1 or mask.size == 2:
            case(name, "MultiHeadAttention",
                 lambda d, m=mask: [d.f(2, 4, 8), d.f(2, 4, 8), d.f(2, 4, 8), d.f(24), m], num_heads=2,
                 unidirectional=c["causal"])
    case("sizes", "Attention", lambda d: [d.f(2, 4, 6), d.f(6, 28), d.f(28)], num_heads=2, qkv_hidden_sizes=[8, 8, 12])
    case("scale", "Attention", lambda d: [d.f(2, 4, 6), d.f(6, 24), d.f(24), MASKS["keys"]], num_heads=4, scale=0.3,
         mask_filter_value=-2.0)
    case("bias", "Attention", lambda d: [d.f(2, 4, 6), d.f(6, 24), d.f(24), MASKS["keys"], None, d.f(1, 2, 4, 4)], num_heads=2)
    case("present", "Attention", lambda d: [d.f(2, 4, 6), d.f(6, 24), d.f(24)], 2, num_heads=2)
    for causal in (0, 1):
        case(f"past_{causal}", "Attention",
             lambda d: [d.f(2, 4, 6), d.f(6, 24), d.f(24), np.array([[1, 1, 1, 0, 1, 1, 1], [1] * 7], np.int32),
                        d.f(2, 2, 2, 3, 4)], 2, num_heads=2, unidirectional=causal)
        case(f"past_{causal}", "MultiHeadAttention",
             lambda d: [d.f(2, 4, 8), d.f(2, 4, 8), d.f(2, 4, 8), None, None, None, d.f(2, 2, 3, 4), d.f(2, 2, 3, 4)], 3,
             num_heads=2, unidirectional=causal)
    m = "MultiHeadAttention"
    case("cross", m, lambda d: [d.f(2, 4, 8), d.f(2, 3, 8), d.f(2, 3, 12)], num_heads=2)
    case("heads", m, lambda d: [d.f(2, 4, 8), d.f(2, 2, 3, 4), d.f(2, 2, 3, 4)], num_heads=2)
    case("scale", m, lambda d: [d.f(2, 4, 8), d.f(2, 4, 8), d.f(2, 4, 8), None, MASKS["keys"], d.f(2, 1, 4, 4)],
         num_heads=4, scale=0.3, mask_filter_value=-2.0)
    case("present", m, lambda d: [d.f(2, 4, 8), d.f(2, 4, 8), d.f(2, 4, 8)], 3, num_heads=2)

    def cache(d, half=4):
        angle = d.rng.uniform(-3, 3, (10, half))
        return [np.round(np.cos(angle), 2).astype(np.float32), np.round(np.sin(angle), 2).astype(np.float32)]
    for inter in (0, 1):
        case(f"ids_{inter}", "RotaryEmbedding", lambda d: [d.f(2, 3, 16), d.ids(10, 2, 3).astype(np.int64)] + cache(d),
             interleaved=inter)
        case(f"offset_{inter}", "RotaryEmbedding", lambda d: [d.f(2, 3, 16), np.array([4], np.int64)] + cache(d),
             interleaved=inter)
        case(f"heads_{inter}", "RotaryEmbedding", lambda d: [d.f(2, 2, 3, 8), np.array([4], np.int64)] + cache(d),
             interleaved=inter)
        case(f"part_{inter}", "RotaryEmbedding", lambda d: [d.f(2, 3, 16), d.ids(10, 2, 3).astype(np.int64)] + cache(d, 2),
             interleaved=inter, num_heads=2, rotary_embedding_dim=4)


def scalar(value, kind=np.float32):
    return np.array(value, kind)


def quantised():
    for t, zero in (("u8", 119), ("i8", -7)):
        kind = np.uint8 if t == "u8" else np.int8
        z = scalar(zero, kind)

        def x(d, *shape, t=t):
            return getattr(d, t)(*shape)
        for op in ("QLinearAdd", "QLinearMul"):
            c = 0.09 if op == "QLinearAdd" else 0.21
            case(t, op, lambda d, x=x, z=z, c=c: [x(d, 2, 3, 4), scalar(0.03), z, x(d, 3, 1), scalar(0.05), scalar(3, z.dtype),
                                                  scalar(c), scalar(5, z.dtype)])
        case(t, "QLinearSigmoid", lambda d, x=x, z=z: [x(d, 3, 9), scalar(0.051), z, scalar(1 / 256), scalar(2, z.dtype)])
        case(t, "QLinearLeakyRelu", lambda d, x=x, z=z: [x(d, 3, 9), scalar(0.053), z, scalar(0.061), scalar(9, z.dtype)],
             alpha=0.3)
        for opset in (12, 13):
            case(f"{t}_{opset}", "QLinearSoftmax",
                 lambda d, x=x, z=z: [x(d, 2, 3, 5), scalar(0.031), z, scalar(1 / 256), scalar(-128 if z < 0 else 0, z.dtype)],
                 opset=opset, axis=1)
        for last in (0, 1):
            case(f"{t}_{last}", "QLinearGlobalAveragePool",
                 lambda d, x=x, z=z: [x(d, 2, 3, 4, 5), scalar(0.03), z, scalar(0.013), scalar(5, z.dtype)], channels_last=last)
            case(f"{t}_{last}", "QLinearAveragePool",
                 lambda d, x=x, z=z: [x(d, 1, 6, 5, 7), scalar(0.0301), z, scalar(0.0237), scalar(5, z.dtype)],
                 channels_last=last, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1])
        case(f"{t}_pad", "QLinearAveragePool",
             lambda d, x=x, z=z: [x(d, 1, 2, 5, 7), scalar(0.0301), z, scalar(0.0237), scalar(5, z.dtype)],
             kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1], count_include_pad=1, ceil_mode=1)
        case(t, "QLinearConcat", lambda d, x=x, z=z: [scalar(0.05), z, x(d, 2, 3), scalar(0.03), scalar(4, z.dtype), x(d, 2, 1),
                                                      scalar(0.06), z], axis=1)
        case(t, "QLinearWhere", lambda d, x=x, z=z: [np.array([[True], [False]]), x(d, 2, 3), scalar(0.03), z, x(d, 2, 3),
                                                     scalar(0.06), scalar(4, z.dtype), scalar(0.05), z])
        case(f"{t}_axis", "DequantizeLinear", lambda d, x=x: [x(d, 2, 3, 2), d.pos(3), x(d, 3)], axis=1)
        case(t, "DequantizeLinear", lambda d, x=x, z=z: [x(d, 2, 3), scalar(0.03), z])
        case(f"{t}_axis", "QuantizeLinear", lambda d, x=x: [d.f(2, 3, 4, scale=3), d.pos(3), x(d, 3)], axis=1)
        case(t, "QuantizeLinear", lambda d, x=x, z=z: [d.f(2, 3, 4, scale=3), np.array([0.05], np.float32), np.array([z])])
    for t in (np.int16, np.uint16):
        case(t.__name__, "QuantizeLinear", lambda d, t=t: [d.f(2, 3, 4, scale=30), scalar(0.003), scalar(300, t)])
        case(t.__name__, "DequantizeLinear", lambda d, t=t: [d.ids(30000, 2, 3).astype(t), scalar(0.003), scalar(300, t)])


def quantised_products():
    for t in ("u8", "i7"):
        def w(d, *shape, t=t):
            return getattr(d, t)(*shape)
        case(t, "DynamicQuantizeMatMul", lambda d, w=w: [d.f(2, 3, 8), w(d, 8, 4), scalar(0.03), w(d)])
        case(f"{t}_columns", "DynamicQuantizeMatMul", lambda d, w=w: [d.f(3, 8), w(d, 8, 4), d.pos(4), w(d, 4), d.f(4)])
        case(f"{t}_no_zero", "DynamicQuantizeMatMul", lambda d, w=w: [d.f(3, 8), w(d, 8, 4), d.pos(1), None, d.f(4)])
        case(t, "MatMulIntegerToFloat",
             lambda d, w=w: [d.u8(2, 3, 8), w(d, 8, 4), scalar(0.02), scalar(0.03), d.u8(), w(d), d.f(4)])
        case(f"{t}_columns", "MatMulIntegerToFloat",
             lambda d, w=w: [d.u8(3, 8), w(d, 8, 4), scalar(0.02), d.pos(4), None, w(d, 4)])
        for name, c in products(trans_b=(0, 1), bias=(0, 1), out=(0, 1)):
            def gemm(d, w=w, c=c):
                b = w(d, 4, 8) if c["trans_b"] else w(d, 8, 4)
                return [d.u8(3, 8), scalar(0.02), scalar(120, np.uint8), b, d.pos(4), w(d, 4),
                        d.ids(900, 4) if c["bias"] else None] + ([scalar(1.7), scalar(99, np.uint8)] if c["out"] else [])
            case(f"{t}_{name}", "QGemm", gemm, transB=c["trans_b"], alpha=0.8)
    case("trans_a", "QGemm", lambda d: [d.i7(8, 3), scalar(0.02), scalar(12, np.int8), d.i7(8, 4), scalar(0.03), scalar(2, np.int8),
                                        None, scalar(1.7), scalar(9, np.int8)], transA=1)
    for name, c in products(mask=("none", "lengths", "keys"), causal=(0, 1)):
        case(name, "QAttention",
             lambda d, m=MASKS[c["mask"]]: [d.u8(2, 4, 6), d.i7(6, 24), d.f(24), scalar(0.01), scalar(0.02), m,
                                            scalar(120, np.uint8), scalar(3, np.int8)], num_heads=2, unidirectional=c["causal"])
    case("columns", "QAttention", lambda d: [d.u8(2, 4, 6), d.i7(6, 24), d.f(24), scalar(0.01), d.pos(24), None,
                                             scalar(120, np.uint8), d.i7(24)], num_heads=2)
    case("past", "QAttention", lambda d: [d.u8(2, 4, 6), d.u8(6, 24), d.f(24), scalar(0.01), scalar(0.02), None,
                                          scalar(120, np.uint8), scalar(125, np.uint8), d.f(2, 2, 2, 3, 4)], 2,
         num_heads=2, unidirectional=1)
    for last in (0, 1):
        case(str(last), "QLinearConv",
             lambda d: [d.u8(1, 4, 5, 4), scalar(0.02), scalar(120, np.uint8), d.i7(3, 4, 2, 2), d.pos(3), np.zeros(3, np.int8),
                        scalar(0.4), scalar(110, np.uint8), d.ids(500, 3)], channels_last=last, pads=[1, 0, 0, 1])


def packed():
    for name, c in products(bits=(2, 4, 8), zero=("none", "bytes", "floats"), bias=(0, 1)):
        if c["bits"] == 8 and c["zero"] == "floats":
            continue  # which ONNX Runtime does not do
        def draw(d, c=c, k=40, n=5, block=16):
            blocks = -(-k // block)
            zero = {"none": None, "bytes": d.u8(n * -(-blocks * c["bits"] // 8)), "floats": d.f(n * blocks)}[c["zero"]]
            return [d.f(2, 3, k), d.u8(n, blocks, block * c["bits"] // 8), d.pos(n * blocks), zero, None,
                    d.f(n) if c["bias"] else None]
        case(name, "MatMulNBits", draw, K=40, N=5, bits=c["bits"], block_size=16)
    case("groups", "MatMulNBits", lambda d: [d.f(3, 32), d.u8(4, 2, 8), d.pos(8), None, d.ids(2, 32)], K=32, N=4, bits=4,
         block_size=16)
    case("square", "MatMulNBits", lambda d: [d.f(3, 32), d.u8(4, 2, 8), d.pos(4, 2), d.u8(4, 1)], K=32, N=4, block_size=16)


def shapes():
    case("", "ExpandDims", lambda d: [d.f(2, 3), scalar(1, np.int32)])
    case("end", "ExpandDims", lambda d: [d.f(2, 3), scalar(-1, np.int32)])
    case("", "Inverse", lambda d: [d.f(2, 4, 4)])
    for upper in (0, 1):
        for k in (-1, 0, 2):
            case(f"{upper}_{k}", "Trilu", lambda d, k=k: [d.f(2, 3, 4), scalar(k, np.int64)], upper=upper)
    case("", "Trilu", lambda d: [d.f(3, 3)])
    case("", "Unique", lambda d: [np.array([2, 1, 1, 3, 4, 3], np.float32)], 3)
    for mode in ("constant", "reflect", "edge"):
        case(mode, "Pad", lambda d: [d.f(3, 4), np.array([1, 2, 0, 1], np.int64)], mode=mode)
    case("value", "Pad", lambda d: [d.f(3, 4), np.array([[1, 2, -1, 1]], np.int64), scalar(7.5)])
    case("", "Range", lambda d: [scalar(1.5), scalar(9), scalar(2)])
    case("ones", "Range", lambda d: [scalar(3, np.int64), scalar(9, np.int64)])
    case("", "GatherND", lambda d: [d.f(2, 3, 4), np.array([[0, 1], [1, 2]], np.int64)])
    for name, g in products(mode=("bilinear", "nearest", "bicubic"), padding=("zeros", "border", "reflection"), corners=(0, 1)):
        case(name, "GridSample", lambda d: [d.f(1, 2, 4, 5), d.f(1, 3, 3, 2)], mode=g["mode"], padding_mode=g["padding"],
             align_corners=g["corners"])
    for kind in (np.int32, np.uint32, np.int64, np.uint64, np.float32, np.float64):
        for positive in (0, 1):
            case(f"{kind.__name__}_{positive}", "MurmurHash3", lambda d, kind=kind: [(d.f(5) * 100).astype(kind)],
                 positive=positive, seed=7)
    for mode in ("bilinear", "nearest"):
        case(mode, "CropAndResize",
             lambda d: [d.f(2, 2, 5, 6), np.array([[0.1, 0.2, 0.8, 0.87], [0.5, -0.2, 1.3, 0.4]], np.float32),
                        np.array([1, 0], np.int32), np.array([3, 4], np.int32)], mode=mode, extrapolation_value=2.5)


FAMILIES = (packed, shapes, quantised, quantised_products, gelus, fused_products, convs, norms, attentions)


def build(folder, full, op, inputs, outputs, domain, attrs):
    arrays = inputs(Draw(full))
    names = ["" if a is None else f"i{k}" for k, a in enumerate(arrays)]
    (folder / "in").mkdir(parents=True)
    given = []
    for name, array in zip(names, arrays):
        if array is None:
            continue
        np.save(folder / "in" / f"{name}.npy", array)
        given.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype) if hasattr(
            helper, "np_dtype_to_tensor_dtype") else onnx.mapping.NP_TYPE_TO_TENSOR_TYPE[array.dtype], array.shape))
    outs = [f"o{k}" if wanted else "" for k, wanted in enumerate(outputs)]
    node = helper.make_node(op, names, outs, domain=domain, **attrs)
    made = [helper.make_empty_tensor_value_info(o) for o in outs if o]
    graph = helper.make_graph([node], full, given, made)
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17),
                                                                  helper.make_opsetid("com.microsoft", 1)])
    onnx.save(model, folder / "model.onnx")


def collect(folder):
    data = folder / "test_data_set_0"
    data.mkdir(exist_ok=True)
    model = onnx.load(folder / "model.onnx")
    for kind, values, source in (("input", model.graph.input, "in"), ("output", model.graph.output, "out")):
        for k, value in enumerate(values):
            array = np.load(folder / source / f"{value.name}.npy")
            (data / f"{kind}_{k}.pb").write_bytes(numpy_helper.from_array(array, value.name).SerializeToString())


def main():
    command, root = sys.argv[1], pathlib.Path(sys.argv[2])
    if command == "make":
        for family in FAMILIES:
            family()
        for full, *rest in CASES:
            build(root / full, full, *rest)
        print(f"{len(CASES)} cases")
    else:
        for folder in sorted(root.iterdir()):
            if (folder / "out").is_dir():
                collect(folder)


if __name__ == "__main__":
    main()
