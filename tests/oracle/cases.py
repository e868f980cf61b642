"""cases.py - the ground that the generators of differential cases stand on.

A case is a small model with inputs, written as a folder of ONNX's backend-test format. Its expected
outputs come from numpy (given with the case) or from ONNX Runtime (written later, into the same
folder). Every case belongs to one bound, which says how far the two may differ, and names the
(operator, version) pair that it is about.
"""
import json
import os
import zlib

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TypeProto
from onnx import ValueInfoProto, helper

# name -> ONNX's number, the numpy type that holds an element, bits (below 8: packed)
TYPES = {
    "f32": (1, "<f4", 32), "u8": (2, "u1", 8), "i8": (3, "i1", 8), "u16": (4, "<u2", 16),
    "i16": (5, "<i2", 16), "i32": (6, "<i4", 32), "i64": (7, "<i8", 64), "str": (8, "O", 0),
    "bool": (9, "?", 8), "f16": (10, "<f2", 16), "f64": (11, "<f8", 64), "u32": (12, "<u4", 32),
    "u64": (13, "<u8", 64), "bf16": (16, "<u2", 16), "f8e4m3fn": (17, "u1", 8),
    "f8e4m3fnuz": (18, "u1", 8), "f8e5m2": (19, "u1", 8), "f8e5m2fnuz": (20, "u1", 8),
    "u4": (21, "u1", 4), "i4": (22, "i1", 4), "f4e2m1": (23, "u1", 4), "f8e8m0": (24, "u1", 8),
    "u2": (25, "u1", 2), "i2": (26, "i1", 2),
}
CODE = {name: row[0] for name, row in TYPES.items()}
SIGNED = ["i8", "i16", "i32", "i64"]
UNSIGNED = ["u8", "u16", "u32", "u64"]
INTS = SIGNED + UNSIGNED
FLOATS = ["f32", "f64", "f16"]
NUMBERS = FLOATS + INTS
# What onnxruntime-node can be given and give back.
FEEDABLE = NUMBERS + ["bool", "str"]

# How far two programs may be apart: (rtol, atol). Integers, booleans and strings are exact in all.
#   f32, f64  what the order of a sum and the last bits of a transcendental function make
#   f16       both compute in f32 and round once: at most neighbours, 2^-10 apart, and near zero the
#             f32 difference itself
#   bf16      likewise, 2^-7
#   tight..   one function of one number, computed wide and rounded once: a few units in the last place;
#             of f16 and bf16 one, denormals included
#   coarse    f16 through functions that round every intermediate result on one side
BOUNDS = {
    "exact": (0, 0), "f32": (1e-4, 1e-5), "f64": (1e-9, 1e-10), "f16": (2.0 ** -10, 1e-5),
    "bf16": (2.0 ** -7, 1e-5), "tight32": (4e-6, 1e-12), "tight64": (1e-13, 1e-300),
    "tight16": (2.0 ** -10, 6e-8), "tight_bf16": (2.0 ** -7, 1e-38), "coarse": (1e-2, 4e-3),
}


class Tensor:
    """Elements of an ONNX type; `a` holds them as numbers, or as codes where numpy lacks the type."""

    def __init__(self, dtype, a):
        self.dtype = dtype
        self.a = np.asarray(a, TYPES[dtype][1])

    @property
    def shape(self):
        return self.a.shape

    def raw(self):
        bits = TYPES[self.dtype][2]
        flat = np.ascontiguousarray(self.a).reshape(-1)
        if bits >= 8:
            return flat.tobytes()
        per = 8 // bits
        codes = flat.view("u1") & ((1 << bits) - 1)
        codes = np.concatenate([codes, np.zeros(-len(codes) % per, "u1")]).reshape(-1, per)
        out = np.zeros(len(codes), "u1")
        for k in range(per):
            out |= codes[:, k] << (bits * k)
        return out.tobytes()

    def proto(self, name=""):
        p = TensorProto(dims=self.a.shape, data_type=CODE[self.dtype], name=name)
        if self.dtype == "str":
            p.string_data.extend(s.encode() for s in self.a.reshape(-1))
        else:
            p.raw_data = self.raw()
        return p


def T(dtype, a):
    return Tensor(dtype, a)


def round_bf16(x):
    """f32 (or wider) -> bfloat16 codes, nearest, ties to even."""
    with np.errstate(all="ignore"):
        bits = np.asarray(x, np.float32).reshape(-1).view("<u4").astype("u8")
    nan = (bits & 0x7fffffff) > 0x7f800000
    codes = np.where(nan, 0x7fc0, (bits + 0x7fff + ((bits >> 16) & 1)) >> 16)
    return codes.astype("<u2").reshape(np.shape(x))


def widen_bf16(codes):
    return (codes.reshape(-1).astype("<u4") << np.uint32(16)).view("<f4").reshape(codes.shape)


# --- protos -----------------------------------------------------------------------------------------


def attribute(name, value):
    """floats, ints, text, lists of them, Tensor or GraphProto; [] is a list of ints."""
    if isinstance(value, Tensor):
        return AttributeProto(name=name, type=AttributeProto.TENSOR, t=value.proto())
    if isinstance(value, GraphProto):
        return AttributeProto(name=name, type=AttributeProto.GRAPH, g=value)
    if isinstance(value, (list, tuple)) and not value:
        return AttributeProto(name=name, type=AttributeProto.INTS)
    return helper.make_attribute(name, value)


def node(op, ins, outs, domain="", **attrs):
    n = NodeProto(op_type=op, domain=domain, input=ins, output=outs)
    n.attribute.extend(attribute(k, v) for k, v in attrs.items() if v is not None)
    return n


def value_info(name, dtype=None, shape=None):
    v = ValueInfoProto(name=name)
    if dtype:
        v.type.tensor_type.elem_type = CODE[dtype]
        if shape is not None:
            v.type.tensor_type.shape.SetInParent()
            for k, d in enumerate(shape):
                dim = v.type.tensor_type.shape.dim.add()
                if isinstance(d, str):
                    dim.dim_param = d
                else:
                    dim.dim_value = int(d)
    return v


def graph(nodes, inputs, outputs, name="g"):
    """inputs and outputs: ValueInfoProtos, or names."""
    g = GraphProto(name=name)
    g.node.extend(nodes)
    g.input.extend(i if isinstance(i, ValueInfoProto) else value_info(i) for i in inputs)
    g.output.extend(o if isinstance(o, ValueInfoProto) else value_info(o) for o in outputs)
    return g


def model(g, opset):
    m = ModelProto(ir_version=13 if opset > 25 else 11 if opset > 22 else 10 if opset > 18 else 8)
    m.graph.CopyFrom(g)
    m.opset_import.add(domain="", version=opset)
    return m


# --- cases ------------------------------------------------------------------------------------------


def family(t):
    """The bound that results of this type are held to."""
    return t if t in ("f32", "f64", "f16", "bf16") else "exact"


class Suite:
    """Collects cases and writes them below `root`, one folder each: root/BOUND/NAME."""

    def __init__(self, root, seed, only=None):
        self.root, self.seed, self.only = root, seed, only
        self.manifest = []  # of the cases whose outputs ONNX Runtime is to write
        self.pairs = {}  # case name -> (op, version)
        self.names = set()

    def wanted(self, op):
        return self.only is None or op in self.only

    def rng(self, text):
        return np.random.RandomState((zlib.crc32(text.encode()) + 7919 * self.seed) % 2 ** 32)

    def write(self, name, op, since, bound, m, sets, other=None):
        """sets: [(inputs, outputs or None)]; other: the model that ONNX Runtime is to run."""
        folder = os.path.join(self.root, bound, name)
        os.makedirs(folder)
        for file, proto in (("model.onnx", m), ("oracle.onnx", other)):
            if proto:
                with open(os.path.join(folder, file), "wb") as f:
                    f.write(proto.SerializeToString())
        for k, (inputs, outputs) in enumerate(sets):
            at = os.path.join(folder, "test_data_set_%d" % k)
            os.mkdir(at)
            for what, tensors in (("input", inputs), ("output", outputs or [])):
                for i, t in enumerate(tensors):
                    if t is not None:
                        with open("%s/%s_%d.pb" % (at, what, i), "wb") as f:
                            f.write(t.proto().SerializeToString())
        self.pairs[name] = (op, since)
        if any(outputs is None for _, outputs in sets):
            self.manifest.append({"name": name, "folder": folder, "sets": len(sets), "model": "oracle.onnx" if other else "model.onnx"})

    def finish(self):
        with open(os.path.join(self.root, "manifest.json"), "w") as f:
            json.dump({"cases": self.manifest, "pairs": self.pairs}, f)


class Maker:
    """What a generator is given: one operator at one version."""

    def __init__(self, suite, op, since, opset, older=None):
        """older: the opset at which to ask ONNX Runtime instead."""
        self.suite, self.op, self.v, self.opset, self.older = suite, op, since, opset, older
        self.rng = suite.rng("%s-%d" % (op, since))

    def floats(self, shape, dtype="f32", low=-3, high=3):
        x = self.rng.uniform(low, high, shape)
        return T("bf16", round_bf16(x)) if dtype == "bf16" else T(dtype, x.astype(TYPES[dtype][1]))

    def ints(self, shape, dtype="i64", low=-10, high=10):
        if dtype.startswith("u"):
            low = max(low, 0)
        return T(dtype, self.rng.randint(low, high, shape).astype(TYPES[dtype][1]))

    def bools(self, shape):
        return T("bool", self.rng.randint(0, 2, shape).astype(bool))

    def strings(self, shape):
        words = np.array(["", "a", "bc", "déf", "0", "long text of a string"], dtype=object)
        return T("str", words[self.rng.randint(0, len(words), shape)])

    def any(self, shape, dtype, low=-10, high=10):
        if dtype == "bool":
            return self.bools(shape)
        if dtype == "str":
            return self.strings(shape)
        return self.floats(shape, dtype, low, high) if dtype in FLOATS + ["bf16"] else self.ints(
            shape, dtype, low, high)

    def case(self, ins, attrs=None, outs=1, bound=None, want=None, const=(), to=None, more=(),
             tag="", nodes=None, oracle=None):
        """One case of a single node.
        ins     Tensors; None leaves an optional input out
        outs    how many outputs, or a list of booleans: which ones are asked for
        bound   default: that of the first floating input, or exact
        want    expected outputs; None: ONNX Runtime's
        const   indices of inputs that are initializers
        to      {output index: type}: cast before it leaves the graph, for types no oracle can hold
        more    further lists of inputs for the same model (its dims become symbols)
        nodes   instead of the single node: NodeProtos that read x0.. and write y0..
        oracle  likewise, for ONNX Runtime alone
        """
        base = "%s-%d%s" % (self.op, self.v, "." + tag if tag else "")
        name, k = base, 1
        while name in self.suite.names:
            k += 1
            name = "%s.%d" % (base, k)
        self.suite.names.add(name)
        if not self.suite.wanted(self.op):
            return
        g = GraphProto(name="g")
        sets = [ins] + [list(m) for m in more]
        exact = not more and zlib.crc32(name.encode()) % 3
        fed = [i for i, t in enumerate(ins) if t is not None and i not in const]
        for i, t in enumerate(ins):
            if i in const and t is not None:
                g.initializer.append(t.proto("x%d" % i))
        for i in fed:
            g.input.append(value_info("x%d" % i, ins[i].dtype, ins[i].shape if exact else
                                      ["d%d_%d" % (i, k) for k in range(len(ins[i].shape))]))
        asked = [True] * outs if isinstance(outs, int) else outs
        if nodes is None:
            names = ["" if t is None else "x%d" % i for i, t in enumerate(ins)]
            while names and not names[-1]:
                names.pop()
            nodes = [node(self.op, names, ["y%d" % i if a else "" for i, a in enumerate(asked)],
                          **(attrs or {}))]
        ends = []
        for i, a in enumerate(asked):
            if a:
                last = "y%d" % i
                if to and i in to:
                    ends.append(node("Cast", [last], ["z%d" % i], to=CODE[to[i]]))
                    last = "z%d" % i
                g.output.append(value_info(last))
        other = None
        if oracle or self.older:
            other = GraphProto()
            other.CopyFrom(g)
            other.node.extend((oracle or nodes) + ends)
        g.node.extend(nodes + ends)
        if bound is None:
            kinds = [family(t.dtype) for t in ins if t is not None]
            bound = next((b for b in ("f16", "bf16", "f32", "f64") if b in kinds), "exact")
        self.suite.write(name, self.op, self.v, bound, model(g, self.opset),
                         [([s[i] for i in fed], want) for s in sets], other and model(other, self.older or self.opset))


GENERATORS = []


def gen(ops):
    """Decorates a generator of cases for these operators; it is called once per version."""

    def register(f):
        GENERATORS.append((ops.split(), f))
        return f

    return register
