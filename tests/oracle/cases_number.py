"""cases_number.py - cases of operators that sum, reduce, multiply and quantise, of control flow, of
sequences, and of random numbers by their properties."""
import itertools

import numpy as np

from cases import CODE, FEEDABLE, FLOATS, INTS, NUMBERS, T, gen, graph, node, value_info

I64 = lambda *v: T("i64", list(v))


@gen("ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare")
def reduce_(m):
    as_input = m.v >= (13 if m.op == "ReduceSum" else 18)
    low = .1 if m.op == "ReduceLogSum" else -3
    for axes, keep in itertools.product((None, [0], [1], [0, 2], [0, 1, 2], [-1], [-2, 0]), (None, 0)):
        if axes and min(axes) < 0 and m.v < 11:
            continue
        a = {"keepdims": keep}
        x = m.floats((3, 2, 4), low=low)
        if axes is None or not as_input:
            m.case([x], dict(a, axes=axes))
        else:
            m.case([x, I64(*axes)], a, const=(1,))
            m.case([x, I64(*axes)], a)
    if as_input:
        for noop in (0, 1):
            m.case([m.floats((2, 3), low=low), T("i64", np.zeros(0))], {"noop_with_empty_axes": noop}, const=(1,))
            m.case([m.floats((2, 3), low=low)], {"noop_with_empty_axes": noop})
        m.case([m.floats((2, 0), low=low), I64(0)], {"keepdims": 0}, tag="empty")
    m.case([m.floats((), low=low)])
    for t in FLOATS + ["i32", "i64", "u8", "i8", "u32", "u64", "bool"]:
        x = m.any((3, 4), t, 1, 4)
        m.case([x, I64(1)] if as_input else [x], None if as_input else {"axes": [1]}, tag=t,
               bound="coarse" if t == "f16" else None)


@gen("ArgMax ArgMin")
def arg(m):
    for axis, keep, last in itertools.product((None, 0, 1, 2, -1), (None, 0), (0, 1)):
        if axis == -1 and m.v < 11 or last and m.v < 12:
            continue
        x = m.ints((3, 4, 2), "i32", 0, 3)
        m.case([T("f32", x.a)], {"axis": axis, "keepdims": keep, "select_last_index": last or None})
    for t in NUMBERS:
        m.case([m.any((3, 5), t, 0, 4)], {"axis": 1}, tag=t)


@gen("MatMul")
def matmul(m):
    for a, b in (((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)),
                 ((2, 1, 2, 3), (3, 3, 2)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((0, 3), (3, 2)), ((2, 0), (0, 3))):
        m.case([m.floats(a), m.floats(b)])
    for t in FLOATS + (["i32", "i64", "u32", "u64"] if m.v >= 9 else []):
        m.case([m.any((3, 4), t), m.any((4, 2), t)], tag=t, bound="coarse" if t == "f16" else None)


@gen("Gemm")
def gemm(m):
    shapes = [(), (1,), (4,), (3, 1), (1, 4), (3, 4), (1, 1)]
    for ta, tb, c in itertools.product((0, 1), (0, 1), shapes + ([None] if m.v >= 11 else [])):
        ins = [m.floats((2, 3) if ta else (3, 2)), m.floats((4, 2) if tb else (2, 4))]
        if c is not None:
            ins.append(m.floats(c))
        m.case(ins, {"transA": ta, "transB": tb, "alpha": .5, "beta": 1.5})
    for t in FLOATS + (["i32", "i64", "u32", "u64"] if m.v >= 9 else []):
        m.case([m.any((3, 4), t), m.any((4, 2), t), m.any((2,), t)], tag=t, bound="coarse" if t == "f16" else None)


def factor(a, b):
    return (-64, 64) if a != b else (-128, 256 if b == "u8" else 128)


@gen("MatMulInteger ConvInteger")
def integer_products(m):
    # Where signed meets unsigned, ONNX Runtime's pairs of products saturate at 16 bits on some machines:
    # seven bits of the second factor keep away from that.
    for a, b in (("u8", "u8"), ("i8", "i8"), ("u8", "i8")) + ((("i8", "u8"),) if m.op == "MatMulInteger" else ()):
        if m.op == "MatMulInteger":
            x, y = m.ints((3, 4), a, -128, 256 if a == "u8" else 128), m.ints((4, 2), b, *factor(a, b))
            m.case([x, y], tag=a + b)
            m.case([x, y, m.ints((), a), m.ints((), b)], tag=a + b)
            m.case([x, y, None, m.ints((2,), b)], tag=a + b)
        else:
            x, y = m.ints((1, 2, 5, 5), a, -128, 256 if a == "u8" else 128), m.ints((3, 2, 3, 3), b, *factor(a, b))
            m.case([x, y], {"pads": [1, 0, 1, 2], "strides": [2, 1]}, tag=a + b)
            m.case([x, y, m.ints((), a), m.ints((), b)], {"pads": [1, 1, 1, 1]}, tag=a + b)


@gen("QLinearMatMul")
def qlinear_matmul(m):
    for t in ("u8", "i8"):
        s = lambda: T("f32", m.rng.uniform(.01, .05))
        z = lambda: m.ints((), t)
        m.case([m.ints((3, 4), t, -100, 100), s(), z(), m.ints((4, 2), t, -100, 100), s(), z(), s(), z()], tag=t)
        m.case([m.ints((2, 3, 4), t, -100, 100), s(), z(), m.ints((2, 4, 2), t, -100, 100), s(), z(), s(), z()], tag=t)
        m.case([m.ints((3, 4), t, -100, 100), s(), z(), m.ints((4, 2), t, -100, 100), T("f32", [.01, .03]),
                m.ints((2,), t), s(), z()], tag=t)


@gen("QLinearConv")
def qlinear_conv(m):
    for t, w in (("u8", "u8"), ("u8", "i8"), ("i8", "i8")):
        s = lambda: T("f32", m.rng.uniform(.01, .05))
        k = m.ints((4, 2, 3, 3), w, -64, 64)
        for zw, sw in ((m.ints((), w), s()), (T(w, np.zeros(4)), T("f32", [.01, .02, .03, .04]))):
            ins = [m.ints((1, 2, 6, 5), t, -100, 100), s(), m.ints((), t), k, sw, zw, s(), m.ints((), t)]
            m.case(ins, {"pads": [1, 1, 1, 1]}, tag=t + w)
            m.case(ins + [m.ints((4,), "i32", -100, 100)], {"strides": [2, 1]}, tag=t + w, const=(3, 4, 5, 8))


@gen("QuantizeLinear")
def quantize(m):
    kinds = ["u8", "i8"] + (["u16", "i16", "u4", "i4"] if m.v >= 21 else [])
    fp8 = ["f8e4m3fn", "f8e5m2", "f8e4m3fnuz", "f8e5m2fnuz"] if m.v >= 19 else []
    for t in kinds + fp8:
        packed = t in ("u4", "i4") or t in fp8
        to = {0: "f32" if t in fp8 else "i32"} if packed else None
        z = (lambda *s: T(t, np.zeros(s))) if t in fp8 else (lambda *s: m.ints(s, t, -8 if t == "i4" else 0, 8))
        x = T("f32", np.concatenate([m.rng.uniform(-40, 40, 20), [.5, 1.5, -2.5, 1e9, -1e9, 0]]).reshape(2, 13))
        m.case([x, T("f32", .5), z()], to=to, const=(2,), tag=t, bound="exact")
        if m.v >= 13:
            m.case([m.floats((2, 3, 4)), T("f32", [.1, .2, .5]), z(3)], to=to, const=(2,), tag=t, bound="exact")
            m.case([m.floats((2, 3, 4)), T("f32", [.1, .2, .5, .7]), z(4)], {"axis": -1}, to=to, const=(2,), tag=t, bound="exact")
        if m.v >= 19 and t in fp8:
            m.case([x, T("f32", .5), z()], {"saturate": 0}, to=to, const=(2,), tag=t + "_wrap", bound="exact")
        if m.v >= 21:
            m.case([m.floats((2, 6)), T("f32", [[.1, .2, .5], [1, 2, 3]]), z(2, 3)], {"axis": 1, "block_size": 2}, to=to, const=(2,),
                   tag=t + "_block", bound="exact")
            m.case([x, T("f32", .5)], {"output_dtype": CODE[t]}, to=to, tag=t + "_dtype", bound="exact")
    m.case([m.floats((3, 4)), T("f32", .1)], bound="exact")
    m.case([m.ints((3, 4), "i32"), T("f32", .7), T("u8", 3)], bound="exact", tag="i32")
    if m.v >= 19:
        m.case([m.floats((3, 4), "f16"), T("f16", .5), T("i8", 3)], bound="exact", tag="f16")


@gen("DequantizeLinear")
def dequantize(m):
    kinds = ["u8", "i8", "i32"] + (["u16", "i16", "u4", "i4"] if m.v >= 21 else []) + (
        ["f8e4m3fn", "f8e5m2", "f8e4m3fnuz", "f8e5m2fnuz"] if m.v >= 19 else [])
    for t in kinds:
        fp8 = t.startswith("f8")
        odd = fp8 or t in ("u4", "i4")
        x = lambda *s: T(t, m.rng.randint(0, 120 if fp8 else 8, s))
        z = lambda *s: T(t, np.zeros(s)) if fp8 or t == "i32" else T(t, m.rng.randint(0, 8, s))
        fixed = (0, 2) if odd else ()
        m.case([x(3, 4), T("f32", .3), z()], const=fixed, tag=t, bound="f32")
        m.case([x(3, 4), T("f32", .3)], const=fixed, tag=t, bound="f32")
        if m.v >= 13:
            m.case([x(2, 3, 4), T("f32", [.1, .2, .5]), z(3)], const=fixed, tag=t, bound="f32")
            m.case([x(2, 3, 4), T("f32", [.1, .2, .5, 3]), z(4)], {"axis": -1}, const=fixed, tag=t, bound="f32")
        if m.v >= 19:
            m.case([x(3, 4), T("f16", .3), z()], const=fixed, tag=t + "_f16", bound="f16")
        if m.v >= 21:
            m.case([x(2, 6), T("f32", [[.1, .2, .5], [1, 2, 3]]), z(2, 3)], {"axis": 1, "block_size": 2}, const=fixed, tag=t, bound="f32")
            m.case([x(5, 2), T("f32", [[.1, .2], [1, 2], [3, 4]]), z(3, 2)], {"axis": 0, "block_size": 2}, const=fixed, tag=t, bound="f32")


@gen("DynamicQuantizeLinear")
def dynamic_quantize(m):
    for x in ((3, 4), (2, 2, 3)):
        m.case([m.floats(x)], outs=3, more=[[m.floats(x, low=1)], [m.floats(x, high=-1)]])
    m.case([T("f32", [0, 0, 0])], outs=3)


# --- control flow and sequences: small models ---------------------------------------------------------


@gen("If")
def if_(m):
    for t in FEEDABLE if m.v >= 13 else ("f32", "i64"):
        x = m.any((2, 3), t)
        yes = graph([node("Identity", ["x1"], ["a"])], [], [value_info("a", t, (2, 3))], "yes")
        no = graph([node("Concat", ["x1", "x1"], ["b"], axis=0)], [], [value_info("b", t, (4, 3))], "no")
        if m.v < 11: # both branches make the same shape
            no = graph([node("Add", ["x1", "x1"], ["b"])], [], [value_info("b", t, (2, 3))], "no")
        for c in (True, False):
            m.case([T("bool", c), x], tag=t,
                   nodes=[node("If", ["x0"], ["y0"], then_branch=yes, else_branch=no)])
    inner = graph([node("If", ["x1"], ["d"],
                        then_branch=graph([node("Neg", ["x2"], ["p"])], [], [value_info("p", "f32", (3,))], "p"),
                        else_branch=graph([node("Abs", ["x2"], ["q"])], [], [value_info("q", "f32", (3,))], "q"))],
                  [], [value_info("d", "f32", (3,))], "inner")
    other = graph([node("Add", ["x2", "x2"], ["e"])], [], [value_info("e", "f32", (3,))], "other")
    for a, b in itertools.product((True, False), repeat=2):
        m.case([T("bool", a), T("bool", b), m.floats((3,))], tag="nested",
               nodes=[node("If", ["x0"], ["y0"], then_branch=inner, else_branch=other)])


@gen("Loop")
def loop(m):
    body = graph([node("Add", ["state", "x2"], ["next"]), node("Mul", ["next", "state"], ["scan"]),
                  node("ReduceMax" if m.opset < 18 else "ReduceMax", ["next"], ["top"], keepdims=0),
                  node("Less", ["top", "limit"], ["go"])],
                 [value_info("i", "i64", ()), value_info("c", "bool", ()), value_info("state", "f32", (3,))],
                 [value_info("go", "bool", ()), value_info("next", "f32", (3,)), value_info("scan", "f32", (3,))], "body")
    body.initializer.append(T("f32", 20).proto("limit"))
    for trips, cond in itertools.product((None, 0, 1, 4, 1000), (None, True, False)):
        if trips is None and cond is None:
            continue
        x = [None if trips is None else T("i64", trips), None if cond is None else T("bool", cond),
             m.floats((3,), low=1, high=2), m.floats((3,))]
        m.case(x, outs=2, nodes=[node("Loop", ["x0" if trips is not None else "", "x1" if cond is not None else "", "x3"],
                                     ["y0", "y1"], body=body)])


@gen("Scan")
def scan(m):
    body = graph([node("Add", ["s", "e"], ["n"]), node("Mul", ["n", "e"], ["o"])],
                 [value_info("s", "f32", (2,)), value_info("e", "f32", (2,))],
                 [value_info("n", "f32", (2,)), value_info("o", "f32", (2,))], "body")
    if m.v == 8:
        for lens in (None, T("i64", [3, 2])):
            x = [lens, m.floats((2, 2)), m.floats((2, 3, 2))]
            for d in (None, [0], [1]):
                m.case(x, outs=2, nodes=[node("Scan", ["" if lens is None else "x0", "x1", "x2"], ["y0", "y1"], body=body,
                                              num_scan_inputs=1, directions=d)])
        return
    for axis, out, d, od in itertools.product((0, 1), (0, 1), (0, 1), (0, 1)):
        x = [m.floats((2,)), m.floats((3, 2) if axis == 0 else (2, 3))]
        m.case(x, outs=2, nodes=[node("Scan", ["x0", "x1"], ["y0", "y1"], body=body, num_scan_inputs=1, scan_input_axes=[axis],
                                      scan_output_axes=[out], scan_input_directions=[d], scan_output_directions=[od])])
    if m.v >= 11:
        m.case([m.floats((2,)), m.floats((2, 3))], outs=2, tag="negative",
               nodes=[node("Scan", ["x0", "x1"], ["y0", "y1"], body=body, num_scan_inputs=1, scan_input_axes=[-1], scan_output_axes=[-1])])


def sequence_of(t, count):
    return [node("SequenceConstruct", ["x%d" % k for k in range(count)], ["s"])]


@gen("SequenceConstruct SequenceAt SequenceInsert SequenceErase SequenceLength ConcatFromSequence SequenceEmpty")
def sequences(m):
    for t in ("f32", "i64", "str", "bool", "f64", "i32", "u8"):
        ins = [m.any((2, 3), t), m.any((2, 3), t), m.any((1, 3), t)]
        make = sequence_of(t, 3)
        for p in (0, 2, -1, -3):
            m.case(ins + [T("i64", p)], nodes=make + [node("SequenceAt", ["s", "x3"], ["y0"])], tag=t)
            m.case(ins + [T("i32", p)], nodes=make + [node("SequenceErase", ["s", "x3"], ["r"]), node(
                "ConcatFromSequence", ["r"], ["y0"], axis=0)], tag=t)
            m.case(ins + [T("i64", p), m.any((2, 3), t)], nodes=make + [node("SequenceInsert", ["s", "x4", "x3"], ["r"]), node(
                "ConcatFromSequence", ["r"], ["y0"], axis=0)], tag=t)
        m.case(ins, nodes=make + [node("SequenceErase", ["s"], ["r"]), node("SequenceLength", ["r"], ["y0"])], tag=t)
        for a in ({"axis": 0, "new_axis": 1}, {"axis": 1}, {"axis": -1, "new_axis": 1}, {"axis": -2}):
            m.case([ins[0], ins[1]], nodes=sequence_of(t, 2) + [node("ConcatFromSequence", ["s"], ["y0"], **a)], tag=t)
        m.case([ins[0]], nodes=[node("SequenceEmpty", [], ["e"], dtype=CODE[t]), node("SequenceInsert", ["e", "x0"], ["s"]),
                                node("SequenceLength", ["s"], ["y0"])], tag=t)


@gen("SplitToSequence")
def split_to_sequence(m):
    for t in ("f32", "i64", "str"):
        for sizes, axis in ((None, 0), (T("i64", 2), 0), (T("i64", [1, 3, 1]), 0), (T("i64", [2, 1]), 1), (T("i64", 2), -1), (None, 1)):
            for keep in (0, 1) if sizes is None else (1,):
                for at in (0, -1):
                    m.case([m.any((5, 3), t), sizes, T("i64", at)], tag=t, nodes=[
                        node("SplitToSequence", ["x0", "x1" if sizes else ""][:2 if sizes else 1], ["s"], axis=axis, keepdims=keep),
                        node("SequenceAt", ["s", "x2"], ["y0"])])


@gen("SequenceMap")
def sequence_map(m):
    body = graph([node("Add", ["e", "k"], ["o"])], [value_info("e", "f32"), value_info("k", "f32")], [value_info("o", "f32")], "body")
    m.case([m.floats((2, 3)), m.floats((1, 3)), m.floats((3,))], nodes=sequence_of("f32", 2) + [
        node("SequenceMap", ["s", "x2"], ["r"], body=body), node("ConcatFromSequence", ["r"], ["y0"], axis=0)])


@gen("Optional OptionalHasElement OptionalGetElement")
def optionals(m):
    for t in ("f32", "i64", "str", "bool"):
        make = [node("Optional", ["x0"], ["p"])]
        m.case([m.any((2, 3), t)], nodes=make + [node("OptionalGetElement", ["p"], ["y0"])], tag=t)
        m.case([m.any((2, 3), t)], nodes=make + [node("OptionalHasElement", ["p"], ["y0"])], tag=t)
        if m.opset >= 18:
            m.case([m.any((2, 3), t)], nodes=[node("OptionalGetElement", ["x0"], ["y0"])], tag=t)
            m.case([m.any((2, 3), t)], nodes=[node("OptionalHasElement", ["x0"], ["y0"])], tag=t)


@gen("RandomNormal RandomUniform RandomNormalLike RandomUniformLike Bernoulli Multinomial")
def random_(m):
    """Shape and type, and what holds of every number: the values themselves are each program's own."""
    if m.op == "Bernoulli":
        m.case([T("f32", [0, 1, 1, 0])], want=[T("f32", [0, 1, 1, 0])], bound="exact")
        m.case([T("f64", [0, 1])], {"dtype": CODE["i32"]}, want=[T("i32", [0, 1])], bound="exact")
        return
    if m.op == "Multinomial":
        x = T("f32", [[-200, 0, -200], [0, -200, -200]])
        m.case([x], {"sample_size": 4}, want=[T("i32", [[1] * 4, [0] * 4])], bound="exact")
        m.case([x], {"sample_size": 2, "dtype": 7}, want=[T("i64", [[1] * 2, [0] * 2])], bound="exact")
        return
    like = m.op.endswith("Like")
    low = {"mean": 1e6, "scale": 1e-3} if "Normal" in m.op else {"low": 1e6, "high": 1e6 + .01}
    for t in ("f32", "f64"):
        a = dict(low, dtype=CODE[t], seed=1.0)
        if not like:
            a["shape"] = [2, 3]
        m.case([m.floats((2, 3))] if like else [], a, want=[T(t, np.full((2, 3), 1e6))], bound="f32", tag=t)
