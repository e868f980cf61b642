"""cases_tensor.py - cases of operators that move, index, join, cut and generate elements."""
import numpy as np

from cases import CODE, FEEDABLE, FLOATS, INTS, NUMBERS, T, gen

I64 = lambda *v: T("i64", list(v))


@gen("Identity Transpose Flatten")
def movers(m):
    attrs = {"Transpose": [None, {"perm": [2, 0, 1]}, {"perm": [0, 2, 1]}],
             "Flatten": [None, {"axis": 0}, {"axis": 2}, {"axis": 3}, {"axis": -1 if m.v > 9 else 1}],
             "Identity": [None]}[m.op]
    for k, a in enumerate(attrs):
        m.case([m.floats((2, 3, 4))], a, more=[[m.floats((1, 5, 2))], [m.floats((3, 0, 2))]])
    for t in FEEDABLE:
        m.case([m.any((2, 3, 2), t)], attrs[0], tag=t)
    m.case([m.floats(())], None) if m.op == "Identity" else None
    for t in ("u4", "i4") if m.v >= 21 else ():
        m.case([T(t, m.rng.randint(0, 8, (3, 3, 3)))], attrs[0], const=(0,), to={0: "i32"}, tag=t)
    for t in ("bf16",) if m.v >= 13 else ():
        m.case([m.floats((3, 3, 3), t)], attrs[0], const=(0,), to={0: "f32"}, tag=t, bound="exact")


@gen("Reshape")
def reshape(m):
    for x, s in (((2, 3, 4), [4, 6]), ((2, 3, 4), [-1]), ((2, 3, 4), [0, -1]), ((2, 3, 4), [0, 0, 2, 2]),
                 ((0, 3), [3, 0]), ((1,), []), ((), [1, 1])):
        for const in ((), (1,)):
            if 0 in x and m.v >= 14 or 0 not in x:
                a = {"allowzero": 1} if 0 in x else None
                m.case([m.floats(x), I64(*s)], a, const=const)
    if m.v >= 14:
        m.case([m.floats((0, 3)), I64(2, 0, 5)], {"allowzero": 1})
    for t in FEEDABLE:
        m.case([m.any((2, 6), t), I64(3, -1)], tag=t)


@gen("Squeeze Unsqueeze")
def squeeze(m):
    shape, axes = ((1, 3, 1, 2), [[0], [2], [0, 2], [-2]]) if m.op == "Squeeze" else (
        (3, 2), [[0], [2], [0, 3], [1, 2], [3, 0], [-1], [-4, 1]])
    for a in axes:
        if min(a) < 0 and m.v < 11:
            continue
        if m.v < 13:
            m.case([m.floats(shape)], {"axes": a})
        else:
            m.case([m.floats(shape), I64(*a)], const=(1,))
            m.case([m.floats(shape), I64(*a)])
    if m.op == "Squeeze":
        m.case([m.floats(shape)])
    for t in FEEDABLE:
        ins = [m.any(shape, t)] + ([I64(0)] if m.v >= 13 else [])
        m.case(ins, {"axes": [0]} if m.v < 13 else None, tag=t)


@gen("Shape Size")
def shape(m):
    for x in ((2, 3, 4), (), (0, 2), (5,)):
        m.case([m.floats(x)])
    for t in FEEDABLE:
        m.case([m.any((2, 6), t)], tag=t)
    if m.op == "Shape" and m.v >= 15:
        for a in ({"start": 1}, {"end": 1}, {"start": -2}, {"start": 1, "end": -1}, {"start": 2, "end": 1},
                  {"start": -9, "end": 9}, {"start": 3}):
            m.case([m.floats((2, 3, 4))], a)


@gen("Concat")
def concat(m):
    for axis in (0, 1, 2) + ((-1, -3) if m.v >= 11 else ()):
        shapes = [[2, 3, 4], [2, 3, 4], [2, 3, 4]]
        shapes[1][axis], shapes[2][axis] = 1, 0
        m.case([m.floats(s) for s in shapes], {"axis": axis})
        m.case([m.floats(shapes[0])], {"axis": axis})
    for t in FEEDABLE:
        m.case([m.any((2, 3), t), m.any((2, 1), t)], {"axis": 1}, tag=t)


@gen("Split")
def split(m):
    for axis, parts in ((0, [2, 4]), (1, [1, 2, 0]), (1, [3]), (-1, [1, 1])):
        if axis < 0 and m.v < 11:
            continue
        x = m.floats((6, 3, 2))
        if m.v < 13:
            m.case([x], {"axis": axis, "split": parts}, outs=len(parts))
        else:
            m.case([x, I64(*parts)], {"axis": axis}, outs=len(parts), const=(1,))
            m.case([x, I64(*parts)], {"axis": axis}, outs=len(parts))
    n = {"num_outputs": 3} if m.v >= 18 else {}
    m.case([m.floats((6, 3))], dict(n), outs=3)
    m.case([m.floats((6, 3))], dict(n, axis=1), outs=3)
    if m.v >= 18:
        m.case([m.floats((7, 3))], {"num_outputs": 3}, outs=3)
        m.case([m.floats((3, 7))], {"num_outputs": 4, "axis": -1}, outs=4)
    for t in FEEDABLE:
        m.case([m.any((6, 2), t)], dict(n), outs=3, tag=t)


@gen("Slice")
def cut(m):
    rows = [([0, 1], [2, 3], [0, 1], None), ([1], [1000], [1], None), ([-3], [-1], [0], None),
            ([5], [2], [0], None), ([0, 0], [1, 2], None, None)]
    if m.v >= 10:
        rows += [([0], [9], [0], [2]), ([-1], [-1000], [1], [-1]), ([3, 0], [0, 3], [2, 1], [-2, 2]),
                 ([2 ** 62], [-2 ** 62], [0], [-3]), ([1], [2 ** 62], [0], [2 ** 40]),
                 ([-2 ** 63], [2 ** 63 - 1], [2], None), ([2 ** 63 - 1], [-2 ** 63], [2], [-1])]
    if m.v >= 11:
        rows += [([1], [-1], [-1], None), ([-1], [-2 ** 63], [-2], [-1])]
    for s, e, axes, step in rows:
        x = m.floats((5, 4, 6))
        if m.v < 10:
            m.case([x], {"starts": s, "ends": e, "axes": axes})
        else:
            ins = [x, I64(*s), I64(*e), axes and I64(*axes), step and I64(*step)]
            m.case(ins, const=(1, 2, 3, 4))
            m.case(ins, more=[[m.floats((2, 3, 1))] + ins[1:]])
    if m.v >= 10:
        m.case([m.floats((5, 4)), T("i32", [1, -1]), T("i32", [4, 0]), T("i32", [0, 1]), T("i32", [2, -2])])
        for t in FEEDABLE:
            m.case([m.any((6, 2), t), I64(1), I64(-1)], tag=t)


@gen("Gather GatherElements")
def gather(m):
    for axis in (0, 1, 2) + ((-1,) if m.v >= 11 else ()):
        shape = (3, 4, 5)
        for t in ("i64", "i32"):
            low = -shape[axis] if m.v >= 11 else 0
            if m.op == "Gather":
                for ishape in ((2, 2), (), (0,), (3,)):
                    m.case([m.floats(shape), m.ints(ishape, t, low, shape[axis])], {"axis": axis})
            else:
                s = list(shape)
                s[axis] = 2
                m.case([m.floats(shape), m.ints(s, t, low, shape[axis])], {"axis": axis})
                s = [2, 2, 3]
                m.case([m.floats(shape), m.ints(s, t, low, shape[axis])], {"axis": axis})
    for t in FEEDABLE:
        x, i = m.any((4, 2), t), m.ints((3, 2), "i64", 0, 2)
        # ONNX Runtime copies only the first text of every slice
        m.case([x, i], tag=t, want=[T(t, np.take(x.a, i.a, 0))] if m.op == "Gather" and t == "str" else None)


@gen("GatherND")
def gather_nd(m):
    for x, i, b in (((3, 4, 5), (2, 3), 0), ((3, 4, 5), (2, 2), 0), ((3, 4, 5), (6, 1), 0), ((3, 4, 5), (2, 3, 2), 0),
                    ((3, 4, 5), (3, 2), 1), ((3, 4, 5), (3, 2, 1), 1), ((3, 4, 5), (3, 4, 1), 2),
                    ((3, 4), (0, 2), 0)):
        if b and m.v < 12:
            continue
        depth = i[-1]
        k = np.stack([m.rng.randint(-x[b + d], x[b + d], i[:-1]) for d in range(depth)], -1)
        m.case([m.floats(x), T("i64", k)], {"batch_dims": b} if m.v >= 12 else None)
    for t in FEEDABLE:
        m.case([m.any((4, 2), t), I64([1, 0], [3, 1])], tag=t)


@gen("Scatter ScatterElements")
def scatter(m):
    modes = [None] + (["add", "mul"] if m.v >= 16 else []) + (["min", "max"] if m.v >= 18 else [])
    for axis in (0, 1) + ((-1,) if m.v >= 11 else ()):
        for mode in modes:
            for t in ("i64", "i32"):
                x, s = (4, 5), (2, 5) if axis == 0 else (4, 3)
                low = -x[axis] if m.v >= 11 else 0
                i = np.argsort(m.rng.rand(*x), axis=axis)
                i = np.take(i, range(s[axis]), axis)
                if mode:
                    i = m.rng.randint(low, x[axis], s)
                elif low:
                    i = np.where(m.rng.rand(*s) < .5, i, i - x[axis])
                a = {"axis": axis}
                if mode:
                    a["reduction"] = mode
                m.case([m.floats(x), T(t, i), m.floats(s)], a, tag=mode or "")
    for t in FEEDABLE:
        for mode in modes:
            a = {"reduction": mode} if mode else None
            if t == "str" and mode:
                continue
            i = T("i64", [[1, 0], [3, 1]] if not mode else [[1, 1], [1, 2]])
            m.case([m.any((4, 2), t), i, m.any((2, 2), t)], a, tag=t)


@gen("ScatterND")
def scatter_nd(m):
    modes = [None] + (["add", "mul"] if m.v >= 16 else []) + (["min", "max"] if m.v >= 18 else [])
    for mode in modes:
        a = {"reduction": mode} if mode else None
        m.case([m.floats((4, 3)), I64([2], [-4]), m.floats((2, 3))], a, tag=mode or "")
        m.case([m.floats((4, 3, 2)), I64([[2, 0], [1, 1]]), m.floats((1, 2, 2))], a, tag=mode or "")
        m.case([m.floats((4, 3)), I64([2, 1], [-1, -1]), m.floats((2,))], a, tag=mode or "")
        if mode:
            m.case([m.floats((4, 3)), I64([2], [-2], [0], [2]), m.floats((4, 3))], a, tag=mode)
        for t in FEEDABLE:
            if t != "str" or not mode:
                m.case([m.any((4, 2), t), I64([3], [0]), m.any((2, 2), t)], a, tag=t)


@gen("Expand Tile")
def expand(m):
    if m.op == "Expand":
        rows = [((3, 1), [2, 3, 4]), ((3, 4), [1]), ((), [2, 2]), ((2, 1), [2, 0]), ((1, 3), []),
                ((2, 3, 4), [3, 1])]
    else:
        rows = [((3, 2), [2, 3]), ((3,), [1]), ((2, 1, 2), [1, 3, 2]), ((2, 3), [0, 2]), ((2, 2), [1, 1])]
    for x, s in rows:
        m.case([m.floats(x), I64(*s)], const=(1,))
        m.case([m.floats(x), I64(*s)])
    for t in FEEDABLE:
        m.case([m.any((1, 2), t), I64(3, 1)], tag=t)


@gen("Pad")
def pad(m):
    modes = ["constant", "edge", "reflect"] + (["wrap"] if m.v >= 19 else [])
    for mode in modes:
        for x, p in (((3, 4), [1, 2, 0, 1]), ((2, 3, 4), [0, 1, 0, 0, 0, 2]), ((3, 4), [0, 0, 0, 0]),
                     ((4, 5), [-1, 0, 2, -2]), ((1, 4), [0, 3, 0, 3])):
            if mode != "constant" and min(p) < 0:
                continue
            if m.v < 11:
                for value in (None, 1.5):
                    m.case([m.floats(x)], {"pads": p, "mode": mode, "value": value}, tag=mode)
                continue
            a = {"mode": mode}
            m.case([m.floats(x), I64(*p)], a, const=(1,), tag=mode)
            m.case([m.floats(x), I64(*p), T("f32", 1.5)], a, tag=mode)
    if m.v >= 18:
        for axes in ([1], [-1, 0], [0]):
            m.case([m.floats((2, 3)), I64(*range(1, 2 * len(axes) + 1)), T("f32", 2), I64(*axes)],
                   {"mode": "constant"})
        m.case([m.floats((2, 3)), I64(1, 1), None, T("i32", [1])], {"mode": "reflect"})
    for t in FEEDABLE if m.v >= 11 else FLOATS:
        ins = [m.any((2, 2), t)] + ([I64(1, 0, 0, 1)] if m.v >= 11 else [])
        m.case(ins, None if m.v >= 11 else {"pads": [1, 0, 0, 1]}, tag=t)
        if m.v >= 11:
            m.case(ins + [m.any((), t)], tag=t)


@gen("DepthToSpace SpaceToDepth")
def depth(m):
    x = (2, 12, 2, 3) if m.op == "DepthToSpace" else (2, 3, 4, 6)
    modes = [None, "DCR", "CRD"] if m.op == "DepthToSpace" and m.v >= 11 else [None]
    for mode in modes:
        m.case([m.floats(x)], {"blocksize": 2, "mode": mode})
    for t in FLOATS + ["u8", "i64"]:
        m.case([m.any(x, t)], {"blocksize": 2}, tag=t)


@gen("Trilu")
def trilu(m):
    for upper in (0, 1):
        for k in (None, 0, 1, -1, 7, -7, 2 ** 62, -2 ** 62):
            m.case([m.floats((2, 3, 4)), None if k is None else T("i64", k)], {"upper": upper})
            m.case([m.floats((4, 3)), None if k is None else T("i64", k)], {"upper": upper}, const=(1,))
    for t in FEEDABLE:
        m.case([m.any((3, 3), t)], tag=t)
    m.case([m.floats((0, 3))])


@gen("EyeLike")
def eye(m):
    for x in ((3, 4), (4, 3), (2, 2)):
        for k in (None, 1, -1, 5, -5):
            m.case([m.floats(x)], {"k": k})
    for t in NUMBERS:
        m.case([m.any((3, 3), t)], tag=t)
        m.case([m.floats((3, 3))], {"dtype": CODE[t]}, tag=t)


@gen("ReverseSequence")
def reverse(m):
    for ta, ba in ((0, 1), (1, 0)):
        n = (5, 4)[ta]
        lens = m.ints(((4, 5)[ta],), "i64", 1, n + 1)
        m.case([m.floats((5, 4, 2)), lens], {"time_axis": ta, "batch_axis": ba})
    for t in FEEDABLE:
        m.case([m.any((3, 2), t), I64(1, 3)], tag=t)


@gen("CenterCropPad")
def crop(m):
    for x, s, axes in (((5, 4), [3, 6], None), ((5, 4, 3), [8, 2], [0, 1]), ((5, 4, 3), [1, 7], [-1, 0]),
                       ((4, 3), [7], [1]), ((2, 3), [5, 5], None)):
        for t in ("f32", "i64", "f16"):
            m.case([m.any(x, t), I64(*s)], {"axes": axes}, bound="exact", tag=t)
            m.case([m.any(x, t), T("i32", s)], {"axes": axes}, bound="exact", tag=t, const=(1,))


@gen("Compress")
def compress(m):
    for axis, n in ((None, 12), (None, 7), (0, 3), (1, 4), (1, 2), (-1, 4)):
        if axis == -1 and m.v < 11:
            continue
        m.case([m.floats((3, 4)), m.bools((n,))], {"axis": axis})
    m.case([m.floats((3, 4)), T("bool", np.zeros(3))], {"axis": 0})
    for t in FEEDABLE:
        m.case([m.any((3, 2), t), m.bools((3,))], {"axis": 0}, tag=t)


@gen("NonZero")
def nonzero(m):
    for x in ((3, 4), (2, 2, 3), (5,), (0, 2)):
        m.case([m.ints(x, "i64", -1, 2)])
    for t in FEEDABLE:
        m.case([m.any((3, 3), t, 0, 2)], tag=t)


@gen("OneHot")
def onehot(m):
    for axis in (None, 0, 1, -1) + ((-2,) if m.v >= 11 else ()):
        low = -5 if m.v >= 11 else 0
        m.case([m.ints((3, 2), "i64", low - 2 * (m.v >= 11), 7), I64(5), T("f32", [0.5, 2])], {"axis": axis})
        m.case([m.ints((3,), "i32", low, 5), T("i32", 5), T("i32", [0, 1])], {"axis": axis if axis != -2 else 0})
    for t in FEEDABLE:
        m.case([m.ints((4,), "i64", 0, 5), I64(5), m.any((2,), t)], tag=t)
    for t in NUMBERS:
        m.case([m.ints((4,), t, 0, 5), T("i64", 5), T("f32", [0, 1])], tag=t, const=(1,))
        m.case([m.ints((4,), "i64", 0, 5), T(t, [6]), T("i64", [7, 8])], tag=t)


@gen("TopK")
def topk(m):
    for axis in (None, 0, 1, -1):
        for k in (1, 2, 3):
            for extra in ({}, {"largest": 0}, {"largest": 1, "sorted": 0} if k == 3 else {"sorted": 1}) if m.v >= 11 else ({},):
                if "sorted" in extra and not extra["sorted"]:
                    continue
                x = m.floats((3, 4, 3))
                a = dict(extra, axis=axis)
                if m.v < 10:
                    m.case([x], dict(a, k=k), outs=2)
                else:
                    m.case([x, I64(k)], a, outs=2, const=(1,) if k > 1 else ())
    if m.v >= 10:
        m.case([T("f32", [[3, 3, 1, 3, 2, 2]]), I64(4)], outs=2, tag="ties")
        m.case([m.floats((3, 4)), I64(0)], outs=2, tag="zero")
        for t in NUMBERS:
            m.case([m.any((9,), t, -3, 4), I64(5)], outs=2, tag=t)
    if m.v >= 11:
        m.case([T("f32", [[3, 3, 1, 3, 2, 2]]), I64(4)], {"largest": 0}, outs=2, tag="ties")


@gen("Unique")
def unique(m):
    for t in ("f32", "i64", "i8", "str", "f64"):
        for s in (0, 1):
            for axis in (None, 0, 1, -1):
                m.case([m.any((4, 3), t, 0, 2)], {"sorted": s, "axis": axis}, outs=4, bound="exact", tag=t)
        m.case([m.any((9,), t, 0, 4)], outs=[True, False, True, False], bound="exact", tag=t)


@gen("CumSum")
def cumsum(m):
    for t in ("f32", "f64", "i32", "i64", "f16", "u32", "u64"):
        for a in ({}, {"exclusive": 1}, {"reverse": 1}, {"exclusive": 1, "reverse": 1}):
            m.case([m.any((3, 4), t), T("i32", m.rng.randint(-2, 2))], a, tag=t)
    m.case([m.floats((3, 4)), T("i64", [1])])
    m.case([m.floats((3, 0)), T("i64", 1)])


@gen("CumProd")
def cumprod(m):
    for t in ("f32", "f64", "i32", "i64", "f16", "u32", "u64"):
        for exclusive in (0, 1):
            for reverse in (0, 1):
                x = m.any((3, 4), t, 1, 3)
                wide = x.a if t != "f16" else x.a.astype("f4")
                y = wide[:, ::-1] if reverse else wide
                y = np.cumprod(y, axis=1, dtype=wide.dtype)
                if exclusive:
                    y = np.concatenate([np.ones((3, 1), wide.dtype), y[:, :-1]], 1)
                y = y[:, ::-1] if reverse else y
                m.case([x, T("i64", -1)], {"exclusive": exclusive, "reverse": reverse}, tag=t,
                       want=[T(t, y)])


@gen("Where")
def where(m):
    for c, x, y in (((3, 4), (3, 4), (3, 4)), ((4,), (3, 1), (1, 4)), ((), (2,), (2,)), ((2, 1, 3), (3,), ()),
                    ((0, 2), (1, 2), ()), ((1,), (), ())):
        m.case([m.bools(c), m.floats(x), m.floats(y)])
    for t in FEEDABLE:
        m.case([m.bools((3, 1)), m.any((2,), t), m.any((3, 2), t)], tag=t)


@gen("Range")
def range_(m):
    for t in ("f32", "f64", "i16", "i32", "i64", "f16"):
        for s, l, d in ((0, 10, 3), (10, 0, -3), (1, 1, 1), (5, 1, 2), (-3, 4, 1)):
            m.case([T(t, s), T(t, l), T(t, d)], tag=t)
    m.case([T("f32", 0), T("f32", 1), T("f32", .1)], const=(0, 1, 2))
    m.case([T("f64", .5), T("f64", 3.25), T("f64", .3)])


@gen("Constant")
def constant(m):
    for t in FEEDABLE if m.v > 1 else FLOATS:
        m.case([], {"value": m.any((2, 3), t)}, tag=t)
    m.case([], {"value": m.floats(())})
    if m.v >= 12:
        for a in ({"value_int": -5}, {"value_ints": [1, 2]}, {"value_float": 1.5}, {"value_floats": [1.5, 2.5]},
                  {"value_string": "déf"}, {"value_strings": ["a", "b"]}):
            m.case([], a, bound="exact")


@gen("ConstantOfShape")
def constant_of_shape(m):
    for s in ([2, 3], [], [0, 4], [5]):
        m.case([I64(*s)], bound="exact")
        m.case([I64(*s)], {"value": T("i64", [7])}, const=(0,))
    for t in NUMBERS + ["bool"]:
        m.case([I64(2)], {"value": m.any((1,), t)}, tag=t, bound="exact")
    for t in ("u4", "i4") if m.v >= 21 else ():
        m.case([I64(3)], {"value": T(t, [5])}, to={0: "i32"}, tag=t)


@gen("TensorScatter")
def tensor_scatter(m):
    for mode in (None, "linear", "circular"):
        for axis in (None, 1, -2, -1):
            cache, n = m.floats((2, 5, 4, 3)), 2
            s = [2, 5, 4, 3]
            s[-2 if axis is None else axis] = n
            m.case([cache, m.floats(s), I64(1, 0)], {"mode": mode, "axis": axis}, tag=mode or "")
        m.case([m.floats((2, 4, 3)), m.floats((2, 2, 3))], {"mode": mode}, tag=mode or "")
    m.case([m.floats((2, 4, 3)), m.floats((2, 3, 3)), I64(3, 2)], {"mode": "circular"}, tag="circular")


@gen("BitCast")
def bitcast(m):
    for a, b in (("f32", "i32"), ("i32", "f32"), ("u8", "i8"), ("f64", "u64"), ("f16", "u16"), ("i64", "f64"),
                 ("u32", "i32"), ("bool", "u8"), ("i8", "bool")):
        x = m.any((2, 3), a)
        if b != "bool":
            m.case([x], {"to": CODE[b]}, want=[T(b, np.ascontiguousarray(x.a).view(T(b, 0).a.dtype))],
                   bound="exact", tag=a + "_" + b)


@gen("Col2Im")
def col2im(m):
    for t in ("f32", "f64"):
        m.case([m.floats((1, 4, 9), t), I64(4, 4), I64(2, 2)], tag=t)
        m.case([m.floats((2, 8, 4), t), I64(5, 5), I64(2, 2)], {"strides": [2, 2], "pads": [0, 0, 0, 0], "dilations": [2, 2]}, tag=t)
        m.case([m.floats((1, 9, 16), t), I64(4, 4), I64(3, 3)], {"pads": [1, 1, 1, 1]}, tag=t)
        m.case([m.floats((2, 6, 5), t), I64(7), I64(3)], tag=t)
