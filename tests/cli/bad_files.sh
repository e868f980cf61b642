#!/usr/bin/env bash
# bad_files.sh - every hostile or broken file of testdata/bad gives the exit code that its table says,
# one line of error, quickly, and no output; no command crashes on any of them.
set -uo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0

fail() {
  echo "FAIL: $*"
  bad=$((bad + 1))
}

# Run a command on a file: status in $code, stderr in $scratch/err.
try() {
  timeout 20 "$ONNXFREEZE" "$@" >"$scratch/out" 2>"$scratch/err"
  code=$?
  [ "$code" -le 5 ] || fail "$*: exit $code: $(tail -n 3 "$scratch/err")"
}

cp "$SRC"/testdata/bad/* "$scratch/"
ln -s ext.bin "$scratch/link.bin"
(cd "$scratch" && sha256sum ./*.onnx) >"$scratch/before"
while IFS=$'\t' read -r file command want; do
  case $command in
    run) try run "$scratch/$file" -o "$scratch/results" ;;
    limited)
      try run "$scratch/$file" -o "$scratch/results" --limit-tensor 64M --limit-memory 256M \
        --limit-loop 10K --limit-work 100M --limit-inlined 10K
      ;;
    *) try "$command" "$scratch/$file" ;;
  esac
  [ "$code" = "$want" ] || fail "$command $file: exit $code, want $want: $(head -n 2 "$scratch/err" "$scratch/out" | tr '\n' ' ')"
  if [ "$command" != check ]; then
    [ "$(grep -c '^onnxfreeze: error: ' "$scratch/err")" = 1 ] || fail "$command $file: not one line of error"
  fi
  for other in "inspect --nodes" "mark --preset all -o $scratch/marked.onnx" "export -o $scratch/exported.onnx"; do
    rm -f "$scratch/marked.onnx" "$scratch/exported.onnx"
    # shellcheck disable=SC2086
    try ${other%% *} "$scratch/$file" $(echo "$other" | cut -s -d' ' -f2-)
    if [ "$code" -ne 0 ] && ls "$scratch"/marked.onnx* "$scratch"/exported.onnx* >/dev/null 2>&1; then
      fail "$other $file: failed and left a file"
    fi
  done
done <"$SRC/testdata/bad/cases.tsv"
(cd "$scratch" && sha256sum -c --quiet before) || fail 'an input was touched'
echo "$(wc -l <"$SRC/testdata/bad/cases.tsv") files, $bad failures"
[ "$bad" -eq 0 ]
