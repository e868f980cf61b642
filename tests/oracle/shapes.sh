#!/usr/bin/env bash
# shapes.sh - what is inferred of every value, a run agrees with, and ONNX's own inference knows no more:
# over ONNX's backend tests, the cases of differential.sh, our models, and the real ones of OFZ_SHARED
# where they are.
#   OFZ_CONFORMANCE   folder of unpacked suites
set -euo pipefail
OFZ_SMALL_FILES=1
. "$SRC/tests/oracle/lib.sh"
need_python numpy onnx
probe=$(dirname "$ONNXFREEZE")/tests/shape_probe
[ -x "$probe" ] || skip "$probe is not built"

# ONNX 1.12 stored bfloat16 tensors as uint16: a run on those makes what it was given.
# An ERROR among the made cases is a type that a version does not know: differential.sh judges those.
probe_all() { # NAME WORDS [--bare]; paths on stdin, one a line; WORDS of the probe that fail
  { xargs -d '\n' "$probe" ${3:+"$3"} || true; } | { grep -v '^WRONG.*bfloat16 .*, a run made uint16' || true; } >"$scratch/$1"
  printf '%s: ' "$1"
  cut -f1 "$scratch/$1" | sort | uniq -c | tr -s ' \n' ' '
  echo
  grep -q '^MODEL' "$scratch/$1" || { echo "$1: nothing was probed"; exit 1; }
  if grep -qE "^($2)" "$scratch/$1"; then
    awk -F'\t' -v words="^($2)" '$1 == "MODEL" { m = $2 } $1 ~ words { print m ": " $0 }' "$scratch/$1" | tail -n 40
    exit 1
  fi
}

tests() { find "$1" -name model.onnx -printf '%h\n' | LC_ALL=C sort; }

python -B "$SRC/tests/oracle/differential.py" generate "$scratch/made"
tests "$scratch/made" | probe_all cases WRONG --bare
{
  ls "$SRC"/testdata/*.onnx
  if [ -d "${OFZ_SHARED:-}/models" ]; then ls "$OFZ_SHARED"/models/*.onnx; fi
} | probe_all models 'WRONG|ERROR' --bare
if [ -d "${OFZ_CONFORMANCE:-}" ]; then
  tests "$OFZ_CONFORMANCE" | probe_all declared 'WRONG|ERROR'
  tests "$OFZ_CONFORMANCE" | probe_all suites 'WRONG|ERROR' --bare
else
  echo 'skipped: ONNX backend tests: OFZ_CONFORMANCE names no folder'
fi
for f in cases models suites; do
  [ ! -f "$scratch/$f" ] || python -B "$SRC/tests/oracle/shapes.py" "$scratch/$f"
done
