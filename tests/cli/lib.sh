# Shared by the tests of the program. Sourced: makes a scratch folder with a copy of testdata, enters
# it, and defines the checks. ONNXFREEZE is the program, SRC the source folder.
set -u
: "${ONNXFREEZE:?the program to test}" "${SRC:?the source folder}"
[ -x "$ONNXFREEZE" ] || { echo "no program at $ONNXFREEZE"; exit 1; }
command -v python3 >/dev/null || { echo "skipped: needs python3"; exit 77; }
[ -d "$SRC/testdata" ] || { echo "skipped: needs testdata"; exit 77; }
export LC_ALL=C.UTF-8
unset NO_COLOR
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
cp -r "$SRC/testdata" "$scratch"
cd "$scratch" || exit 1
checks=0 failures=0

# complain TEXT...: count a failure and show what the program said.
complain()
{
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$*"
    sed 's/^/    out: /' out | head -5
    sed 's/^/    err: /' err | head -5
}

# run ARGS...: run the program; stdout in `out`, stderr in `err`, exit code in $code.
run()
{
    "$ONNXFREEZE" "$@" >out 2>err </dev/null
    code=$?
}

# expect CODE TEXT ARGS...: the exit code must be CODE and TEXT must be printed, on stderr when the
# program failed. A failure is one line and at most one more with the fix.
expect()
{
    local want=$1 text=$2
    shift 2
    run "$@"
    checks=$((checks + 1))
    [ "$code" = "$want" ] || { complain "onnxfreeze $*: exit code $code, want $want"; return; }
    if [ "$want" != 0 ] && [ -n "$text" ]; then
        grep -qF -- "$text" err || { complain "onnxfreeze $*: no '$text' on stderr"; return; }
        head -n 1 err | grep -q '^onnxfreeze: error: ' && [ "$(wc -l <err)" -le 2 ] &&
            ! sed 1d err | grep -qv '^  fix: ' || complain "onnxfreeze $*: not a proper error"
    elif [ -n "$text" ]; then
        cat out err | grep -qF -- "$text" || complain "onnxfreeze $*: no '$text'"
    fi
}

# json EXPRESSION: stdout of the last run is JSON, called d, of which the Python EXPRESSION is true.
json()
{
    checks=$((checks + 1))
    python3 -c '
import json, math, sys
d = json.load(open("out"))
sys.exit(0 if eval(sys.argv[1]) else 1)' "$1" 2>>err || complain "json: not true: $1"
}

# check TEXT COMMAND...: COMMAND must succeed.
check()
{
    local text=$1
    shift
    checks=$((checks + 1))
    "$@" || complain "$text"
}

# absent FILE...: none of them may be there, nor anything half written.
absent()
{
    local f
    checks=$((checks + 1))
    for f in "$@" *.tmp* .*.tmp*; do [ -e "$f" ] && complain "$f: was left behind"; done
    return 0
}

# npz FILE NAME=EXPRESSION...: write arrays; EXPRESSION is (numpy type, shape, list of values).
npz()
{
    python3 - "$@" <<'PYTHON'
import struct, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as z:
    for arg in sys.argv[2:]:
        name, text = arg.split("=", 1)
        kind, shape, values = eval(text)
        head = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (kind, shape)
        head += " " * (63 - (len(head) + 10) % 64) + "\n"
        code = {"<f4": "f", "<f8": "d", "<i8": "q", "<i4": "i"}[kind]
        z.writestr(name + ".npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) +
                   head.encode() + struct.pack("<%d%s" % (len(values), code), *values))
PYTHON
}

# relu_model FILE INPUT OUTPUT: a model of one node, its names given as Python byte strings.
# relu_suite DIR: a folder of backend tests that holds one that passes, one that fails and one that
# needs an operator nobody knows.
relu_python='
import os, struct, sys

def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])

def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value

def value_info(name):
    shape = field(1, field(1, 2))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

def model(x, y, op=b"Relu", w=None):
    node = field(1, x) + field(2, y) + field(4, op)
    graph = field(1, node) + field(2, b"g") + field(11, value_info(x)) + field(12, value_info(y))
    return field(1, 8) + field(7, graph) + field(8, field(1, b"") + field(2, 13))

def tensor(name, values):
    return field(1, 2) + field(2, 1) + field(8, name) + field(9, struct.pack("<2f", *values))

def put(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    open(path, "wb").write(data)
'
relu_model()
{
    python3 -c "$relu_python
put(sys.argv[1], model(eval(sys.argv[2]), eval(sys.argv[3])))" "$@"
}
relu_suite()
{
    python3 -c "$relu_python
for name, op, wrong in (('test_good', b'Relu', 0), ('test_wrong', b'Relu', 1), ('test_odd', b'Odd', 0)):
    folder = sys.argv[1] + '/' + name + '/'
    put(folder + 'model.onnx', model(b'x', b'y', op))
    put(folder + 'test_data_set_0/input_0.pb', tensor(b'x', [-1, 2]))
    put(folder + 'test_data_set_0/output_0.pb', tensor(b'y', [wrong, 2]))" "$@"
}

finish()
{
    echo "$checks checks, $failures failed"
    exit $((failures > 0))
}
