#!/usr/bin/env bash
# edit_models.sh - edited models still compute the same, for ONNX Runtime as well: converted to other opsets,
# cut in two and put together again, in float16. onnx.checker accepts what its version knows. Our own models
# always, the real ones of OFZ_SHARED where they are.
set -euo pipefail
. "$SRC/tests/oracle/lib.sh"
need_python numpy onnx
need_ort
edited=$scratch/edited.onnx in=$scratch/in before=$scratch/before after=$scratch/after
count=0

edit() { "$ONNXFREEZE" edit "$@" -q; }

# first MODEL: its inputs, and what ONNX Runtime makes of them.
first() {
  rm -rf "$in" "$before"
  mkdir -p "$in" "$before"
  mapfile -t inputs < <(python "$SRC/tests/oracle/make_inputs.py" "$1" "$in" 2)
  node "$scratch/oracle/ort_run.mjs" "$1" "$in" "$before"
}

# again WHAT RTOL ATOL [FILE]: ONNX Runtime and we make the same of FILE, or of the edited model.
again() {
  local model=${4:-$edited}
  rm -rf "$after" "$scratch/ours"
  mkdir -p "$after" "$scratch/ours"
  node "$scratch/oracle/ort_run.mjs" "$model" "$in" "$after"
  "$ONNXFREEZE" run "$model" "${inputs[@]}" -o "$scratch/ours" -q >/dev/null
  for f in "$before"/*.npy; do
    python "$SRC/tests/oracle/compare_npy.py" "$after/${f##*/}" "$f" "$2" "$3"
    python "$SRC/tests/oracle/compare_npy.py" "$scratch/ours/${f##*/}" "$f" "$2" "$3"
  done
  count=$((count + 1))
  echo "same: $1"
}

# opsets MODEL TARGET...
opsets() {
  local model=$1 target
  shift
  for target; do
    edit "$model" --opset "$target" -o "$edited"
    [ "$target" -gt 17 ] || python "$SRC/tests/oracle/check_onnx.py" "$edited"
    again "${model##*/} at opset $target" 1e-4 1e-4
  done
}

# halves MODEL VALUES: cut there, and put together again either way.
halves() {
  edit "$1" --split-at "$2" -o "$scratch/a.onnx" --out2 "$scratch/b.onnx"
  edit "$scratch/a.onnx" --append "$scratch/b.onnx" -o "$edited"
  again "${1##*/} cut at $2 and appended" 1e-5 1e-6
  edit "$scratch/b.onnx" --prepend "$scratch/a.onnx" -o "$edited"
  again "${1##*/} cut at $2 and prepended" 1e-5 1e-6
}

# half MODEL RTOL ATOL [OPTION...]: in float16 inside.
half() {
  local model=$1 rtol=$2 atol=$3
  shift 3
  edit "$model" --to fp16 --keep-io "$@" -o "$edited"
  again "${model##*/} in float16" "$rtol" "$atol"
}

for m in cnn cnn_bn mlp_softmax; do
  first "$SRC/testdata/$m.onnx"
  opsets "$SRC/testdata/$m.onnx" 9 11 12 15 17 18 21 23
  half "$SRC/testdata/$m.onnx" 1e-2 1e-2
done
m=$SRC/testdata/mlp.onnx
first "$m"
halves "$m" "$(python -c "
import onnx, sys
nodes = onnx.load(sys.argv[1]).graph.node
print([n.output[0] for n in nodes if n.op_type == 'Relu'][0])" "$m")"

if [ -d "${OFZ_SHARED:-}/models" ]; then
  s=$OFZ_SHARED/models
  first "$s/squeezenet1_1_torchscript.onnx"
  opsets "$s/squeezenet1_1_torchscript.onnx" 10 13 17 18 21 23
  half "$s/squeezenet1_1_torchscript.onnx" 2e-2 2e-2
  first "$s/squeezenet1_1_caffe2_ir3.onnx"
  opsets "$s/squeezenet1_1_caffe2_ir3.onnx" 9 13 17 21
  first "$s/mobilenetv2_ham10000.onnx"
  opsets "$s/mobilenetv2_ham10000.onnx" 9 11 17 21
  half "$s/mobilenetv2_ham10000.onnx" 5e-2 5e-2
  first "$s/mnist_cntk.onnx"
  opsets "$s/mnist_cntk.onnx" 9 13 17 21
  first "$s/bigru_sentiment.onnx"
  opsets "$s/bigru_sentiment.onnx" 9 11 17 21
else
  echo 'skipped: real models: OFZ_SHARED names no folder with models'
fi
echo "$count comparisons"
