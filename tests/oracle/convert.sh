#!/usr/bin/env bash
# convert.sh - models in the operators of another opset compute the same. ONNX's backend tests are converted
# up and down, each by several opsets: every one is refused with a reason or passes its own test data again.
#   OFZ_CONFORMANCE   folder of unpacked suites (tools/check finds or unpacks them)
set -euo pipefail
: "${OFZ_CONFORMANCE:=}"
if [ -z "$OFZ_CONFORMANCE" ] || [ ! -d "$OFZ_CONFORMANCE" ]; then
  echo 'skipped: convert: OFZ_CONFORMANCE names no folder of unpacked ONNX backend tests'
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# convert TARGET: every test that passes, at opset TARGET.
convert() {
  local target=$1 name folder tree=$scratch/tree
  rm -rf "$tree"
  : >"$scratch/refused"
  while read -r name; do
    mkdir -p "$tree/${name##*/}"
    folder=$name name=${name##*/}
    if "$ONNXFREEZE" edit "$folder/model.onnx" --opset "$target" -q \
      -o "$tree/$name/model.onnx" 2>"$scratch/err"; then
      for data in "$folder"/test_data_set_*; do ln -s "$data" "$tree/$name/"; done
    else
      case $? in
      4) ;;
      *) echo "FAILED: $name to $target: not a refusal"; failures=$((failures + 1)) ;;
      esac
      echo "$name: $(head -n 1 "$scratch/err")" >>"$scratch/refused"
      rm -r "${tree:?}/$name"
    fi
  done <"$scratch/names"
  (cd "$tree" && "$ONNXFREEZE" test .) >"$scratch/out" 2>/dev/null || true
  grep -E '^(FAIL|SKIP)' "$scratch/out" >"$scratch/bad" || true
  if [ -s "$scratch/bad" ]; then
    sed "s/^/opset $target: /" "$scratch/bad"
    failures=$((failures + $(wc -l <"$scratch/bad")))
  fi
  printf 'opset %s: %s passed, %s refused, %s failed\n' "$target" \
    "$(grep -c '^PASS' "$scratch/out" || true)" "$(wc -l <"$scratch/refused")" "$(wc -l <"$scratch/bad")"
  [ "${VERBOSE:-}" != 1 ] || cat "$scratch/refused"
}

cd "$OFZ_CONFORMANCE"
"$ONNXFREEZE" test . 2>/dev/null >"$scratch/all" || true
sed -n 's/^PASS //p' "$scratch/all" | LC_ALL=C sort >"$scratch/passing"
find "$PWD" -name model.onnx | sed 's|/model.onnx$||' | awk -F/ '
  NR == FNR { pass[$0] = 1; next }
  $NF in pass' "$scratch/passing" - | LC_ALL=C sort >"$scratch/names"
# a sample that is the same every time, unless all are asked for
[ "${ALL:-}" = 1 ] || awk 'NR % 4 == 0' "$scratch/names" >"$scratch/some"
[ "${ALL:-}" = 1 ] || mv "$scratch/some" "$scratch/names"
for target in ${TARGETS:-9 13 17 21 28}; do convert "$target"; done
[ "$failures" = 0 ] || { echo "$failures failed"; exit 1; }
