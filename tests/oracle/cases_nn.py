"""cases_nn.py - cases of layers: convolution, pooling, normalisation, recurrence, attention, losses,
resampling."""
import itertools

import numpy as np

from cases import CODE, FLOATS, T, gen, node

I64 = lambda *v: T("i64", list(v))


@gen("Conv")
def conv(m):
    rows = [((1, 3, 7), (4, 3, 3), {}), ((2, 4, 6, 5), (6, 2, 3, 3), {"group": 2, "pads": [1, 1, 1, 1]}),
            ((1, 2, 9, 8), (3, 2, 3, 2), {"strides": [2, 1], "dilations": [2, 3]}),
            ((1, 2, 4, 5, 4), (3, 2, 2, 2, 3), {"pads": [0, 1, 1, 1, 0, 1]}),
            ((2, 4, 7, 7), (8, 1, 3, 3), {"group": 4, "strides": [2, 2], "pads": [0, 1, 2, 1]}),
            ((1, 3, 5, 5), (2, 3, 1, 1), {"strides": [2, 2]})]
    rows += [((1, 2, 7, 6), (3, 2, 3, 3), {"auto_pad": p, "strides": s}) for p in ("SAME_UPPER", "SAME_LOWER", "VALID")
             for s in ([1, 1], [2, 3])]
    rows += [((1, 2, 8), (3, 2, 4), {"auto_pad": p, "strides": [s], "dilations": [d]})
             for p in ("SAME_UPPER", "SAME_LOWER", "VALID") for s in (1, 2) for d in (1, 2) if s == 1 or d == 1]
    for x, w, a in rows:
        m.case([m.floats(x), m.floats(w), m.floats((w[0],))], dict(a, kernel_shape=list(w[2:])), const=(1, 2))
        m.case([m.floats(x), m.floats(w)], a)
    for t in FLOATS:
        m.case([m.floats((1, 2, 5, 5), t), m.floats((3, 2, 3, 3), t), m.floats((3,), t)], tag=t,
               bound="coarse" if t == "f16" else None)


@gen("ConvTranspose")
def conv_transpose(m):
    rows = [((1, 3, 5), (3, 2, 3), {}), ((2, 4, 4, 3), (4, 3, 3, 3), {"group": 2, "pads": [1, 1, 1, 1]}),
            ((1, 2, 3, 4), (2, 3, 3, 2), {"strides": [2, 3], "dilations": [2, 1]}),
            ((1, 2, 3, 4), (2, 2, 3, 3), {"strides": [3, 2], "output_padding": [1, 1], "pads": [0, 1, 1, 0]}),
            ((1, 2, 3, 3, 2), (2, 1, 2, 2, 3), {"strides": [2, 1, 2]}),
            ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [10, 8]}),
            ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [3, 2], "output_shape": [8, 6], "auto_pad": "SAME_LOWER"}),
            ((1, 2, 3, 3), (2, 2, 3, 3), {"strides": [2, 2], "output_shape": [6, 6], "auto_pad": "SAME_UPPER"})]
    rows += [((1, 2, 4, 3), (2, 3, 3, 3), {"auto_pad": p, "strides": s}) for p in ("SAME_UPPER", "SAME_LOWER", "VALID")
             for s in ([1, 1], [2, 3])]
    for x, w, a in rows:
        bias = m.floats((w[1] * a.get("group", 1),))
        m.case([m.floats(x), m.floats(w), bias], dict(a, kernel_shape=list(w[2:])), const=(1, 2))
        m.case([m.floats(x), m.floats(w)], a)


@gen("AveragePool MaxPool LpPool")
def pool(m):
    extras = {"AveragePool": [{}, {"count_include_pad": 1}], "MaxPool": [{}], "LpPool": [{}, {"p": 1}, {"p": 3}]}[m.op]
    dilated = {"AveragePool": 19, "MaxPool": 10, "LpPool": 18}[m.op] <= m.v
    ceiled = {"AveragePool": 10, "MaxPool": 10, "LpPool": 18}[m.op] <= m.v
    rows = [((1, 2, 9), {"kernel_shape": [3]}), ((2, 2, 7, 8), {"kernel_shape": [3, 2], "strides": [2, 2]}),
            ((1, 2, 7, 7), {"kernel_shape": [3, 3], "strides": [2, 1], "pads": [1, 1, 1, 0]}),
            ((1, 1, 5, 6, 5), {"kernel_shape": [2, 3, 2], "strides": [2, 2, 1], "pads": [0, 1, 1, 1, 0, 1]})]
    rows += [((1, 2, 7, 6), {"kernel_shape": [3, 3], "auto_pad": p, "strides": s})
             for p in ("SAME_UPPER", "SAME_LOWER", "VALID") for s in ([1, 1], [2, 3])]
    if dilated:
        rows += [((1, 2, 9, 9), {"kernel_shape": [3, 2], "dilations": [2, 3], "strides": [2, 1], "pads": [1, 0, 1, 1]}),
                 ((1, 2, 9), {"kernel_shape": [3], "dilations": [2]})]
    if ceiled:
        rows += [((1, 2, 7, 8), {"kernel_shape": [3, 3], "strides": [3, 2], "ceil_mode": 1}),
                 ((1, 2, 8, 8), {"kernel_shape": [3, 3], "strides": [3, 3], "pads": [1, 0, 1, 1], "ceil_mode": 1}),
                 ((1, 1, 4), {"kernel_shape": [1], "strides": [2], "ceil_mode": 1}),
                 ((1, 1, 2, 2), {"kernel_shape": [1, 1], "strides": [2, 2], "ceil_mode": 1})]
        if dilated:
            rows.append(((1, 2, 9, 10), {"kernel_shape": [2, 3], "dilations": [3, 2], "strides": [2, 3], "ceil_mode": 1,
                                         "pads": [1, 1, 0, 1]}))
    for (x, a), e in itertools.product(rows, extras):
        m.case([m.floats(x)], dict(a, **e))
    if m.op == "MaxPool" and m.v >= 8:
        for x, a in rows:
            for order in (0, 1):
                if a.get("auto_pad") is None:
                    m.case([m.floats(x)], dict(a, storage_order=order), outs=2)
    for t in FLOATS + (["i8", "u8"] if m.op == "MaxPool" and m.v >= 12 else []):
        m.case([m.any((1, 2, 6, 5), t)], {"kernel_shape": [2, 3], "pads": [0, 1, 0, 1]}, tag=t)


@gen("GlobalAveragePool GlobalMaxPool GlobalLpPool")
def global_pool(m):
    for t in FLOATS:
        for x in ((2, 3, 4), (1, 2, 3, 5), (2, 1, 3, 2, 2)):
            m.case([m.floats(x, t)], tag=t)
    if m.op == "GlobalLpPool":
        for p in (1, 3):
            m.case([m.floats((1, 2, 3, 5))], {"p": p})


@gen("MaxUnpool")
def unpool(m):
    x = m.floats((1, 1, 2, 2))
    i = I64([[[5, 7], [13, 15]]])
    m.case([x, T("i64", [[[[5, 7], [13, 15]]]])], {"kernel_shape": [2, 2], "strides": [2, 2]})
    m.case([m.floats((1, 2, 3)), T("i64", [[[0, 3, 5], [6, 9, 10]]])], {"kernel_shape": [2], "strides": [2]})


@gen("MaxRoiPool")
def roi_pool(m):
    for s in (1.0, 0.5):
        m.case([m.floats((2, 2, 6, 7)), T("f32", [[0, 0, 0, 4, 4], [1, 1, 2, 6, 5], [0, 3, 3, 3, 3]])],
               {"pooled_shape": [2, 3], "spatial_scale": s})


@gen("RoiAlign")
def roi_align(m):
    modes = [None, "half_pixel", "output_half_pixel"] if m.v >= 16 else [None]
    for mode, kind, ratio in itertools.product(modes, ("avg", "max"), (0, 2)):
        m.case([m.floats((2, 2, 6, 7)), T("f32", [[0, 0, 4, 4], [1.3, 2.2, 6.1, 5], [-1, -1, 3, 3.5]]), I64(0, 1, 0)],
               {"output_height": 2, "output_width": 3, "spatial_scale": .75, "mode": kind, "sampling_ratio": ratio,
                "coordinate_transformation_mode": mode})


@gen("BatchNormalization")
def batch_norm(m):
    for x in ((2, 3, 4), (2, 3), (1, 2, 3, 4), (2, 1, 2, 2, 3)):
        c = x[1]
        par = [m.floats((c,)), m.floats((c,)), m.floats((c,)), m.floats((c,), low=.1)]
        m.case([m.floats(x)] + par, {"epsilon": 1e-3})
        m.case([m.floats(x)] + par, const=(1, 2, 3, 4))
        if m.v >= 14:
            m.case([m.floats(x)] + par, {"training_mode": 1, "momentum": .7}, outs=3)
    for t in FLOATS:
        m.case([m.floats((2, 3, 2), t)] + [m.floats((3,), t, .1) for _ in range(4)], tag=t,
               bound="coarse" if t == "f16" else None)


@gen("InstanceNormalization GroupNormalization LRN LpNormalization MeanVarianceNormalization")
def norms(m):
    if m.op == "InstanceNormalization":
        for x in ((2, 3, 4), (2, 3, 4, 5)):
            m.case([m.floats(x), m.floats((3,)), m.floats((3,))], {"epsilon": 1e-3})
        for t in FLOATS:
            m.case([m.floats((2, 3, 5), t), m.floats((3,), t), m.floats((3,), t)], tag=t,
                   bound="coarse" if t == "f16" else None)
    elif m.op == "GroupNormalization":
        n = 2 if m.v < 21 else 4
        for x in ((2, 4, 3), (2, 4, 3, 2)):
            m.case([m.floats(x), m.floats((n,)), m.floats((n,))], {"num_groups": 2, "epsilon": 1e-3})
    elif m.op == "LRN":
        for size in (1, 3, 2, 5):
            m.case([m.floats((2, 5, 3, 2))], {"size": size, "alpha": .1, "beta": .5, "bias": 2.0})
        m.case([m.floats((2, 5, 3, 2))], {"size": 3})
    elif m.op == "LpNormalization":
        for axis, p in itertools.product((None, 0, 1), (None, 1, 2)):
            m.case([m.floats((3, 4, 2))], {"axis": axis, "p": p})
        m.case([T("f32", [[0, 0], [0, 0]])], {"p": 2}, tag="zero")
        m.case([m.floats((3, 4), "f64")], tag="f64")
    else:
        m.case([m.floats((2, 3, 4, 5))])
        m.case([m.floats((2, 3, 4))], {"axes": [0, 1]})
        m.case([m.floats((2, 3, 4))], {"axes": [-1]})


@gen("LayerNormalization RMSNormalization")
def layer_norm(m):
    for axis in (None, 1, -2, 0):
        x = (2, 3, 4)
        s = x[axis if axis is not None else -1:]
        b = [m.floats(s)] if m.op == "LayerNormalization" else []
        outs = [1, 3, [True, False, True]] if b else [1]
        for o in outs:
            m.case([m.floats(x), m.floats(s)] + b, {"axis": axis, "epsilon": 1e-3}, outs=o)
        m.case([m.floats(x), m.floats(s)], {"axis": axis})
    m.case([m.floats((2, 3, 4)), m.floats((1, 4))], {"axis": -2}) if m.op == "RMSNormalization" else None
    for t in FLOATS:
        m.case([m.floats((2, 6), t), m.floats((6,), t)], tag=t, bound="coarse" if t == "f16" else None)


@gen("Softmax LogSoftmax Hardmax")
def softmax(m):
    for axis in (None, 0, 1, 2) + ((-1, -2, -3) if m.v >= 11 else ()):
        m.case([m.floats((2, 3, 4))], {"axis": axis}, more=[[m.floats((3, 1, 2))], [m.floats((1, 5, 3), low=-90, high=90)]])
    if m.op == "Hardmax":
        m.case([T("f32", [[1, 3, 3, 2], [0, 0, 0, 0]])], tag="ties")
    for t in FLOATS:
        m.case([m.floats((3, 5), t)], tag=t, bound="coarse" if t == "f16" else None)


@gen("LSTM GRU RNN")
def recurrent(m):
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[m.op]
    T_, B, I, H = 4, 3, 2, 3
    for direction, bias, lens, state in itertools.product(("forward", "reverse", "bidirectional"), (0, 1), (0, 1), (0, 1)):
        D = 2 if direction == "bidirectional" else 1
        ins = [m.floats((T_, B, I)), m.floats((D, gates * H, I), low=-1, high=1), m.floats((D, gates * H, H), low=-1, high=1),
               m.floats((D, 2 * gates * H), low=-1, high=1) if bias else None, T("i32", [4, 2, 3]) if lens else None,
               m.floats((D, B, H), low=-1, high=1) if state else None]
        outs = 2
        a = {"hidden_size": H, "direction": direction}
        if m.op == "LSTM":
            outs = 3
            ins += [m.floats((D, B, H), low=-1, high=1) if state else None, m.floats((D, 3 * H), low=-1, high=1) if bias and lens else None]
        m.case(ins, a, outs=outs, const=(1, 2))
        if m.op == "GRU":
            m.case(ins, dict(a, linear_before_reset=1), outs=outs)
        if m.v >= 14 and not lens: # ONNX Runtime lacks layout 1: it gets transposes around layout 0
            turn = lambda t: t and T("f32", t.a.transpose(1, 0, 2))
            ins2 = [turn(ins[0])] + ins[1:5] + [turn(t) for t in ins[5:7]] + ins[7:]
            names = ["" if t is None else "x%d" % i for i, t in enumerate(ins2)]
            swapped = [i for i in (0, 5, 6) if i < len(ins2) and ins2[i] is not None]
            around = [node("Transpose", ["x%d" % i], ["t%d" % i], perm=[1, 0, 2]) for i in swapped]
            around.append(node(m.op, ["t%d" % i if i in swapped else n for i, n in enumerate(names)],
                               ["u%d" % i for i in range(outs)], **a))
            around += [node("Transpose", ["u%d" % i], ["y%d" % i], perm=[2, 0, 1, 3] if i == 0 else [1, 0, 2]) for i in range(outs)]
            m.case(ins2, dict(a, layout=1), outs=outs, tag="layout", oracle=around)
    # small: ONNX Runtime's Softplus overflows where exp does, and unbounded gates grow step by step
    ins = [m.floats(s, low=-.4, high=.4) for s in ((T_, B, I), (1, gates * H, I), (1, gates * H, H))]
    n = {"LSTM": 3, "GRU": 2, "RNN": 1}[m.op]
    for acts, alpha, beta in ((["Relu"] * n, None, None), (["HardSigmoid"] * n, [.3] * n, [.4] * n), (["Elu"] * n, [.5] * n, None),
                              (["Affine"] * n, [.5] * n, [.1] * n), (["Softsign"] * n, None, None), (["Softplus"] * n, None, None),
                              (["LeakyRelu"] * n, [.1] * n, None), (["ThresholdedRelu"] * n, [.2] * n, None),
                              (["ScaledTanh"] * n, [.5] * n, [.7] * n)):
        m.case(ins, {"hidden_size": H, "activations": acts, "activation_alpha": alpha, "activation_beta": beta}, outs=[True, True],
               tag=acts[0])
    m.case(ins, {"hidden_size": H, "clip": .3}, outs=[False, True], tag="clip")
    if m.op == "LSTM":
        m.case(ins, {"hidden_size": H, "input_forget": 1}, outs=[False, True, True], tag="couple")


@gen("Resize")
def resize(m):
    modes = ["nearest", "linear"] + (["cubic"] if m.v >= 11 else [])
    # scales that f32 holds exactly and that land on no middle, where f32 and f64 would decide differently
    rows = [((1, 1, 4, 5), [1, 1, 2, 1.5], None), ((1, 2, 5, 4), [1, 1, .6875, .5], None), ((1, 1, 4, 5), [1, 1, 1.375, .6875], None),
            ((1, 1, 4, 6), [1, 1, 2, 1.5], None)]
    if m.v < 11:
        for mode, (x, s, _) in itertools.product(modes, rows):
            m.case([m.floats(x), T("f32", s)], {"mode": mode}, tag=mode)
        return
    rows += [((1, 1, 4, 5), None, [1, 1, 7, 3]), ((1, 2, 3, 4), None, [1, 2, 6, 8]), ((1, 1, 4, 4), None, [1, 1, 1, 1])]
    frames = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"] + (
        ["tf_half_pixel_for_nn"] if m.v < 13 else []) + (["half_pixel_symmetric"] if m.v >= 19 else [])
    empty = T("f32", np.zeros(0)) if m.v < 13 else None
    for mode, frame, (x, s, size) in itertools.product(modes, frames, rows):
        if frame == "align_corners" and s and any(n * k % 1 for n, k in zip(x, s)):
            continue # ONNX Runtime divides by the rounded length, the specification does not
        if mode == "nearest" and frame == "half_pixel_symmetric" and size == [1, 1, 7, 3]:
            continue # 2.0 exactly, which f32 misses
        for near in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil") if mode == "nearest" else (None,):
            a = {"mode": mode, "coordinate_transformation_mode": frame, "nearest_mode": near}
            ins = [m.floats(x), empty, T("f32", s) if s else (empty if m.v < 13 else None), I64(*size) if size else None]
            m.case(ins, a, const=(1, 2, 3), tag=mode + "_" + frame)
        if mode == "cubic":
            for e in ({"exclude_outside": 1}, {"cubic_coeff_a": -.5}):
                m.case(ins, dict(a, **e), const=(1, 2, 3), tag="cubic_" + frame)
        if mode == "linear" and m.v >= 18 and s:
            m.case(ins, dict(a, antialias=1), const=(1, 2, 3), tag="antialias_" + frame)
            if mode != "nearest":
                m.case(ins, dict(a, antialias=1, mode="cubic"), const=(1, 2, 3), tag="antialias_cubic_" + frame)
    roi = T("f32", [0, 0, .1875, .125, 1, 1, .8125, 1.25])
    for mode in modes:
        m.case([m.floats((1, 1, 5, 6)), roi, empty, I64(1, 1, 4, 3)], {
            "mode": mode, "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 9.0}, const=(1, 2, 3),
               tag="crop_" + mode)
    if m.v >= 18:
        for mode, policy in itertools.product(modes, ("stretch", "not_larger", "not_smaller")):
            m.case([m.floats((1, 1, 4, 6)), None, None, I64(7, 8)], {"mode": mode, "axes": [2, 3], "keep_aspect_ratio_policy": policy},
                   const=(3,), tag=policy)
        m.case([m.floats((1, 1, 4, 6)), None, T("f32", [.5, 2]), None], {"mode": "linear", "axes": [3, 2]}, const=(2,))
    for t in FLOATS + ["u8", "i8", "i32"]:
        m.case([m.any((1, 1, 4, 5), t), empty, T("f32", [1, 1, 2, 2]), None], {"mode": "nearest"}, tag=t, const=(1, 2))


@gen("Upsample")
def upsample(m):
    for mode, s in itertools.product(("nearest", "linear"), ([1, 1, 2, 2], [1, 1, 1.5, 3])):
        if m.v == 7:
            m.case([m.floats((1, 2, 3, 4))], {"scales": [float(v) for v in s], "mode": mode})
        else:
            m.case([m.floats((1, 2, 3, 4)), T("f32", s)], {"mode": mode})


@gen("GridSample")
def grid_sample(m):
    four = ("bilinear", "nearest", "bicubic") if m.v < 20 else ("linear", "nearest", "cubic")
    for mode, pad, align in itertools.product(four, ("zeros", "border", "reflection"), (0, 1)):
        a = {"mode": mode, "padding_mode": pad, "align_corners": align}
        m.case([m.floats((2, 2, 4, 5)), m.floats((2, 3, 4, 2), low=-1.4, high=1.4)], a, tag=mode)
        if m.v >= 20 and mode != "cubic":
            m.case([m.floats((1, 2, 3, 4, 3)), m.floats((1, 2, 3, 2, 3), low=-1.4, high=1.4)], a, tag=mode + "3d")


@gen("AffineGrid")
def affine_grid(m):
    for align in (0, 1):
        m.case([m.floats((2, 2, 3)), I64(2, 3, 4, 5)], {"align_corners": align})
        m.case([m.floats((2, 3, 4)), I64(2, 3, 4, 5, 3)], {"align_corners": align}, const=(1,))


@gen("DeformConv")
def deform_conv(m):
    for group, og, a in ((1, 1, {}), (2, 2, {"pads": [1, 1, 1, 1]}), (1, 2, {"strides": [2, 1], "dilations": [1, 2], "pads": [1, 2, 1, 2]})):
        x = (1, 4, 5, 6)
        pads, s, d = a.get("pads", [0] * 4), a.get("strides", [1, 1]), a.get("dilations", [1, 1])
        o = [(x[2 + i] + pads[i] + pads[2 + i] - d[i] - 1) // s[i] + 1 for i in (0, 1)]
        w = m.floats((4, 4 // group, 2, 2))
        off = m.floats((1, og * 8, *o), low=-1.5, high=1.5)
        attrs = dict(a, group=group, offset_group=og, kernel_shape=[2, 2])
        m.case([m.floats(x), w, off], attrs)
        m.case([m.floats(x), w, off, m.floats((4,)), m.floats((1, og * 4, *o))], attrs)


@gen("NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss")
def losses(m):
    for x, t in (((3, 5), (3,)), ((2, 4, 3), (2, 3)), ((2, 3, 2, 2), (2, 2, 2))):
        for reduction, weight, ignore in itertools.product(("none", "mean", "sum"), (0, 1), (None, 1, -1)):
            target = m.ints(t, "i64" if weight else "i32", 0, x[1])
            if ignore == -1:
                target.a.reshape(-1)[0] = -1
            outs = 2 if m.op[0] == "S" and weight else 1
            m.case([m.floats(x), target, m.floats((x[1],), low=.1) if weight else None],
                   {"reduction": reduction, "ignore_index": ignore}, outs=outs)


@gen("Dropout")
def dropout(m):
    for t in FLOATS:
        ins = [m.floats((3, 4), t)]
        if m.v < 12:
            m.case(ins, {"ratio": .3}, tag=t)
            m.case(ins, tag=t) # ONNX Runtime's mask of nothing dropped is all false, the specification is silent
        else:
            m.case(ins, outs=2, tag=t)
            m.case(ins + [T("f32", .3), T("bool", False)], outs=2, tag=t)
            m.case(ins + [T("f32", 0), T("bool", True)], outs=2, tag=t)


@gen("Attention")
def attention(m):
    B, S, K, H, D = 2, 3, 4, 2, 4
    for causal, cap, mask in itertools.product((0, 1), (None, 2.0), (None, "f32", "bool")):
        mk = None if mask is None else (m.bools((S, K)) if mask == "bool" else m.floats((S, K)))
        if mask == "bool":
            mk.a[:, 0] = True
        a = {"is_causal": causal, "softcap": cap}
        m.case([m.floats((B, H, S, D)), m.floats((B, H, K, D)), m.floats((B, H, K, D)), mk], a, tag="4d")
        m.case([m.floats((B, S, H * D)), m.floats((B, K, D)), m.floats((B, K, D)), mk], dict(a, q_num_heads=H, kv_num_heads=1), tag="3d")
    past = [m.floats((B, H, 2, D)), m.floats((B, H, 2, D))]
    qkv = [m.floats((B, H, S, D)), m.floats((B, H, K, D)), m.floats((B, H, K, D))]
    m.case(qkv + [None] + past, {"scale": .3}, outs=3, tag="past")
    m.case(qkv + [m.floats((S, K + 2))] + past, outs=4, tag="past")
    for mode in (0, 1, 2, 3):
        m.case(qkv + [m.floats((S, K))], {"qk_matmul_output_mode": mode, "softcap": 1.5}, outs=[True, False, False, True], tag="qk")
    if m.v >= 24:
        m.case(qkv + [None, None, None, I64(2, 4)], tag="nonpad")


@gen("RotaryEmbedding")
def rotary(m):
    for inter, part in itertools.product((0, 1), (None, 2)):
        half = (part or 4) // 2
        a = {"interleaved": inter, "rotary_embedding_dim": part}
        m.case([m.floats((2, 2, 3, 4)), m.floats((6, half)), m.floats((6, half)), m.ints((2, 3), "i64", 0, 6)], a)
        m.case([m.floats((2, 2, 3, 4)), m.floats((2, 3, half)), m.floats((2, 3, half))], a)
        m.case([m.floats((2, 3, 8)), m.floats((6, half)), m.floats((6, half)), m.ints((2, 3), "i64", 0, 6)], dict(a, num_heads=2))


@gen("NonMaxSuppression")
def nms(m):
    for center, scores, limit in itertools.product((0, 1), (None, .3), (2, 100)):
        c = m.rng.rand(2, 8, 2)
        s = m.rng.rand(2, 8, 2) * .5 + .1
        boxes = np.concatenate([c, s] if center else [c - s, c + s], -1)
        ins = [T("f32", boxes), T("f32", m.rng.rand(2, 3, 8)), I64(limit), T("f32", [.4]), T("f32", [scores]) if scores else None]
        m.case(ins, {"center_point_box": center}, bound="exact")
    m.case([T("f32", boxes), T("f32", m.rng.rand(2, 1, 8))], bound="exact")


@gen("Einsum")
def einsum(m):
    for eq, *shapes in (("ij,jk->ik", (2, 3), (3, 4)), ("ij->ji", (2, 3)), ("ii->i", (3, 3)), ("ii", (3, 3)), ("i,i", (4,), (4,)),
                        ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("...ij->...ji", (2, 2, 3)), ("ij->", (2, 3)), ("ij,ij->i", (2, 3), (2, 3)),
                        ("...ii->...i", (2, 3, 3)), ("i,j,k->ijk", (2,), (3,), (2,)), ("b...d,d->b...", (2, 3, 4), (4,)),
                        ("...ij,...jk", (2, 1, 2, 3), (3, 3, 2)), (" ij , jk -> ik ", (2, 3), (3, 2)), ("bhqd,bhkd->bhqk", (1, 2, 3, 4), (1, 2, 2, 4))):
        xs = [m.floats(s) for s in shapes]
        m.case(xs, {"equation": eq}, want=[T("f32", np.einsum(eq, *[x.a for x in xs]))] if eq == "...ij,...jk" else None)
    for t in ("f64", "i32", "i64", "f16"):
        m.case([m.any((2, 3), t), m.any((3, 2), t)], {"equation": "ab,bc->ac"}, tag=t)


@gen("Det")
def det(m):
    for t in ("f32", "f64"):
        for x in ((3, 3), (2, 2, 2), (1, 1), (2, 2, 4, 4)):
            m.case([m.floats(x, t)], tag=t)
    m.case([T("f32", [[1, 2], [2, 4]])], tag="singular")


@gen("DFT")
def dft(m):
    for n, inverse, one in ((None, 0, 0), (None, 1, 0), (None, 0, 1), (7, 0, 0), (3, 0, 1)):
        for axis, c in itertools.product((1, 2), (1, 2)):
            if one and c == 2:
                continue
            x = m.floats((2, 5, 4, c))
            ln = I64(n) and T("i64", n) if n else None
            if m.v < 20:
                m.case([x, ln], {"axis": axis, "inverse": inverse, "onesided": one}, const=(1,))
            else:
                m.case([x, ln, T("i64", axis)], {"inverse": inverse, "onesided": one}, const=(1, 2))
                m.case([x, ln, T("i64", axis - 4)], {"inverse": inverse, "onesided": one})
    m.case([m.floats((1, 6, 1), "f64")], tag="f64")


@gen("STFT")
def stft(m):
    for one in (0, 1):
        m.case([m.floats((2, 20, 1)), T("i64", 3), m.floats((8,))], {"onesided": one})
        m.case([m.floats((1, 20, 1)), T("i64", 4), None, T("i64", 8)], {"onesided": one})
        m.case([m.floats((1, 21, 1), "f64"), T("i64", 4), m.floats((6,), "f64"), T("i64", 6)], {"onesided": one})


@gen("HannWindow HammingWindow BlackmanWindow")
def windows(m):
    for n, p in itertools.product((1, 2, 8, 9), (0, 1)):
        if n == 1 and not p: # 0 / 0 in the formula; 1 here, as everybody else's windows of one
            continue
        m.case([T("i64", n)], {"periodic": p}, bound="f32")
        m.case([T("i32", n)], {"periodic": p, "output_datatype": CODE["f64"]}, bound="f32")


@gen("MelWeightMatrix")
def mel(m):
    for bins, n, rate, low, high in ((8, 16, 8192, 0.0, 4096.0), (4, 32, 16000, 100.0, 7000.0), (10, 512, 22050, 20.0, 8000.0)):
        m.case([T("i64", bins), T("i64", n), T("i64", rate), T("f32", low), T("f32", high)])
        m.case([T("i32", bins), T("i32", n), T("i32", rate), T("f32", low), T("f32", high)], {"output_datatype": CODE["f64"]}, bound="f32")
