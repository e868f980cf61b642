#!/usr/bin/env python3
"""shapes.py - does shape inference know as much as ONNX's own?

Usage: shapes.py PROBED
PROBED is what shape_probe --bare printed. Every model in it of opset <= 17 (what Debian's onnx 1.12
knows) is inferred by onnx.shape_inference, likewise without the declarations of values and outputs.
A known dimension or type that ours contradicts or lacks fails, unless EXCUSED says why.
"""
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor

import onnx
from onnx import TensorProto, shape_inference

NAMES = {TensorProto.DataType.Value(k): v for k, v in (
    ("FLOAT", "float32"), ("DOUBLE", "float64"), ("FLOAT16", "float16"), ("BFLOAT16", "bfloat16"), ("BOOL", "bool"),
    ("STRING", "string"), ("INT8", "int8"), ("INT16", "int16"), ("INT32", "int32"), ("INT64", "int64"),
    ("UINT8", "uint8"), ("UINT16", "uint16"), ("UINT32", "uint32"), ("UINT64", "uint64"), ("COMPLEX64", "complex64"),
    ("COMPLEX128", "complex128"))}

# Where ONNX infers more, or wrongly: (pattern of "model value: what", reason).
EXCUSED = [
    (r"(test_sequence|test_optional|Sequence|ConcatFromSequence|SplitToSequence|Optional).*: unknown, onnx knows",
     "inference knows that a value is a sequence or an optional, and not of what"),
    (r"(MaxPool|AveragePool)-1[0-2].* onnx infers", "onnx 1.12 counts windows that begin beyond the input; its later releases do not"),
    (r"Scan-\d+\S* y0: dim 0: unknown", "after no iteration a state is what came in, whatever the body declares"),
]


def read_probe(path):
    """[(model path, {value: (type, dims or None)})]"""
    models = []
    with open(path) as f:
        for line in f:
            kind, *rest = line.rstrip("\n").split("\t")
            if kind == "MODEL":
                models.append((rest[0], {}))
            elif kind == "VALUE":
                name, dtype, dims = rest
                shape = None if dims == "?" else [int(d) if d != "?" else None for d in dims[1:-1].split(",") if d]
                models[-1][1][name] = (None if dtype == "?" else dtype, shape)
    return models


def infer_onnx(path):
    """{value: (type, dims or None)}, or a text that says why not."""
    file = os.path.join(path, "model.onnx") if os.path.isdir(path) else path
    model = onnx.load(file, load_external_data=False)
    if any(o.domain in ("", "ai.onnx") and o.version > 17 for o in model.opset_import):
        return "an opset that onnx 1.12 does not know"
    del model.graph.value_info[:]
    for o in model.graph.output:
        o.ClearField("type")
    try:
        inferred = shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:  # whatever it throws, it is not the judge then
        return "onnx: %s" % str(error).split("\n")[0][:120]
    out = {}
    for v in list(inferred.graph.value_info) + list(inferred.graph.output):
        if v.type.HasField("tensor_type"):
            t = v.type.tensor_type
            dims = [d.dim_value if d.HasField("dim_value") else None for d in t.shape.dim] if t.HasField("shape") else None
            out[v.name] = (NAMES.get(t.elem_type), dims)
    return out


def judge(item):
    path, ours = item
    theirs = infer_onnx(path)
    if isinstance(theirs, str):
        return path, theirs, 0, [], [], 0
    wrong, less, known, more = [], [], 0, 0
    for name, (dtype, dims) in theirs.items():
        if name not in ours:
            continue
        mine_type, mine = ours[name]
        facts = [("type", dtype, mine_type), ("rank", None if dims is None else len(dims), None if mine is None else len(mine))]
        if dims is not None:
            facts += [("dim %d" % k, d, mine[k] if mine is not None and k < len(mine) else None) for k, d in enumerate(dims)]
        for what, want, got in facts:
            if want is None:
                more += got is not None
            elif got is None:
                less.append("%s: %s: unknown, onnx knows %s" % (name, what, want))
            elif got != want:
                wrong.append("%s: %s: %s, onnx infers %s" % (name, what, got, want))
            else:
                known += 1
    return path, None, known, wrong, less, more


def main(path):
    models = read_probe(path)
    known = more = excused = bad = skipped = 0
    with ProcessPoolExecutor(2) as pool:
        for model, why, k, wrong, less, m in pool.map(judge, models, chunksize=32):
            skipped += why is not None
            known += k
            more += m
            for text in wrong + less:
                label = "%s %s" % (os.path.basename(model), text)
                if any(re.match(pattern, label) for pattern, _ in EXCUSED):
                    excused += 1
                else:
                    bad += 1
                    print(label)
    print("%d models, %d of them beyond onnx: %d types, ranks and dims alike, %d that only we know, %d excused, %d to mend"
          % (len(models), skipped, known, more, excused, bad))
    return 1 if bad or not known else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
