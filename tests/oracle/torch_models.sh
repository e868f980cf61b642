#!/usr/bin/env bash
# torch_models.sh - networks of other people's families, trained here and in PyTorch: losses agree.
set -euo pipefail
. "$SRC/tests/oracle/lib.sh"
need_python torch onnx numpy
python "$SRC/tests/oracle/torch_models.py" "$ONNXFREEZE"
