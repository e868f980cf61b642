#!/usr/bin/env bash
# labels_as_ort.sh - operators on text and labels give what ONNX Runtime gives, element by element.
set -euo pipefail
. "$SRC/tests/oracle/lib.sh"
need_python numpy onnx
need_ort

python "$SRC/tests/oracle/label_models.py" "$scratch/models"
bad=0
for folder in "$scratch"/models/*; do
  inputs=()
  for f in "$folder"/in/*.npy; do
    name=${f##*/}
    inputs+=(--input "${name%.npy}=$f")
  done
  "$ONNXFREEZE" run "$folder/model.onnx" "${inputs[@]}" -o "$folder/ours" -q >/dev/null
  node "$scratch/oracle/ort_run.mjs" "$folder/model.onnx" "$folder/in" "$folder/theirs"
  python "$SRC/tests/oracle/compare_npy.py" "$folder/ours" "$folder/theirs" 1e-5 1e-6 || bad=1
  echo "${folder##*/}: $(find "$folder/theirs" -name '*.npy' | wc -l) results compared"
done
exit $bad
