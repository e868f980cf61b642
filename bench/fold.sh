#!/usr/bin/env bash
# fold.sh - nodes that fold leaves against ONNX Runtime's `basic` optimisations, and how long it takes.
#
#   bench/fold.sh [PROGRAM [MODEL...]]    without models: those of tools/make_networks.py, which needs
#                                         python3-torch; needs python3-onnx and onnxruntime-node
# Nodes inside subgraphs are counted, Constant nodes are not: how a constant is written is no work. Both
# results are run on ONNX Runtime on the same inputs. Times are medians of OFZ_ROUNDS (5) runs of the program, with its CPU
# time; `verified` includes four runs of the network.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-build/release/onnxfreeze}
shift || true
rounds=${OFZ_ROUNDS:-5}
: "${OFZ_NODE_MODULES:=$PWD/build/oracle/node_modules}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/onnxfreeze-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
ln -s "$OFZ_NODE_MODULES" "$dir/node_modules"
cat >"$dir/basic.cjs" <<'JS'
const ort = require("onnxruntime-node");
const [model, out] = process.argv.slice(2);
const options = { graphOptimizationLevel: "basic", optimizedModelFilePath: out, logSeverityLevel: 3 };
ort.InferenceSession.create(model, options).catch((e) => { console.error(String(e)); process.exit(1); });
JS
cat >"$dir/same.cjs" <<'JS'
const ort = require("onnxruntime-node");
const options = { graphOptimizationLevel: "disabled", logSeverityLevel: 3 };
async function main() {
  const [before, after] = process.argv.slice(2);
  const a = await ort.InferenceSession.create(before, options);
  const b = await ort.InferenceSession.create(after, options);
  const feeds = {};
  let seed = 1;
  const next = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (const i of a.inputMetadata) {
    const dims = i.shape.map((d) => (typeof d === "number" && d >= 0 ? d : 3));
    const n = dims.reduce((x, y) => x * y, 1);
    feeds[i.name] = i.type === "int64"
      ? new ort.Tensor("int64", BigInt64Array.from({ length: n }, () => BigInt(Math.floor(2 * next()))), dims)
      : new ort.Tensor(i.type, Float32Array.from({ length: n }, () => 2 * next() - 1), dims);
  }
  const x = await a.run(feeds), y = await b.run(feeds);
  let worst = 0;
  for (const name of a.outputNames) {
    const p = x[name].data, q = y[name].data;
    let most = 0, off = 0;
    for (let i = 0; i < p.length; i++) {
      most = Math.max(most, Math.abs(Number(p[i])));
      off = Math.max(off, Math.abs(Number(p[i]) - Number(q[i])));
    }
    worst = Math.max(worst, most ? off / most : off);
  }
  console.log(worst.toExponential(1));
}
main().catch((e) => { console.log("not run"); console.error(String(e)); });
JS
cat >"$dir/count.py" <<'PYTHON'
import sys, onnx
def count(g):
    return sum((n.op_type != "Constant") + sum(count(a.g) for a in n.attribute if a.HasField("g")) for n in g.node)
print(count(onnx.load(sys.argv[1], load_external_data=False).graph))
PYTHON

median() { # ARGS...: wall and CPU seconds
  for _ in $(seq "$rounds"); do
    /usr/bin/time -f "%e %U %S" -o "$dir/time" "$program" fold "$@" -q >/dev/null 2>&1
    cat "$dir/time"
  done | sort -n | awk '{ w[NR] = $1; c[NR] = $2 + $3 } END { printf "%.2f (%.2f)", w[int((NR + 1) / 2)], c[int((NR + 1) / 2)] }'
}

if [ $# = 0 ]; then
  /usr/bin/python3 tools/make_networks.py "$dir/networks" >/dev/null 2>&1
  set -- "$dir"/networks/*.onnx
fi
echo '| model | nodes | ours | ORT basic | outputs differ by | fold, s (CPU) | verified, s (CPU) |'
echo '|---|---|---|---|---|---|---|'
for model; do
  name=$(basename "$model" .onnx)
  [ "$name" != model ] || name=$(basename "$(dirname "$model")")
  node "$dir/basic.cjs" "$model" "$dir/ort.onnx"
  "$program" fold "$model" -q -o "$dir/ours.onnx" --verify 0 --size-limit 4000000000 >/dev/null
  differ=$(node "$dir/same.cjs" "$model" "$dir/ours.onnx" 2>/dev/null)
  printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$name" "$(/usr/bin/python3 "$dir/count.py" "$model")" \
    "$(/usr/bin/python3 "$dir/count.py" "$dir/ours.onnx")" "$(/usr/bin/python3 "$dir/count.py" "$dir/ort.onnx")" \
    "$differ" "$(median "$model" --verify 0 -o "$dir/timed.onnx")" "$(median "$model" -o "$dir/timed.onnx")"
done
