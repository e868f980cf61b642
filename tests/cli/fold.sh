# fold: what it prints, what it writes, what it refuses.
. "$(dirname "$0")/lib.sh"
m=testdata/cnn_bn.onnx d=testdata/digits_test.npz

expect 0 "verified logits: 2 runs" fold $m -o folded.onnx
grep -qE '^BatchNormalization +6 +0 +-6$' out || complain "no count of batch norms"
grep -qE '^nodes +21 +15 +-6$' out || complain "no count of nodes"
expect 0 "valid" check folded.onnx
expect 0 "" run $m --input images=$d -o before
expect 0 "" run folded.onnx --input images=$d -o after
check "the same answers" python3 - <<'PYTHON'
import struct, sys
a, b = (open(f, "rb").read()[128:] for f in ("before/logits.npy", "after/logits.npy"))
n = len(a) // 4
a, b = (struct.unpack("<%df" % n, x) for x in (a, b))
sys.exit(not all(abs(x - y) < 1e-4 for x, y in zip(a, b)))
PYTHON
expect 0 "nodes" fold folded.onnx -o again.onnx
check "nothing is left to do" cmp -s folded.onnx again.onnx

expect 0 "" fold $m --dry-run --json
json 'd["output"] is None and d["nodes"] == {"before": 21, "after": 15}'
json 'd["operators"]["BatchNormalization"] == {"before": 6, "after": 0}'
json 'd["operators"]["Conv"] == {"before": 6, "after": 6}'
json 'd["passes"]["norm"] > 0 and d["rounds"] >= 2'
json 'd["initializer_bytes"]["after"] < d["initializer_bytes"]["before"]'
json 'd["verified"][0]["output"] == "logits" and d["verified"][0]["runs"] == 2'
json 'd["verified"][0]["largest_difference"] <= d["verified"][0]["tolerance"] * d["verified"][0]["largest_value"] * 2'
json '"kept" not in d'
expect 0 "not verified" fold $m --dry-run --verify 0
expect 0 "5 runs" fold $m --dry-run --verify 5 --seed 3
expect 0 "" fold $m --dry-run --no-fuse --json
json 'd["nodes"] == {"before": 21, "after": 21} and d["passes"]["norm"] == 0'
expect 0 "reads input images" fold $m --dry-run --explain
expect 0 "" fold $m --dry-run --explain --json
json 'len(d["kept"]) == 15 and d["kept"][0]["reason"] == "reads input images"'

# what trains stays, byte for byte
expect 0 "" mark $m --preset head -o head.onnx
expect 0 "" fold head.onnx -o small.onnx
expect 0 "2 tensors to train" mark small.onnx --list
expect 0 "" inspect head.onnx --json
cp out before.json
expect 0 "" inspect small.onnx --json
json '[(t["name"], t["shape"]) for t in d["initializers"] if t["trains"]] == [(t["name"], t["shape"]) for t in json.load(open("before.json"))["initializers"] if t["trains"]]'
json 'all(t["mark"] in ("frozen", "trainable") for t in d["initializers"] if t["dtype"] == "float32")'
expect 0 "" train small.onnx --data testdata/digits_train.npz --target labels --input images=images --epochs 1 -o trained.onnx
expect 0 "" fold $m --keep-trainable --dry-run --json
json 'd["operators"]["BatchNormalization"]["after"] == 6'
expect 0 "" fold $m --frozen-only --dry-run --json
json 'd["operators"]["BatchNormalization"]["after"] == 6'
expect 0 "" mark $m --preset none -o frozen.onnx
expect 0 "" fold frozen.onnx --frozen-only --dry-run --json
json 'd["operators"]["BatchNormalization"]["after"] == 0'

# words on the command line
expect 2 "no output file given" fold $m
expect 2 "would overwrite" fold $m -o $m
expect 2 "exclude each other" fold $m -o x.onnx --frozen-only --keep-trainable
expect 2 "--verify" fold $m -o x.onnx --verify -1
expect 2 "--size-limit" fold $m -o x.onnx --size-limit many
expect 1 "" fold missing.onnx -o x.onnx
relu_model odd.onnx "b'x'" "b'y'"
python3 -c "$relu_python
put('odd.onnx', model(b'x', b'y', b'Odd'))"
expect 4 "cannot be verified on random inputs" fold odd.onnx -o x.onnx
absent x.onnx
expect 0 "unknown operator" fold odd.onnx -o x.onnx --verify 0 --explain
check "nothing to fold, nothing changed" cmp -s odd.onnx x.onnx
cp $m place.onnx
expect 0 "" fold place.onnx --in-place
check "folded in place" cmp -s place.onnx folded.onnx

if [ -d "${OFZ_SHARED:-}/models" ]; then
    for f in "$OFZ_SHARED"/models/*.onnx; do
        expect 0 "" fold "$f" -o real.onnx --json
        json 'd["verified"] and d["nodes"]["after"] <= d["nodes"]["before"]'
        expect 0 "valid" check real.onnx
    done
else
    echo "without real models: OFZ_SHARED does not name them"
fi
finish
