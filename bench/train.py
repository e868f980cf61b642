#!/usr/bin/python3
"""Training steps per second against PyTorch on the same cores, interleaved; medians of five rounds.

usage: train.py [PROGRAM] [--threads N]

The peer is PyTorch as a newcomer runs it: requires_grad False on what is frozen, nothing else. Both
sides start from the same ONNX weights and see the same batches; a step is forward, backward, update.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import testdata_models as models  # noqa: E402

ROUNDS = 5
CASES = [  # name, model file, module, preset, batch
    ("CNN, frozen backbone", "cnn_bn.onnx", models.Cnn, "head", 64),
    ("CNN, all", "cnn_bn.onnx", models.Cnn, "all", 64),
    ("MLP, head", "mlp.onnx", models.Mlp, "head", 64),
    ("MLP, all", "mlp.onnx", models.Mlp, "all", 64),
]


def peer(path, module, preset, batch, data):
    model = models.load_weights(module(), path).eval()
    layers = list(model.parameters())
    for p in layers[:-2] if preset == "head" else []:
        p.requires_grad_(False)
    rule = torch.optim.SGD([p for p in layers if p.requires_grad], lr=0.01, momentum=0.9)
    x, y = (torch.from_numpy(a) for a in data)
    times = []
    for epoch in range(4):
        for at in range(0, len(y) - batch + 1, batch):
            start = time.perf_counter()
            rule.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[at:at + batch]), y[at:at + batch])
            loss.backward()
            rule.step()
            loss.item()
            if epoch:
                times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def ours(program, path, preset, batch, threads, folder):
    marked, log = os.path.join(folder, "marked.onnx"), os.path.join(folder, "log")
    subprocess.run([program, "mark", path, "--preset", preset, "-o", marked, "-q"], check=True)
    subprocess.run([program, "train", marked, "--data", os.path.join(ROOT, "testdata/digits_train.npz"),
                    "--epochs", "4", "--batch-size", str(batch), "--no-shuffle", "--lr", "0.01",
                    "--momentum", "0.9", "--threads", str(threads), "--log", log, "-q", "-o",
                    os.path.join(folder, "out.onnx")], check=True)
    steps = [json.loads(line) for line in open(log)]
    return statistics.median(s["ms"] for s in steps if "ms" in s and s["epoch"] > 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", nargs="?", default=os.path.join(ROOT, "build/release/onnxfreeze"))
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    npz = np.load(os.path.join(ROOT, "testdata/digits_train.npz"))
    data = npz["images"], npz["labels"]
    print(f"{platform.processor() or platform.machine()}, {args.threads} threads, "
          f"PyTorch {torch.__version__}, batch 64, float32, {ROUNDS} interleaved rounds\n")
    print("| work | ours, ms a step | PyTorch, ms a step | ratio, median (min to max) |\n|---|---|---|---|")
    for name, file, module, preset, batch in CASES:
        path = os.path.join(ROOT, "testdata", file)
        a, b = [], []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(ROUNDS):
                a.append(ours(args.program, path, preset, batch, args.threads, folder))
                b.append(peer(path, module, preset, batch, data))
        ratio = sorted(y / x for x, y in zip(a, b))
        print(f"| {name} | {statistics.median(a):.3f} | {statistics.median(b):.3f} | "
              f"{statistics.median(ratio):.2f} ({ratio[0]:.2f} to {ratio[-1]:.2f}) |")


if __name__ == "__main__":
    main()
