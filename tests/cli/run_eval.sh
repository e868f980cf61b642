# run, eval, export and test: results and files.
. "$(dirname "$0")/lib.sh"
m=testdata/cnn.onnx d=testdata/digits_test.npz

mkdir out.d
expect 0 "logits.npy" run $m --input images=$d -o out.d
check "an array of 360 rows" python3 -c '
import sys
data = open("out.d/logits.npy", "rb").read()
sys.exit(not data.startswith(b"\x93NUMPY") or b"(360, 10)" not in data[:128])'
expect 0 "" run $m --input images=$d -o deep --json
json 'd["outputs"] == [{"name": "logits", "dtype": "float32", "shape": [360, 10], "file": "deep/logits.npy"}]'
expect 0 "" run $m --input images=$d -o one --threads 1 --reference
expect 0 "" run $m --input images=$d
check "outputs go to . by default" cmp -s logits.npy out.d/logits.npy
npz other.npz "pictures=('<f4', (2, 1, 8, 8), [0.25] * 128)"
expect 0 "[2, 10]" run $m --input images=other.npz -o two
npz both.npz "a=('<f4', (2, 1, 8, 8), [0.25] * 128)" "b=('<f4', (2,), [1, 2])"
expect 3 "no array images" run $m --input images=both.npz -o three
absent three/logits.npy

# Outputs that are no tensors: a sequence of maps with the same keys, a sequence of tensors.
python3 -c "$relu_python
def node(op, x, y, domain=b'', attrs=b''):
    return field(1, field(1, x) + field(2, y) + field(4, op) + field(7, domain) + attrs)
def value(name, kind):
    return field(1, name) + field(2, kind)
labels = field(5, field(1, b'classlabels_int64s') + field(8, 7) + field(8, 3) + field(20, 7))
tensor_type = field(1, field(1, 1))
maps = field(4, field(1, field(5, field(1, 7) + field(2, tensor_type))))
graph = (node(b'ZipMap', b'x', b'z', b'ai.onnx.ml', labels) + node(b'SequenceConstruct', b'x', b's') +
         field(2, b'g') + field(11, value(b'x', tensor_type)) + field(12, value(b'z', maps)) +
         field(12, value(b's', field(4, field(1, tensor_type)))))
put('zip.onnx', field(1, 8) + field(7, graph) + field(8, field(1, b'') + field(2, 13)) +
    field(8, field(1, b'ai.onnx.ml') + field(2, 1)))"
npz scores.npz "x=('<f4', (3, 2), [1, 2, 3, 4, 5, 6])"
expect 0 "z.keys.npy" run zip.onnx --input x=scores.npz -o zip.d
expect 0 "" run zip.onnx --input x=scores.npz -o zip.d --json
json '[(o["name"], o["dtype"], o["shape"]) for o in d["outputs"]] == [("z.keys", "int64", [2]), ("z.values", "float32", [3, 2]), ("s.0", "float32", [3, 2])]'
check "values follow the sorted keys" python3 -c '
import struct, sys
keys, values = (open("zip.d/z.%s.npy" % n, "rb").read()[128:] for n in ("keys", "values"))
sys.exit(struct.unpack("<2q", keys) != (3, 7) or struct.unpack("<6f", values) != (2, 1, 4, 3, 6, 5))'

expect 0 "accuracy" eval $m --data $d
expect 0 "" eval $m --data $d --json
json 'd["samples"] == 360 and d["class_count"] == 10 and 0.3 < d["accuracy"] < 0.6'
json 'sum(map(sum, d["confusion"])) == 360 and len(d["confusion"]) == 10'
json 'abs(sum(d["confusion"][i][i] for i in range(10)) / 360 - d["accuracy"]) < 1e-12'
json 'all(len(d["per_class"][k]) == 10 for k in ("precision", "recall", "f1", "samples"))'
json 'd["mean_abs_error"] is None and d["r2"] is None'
cp out first
expect 0 "" eval $m --data $d --json --batch-size 7 --input images=images --output logits --target labels
check "the batch size changes nothing" python3 -c '
import json, sys
a, b = json.load(open("first")), json.load(open("out"))
sys.exit(a["confusion"] != b["confusion"] or abs(a["loss"] - b["loss"]) > 1e-6 * a["loss"])'
expect 0 "" eval testdata/mlp_regression.onnx --data testdata/diabetes.npz --loss mse --json
json 'd["class_count"] == 0 and d["accuracy"] is None and d["mean_abs_error"] > 0 and d["r2"] < 1'
expect 0 "" eval testdata/mlp_softmax.onnx --data $d --json
json '0.3 < d["accuracy"] < 0.6'

run mark $m --preset head -o head.onnx
expect 0 "verified" export head.onnx -o plain.onnx --strip --report report.json
check "stripping the marks gives the first model back" cmp -s plain.onnx $m
cp report.json out
json 'd["trainable_tensors"] == 2'
json 'd["verified"] is True and d["bytes"] > 100000 and len(d["frozen_hash"]) == 32'
json 'len({t["name"] for t in d["tensors"]}) == len(d["tensors"])'
json 'all(len(t["hash"]) == 32 and t["mark"] in ("frozen", "trainable") for t in d["tensors"])'
json 'sum(t["mark"] == "frozen" for t in d["tensors"]) == d["frozen_tensors"]'
cp report.json first
expect 0 "" export head.onnx -o split.onnx --external --json
json 'd["external_bytes"] > 0'
check "weights lie beside the model" test -s split.onnx.data
expect 0 "" diff head.onnx split.onnx
expect 0 "" export split.onnx -o joined.onnx --report report.json -q
check "hashes tell bytes, not files" python3 -c '
import json, sys
a, b = json.load(open("first")), json.load(open("report.json"))
sys.exit(a["frozen_hash"] != b["frozen_hash"] or
         [t["hash"] for t in a["tensors"]] != [t["hash"] for t in b["tensors"]])'
expect 0 "" export head.onnx -o info.onnx --training-info
expect 0 "valid" check info.onnx
absent

relu_suite suite
expect 1 "" test suite
check "a line each" grep -qx 'PASS test_good' out
check "what went wrong" grep -q '^FAIL test_wrong: .' out
check "what is not known" grep -q '^SKIP test_odd: .*Odd' out
check "the counts" grep -qx '1 passed, 1 failed, 1 skipped' out
expect 0 "1 passed, 0 failed, 0 skipped" test suite/test_good/
expect 0 "2 passed, 0 failed, 1 skipped" test suite --atol 1.5
expect 0 "0 passed, 0 failed, 1 skipped" test suite/test_odd
expect 1 "" test suite --json
json '(d["passed"], d["failed"], d["skipped"]) == (1, 1, 1)'
json '[t["result"] for t in d["tests"]] == ["passed", "skipped", "failed"]'
mkdir -p two/levels
mv suite two/levels
expect 1 "" test two/levels
expect 3 "no test in it" test two # three levels are too many to be meant
finish
