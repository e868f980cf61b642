#!/usr/bin/env bash
# same_as_ort.sh - what `onnxfreeze run` computes, ONNX Runtime computes too, to 1e-4; before and after
# training and exporting. Our own models always, the real ones of OFZ_SHARED where they are.
set -euo pipefail
. "$SRC/tests/oracle/lib.sh"
need_python numpy onnx
need_ort

compare() { # MODEL [BATCH]
  local model=$1 in=$scratch/in ours=$scratch/ours theirs=$scratch/theirs
  rm -rf "$in" "$ours" "$theirs"
  mkdir -p "$in" "$ours" "$theirs"
  mapfile -t inputs < <(python "$SRC/tests/oracle/make_inputs.py" "$model" "$in" "${2:-3}")
  "$ONNXFREEZE" run "$model" "${inputs[@]}" -o "$ours" -q >/dev/null
  node "$scratch/oracle/ort_run.mjs" "$model" "$in" "$theirs"
  for f in "$theirs"/*.npy; do
    python "$SRC/tests/oracle/compare_npy.py" "$ours/${f##*/}" "$f" 1e-4 1e-4
  done
  echo "same: ${model##*/}"
}

for m in cnn cnn_bn mlp mlp_softmax; do
  compare "$SRC/testdata/$m.onnx"
  "$ONNXFREEZE" mark "$SRC/testdata/$m.onnx" --preset head -o "$scratch/marked.onnx" -q
  "$ONNXFREEZE" train "$scratch/marked.onnx" --data "$SRC/testdata/digits_train.npz" --epochs 1 \
    --lr 0.05 -o "$scratch/tuned.onnx" -q
  compare "$scratch/tuned.onnx"
  "$ONNXFREEZE" export "$scratch/tuned.onnx" --strip --external -o "$scratch/exported.onnx" -q
  compare "$scratch/exported.onnx"
  python "$SRC/tests/oracle/check_onnx.py" "$scratch/marked.onnx" "$scratch/tuned.onnx" "$scratch/exported.onnx"
done
for m in mlp_regression mlp_binary; do compare "$SRC/testdata/$m.onnx"; done

if [ -d "${OFZ_SHARED:-}/models" ]; then
  for m in squeezenet1_1_torchscript squeezenet1_1_caffe2_ir3 mobilenetv2_ham10000 mnist_cntk sklearn_digits_mlp; do
    compare "$OFZ_SHARED/models/$m.onnx" 1
  done
else
  echo 'skipped: real models: OFZ_SHARED names no folder with models'
fi
