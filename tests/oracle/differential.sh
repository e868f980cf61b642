#!/usr/bin/env bash
# differential.sh - every ai.onnx operator at every version from opset 7 to 26, on random inputs, against
# ONNX Runtime and numpy.
#
# Usage: differential.sh [--seed N] [--only OP,OP] [--keep DIR]
set -euo pipefail
OFZ_SMALL_FILES=1
. "$SRC/tests/oracle/lib.sh"

seed=1 keep=$scratch/cases only=()
while [ $# -gt 0 ]; do
  case $1 in
  --seed) seed=$2 ;;
  --only) only=(--only "$2") ;;
  --keep) keep=$2 ;;
  *) echo "$1: unknown, want --seed N, --only OP,OP or --keep DIR" >&2; exit 2 ;;
  esac
  shift 2
done

need_python numpy onnx
need_ort
python -B "$SRC/tests/oracle/differential.py" generate "$keep" --seed "$seed" "${only[@]}"
for part in 0 1; do
  node "$scratch/oracle/differential.mjs" "$keep" "$part" 2 &
  pids[part]=$!
done
for part in 0 1; do
  wait "${pids[part]}" || { echo "ONNX Runtime ended at $(cat "$keep/ort_$part.now")"; exit 1; }
done
python -B "$SRC/tests/oracle/differential.py" judge "$keep" "$ONNXFREEZE" "${only[@]}"
