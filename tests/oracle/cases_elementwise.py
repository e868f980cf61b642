"""cases_elementwise.py - what every element-wise operator must do to every type, judged by numpy: NaN,
infinities, denormals, signed zeros, extremes, nothing at all, scalars, broadcasting from both sides.

Floats are computed in float64 and rounded once, as the specification's formulas read; f16 and bf16
are held to a neighbour (both programs compute wider and round once).
"""
import math

import numpy as np

from cases import (CODE, FEEDABLE, FLOATS, INTS, NUMBERS, SIGNED, T, TYPES, UNSIGNED, gen, node, round_bf16,
                   widen_bf16)

BF = ["bf16"]
HOW_CLOSE = {"f32": "tight32", "f64": "tight64", "f16": "tight16", "bf16": "tight_bf16"}


def values(t):
    """The elements of a Tensor as numpy numbers."""
    return widen_bf16(t.a) if t.dtype == "bf16" else t.a


def rounded(dtype, a):
    with np.errstate(all="ignore"):
        return T("bf16", round_bf16(a)) if dtype == "bf16" else T(dtype, np.asarray(a).astype(TYPES[dtype][1]))


SPECIAL = [0.0, -0.0, 1, -1, .5, -.5, 1.5, -1.5, 2.5, -2.5, 3, -3, 1e-3, -1e-3, 7.25, -7.25, 20, -20, 90, -90, 1e4, -1e4]


def extremes(m, dtype, nan=True, inf=True):
    """Numbers that break things, as a flat list."""
    if dtype == "bool":
        return [False, True]
    if dtype in INTS:
        info = np.iinfo(TYPES[dtype][1])
        few = [0, 1, 2, 3, 7, 100, info.max, info.max - 1, info.min, info.min + 1]
        return few + ([-1, -2, -3, -7, -100] if info.min else []) + list(m.rng.randint(0, 100, 5))
    tiny = {"f32": 1e-45, "f64": 5e-324, "f16": 6e-8, "bf16": 9.2e-41}[dtype]
    least = {"f32": 1.1754944e-38, "f64": 2.2250738585072014e-308, "f16": 6.1e-5, "bf16": 1.1754944e-38}[dtype]
    most = {"f32": 3.4028235e38, "f64": 1.7976931348623157e308, "f16": 65504, "bf16": 3.3895314e38}[dtype]
    out = SPECIAL + [tiny, -tiny, least, -least, most, -most] + list(m.rng.uniform(-5, 5, 6))
    return out + ([math.nan] if nan else []) + ([math.inf, -math.inf] if inf else [])


def special(m, dtype, **how):
    return rounded(dtype, np.array(extremes(m, dtype, **how)))


def wide(t):
    """Floats as float64, integers as they are."""
    v = values(t)
    return v.astype(np.float64) if v.dtype.kind == "f" else v


# --- one operand --------------------------------------------------------------------------------------

erf = np.vectorize(math.erf, otypes=[float])
erfc = np.vectorize(math.erfc, otypes=[float])
sigmoid = lambda x: np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))
softplus = lambda x: np.logaddexp(0, x)
f32 = lambda v: float(np.float32(v))

# name: (function of float64 or integers, types since version, drops NaN, drops infinities, exact)
UNARY = {
    "Abs": (np.abs, {6: NUMBERS, 13: BF}, 1, 1, True), "Neg": (np.negative, {6: FLOATS + SIGNED, 13: BF}, 1, 1, True),
    "Floor": (np.floor, {6: FLOATS, 13: BF}, 1, 1, True), "Ceil": (np.ceil, {6: FLOATS, 13: BF}, 1, 1, True),
    "Round": (np.rint, {11: FLOATS, 22: BF}, 1, 1, True), "Sign": (np.sign, {9: NUMBERS, 13: BF}, 0, 1, False),
    "Sqrt": (np.sqrt, {6: FLOATS, 13: BF}, 1, 1, False), "Exp": (np.exp, {6: FLOATS, 13: BF}, 1, 1, False),
    "Log": (np.log, {6: FLOATS, 13: BF}, 1, 1, False),
    "Reciprocal": (lambda x: 1 / x, {6: FLOATS, 13: BF}, 1, 1, False),
    "Relu": (lambda x: np.maximum(x, 0), {6: FLOATS, 13: BF, 14: SIGNED}, 1, 1, False),
    "Sigmoid": (sigmoid, {6: FLOATS, 13: BF}, 1, 1, False), "Tanh": (np.tanh, {6: FLOATS, 13: BF}, 1, 1, False),
    "Sin": (np.sin, {7: FLOATS, 22: BF}, 1, 1, False), "Cos": (np.cos, {7: FLOATS, 22: BF}, 1, 1, False),
    "Tan": (np.tan, {7: FLOATS, 22: BF}, 1, 1, False), "Asin": (np.arcsin, {7: FLOATS, 22: BF}, 1, 1, False),
    "Acos": (np.arccos, {7: FLOATS, 22: BF}, 1, 1, False), "Atan": (np.arctan, {7: FLOATS, 22: BF}, 1, 1, False),
    "Sinh": (np.sinh, {9: FLOATS, 22: BF}, 1, 1, False), "Cosh": (np.cosh, {9: FLOATS, 22: BF}, 1, 1, False),
    "Asinh": (np.arcsinh, {9: FLOATS, 22: BF}, 1, 1, False), "Acosh": (np.arccosh, {9: FLOATS, 22: BF}, 1, 1, False),
    "Atanh": (np.arctanh, {9: FLOATS, 22: BF}, 1, 1, False),
    "Erf": (erf, {9: FLOATS, 13: BF}, 1, 1, False),
    "Softplus": (softplus, {1: FLOATS, 22: BF}, 1, 1, False),
    "Softsign": (lambda x: x / (1 + np.abs(x)), {1: FLOATS, 22: BF}, 1, 0, False),
    "HardSwish": (lambda x: x * np.clip(x / 6 + .5, 0, 1), {14: FLOATS, 22: BF}, 1, 0, False),
    "Mish": (lambda x: x * np.tanh(softplus(x)), {18: FLOATS, 22: BF}, 1, 0, False),
    "BitwiseNot": (np.invert, {18: INTS}, 1, 1, True), "Not": (np.logical_not, {1: ["bool"]}, 1, 1, True),
}
# The same with attributes: [(attributes, function)]
WITH_ATTRS = {
    "LeakyRelu": ([({}, lambda x: np.where(x < 0, f32(.01) * x, x)), ({"alpha": -2.0}, lambda x: np.where(x < 0, -2 * x, x))],
                  {6: FLOATS, 16: BF}, 1),
    "ThresholdedRelu": ([({}, lambda x: np.where(x > 1, x, 0)), ({"alpha": -1.5}, lambda x: np.where(x > -1.5, x, 0))],
                        {10: FLOATS, 22: BF}, 1),
    "Elu": ([({}, lambda x: np.where(x < 0, np.expm1(x), x)), ({"alpha": .5}, lambda x: np.where(x < 0, .5 * np.expm1(x), x))],
            {6: FLOATS, 22: BF}, 1),
    "Selu": ([({}, lambda x: f32(1.05070102214813232421875) * np.where(x > 0, x, f32(1.67326319217681884765625) * np.expm1(x))),
              ({"alpha": .5, "gamma": 2.0}, lambda x: 2 * np.where(x > 0, x, .5 * np.expm1(x)))], {6: FLOATS, 22: BF}, 1),
    "Celu": ([({}, lambda x: np.maximum(0, x) + np.minimum(0, np.expm1(x))),
              ({"alpha": 2.0}, lambda x: np.maximum(0, x) + np.minimum(0, 2 * np.expm1(x / 2)))], {12: ["f32"]}, 1),
    "HardSigmoid": ([({}, lambda x: np.clip(f32(.2) * x + .5, 0, 1)), ({"alpha": 2.0, "beta": -.25}, lambda x: np.clip(2 * x - .25, 0, 1))],
                    {6: FLOATS, 22: BF}, 1),
    "Gelu": ([({}, lambda x: .5 * x * erfc(-x / math.sqrt(2))),
              ({"approximate": "tanh"}, lambda x: x * sigmoid(2 * math.sqrt(2 / math.pi) * (x + .044715 * x ** 3)))],
             {20: FLOATS + BF}, 0),
    "Swish": ([({}, lambda x: x * sigmoid(x)), ({"alpha": .5}, lambda x: x * sigmoid(.5 * x))], {24: FLOATS + BF}, 0),
    "Shrink": ([({}, lambda x: np.where(x < -.5, x, np.where(x > .5, x, 0))),
                ({"bias": 1.0, "lambd": 2.0}, lambda x: np.where(x < -2, x + 1.0, np.where(x > 2, x - 1.0, 0)))], {9: FLOATS}, 1),
    "IsNaN": ([({}, np.isnan)], {9: FLOATS, 13: BF}, 1),
    "IsInf": ([({}, np.isinf), ({"detect_negative": 0}, np.isposinf), ({"detect_positive": 0}, np.isneginf),
               ({"detect_positive": 0, "detect_negative": 0}, lambda x: np.zeros(x.shape, bool))], {10: ["f32", "f64"], 20: ["f16"] + BF}, 1),
}


def at(version, table):
    return [t for since, kinds in table.items() if since <= version for t in kinds]


def close(dtype, op=None):
    if op == "HardSwish" and dtype == "f32": # x / 6 + 0.5 cancels near -3
        return "f32"
    return HOW_CLOSE.get(dtype, "exact")


@gen(" ".join(UNARY) + " " + " ".join(WITH_ATTRS))
def unary(m):
    if m.op in UNARY:
        f, table, nan, inf, signed = UNARY[m.op]
        rows = [({}, f)]
    else:
        (rows, table, inf), nan, signed = WITH_ATTRS[m.op], True, False
    for (attrs, fn) in rows:
        for t in at(m.v, table):
            # NaN passes ThresholdedRelu here and in ONNX's own tests; read to the letter it would not
            x = special(m, t, nan=nan and m.op != "ThresholdedRelu", inf=inf)
            out = "bool" if m.op in ("IsNaN", "IsInf", "Not") else t
            with np.errstate(all="ignore"):
                want = [rounded(out, fn(wide(x)))]
                if signed and t in FLOATS: # 1/y tells the zeros apart
                    want.append(rounded(t, 1 / wide(want[0])))
            nodes = None
            if len(want) > 1:
                nodes = [node(m.op, ["x0"], ["y0"], **attrs), node("Reciprocal", ["y0"], ["y1"])]
            m.case([x], attrs, want=want, outs=len(want), nodes=nodes, tag="numpy_" + t, bound=close(t, m.op))
            for shape in ((0,), (2, 0, 3), ()):
                few = rounded(t, np.full(shape, 1))
                with np.errstate(all="ignore"):
                    m.case([few], attrs, want=[rounded(out, fn(wide(few)))], tag="numpy_" + t, bound=close(t))
    for t in at(m.v, table):
        if t in FEEDABLE:
            for attrs, _ in rows:
                m.case([m.any((3, 5), t, 0 if t == "bool" else -10, 10)], attrs, tag=t)


# --- two operands -------------------------------------------------------------------------------------


def truncated(a, b):
    q = np.abs(a.astype(object)) // np.abs(b.astype(object))
    q = np.where((a < 0) != (b < 0), -q, q)
    bits = a.dtype.itemsize * 8
    wrap = [((int(v) + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)) if a.dtype.kind == "i" else int(v) for v in q.reshape(-1)]
    return np.array(wrap, dtype=a.dtype).reshape(q.shape)


def shifted(left):
    def f(a, b):
        bits = a.dtype.itemsize * 8
        safe = np.minimum(b, np.asarray(bits - 1, b.dtype))
        y = np.left_shift(a, safe) if left else np.right_shift(a, safe)
        return np.where(b >= bits, 0, y).astype(a.dtype)

    return f


def divide(a, b):
    return truncated(a, b) if a.dtype.kind in "iu" else a / b


WIDE_INTS = ["i32", "i64", "u32", "u64"]
ARITHMETIC = {7: FLOATS + WIDE_INTS, 13: BF, 14: ["i8", "i16", "u8", "u16"]}
ORDER = {7: FLOATS, 9: INTS, 13: BF}
# name: ([(attributes, function)], types, result is bool)
BINARY = {
    "Add": ([({}, np.add)], ARITHMETIC, 0), "Sub": ([({}, np.subtract)], ARITHMETIC, 0),
    "Mul": ([({}, np.multiply)], ARITHMETIC, 0), "Div": ([({}, divide)], ARITHMETIC, 0),
    "Mod": ([({"fmod": 1}, np.fmod)], {10: FLOATS + INTS, 13: BF}, 0),
    "And": ([({}, np.logical_and)], {7: ["bool"]}, 1), "Or": ([({}, np.logical_or)], {7: ["bool"]}, 1),
    "Xor": ([({}, np.logical_xor)], {7: ["bool"]}, 1),
    "Equal": ([({}, np.equal)], {7: ["bool", "i32", "i64"], 11: FLOATS + ["i8", "i16"] + UNSIGNED, 13: BF}, 1),
    "Less": ([({}, np.less)], ORDER, 1), "Greater": ([({}, np.greater)], ORDER, 1),
    "LessOrEqual": ([({}, np.less_equal)], {12: FLOATS + INTS, 16: BF}, 1),
    "GreaterOrEqual": ([({}, np.greater_equal)], {12: FLOATS + INTS, 16: BF}, 1),
    "BitwiseAnd": ([({}, np.bitwise_and)], {18: INTS}, 0), "BitwiseOr": ([({}, np.bitwise_or)], {18: INTS}, 0),
    "BitwiseXor": ([({}, np.bitwise_xor)], {18: INTS}, 0),
    "BitShift": ([({"direction": "LEFT"}, shifted(True)), ({"direction": "RIGHT"}, shifted(False))], {11: UNSIGNED}, 0),
    "PRelu": ([({}, lambda x, s: np.where(x < 0, x * s, x))], {7: FLOATS, 9: WIDE_INTS, 16: BF}, 0),
}


def pairs_of(m, t, op):
    """All extremes against all."""
    e = extremes(m, t)
    x = rounded(t, np.array(e)).a
    a, b = np.repeat(x, len(x)), np.tile(x, len(x))
    if t in INTS and op in ("Div", "Mod"):
        b = np.where(b == 0, 5, b).astype(b.dtype)
    if op == "BitShift":
        b = np.tile(np.array([0, 1, 3, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 200, 255][:len(x)], x.dtype), len(x))
    return T(t, a), T(t, b)


SHAPES = [((3, 1), (1, 4)), ((4,), (2, 3, 4)), ((2, 3, 4), (3, 1)), ((), (2, 2)), ((3,), ()), ((), ()), ((0, 3), (1, 3)), ((1,), (2, 0)),
          ((2, 1, 3, 1), (4, 1, 2))]


@gen(" ".join(BINARY))
def binary(m):
    rows, table, truth = BINARY[m.op]
    if m.op == "Mod":
        rows = rows + [({}, np.mod)]
    for attrs, fn in rows:
        for t in at(m.v, table):
            if m.op == "Mod" and not attrs and t in FLOATS + BF:
                continue
            out = "bool" if truth else t
            with np.errstate(all="ignore"):
                a, b = pairs_of(m, t, m.op)
                y = [rounded(out, fn(wide(a), wide(b)))]
                outs = 1
                nodes = None
                if t in FLOATS and m.op in ("Mul", "Add", "Sub"):
                    y.append(rounded(t, 1 / wide(y[0])))
                    nodes = [node(m.op, ["x0", "x1"], ["y0"], **attrs), node("Reciprocal", ["y0"], ["y1"])]
                m.case([a, b], attrs, want=y, outs=len(y), nodes=nodes, tag="numpy_" + t, bound=close(t))
                for p, q in SHAPES:
                    if m.op == "PRelu" and (len(q) > len(p) or np.broadcast_shapes(p, q) != p):
                        continue
                    a, b = m.any(p, t, 1, 9), m.any(q, t, 1, 9)
                    m.case([a, b], attrs, want=[rounded(out, fn(wide(a), wide(b)))], tag="numpy_" + t, bound=close(t))
        for t in at(m.v, table):
            if t in FEEDABLE and not (m.op == "Mod" and not attrs and t in FLOATS):
                m.case([m.any((3, 1, 4), t), m.any((2, 1) if m.op != "PRelu" else (1, 4), t, 1, 9)], attrs, tag=t)
    if m.op == "Equal" and m.v >= 19:
        a, b = m.strings((3, 4)), m.strings((1, 4))
        m.case([a, b], want=[T("bool", a.a == b.a)], tag="str")


@gen("Pow")
def power(m):
    bases = FLOATS + (["i32", "i64"] if m.v >= 12 else []) + (BF if m.v >= 13 else [])
    for t in bases:
        kinds = (NUMBERS + (BF if m.v >= 15 else [])) if m.v >= 12 else [t]
        for u in kinds:
            x = m.any((4, 1, 3), t, -5, 6) if t not in INTS else m.ints((4, 1, 3), t, -9, 10)
            p = m.ints((2, 3), u, 0, 5) if u in INTS else rounded(u, m.rng.choice([0, 1, 2, 3, .5, 1.5, -1, -.5], (2, 3)))
            if t in INTS and u not in INTS:
                p = rounded(u, m.rng.choice([0, 1, 2, 3], (2, 3)))
            with np.errstate(all="ignore"):
                y = np.power(wide(x).astype("f8" if u not in INTS or t not in INTS else "i8"), wide(p).astype("f8" if u not in INTS or t not in INTS else "i8"))
            m.case([x, p], want=[rounded(t, y)], tag="numpy_%s_%s" % (t, u), bound=close(t))
            if t in FEEDABLE and u in FEEDABLE:
                m.case([x, p], tag="%s_%s" % (t, u))
    for t in FLOATS:
        x, p = pairs_of(m, t, "Pow")
        with np.errstate(all="ignore"):
            m.case([x, p], want=[rounded(t, np.power(wide(x), wide(p)))], tag="numpy_special_" + t, bound=close(t))


# --- any number of operands, bounds -------------------------------------------------------------------


@gen("Max Min Sum Mean")
def variadic(m):
    kinds = FLOATS + (INTS if m.v >= 12 and m.op in ("Max", "Min") else []) + (BF if m.v >= 13 else [])
    fold = {"Max": np.maximum, "Min": np.minimum, "Sum": np.add, "Mean": np.add}[m.op]
    for t in kinds:
        sets = [[(3, 4)] * k for k in (1, 2, 3, 5)]
        if m.v >= 8:
            sets += [[p, q] for p, q in SHAPES] + [[(2, 1), (3,), (), (4, 1, 1)]]
        for shapes in sets:
            xs = [m.any(s, t) for s in shapes]
            y = wide(xs[0])
            for x in xs[1:]:
                y = fold(y, wide(x))
            if m.op == "Mean":
                y = y / len(xs)
            m.case(xs, want=[rounded(t, y)], tag="numpy_" + t, bound={"f32": "f32", "f64": "f64", "f16": "f16", "bf16": "bf16"}.get(t, "exact"))
        x, p = pairs_of(m, t, m.op)
        if t not in INTS:
            with np.errstate(all="ignore"):
                y = fold(wide(x), wide(p))
                if m.op == "Mean":
                    keep = ~(np.isinf(values(rounded(t, y))) & np.isfinite(y)) # the sum overflows on the way
                    x, p, y = T(t, x.a[keep]), T(t, p.a[keep]), y[keep] / 2
                m.case([x, p], want=[rounded(t, y)], tag="numpy_special_" + t, bound=close(t))
        if t in FEEDABLE:
            m.case([m.any((3, 4), t) for _ in range(3)], tag=t)


@gen("Clip")
def clip(m):
    kinds = FLOATS + (INTS if m.v >= 12 else []) + (BF if m.v >= 13 else [])
    for t in kinds:
        x = special(m, t)
        for low, high in ((1, 5), (None, 3), (2, None), (None, None), (5, 1)):
            if low == 5 and m.v < 13:
                continue
            y = wide(x)
            if low is not None:
                y = np.maximum(y, np.asarray(low, y.dtype))
            if high is not None:
                y = np.minimum(y, np.asarray(high, y.dtype))
            if m.v < 11:
                most = 3.4028234663852886e38 # the attributes' defaults
                with np.errstate(all="ignore"):
                    y = np.clip(wide(x), -most if low is None else low, most if high is None else high)
                a = {"min": None if low is None else float(low), "max": None if high is None else float(high)}
                m.case([x], a, want=[rounded(t, y)], tag="numpy_" + t, bound=close(t))
                continue
            ins = [x] + [None if b is None else rounded(t, np.array(b)) for b in (low, high)]
            m.case(ins, want=[rounded(t, y)], tag="numpy_" + t, bound=close(t), const=(1,) if low == 1 else ())
        if t in FEEDABLE:
            m.case([m.any((3, 4), t)] + [m.any((), t, -4, 1), m.any((), t, 1, 5)] if m.v >= 11 else [m.any((3, 4), t)],
                   None if m.v >= 11 else {"min": -1.0, "max": 2.0}, tag=t)


# --- casts --------------------------------------------------------------------------------------------

# name: exponent bits, mantissa bits, bias, what the top code means
SMALL = {"f8e4m3fn": (4, 3, 7, "nan"), "f8e4m3fnuz": (4, 3, 8, "uz"), "f8e5m2": (5, 2, 15, "inf"), "f8e5m2fnuz": (5, 2, 16, "uz"),
         "f4e2m1": (2, 1, 1, "none")}


def small_value(t, code):
    e_bits, m_bits, bias, top = SMALL[t]
    bits = 1 + e_bits + m_bits
    sign, rest = code >> (bits - 1), code & ((1 << bits - 1) - 1)
    e, f = rest >> m_bits, rest & ((1 << m_bits) - 1)
    if top == "uz" and code == 1 << bits - 1:
        return math.nan
    if top == "nan" and rest == (1 << bits - 1) - 1:
        return math.nan
    if top == "inf" and e == (1 << e_bits) - 1:
        return math.nan if f else (-math.inf if sign else math.inf)
    v = f * 2.0 ** (1 - bias - m_bits) if e == 0 else (1 + f / (1 << m_bits)) * 2.0 ** (e - bias)
    return -v if sign else v


# The finite numbers from zero up: their places are their codes.
FINITE = {t: np.array([v for v in (small_value(t, c) for c in range(1 << sum(SMALL[t][:2]))) if math.isfinite(v)]) for t in SMALL}


def small_code(t, x, saturate=True):
    e_bits, m_bits, bias, top = SMALL[t]
    half = 1 << e_bits + m_bits
    codes = FINITE[t]
    nan = {"uz": half, "nan": half - 1, "inf": half - 1}.get(top)
    if math.isnan(x):
        return nan
    negative = math.copysign(1, x) < 0
    far = np.abs(codes - min(abs(x), 2 * codes[-1]))
    best = int(np.argmin(far))
    if far[best] == far[min(best + 1, len(far) - 1)]: # in the middle: the even one
        best += best & 1
    most, step = codes[-1], codes[-1] - codes[-2]
    best = min(best, len(codes) - 1)
    if abs(x) > most + step / 2 and not saturate: # the cases keep away from the middle itself
        if top == "inf":
            best = ((1 << e_bits) - 1) << m_bits
        else:
            return nan if top == "uz" else nan | (half if negative else 0)
    if top == "uz" and best == 0:
        return 0
    return best | (half if negative else 0)


def to_integers(x, dtype):
    return np.trunc(np.asarray(x, np.float64)).astype(TYPES[dtype][1])


@gen("Cast")
def cast(m):
    floats = FLOATS + (BF if m.v >= 13 else [])
    kinds = floats + INTS + ["bool"]
    for a in kinds:
        for b in kinds:
            if a in floats and b in INTS:
                info = np.iinfo(TYPES[b][1])
                x = rounded(a, np.array([v for v in SPECIAL + [100.9, -100.9] if info.min < v < min(info.max, 6e4)] + list(m.rng.uniform(0, 100, 5))))
                y = T(b, to_integers(values(x), b))
            elif b == "bool":
                x = special(m, a) if a != "bool" else m.bools((6,))
                y = T(b, values(x) != 0)
            elif a in floats:
                x = special(m, a)
                if b == "bf16" and a == "f64": # by way of float32, the specification does not say
                    with np.errstate(all="ignore"):
                        x = T(a, values(x).astype("f4").astype("f8"))
                y = rounded(b, values(x))
            elif a == "bool":
                x = m.bools((6,))
                y = rounded(b, x.a.astype("f4")) if b == "bf16" else T(b, x.a.astype(TYPES[b][1]))
            else:
                x = special(m, a)
                if b in floats:
                    x = T(a, np.clip(x.a.astype(object), -60000, 60000).astype(x.a.dtype))
                with np.errstate(all="ignore"):
                    y = rounded(b, x.a.astype("f8")) if b in floats else T(b, x.a.astype(TYPES[b][1]))
            m.case([x], {"to": CODE[b]}, want=[y], tag="numpy_%s_%s" % (a, b), bound="exact")
            if a in floats and b in INTS: # undefined, and must not end the program
                m.case([special(m, a)], {"to": CODE[b]}, want=[], tag="overflow_%s_%s" % (a, b), bound="exact")
            if a in FEEDABLE and b in FEEDABLE:
                m.case([m.any((2, 3), a, 0, 100)], {"to": CODE[b]}, tag="%s_%s" % (a, b), bound="exact")
    if m.v >= 9:
        cast_strings(m)
    if m.v >= 19:
        cast_small(m)
    if m.v >= 21:
        cast_packed(m)


def cast_strings(m):
    for t in FLOATS + INTS:
        words = ["0", "1", "100", "7"] + (["-5", "-100"] if t not in UNSIGNED else [])
        if t in FLOATS:
            words += ["1.5", "-0.25", "1e2", "2.5E-1", "+3", "inf", "-inf", "nan", "INF", "NaN", "-0"]
        x = T("str", np.array(words, dtype=object))
        want = np.array([float(w) for w in words])
        m.case([x], {"to": CODE[t]}, want=[rounded(t, want)], tag="numpy_str_" + t, bound="exact")
        # there and back again, whatever the text is
        y = special(m, t)
        m.case([y], nodes=[node("Cast", ["x0"], ["s"], to=8), node("Cast", ["s"], ["y0"], to=CODE[t])], want=[y],
               tag="text_" + t, bound="exact")
        if t in INTS:
            m.case([y], {"to": 8}, want=[T("str", np.array([str(int(v)) for v in y.a], dtype=object))], tag="numpy_%s_str" % t)


def cast_small(m):
    for t in SMALL:
        if t == "f4e2m1" and m.v < 23:
            continue
        bits = TYPES[t][2]
        every = T(t, np.arange(1 << bits))
        meaning = np.array([small_value(t, c) for c in range(1 << bits)])
        for b in ("f32", "f16", "bf16", "f64"):
            m.case([every], {"to": CODE[b]}, want=[rounded(b, meaning)], tag="numpy_%s_%s" % (t, b), bound="exact", const=(0,))
        near = meaning[np.isfinite(meaning)]
        near = np.concatenate([near, near * 1.03, near * .97, (near[:-1] + near[1:]) / 2, [1e30, -1e30, math.inf, -math.inf, math.nan, 1e-30, -1e-30]])
        if t == "f4e2m1":
            near = near[~np.isnan(near)]
        for a in ("f32", "f16", "f64", "bf16"):
            x = rounded(a, near)
            for saturate in (1, 0) if t != "f4e2m1" else (None,):
                y = [small_code(t, float(v), saturate != 0) for v in values(x)]
                m.case([x], {"to": CODE[t], "saturate": saturate}, want=[T(t, y)], tag="numpy_%s_%s" % (a, t), bound="exact")


def cast_packed(m):
    for t, low, high in (("i4", -8, 8), ("u4", 0, 16), ("i2", -2, 2), ("u2", 0, 4)):
        if t in ("i2", "u2") and m.v < 25:
            continue
        every = T(t, np.arange(low, high))
        for b in ("f32", "f16", "bf16", "i8", "u8", "i32", "i64", "bool"):
            y = np.arange(low, high)
            if b == "u8":
                y = y & 255
            want = T(b, y != 0) if b == "bool" else rounded(b, y)
            m.case([every], {"to": CODE[b]}, want=[want], tag="numpy_%s_%s" % (t, b), bound="exact", const=(0,))
        for a in ("f32", "i32", "u8"):
            x = T(a, np.arange(max(low, 0) if a == "u8" else low, high).astype(TYPES[a][1]))
            m.case([x], {"to": CODE[t]}, want=[T(t, x.a.astype("i1"))], tag="numpy_%s_%s" % (a, t), bound="exact")


@gen("CastLike")
def cast_like(m):
    for a, b in (("f32", "i32"), ("i64", "f32"), ("f32", "bool"), ("bool", "f64"), ("f64", "f16"), ("f32", "f32"), ("u8", "i64")):
        m.case([m.any((2, 3), a, 0, 100), m.any((4,), b)], tag="%s_%s" % (a, b), bound="exact")
    m.case([m.floats((2, 3)), T("str", np.array(["a"], dtype=object)), ], nodes=[
        node("CastLike", ["x0", "x1"], ["s"]), node("CastLike", ["s", "x0"], ["y0"])], bound="f32", tag="text")
