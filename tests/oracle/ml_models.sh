#!/usr/bin/env bash
# ml_models.sh - ai.onnx.ml's linear models, support vector machines and trees compute what ONNX Runtime
# does: labels, scores and their layouts. SEED picks other models than the usual ones.
set -euo pipefail
. "$SRC/tests/oracle/lib.sh"
need_python numpy onnx
need_ort

python "$SRC/tests/oracle/ml_models.py" "$scratch/cases" "${SEED:-1}"
find "$scratch/cases" -mindepth 1 -maxdepth 1 -print0 | xargs -0 -n 100 node "$scratch/oracle/ort_record.mjs"
made=$(find "$scratch/cases" -name model.onnx | wc -l)
recorded=$(find "$scratch/cases" -name output_0.pb | wc -l)
if [ "$made" -ne "$recorded" ]; then
  echo "of $made models ONNX Runtime ran $recorded"
  exit 1
fi
"$ONNXFREEZE" test "$scratch/cases" >"$scratch/out" || true
grep -v '^PASS' "$scratch/out" | head -n 40
grep -q "^$made passed, 0 failed" "$scratch/out"
