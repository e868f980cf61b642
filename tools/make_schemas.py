#!/usr/bin/env python3
"""make_schemas.py [SCHEMAS.json] - write src/ops/schema_*.def from ONNX's operator schemas.

SCHEMAS.json is a dump of onnx.defs.get_all_schemas_with_history(): a list of objects with domain, name,
since, deprecated, inputs, outputs (name, type, option 0 single, 1 optional, 2 variadic, homog, min_arity),
type_constraints (name, types) and attributes (name, type, required, default). Without it the schemas of
the installed onnx package are taken, which know no more than that package's operator sets.

--check compares instead of writing: each schema given must stand in the files as it would be written."""
import json
import pathlib
import sys

OPS = pathlib.Path(__file__).resolve().parent.parent / "src" / "ops"

# Which file an operator belongs to: the first whose last letter is not before the name's. The other
# domains have a file of their own.
FILES = [("a_c", "C"), ("d_l", "L"), ("m_r", "R"), ("s_z", "Z")]
OTHERS = "others"

NAMES = {"float": "float32", "double": "float64"}
GROUPS = [
    ("floats", ["float16", "float32", "float64"]),
    ("bfloat16", ["bfloat16"]),
    ("float8s", ["float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz"]),
    ("ints", ["int8", "int16", "int32", "int64"]),
    ("uints", ["uint8", "uint16", "uint32", "uint64"]),
    ("complexes", ["complex64", "complex128"]),
]
ORDER = ["float16", "float32", "float64", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
         "float8e5m2fnuz", "float8e8m0", "float4e2m1", "int2", "int4", "int8", "int16", "int32", "int64",
         "uint2", "uint4", "uint8", "uint16", "uint32", "uint64", "complex64", "complex128", "bool",
         "string"]

HEAD = """/* schema_%s.def - what ONNX says of each version of an operator: formal parameters, the element types
 * that they may have, attributes. schema.h describes the notation.
 * Origin: the operator schemas of ONNX (github.com/onnx/onnx, Apache-2.0).
 * Written by tools/make_schemas.py SCHEMAS.json: change the script, not this file. */
"""


def elements(names):
    """Element types in one order, whole families by their name."""
    left, out = set(names), []
    for name in ORDER:
        group = next((g for g in GROUPS if name in g[1]), None)
        if name not in left:
            continue
        if group and set(group[1]) <= left:
            out.append(group[0])
            left -= set(group[1])
        else:
            out.append(name)
            left.discard(name)
    assert not left, left
    return " ".join(out)


def inside(text, shell):
    """The element type in `shell`, "tensor" or "seq(tensor"; None when the type is of another kind."""
    if text.startswith(shell + "(") and text.endswith(")" * (shell.count("(") + 1)):
        body = text[len(shell) + 1:-(shell.count("(") + 1)]
        return None if "(" in body else NAMES.get(body, body)
    return None


def type_set(types):
    out = []
    for shell, form in (("tensor", "%s"), ("seq(tensor", "seq(%s)"), ("optional(tensor", "optional(%s)"),
                        ("optional(seq(tensor", "optional(seq(%s))")):
        found = [inside(t, shell) for t in types]
        found = [f for f in found if f]
        if found:
            out.append(form % elements(found))
    maps = [t for t in types if "map(" in t]
    for t in sorted(maps):
        body = t.replace("seq(", "").replace("map(", "").replace(")", "").split(", ")
        text = "map(%s,%s)" % tuple(NAMES.get(b, b) for b in body)
        out.append("seq(%s)" % text if t.startswith("seq(") else text)
    return " ".join(out)


def formal(f, constraints):
    kind = f["type"] if f["type"] in constraints else type_set([f["type"]])
    tail = {0: "", 1: "?", 2: "*" if f["min_arity"] == 0 else "+"}[f["option"]]
    each = "~" if f["option"] == 2 and not f["homog"] else ""
    return "%s:%s%s%s" % (f["name"], kind, tail, each)


def value(v):
    if isinstance(v, list):
        return "[" + ",".join(value(x) for x in v) + "]"
    return "'%s'" % v if isinstance(v, str) else "%.9g" % v if isinstance(v, float) else str(v)


def attribute(a):
    text = "%s:%s" % (a["name"], a["type"].lower())
    if a["required"]:
        return text + "!"
    return text + "=" + value(a["default"]) if "default" in a else text


def wrapped(text, room=84):
    """String literals of at most `room` characters, cut at spaces."""
    lines, line = [], ""
    for word in text.split(" ") if text else []:
        if line and len(line) + len(word) + 1 > room:
            lines.append(line + " ")
            line = ""
        line += (" " if line else "") + word
    lines.append(line)
    return ("\n" + " " * 7).join('"%s"' % x for x in lines)


def entry(e):
    names = [c["name"] for c in e["type_constraints"]]
    used = {f["type"] for f in e["inputs"] + e["outputs"]}
    line = " ".join(formal(f, names) for f in e["inputs"]) + " -> "
    line += " ".join(formal(f, names) for f in e["outputs"])
    types = "; ".join("%s = %s" % (c["name"], type_set(c["types"])) for c in e["type_constraints"]
                      if c["name"] in used)
    return 'SCHEMA("%s", "%s", %d, %d,\n       %s,\n       %s,\n       %s)\n' % (
        e["domain"], e["name"], e["since"], e["deprecated"], wrapped(line.strip()), wrapped(types),
        wrapped(" ".join(attribute(a) for a in sorted(e["attributes"], key=lambda a: a["name"]))))


CONSTANT_9 = ["tensor(%s)" % t for t in (
    "bool", "complex128", "complex64", "double", "float", "float16", "int16", "int32", "int64", "int8", "string",
    "uint16", "uint32", "uint64", "uint8")]


def mended(e):
    """Tile-1 constrains T1 to int64, uses it nowhere and gives tiles and axis the type of the data: both
    are taken. Constant-1 lists floats alone, and yet exporters of its time and ONNX's own tests of them
    hold shapes in it: it makes what Constant-9 does."""
    if (e["name"], e["since"], e["domain"]) == ("Constant", 1, ""):
        e["type_constraints"][0]["types"] = CONSTANT_9
    if (e["name"], e["since"], e["domain"]) == ("Tile", 1, ""):
        for f in e["inputs"][1:]:
            f["type"] = "T1"
        for c in e["type_constraints"]:
            if c["name"] == "T1":
                c["types"] = ["tensor(double)", "tensor(float)", "tensor(float16)", "tensor(int64)"]
    return e


def file_of(e):
    return OTHERS if e["domain"] else next(f for f, last in FILES if e["name"][0].upper() <= last)


def installed():
    from onnx import defs, helper

    def formals(fs):
        return [{"name": f.name, "type": f.typeStr, "option": int(f.option), "homog": f.isHomogeneous,
                 "min_arity": f.minArity if hasattr(f, "minArity") else 1} for f in fs]

    def attributes(s):
        for a in s.attributes.values():
            one = {"name": a.name, "type": a.type.name, "required": a.required}
            if a.default_value.type:
                v = helper.get_attribute_value(a.default_value)
                v = [x.decode() if isinstance(x, bytes) else x for x in v] if isinstance(v, list) else v
                one["default"] = v.decode() if isinstance(v, bytes) else v
            yield one

    return [{"domain": s.domain, "name": s.name, "since": s.since_version, "deprecated": s.deprecated,
             "inputs": formals(s.inputs), "outputs": formals(s.outputs),
             "type_constraints": [{"name": c.type_param_str, "types": list(c.allowed_type_strs)}
                                  for c in s.type_constraints],
             "attributes": list(attributes(s))} for s in defs.get_all_schemas_with_history()]


def main():
    args = sys.argv[1:]
    check = "--check" in args
    args = [a for a in args if a != "--check"]
    schemas = json.load(open(args[0])) if args else installed()
    schemas = [mended(e) for e in schemas]
    schemas.sort(key=lambda e: (e["domain"], e["name"], e["since"]))
    texts = {name: "" for name in [f for f, _ in FILES] + [OTHERS]}
    wrong = []
    for e in schemas:
        if check and entry(e) not in (OPS / ("schema_%s.def" % file_of(e))).read_text():
            wrong.append("%s-%d: %s" % (e["name"], e["since"], entry(e)))
        texts[file_of(e)] += entry(e)
    if check:
        print("".join(wrong), end="")
        print("%d of %d schemas differ" % (len(wrong), len(schemas)))
        return 1 if wrong else 0
    for name, text in texts.items():
        (OPS / ("schema_%s.def" % name)).write_text(HEAD % name + text)
    return 0


sys.exit(main())
