# inspect, mark, diff, check, ops: what they print and what they write.
. "$(dirname "$0")/lib.sh"
m=testdata/cnn.onnx

expect 0 "parameters" inspect $m
expect 0 "Conv" inspect $m --ops
expect 0 "used by" inspect $m --params
expect 0 "parameters" inspect $m --tree
expect 0 "" inspect $m --json
json 'd["inputs"][0]["name"] == "images" and d["inputs"][0]["shape"] == ["N", 1, 8, 8]'
json 'd["outputs"][0]["name"] == "logits" and d["outputs"][0]["shape"] == ["N", 10]'
json 'd["opsets"] == [{"domain": "", "version": 13}]'
json 'sum(d["ops"].values()) == d["nodes"] and "Conv" in d["ops"] and d["unknown_ops"] == []'
json 'all({"name", "dtype", "shape", "bytes", "role", "mark", "trains", "used_by"} <= set(t)
          for t in d["initializers"])'
json 'all(t["mark"] == "none" and t["bytes"] == 4 * math.prod(t["shape"])
          for t in d["initializers"] if t["dtype"] == "float32")'
json '{t["role"] for t in d["initializers"]} >= {"weight", "bias"}'
json 'sum(math.prod(t["shape"]) for t in d["initializers"]) == d["parameters"]'
json 'sum(t["parameters"] for t in d["initializers"] if t["trains"]) == d["trainable_parameters"] > 0'
expect 0 "" inspect testdata/cnn_bn.onnx --json
json '{"norm scale", "norm shift", "norm statistic"} <= {t["role"] for t in d["initializers"]}'
json 'not any(t["trains"] for t in d["initializers"] if t["role"] == "norm statistic")'

expect 0 "831 k" inspect $m --nodes --dim N=1
expect 0 "float32 [N, 40, 4, 4]" inspect $m --nodes
expect 0 "" inspect $m --nodes --dim N=2 --json
json 'd["costs"]["macs"] == 2 * (20*64*9 + 2*20*64*180 + 40*16*(180+360+20) + 400) and d["costs"]["weight_bytes"] == d["parameter_bytes"]'
json 'len(d["costs"]["nodes"]) == d["nodes"] and d["costs"]["nodes"][-1]["outputs"][0]["shape"] == [2, 10]'
json 'sum(n["macs"] for n in d["costs"]["nodes"]) == d["costs"]["macs"]'
expect 0 "" inspect $m --nodes --json
json 'd["costs"]["macs"] is None'
expect 2 "whole number" inspect $m --nodes --dim N=two
expect 2 "none of that name" inspect $m --nodes --dim M=1
expect 2 "without --nodes" inspect $m --dim N=1
f=testdata/odd/function.onnx
expect 0 "local.F  1 node, called 1 time" inspect $f
expect 0 "" inspect $f --nodes --json
json 'd["functions"] == [{"domain": "local", "name": "F", "overload": "", "nodes": 1, "inputs": 1, "outputs": 1, "calls": 1}]'
json 'd["costs"]["nodes"][0]["op"] == "F" and d["unknown_ops"] == []'
json 'd["costs"]["nodes"][0]["outputs"][0]["shape"] == d["outputs"][0]["shape"]'

expect 0 "" mark $m --preset head -o head.onnx --json
json 'd["output"] == "head.onnx" and d["trainable"]["parameters"] == 410'
json '{t["mark"] for t in d["initializers"]} == {"frozen", "trainable"}'
json 'sum(t["trains"] for t in d["initializers"]) == d["trainable"]["count"] == 2'
json 'd["frozen"]["count"] + 2 == len(d["initializers"])'
cp out marked
expect 0 "" inspect head.onnx --json
check "inspect sees the marks" python3 -c '
import json, sys
a, b = (json.load(open(f))["initializers"] for f in ("out", "marked"))
sys.exit(a != b)'
expect 0 "2 tensors to train" mark $m --preset head -o again.onnx
check "the same marks, the same bytes" cmp -s head.onnx again.onnx
expect 0 "" mark $m --preset all --freeze '*' --train role:bias --dry-run --json
json 'd["output"] is None'
json 'all(t["trains"] == (t["role"] == "bias") for t in d["initializers"])'
expect 0 "" mark $m --train role:bias --preset none --list --json # later ones override
json 'd["trainable"]["count"] == 0'
expect 0 "trains" mark head.onnx --list
check "two rows and the heading" test "$(wc -l <out)" = 3
expect 0 "" mark head.onnx --list -q
check "no talk under -q" test ! -s err
expect 0 "" mark $m --preset all --dry-run -o never.onnx
absent never.onnx
expect 2 "nonsuch" mark $m --freeze nonsuch.weight --list
expect 2 "" mark $m --freeze 're:(' --list

expect 0 "" diff $m $m
check "equal models print nothing" test ! -s out
expect 5 "" diff $m head.onnx
expect 0 "" diff --frozen $m head.onnx
expect 5 "" diff head.onnx testdata/cnn_bn.onnx --json
json 'd["equal"] is False and all(e["kind"] and e["name"] for e in d["differences"])'

for f in testdata/cnn.onnx testdata/cnn_bn.onnx testdata/mlp.onnx head.onnx; do
    expect 0 "$f: valid" check $f
done
expect 0 "" check $m --json
json 'd["valid"] is True and d["findings"] == []'
expect 3 "" check testdata/bad/graph_not_sorted.onnx --json
json 'd["valid"] is False and all(f["where"] and f["text"] and f["kind"] for f in d["findings"])'
expect 1 "" check nonsuch.onnx --json
json 'd["valid"] is False and d["findings"][0]["kind"]'

expect 0 "Conv" ops
expect 0 "" ops --json
json 'len({(o["domain"], o["name"], o["since"]) for o in d["ops"]}) == len(d["ops"]) > 60'
json 'all(o["eval"] and o["grad"] for o in d["ops"] if o["name"] in ("Conv", "Gemm", "Relu") and o["since"] >= 11)'
expect 0 "  T           floats bfloat16" ops Conv
expect 0 "              B: T, may be left out" ops conv
expect 0 "  attributes  auto_pad: string, default 'NOTSET'" ops Conv
expect 0 "  limit       at most 3 spatial axes" ops Conv
expect 0 "axis: int, required" ops Concat
expect 0 "ai.onnx.ml TreeEnsemble-5" ops ai.onnx.ml.TreeEnsemble
expect 4 "ops: unknown operator Connv" ops Connv
check "a name nearby is offered" grep -q "did you mean Conv?" err
expect 0 "" ops Conv --json
json '{o["since"] for o in d["ops"]} == {1, 11, 22} and d["ops"][0]["formals"] == "X:T W:T B:T? -> Y:T"'
expect 0 "| operator | versions | infer | eval | grad |" ops --markdown
[ ! -e "$SRC/docs/OPERATORS.md" ] || check "docs/OPERATORS.md is up to date" cmp -s out "$SRC/docs/OPERATORS.md"
finish
