#!/usr/bin/python3
"""Makes the hostile and broken files of testdata/bad/, their table and cases.tsv.

Usage: tools/make_bad.py [DIR]           DIR defaults to testdata/bad of this tree
"""
import pathlib
import random
import sys

import hostile_graphs
from testdata_wire import (
    BOOL, DOUBLE, FLOAT, INT4, INT64, STRING, attr_graph, attr_int, attr_ints, attr_string,
    attr_tensor, blob, blobs, external, floats_raw, function, graph, ints_raw, key, model, node,
    num, nums, opset, packed, pair, raw, tensor, value_info, varint)

HEADER = """# Broken and hostile files

Written by `tools/make_bad.py`, byte by byte; part of this project, Apache-2.0. The same table for
scripts is `cases.tsv`: file, command, exit code.

Command `check`: `onnxfreeze check FILE` must end with this code. Command `run`: the fault shows at
the latest in `onnxfreeze run FILE`, which needs no input; `check` may find it or not. Command
`limited`: the same, with limits of 64 MiB a tensor, 256 MiB in all, 10240 trips of a loop, 100 Mi
elements of work and 10240 nodes with functions in place. No command may crash on any file here, write a half-finished output or touch the file. `ext.bin` is 64 bytes
that the external-data files name.

`external_symlink.onnx` names `link.bin`, which is not here: a test copies the model, makes
`link.bin` a symbolic link to a file of 16 bytes, inside or outside the folder, and must get the
same code as without the link.

| File | Attack | Command | Exit |
|---|---|---|---|
"""

WEIGHT = tensor("w", [2, 2], FLOAT, raw(floats_raw(1, 2, 3, 4)))


def simple(weight=WEIGHT, **settings):
    """x [2,2] -> MatMul by w -> y, with the given weight tensor."""
    return model(graph([node("MatMul", ["x", "w"], ["y"])], [weight],
                       [value_info("x")], [value_info("y")]), **settings)


def with_nodes(nodes, initializers=(WEIGHT,), more=b"", inputs=("x",), **settings):
    return model(graph(nodes, initializers, [value_info(n) for n in inputs],
                       [value_info("y")], more=more), **settings)


def closed(nodes, initializers, dims):
    """A model without inputs: `run` needs nothing."""
    return model(graph(nodes, initializers, [], [value_info("y", FLOAT, dims)]))


def nested_graphs(depth):
    body = graph(name="leaf")
    for _ in range(depth):
        body = blob(1, blob(4, "If") + blob(5, blob(1, "t") + blob(6, body))) + blob(2, "g")
    return model(body)


def nested_types(depth):
    kind = blob(1, num(1, FLOAT))
    for _ in range(depth):
        kind = blob(4, blob(1, kind))
    return model(graph([], [WEIGHT], [blob(1, "x") + blob(2, kind)], [value_info("w")]))


def byte_cases():
    """Attacks on the wire format."""
    good = simple()
    noise = random.Random(7).randbytes(4096)
    yield "empty", "an empty file", b""
    yield "text", "a text file", b"This is not a model.\n" * 8
    yield "random", "random bytes", noise
    yield "random_behind_header", "a valid first field, then random bytes", num(1, 8) + noise
    for cut in 1, 2, len(good) // 4, len(good) // 2, len(good) - 5, len(good) - 1:
        yield f"truncated_{cut:03d}", f"cut after {cut} of {len(good)} bytes", good[:cut]
    yield "nested_graphs", "graphs 3,000 deep: the stack", nested_graphs(3000)
    yield "nested_types", "sequence types 3,000 deep: the stack", nested_types(3000)
    repeated = blob(7, graph(name="g")) * 10000
    yield ("repeated_graph", "ModelProto.graph 10,000 times: quadratic merging",
           num(1, 8) + repeated + blob(8, opset(13)))
    twice = num(2, FLOAT) + blob(1, b"")
    yield ("repeated_type", "TypeProto twice in a ValueInfoProto: merging",
           model(graph([], [WEIGHT], [blob(1, "x") + blob(2, blob(1, twice)) * 2],
                       [value_info("w")])))
    yield "group", "wire types 3 and 4, a group", good + key(99, 3) + num(1, 1) + key(99, 4)
    yield "group_open", "a group that is never closed", good + key(99, 3) + num(1, 1)
    yield "group_end", "the end of a group that never began", good + key(99, 4)
    yield "wire_type_6", "wire type 6", good + key(99, 6) + b"\0" * 8
    yield "wire_type_7", "wire type 7", good + key(99, 7) + b"\0" * 8
    yield "known_field_wrong_wire", "ir_version as a string", blob(1, "8") + good
    yield "graph_as_varint", "graph as an integer", num(1, 8) + num(7, 1) + blob(8, opset(13))
    yield ("nul_in_name", "NUL inside a tensor name",
           simple(tensor("w\0hidden", [2, 2], FLOAT, raw(floats_raw(1, 2, 3, 4)))))
    yield ("nul_in_operator", "NUL inside op_type",
           with_nodes([node("MatMul\0Evil", ["x", "w"], ["y"])]))
    yield "length_over", "a length past the end of the file", good + key(14, 2) + varint(1000)
    yield ("length_over_parent", "a length inside the file, past the end of its message",
           num(1, 8) + key(7, 2) + varint(4) + key(2, 2) + varint(100) + b"ab" + b"\0" * 200)
    yield "length_2_63", "length 2^63", good + key(14, 2) + varint(1 << 63)
    yield "length_max", "length 2^64 - 1", good + key(14, 2) + varint(-1)
    yield "length_int_max", "length 2^31", good + key(14, 2) + varint(1 << 31)
    yield "varint_11", "a varint of 11 bytes", good + key(5, 0) + b"\x80" * 10 + b"\1"
    yield "varint_endless", "a varint that never ends", good + key(5, 0) + b"\x80" * 64
    yield ("varint_over_64", "a varint of 10 bytes above 2^64",
           good + key(5, 0) + b"\xff" * 9 + b"\x7f")
    yield "field_0", "field number 0", good + b"\0\1"
    yield "field_too_big", "a field number above 2^29 - 1", good + varint(1 << 32) + b"\1"


def tensor_cases():
    """Attacks by tensors."""
    four = raw(floats_raw(1, 2, 3, 4))
    t = lambda dims, dtype, *data: simple(tensor("w", dims, dtype, *data))
    yield "dims_negative", "dims [-2,-2]", t([-2, -2], FLOAT, four)
    yield "dims_min", "a dimension of -2^63", t([-1 << 63], FLOAT, four)
    yield "dims_overflow", "dims whose product wraps to 4", t([1 << 62, 4, 4, 1], FLOAT, four)
    yield "dims_bytes_overflow", "a count that fits, bytes that wrap", t([1 << 62], DOUBLE, four)
    yield "dims_many", "rank 10,000", t([1] * 10000, FLOAT, raw(floats_raw(1)))
    yield "raw_short", "raw_data shorter than the shape", t([2, 2], FLOAT, raw(floats_raw(1, 2, 3)))
    yield "raw_long", "raw_data longer than the shape", t([2, 2], FLOAT, raw(floats_raw(*range(5))))
    yield "raw_ragged", "raw_data not a multiple of the element", t([2, 2], FLOAT, raw(b"\0" * 15))
    yield "no_data", "no data for four elements", t([2, 2], FLOAT)
    yield "raw_and_float", "raw_data and float_data", t([2, 2], FLOAT, four,
                                                       blob(4, floats_raw(1, 2, 3, 4)))
    yield "float_data_ragged", "packed float_data of 15 bytes", t(
        [2, 2], FLOAT, blob(4, b"\0" * 15))
    yield "count_short", "float_data with 3 of 4 elements", t([2, 2], FLOAT,
                                                             blob(4, floats_raw(1, 2, 3)))
    yield "count_long", "float_data with 5 of 4 elements", t([2, 2], FLOAT,
                                                            blob(4, floats_raw(*range(5))))
    yield "wrong_field", "float elements in int64_data", t([2, 2], FLOAT, packed(7, [1, 2, 3, 4]))
    yield "type_0", "element type UNDEFINED", t([2, 2], 0, four)
    yield "type_77", "element type 77", t([2, 2], 77, four)
    yield "type_negative", "element type -1", t([2, 2], -1, four)
    yield "string_raw", "strings in raw_data", t([2], STRING, raw(b"ab"))
    yield "string_count", "3 strings for 2 elements", t([2], STRING, blobs(6, ["a", "b", "c"]))
    yield "int4_short", "5 int4 elements in 2 bytes", t([5], INT4, raw(b"\x21\x43"))
    yield "int4_long", "5 int4 elements in 4 bytes", t([5], INT4, raw(b"\x21\x43\x05\0"))
    yield "segment", "a segmented tensor", t([2, 2], FLOAT, blob(3, num(1, 0) + num(2, 4)), four)
    outside = tensor("i", [1, 2], INT64, raw(ints_raw(0, 9)))
    sparse = blob(1, tensor("w", [1], FLOAT, raw(floats_raw(1)))) + blob(2, outside)
    yield ("sparse_index", "a sparse initializer with an index outside its shape",
           with_nodes([node("MatMul", ["x", "w"], ["y"])], [], blob(15, sparse + nums(3, [2, 2]))))
    negative = tensor("i", [1], INT64, raw(ints_raw(-1)))
    sparse = blob(1, tensor("w", [1], FLOAT, raw(floats_raw(1)))) + blob(2, negative)
    yield ("sparse_negative", "a sparse initializer with a negative index",
           with_nodes([node("MatMul", ["x", "w"], ["y"])], [], blob(15, sparse + nums(3, [2, 2]))))


def external_cases():
    """Attacks by external data."""
    e = lambda *pairs: simple(tensor("w", [2, 2], FLOAT, external(*pairs)))
    here = ("location", "ext.bin")
    yield "parent", "location ../ext.bin", e(("location", "../ext.bin"))
    yield "parent_inside", "location sub/../ext.bin", e(("location", "sub/../ext.bin"))
    yield "absolute", "location /etc/hostname", e(("location", "/etc/hostname"))
    yield "empty", "an empty location", e(("location", ""))
    yield "dot", "location . , the folder itself", e(("location", "."))
    yield "backslash", "location ..\\ext.bin", e(("location", "..\\ext.bin"))
    yield "nul", "NUL inside the location", e(("location", "ext.bin\0/../../x"))
    yield "missing", "a file that is not there", e(("location", "none.bin"))
    yield "device", "location /dev/zero", e(("location", "/dev/zero"))
    yield "symlink", "a symbolic link made by the test", e(("location", "link.bin"))
    yield "no_location", "no location at all", e(("offset", "0"))
    yield "two_locations", "location given twice", e(here, here)
    yield "offset_overflow", "offset + length wraps to 8", e(
        here, ("offset", str((1 << 64) - 8)), ("length", "16"))
    yield "offset_past_end", "an offset past the end of the file", e(
        here, ("offset", "4096"), ("length", "16"))
    yield "length_past_end", "offset + length past the end", e(
        here, ("offset", "56"), ("length", "16"))
    yield "length_mismatch", "a length that is not the tensor's size", e(
        here, ("offset", "0"), ("length", "8"))
    yield "negative_offset", "offset -16", e(here, ("offset", "-16"), ("length", "16"))
    yield "offset_hex", "offset 0x10", e(here, ("offset", "0x10"), ("length", "16"))
    yield "offset_space", "offset with a leading space", e(here, ("offset", " 16"))
    yield "offset_huge", "an offset of 40 digits", e(here, ("offset", "9" * 40))
    yield "unknown_key", "an unknown key", e(here, ("command", "rm"))
    yield "and_raw", "external and raw_data at once", simple(tensor(
        "w", [2, 2], FLOAT, external(here, ("length", "16")), raw(floats_raw(1, 2, 3, 4))))
    yield "in_attribute", "location ../ext.bin in a Constant node", with_nodes(
        [node("Constant", [], ["c"], attr_tensor("value", tensor(
            "v", [2, 2], FLOAT, external(("location", "../ext.bin"))))),
         node("MatMul", ["x", "c"], ["y"])])
    yield "string", "external strings", simple(tensor("w", [2], STRING, external(here)))


def graph_cases():
    """Graphs and models that break ONNX's own rules."""
    use = node("MatMul", ["x", "w"], ["y"])
    yield "cycle", "two nodes that feed each other", with_nodes(
        [node("Add", ["x", "b"], ["a"]), node("Add", ["a", "w"], ["b"]),
         node("Relu", ["b"], ["y"])])
    yield "cycle_self", "a node that feeds itself", with_nodes([node("Add", ["x", "y"], ["y"])])
    yield "not_sorted", "a node before its producer", with_nodes(
        [node("Relu", ["a"], ["y"]), node("MatMul", ["x", "w"], ["a"])])
    yield "duplicate_initializer", "two initializers of one name", with_nodes([use],
                                                                              [WEIGHT, WEIGHT])
    yield "duplicate_output", "two nodes write one value", with_nodes(
        [use, node("Relu", ["x"], ["y"])])
    yield "duplicate_input", "two graph inputs of one name", with_nodes([use], inputs=("x", "x"))
    yield "output_is_initializer", "a node writes an initializer", with_nodes(
        [node("Relu", ["x"], ["w"]), use])
    yield "unnamed_initializer", "an initializer without a name", with_nodes(
        [node("Relu", ["x"], ["y"])], [tensor("", [1], FLOAT, raw(floats_raw(1)))])
    yield "unknown_input", "a node reads what nobody makes", with_nodes(
        [node("MatMul", ["x", "nobody"], ["y"])])
    yield "unknown_output", "a graph output that nobody makes", with_nodes(
        [node("Relu", ["x"], ["z"])])
    yield "empty_op_type", "a node without op_type", with_nodes([node("", ["x"], ["y"])])
    yield "no_graph", "a model without a graph", num(1, 8) + blob(8, opset(13))
    yield "no_graph_name", "a graph without a name", model(graph(
        [use], [WEIGHT], [value_info("x")], [value_info("y")], name=None))
    yield "no_ir_version", "no ir_version", simple()[2:]
    yield "ir_0", "ir_version 0", simple(ir=0)
    yield "ir_negative", "ir_version -1", simple(ir=-1)
    yield "no_opset", "no opset_import", simple(opsets=())
    yield "opset_0", "opset 0", simple(opsets=(opset(0),))
    yield "opset_twice", "the same domain imported twice", simple(opsets=(opset(13), opset(12)))
    yield "opset_99", "opset 99", simple(opsets=(opset(99),)), "check", 4
    yield "input_without_type", "a graph input without a type", model(graph(
        [use], [WEIGHT], [blob(1, "x")], [value_info("y")]))
    yield "metadata_twice", "one metadata key twice", simple(
        more=blobs(14, [pair("k", "1"), pair("k", "2")]))
    yield "ir3_initializer_no_input", "IR 3, an initializer that is no input", simple(
        ir=3, opsets=(opset(8),))
    inner = graph([node("Relu", ["x"], ["w"])], [], [], [value_info("w")], name="inner")
    yield "shadow", "a branch output shadows an outer initializer", with_nodes(
        [node("If", ["c"], ["z"], attr_graph("then_branch", inner),
              attr_graph("else_branch", inner)), node("MatMul", ["x", "w"], ["y"])],
        [WEIGHT, tensor("c", [], BOOL, raw(b"\1"))])


def operator_cases():
    """Nodes that break the rules of their operators, and functions."""
    use = node("MatMul", ["x", "w"], ["y"])
    both = dict(opsets=(opset(13), opset(1, "local")))
    call = lambda name: node(name, ["x"], ["y"], domain="local")
    yield "function_self", "a function that calls itself", (
        with_nodes([call("F")], **both) + blob(25, function("F", call("F"))))
    yield "function_circle", "two functions that call each other", (
        with_nodes([call("F")], **both) + blob(25, function("F", call("G"))) +
        blob(25, function("G", call("F"))))
    twice = lambda f: (node(f, ["x"], ["a"], domain="local"), node(f, ["a"], ["y"], domain="local"))
    chain = [function(f"F{i}", *twice(f"F{i + 1}")) for i in range(40)]
    chain.append(function("F40", node("Relu", ["x"], ["y"])))
    yield ("function_bomb", "40 functions, each calling the next twice: 2^40 nodes if they were expanded",
           with_nodes([call("F0")], **both) + blobs(25, chain), "run", 3)
    yield "function_twice", "two functions of one identity", (
        with_nodes([call("F")], **both) + blob(25, function("F", node("Relu", ["x"], ["y"]))) * 2)
    yield "concat_axis_string", "Concat with a string as axis", with_nodes(
        [node("Concat", ["x", "w"], ["y"], attr_string("axis", "0"))])
    yield "concat_no_axis", "Concat without its required axis", with_nodes(
        [node("Concat", ["x", "w"], ["y"])])
    yield "concat_axis_range", "Concat with axis 7 at rank 2", with_nodes(
        [node("Concat", ["x", "w"], ["y"], attr_int("axis", 7))])
    yield "attribute_unknown", "an attribute that the operator does not have", with_nodes(
        [node("MatMul", ["x", "w"], ["y"], attr_int("sideways", 1))])
    yield "attribute_twice", "the same attribute twice", with_nodes(
        [node("Concat", ["x", "w"], ["y"], attr_int("axis", 0), attr_int("axis", 1))])
    yield "attribute_two_values", "an attribute with two values", with_nodes(
        [node("Concat", ["x", "w"], ["y"], attr_int("axis", 0) + blob(4, "0"))])
    yield "too_few_inputs", "MatMul with one input", with_nodes([node("MatMul", ["x"], ["y"])])
    yield "too_many_inputs", "Relu with two inputs", with_nodes([node("Relu", ["x", "w"], ["y"])])
    yield "matmul_shapes", "MatMul of [2,2] and [3,2]", with_nodes(
        [use], [tensor("w", [3, 2], FLOAT, raw(floats_raw(*range(6))))])
    yield "add_types", "Add of float and int64", with_nodes(
        [node("Add", ["x", "w"], ["y"])], [tensor("w", [2, 2], INT64, raw(ints_raw(1, 2, 3, 4)))])
    yield "broadcast", "Add of [2,2] and [3]", with_nodes(
        [node("Add", ["x", "w"], ["y"])], [tensor("w", [3], FLOAT, raw(floats_raw(1, 2, 3)))])
    yield "conv_rank", "Conv with a weight of rank 2", with_nodes([node("Conv", ["x", "w"], ["y"])])
    image = tensor("i", [1, 1, 2, 2], FLOAT, raw(floats_raw(1, 2, 3, 4)))
    kernel = tensor("k", [1, 1, 1, 1], FLOAT, raw(floats_raw(1)))
    conv = lambda *attributes: closed([node("Conv", ["i", "k"], ["y"], *attributes)],
                                      [image, kernel], ["a", "b", "c", "d"])
    yield "conv_strides_rank", "Conv with five strides at two spatial axes", conv(
        attr_ints("strides", [1] * 5)), "run", 3
    yield "conv_stride_0", "Conv with stride 0", conv(attr_ints("strides", [0, 0])), "run", 3
    yield "conv_group_0", "Conv with group 0", conv(attr_int("group", 0)), "run", 3
    yield "conv_pads_huge", "Conv with pads of 2^62", conv(
        attr_ints("pads", [1 << 62] * 4)), "run", 3
    data = tensor("d", [3], FLOAT, raw(floats_raw(1, 2, 3)))
    gather = lambda at: closed([node("Gather", ["d", "i"], ["y"])],
                               [data, tensor("i", [1], INT64, raw(ints_raw(at)))], [1])
    yield "gather_past_end", "Gather at 3 of 3", gather(3), "run", 3
    yield "gather_before_start", "Gather at -4 of 3", gather(-4), "run", 3
    reshape = lambda *shape: closed([node("Reshape", ["d", "s"], ["y"])], [data, tensor(
        "s", [len(shape)], INT64, raw(ints_raw(*shape)))], ["a", "b"])
    yield "reshape_two_free", "Reshape with two -1", reshape(-1, -1), "run", 3
    yield "reshape_count", "Reshape of 3 elements to [2,2]", reshape(2, 2), "run", 3
    yield "reshape_overflow", "Reshape to a product that wraps to 3", reshape(
        0x6666666666666667, 5), "run", 3
    huge = closed([node("ConstantOfShape", ["s"], ["y"])],
                  [tensor("s", [2], INT64, raw(ints_raw(1 << 40, 1 << 30)))], ["a", "b"])
    yield "huge_result", "ConstantOfShape of 2^70 elements", huge, "run", 3
    yield "unknown_operator", "an operator that nobody knows", closed(
        [node("Frobnicate", ["d"], ["y"])], [data], [3]), "run", 4
    yield "unknown_domain", "an operator of a domain that is not imported", with_nodes(
        [node("Relu", ["x"], ["y"], domain="not.imported")])


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "testdata" / "bad"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    families = (("", byte_cases), ("tensor_", tensor_cases), ("external_", external_cases),
                ("graph_", graph_cases), ("op_", operator_cases), ("run_", hostile_graphs.cases))
    for prefix, family in families:
        for name, attack, data, *expected in family():
            command, code = expected or ("limited" if prefix == "run_" else "check", 3)
            (folder / f"{prefix}{name}.onnx").write_bytes(data)
            rows.append((f"{prefix}{name}.onnx", attack, command, code))
    assert len({row[0] for row in rows}) == len(rows)
    (folder / "ext.bin").write_bytes(floats_raw(*range(16)))
    table = "".join(f"| {f} | {a} | {c} | {e} |\n" for f, a, c, e in rows)
    (folder / "README.md").write_text(HEADER + table)
    (folder / "cases.tsv").write_text("".join(f"{f}\t{c}\t{e}\n" for f, _, c, e in rows))
    print(f"{len(rows)} files")


if __name__ == "__main__":
    main()
