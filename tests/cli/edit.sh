# edit: every option does what it says, and refuses in words; nothing is written then.
. "$SRC/tests/cli/lib.sh"
m=testdata/cnn.onnx n=testdata/mlp.onnx conv=/stem/conv/Conv_output_0 first=/Relu_output_0
npz x.npz "images=('<f4', (2, 1, 8, 8), [i % 7 * 0.25 for i in range(128)])"
python3 - <<'PYTHON'
import struct
def npy(path, kind, shape, values):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (kind, shape)
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    code = {"<f4": "f", "<f8": "d", "<i8": "q"}[kind]
    open(path, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() +
                           struct.pack("<%d%s" % (len(values), code), *values))
npy("bias.npy", "<f4", (10,), [i for i in range(10)])
npy("wide.npy", "<f4", (11,), [0] * 11)
npy("double.npy", "<f8", (10,), [0] * 10)
PYTHON
mkdir before after

# same MODEL [NAME]: MODEL computes what the source does.
run run $m --input images=x.npz -o before -q
same()
{
    rm -f after/*
    run run "$1" --input "${2:-images}"=x.npz -o after -q
    checks=$((checks + 1))
    cmp -s before/logits.npy after/logits.npy || complain "$1: computes something else"
}
# holds FILE TEXT: the listing of a model has TEXT in it.
holds() { expect 0 "$2" inspect "$1"; }

expect 0 "checked" edit $m --rename images=x --rename node:/stem/conv/Conv=first -o a.onnx
holds a.onnx "x  float32 [N, 1, 8, 8]"
same a.onnx x
expect 2 "rename: value 'imags': the model has none of that name" edit $m --rename imags=x -o no.onnx
expect 3 "rename: value 'images': the name 'logits' is taken" edit $m --rename images=logits -o no.onnx
expect 3 "node 'first': the name '/Relu' is taken" edit a.onnx --rename node:first=/Relu -o no.onnx
expect 2 "'images': want OLD=NEW" edit $m --rename images -o no.onnx

expect 0 "checked" edit $m --extract images:$first -o a.onnx
holds a.onnx "nodes       2"
expect 0 "checked" edit $m --extract $conv:logits -o a.onnx
holds a.onnx "$conv  float32 [N, "
expect 2 "outputs: need 'images' as well" edit $m --extract fc.bias:logits -o no.onnx
expect 2 "want IN[,IN..]:OUT" edit $m --extract images -o no.onnx

expect 0 "checked" edit $m --remove $first -o a.onnx
holds a.onnx "nodes       14"
expect 2 "would be left without a producer" edit $m --remove /block2/Add -o no.onnx
expect 3 "Conv" edit $m --remove $conv -o no.onnx
expect 2 "node 'zzz': the model has none" edit $m --remove zzz -o no.onnx

expect 0 "checked" edit $m --insert "y = Identity (images)" -o a.onnx
same a.onnx
expect 0 "checked" edit $m --insert "p = Softmax <axis = 1> (logits)" -o a.onnx
holds a.onnx "logits  float32 [N, 10]"
expect 0 "checked" edit $m --replace "/Relu=$first = LeakyRelu <alpha = 0> ($conv)" -o a.onnx
same a.onnx
printf 'two = Constant <value = float {1}> ()\ny = Mul (images, two) # the same\n' >nodes.txt
expect 0 "checked" edit $m --insert nodes.txt -o a.onnx
same a.onnx
expect 2 "node text: line 1: '(images)', want ',' or '>'" edit $m --insert "y = Relu <a = 1 (images)" -o no.onnx
expect 2 "no input is a value of the model" edit $m --insert "y = Relu (nothing)" -o no.onnx
expect 2 "the new nodes do not make it" edit $m --replace "/Relu=y = Relu ($conv)" -o no.onnx
expect 3 "the name is taken" edit $m --insert "logits = Relu (images)" -o no.onnx

expect 0 "checked" edit $m --set-shape images=4,1,8,8 -o a.onnx
holds a.onnx "logits  float32 [4, 10]"
expect 0 "checked" edit $m --set-shape images=batch,1,8,8 -o a.onnx
holds a.onnx "logits  float32 [batch, 10]"
same a.onnx
expect 3 "Conv" edit $m --set-shape images=N,3,8,8 -o no.onnx
expect 2 "a constant, want an input" edit $m --set-shape fc.bias=3 -o no.onnx
expect 3 "dimension 1 is 9, want 10 as inferred" edit $m --set-shape logits=N,9 -o no.onnx
expect 2 "dimension '-1': want a number, a name or ?" edit $m --set-shape images=-1,1,8,8 -o no.onnx

expect 0 "checked" edit $m --set-attr logits.alpha=2 --drop-attr logits.beta -o a.onnx
expect 2 "attribute alpha: 'x', want a number" edit $m --set-attr logits.alpha=x -o no.onnx
expect 2 "attribute gamma: not defined by this operator" edit $m --set-attr logits.gamma=1 -o no.onnx
expect 2 "attribute gamma: not there" edit $m --drop-attr logits.gamma -o no.onnx
expect 3 "Conv" edit $m --set-attr /stem/conv/Conv.strides=0,0 -o no.onnx

expect 0 "checked" edit $m --set-init fc.bias=bias.npy -o a.onnx
expect 5 "" diff $m a.onnx
check "diff: does not name fc.bias" grep -q "^fc.bias: 10 of 10" out
expect 2 "tensor 'fc.bias': float64, want float32" edit $m --set-init fc.bias=double.npy -o no.onnx
expect 3 "Gemm" edit $m --set-init fc.bias=wide.npy -o no.onnx
expect 2 "an input, want an initializer" edit $m --set-init images=bias.npy -o no.onnx

expect 0 "checked" edit $m --initializers-to-constants -o a.onnx
holds a.onnx "Constant"
expect 0 "checked" edit a.onnx --constants-to-initializers -o b.onnx
same b.onnx
expect 0 "14 initializers" edit a.onnx --constants-to-initializers -o b.onnx

expect 0 "checked" edit $m --opset 9 -o a.onnx
holds a.onnx "ai.onnx 9"
same a.onnx
expect 0 "checked" edit a.onnx --opset 21 -o b.onnx
holds b.onnx "IR 10, ai.onnx 21"
same b.onnx
expect 2 "opset 99: want 1 to 28" edit $m --opset 99 -o no.onnx
expect 2 "'x': want a version" edit $m --opset x -o no.onnx
expect 0 "checked" edit $m --opset 20 --insert "g = Gelu (images)" -o g.onnx
expect 0 "checked" edit g.onnx --opset 13 -o a.onnx
holds a.onnx "Erf"
expect 0 "checked" edit $m --insert "g = Einsum <equation = \"nchw->nchw\"> (images)" -o g.onnx
expect 4 "operator: began in version 12, want 11 or before" edit g.onnx --opset 11 -o no.onnx

expect 0 "checked" edit $m --to fp16 --keep-io -o a.onnx
holds a.onnx "images  float32"
expect 0 "checked" edit $m --to fp16 --keep op:Gemm -o a.onnx
holds a.onnx "images  float16"
expect 0 "checked" edit a.onnx --to fp32 -o b.onnx
holds b.onnx "images  float32"
expect 2 "want float16, bfloat16 or float32" edit $m --to fp8 -o no.onnx
expect 2 "keep 'op:Zzz': the model has no such operator" edit $m --to fp16 --keep op:Zzz -o no.onnx

expect 0 "" edit $m --split-at $first -o a.onnx --out2 b.onnx
expect 0 "checked" edit a.onnx --append b.onnx -o c.onnx
same c.onnx
expect 0 "checked" edit b.onnx --prepend a.onnx --prefix a/ --map $first=$first -o c.onnx
same c.onnx a/images
expect 2 "crosses the cut" edit $m --split-at /block2/Relu_output_0 -o no.onnx --out2 no2.onnx
expect 2 "an input, want one that a node computes" edit $m --split-at images -o no.onnx --out2 no2.onnx
expect 2 "no --out2 FILE given" edit $m --split-at $first -o no.onnx
expect 2 "--out2 without --split-at" edit $m --rename images=x -o no.onnx --out2 no2.onnx
expect 3 "shape [2, 2], want [?, 1, 8, 8] for input" edit testdata/odd/function.onnx --inline-functions --append $m -o no.onnx
expect 2 "is no output of the first model" edit a.onnx --append b.onnx --map q=images -o no.onnx

expect 0 "checked" edit testdata/odd/function.onnx --inline-functions -o a.onnx
holds a.onnx "Relu"

expect 0 "checked" edit $m -o a.json
expect 0 "checked" edit a.json -o a.onnx
expect 0 '"irVersion"' edit $m --json
"$ONNXFREEZE" edit $m --json >printed.json
check "edit --json prints what -o writes" cmp -s printed.json a.json
check "JSON and back: other bytes" cmp -s $m a.onnx
echo '{"irVersion": "x"}' >bad.json
expect 3 "bad.json: json: line 1: " edit bad.json -o no.onnx
echo '{"irVersions": 1}' >bad.json
expect 3 "'irVersions', want a field of ModelProto" edit bad.json -o no.onnx

expect 0 "" edit $m --rename images=x --dry-run
expect 2 "no edit given" edit $m -o no.onnx
expect 2 "would overwrite" edit $n --rename images=x -o $n
absent no.onnx no2.onnx
finish
