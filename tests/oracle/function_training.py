#!/usr/bin/python3
"""Train networks exported with their modules as functions, and the same networks exported flat: every
tensor must come out alike, and the file must keep its functions.

usage: function_training.py PROGRAM
"""
import io
import json
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn


class Block(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return x + self.down(torch.nn.functional.gelu(self.up(self.norm(x))))


class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.one, self.two, self.head = nn.Linear(10, 16), Block(16, 24), Block(16, 24), nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.two(self.one(self.stem(x))))


class Pictures(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.deep = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(8, 3))

    def forward(self, x):
        return self.head(self.deep(self.stem(x)))


def export(net, shape, path, functions):
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net.eval(), torch.zeros(2, *shape), buffer, opset_version=15, input_names=["x"],
                          output_names=["y"], dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
                          training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
                          export_modules_as_functions=functions)
    with open(path, "wb") as file:
        file.write(buffer.getvalue())
    return onnx.load(path)


def run(program, *words):
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout


def tensors(path):
    return {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}


def main():
    program, bad = sys.argv[1], 0
    rng = np.random.default_rng(3)
    torch.manual_seed(3)
    with tempfile.TemporaryDirectory() as folder:
        for net, shape in ((Mixer(), (10,)), (Pictures(), (2, 8, 8))):
            name = type(net).__name__
            data = f"{folder}/{name}.npz"
            np.savez(data, x=rng.standard_normal((40, *shape)).astype(np.float32), labels=rng.integers(0, 3, 40))
            trained, before = {}, {}
            for kind in (False, True):
                path, out = f"{folder}/{name}{int(kind)}.onnx", f"{folder}/{name}{int(kind)}t.onnx"
                before[kind] = export(net, shape, path, kind)
                run(program, "train", path, "--data", data, "--epochs", "3", "--batch-size", "8", "--lr", "0.05",
                    "--seed", "1", "-o", out, "-q")
                trained[kind] = tensors(out)
                roles = {t["name"]: t["role"] for t in json.loads(run(program, "inspect", path, "--json"))["initializers"]}
                trained[kind, "roles"] = {k: v for k, v in roles.items() if k in trained[kind]}
                after = onnx.load(out)
                if [f.SerializeToString() for f in after.functions] != [f.SerializeToString() for f in before[kind].functions]:
                    print(f"{name}: the trained file has other functions")
                    bad += 1
            moved = 0
            start = {t.name: numpy_helper.to_array(t) for t in before[True].graph.initializer}
            for key, value in trained[True].items():
                other = trained[False].get(key)
                moved += not np.array_equal(value, start[key])
                if other is None or not np.allclose(value, other, rtol=1e-5, atol=1e-6):
                    print(f"{name}: tensor {key}: trained as functions it is another")
                    bad += 1
                if trained[True, "roles"].get(key) != trained[False, "roles"].get(key):
                    print(f"{name}: tensor {key}: {trained[True, 'roles'].get(key)}, flat {trained[False, 'roles'].get(key)}")
                    bad += 1
            print(f"{name}: {len(before[True].functions)} functions, {len(before[True].graph.node)} nodes, "
                  f"{moved} of {len(trained[True])} tensors trained, {bad} differences")
            bad += not moved
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
