#!/usr/bin/env bash
# functions.sh - models with functions of their own: `onnxfreeze run` computes what ONNX Runtime does,
# and a network that PyTorch exports with its modules as functions trains as it does without.
set -euo pipefail
. "$SRC/tests/oracle/lib.sh"
need_python numpy onnx
need_ort

mkdir "$scratch/models"
for model in $(python "$SRC/tests/oracle/function_models.py" "$scratch/models"); do
  in=$scratch/in ours=$scratch/ours theirs=$scratch/theirs
  rm -rf "$in" "$ours" "$theirs"
  mkdir -p "$in" "$ours" "$theirs"
  mapfile -t inputs < <(python "$SRC/tests/oracle/make_inputs.py" "$model" "$in" 3)
  "$ONNXFREEZE" check "$model" >/dev/null
  "$ONNXFREEZE" run "$model" "${inputs[@]}" -o "$ours" -q >/dev/null
  node "$scratch/oracle/ort_run.mjs" "$model" "$in" "$theirs"
  for f in "$theirs"/*.npy; do
    python "$SRC/tests/oracle/compare_npy.py" "$ours/${f##*/}" "$f" 1e-5 1e-6
  done
  echo "same: ${model##*/}"
done
if python -c 'import torch' 2>/dev/null; then
  python "$SRC/tests/oracle/function_training.py" "$ONNXFREEZE"
else
  echo 'skipped: training: python3 module torch is not installed'
fi
