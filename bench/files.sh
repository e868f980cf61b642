#!/usr/bin/env bash
# files.sh - inspect, mark and export on a 550 MB model, against cp, interleaved; five rounds, medians.
#
#   bench/files.sh [PROGRAM]      needs python3-onnx to make the model, and 3 GB of disk
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-build/release/onnxfreeze}
dir=$(mktemp -d "${TMPDIR:-/tmp}/onnxfreeze-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
/usr/bin/python3 bench/make_large.py 550 "$dir/large.onnx"
cat "$dir/large.onnx" >/dev/null

timed() { # NAME COMMAND...
  local name=$1
  shift
  /usr/bin/time -f "%e %M" -o "$dir/time" "$@" >/dev/null 2>&1
  cat "$dir/time" >>"$dir/$name"
}

for _ in 0 1 2 3 4 5; do
  timed inspect "$program" inspect "$dir/large.onnx"
  timed cp cp "$dir/large.onnx" "$dir/copy.onnx"
  timed cp_sync sh -c "cp '$dir/large.onnx' '$dir/copy.onnx' && sync '$dir/copy.onnx'"
  timed mark "$program" mark "$dir/large.onnx" --preset head -o "$dir/marked.onnx"
  timed export "$program" export "$dir/marked.onnx" --strip -o "$dir/stripped.onnx"
done
cmp "$dir/large.onnx" "$dir/stripped.onnx" # marks leave no trace
printf '| command | median seconds | min | max | peak MB |\n|---|---|---|---|---|\n'
for name in inspect cp cp_sync mark export; do # the first round warms up
  tail -n +2 "$dir/$name" | sort -n | awk -v name="$name" \
    '{ s[NR] = $1; if ($2 > m) m = $2 } END { printf "| %s | %.2f | %.2f | %.2f | %.0f |\n", name, s[int((NR + 1) / 2)], s[1], s[NR], m / 1024 }'
done
