#!/usr/bin/env bash
# odd_files.sh - every odd but valid file of testdata/odd is accepted and copied to the same bytes; marks
# written into it and stripped again leave no trace.
set -uo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0

fail() {
  echo "FAIL: $*: $(head -n 2 "$scratch/err")"
  bad=$((bad + 1))
}

try() {
  timeout 20 "$ONNXFREEZE" "$@" >"$scratch/out" 2>"$scratch/err"
}

cd "$SRC/testdata/odd" || exit 1
for file in *.onnx; do
  try inspect "$file" --json || fail "inspect $file"
  try export "$file" -o "$scratch/copy.onnx" || fail "export $file"
  cmp -s "$file" "$scratch/copy.onnx" || fail "$file: an unedited copy differs"
  # A file that came with marks loses them as well when it is stripped.
  if ! grep -q 'onnxfreeze\.mark' "$file" && try mark "$file" --preset none -o "$scratch/marked.onnx"; then
    try inspect "$scratch/marked.onnx" || fail "inspect of the marked $file"
    try export "$scratch/marked.onnx" --strip -o "$scratch/stripped.onnx" || fail "strip $file"
    try diff "$file" "$scratch/stripped.onnx" || fail "$file: marking and stripping left a trace"
  fi
  rm -f "$scratch"/*.onnx
done
echo "$(ls ./*.onnx | wc -l) files, $bad failures"
[ "$bad" -eq 0 ]
