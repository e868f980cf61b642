#!/usr/bin/env bash
# contrib.sh - ONNX Runtime's own operators: one by one over combinations of inputs and attributes, and in
# files that it optimised. Such a file runs as in ONNX Runtime, names no operator that is unknown, and trains
# as the file it was made from.
set -euo pipefail
. "$SRC/tests/oracle/lib.sh"
need_python numpy onnx
need_ort

# --- one operator at a time
cases=$scratch/cases
python "$SRC/tests/oracle/contrib_cases.py" make "$cases"
for d in "$cases"/*/; do printf '%s\0' "${d}model.onnx" "${d}in" "${d}out"; done |
  xargs -0 -n 150 node "$scratch/oracle/ort_run.mjs" # more at a time crash it
python "$SRC/tests/oracle/contrib_cases.py" collect "$cases"
"$ONNXFREEZE" test "$cases" --rtol 1e-4 --atol 1e-5 >"$scratch/tests" || true
grep -v '^PASS' "$scratch/tests" || true
grep -q ' 0 failed, 0 skipped' "$scratch/tests"

# --- optimised files
optimise() { # MODEL -> $scratch/NAME.onnx
  fast=$scratch/$(basename "$1")
  node "$scratch/oracle/ort_optimise.mjs" "$1" "$fast"
}

known() { # MODEL: every operator is; prints those that are not ONNX's
  "$ONNXFREEZE" inspect "$1" --json >"$scratch/inspect.json"
  python - "$scratch/inspect.json" <<'PY'
import json, sys
model = json.load(open(sys.argv[1]))
print("  ", ", ".join(f"{n[14:]} x{k}" for n, k in model["ops"].items() if n.startswith("com.microsoft.")))
sys.exit(f"unknown: {model['unknown_ops']}" if model["unknown_ops"] else 0)
PY
}

compare() { # MODEL BATCH: ours and ONNX Runtime's results
  local in=$scratch/in ours=$scratch/ours theirs=$scratch/theirs
  rm -rf "$in" "$ours" "$theirs"
  mkdir -p "$in" "$ours" "$theirs"
  mapfile -t inputs < <(python "$SRC/tests/oracle/make_inputs.py" "$1" "$in" "$2")
  "$ONNXFREEZE" check "$1" -q >/dev/null
  "$ONNXFREEZE" run "$1" "${inputs[@]}" -o "$ours" -q >/dev/null
  node "$scratch/oracle/ort_run.mjs" "$1" "$in" "$theirs"
  for f in "$theirs"/*.npy; do
    python "$SRC/tests/oracle/compare_npy.py" "$ours/${f##*/}" "$f" 1e-4 1e-4
  done
  echo "same: ${1##*/}"
}

losses() { # MODEL MARKS TRAIN-OPTIONS...: the losses of a few epochs, rounded
  local marks=$2 model=$1
  shift 2
  # shellcheck disable=SC2086 # marks are several words
  "$ONNXFREEZE" mark "$model" $marks -o "$scratch/marked.onnx" -q
  "$ONNXFREEZE" train "$scratch/marked.onnx" "$@" --epochs 3 --no-shuffle -o "$scratch/tuned.onnx" 2>&1 |
    sed -n 's/.*loss \([0-9.]*\).*/\1/p'
}

same_losses() { # MODEL OPTIMISED MARKS TRAIN-OPTIONS...
  local a b model=$1 fast=$2
  shift 2
  a=$(losses "$model" "$@")
  b=$(losses "$fast" "$@")
  python - "$a" "$b" <<'PY'
import sys
a, b = ([float(x) for x in s.split()] for s in sys.argv[1:])
good = len(a) == len(b) == 3 and a[0] > a[2] and all(abs(x - y) <= 1e-4 * abs(x) for x, y in zip(a, b))
print("   losses", *b)
sys.exit(0 if good else f"losses: {b}, want {a}")
PY
}

if python -c 'import torch' 2>/dev/null; then
  mkdir "$scratch/made"
  python "$SRC/tests/oracle/contrib_models.py" "$scratch/made"
  python - "$scratch/made" <<'PY'
import sys
import numpy as np
rng = np.random.default_rng(0)
text = {name: rng.integers(0, 2, (8, 8)) for name in ("ids", "kinds")}
np.savez(f"{sys.argv[1]}/text.npz", mask=np.tril(np.ones((8, 8), np.int64)), labels=rng.integers(0, 3, 8), **text)
np.savez(f"{sys.argv[1]}/rows.npz", x=rng.standard_normal((8, 8)).astype(np.float32), labels=rng.integers(0, 4, 8))
PY
  for m in "$scratch"/made/*.onnx; do
    optimise "$m"
    known "$fast"
    compare "$fast" 4
    case $m in
    */bert_*) same_losses "$m" "$fast" '--preset all' --data "$scratch/made/text.npz" --batch-size 4 --lr 0.02 ;;
    */mlp.onnx) same_losses "$m" "$fast" '--preset all' --data "$scratch/made/rows.npz" --batch-size 4 --lr 0.05 ;;
    esac
  done
else
  echo 'skipped: models made with PyTorch: python3 module torch is not installed'
fi

if [ -d "${OFZ_SHARED:-}/models" ]; then
  python - "$scratch" <<'PY'
import sys
import numpy as np
rng = np.random.default_rng(0)
np.savez(f"{sys.argv[1]}/pictures.npz", image=rng.standard_normal((4, 3, 224, 224)).astype(np.float32),
         labels=rng.integers(0, 1000, 4))
np.savez(f"{sys.argv[1]}/words.npz", input_ids=rng.integers(0, 30000, (4, 12)), attention_mask=np.ones((4, 12), np.int64),
         token_type_ids=np.zeros((4, 12), np.int64), labels=rng.standard_normal((4, 12, 384)).astype(np.float32))
PY
  for m in squeezenet1_1_torchscript squeezenet1_1_caffe2_ir3 mobilenetv2_ham10000 bigru_sentiment_loop; do
    optimise "$OFZ_SHARED/models/$m.onnx"
    known "$fast"
    compare "$fast" 1
  done
  same_losses "$OFZ_SHARED/models/squeezenet1_1_torchscript.onnx" "$scratch/squeezenet1_1_torchscript.onnx" \
    '--preset none --train last:6' --data "$scratch/pictures.npz" --batch-size 2 --lr 0.001
  tar -xJf "$OFZ_SHARED/models/minilm_l6_v2.tar.xz" -C "$scratch"
  m=$scratch/minilm_l6_v2/minilm_fp32_torchscript.onnx
  optimise "$m"
  known "$fast"
  compare "$fast" 3
  same_losses "$m" "$fast" '--preset head' --data "$scratch/words.npz" --batch-size 2 --loss mse --lr 0.01
else
  echo 'skipped: real models: OFZ_SHARED names no folder with models'
fi
