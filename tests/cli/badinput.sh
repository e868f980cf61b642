# Bad input: an error that names the place, the right exit code, nothing half written.
. "$(dirname "$0")/lib.sh"
m=testdata/cnn.onnx d=testdata/digits_test.npz
mkdir folder
: >empty.onnx
head -c 1000 $m >short.onnx
printf 'not a model' >text.onnx
cp $m keep.onnx

#      code text               args
for c in inspect check "mark --list" "export -o o.onnx" run "eval --data $d" "train --data $d -o o.onnx"; do
    expect 1 "nonsuch.onnx"    $c nonsuch.onnx
    expect 1 "folder"          $c folder
    expect 3 "short.onnx"      $c short.onnx
    expect 3 "text.onnx"       $c text.onnx
    expect 3 "empty.onnx"      $c empty.onnx
done
expect 1 "nonsuch.npz"         eval $m --data nonsuch.npz
expect 3 "text.onnx"           eval $m --data text.onnx
expect 1 "nonsuch.npz"         train $m --data $d --val nonsuch.npz -o o.onnx
expect 1 "nonsuch"             train $m --data $d --resume nonsuch -o o.onnx
expect 3 ""                    train $m --data $d --resume $d -o o.onnx
expect 3 "nonsuch"             train $m --data $d --target nonsuch -o o.onnx
expect 3 "nonsuch"             train $m --data $d --input images=nonsuch -o o.onnx
expect 2 "nonsuch"             train $m --data $d --input nonsuch=images -o o.onnx
expect 2 "nonsuch"             train $m --data $d --output nonsuch -o o.onnx
expect 3 "images"              run $m
cp text.onnx text.npz
expect 3 "text.npz"            run $m --input images=text.npz
expect 1 "nonsuch"             test nonsuch
expect 3 "no test in it"       test folder

images="('<f4', (4, 1, 8, 8), [0.5] * 256)"
npz high.npz "images=$images" "labels=('<i8', (4,), [0, 1, 2, 10])"
npz low.npz "images=$images" "labels=('<i8', (4,), [0, 1, 2, -7])"
npz few.npz "images=$images" "labels=('<i8', (3,), [0, 1, 2])"
npz wide.npz "images=('<f4', (4, 1, 9, 8), [0.5] * 288)" "labels=('<i8', (4,), [0, 1, 2, 3])"
npz nan.npz "images=('<f4', (4, 1, 8, 8), [float('nan')] * 256)" "labels=('<i8', (4,), [0, 1, 2, 3])"
npz none.npz "images=('<f4', (0, 1, 8, 8), [])" "labels=('<i8', (0,), [])"
for c in "train --epochs 1 -o o.onnx" eval; do
    expect 3 "label"           $c $m --data high.npz
    expect 3 "label"           $c $m --data low.npz
    expect 3 "labels"          $c $m --data few.npz
    expect 3 "images"          $c $m --data wide.npz
    expect 3 ""                $c $m --data none.npz
done
expect 1 "loss"                train $m --data nan.npz --epochs 1 -o o.onnx
expect 1 "loss"                train $m --data $d --lr 1e30 --epochs 3 -o o.onnx
absent o.onnx

# The views that bad_files.sh does not look through; none may crash.
for f in testdata/bad/*.onnx; do
    for c in "inspect --json" "inspect --tree" "inspect --params"; do
        run $c "$f"
        check "$c $f: exit code $code" test "$code" -le 4
    done
done

# Places that cannot be written.
expect 1 "nowhere"             mark $m --preset head -o nowhere/o.onnx
expect 1 "want a file"         mark $m --preset head -o folder
expect 1 "want a file"         mark $m --preset head -o /dev/null
expect 1 "nowhere"             train $m --data $d -o o.onnx --checkpoint nowhere/c
expect 1 "--log"               train $m --data $d -o o.onnx --log nowhere/log
expect 1 "--report"            export $m -o o.onnx --report nowhere/r.json
expect 1 "folder/x"            run $m --input images=$d -o folder/x/y
expect 1 "-o: keep.onnx"       run $m --input images=$d -o keep.onnx
check "/dev/null is still a device" test -c /dev/null
"$ONNXFREEZE" inspect $m >/dev/full 2>err
check "stdout to a full disk" test $? = 1 -a -s err
expect 1 "--log: /dev/full"    train $m --data $d --epochs 1 -o o.onnx --log /dev/full
(
    trap '' XFSZ # a write beyond the limit fails as on a full disk
    ulimit -f 32
    failures=0
    expect 1 "o.onnx"          mark $m --preset head -o o.onnx
    expect 1 "o.onnx"          train $m --data $d --epochs 1 -q -o o.onnx
    expect 1 "c.ckpt"          train $m --data $d --epochs 1 -q -o o.onnx --checkpoint c.ckpt
    exit $failures
)
failures=$((failures + $?))
absent o.onnx c.ckpt

mkdir readonly
chmod 555 readonly
as=
[ "$(id -u)" != 0 ] || as="setpriv --reuid=65534 --regid=65534 --clear-groups"
chmod 755 .
if $as test -x "$ONNXFREEZE" -a -r $m 2>/dev/null && ! $as test -w readonly; then
    $as "$ONNXFREEZE" mark $m --preset head -o readonly/o.onnx >out 2>err
    check "a read-only folder" test $? = 1
    check "a read-only folder by name" grep -q '^onnxfreeze: error: -o: readonly' err
fi

# The input is never written over by accident.
ln -s keep.onnx link.onnx
ln keep.onnx hard.onnx
for o in keep.onnx ./keep.onnx link.onnx hard.onnx "$PWD/folder/../keep.onnx"; do
    expect 2 "--in-place"      mark keep.onnx --preset head -o "$o"
    expect 2 "--in-place"      export keep.onnx -o "$o"
    expect 2 "--in-place"      train keep.onnx --data $d -o "$o"
done
expect 2 "would overwrite"     train keep.onnx --data $d -o $d
expect 2 "would overwrite"     train keep.onnx --data $d --log keep.onnx -o o.onnx
expect 2 "would overwrite"     train keep.onnx --data $d --log o.onnx -o o.onnx
expect 2 "would overwrite"     train keep.onnx --data $d --checkpoint o.onnx -o o.onnx
expect 2 "would overwrite"     train keep.onnx --data $d --checkpoint ./c --log c -o o.onnx
expect 2 "would overwrite"     export keep.onnx -o o.onnx --report keep.onnx
check "the input is untouched" cmp -s keep.onnx $m
rm link.onnx hard.onnx
expect 0 ""                    mark keep.onnx --preset head --in-place
expect 0 "2 tensors to train"  mark keep.onnx --list
absent o.onnx c

# Names are somebody else's bytes.
relu_model evil.onnx 'b"x\x1b[31m\x07\r\n\xe2\x80\xae\xff"' 'b"../y\x1b]0;t\x07"'
for c in inspect "inspect --params" "inspect --tree" check; do
    run $c evil.onnx
    check "$c: no control characters" test -z "$(cat out err | LC_ALL=C tr -d '\n\40-\176')"
done
run inspect evil.onnx --json
if [ "$code" = 0 ]; then
    json 'd["outputs"][0]["name"] == "../y\x1b]0;t\x07"'
    relu_model out_of_folder.onnx 'b"x"' 'b"../y"'
    npz x.npz "x=('<f4', (2,), [-1, 2])"
    expect 0 "in/_._y.npy" run out_of_folder.onnx --input x=x.npz -o in
    absent y.npy
fi
finish
