# lib.sh - sourced by the tests that ask an oracle.

skip() {
  echo "skipped: $*"
  exit 77
}

need_ort() {
  : "${OFZ_NODE_MODULES:=$SRC/build/oracle/node_modules}"
  command -v node >/dev/null || skip 'ONNX Runtime: node is not installed'
  [ -d "$OFZ_NODE_MODULES/onnxruntime-node" ] || skip 'ONNX Runtime: onnxruntime-node is not installed'
  # node looks for modules beside the script
  mkdir -p "$scratch/oracle"
  cp "$SRC"/tests/oracle/*.mjs "$scratch/oracle/"
  ln -sfn "$OFZ_NODE_MODULES" "$scratch/oracle/node_modules"
}

python() { /usr/bin/python3 "$@"; }

need_python() { # MODULE...
  local m
  for m in "$@"; do
    python -c "import $m" 2>/dev/null || skip "python3 module $m is not installed"
  done
}

# Who sets OFZ_SMALL_FILES writes tens of thousands of them: in memory, where the system offers enough.
if [ -n "${OFZ_SMALL_FILES:-}" ] && [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] &&
  [ "$(df --output=avail -k /dev/shm | tail -n 1)" -gt 2000000 ]; then
  export TMPDIR=/dev/shm
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
