/* test_ops_ml_models.c - linear models, support vector machines and trees of ai.onnx.ml: vectors and
 * errors. Values with more than three digits are ONNX Runtime 1.30's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_harness.h"

/* clang-format off */
#define LC "ai.onnx.ml:LinearClassifier", 1
#define LR "ai.onnx.ml:LinearRegressor", 1
#define X2 "F32[2,2] 1 2 -3 0.5"

static const op_case linear[] = {
    { LC, "coefficients=[1.0,-1.0] intercepts=[0.5] classlabels_ints=[4,7]", { X2 }, { "I64[2] 4 4", "F32[2,2] 1.5 -0.5 4 -3" } },
    { LC, "coefficients=[1.0,1.0] intercepts=[0.0] classlabels_strings=['no','yes'] post_transform='LOGISTIC'", { "F64[2,2] 1 -1 1 1" },
      { "STRING[2] 'no' 'yes'", "F32[2,2] 0.5 0.5 0.119202922 0.880797078" } },
    { LC, "coefficients=[1.0,0.0] intercepts=[0.0] classlabels_ints=[4,7] post_transform='SOFTMAX'", { X2 }, { "I64[2] 7 4", "F32[2,2] 0 1 4 -3" } },
    { LC, "coefficients=[1.0,0.0] intercepts=[0.0] classlabels_ints=[4,7] post_transform='PROBIT'", { "F32[1,2] 0.25 0" }, { "I64[1] 7", "F32[1,2] 0.674573958 -0.674573958" } },
    { LC, "coefficients=[1.0,0.0,0.0,1.0,1.0,1.0] classlabels_ints=[1,2,3]", { "I64[2] 3 4" }, { "I64[1] 3", "F32[1,3] 3 4 7" } },
    { LC, "coefficients=[1.0,0.0,0.0,1.0] intercepts=[0.0,0.0] classlabels_strings=['a','b'] post_transform='SOFTMAX'", { "I32[1,2] 1 0" },
      { "STRING[1] 'a'", "F32[1,2] 0.7310586 0.26894143" } },
    { LC, "coefficients=[1.0,0.0,0.0,1.0] intercepts=[0.0,0.0] classlabels_ints=[8,9] post_transform='SOFTMAX_ZERO'", { "F32[1,2] 1 0" },
      { "I64[1] 8", "F32[1,2] 1 0" } },
    { LC, "coefficients=[1.0,0.0,0.0,1.0] intercepts=[0.0,0.0] classlabels_ints=[8,9]", { "F32[0,2]" }, { "I64[0]", "F32[0,2]" } },
    { LC, "coefficients=[1.0,0.0,0.0,1.0] intercepts=[0.0,0.0] classlabels_ints=[8,9]", { "F32[1,2] 2 1" }, { "-", "F32[1,2] 2 1" } },
    { LC, "coefficients=[1.0,0.0,0.0,1.0] intercepts=[0.0,0.0] classlabels_ints=[8,9]", { "F32[1,2] 2 1" }, { "I64[1] 8", "-" } },
    { LC, "coefficients=[1.0,1.0] intercepts=[0.0] classlabels_ints=[1]", { X2 }, { "?", "?" }, .error = "classlabels: 1, want 2" },
    { LC, "coefficients=[1.0,1.0,1.0] intercepts=[0.0] classlabels_ints=[1,2]", { X2 }, { "?", "?" }, .error = "coefficients: 3 numbers, want 2" },
    { LC, "coefficients=[1.0] classlabels_ints=[1,2]", { X2 }, { "?", "?" }, .error = "coefficients: 1 numbers, want 0" },
    { LC, "coefficients=[1.0,1.0] intercepts=[0.0] classlabels_ints=[1,2] post_transform='BEST'", { X2 }, { "?", "?" }, .error = "post_transform: 'BEST', want one of NONE" },
    { LC, "coefficients=[1.0,1.0] intercepts=[0.0] classlabels_ints=[1] classlabels_strings=['a']", { X2 }, { "?", "?" }, .error = "integers and strings" },
    { LC, "coefficients=[1.0] intercepts=[0.0] classlabels_ints=[1,2]", { "F32[1,1,1] 0" }, { "?", "?" }, .error = "input X: rank 3, want 1 or 2" },
    { LC, "coefficients=[1.0] intercepts=[0.0] classlabels_ints=[1,2]", { "BOOL[1,1] 0" }, { "?", "?" }, .error = "input 0 (X): bool, want float32, float64, int32 or int64" },
    { LC, "intercepts=[0.0]", { X2 }, { "?", "?" }, .error = "attribute coefficients: missing" },

    { LR, "coefficients=[1.0,2.0] intercepts=[0.25]", { X2 }, { "F32[2,1] 5.25 -1.75" } },
    { LR, "coefficients=[1.0,0.0,0.0,1.0] targets=2 post_transform='LOGISTIC'", { "I64[1,2] 0 0" }, { "F32[1,2] 0.5 0.5" } },
    { LR, "coefficients=[1.0] post_transform='PROBIT'", { "F64[2,1] 0.25 0.75" }, { "F32[2,1] -0.674573958 0.674573958" } },
    { LR, "coefficients=[1.0] post_transform='LOGISTIC'", { "F32[1,1] 3" }, { "F32[1,1] 3" } },
    { LR, "coefficients=[1.0,2.0] targets=0", { X2 }, .error = "targets: 0, want at least 1" },
    { LR, "coefficients=[1.0,2.0] targets=2", { X2 }, .error = "coefficients: 2 numbers, want 4" },
    { LR, "coefficients=[1.0,2.0] intercepts=[1.0,2.0]", { X2 }, .error = "intercepts: 2 numbers, want 1" },
};

#define SC "ai.onnx.ml:SVMClassifier", 1
#define SR "ai.onnx.ml:SVMRegressor", 1
#define TWO "vectors_per_class=[1,1] support_vectors=[1.0,0.0,0.0,1.0] coefficients=[1.0,-1.0] rho=[0.5] "
#define THREE "vectors_per_class=[1,1,1] support_vectors=[1.0,0.0,0.0,1.0,1.0,1.0] coefficients=[1.0,-1.0,0.5,1.0,2.0,-1.0] rho=[0.5,0.25,-0.5] "

static const op_case svm[] = {
    { SC, TWO "classlabels_ints=[4,7]", { X2 }, { "I64[2] 7 7", "F32[2,2] 0.5 -0.5 3 -3" } },
    { SC, TWO "classlabels_ints=[4,7]", { "F32[1,2] 3 0" }, { "I64[1] 4", "F32[1,2] -3.5 3.5" } },
    { SC, TWO "classlabels_strings=['a','b'] post_transform='LOGISTIC'", { "F32[1,2] 0 0.5" }, { "STRING[1] 'b'", "F32[1,2] 0.5 0.5" } },
    { SC, TWO "classlabels_ints=[4,7] post_transform='SOFTMAX'", { "F32[1,2] 3 0" }, { "I64[1] 4", "F32[1,2] -2.5 3.5" } },
    { SC, TWO "classlabels_ints=[4,7] kernel_type='POLY' kernel_params=[1.0,1.0,2.0]", { "F32[1,2] 1 2" }, { "I64[1] 7", "F32[1,2] 4.5 -4.5" } },
    { SC, TWO "classlabels_ints=[4,7] kernel_type='RBF' kernel_params=[0.5,0.0,0.0]", { "I32[1,2] 1 0" }, { "I64[1] 4", "F32[1,2] -1.13212056 1.13212056" } },
    { SC, TWO "classlabels_ints=[4,7] kernel_type='SIGMOID' kernel_params=[0.5,0.5,0.0]", { "F64[1,2] 1 0" }, { "I64[1] 4", "F32[1,2] -0.799476998 0.799476998" } },
    { SC, TWO "classlabels_ints=[4,7] prob_a=[-1.0] prob_b=[0.25]", { "F32[1,2] 1 0" }, { "I64[1] 4", "F32[1,2] 0.777299861 0.222700139" } },
    { SC, THREE "classlabels_strings=['a','b','c']", { "F32[2,2] 1 2 -1 0" }, { "STRING[2] 'b' 'b'", "F32[2,3] -0.5 2.75 0.5 -0.5 -1.25 0.5" } },
    { SC, THREE "classlabels_ints=[0,1,2] prob_a=[-1.0,-1.0,-1.0] prob_b=[0.0,0.0,0.0]", { "F32[1,2] 0.5 0" }, { "I64[1] 0", "?F32[1,3]" } },
    { SC, "coefficients=[1.0,0.0,0.0,1.0] rho=[-1.0] classlabels_ints=[4,7]", { "F32[2,2] 2 0 1 0" }, { "I64[2] 7 4", "F32[2,2] 1 -1 0 -1" } },
    { SC, "coefficients=[1.0,0.0,0.0,1.0,1.0,1.0] rho=[0.0] classlabels_ints=[4,7,9] post_transform='SOFTMAX'", { "F32[1,2] 0 0" },
      { "I64[1] 4", "F32[1,3] 0.33333334 0.33333334 0.33333334" } },
    { SC, TWO "classlabels_ints=[4,7] kernel_type='BEST'", { X2 }, { "?", "?" }, .error = "kernel_type: 'BEST', want one of LINEAR, POLY, RBF, SIGMOID" },
    { SC, TWO "classlabels_ints=[4,7] kernel_params=[1.0]", { X2 }, { "?", "?" }, .error = "kernel_params: 1 numbers, want 3" },
    { SC, TWO "classlabels_ints=[4,7]", { "F32[1,3] 1 2 3" }, { "?", "?" }, .error = "support_vectors: 4 numbers, want 6" },
    { SC, TWO "classlabels_ints=[4,7] prob_a=[1.0]", { X2 }, { "?", "?" }, .error = "prob_b: 0 numbers, want 1" },
    { SC, TWO "classlabels_ints=[4,7,8]", { X2 }, { "?", "?" }, .error = "vectors_per_class: 2 numbers, want 3" },
    { SC, TWO "classlabels_ints=[4]", { X2 }, { "?", "?" }, .error = "classlabels: 1, want at least 2" },
    { SC, TWO, { X2 }, { "?", "?" }, .error = "classlabels: 0, want 1 to 65535" },
    { SC, "vectors_per_class=[-1,1] coefficients=[1.0] rho=[1.0] classlabels_ints=[4,7]", { X2 }, { "?", "?" }, .error = "vectors_per_class[0]: -1" },
    { SC, "vectors_per_class=[9223372036854775807,1] coefficients=[1.0] rho=[1.0] classlabels_ints=[4,7]", { X2 }, { "?", "?" }, .error = "vectors_per_class[1]: 1" },
    { SC, "vectors_per_class=[9223372036854775806,1] coefficients=[1.0] rho=[1.0] classlabels_ints=[4,7]", { X2 }, { "?", "?" }, .error = "coefficients: 1 numbers, want" },
    { SC, "coefficients=[1.0,0.0,0.0,1.0] classlabels_ints=[4,7]", { X2 }, { "?", "?" }, .error = "rho: no numbers" },

    { SR, "coefficients=[1.0,2.0] rho=[0.5]", { X2 }, { "F32[2,1] 5.5 -1.5" } },
    { SR, "coefficients=[1.0,2.0] rho=[0.5] kernel_type='RBF' kernel_params=[1.0,0.0,0.0]", { X2 }, { "F32[2,1] 5.5 -1.5" } },
    { SR, "coefficients=[2.0,-1.0] support_vectors=[1.0,0.0,0.0,1.0] n_supports=2 rho=[0.5]", { X2 }, { "F32[2,1] 0.5 -6" } },
    { SR, "coefficients=[2.0,-1.0] support_vectors=[1.0,0.0,0.0,1.0] n_supports=2 rho=[0.5] kernel_type='POLY' kernel_params=[1.0,0.0,3.0]", { X2 }, { "F32[2,1] -5.5 -53.625" } },
    { SR, "coefficients=[2.0,-1.0] support_vectors=[1.0,0.0,0.0,1.0] n_supports=2 rho=[0.5] one_class=1", { "F64[2] 1 2" }, { "F32[1,1] 1" } },
    { SR, "coefficients=[2.0,-1.0] support_vectors=[1.0,0.0,0.0,1.0] n_supports=2 rho=[0.5] one_class=1", { "I64[1,2] -1 2" }, { "F32[1,1] -1" } },
    { SR, "coefficients=[2.0] support_vectors=[1.0,0.0,0.0,1.0] n_supports=2 rho=[0.5]", { X2 }, .error = "coefficients: 1 numbers, want 2" },
    { SR, "coefficients=[2.0,1.0] support_vectors=[1.0,0.0,0.0] n_supports=2 rho=[0.5]", { X2 }, .error = "support_vectors: 3 numbers, want 4" },
    { SR, "coefficients=[2.0,1.0]", { X2 }, .error = "rho: 0 numbers, want 1" },
};

/* One tree: x[0] <= 1 ? leaf 1 : (x[1] > 2 ? leaf 3 : leaf 4). */
#define TREE "nodes_treeids=[0,0,0,0,0] nodes_nodeids=[0,1,2,3,4] nodes_featureids=[0,0,1,0,0] nodes_truenodeids=[1,0,3,0,0] " \
             "nodes_falsenodeids=[2,0,4,0,0] nodes_modes=['BRANCH_LEQ','LEAF','BRANCH_GT','LEAF','LEAF'] "
#define VALUES "nodes_values=[1.0,0.0,2.0,0.0,0.0] "
#define NAN_YES "nodes_missing_value_tracks_true=[1,0,0,0,0] "
#define LEAVES(w, ids) w "_treeids=[0,0,0] " w "_nodeids=[1,3,4] " w "_ids=" ids " "
#define XT "F32[4,2] 0 0 2 3 2 1 nan 3"
#define TR(v) "ai.onnx.ml:TreeEnsembleRegressor", v
#define TC(v) "ai.onnx.ml:TreeEnsembleClassifier", v
#define REG TREE VALUES LEAVES("target", "[0,0,0]") "target_weights=[1.0,2.0,4.0] n_targets=1 "
#define CLS(ids) TREE VALUES LEAVES("class", ids) "class_weights=[0.25,-2.0,4.0] "
#define POS(ids) TREE VALUES LEAVES("class", ids) "class_weights=[0.25,0.75,4.0] "
/* Two stumps on x[0], split at 0, of two leaves each. */
#define STUMPS(mode) "nodes_treeids=[7,7,7,5,5,5] nodes_nodeids=[0,1,2,2,1,0] nodes_featureids=[0,0,0,0,0,0] nodes_truenodeids=[1,0,0,1,0,0] " \
    "nodes_falsenodeids=[2,0,0,0,0,0] nodes_values=[0.0,0.0,0.0,1.0,0.0,0.0] nodes_modes=['" mode "','LEAF','LEAF','" mode "','LEAF','LEAF'] " \
    "target_treeids=[7,7,5,5,5] target_nodeids=[1,2,1,0,0] target_ids=[0,0,0,0,1] target_weights=[1.0,2.0,4.0,8.0,16.0] n_targets=2 "

static const op_case trees[] = {
    { TR(1), REG, { XT }, { "F32[4,1] 1 2 4 2" } },
    { TR(1), REG NAN_YES, { XT }, { "F32[4,1] 1 2 4 1" } },
    { TR(3), REG "base_values=[0.5]", { "F64[4,2] 0 0 2 3 2 1 1 9" }, { "F32[4,1] 1.5 2.5 4.5 1.5" } },
    { TR(3), TREE LEAVES("target", "[0,0,0]") "nodes_values_as_tensor={F64[5] 1 0 2 0 0} target_weights_as_tensor={F64[3] 1 2 4} base_values_as_tensor={F64[1] 1} n_targets=1",
      { "I64[3,2] 0 0 2 3 2 1" }, { "F32[3,1] 2 3 5" } },
    { TR(3), REG "post_transform='LOGISTIC'", { "I32[2] 0 0" }, { "F32[1,1] 1" } },
    { TR(1), REG "post_transform='PROBIT' base_values=[-0.75]", { "F32[2] 0 0" }, { "F32[1,1] -0.674573958" } },
    { TR(1), STUMPS("BRANCH_LT"), { "F32[3,1] -1 0 1" }, { "F32[3,2] 5 0 6 0 10 16" } },
    { TR(1), STUMPS("BRANCH_LT") "aggregate_function='AVERAGE' base_values=[1.0,2.0]", { "F32[3,1] -1 0 1" }, { "F32[3,2] 3.5 2 4 2 6 10" } },
    { TR(1), STUMPS("BRANCH_GTE") "aggregate_function='MIN'", { "F32[3,1] -1 0 1" }, { "F32[3,2] 2 16 1 16 1 0" } },
    { TR(3), STUMPS("BRANCH_EQ") "aggregate_function='MAX'", { "F32[3,1] -1 0 1" }, { "F32[3,2] 8 16 8 16 4 0" } },
    { TR(1), STUMPS("BRANCH_NEQ"), { "F32[3,1] nan 0 1" }, { "F32[3,2] 5 0 6 0 9 16" } },
    { TR(1), STUMPS("BRANCH_LT") "post_transform='SOFTMAX'", { "F32[1,1] 0" }, { "F32[1,2] 0.99752738 0.00247262316" } },
    { TR(1), STUMPS("BRANCH_LT"), { "F32[0,1]" }, { "F32[0,2]" } },
    { TR(1), REG, { "F32[1,1] 0" }, .error = "node 1: feature 1, want 0 to 0" },
    { TR(1), REG "aggregate_function='BEST'", { XT }, .error = "aggregate_function: 'BEST', want one of AVERAGE, SUM, MIN, MAX" },
    { TR(1), REG "post_transform='BEST'", { XT }, .error = "post_transform: 'BEST'" },
    { TR(1), REG "base_values=[1.0,2.0]", { XT }, .error = "base_values: 2 numbers, want 1" },
    { TR(3), REG "base_values=[1.0] base_values_as_tensor={F32[1] 1}", { XT }, .error = "base_values: as a list and as a tensor" },
    { TR(3), REG "base_values_as_tensor={I64[1] 1}", { XT }, .error = "base_values: int64, want a float type" },
    { TR(1), REG "base_values_as_tensor={F32[1] 1}", { XT }, .error = "attribute base_values_as_tensor: not defined" },
    { TR(1), TREE VALUES LEAVES("target", "[0,1,0]") "target_weights=[1.0,2.0,4.0] n_targets=1", { XT }, .error = "weight 1: target 1, want 0 to 0" },
    { TR(1), TREE VALUES LEAVES("target", "[0,1]") "target_weights=[1.0,2.0,4.0] n_targets=1", { XT }, .error = "weights' target ids: 2 numbers, want 3" },
    { TR(1), TREE VALUES "target_treeids=[1] target_nodeids=[1] target_ids=[0] target_weights=[1.0] n_targets=1", { XT }, .error = "weight 0: of node 1, which tree 1 lacks" },
    { TR(1), TREE "n_targets=1", { XT }, .error = "nodes_values: 0 numbers, want 5" },
    { TR(1), TREE VALUES, { XT }, .error = "n_targets: 0, want at least 1" },
    { TR(1), "nodes_treeids=[0,0] nodes_nodeids=[3,3] nodes_featureids=[0,0] nodes_truenodeids=[0,0] nodes_falsenodeids=[0,0] nodes_values=[0.0,0.0] nodes_modes=['LEAF','LEAF'] n_targets=1",
      { XT }, .error = "node 3 of tree 0: there twice" },
    { TR(1), "nodes_treeids=[0] nodes_nodeids=[0] nodes_featureids=[0] nodes_truenodeids=[0] nodes_falsenodeids=[0] nodes_values=[0.0] nodes_modes=['BRANCH_LT'] n_targets=1",
      { XT }, .error = "node 0: on a circle" },
    { TR(1), "nodes_treeids=[0,0,0] nodes_nodeids=[0,1,2] nodes_featureids=[0,0,0] nodes_truenodeids=[1,2,1] nodes_falsenodeids=[2,1,1] nodes_values=[0.0,0.0,0.0] "
      "nodes_modes=['BRANCH_LT','BRANCH_LT','BRANCH_LT'] n_targets=1", { XT }, .error = "on a circle" },
    { TR(1), "nodes_treeids=[0] nodes_nodeids=[0] nodes_featureids=[0] nodes_truenodeids=[5] nodes_falsenodeids=[0] nodes_values=[0.0] nodes_modes=['BRANCH_LT'] n_targets=1",
      { XT }, .error = "tree 0: a branch to node 5, which it lacks" },
    { TR(1), "nodes_treeids=[0] nodes_nodeids=[0] nodes_featureids=[0] nodes_truenodeids=[0] nodes_falsenodeids=[0] nodes_values=[0.0] nodes_modes=['BRANCH'] n_targets=1",
      { XT }, .error = "nodes_modes: 'BRANCH', want one of BRANCH_LEQ" },
    { TR(1), REG "nodes_missing_value_tracks_true=[1]", { XT }, .error = "nodes_missing_value_tracks_true: 1 numbers, want 5" },
    { TR(5), REG, { XT }, .error = "withdrawn in version 5, want TreeEnsemble" },

    /* one score for two classes: shares of 1 where no weight is negative, else mirrored */
    { TC(1), POS("[0,0,0]") "classlabels_int64s=[4,7]", { XT }, { "I64[4] 4 7 7 7", "F32[4,2] 0.75 0.25 0.25 0.75 -3 4 0.25 0.75" } },
    { TC(1), CLS("[0,0,0]") "classlabels_int64s=[4,7]", { XT }, { "I64[4] 7 4 7 4", "F32[4,2] -0.25 0.25 2 -2 -4 4 2 -2" } },
    { TC(3), CLS("[0,0,0]") "classlabels_strings=['a','b'] post_transform='LOGISTIC'", { "F64[2,2] 0 0 2 3" },
      { "STRING[2] 'b' 'a'", "F32[2,2] 0.43782350 0.5621765 0.88079708 0.11920292" } },
    { TC(3), CLS("[0,0,0]") "classlabels_int64s=[4,7] post_transform='SOFTMAX'", { "I32[1,2] 0 0" }, { "I64[1] 7", "F32[1,2] -0.25 0.25" } },
    { TC(1), CLS("[0,0,0]") "classlabels_int64s=[4,7] base_values=[-1.0]", { "I64[1,2] 0 0" }, { "I64[1] 4", "F32[1,2] 0.75 -0.75" } },
    { TC(1), POS("[1,1,1]") "classlabels_int64s=[4,7]", { XT }, { "I64[4] 4 7 7 7", "F32[4,2] 0 0.25 0 0.75 0 4 0 0.75" } },
    { TC(1), CLS("[1,1,1]") "classlabels_int64s=[4,7] post_transform='LOGISTIC'", { "F32[2] 0 0" }, { "I64[1] 7", "F32[1,2] 0.5 0.5621765" } },
    { TC(1), POS("[0,1,1]") "classlabels_strings=['a','b']", { XT }, { "STRING[4] 'a' 'b' 'b' 'b'", "F32[4,2] 0.25 0 0 0.75 0 4 0 0.75" } },
    { TC(3), CLS("[0,1,2]") "classlabels_int64s=[4,7,9]", { XT }, { "I64[4] 4 7 9 7", "F32[4,3] 0.25 0 0 0 -2 0 0 0 4 0 -2 0" } },
    { TC(3), CLS("[0,1,2]") "classlabels_int64s=[4,7,9] base_values=[1.0,2.0,3.0]", { XT }, { "I64[4] 9 9 9 9", "F32[4,3] 1.25 2 3 1 0 3 1 2 7 1 0 3" } },
    { TC(1), CLS("[0,0,0]") "classlabels_int64s=[4]", { XT }, { "I64[4] 1 0 1 0", "F32[4,1] 0.25 -2 4 -2" } },
    { TC(1), CLS("[0,1,2]") "classlabels_int64s=[4,7,9] base_values=[1.0]", { XT }, { "?", "?" }, .error = "base_values: 1 numbers, want 3" },
    { TC(1), CLS("[0,1,2]") "classlabels_int64s=[4,7]", { XT }, { "?", "?" }, .error = "weight 2: target 2, want 0 to 1" },
    { TC(1), CLS("[0,1,2]"), { XT }, { "?", "?" }, .error = "classlabels: none, want at least 1" },
    { TC(1), CLS("[0,1,0]") "classlabels_int64s=[1] classlabels_strings=['a']", { XT }, { "?", "?" }, .error = "integers and strings" },
    { TC(5), CLS("[0,0,0]") "classlabels_int64s=[4,7]", { XT }, { "?", "?" }, .error = "withdrawn in version 5, want TreeEnsemble" },
};

#define TE "ai.onnx.ml:TreeEnsemble", 5
/* x[0] in {1.5, 3} ? leaf 0 : (x[1] <= 2 ? leaf 1 : leaf 2) */
#define SET(members) "tree_roots=[0] nodes_featureids=[0,1] nodes_modes={U8[2] 6 0} nodes_splits={F32[2] 0 2} nodes_truenodeids=[0,1] nodes_trueleafs=[1,1] " \
                     "nodes_falsenodeids=[1,2] nodes_falseleafs=[0,1] leaf_targetids=[0,1,0] leaf_weights={F32[3] 1 2 4} membership_values={" members "} "
#define WALK(roots, yes, no) "tree_roots=" roots " nodes_featureids=[0,0] nodes_modes={U8[2] 1 3} nodes_splits={F32[2] 0 0} nodes_truenodeids=" yes \
                             " nodes_trueleafs=[0,0] nodes_falsenodeids=" no " nodes_falseleafs=[1,1] leaf_targetids=[0] leaf_weights={F32[1] 1} n_targets=1"

static const op_case ensembles[] = {
    { TE, SET("F32[3] 1.5 3 nan") "n_targets=2", { "F32[4,2] 1.5 0 3 9 2 2 2 3" }, { "F32[4,2] 1 0 1 0 0 2 4 0" } },
    { TE, SET("F32[3] 1.5 3 nan") "n_targets=2 nodes_missing_value_tracks_true=[1,0]", { "F32[2,2] nan 0 2 nan" }, { "F32[2,2] 1 0 4 0" } },
    { TE, SET("F32[3] 1.5 3 nan") "n_targets=2 aggregate_function=0 post_transform=2", { "F32[1,2] 1.5 0" }, { "F32[1,2] 0.7310586 0.5" } },
    { TE, SET("F32[3] 1.5 3 nan") "n_targets=2 aggregate_function=2 post_transform=1", { "F32[1,2] 1.5 0" }, { "F32[1,2] 0.7310586 0.26894143" } },
    { TE, SET("F32[3] 1.5 3 nan") "n_targets=2 aggregate_function=3 post_transform=3", { "F32[1,2] 1.5 0" }, { "F32[1,2] 1 0" } },
    { TE, "tree_roots=[0,0] nodes_featureids=[0] nodes_modes={U8[1] 2} nodes_splits={F64[1] 0.1} nodes_truenodeids=[1] nodes_trueleafs=[1] nodes_falsenodeids=[0] "
      "nodes_falseleafs=[1] leaf_targetids=[0,0] leaf_weights={F64[2] 0.1 0.25} n_targets=1 nodes_hitrates={F64[1] 1}", { "F64[2,1] 0.1 0.09999" }, { "F64[2,1] 0.5 0.2" } },
    { TE, "tree_roots=[0] nodes_featureids=[0] nodes_modes={U8[1] 4} nodes_splits={F16[1] 2} nodes_truenodeids=[0] nodes_trueleafs=[1] nodes_falsenodeids=[0] "
      "nodes_falseleafs=[1] leaf_targetids=[0] leaf_weights={F16[1] 0.25} n_targets=1 post_transform=4", { "F16[1,1] 2" }, { "F16[1,1] -0.674573958" }, .rtol = 1e-3 },
    { TE, SET("F32[3] 1.5 3 nan") "n_targets=1", { "F32[1,2] 0 0" }, .error = "weight 1: target 1, want 0 to 0" },
    { TE, SET("F32[3] 1.5 3 nan"), { "F32[1,2] 0 0" }, .error = "n_targets: 0, want at least 1" },
    { TE, SET("F32[3] 1.5 3 nan") "n_targets=2 post_transform=5", { "F32[1,2] 0 0" }, .error = "post_transform: 5, want 0 to 4" },
    { TE, SET("F32[3] 1.5 3 nan") "n_targets=2 aggregate_function=-1", { "F32[1,2] 0 0" }, .error = "aggregate_function: -1, want 0 to 3" },
    { TE, SET("F32[2] 1.5 3") "n_targets=2", { "F32[1,2] 0 0" }, .error = "membership_values: ends before the set of node 0" },
    { TE, SET("F32[3] nan 3 nan") "n_targets=2", { "F32[1,2] 0 0" }, .error = "membership_values: more sets than nodes" },
    { TE, WALK("[0]", "[1,0]", "[0,0]"), { "F32[1,1] 0" }, .error = "node 0: on a circle, want a tree" },
    { TE, WALK("[0]", "[1,1]", "[0,0]"), { "F32[1,1] 0" }, .error = "node 1: on a circle, want a tree" },
    { TE, WALK("[0]", "[1,2]", "[0,0]"), { "F32[1,1] 0" }, .error = "node 1: a branch that leads nowhere" },
    { TE, WALK("[0]", "[-1,1]", "[0,0]"), { "F32[1,1] 0" }, .error = "node 0: a branch that leads nowhere" },
    { TE, WALK("[0]", "[1,1]", "[0,1]"), { "F32[1,1] 0" }, .error = "node 1: a branch that leads nowhere" },
    { TE, WALK("[2]", "[0,0]", "[0,0]"), { "F32[1,1] 0" }, .error = "root 0: no such node" },
    { TE, WALK("[-1]", "[0,0]", "[0,0]"), { "F32[1,1] 0" }, .error = "root 0: no such node" },
    { TE, WALK("[0]", "[1]", "[0,0]"), { "F32[1,1] 0" }, .error = "nodes_truenodeids: 1 numbers, want 2" },
    { TE, "tree_roots=[0] nodes_featureids=[0] nodes_modes={U8[1] 7} nodes_splits={F32[1] 0} nodes_truenodeids=[0] nodes_trueleafs=[1] nodes_falsenodeids=[0] "
      "nodes_falseleafs=[1] leaf_targetids=[0] leaf_weights={F32[1] 0} n_targets=1", { "F32[1,1] 0" }, .error = "node 0: mode 7, want 0 to 6" },
    { TE, "tree_roots=[0] nodes_featureids=[0] nodes_modes={I32[1] 0} nodes_splits={F32[1] 0} nodes_truenodeids=[0] nodes_trueleafs=[1] nodes_falsenodeids=[0] "
      "nodes_falseleafs=[1] leaf_targetids=[0] leaf_weights={F32[1] 0} n_targets=1", { "F32[1,1] 0" }, .error = "nodes_modes: int32, want uint8" },
};
/* clang-format on */

static void test_linear(void **state)
{
    (void)state;
    OP_CASES_RUN(linear);
}

static void test_svm(void **state)
{
    (void)state;
    OP_CASES_RUN(svm);
}

static void test_trees(void **state)
{
    (void)state;
    OP_CASES_RUN(trees);
}

static void test_ensembles(void **state)
{
    (void)state;
    OP_CASES_RUN(ensembles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_svm),
        cmocka_unit_test(test_trees),
        cmocka_unit_test(test_ensembles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
