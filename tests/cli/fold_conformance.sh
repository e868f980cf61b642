# Every model of ONNX's backend tests is folded and must still pass its test as it did before.
. "$(dirname "$0")/lib.sh"
[ -d "${OFZ_CONFORMANCE:-}" ] || { echo "skipped: OFZ_CONFORMANCE names no backend tests"; exit 77; }

# folders DIR: those that hold a model, as paths below DIR
folders() { (cd "$1" && find -L . -name model.onnx -printf '%h\n' | sort); }

while read -r f; do
    case $f in *test_gradient_*) continue ;; esac # have no rows
    mkdir -p "suite/$f"
    run fold "$OFZ_CONFORMANCE/$f/model.onnx" --verify 0 -q -o "suite/$f/model.onnx"
    checks=$((checks + 1))
    [ "$code" = 0 ] || complain "fold $f: exit code $code"
    cp -r "$OFZ_CONFORMANCE/$f"/test_data_set_* "suite/$f/" 2>/dev/null
done < <(folders "$OFZ_CONFORMANCE")

verdicts() { sort | sed 's/:.*//'; }
"$ONNXFREEZE" test "$OFZ_CONFORMANCE" 2>err | grep -E '^(PASS|FAIL|SKIP)' | grep -v test_gradient_ | verdicts >before
"$ONNXFREEZE" test suite 2>>err | grep -E '^(PASS|FAIL|SKIP)' | verdicts >after
checks=$((checks + 1))
diff before after >out || complain "folded models pass other tests than unfolded ones"
echo "$(wc -l <after) folded models: $(grep -c ^PASS after) pass"
finish
