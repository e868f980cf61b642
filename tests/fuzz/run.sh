#!/usr/bin/env bash
# run.sh BUILD SECONDS - every fuzz target for so long, starting from the test models.
set -euo pipefail
build=$1
seconds=$2
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/seeds" "$work/new"
find "$here/testdata" \( -name '*.onnx' -o -path '*/pictures/*' \) -size -20k -exec cp -t "$work/seeds" {} +
for target in "$build"/tests/fuzz/fuzz_*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  echo "fuzz: ${target##*/} for $seconds seconds"
  "$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=20000 -print_final_stats=0 \
    -artifact_prefix="$work/" "$work/new" "$work/seeds" >"$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
  tail -n 1 "$work/log"
done
