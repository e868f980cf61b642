# train: log, checkpoint, Ctrl-C, kill and resume, the progress bar.
. "$(dirname "$0")/lib.sh"
d=testdata/digits_train.npz v=testdata/digits_test.npz
run mark testdata/cnn.onnx --preset head -o head.onnx
run mark testdata/mlp.onnx --preset head -o mlp.onnx

expect 0 "" train head.onnx --data $d --val $v --epochs 3 --seed 7 --log log -o new.onnx --json
json 'd["epochs"] == 3 and d["steps"] == 3 * 45 and d["reason"] == "finished" and d["output"] == "new.onnx"'
json 'd["trained_tensors"] == 2 and d["validation"]["samples"] == 360 and 1 <= d["best_epoch"] <= 3'
check "the log" python3 -c '
import json
lines = [json.loads(l) for l in open("log")]
steps = [l for l in lines if "step" in l]
epochs = [l for l in lines if "train_loss" in l]
assert len(lines) == len(steps) + len(epochs) and len(epochs) == 3
assert [s["step"] for s in steps] == list(range(1, 136))
assert all({"step", "epoch", "loss", "lr", "ms", "grad_norm"} <= set(s) for s in steps)
for e in epochs:
    assert {"epoch", "train_loss", "val_loss", "val_accuracy", "seconds", "val_precision", "val_recall",
            "val_f1", "best", "per_class", "confusion"} <= set(e)
    assert sum(map(sum, e["confusion"])) == 360 and len(e["per_class"]["f1"]) == 10
    mine = [s for s in steps if s["epoch"] == e["epoch"]]
    assert len(mine) == 45
assert epochs[-1]["train_loss"] < epochs[0]["train_loss"] and any(e["best"] for e in epochs)'
expect 0 "every frozen tensor is the same" diff --frozen head.onnx new.onnx
expect 5 "" diff head.onnx new.onnx
expect 0 "" mark new.onnx --list --json # marks are kept
json 'd["trainable"]["count"] == 2'
expect 0 "validation after epoch" train head.onnx --data $d --val $v --epochs 3 --seed 7 --log log -o same.onnx
check "the same seed, the same bytes" cmp -s new.onnx same.onnx
check "the log starts anew" test "$(wc -l <log)" = 138
check "a plain line per epoch" test "$(grep -c '^epoch [123]/3  loss' err)" = 3
check "no bar off a terminal" test -z "$(tr -cd '\r\033' <err)"
expect 0 "" train head.onnx --data $d --epochs 1 -o quiet.onnx -q --log log2
check "no talk under -q" test ! -s err
check "no validation, no numbers" python3 -c '
import json
e = [json.loads(l) for l in open("log2")][-1]
assert e["val_loss"] is None and e["val_accuracy"] is None and e["confusion"] is None'
expect 0 "has no effect" train head.onnx --data $d --epochs 1 --optimizer adam --momentum 0.5 -o a.onnx
expect 0 "" train mlp.onnx --data $d --val-split 0.25 --epochs 2 --early-stop 1 --monitor f1 --schedule step \
    --step-size 1 --step-gamma 0.5 --clip-norm 1 --accumulate 2 --no-shuffle --optimizer sgd --nesterov \
    --momentum 0.9 --weight-decay 1e-4 --warmup 3 --batch-size 50 -o b.onnx --json
json 'd["validation"]["samples"] in (359, 360) and d["monitor"] == "f1"'

# A long run, to be interrupted.
long=(train mlp.onnx --data $d --epochs 16 --batch-size 16 --seed 3 --optimizer adamw --threads 1
    --checkpoint state --checkpoint-steps 20)
set -m # so that background jobs do not ignore SIGINT
for signal in INT TERM; do
    rm -f log state
    "$ONNXFREEZE" "${long[@]}" --log log -o long.onnx >out 2>err &
    pid=$!
    for _ in $(seq 500); do [ -e log ] && [ "$(wc -l <log)" -gt 30 ] && break; sleep 0.01; done
    kill -$signal $pid
    wait $pid
    code=$?
    check "SIG$signal: exit code $code, want 130" test $code = 130
    check "SIG$signal: says how to go on" grep -q -- '--resume state' err
    check "SIG$signal: one error" test "$(grep -c '^onnxfreeze: error: ' err)" = 1
    check "SIG$signal: a checkpoint" test -s state
    absent long.onnx
done
expect 0 "" "${long[@]}" --resume state --log log -o resumed.onnx
started=$(date +%s%N)
expect 0 "" "${long[@]}" --log straight -o straight.onnx
took=$((($(date +%s%N) - started) / 1000000)) # milliseconds
check "stopped and resumed: the same bytes" cmp -s resumed.onnx straight.onnx
cat >same_log.py <<'PYTHON'
import json
def read(path):
    return [{k: x for k, x in json.loads(l).items() if k not in ("ms", "seconds")} for l in open(path)]
assert read("log") == read("straight")
PYTHON
check "stopped and resumed: the same log" python3 same_log.py

# Killed up to three times at random moments, then left to end.
for round in 1 2 3 4 5; do
    rm -f log state killed.onnx
    kills=0 args=()
    for _ in 1 2 3; do
        "$ONNXFREEZE" "${long[@]}" "${args[@]}" --log log -o killed.onnx >out 2>err &
        pid=$!
        moment=$((took * (RANDOM % 100) / 100))
        sleep $((moment / 1000)).$(printf %03d $((moment % 1000)))
        kill -KILL $pid 2>/dev/null && kills=$((kills + 1))
        wait $pid 2>/dev/null
        [ -e killed.onnx ] && break
        [ -s state ] && args=(--resume state)
    done
    [ -e killed.onnx ] || expect 0 "" "${long[@]}" "${args[@]}" --log log -o killed.onnx
    check "round $round, $kills kills: the same bytes" cmp -s killed.onnx straight.onnx
    check "round $round: the same log" python3 same_log.py
done
set +m
rm -f .*.tmp* *.tmp* # a SIGKILL leaves what nobody could remove

# The bar appears on a terminal only, and not on a dumb one.
bar()
{
    env "$@" script -qec "stty cols 100; $ONNXFREEZE train head.onnx --data $d --epochs 2 -o c.onnx" /dev/null \
        >out 2>err </dev/null
}
bar TERM=xterm
check "a bar on a terminal" grep -q $'\r\033\[K.*samples/s.*left' out
check "in colour" grep -q $'\033\[36m' out
bar TERM=xterm NO_COLOR=1
check "a bar without colour" grep -q 'samples/s' out
check "no colour under NO_COLOR" test -z "$(grep $'\033\[[0-9;]*m' out)"
bar TERM=dumb
check "no bar on a dumb terminal" test -z "$(tr -cd '\033' <out)"
expect 2 "--checkpoint" train mlp.onnx --data $d -o e.onnx --checkpoint-steps 3
absent e.onnx

# Batch norms that train move their statistics; what is marked frozen stays, theirs included.
expect 0 "" mark "$SRC/testdata/cnn_bn.onnx" --preset all --freeze 'stem*' -o norms.onnx
expect 0 "" train norms.onnx --data $d --epochs 1 --lr 0.001 --bn batch -o moved.onnx
expect 0 "every frozen tensor is the same" diff norms.onnx moved.onnx --frozen
expect 5 "" diff norms.onnx moved.onnx
check "other norms moved theirs" grep -q 'block1.first.bn.running_mean' out
check "the frozen norm kept its statistics" test -z "$("$ONNXFREEZE" diff norms.onnx moved.onnx | grep '^stem')"
finish
