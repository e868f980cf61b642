#!/usr/bin/python3
"""Makes small models of ai.onnx.ml's linear, support vector and tree operators, one backend test folder
each without outputs, and their input as inputs.json for ort_record.mjs.

Usage: ml_models.py DIR [SEED]

Left out is what ONNX Runtime does apart from the specification: two classes of trees that both have
weights, or base values, of their own (it takes the second one's sign for the class), base values of
targets that no leaf reached speaks of (it forgets them), PROBIT of one score for two classes (it writes
but one number), and TreeEnsemble's numbers for SOFTMAX and LOGISTIC (it exchanges them). PROBIT is kept
away from 1/2, where its approximation in float32 is mostly rounding.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

POSTS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"]
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
TYPES = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE,
         "int32": TensorProto.INT32, "int64": TensorProto.INT64}


class Maker:
    def __init__(self, folder, seed):
        self.folder, self.rng = pathlib.Path(folder), np.random.RandomState(seed)

    def floats(self, *shape, scale=1.0, shift=0.0):
        return (self.rng.randn(*shape) * scale + shift).astype(np.float32).reshape(-1).tolist()

    def rows(self, rows, width, dtype, missing=False):
        """Halves, so that splits are met exactly."""
        x = np.round(self.rng.randn(rows, width) * 2) / 2
        if missing and dtype.startswith("float"):
            x[self.rng.rand(rows, width) < 0.2] = np.nan
        return x.astype(dtype)

    def put(self, name, op, version, outputs, x, **attributes):
        folder = self.folder / name
        (folder / "test_data_set_0").mkdir(parents=True)
        node = helper.make_node(op, ["X"], [n for n, _ in outputs], domain="ai.onnx.ml", **attributes)
        graph = helper.make_graph(
            [node], "g", [helper.make_tensor_value_info("X", TYPES[str(x.dtype)], [None, None])],
            [helper.make_tensor_value_info(n, t, None) for n, t in outputs])
        model = helper.make_model(graph, ir_version=8, opset_imports=[
            helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", version)])
        onnx.save(model, str(folder / "model.onnx"))
        (folder / "test_data_set_0" / "input_0.pb").write_bytes(
            numpy_helper.from_array(x, "X").SerializeToString())
        (folder / "inputs.json").write_text(json.dumps({"X": {
            "type": str(x.dtype), "dims": x.shape,
            "data": [None if v != v else v for v in x.reshape(-1).tolist()]}}))

    def labels(self, text, count, key):
        if text:
            return {"classlabels_strings": [f"class {i}" for i in range(count)]}
        return {key: [10 * i - 7 for i in range(count)]}

    def linear(self, post, text):
        classes = [("Y", TensorProto.STRING if text else TensorProto.INT64), ("Z", TensorProto.FLOAT)]
        scale, shift = (0.01, 0.7) if post == "PROBIT" else (1.0, 0.0)
        for count in (1, 2, 3):
            w, b = self.floats(count, 4, scale=scale), self.floats(count, scale=scale, shift=shift)
            x = self.rows(5, 4, ["float32", "float64", "int32", "int64"][self.rng.randint(4)])
            if not (count == 1 and post == "PROBIT"):
                self.put(f"classify_{post}_{text}_{count}", "LinearClassifier", 1, classes, x,
                         coefficients=w, intercepts=b, post_transform=post,
                         **self.labels(text, max(count, 2), "classlabels_ints"))
            if not text:
                self.put(f"regress_{post}_{count}", "LinearRegressor", 1, [("Y", TensorProto.FLOAT)],
                         x.astype(np.float32), coefficients=w, intercepts=b, targets=count,
                         post_transform=post)

    def svm(self, kernel, post, text):
        classes = [("Y", TensorProto.STRING if text else TensorProto.INT64), ("Z", TensorProto.FLOAT)]
        common = dict(kernel_type=kernel, kernel_params=[0.3, 0.5, 2.0], post_transform=post)
        for count in (2, 3, 4):
            for probable in (0, 1):
                for positive in (0, 1):
                    per = [2, 3, 1, 2][:count]
                    pairs, vectors = count * (count - 1) // 2, sum(per)
                    w = self.floats(count - 1, vectors)
                    more = dict(prob_a=[-abs(v) for v in self.floats(pairs)],
                                prob_b=self.floats(pairs)) if probable else {}
                    self.put(f"svc_{kernel}_{post}_{text}_{count}_{probable}_{positive}",
                             "SVMClassifier", 1, classes, self.rows(6, 3, "float32"),
                             coefficients=[abs(v) for v in w] if positive else w,
                             support_vectors=self.floats(vectors, 3), vectors_per_class=per,
                             rho=self.floats(pairs), **common, **more,
                             **self.labels(text, count, "classlabels_ints"))
            self.put(f"svc_linear_{kernel}_{post}_{text}_{count}", "SVMClassifier", 1, classes,
                     self.rows(6, 3, "int64"), coefficients=self.floats(count, 3), rho=[0.25],
                     **common, **self.labels(text, count, "classlabels_ints"))
        if not text:
            for one in (0, 1):
                self.put(f"svr_{kernel}_{post}_{one}", "SVMRegressor", 1, [("Y", TensorProto.FLOAT)],
                         self.rows(6, 3, "float32"), coefficients=self.floats(4), n_supports=4,
                         support_vectors=self.floats(4, 3), rho=self.floats(1), one_class=one, **common)

    def forest(self, targets, scale, shift, what, trees=4, depth=3, several=None):
        """Trees whose leaves have one weight, or (several) one for each target."""
        nodes = {k: [] for k in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids",
                                 "falsenodeids", "missing_value_tracks_true")}
        weights = {k: [] for k in ("treeids", "nodeids", "ids", "weights")}
        if several is None:
            several = bool(self.rng.randint(2))

        def grow(tree, left, count):
            node, at = count[0], len(nodes["treeids"])
            leaf = left == 0 or (left < depth and self.rng.rand() < 0.2)
            count[0] += 1
            for key, value in (("treeids", tree), ("nodeids", node),
                               ("featureids", int(self.rng.randint(4))),
                               ("values", float(np.round(self.rng.randn() * 2) / 2)),
                               ("modes", "LEAF" if leaf else MODES[self.rng.randint(6)]),
                               ("truenodeids", 0), ("falsenodeids", 0),
                               ("missing_value_tracks_true", int(self.rng.randint(2)))):
                nodes[key].append(value)
            if leaf:
                for t in targets if several else [targets[self.rng.randint(len(targets))]]:
                    for key, value in zip(weights, (tree, node, t,
                                                    self.floats(1, scale=scale, shift=shift)[0])):
                        weights[key].append(value)
            else:
                nodes["truenodeids"][at] = grow(tree, left - 1, count)
                nodes["falsenodeids"][at] = grow(tree, left - 1, count)
            return node

        for tree in range(trees):
            grow(tree, depth, [0])
        made = {f"nodes_{k}": v for k, v in nodes.items()}
        made.update({f"{what}_{k}": v for k, v in weights.items()})
        return made

    def regressors(self, post, aggregate):
        for count in (1, 3):
            for base in (0, 1):
                for dtype in ("float32", "float64"):
                    scale, shift = (0.005, 0.2) if post == "PROBIT" else (1.0, 0.0)
                    a = self.forest(list(range(count)), scale, shift, "target",
                                    several=True if base else None)
                    if base:
                        a["base_values"] = self.floats(count, scale=0.01)
                    self.put(f"forest_{post}_{aggregate}_{count}_{base}_{dtype}",
                             "TreeEnsembleRegressor", 3 if base else 1, [("Y", TensorProto.FLOAT)],
                             self.rows(9, 4, dtype, True), n_targets=count,
                             aggregate_function=aggregate, post_transform=post, **a)

    def classifiers(self, post, text):
        classes = [("Y", TensorProto.STRING if text else TensorProto.INT64), ("Z", TensorProto.FLOAT)]
        for count, ids in ((2, [0]), (2, [1]), (3, [0, 1, 2]), (3, [2])):
            for base in (0, 1):
                for positive in (0, 1):
                    if (post == "PROBIT" and count == 2) or (base and ids == [1]):
                        continue
                    scale, shift = (0.005, 0.2) if post == "PROBIT" else (1.0, 0.0)
                    a = self.forest(ids, scale, shift, "class")
                    if positive:
                        a["class_weights"] = [abs(v) for v in a["class_weights"]]
                    if base:
                        a["base_values"] = self.floats(1 if count == 2 else count, scale=0.01)
                    dtype = ["float32", "float64", "int32", "int64"][self.rng.randint(4)]
                    self.put(f"trees_{post}_{text}_{count}_{len(ids)}{ids[-1]}_{base}_{positive}",
                             "TreeEnsembleClassifier", 3 if base else 1, classes,
                             self.rows(9, 4, dtype, True), post_transform=post, **a,
                             **self.labels(text, count, "classlabels_int64s"))

    def ensemble(self, post, aggregate, count, dtype):
        """The same trees as TreeEnsemble has them, some nodes asking for a set."""
        old = self.forest(list(range(count)), 0.005, 0.2, "target", 3)
        ids = list(zip(old["nodes_treeids"], old["nodes_nodeids"]))
        leaf = {key: i for i, key in enumerate(dict.fromkeys(
            zip(old["target_treeids"], old["target_nodeids"])))}
        inner = [i for i in range(len(ids)) if old["nodes_modes"][i] != "LEAF"]
        place = {ids[i]: n for n, i in enumerate(inner)}
        first = {key: n for n, key in reversed(list(enumerate(
            zip(old["target_treeids"], old["target_nodeids"]))))}
        a = {k: [] for k in ("nodes_trueleafs", "nodes_falseleafs", "nodes_truenodeids",
                             "nodes_falsenodeids")}
        modes, members = [], []
        for i in inner:
            modes.append(6 if self.rng.rand() < 0.3 else MODES.index(old["nodes_modes"][i]))
            if modes[-1] == 6:
                members += self.rng.randint(1, 9, self.rng.randint(1, 5)).tolist() + [np.nan]
            for way in ("true", "false"):
                to = (ids[i][0], old[f"nodes_{way}nodeids"][i])
                a[f"nodes_{way}leafs"].append(int(to in leaf))
                a[f"nodes_{way}nodeids"].append(leaf[to] if to in leaf else place[to])
        if members:
            a["membership_values"] = numpy_helper.from_array(np.array(members, dtype), "m")
        splits = np.array([old["nodes_values"][i] for i in inner], dtype)
        leaves = [first[key] for key in leaf]
        self.put(f"ensemble_{post}_{aggregate}_{count}_{dtype}", "TreeEnsemble", 5,
                 [("Y", TYPES[dtype])], self.rng.randint(0, 10, (30, 4)).astype(dtype),
                 tree_roots=[place[t, 0] for t in range(3)], n_targets=count, post_transform=post,
                 aggregate_function=aggregate,
                 nodes_featureids=[old["nodes_featureids"][i] for i in inner],
                 nodes_modes=numpy_helper.from_array(np.array(modes, np.uint8), "modes"),
                 nodes_splits=numpy_helper.from_array(splits, "splits"),
                 leaf_targetids=[old["target_ids"][n] for n in leaves],
                 leaf_weights=numpy_helper.from_array(
                     np.array([old["target_weights"][n] for n in leaves], dtype), "weights"), **a)


def main(folder, seed=1):
    make = Maker(folder, int(seed))
    for post in POSTS:
        for text in (0, 1):
            make.linear(post, text)
            make.classifiers(post, text)
        for aggregate in ("SUM", "AVERAGE", "MIN", "MAX"):
            make.regressors(post, aggregate)
    for kernel in ("LINEAR", "POLY", "RBF", "SIGMOID"):
        for post in POSTS[:4]:
            for text in (0, 1):
                make.svm(kernel, post, text)
    for aggregate in range(4):
        for dtype in ("float32", "float64"):
            for post, count in ((0, 1), (0, 3), (3, 3), (4, 1)):
                make.ensemble(post, aggregate, count, dtype)


if __name__ == "__main__":
    main(*sys.argv[1:])
