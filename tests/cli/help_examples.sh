# Every example that --help prints is run, in the order in which the commands are listed.
. "$(dirname "$0")/lib.sh"
relu_suite suite
rm -r suite/test_wrong
for c in "" inspect mark train export run eval test diff check edit ops; do
    "$ONNXFREEZE" $c --help >help
    sed -n '/^Examples:/,$s/^  \(onnxfreeze .*\)/\1/p' help >examples
    check "$c --help has examples" test -s examples
    while read -r line; do
        checks=$((checks + 1))
        (
            onnxfreeze() { "$ONNXFREEZE" "$@"; }
            eval "$line"
        ) >out 2>err </dev/null || complain "$line"
    done <examples
done
check "docs/onnxfreeze.1 names every option" python3 - <<'PYTHON'
import os, re, subprocess, sys
page = open(os.environ["SRC"] + "/docs/onnxfreeze.1").read()
missing = []
for c in "inspect mark train export run eval test diff check edit ops".split():
    section = re.search(r"^\.Ss %s$(.*?)(?=^\.S[sh] )" % c, page, re.S | re.M)
    common = re.search(r"^\.Ss Common options$(.*?)(?=^\.S[sh] )", page, re.S | re.M)
    text = subprocess.run([os.environ["ONNXFREEZE"], c, "--help"], capture_output=True, text=True).stdout
    own, shared = text.split("Common options:")
    shared = shared.split("Examples:")[0]
    for part, body in ((own, section), (shared, common)):
        for name in re.findall(r"^ +(?:-\w, )?--([a-z0-9-]+)", part, re.M):
            if not body or "Fl -" + name + "\n" not in body[1] + "\n" and \
               not re.search(r"Fl -%s\b(?!-)" % re.escape(name), body[1]):
                missing.append(c + " --" + name)
sys.exit("missing: " + ", ".join(missing) if missing else 0)
PYTHON
finish
