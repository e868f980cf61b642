#!/usr/bin/python3
"""Writes models of operators on text and labels, and inputs for them, for two runtimes to agree on.

Usage: label_models.py DIR      makes DIR/NAME/model.onnx and DIR/NAME/in/INPUT.npy

A model holds many nodes, each with inputs and outputs of its own. What ONNX Runtime has no kernel for,
or cannot be fed from JavaScript (maps), is left out.
"""
import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, save

ML = "ai.onnx.ml"
KINDS = {"f": TensorProto.FLOAT, "d": TensorProto.DOUBLE, "i": TensorProto.INT32,
         "l": TensorProto.INT64, "q": TensorProto.INT64, "h": TensorProto.INT16,
         "U": TensorProto.STRING, "?": TensorProto.BOOL}


class Model:
    """Nodes that have nothing to do with each other."""

    def __init__(self, **opsets):
        self.nodes, self.inputs, self.outputs, self.arrays = [], [], [], {}
        self.opsets = [helper.make_opsetid(name.replace("_", "."), version)
                       for name, version in opsets.items()]
        self.opsets += [] if "" in opsets else [helper.make_opsetid("", 17)]

    def add(self, op, arrays, outputs, domain="", **attrs):
        """outputs: the letters of their types."""
        k = len(self.nodes)
        names = [f"x{k}_{i}" for i in range(len(arrays))]
        results = [f"y{k}_{i}" for i in range(len(outputs))]
        for name, array in zip(names, arrays):
            kind = KINDS[array.dtype.char]
            self.inputs.append(helper.make_tensor_value_info(name, kind, array.shape))
            self.arrays[name] = array
        for name, letter in zip(results, outputs):
            self.outputs.append(helper.make_tensor_value_info(name, KINDS[letter], None))
        self.nodes.append(helper.make_node(op, names, results, domain=domain, **attrs))

    def write(self, folder):
        (folder / "in").mkdir(parents=True)
        graph = helper.make_graph(self.nodes, "g", self.inputs, self.outputs)
        model = helper.make_model(graph, opset_imports=self.opsets)
        model.ir_version = 8
        save(model, str(folder / "model.onnx"))
        for name, array in self.arrays.items():
            np.save(folder / "in" / f"{name}.npy", array)


def texts(*words):
    return np.array(words, dtype=np.str_)


def tensor(array):
    kind = KINDS[array.dtype.char]
    values = [s.encode() for s in array] if array.dtype.char == "U" else array
    return helper.make_tensor("t", kind, array.shape, values)


def features(model):
    rng = np.random.default_rng(7)
    x = rng.normal(size=(5, 3)).astype(np.float32)
    kinds = [np.float32, np.float64, np.int32, np.int64]
    for kind in kinds:
        wide = (4 * x).astype(kind)
        model.add("Scaler", [wide], "f", ML, offset=[0.5, -1.0, 2.0], scale=[2.0, 0.25, -3.0])
        model.add("Scaler", [wide[0]], "f", ML, offset=[0.5], scale=[2.0])
        for norm in "MAX", "L1", "L2":
            model.add("Normalizer", [wide], "f", ML, norm=norm)
        model.add("FeatureVectorizer", [wide, wide[:, :2], wide[:, :1]], "f", ML,
                  inputdimensions=[2, 4, 1])
        model.add("ArrayFeatureExtractor", [wide, np.array([2, 0, 2])], wide.dtype.char, ML)
    model.add("Normalizer", [np.zeros((2, 2), np.float32)], "f", ML, norm="L2")
    model.add("FeatureVectorizer", [x[0], x[1]], "f", ML, inputdimensions=[3, 3])
    model.add("ArrayFeatureExtractor", [x[0], np.array([[1, 1]])], "f", ML)
    model.add("ArrayFeatureExtractor", [texts("a", "b", "c"), np.array([2])], "U", ML)
    model.add("Binarizer", [x], "f", ML, threshold=0.25)
    holes = np.where(x > 0.5, np.nan, x).astype(np.float32)
    model.add("Imputer", [holes], "f", ML, imputed_value_floats=[1.0, 2.0, 3.0],
              replaced_value_float=float("nan"))
    model.add("Imputer", [np.round(x)], "f", ML, imputed_value_floats=[9.0],
              replaced_value_float=0.0)
    model.add("Imputer", [np.round(3 * x).astype(np.int64)], "l", ML,
              imputed_value_int64s=[7, 8, 9], replaced_value_int64=-1)
    numbers = [3, -1, 7]
    for kind in np.float32, np.float64, np.int64:
        model.add("OneHotEncoder", [np.array([[3, -1], [7, 2]], kind)], "f", ML,
                  cats_int64s=numbers)
    model.add("OneHotEncoder", [np.array([3.9, -1.5, -0.5], np.float32)], "f", ML,
              cats_int64s=[3, -1, 0])
    model.add("OneHotEncoder", [texts("b", "é", "?")], "f", ML, cats_strings=["é", "b", "b"])
    words = ["cat", "dog", "owl", "dog"]
    model.add("CategoryMapper", [texts("dog", "cat", "", "Owl")], "l", ML, cats_strings=words,
              cats_int64s=[4, 5, 6, 7], default_int64=-7)
    model.add("CategoryMapper", [np.array([[5, 4], [0, 6]])], "U", ML, cats_strings=words,
              cats_int64s=[4, 5, 6, 4], default_string="none")
    model.add("LabelEncoder", [texts("b", "a", "z")], "l", ML, classes_strings=["a", "b"],
              default_int64=-3)
    model.add("LabelEncoder", [np.array([1, 0, 2, -1])], "U", ML, classes_strings=["a", "b"],
              default_string="none")


LISTS = {"l": ("int64s", [3, -1, 8]), "f": ("floats", [0.5, float("nan"), 2.0]),
         "U": ("strings", ["x", "", "é"])}
DEFAULTS = {"l": {"default_int64": 99}, "f": {"default_float": 1.25},
            "U": {"default_string": "none"}}


def encoder_lists(model):
    inputs = {"l": np.array([[8, 3], [4, -1]]), "f": np.array([np.nan, 2, 0.25], np.float32),
              "U": texts("é", "y", "")}
    for key, (key_name, keys) in LISTS.items():
        for value, (value_name, values) in LISTS.items():
            attrs = {f"keys_{key_name}": keys, f"values_{value_name}": values}
            model.add("LabelEncoder", [inputs[key]], value, ML, **attrs)
            model.add("LabelEncoder", [inputs[key]], value, ML, **attrs, **DEFAULTS[value])


def encoder_tensors(model):
    lists = [np.array(v, kind) for v, kind in (
        ([3, -1, 8], np.int64), ([0.5, 1.5, np.nan], np.float32), ([0.1, 0.2, np.nan], np.float64))]
    lists += [texts("x", "", "é")]
    pairs = [(0, 0), (0, 3), (3, 0), (1, 3), (3, 1), (1, 0), (0, 1), (2, 2), (3, 3), (1, 1)]
    for key, value in pairs:
        keys, values = lists[key], lists[value]
        model.add("LabelEncoder", [keys[[2, 0, 1]]], values.dtype.char, ML,
                  keys_tensor=tensor(keys), values_tensor=tensor(values),
                  default_tensor=tensor(values[:1]))
    short = np.array([4, 5, 6], np.int16)
    model.add("LabelEncoder", [texts("é", "q")], "h", ML, keys_tensor=tensor(lists[3]),
              values_tensor=tensor(short), default_tensor=tensor(short[1:2]))


PATTERNS = [
    r"[a-z]+@(gmail|yahoo)[.]com", r"a|ab|abc", r"(a+)+b", r".", r"a$", r"(?s).", r"\d+\s\w*",
    r"\pL+", r"\p{Greek}", r"[^\W\d]+", r"[[:upper:]]{2,3}", r"\x41\x{e9}", r"\101", r"(?i)é",
    r"(?P<n>x)y?", r"(?i:ABC)d", r"\Q.*\E", r"^a", r"(?m)^a$\n^b$", r"\v", r"[\s]+", r"[\S]+",
    r"a{,2}", r"a{2,}?", r"", r"\bab\b", r"[]a]+", r"[a\]-]+", r"\z", r"x*", r"(|a)+", r"\PN",
    r"(?U)a+", r"[[:word:]]+", r"\s", r"\S", r"[^\S]", r"a.c",
]
SUBJECTS = texts("a@gmail.com", "ab", "abc", "aab", "é", "É", "\n", "a\n", "12 x", "αβ", "α", "AB",
                 "ABCD", "Aé", "A", "x", "xy", "AbCd", ".*", "a\nb", "\v", " \t", "a{,2}", "aaa", "",
                 "]a", "a]-", "a_1", "\u2028", "\r", "a\rc", "1", "\f", "\u00a0")


def words(model):
    for pattern in PATTERNS:
        model.add("RegexFullMatch", [SUBJECTS], "?", pattern=pattern)
    x = texts("a-b--c", "--b", "--", "abc", "a-", "-").reshape(2, 3)
    blanks = texts(" a  b c", "", "   ", "d", "e f ", "g")
    for most in None, 0, 1, 2:
        more = {} if most is None else {"maxsplit": most}
        model.add("StringSplit", [x], "Ul", delimiter="-", **more)
        model.add("StringSplit", [x], "Ul", delimiter="--", **more)
    model.add("StringSplit", [blanks], "Ul")
    model.add("StringConcat", [x, texts("é", "", "z")], "U")
    sentence = texts("Monday", "tuesday", "Ärger", "ΣΑΣ", "ǅ", "Straße", "ñandú", "monday")
    for action in "NONE", "LOWER", "UPPER":
        for case in 0, 1:
            model.add("StringNormalizer", [sentence], "U", case_change_action=action,
                      is_case_sensitive=case, stopwords=["monday", "Tuesday"], locale="C.UTF-8")
        model.add("StringNormalizer", [sentence[None]], "U", case_change_action=action,
                  is_case_sensitive=1, locale="C.UTF-8")
    model.add("StringNormalizer", [sentence[:1]], "U", stopwords=["monday"], locale="C.UTF-8")


def grams(model):
    rng = np.random.default_rng(3)
    x = rng.integers(1, 8, size=(4, 12))
    pool = [2, 3, 5, 4, 5, 6, 7, 1, 6, 7, 1, 2, 3, 3, 3, 3]
    weights = [float(i + 1) / 4 for i in range(9)]
    for mode in "TF", "IDF", "TFIDF":
        for skips in 0, 2, 5:
            for least, most in (1, 1), (1, 2), (2, 3), (1, 3), (3, 3):
                shared = dict(mode=mode, min_gram_length=least, max_gram_length=most,
                              max_skip_count=skips, ngram_counts=[0, 4, 10])
                shared["ngram_indexes"] = [8, 1, 2, 0, 4, 5, 6, 7, 3]
                model.add("TfIdfVectorizer", [x], "f", pool_int64s=pool, weights=weights, **shared)
                model.add("TfIdfVectorizer", [x[0].astype(np.int32)], "f", pool_int64s=pool,
                          **shared)
                model.add("TfIdfVectorizer", [x.astype(np.str_)], "f",
                          pool_strings=[str(p) for p in pool], **shared)


def main(folder):
    for name, make, opsets in (
            ("features", features, {"ai_onnx_ml": 1}), ("encoder2", encoder_lists, {"ai_onnx_ml": 2}),
            ("encoder4", encoder_lists, {"ai_onnx_ml": 4}),
            ("tensors", encoder_tensors, {"ai_onnx_ml": 4}), ("text", words, {"": 20}),
            ("grams", grams, {"": 17})):
        model = Model(**opsets)
        make(model)
        model.write(pathlib.Path(folder) / name)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
