#!/usr/bin/env bash
# limits.sh - every --limit-* option refuses what goes beyond it, and only that.
. "$(dirname "$0")/lib.sh"
m=testdata/cnn.onnx data=testdata/digits_test.npz

expect 3 "messages nested deeper than 3"            inspect $m --limit-depth 3
expect 3 "14400 bytes, want at most 1024"           inspect $m --limit-tensor 1K
expect 3 "more than 10 fields"                      inspect $m --limit-nodes 10
expect 3 "more than 2048 bytes of memory"           check $m --limit-structure 2k
expect 3 "more, want at most 102400 in all"         eval $m --data $data --limit-memory 100K
expect 3 "more than 100 elements to work on"        eval $m --data $data --limit-work 100
expect 3 "nodes in place of calls, want at most 1"      run testdata/bad/run_call_tree.onnx --limit-inlined 1
expect 3 "more than 5 iterations"                   run testdata/bad/run_loop_endless.onnx --limit-loop 5
expect 0 ""  eval $m --data $data --limit-memory 100M --limit-work 1G --limit-tensor 1M --limit-depth 20 \
    --limit-nodes 1M --limit-structure 1M --limit-loop 1 --limit-inlined 1
expect 2 "want a whole number of at least 1"        inspect $m --limit-tensor 0
expect 2 "want a whole number of at least 1"        inspect $m --limit-tensor 1X
expect 2 "want a whole number of at least 1"        inspect $m --limit-tensor 1KB
expect 2 "want a whole number of at least 1"        inspect $m --limit-tensor -1
expect 2 "want a whole number of at least 1"        inspect $m --limit-tensor 99999999T
expect 2 "limit: 1001, want 1 to 1000"              inspect $m --limit-depth 1001
expect 2 "unknown option --limit-tensor"            ops --limit-tensor 1
finish
