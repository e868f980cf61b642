# Words on the command line: typos, missing and impossible values, and the exit code of each.
. "$(dirname "$0")/lib.sh"
m=testdata/mlp.onnx d=testdata/digits_test.npz

expect 2 "" # the usage, on stderr
check "usage on stderr" grep -q '^Usage: onnxfreeze COMMAND' err
check "nothing on stdout" test ! -s out
expect 0 "Commands:" --help
expect 0 "Commands:" help
expect 0 "onnxfreeze 0." --version
for c in inspect mark train export run eval test diff check edit ops; do
    expect 0 "Usage: onnxfreeze $c " $c --help
    cp out direct
    expect 0 "Examples:" help $c
    check "help $c and $c --help are one text" cmp -s out direct
    check "$c --help within 80 columns" python3 -c '
import sys
lines = open("out").read().split("Examples:")[0].split("\n")
sys.exit(any(len(l) > 80 for l in lines))'
    expect 2 "unknown option --nonsuch" $c --nonsuch
done

#      code text                                args
expect 2 "did you mean inspect?"                inspct $m
expect 2 "lists the commands"                   zzzzzzzzz
expect 2 "did you mean --help?"                 --hepl
expect 2 "did you mean --version?"              --verson
expect 2 "did you mean --params?"               inspect --parms $m
expect 2 "did you mean --optimizer?"            train --opt sgd $m
expect 2 "did you mean --batch-size?"           train --batchsize 3 $m
expect 2 "did you mean head?"                   mark $m --preset haed --list
expect 2 "unknown option -Z"                    inspect -qZ $m
expect 2 "inspect: 0 arguments, want 1"         inspect
expect 2 "unexpected argument b"                inspect $m b
expect 2 "diff: 1 argument, want 2"             diff $m
expect 2 "test: 0 arguments, want at least 1"   test
expect 2 "--json: takes no value"               inspect --json=1 $m
expect 2 "--lr: no value, want F"               train $m --lr
expect 2 "--lr: no value, want F"               train $m --lr --epochs 2
expect 2 "--data: no value, want FILE"          eval $m --data -q
expect 2 "-o: no value, want OUT"               mark $m -o
expect 2 "--lr: 'x', want a number over 0"      train $m --lr x
expect 2 "--lr: '0', want a number over 0"      train $m --lr 0
expect 2 "--lr: '-1', want"                     train $m --lr -1
expect 2 "--lr: 'nan', want"                    train $m --lr=nan
expect 2 "--lr: 'inf', want"                    train $m --lr=inf
expect 2 "--momentum: '1', want a number from"  train $m --momentum 1
expect 2 "--val-split: '1', want"               train $m --val-split=1
expect 2 "--epochs: '0', want a whole number"   train $m --epochs 0
expect 2 "--epochs: '1.5', want"                train $m --epochs 1.5
expect 2 "--epochs: '1e3', want"                train $m --epochs 1e3
expect 2 "--batch-size: '99999999999', want"    train $m --batch-size 99999999999
expect 2 "--seed: '-1', want"                   train $m --seed -1
expect 2 "--seed: '18446744073709551616', want" train $m --seed 18446744073709551616
expect 2 "--loss: 'cee', want one of ce mse"    train $m --loss cee
expect 2 "--threads: '-2', want"                run $m --threads -2
expect 2 "--input: 'x', want NAME=ARRAY"        eval $m --data $d --input x
expect 2 "--input: '=x', want NAME=ARRAY"       eval $m --data $d --input =x
expect 2 "no --data FILE given"                 train $m -o out.onnx
expect 2 "no -o OUT given"                      train $m --data $d
expect 2 "no --data FILE given"                 eval $m
expect 2 "no output file given"                 mark $m --preset head
expect 2 "no output file given"                 export $m
expect 2 "--val and --val-split exclude"        train $m --data $d --val $d --val-split 0.1 -o o.onnx
expect 2 "without --checkpoint"                 train $m --data $d --checkpoint-steps 5 -o o.onnx
expect 2 "exclude each other"                   inspect $m --params --tree
expect 2 "exclude each other"                   ops --json --markdown
expect 2 "exclude each other"                   ops Conv --markdown
expect 2 "exclude each other"                   export $m -o o.onnx --strip --training-info
expect 2 "did you mean images?"                 run $m --input imagse=$d
expect 0 "images"                               inspect -- $m
expect 0 "images"                               inspect -qv --follow-links $m
absent o.onnx out.onnx
finish
