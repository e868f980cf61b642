#!/usr/bin/python3
"""Write tests/unit/contrib_recorded.def: what ONNX Runtime computes for the cases of
tests/oracle/contrib_cases.py, as rows for test_ops_ms_recorded.c.

usage: OFZ_NODE_MODULES=FOLDER make_contrib_goldens.py

FOLDER holds onnxruntime-node. Needs numpy, onnx and node; the file names the versions that made it.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORACLE = ROOT / "tests" / "oracle"
TYPES = {"float32": "F32", "float64": "F64", "int8": "I8", "uint8": "U8", "int16": "I16", "uint16": "U16", "int32": "I32",
         "uint32": "U32", "int64": "I64", "uint64": "U64", "bool": "BOOL"}
SHORT = 400  # elements of the largest tensor that is worth writing down



def tensor(array):
    if array.dtype.kind == "f":
        text = " ".join(str(x) for x in array.ravel())  # the shortest that reads back the same
    else:
        text = " ".join(str(int(x)) for x in array.ravel())
    return f'"{TYPES[array.dtype.name]}[{",".join(map(str, array.shape))}] {text}"'


def attribute(a):
    value = onnx.helper.get_attribute_value(a)
    if a.type == onnx.AttributeProto.FLOAT:
        text = f"{value:.8g}"
        value = text if set(text) & set(".en") else text + ".0"
    elif a.type == onnx.AttributeProto.STRING:
        value = f"'{value.decode()}'"
    elif a.type == onnx.AttributeProto.FLOATS:
        value = "[" + ",".join(f"{x:.8g}" if set(f"{x:.8g}") & set(".en") else f"{x:.8g}.0" for x in value) + "]"
    elif a.type == onnx.AttributeProto.INTS:
        value = "[" + ",".join(map(str, value)) + "]"
    return f"{a.name}={value}"


def row(folder):
    node = onnx.load(folder / "model.onnx").graph.node[0]
    attrs = " ".join(attribute(a) for a in node.attribute)
    lists = []
    for names, part in ((node.input, "in"), (node.output, "out")):
        arrays = [np.load(folder / part / f"{n}.npy") if n else None for n in names]
        if any(a is not None and a.size > SHORT for a in arrays):
            return None
        lists.append(", ".join('"-"' if a is None else tensor(a) for a in arrays))
    name = f"{node.domain}:{node.op_type}" if node.domain else node.op_type
    opset = 1 if node.domain else 17
    return f'{{ "{name}", {opset}, {json.dumps(attrs) if attrs else "NULL"}, {{ {lists[0]} }}, {{ {lists[1]} }} }},'


def main():
    modules = pathlib.Path(os.environ["OFZ_NODE_MODULES"]).resolve()
    version = json.loads((modules / "onnxruntime-node" / "package.json").read_text())["version"]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        shutil.copy(ORACLE / "ort_run.mjs", scratch)
        (scratch / "node_modules").symlink_to(modules)
        subprocess.run([sys.executable, ORACLE / "contrib_cases.py", "make", scratch / "cases"], check=True)
        folders = sorted((scratch / "cases").iterdir())
        for at in range(0, len(folders), 50):
            args = [str(p) for f in folders[at:at + 50] for p in (f / "model.onnx", f / "in", f / "out")]
            subprocess.run(["node", scratch / "ort_run.mjs", *args], check=True)
        rows = [r for r in map(row, folders) if r]
    head = (f"/* Recorded by tools/make_contrib_goldens.py from ONNX Runtime {version} (numpy {np.__version__}, onnx "
            f"{onnx.__version__}). */\n")
    (ROOT / "tests" / "unit" / "contrib_recorded.def").write_text(head + "\n".join(rows) + "\n")
    print(f"{len(rows)} of {len(folders)} cases, onnxruntime-node {version}")


if __name__ == "__main__":
    main()
