"""Graphs that ask for more than anyone has, or for what does not exist: well-formed files whose
operators get huge, negative, mismatched or circular arguments. make_bad.py writes them; none needs an
input, all are run within small limits."""
from testdata_wire import (
    BOOL, FLOAT, INT32, INT64, attr_graph, attr_int, attr_ints, attr_string, blob, floats_raw,
    function, graph, ints_raw, model, node, opset, raw, tensor)

MOST, LEAST, BIG = (1 << 63) - 1, -(1 << 63), 1 << 40


def ints(name, *values):
    return tensor(name, [len(values)], INT64, raw(ints_raw(*values)))


def scalar(name, value):
    return tensor(name, [], INT64, raw(ints_raw(value)))


def real(name, value):
    return tensor(name, [], FLOAT, raw(floats_raw(value)))


def flag(name, value=1):
    return tensor(name, [], BOOL, raw(bytes([value])))


def floats(name, *dims):
    count = 1
    for d in dims:
        count *= d
    return tensor(name, dims, FLOAT, raw(floats_raw(*(i % 7 for i in range(count)))))


D = [floats("d", 3), floats("m", 2, 3), floats("i", 1, 1, 4, 4)]
TRUE = flag("yes")


def closed(nodes, extra=(), version=17, more=b"", out="y", opsets=()):
    """y of nodes over d [3], m [2,3], i [1,1,4,4] and what else is given."""
    outputs = [blob(1, out)]
    return model(graph(nodes, D + list(extra), [], outputs), (opset(version), *opsets), more=more)


def one(op, inputs, *attributes, extra=(), version=17):
    return closed([node(op, inputs, ["y"], *attributes)], extra, version)


def body(nodes, states, outputs, name="body"):
    """A loop's: i, c and the states in; the condition and the rest out."""
    return graph([node("Identity", ["c"], ["go"])] + nodes, [], [blob(1, n) for n in ("i", "c", *states)],
                 [blob(1, n) for n in ("go", *outputs)], name=name)


def loop(trips, nodes, state, result, start="d", before=(), extra=()):
    inner = body(nodes, [state], [result])
    return closed(list(before) + [node("Loop", ["n", "yes", start], ["y"], attr_graph("body", inner))],
                  [scalar("n", trips), TRUE, *extra])


def loops():
    same = [node("Identity", ["s"], ["t"])]
    yield "loop_endless", "Loop of 2^63 - 1 trips that does nothing", loop(MOST, same, "s", "t")
    yield "loop_no_bound", "Loop without a bound whose condition stays true", closed(
        [node("Loop", ["", "yes", "d"], ["y"], attr_graph("body", body(same, ["s"], ["t"])))], [TRUE])
    inner = body(same, ["s"], ["t"], "inner")
    yield "loop_in_loop", "a Loop of 2^40 trips in one of 2^40", closed(
        [node("Loop", ["n", "yes", "d"], ["y"], attr_graph("body", body(
            [node("Loop", ["n", "yes", "o"], ["t"], attr_graph("body", inner))], ["o"], ["t"])))],
        [scalar("n", BIG), TRUE])
    thousand = graph([node("Identity", ["c"], ["go"]), node("Identity", ["s"], ["t"])], [],
                     [blob(1, n) for n in ("i", "c", "s")], [blob(1, n) for n in ("go", "t")], name="leaf")
    for depth in range(6):
        thousand = graph([node("Identity", [f"c{depth}"], [f"go{depth}"]),
                          node("Loop", ["n", "yes", f"s{depth}"], [f"t{depth}"], attr_graph("body", thousand))],
                         [], [blob(1, f"{n}{depth}") for n in "ics"],
                         [blob(1, f"go{depth}"), blob(1, f"t{depth}")], name=f"level{depth}")
    yield "loop_seven_deep", "seven Loops of 1000 trips inside each other", closed(
        [node("Loop", ["n", "yes", "d"], ["y"], attr_graph("body", thousand))], [scalar("n", 1000), TRUE])
    yield "loop_doubles", "Loop whose state doubles in every trip", loop(
        MOST, [node("Concat", ["s", "s"], ["t"], attr_int("axis", 0))], "s", "t")
    yield "loop_scan_output", "Loop that stacks a row in each of 2^62 trips", closed(
        [node("Loop", ["n", "yes"], ["y"], attr_graph("body", body([node("Identity", ["m"], ["row"])], [], ["row"])))],
        [scalar("n", 1 << 62), TRUE])
    empty = [node("SequenceEmpty", [], ["e"])]
    yield "loop_sequence_grows", "Loop that inserts into a sequence without end", loop(
        MOST, [node("SequenceInsert", ["s", "m"], ["t"])], "s", "t", "e", empty)
    yield "loop_optional_nests", "Loop that wraps an optional in an optional", loop(
        1000000, [node("Optional", ["s"], ["t"])], "s", "t")
    yield "loop_sequence_nests", "Loop that wraps a sequence in a sequence", loop(
        1000000, [node("SequenceConstruct", ["s"], ["t"])], "s", "t", "e", empty)
    yield "loop_body_inputs", "Loop whose body has one input", closed(
        [node("Loop", ["n", "yes", "d"], ["y"], attr_graph("body", graph(
            [node("Identity", ["d"], ["t"])], [], [blob(1, "i")], [blob(1, "t")])))], [scalar("n", 1), TRUE])
    yield "loop_cond_floats", "Loop whose body gives three floats as condition", closed(
        [node("Loop", ["n", "yes", "d"], ["y"], attr_graph("body", graph(
            [node("Identity", ["s"], ["t"])], [], [blob(1, n) for n in "ics"], [blob(1, "t"), blob(1, "t")])))],
        [scalar("n", 3), TRUE])
    yield "if_two_conditions", "If on two booleans", closed(
        [node("If", ["two"], ["y"], attr_graph("then_branch", graph([node("Neg", ["d"], ["a"])], [], [], [blob(1, "a")])),
              attr_graph("else_branch", graph([node("Neg", ["d"], ["b"])], [], [], [blob(1, "b")])))],
        [tensor("two", [2], BOOL, raw(b"\1\1"))])
    step = graph([node("Add", ["s", "x"], ["t"])], [], [blob(1, "s"), blob(1, "x")], [blob(1, "t"), blob(1, "t")])
    scan = lambda count, *more, source="d": closed(
        [node("Scan", ["zero", source], ["f", "y"], attr_graph("body", step), attr_int("num_scan_inputs", count), *more)],
        [real("zero", 0)])
    yield "scan_inputs_negative", "Scan with -1 scanned inputs", scan(-1)
    yield "scan_inputs_many", "Scan with 2^62 scanned inputs", scan(1 << 62)
    yield "scan_axis", "Scan along axis 7", scan(1, attr_ints("scan_input_axes", [7]))
    yield "scan_axis_least", "Scan along axis -2^63", scan(1, attr_ints("scan_output_axes", [LEAST]))
    yield "scan_long", "Scan of 2^24 steps", closed(
        [node("ConstantOfShape", ["n"], ["long"]),
         node("Scan", ["zero", "long"], ["f", "y"], attr_graph("body", step), attr_int("num_scan_inputs", 1))],
        [ints("n", 1 << 24), real("zero", 0)])
    deep = graph([node("Neg", ["d"], ["leaf"])], [], [], [blob(1, "leaf")])
    for i in range(40):
        deep = graph([node("If", ["yes"], [f"r{i}"], attr_graph("then_branch", deep), attr_graph("else_branch", deep)
                           if i < 3 else attr_graph("else_branch", graph([node("Neg", ["d"], ["b"])], [], [], [blob(1, "b")])))],
                     [], [], [blob(1, f"r{i}")])
    yield "if_deep", "Ifs 40 deep: more messages inside each other than the limit", closed(
        [node("If", ["yes"], ["y"], attr_graph("then_branch", deep), attr_graph("else_branch", deep))], [TRUE])


def shapes():
    """Results of 2^40 elements and more, and shapes that mean nothing."""
    n = [ints("n", BIG)]
    yield "constant_of_shape", "ConstantOfShape of 2^40 elements", one("ConstantOfShape", ["n"], extra=n)
    yield "constant_of_shape_negative", "ConstantOfShape of -2 elements", one("ConstantOfShape", ["n"], extra=[ints("n", -2)])
    yield "constant_of_shape_least", "ConstantOfShape of -2^63 elements", one("ConstantOfShape", ["n"], extra=[ints("n", LEAST)]), "limited", 4
    yield "constant_of_shape_rank", "ConstantOfShape of rank 1000", one("ConstantOfShape", ["n"], extra=[ints("n", *[1] * 1000)])
    yield "expand", "Expand to 2^40 rows", one("Expand", ["d", "n"], extra=[ints("n", BIG, 3)])
    yield "expand_negative", "Expand to -1 rows", one("Expand", ["d", "n"], extra=[ints("n", -5, 3)])
    yield "expand_rank", "Expand to rank 100", one("Expand", ["d", "n"], extra=[ints("n", *[1] * 99, 3)])
    yield "tile", "Tile 2^40 times", one("Tile", ["d", "n"], extra=n)
    yield "tile_negative", "Tile -1 times", one("Tile", ["d", "n"], extra=[ints("n", -1)])
    yield "tile_overflow", "Tile 2^62 times in two axes", one("Tile", ["m", "n"], extra=[ints("n", 1 << 62, 1 << 62)])
    yield "range", "Range from 0 to 2^62", one("Range", ["a", "b", "c"], extra=[scalar("a", 0), scalar("b", 1 << 62), scalar("c", 1)])
    yield "range_zero", "Range with delta 0", one("Range", ["a", "b", "c"], extra=[scalar("a", 0), scalar("b", 5), scalar("c", 0)])
    yield "range_wide", "Range from -2^63 to 2^63 - 1", one("Range", ["a", "b", "c"], extra=[scalar("a", LEAST), scalar("b", MOST), scalar("c", 1)])
    yield "range_tiny", "Range of floats with delta 1e-30", one("Range", ["a", "b", "c"], extra=[real("a", 0), real("b", 1), real("c", 1e-30)])
    yield "range_nan", "Range to NaN", one("Range", ["a", "b", "c"], extra=[real("a", 0), real("b", float("nan")), real("c", 1)])
    pad = lambda *p: one("Pad", ["d", "p"], extra=[ints("p", *p)])
    yield "pad", "Pad by 2^40", pad(BIG, 0)
    yield "pad_overflow", "Pad by 2^62 twice", pad(1 << 62, 1 << 62)
    yield "pad_negative", "Pad that takes more than there is", pad(-2, -2)
    yield "pad_least", "Pad by -2^63", pad(LEAST, LEAST)
    yield "pad_count", "Pad with three numbers for one axis", pad(1, 2, 3)
    yield "pad_reflect", "Pad by reflection of 2^40", one("Pad", ["d", "p"], attr_string("mode", "reflect"), extra=[ints("p", BIG, BIG)])
    resize = lambda *s: one("Resize", ["i", "", "s"], extra=[tensor("s", [len(s)], FLOAT, raw(floats_raw(*s)))])
    yield "resize", "Resize by 1e12", resize(1, 1, 1e12, 1e12)
    yield "resize_nan", "Resize by NaN", resize(1, 1, float("nan"), 1)
    yield "resize_infinite", "Resize by infinity", resize(1, 1, float("inf"), 1)
    yield "resize_negative", "Resize by -1", resize(1, 1, -1, 1)
    yield "resize_zero", "Resize by 0", resize(1, 1, 0, 1)
    yield "resize_sizes", "Resize to 2^40 rows", one("Resize", ["i", "", "", "s"], extra=[ints("s", 1, 1, BIG, 4)])
    yield "resize_sizes_negative", "Resize to -4 rows", one("Resize", ["i", "", "", "s"], extra=[ints("s", 1, 1, -4, 4)])
    yield "upsample", "Upsample by 1e12", one("Upsample", ["i", "s"], version=9, extra=[tensor("s", [4], FLOAT, raw(floats_raw(1, 1, 1e12, 1)))])
    hot = lambda depth: one("OneHot", ["k", "n", "v"], extra=[ints("k", 0, 1), scalar("n", depth), tensor("v", [2], FLOAT, raw(floats_raw(0, 1)))])
    yield "one_hot", "OneHot of depth 2^40", hot(BIG)
    yield "one_hot_negative", "OneHot of depth -1", hot(-1)
    yield "depth_to_space", "DepthToSpace with blocks of 2^32", one("DepthToSpace", ["i"], attr_int("blocksize", 1 << 32))
    yield "depth_to_space_zero", "DepthToSpace with blocks of 0", one("DepthToSpace", ["i"], attr_int("blocksize", 0))
    yield "space_to_depth", "SpaceToDepth with blocks of -2", one("SpaceToDepth", ["i"], attr_int("blocksize", -2))
    yield "random", "RandomNormal of 2^40 elements", one("RandomNormal", [], attr_ints("shape", [BIG]))
    yield "random_negative", "RandomUniform of -1 elements", one("RandomUniform", [], attr_ints("shape", [-1]))
    yield "window", "HannWindow of 2^40", one("HannWindow", ["n"], extra=[scalar("n", BIG)])
    yield "window_negative", "HammingWindow of -3", one("HammingWindow", ["n"], extra=[scalar("n", -3)])
    yield "mel", "MelWeightMatrix of 2^31 bins", one(
        "MelWeightMatrix", ["a", "b", "c", "f", "g"],
        extra=[scalar("a", 1 << 31), scalar("b", 1 << 40), scalar("c", 8000), real("f", 0), real("g", 4000)])
    yield "dft", "DFT of length 2^40", one("DFT", ["t", "n"], extra=[scalar("n", BIG), floats("t", 1, 4, 1)])
    yield "dft_negative", "DFT of length -4", one("DFT", ["t", "n"], extra=[scalar("n", -4), floats("t", 1, 4, 1)])
    stft = lambda step, length: one("STFT", ["t", "s", "", "n"], extra=[scalar("s", step), scalar("n", length), floats("t", 1, 8, 1)])
    yield "stft_step", "STFT with step 0", stft(0, 4)
    yield "stft_length", "STFT with frames of 2^62", stft(1, 1 << 62)
    yield "eye_like", "EyeLike of a vector", one("EyeLike", ["d"])
    yield "affine_grid", "AffineGrid of 2^40 rows", one("AffineGrid", ["t", "n"], version=20, extra=[floats("t", 1, 2, 3), ints("n", 1, 1, BIG, 4)])
    yield "affine_grid_negative", "AffineGrid of -4 rows", one("AffineGrid", ["t", "n"], version=20, extra=[floats("t", 1, 2, 3), ints("n", 1, 1, -4, 4)])
    yield "center_crop", "CenterCropPad to 2^40", one("CenterCropPad", ["d", "n"], version=18, extra=n)
    yield "concat_overflow", "Concat of shapes that sum to more than 2^63", closed(
        [node("ConstantOfShape", ["n"], ["z"]), node("Concat", ["z"] * 5, ["y"], attr_int("axis", 1))], [ints("n", 0, 1 << 61)])
    yield "reshape_negative", "Reshape to -2 rows", one("Reshape", ["d", "n"], extra=[ints("n", -2)])
    yield "reshape_zero_rank", "Reshape that copies a dim that is not there", one("Reshape", ["d", "n"], extra=[ints("n", 3, 0)])
    yield "reshape_rank", "Reshape to rank 2000", one("Reshape", ["d", "n"], extra=[ints("n", *[1] * 1999, 3)])
    yield "top_k", "TopK of 2^40", closed([node("TopK", ["d", "n"], ["y", "z"])], n)
    yield "top_k_negative", "TopK of -1", closed([node("TopK", ["d", "n"], ["y", "z"])], [ints("n", -1)])
    yield "multinomial", "Multinomial of 2^40 samples", one("Multinomial", ["m"], attr_int("sample_size", BIG))
    yield "col2im", "Col2Im to 2^40 rows", one("Col2Im", ["t", "a", "b"], version=18, extra=[floats("t", 1, 4, 4), ints("a", BIG, BIG), ints("b", 2, 2)])
    yield "einsum", "Einsum over 64^8 points", one(
        "Einsum", ["v"] * 8, attr_string("equation", "a,b,c,d,e,f,g,h->"), extra=[floats("v", 64)])
    yield "einsum_result", "Einsum of 64^8 elements", one(
        "Einsum", ["v"] * 8, attr_string("equation", "a,b,c,d,e,f,g,h->abcdefgh"), extra=[floats("v", 64)])
    yield "einsum_equation", "Einsum with an equation that is none", one("Einsum", ["d"], attr_string("equation", "->->i,,"))
    yield "einsum_dims", "Einsum of labels with two sizes", one("Einsum", ["d", "m"], attr_string("equation", "i,ij->j"))
    yield "cum_sum_axis", "CumSum along axis 2^62", one("CumSum", ["d", "n"], extra=[scalar("n", 1 << 62)])
    yield "cum_sum_least", "CumSum along axis -2^63", one("CumSum", ["d", "n"], extra=[scalar("n", LEAST)])


def indices():
    """Indices, axes and lengths that point outside."""
    at = lambda v: [ints("k", v)]
    for v, name in ((3, "past"), (-4, "before"), (MOST, "most"), (LEAST, "least")):
        yield f"gather_elements_{name}", f"GatherElements at {v} of 3", one("GatherElements", ["d", "k"], extra=at(v))
        yield f"gather_nd_{name}", f"GatherND at {v} of 3", one("GatherND", ["d", "k"], extra=at(v))
        yield f"scatter_elements_{name}", f"ScatterElements at {v} of 3", one("ScatterElements", ["d", "k", "u"], extra=at(v) + [floats("u", 1)])
        yield f"scatter_nd_{name}", f"ScatterND at {v} of 3", one(
            "ScatterND", ["d", "k", "u"], extra=[tensor("k", [1, 1], INT64, raw(ints_raw(v))), floats("u", 1)])
        yield f"sequence_at_{name}", f"SequenceAt {v} of 3", closed(
            [node("SequenceConstruct", ["d", "d", "d"], ["q"]), node("SequenceAt", ["q", "k"], ["y"])], [scalar("k", v)])
        yield f"softmax_axis_{name}", f"Softmax along axis {v} of 1", one("Softmax", ["d"], attr_int("axis", v))
        yield f"unsqueeze_{name}", f"Unsqueeze at {v}", one("Unsqueeze", ["d", "k"], extra=at(v)), "limited", 4 if v == LEAST else 3
        yield f"squeeze_{name}", f"Squeeze at {v}", one("Squeeze", ["d", "k"], extra=at(v)), "limited", 4 if v == LEAST else 3
        yield f"reduce_{name}", f"ReduceSum along axis {v}", one("ReduceSum", ["d", "k"], extra=at(v)), "limited", 4 if v == LEAST else 3
        yield f"flatten_{name}", f"Flatten at {v}", one("Flatten", ["d"], attr_int("axis", v))
        yield f"layer_norm_{name}", f"LayerNormalization from axis {v}", one("LayerNormalization", ["d", "d"], attr_int("axis", v))
    yield "gather_nd_depth", "GatherND with tuples longer than the rank", one(
        "GatherND", ["d", "k"], extra=[tensor("k", [1, 4], INT64, raw(ints_raw(0, 0, 0, 0)))])
    yield "slice_step_zero", "Slice with step 0", one("Slice", ["d", "a", "b", "c", "e"], extra=[ints("a", 0), ints("b", 3), ints("c", 0), ints("e", 0)])
    yield "slice_axes_twice", "Slice with one axis twice", one("Slice", ["m", "a", "b", "c"], extra=[ints("a", 0, 0), ints("b", 3, 3), ints("c", 1, 1)])
    yield "slice_lengths", "Slice with starts and ends of two lengths", one("Slice", ["m", "a", "b"], extra=[ints("a", 0, 0), ints("b", 3)])
    yield "split_negative", "Split into -1 and 4", closed([node("Split", ["d", "a"], ["y", "z"])], [ints("a", -1, 4)])
    yield "split_sum", "Split of 3 into 2 and 2", closed([node("Split", ["d", "a"], ["y", "z"])], [ints("a", 2, 2)])
    yield "split_overflow", "Split into lengths whose sum wraps to 3", closed([node("Split", ["d", "a"], ["y", "z", "w"])], [ints("a", MOST, MOST, 5)])
    yield "split_sequence_zero", "SplitToSequence into pieces of 0", closed(
        [node("SplitToSequence", ["d", "a"], ["q"]), node("SequenceLength", ["q"], ["y"])], [scalar("a", 0)])
    yield "transpose_twice", "Transpose with one axis twice", one("Transpose", ["m"], attr_ints("perm", [1, 1]))
    yield "transpose_rank", "Transpose of rank 2 with three axes", one("Transpose", ["m"], attr_ints("perm", [0, 1, 2]))
    yield "reverse_sequence", "ReverseSequence of more than there is", one("ReverseSequence", ["m", "k"], extra=[ints("k", 9, -1, 1)])
    yield "compress_axis", "Compress along axis 9", one("Compress", ["m", "c"], attr_int("axis", 9), extra=[tensor("c", [2], BOOL, raw(b"\1\0"))])
    yield "matmul_rank", "MatMul of a scalar", one("MatMul", ["z", "m"], extra=[real("z", 1)])
    yield "gemm_rank", "Gemm of a vector", one("Gemm", ["d", "m"])
    yield "batch_norm_sizes", "BatchNormalization with statistics of another size", one("BatchNormalization", ["i", "d", "d", "d", "d"])
    yield "div_by_zero", "Div of integers by 0", one("Div", ["a", "b"], extra=[ints("a", 1), ints("b", 0)]), "limited", 1
    yield "mod_by_zero", "Mod of integers by 0", one("Mod", ["a", "b"], extra=[ints("a", 1), ints("b", 0)]), "limited", 1
    yield "clip_types", "Clip of floats by integers", one("Clip", ["d", "a"], extra=[scalar("a", 1)])
    yield "where_shapes", "Where of shapes that do not broadcast", one("Where", ["c", "d", "m"], extra=[tensor("c", [2], BOOL, raw(b"\1\0"))])
    yield "dequantize_axis", "DequantizeLinear along axis 9", one("DequantizeLinear", ["a", "d"], attr_int("axis", 9), extra=[tensor("a", [3], 3, raw(b"\1\2\3"))])


def layers():
    """Kernels, strides and recurrences out of all proportion."""
    k4 = [floats("w", 1, 1, 2, 2)]
    pool = lambda op, *a: one(op, ["i"], *a)
    yield "pool_kernel", "MaxPool with a kernel of 2^40", pool("MaxPool", attr_ints("kernel_shape", [BIG, BIG]))
    yield "pool_kernel_pads", "AveragePool with a kernel of 2^40 and as many pads", pool(
        "AveragePool", attr_ints("kernel_shape", [BIG, BIG]), attr_ints("pads", [BIG - 1] * 4))
    yield "pool_kernel_zero", "MaxPool with a kernel of 0", pool("MaxPool", attr_ints("kernel_shape", [0, 0]))
    yield "pool_kernel_negative", "LpPool with a kernel of -1", pool("LpPool", attr_ints("kernel_shape", [-1, -1]))
    yield "pool_dilation", "MaxPool with dilations of 2^62", pool("MaxPool", attr_ints("kernel_shape", [2, 2]), attr_ints("dilations", [1 << 62] * 2))
    yield "pool_wide", "MaxPool with a kernel of 2^20 over pads of 2^20 - 1", pool(
        "MaxPool", attr_ints("kernel_shape", [1 << 20, 1 << 20]), attr_ints("pads", [(1 << 20) - 1] * 4), attr_ints("strides", [1 << 19] * 2))
    turn = lambda *a: one("ConvTranspose", ["i", "w"], *a, extra=k4)
    yield "conv_transpose_stride", "ConvTranspose with strides of 2^40", turn(attr_ints("strides", [BIG, BIG]))
    yield "conv_transpose_pads", "ConvTranspose that cuts more than there is", turn(attr_ints("pads", [9, 9, 9, 9]))
    yield "conv_transpose_shape", "ConvTranspose to 2^40 rows", turn(attr_ints("output_shape", [BIG, BIG]))
    yield "conv_transpose_padding", "ConvTranspose with output padding of -2^63", turn(attr_ints("output_padding", [LEAST, LEAST]))
    yield "conv_dilation", "Conv with dilations of 2^62", one("Conv", ["i", "w"], attr_ints("dilations", [1 << 62] * 2), extra=k4)
    yield "conv_dilation_zero", "Conv with dilations of 0", one("Conv", ["i", "w"], attr_ints("dilations", [0, 0]), extra=k4)
    yield "conv_group", "Conv with 2^40 groups", one("Conv", ["i", "w"], attr_int("group", BIG), extra=k4)
    roi = lambda *a: one("RoiAlign", ["i", "r", "k"], *a, extra=[floats("r", 1, 4), ints("k", 0)])
    yield "roi_align_samples", "RoiAlign with 2^31 samples a cell", roi(attr_int("sampling_ratio", 1 << 31))
    yield "roi_align_size", "RoiAlign to 2^40 rows", roi(attr_int("output_height", BIG))
    yield "roi_align_negative", "RoiAlign to -4 rows", roi(attr_int("output_height", -4))
    yield "roi_align_batch", "RoiAlign of picture 7 of 1", one("RoiAlign", ["i", "r", "k"], extra=[floats("r", 1, 4), ints("k", 7)])
    yield "roi_align_huge_box", "RoiAlign of a box of 1e30", one("RoiAlign", ["i", "r", "k"], extra=[
        tensor("r", [1, 4], FLOAT, raw(floats_raw(-1e30, -1e30, 1e30, 1e30))), ints("k", 0)])
    yield "max_roi_pool", "MaxRoiPool to 2^40 cells", one("MaxRoiPool", ["i", "r"], attr_ints("pooled_shape", [BIG, BIG]), extra=[floats("r", 1, 5)])
    yield "max_unpool", "MaxUnpool to an index of 2^62", one("MaxUnpool", ["p", "k"], attr_ints("kernel_shape", [2, 2]), extra=[
        floats("p", 1, 1, 1, 1), tensor("k", [1, 1, 1, 1], INT64, raw(ints_raw(1 << 62)))])
    rnn = lambda op, *a, w=(1, 4, 2), r=(1, 4, 4): one(op, ["t", "w", "r"], *a, extra=[floats("t", 2, 1, 2), floats("w", *w), floats("r", *r)])
    yield "rnn_hidden", "RNN of 2^40 cells", rnn("RNN", attr_int("hidden_size", BIG))
    yield "lstm_weights", "LSTM with the weights of an RNN", rnn("LSTM", attr_int("hidden_size", 4))
    yield "gru_input", "GRU with weights for other inputs", rnn("GRU", attr_int("hidden_size", 4), w=(1, 12, 9), r=(1, 12, 4))
    yield "rnn_lengths", "RNN over sequences of -5", one("RNN", ["t", "w", "r", "", "l"], attr_int("hidden_size", 4), extra=[
        floats("t", 2, 1, 2), floats("w", 1, 4, 2), floats("r", 1, 4, 4), tensor("l", [1], INT32, raw(b"\xfb\xff\xff\xff"))])
    yield "grid_sample_rank", "GridSample with a grid of rank 2", one("GridSample", ["i", "m"], version=16)
    yield "attention_heads", "Attention with heads that do not divide", one(
        "Attention", ["t", "t", "t"], attr_int("q_num_heads", 5), attr_int("kv_num_heads", 0), version=23, extra=[floats("t", 1, 2, 4)])
    yield "attention_heads_huge", "Attention with 2^62 heads", one(
        "Attention", ["t", "t", "t"], attr_int("q_num_heads", 1 << 62), attr_int("kv_num_heads", 1 << 62), version=23, extra=[floats("t", 1, 2, 4)])


def calls():
    """Functions that explode, circle or are called wrongly; each in a main graph that calls F."""
    own = (opset(1, "local"),)
    use = lambda *inputs: [node("F", inputs or ["d"], ["y"], domain="local")]
    run = lambda functions, *inputs: closed(use(*inputs), more=b"".join(blob(25, f) for f in functions), opsets=own)
    branch = graph([node("F", ["x"], ["b"], domain="local")], [], [], [blob(1, "b")])
    yield "call_circle_branch", "a function that calls itself in a branch", run([function(
        "F", node("If", ["x"], ["y"], attr_graph("then_branch", branch), attr_graph("else_branch", branch)))])
    tree = [function(f"F{i}", *(node(f"F{i + 1}", ["x" if k == 0 else f"h{k}"], [f"h{k + 1}" if k < 9 else "y"], domain="local")
                                for k in range(10))) for i in range(12)] + [function("F12", node("Neg", ["x"], ["y"]))]
    yield "call_tree", "functions that call each other ten times, twelve deep", closed(
        [node("F0", ["d"], ["y"], domain="local")], more=b"".join(blob(25, f) for f in tree), opsets=own)
    chain = [function(f"F{i}", node(f"F{i + 1}", ["x"], ["y"], domain="local")) for i in range(150)] + [function("F150", node("Neg", ["x"], ["y"]))]
    yield "call_chain", "functions that call each other 150 deep", closed(
        [node("F0", ["d"], ["y"], domain="local")], more=b"".join(blob(25, f) for f in chain), opsets=own)
    yield "call_inputs", "a call with more inputs than the function has", run([function("F", node("Neg", ["x"], ["y"]))], "d", "d", "d")
    yield "call_undefined", "a body that reads what nobody makes", run([function("F", node("Neg", ["nobody"], ["y"]))])
    yield "call_made_twice", "a body that makes a value twice", run([function("F", node("Neg", ["x"], ["y"]), node("Abs", ["x"], ["y"]))])
    yield "call_body_circle", "a body whose nodes wait for each other", run([function("F", node("Add", ["x", "z"], ["y"]), node("Neg", ["y"], ["z"]))])
    yield "call_not_imported", "a body of operators that it does not import", run([function("F", node("Thing", ["x"], ["y"], domain="elsewhere"))]), "limited", 4
    names = b"".join(blob(25, function("F", node("Neg", ["x"], ["y"]))) for _ in range(1100))
    yield "call_same_name", "1100 functions of one name", closed(use(), more=names, opsets=own)
    yield "call_unused_circle", "functions in a circle that nobody calls", closed(
        [node("Neg", ["d"], ["y"])], more=blob(25, function("F", *use("x"))), opsets=own), "check", 3


def cases():
    for family in (loops, shapes, indices, layers, calls):
        yield from family()
