#!/usr/bin/python3
"""Makes the odd but valid files of testdata/odd/, their table and the values they hold.

Usage: tools/make_odd.py [DIR]           DIR defaults to testdata/odd of this tree
"""
import json
import pathlib
import sys

from testdata_wire import (
    BOOL, BYTES, FIXED32, FIXED64, FLOAT, INT64, STRING, VARINT, attr_float, attr_graph,
    attr_int, attr_tensor, blob, blobs, external, floats_raw, flt, function, graph, ints_raw, key,
    model, node, num, nums, opset, packed, pair, raw, tensor, value_info, varint)

HEADER = """# Odd but valid files

Written by `tools/make_odd.py`, byte by byte; part of this project, Apache-2.0. Every file must be
accepted, and come out of a copy with every field it had; `Same bytes` says whether a rewriting of
the unedited model must give the same bytes. Wherever a table or a graph computes `y` from `x`,
`y = x * w` with `w = [[1,2],[3,4]]` unless stated otherwise.

`dtypes.json` lists the elements of `dtypes_raw.onnx` and `dtypes_typed.onnx`: for each initializer
its type's name and number, its shape, its bit patterns in hexadecimal (first element first; a
complex element as real and imaginary part) and its values; strings are given as values only.

| File | What is odd | Same bytes |
|---|---|---|
"""

W = floats_raw(1, 2, 3, 4)
WEIGHT = tensor("w", [2, 2], FLOAT, raw(W))
USE = node("MatMul", ["x", "w"], ["y"])
X, Y = value_info("x"), value_info("y")


def simple(weight=WEIGHT, **settings):
    return model(graph([USE], [weight], [X], [Y]), **settings)


def unknown():
    """Fields that no version of ONNX has, one of each wire type."""
    return (num(1000, 7) + key(1001, FIXED64) + b"\1\2\3\4\5\6\7\10" + blob(1002, "later") +
            key(1003, FIXED32) + b"\1\2\3\4")


def everywhere():
    """A model with unknown fields in every message that it can hold."""
    more = unknown()
    entry = pair("key", "value") + more
    imported = opset(13) + more
    fixed = num(1, 2) + more
    shape = blob(1, fixed) + blob(1, blob(2, "D") + more) + more
    tensor_type = lambda body: blob(1, num(1, FLOAT) + blob(2, body) + more) + more
    kinds = {
        "x": tensor_type(blob(1, fixed) * 2 + more),
        "y": tensor_type(shape),
    }
    value = {n: blob(1, n) + blob(2, t) + more for n, t in kinds.items()}
    sequence = blob(4, blob(1, kinds["x"]) + more) + more
    optional = blob(9, blob(1, kinds["x"]) + more) + more
    mapping = blob(5, num(1, INT64) + blob(2, kinds["x"]) + more) + more
    opaque = blob(7, blob(1, "d") + blob(2, "o") + more) + more
    sparse_type = blob(8, num(1, FLOAT) + blob(2, shape) + more) + more
    extra = [blob(1, f"unused{i}") + blob(2, t) + more
             for i, t in enumerate((sequence, optional, mapping, opaque, sparse_type))]
    weight = WEIGHT + blob(16, entry) + more
    sparse = (blob(1, tensor("s", [1], FLOAT, raw(floats_raw(1))) + more) +
              blob(2, tensor("si", [1], INT64, raw(ints_raw(3))) + more) + nums(3, [2, 2]) + more)
    annotation = blob(1, "w") + blob(2, entry) + more
    step = node("LeakyRelu", ["a"], ["y"], attr_float("alpha", 0.5) + more) + blob(9, entry) + more
    first = USE.replace(b"y", b"a") + more
    body = graph([first, step], [weight], [value["x"]], [value["y"]],
                 more=blobs(13, extra) + blob(14, annotation) + blob(15, sparse) + blob(16, entry) +
                 more)
    called = function("F", node("Relu", ["x"], ["y"]) + more) + blob(14, entry) + more
    device = blob(1, "two") + num(2, 2) + blobs(3, ["a", "b"]) + more
    training = blob(2, graph([node("Relu", ["w"], ["v"])], more=more)) + blob(4, pair("w", "v") +
                                                                              more) + more
    return (num(1, 11) + blob(7, body) + blob(8, imported) + blob(14, entry) + blob(20, training) +
            blob(25, called) + blob(26, device) + more)


def doubled():
    """Scalars of each kind twice, the wrong value first: the last one counts."""
    weight = (nums(1, [2, 2]) + num(2, INT64) + num(2, FLOAT) + blob(8, "wrong") + blob(8, "w") +
              blob(9, b"\0" * 4) + blob(9, W))
    step = blobs(1, ["x", "w"]) + blob(2, "y") + blob(4, "Relu") + blob(4, "MatMul")
    body = blob(2, "wrong") + graph([step], [weight], [X], [Y])
    return num(1, 3) + num(1, 8) + blob(7, body) + blob(8, num(2, 1) + opset(13))


def reversed_fields():
    weight = raw(W) + blob(8, "w") + num(2, FLOAT) + nums(1, [2, 2])
    step = blob(4, "MatMul") + blob(2, "y") + blobs(1, ["x", "w"])
    body = blob(12, Y) + blob(11, X) + blob(5, weight) + blob(2, "g") + blob(1, step)
    return blob(8, num(2, 13)) + blob(7, body) + num(1, 8)


def wide(field, wire, value):
    """Key, and value or length, in varints of more bytes than needed."""
    start = varint(field << 3 | wire, 3)
    if wire == VARINT:
        return start + varint(value, 10)
    return start + varint(len(value), 4) + value


def wide_varints():
    weight = b"".join(wide(1, VARINT, d) for d in (2, 2)) + wide(2, VARINT, FLOAT) + wide(
        8, BYTES, b"w") + wide(9, BYTES, W)
    body = graph([USE], [], [X], [Y]) + wide(5, BYTES, weight)
    return wide(1, VARINT, 8) + wide(7, BYTES, body) + wide(8, BYTES, wide(2, VARINT, 13))


def wire_cases():
    """name, what is odd, bytes, whether a copy must have the same bytes."""
    four = b"".join(flt(4, v) for v in (1, 2, 3, 4))
    yield ("unknown_fields", "unknown fields in every message; y = LeakyRelu(xw, 0.5)",
           everywhere(), False)
    yield "reverse_order", "the fields of each message in falling order", reversed_fields(), False
    yield "wide_varints", "varints longer than needed", wide_varints(), False
    yield "doubled_scalars", "scalar fields twice: the last one counts", doubled(), False
    yield ("float_data_unpacked", "float_data with a key for each element",
           simple(nums(1, [2, 2]) + num(2, FLOAT) + blob(8, "w") + four), False)
    yield ("float_data_parts", "float_data half packed in two parts, half not",
           simple(tensor("w", [2, 2], FLOAT, blob(4, floats_raw(1)), flt(4, 2),
                         blob(4, floats_raw(3, 4)))), False)
    yield ("dims_packed", "dims packed",
           simple(packed(1, [2, 2]) + num(2, FLOAT) + blob(8, "w") + raw(W)), False)
    kernel = tensor("k", [1, 1, 1, 1], FLOAT, raw(floats_raw(2)))
    strides = blob(1, "strides") + packed(8, [1, 1]) + num(20, 7)
    yield ("ints_packed", "the ints of an attribute packed; y = 2x, [1,1,2,2]",
           model(graph([node("Conv", ["x", "k"], ["y"], strides)], [kernel],
                       [value_info("x", FLOAT, [1, 1, 2, 2])],
                       [value_info("y", FLOAT, [1, 1, 2, 2])])), False)
    yield ("explicit_defaults", "fields set to their default, empty strings included",
           num(1, 8) + blob(2, "") + blob(4, "") + num(5, 0) + blob(6, "") +
           blob(7, graph([USE + blob(7, "") + blob(3, "")],
                         [WEIGHT + num(14, 0) + blob(12, "")], [X], [Y])) + blob(8, opset(13)),
           True)
    yield "no_opset_domain", "an opset_import without its domain field", simple(
        opsets=(num(2, 13),)), True
    yield "ai_onnx_domain", "the standard domain imported as ai.onnx", simple(
        opsets=(opset(13, "ai.onnx"),)), True


def graph_cases():
    """Unusual graphs."""
    t = lambda name, dims, *values: tensor(name, dims, FLOAT, raw(floats_raw(*values)))
    yield ("zero_elements", "initializers without elements, raw_data absent or empty; y = x", model(
        graph([node("Concat", ["x", "e", "f"], ["y"], attr_int("axis", 0))],
              [tensor("e", [0, 2], FLOAT), tensor("f", [0, 2], FLOAT, raw(b""))], [X], [Y])), True)
    yield ("scalar", "a scalar initializer, no dims at all; y = 3x", model(
        graph([node("Mul", ["x", "s"], ["y"])], [t("s", [], 3)], [X], [Y])), True)
    yield ("ir3", "IR 3, opset 8: initializers are inputs too", model(
        graph([USE], [WEIGHT], [X, value_info("w")], [Y]), (opset(8),), 3), True)
    constant = node("Constant", [], ["w"], attr_tensor("value", WEIGHT))
    yield ("constant_weights", "the weight in a Constant node", model(
        graph([constant, USE], [], [X], [Y])), True)
    yield ("constant_floats", "a bias in a Constant node's value_floats; y = xw + [5,6]", model(
        graph([node("Constant", [], ["b"], blob(1, "value_floats") + flt(7, 5) + flt(7, 6) +
                    num(20, 6)), USE.replace(b"y", b"a"), node("Add", ["a", "b"], ["y"])],
              [WEIGHT], [X], [Y])), True)
    yield ("tied_identity", "one weight used twice, once through Identity; y = xww", model(
        graph([node("Identity", ["w"], ["v"]), node("MatMul", ["x", "w"], ["a"]),
               node("MatMul", ["a", "v"], ["y"])], [WEIGHT], [X], [Y])), True)
    yield ("shared_weight", "one initializer used by two nodes; y = xww", model(
        graph([node("MatMul", ["x", "w"], ["a"]), node("MatMul", ["a", "w"], ["y"])], [WEIGHT],
              [X], [Y])), True)
    branch = lambda name, *v: graph([node("MatMul", ["x", name], [f"{name}y"])],
                                    [t(name, [2, 2], *v)], [], [value_info(f"{name}y")], name=name)
    choose = node("If", ["c"], ["y"], attr_graph("then_branch", branch("p", 1, 2, 3, 4)),
                  attr_graph("else_branch", branch("q", 5, 6, 7, 8)))
    yield ("if_weights", "If with weights in its branches; c true: y = xp, else y = xq, "
           "p = [[1,2],[3,4]], q = [[5,6],[7,8]]", model(
               graph([choose], [], [X, value_info("c", BOOL, [])], [Y])), True)
    inner = graph([node("Identity", ["x"], ["y30"])], [], [], [value_info("y30")], name="g30")
    for i in range(29, -1, -1):
        step = node("If", ["c"], [f"y{i}"], attr_graph("then_branch", inner),
                    attr_graph("else_branch", graph(
                        [node("Identity", ["x"], [f"z{i}"])], [], [], [value_info(f"z{i}")])))
        inner = graph([step], [], [], [value_info(f"y{i}")], name=f"g{i}")
    outer = node("If", ["c"], ["y"], attr_graph("then_branch", inner), attr_graph(
        "else_branch", graph([node("Identity", ["x"], ["z"])], [], [], [value_info("z")])))
    yield ("deep_if", "If in If, 31 deep; y = x", model(
        graph([outer], [tensor("c", [], BOOL, raw(b"\1"))], [X], [Y])), True)
    yield ("function", "a function of the model's own domain; y = relu(x)", model(
        graph([node("F", ["x"], ["y"], domain="local")], [], [X], [Y]),
        (opset(13), opset(1, "local"))) + blob(25, function("F", node("Relu", ["x"], ["y"]))), True)
    yield ("omitted_inputs", "an omitted optional input, an omitted optional output; "
           "y = min(x, 3)", model(
               graph([node("Clip", ["x", "", "m"], ["a"]),
                      node("Dropout", ["a"], ["y", ""])], [t("m", [], 3)], [X], [Y])), True)
    yield ("unused", "an initializer and a node that nothing needs", model(
        graph([USE, node("Relu", ["x"], ["nobody"])], [WEIGHT, t("u", [1], 1)], [X], [Y])), True)
    yield ("input_is_output", "a graph output that is an input, and one that is an initializer",
           model(graph([], [WEIGHT], [X], [X, value_info("w")])), True)
    yield ("default_input", "IR 8, an input with an initializer: a default; y = xw", model(
        graph([USE], [WEIGHT], [X, value_info("w")], [Y])), True)
    yield ("names", "names with blanks, slashes, quotes, UTF-8 and a newline", model(
        graph([node("MatMul", ["x y", "w/\"1\"\n"], ["y \u00fc/\u2713"])],
              [t("w/\"1\"\n", [2, 2], 1, 2, 3, 4)], [value_info("x y")],
              [value_info("y \u00fc/\u2713")])), True)
    yield ("opaque_domain", "an operator of a foreign domain with its attributes", model(
        graph([node("Fuse", ["x", "w"], ["y"], attr_int("depth", 3), domain="com.example")],
              [WEIGHT], [X], [Y]), (opset(13), opset(4, "com.example"))), True)
    away = lambda name, offset: tensor(name, [2, 2], FLOAT, external(
        ("location", "external.bin"), ("offset", str(offset)), ("length", "16")))
    yield ("external", "weights in external.bin, one behind a gap; y = xwv, v = w", model(
        graph([USE.replace(b"y", b"a"), node("MatMul", ["a", "v"], ["y"])],
              [away("w", 0), away("v", 4096)], [X], [Y])), True)
    yield ("external_plain", "external data without offset and length; w [2,516]", model(
        graph([USE], [tensor("w", [2, 516], FLOAT, external(("location", "external.bin")))],
              [X], [value_info("y", FLOAT, (2, 516))])), True)
    marks = blobs(16, [pair("onnxfreeze.mark", "frozen"), pair("other.tool", "kept")])
    yield ("marked", "IR 8 with metadata_props on a tensor", simple(WEIGHT + marks), True)


# Name, number, bits, list of bit patterns; floats are decoded by their layout.
DTYPES = [
    ("FLOAT", 1, 32, [0x3F800000, 0xC0200000, 0x00000001, 0x7F7FFFFF, 0x80000000]),
    ("UINT8", 2, 8, [0, 1, 127, 128, 255]),
    ("INT8", 3, 8, [0, 1, 0x7F, 0x80, 0xFF]),
    ("UINT16", 4, 16, [0, 1, 0x8000, 0xFFFF]),
    ("INT16", 5, 16, [0, 0x7FFF, 0x8000, 0xFFFF]),
    ("INT32", 6, 32, [0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]),
    ("INT64", 7, 64, [0, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]),
    ("BOOL", 9, 8, [1, 0, 1, 1, 0]),
    ("FLOAT16", 10, 16, [0x3C00, 0xC100, 0x0001, 0x7BFF, 0x8000]),
    ("DOUBLE", 11, 64, [0x3FF0000000000000, 0xC004000000000000, 1, 0x8000000000000000]),
    ("UINT32", 12, 32, [0, 1, 0x80000000, 0xFFFFFFFF]),
    ("UINT64", 13, 64, [0, 1, 1 << 63, (1 << 64) - 1]),
    ("BFLOAT16", 16, 16, [0x3F80, 0xC020, 0x0001, 0x7F7F, 0x8000]),
    ("FLOAT8E4M3FN", 17, 8, [0x38, 0xC2, 0x01, 0x7E, 0x80]),
    ("FLOAT8E4M3FNUZ", 18, 8, [0x40, 0xCA, 0x01, 0x7F, 0x00]),
    ("FLOAT8E5M2", 19, 8, [0x3C, 0xC1, 0x01, 0x7B, 0x80]),
    ("FLOAT8E5M2FNUZ", 20, 8, [0x40, 0xC5, 0x01, 0x7F, 0x00]),
    ("UINT4", 21, 4, [0, 1, 7, 8, 15]),
    ("INT4", 22, 4, [0, 1, 7, 8, 15]),
    ("FLOAT4E2M1", 23, 4, [0x2, 0xD, 0x1, 0x7, 0x8]),
    ("FLOAT8E8M0", 24, 8, [0x7F, 0x80, 0x00, 0xFE]),
    ("UINT2", 25, 2, [0, 1, 2, 3, 1, 2, 3]),
    ("INT2", 26, 2, [0, 1, 2, 3, 1, 2, 3]),
]
COMPLEX = [("COMPLEX64", 14, 32, [0x3F800000, 0xC0200000, 0, 0x3F000000, 0x40400000, 0xBF800000]),
           ("COMPLEX128", 15, 64, [0x3FF0000000000000, 0xC004000000000000, 0, 0x3FE0000000000000,
                                   0x4008000000000000, 0xBFF0000000000000])]
# Name -> exponent bits, mantissa bits, bias
LAYOUT = {
    "FLOAT": (8, 23, 127), "DOUBLE": (11, 52, 1023), "FLOAT16": (5, 10, 15),
    "BFLOAT16": (8, 7, 127), "FLOAT8E4M3FN": (4, 3, 7), "FLOAT8E4M3FNUZ": (4, 3, 8),
    "FLOAT8E5M2": (5, 2, 15), "FLOAT8E5M2FNUZ": (5, 2, 16), "FLOAT4E2M1": (2, 1, 1),
    "COMPLEX64": (8, 23, 127), "COMPLEX128": (11, 52, 1023),
}
WORDS = ["", "plain", "\u00fcber \u2713", "two\nlines"]


def value_of(name, bits, pattern):
    """The number that a bit pattern of this type stands for; no pattern here is NaN or infinite."""
    if name == "FLOAT8E8M0":
        return 2.0 ** (pattern - 127)
    if name in LAYOUT:
        exponents, mantissas, bias = LAYOUT[name]
        sign = -1.0 if pattern >> (bits - 1) else 1.0
        exponent = pattern >> mantissas & (1 << exponents) - 1
        mantissa = pattern & (1 << mantissas) - 1
        if exponent == 0:
            return sign * mantissa * 2.0 ** (1 - bias - mantissas)
        return sign * (1 + mantissa / (1 << mantissas)) * 2.0 ** (exponent - bias)
    if name.startswith("INT") and pattern >> (bits - 1):
        return pattern - (1 << bits)
    return pattern


def pack(bits, patterns):
    """Raw bytes: little endian, elements of less than a byte packed from the low bits up."""
    if bits >= 8:
        return b"".join(p.to_bytes(bits // 8, "little") for p in patterns)
    per = 8 // bits
    groups = [patterns[i:i + per] for i in range(0, len(patterns), per)]
    return bytes(sum(p << bits * i for i, p in enumerate(group)) for group in groups)


def typed_field(name, number, bits, patterns):
    """The elements in the typed array that ONNX assigns to the type."""
    data = pack(bits, patterns)
    if name in ("FLOAT", "COMPLEX64"):
        return blob(4, data)
    if name in ("DOUBLE", "COMPLEX128"):
        return blob(10, data)
    if name == "INT64":
        return packed(7, patterns)
    if name in ("UINT32", "UINT64"):
        return packed(11, patterns)
    if bits < 8:
        return packed(5, list(data))
    signed = [value_of(name, bits, p) for p in patterns] if name.startswith("INT") else patterns
    return packed(5, signed)


def dtype_cases(folder):
    """Every element type as an initializer, in both forms; writes dtypes.json."""
    raws, typed, listing = [], [], {}
    for name, number, bits, patterns in DTYPES + COMPLEX:
        count = len(patterns) // (2 if name.startswith("COMPLEX") else 1)
        label = name.lower()
        raws.append(tensor(label, [count], number, raw(pack(bits, patterns))))
        typed.append(tensor(label, [count], number, typed_field(name, number, bits, patterns)))
        listing[label] = {"dtype": name, "number": number, "shape": [count],
                          "bits": [f"{p:0{max(1, bits // 4)}x}" for p in patterns],
                          "values": [value_of(name, bits, p) for p in patterns]}
    words = tensor("string", [len(WORDS)], STRING, blobs(6, WORDS))
    listing["string"] = {"dtype": "STRING", "number": STRING, "shape": [len(WORDS)],
                         "values": WORDS}
    lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in listing.items())
    (folder / "dtypes.json").write_text("{\n" + lines + "\n}\n")
    step = node("Identity", ["x"], ["y"])
    for form, tensors in ("raw", raws), ("typed", typed):
        yield (f"dtypes_{form}", f"all 26 element types, {form} storage; y = x",
               model(graph([step], tensors + [words], [X], [Y]), (opset(25),), 13), True)


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "testdata" / "odd"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, oddity, data, same in [*wire_cases(), *graph_cases(), *dtype_cases(folder)]:
        (folder / f"{name}.onnx").write_bytes(data)
        rows.append((f"{name}.onnx", oddity, "yes" if same else "no"))
    (folder / "external.bin").write_bytes(W + b"\0" * 4080 + W + b"\0" * 16)
    assert len({row[0] for row in rows}) == len(rows)
    (folder / "README.md").write_text(
        HEADER + "".join(f"| {f} | {o} | {s} |\n" for f, o, s in rows))
    (folder / "cases.tsv").write_text("".join(f"{f}\t{s}\n" for f, _, s in rows))
    print(f"{len(rows)} files")


if __name__ == "__main__":
    main()
