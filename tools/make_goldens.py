#!/usr/bin/python3
"""Records how PyTorch trains the models of testdata/: one json per case (see its README.md).

Usage: tools/make_goldens.py [DIR [CASE]...]     DIR defaults to testdata/goldens of this tree

Every case runs in float32 and again in float64; the distance of the two bounds how close another
float32 implementation can be expected to come.
"""
import dataclasses
import json
import math
import pathlib
import sys
import typing

import numpy as np
import torch
from torch import nn

import testdata_models as tm

STEPS = 50  # recorded; a run goes on to the end of its last epoch
TESTDATA = pathlib.Path(__file__).resolve().parent.parent / "testdata"

ADAM = ["--beta1", "0.9", "--beta2", "0.999", "--eps", "1e-8"]
# Name -> (usual rate, constructor, options without the rate)
OPTIMIZERS = {
    "sgd": (0.05, lambda p, rate: torch.optim.SGD(p, rate, 0.9),
            ["--optimizer", "sgd", "--momentum", "0.9"]),
    "nesterov": (0.05, lambda p, rate: torch.optim.SGD(p, rate, 0.9, weight_decay=1e-3,
                                                       nesterov=True),
                 ["--optimizer", "sgd", "--momentum", "0.9", "--nesterov",
                  "--weight-decay", "0.001"]),
    "adamw": (1e-3, lambda p, rate: torch.optim.AdamW(p, rate, weight_decay=0.01),
              ["--optimizer", "adamw", *ADAM, "--weight-decay", "0.01"]),
    "adam": (1e-3, torch.optim.Adam, ["--optimizer", "adam", *ADAM, "--weight-decay", "0"]),
}

# Rates for the CNN with all layers training. It diverges at 0.05; and where, in some step, one of
# its 164,000 ReLU inputs lies closer to 0 than float32 resolves, the run forks: two correct
# programs then differ by 1e-4 and more. At these rates runs from weights disturbed by two units
# in the last place stay together.
CNN_RATES = {
    "cnn_bn-all": {"sgd": 0.001, "nesterov": 0.0018, "adam": 0.0003, "adamw": 0.0004},
    "cnn_bn-all-batch": {"sgd": 0.0008, "nesterov": 0.00015, "adam": 0.0004, "adamw": 0.0001},
    "cnn-all": {"sgd": 0.004, "nesterov": 0.005, "adam": 0.0006, "adamw": 0.0009},
}

# The softmax and the sigmoid at the end of a model belong to the loss: these take the logits.
LOSSES = {
    "ce": nn.functional.cross_entropy,
    "mse": nn.functional.mse_loss,
    "l1": nn.functional.l1_loss,
    "huber": nn.functional.huber_loss,
    "bce": nn.functional.binary_cross_entropy_with_logits,
}


@dataclasses.dataclass
class Case:
    """One run. head: train this layer alone; batch_norm: batch statistics, kept running."""

    model: str
    build: typing.Callable
    optimizer: str
    rate: float = 0
    head: str = ""
    data: str = "digits_train.npz"
    loss: str = "ce"
    batch_norm: bool = False
    epochs: int = 2
    batch: int = 32
    clip: float = 0
    accumulate: int = 1
    schedule: str = "constant"
    warmup: int = 0

    def __post_init__(self):
        self.rate = self.rate or OPTIMIZERS[self.optimizer][0]

    def mark(self):
        if not self.head:
            return ["--preset", "all"]
        return ["--preset", "none", "--train", f"{self.head}.weight",
                "--train", f"{self.head}.bias"]

    def options(self):
        made = ["--loss", self.loss, *OPTIMIZERS[self.optimizer][2], "--lr", f"{self.rate:g}",
                "--epochs", str(self.epochs), "--batch-size", str(self.batch), "--no-shuffle",
                "--bn", "batch" if self.batch_norm else "frozen"]
        if self.clip:
            made += ["--clip-norm", f"{self.clip:g}"]
        if self.accumulate > 1:
            made += ["--accumulate", str(self.accumulate)]
        if self.schedule != "constant" or self.warmup:
            made += ["--schedule", self.schedule, "--warmup", str(self.warmup)]
        return made


def all_cases():
    """Name -> case."""
    folded = lambda: tm.Cnn(folded=True)
    cases = {}
    for optimizer in OPTIMIZERS:
        def add(name, model, build, **more):
            rate = CNN_RATES.get(name, {}).get(optimizer, 0)
            cases[f"{name}-{optimizer}"] = Case(model, build, optimizer, rate, **more)

        add("cnn_bn-head", "cnn_bn.onnx", tm.Cnn, head="fc")
        add("cnn_bn-all", "cnn_bn.onnx", tm.Cnn)
        add("cnn_bn-all-batch", "cnn_bn.onnx", tm.Cnn, batch_norm=True)
        add("cnn-head", "cnn.onnx", folded, head="fc")
        add("cnn-all", "cnn.onnx", folded)
        add("mlp-head", "mlp.onnx", tm.Mlp, head="fc3")
        add("mlp-all", "mlp.onnx", tm.Mlp)
    for optimizer in "sgd", "adamw":
        cases[f"mlp_softmax-all-{optimizer}"] = Case("mlp_softmax.onnx", tm.Mlp, optimizer)
        table = dict(data="diabetes.npz", epochs=4)
        for loss in "mse", "l1", "huber":
            cases[f"regression-{loss}-{optimizer}"] = Case(
                "mlp_regression.onnx", lambda: tm.TableMlp(10), optimizer, loss=loss, **table)
        cases[f"binary-bce-{optimizer}"] = Case(
            "mlp_binary.onnx", lambda: tm.TableMlp(30), optimizer, data="cancer.npz", loss="bce",
            epochs=3)
        more = {
            "clip": dict(clip=0.5),
            # Batches of 24 make 60 an epoch, so that groups of 4 fill every epoch.
            "accumulate": dict(accumulate=4, batch=24, epochs=4),
            "cosine": dict(schedule="cosine", warmup=10),
            "warmup": dict(warmup=10),
        }
        for name, settings in more.items():
            cases[f"mlp-all-{name}-{optimizer}"] = Case("mlp.onnx", tm.Mlp, optimizer, **settings)
    cases["cnn-all-clip-sgd"] = Case("cnn.onnx", folded, "sgd", 0.004, clip=0.5)
    return cases


def rate_at(case, step, total):
    base = case.rate
    if step < case.warmup:
        return base * (step + 1) / case.warmup
    if case.schedule == "cosine":
        return base * 0.5 * (1 + math.cos(math.pi * (step - case.warmup) / (total - case.warmup)))
    return base


def batches(case, dtype):
    """The whole run's batches: file order, the last of an epoch short."""
    with np.load(TESTDATA / case.data) as data:
        inputs = torch.from_numpy(data["features" if "features" in data else "images"]).to(dtype)
        targets = torch.from_numpy(data["labels"])
    if targets.is_floating_point():
        targets = targets.to(dtype)
    return list(zip(inputs.split(case.batch), targets.split(case.batch))) * case.epochs


def train(case, dtype):
    """Returns the loss and the rate of every step, and the model. A group's loss is the mean."""
    model = tm.load_weights(case.build(), TESTDATA / case.model).to(dtype)
    model.train(case.batch_norm)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(case.head))
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = OPTIMIZERS[case.optimizer][1](parameters, case.rate)
    data = batches(case, dtype)
    assert len(data) // case.epochs % case.accumulate == 0
    total = len(data) // case.accumulate
    losses, rates = [], []
    for step in range(total):
        optimizer.param_groups[0]["lr"] = rate_at(case, step, total)
        optimizer.zero_grad()
        sum_of_losses = 0.0
        for inputs, targets in data[step * case.accumulate:(step + 1) * case.accumulate]:
            loss = LOSSES[case.loss](model(inputs), targets)
            (loss / case.accumulate).backward()
            sum_of_losses += float(loss)
        if case.clip:
            nn.utils.clip_grad_norm_(parameters, case.clip)
        optimizer.step()
        losses.append(sum_of_losses / case.accumulate)
        rates.append(optimizer.param_groups[0]["lr"])
    return losses, rates, model


def number(value):
    return float(f"{value:.9g}")


def summary(tensor):
    flat = tensor.detach().double().flatten()
    return {"l2": number(float(flat.norm())), "first": [number(v) for v in flat[:4].tolist()]}


def record(case):
    losses, rates, model = train(case, torch.float32)
    losses64, _, model64 = train(case, torch.float64)
    spread = max(abs(a - b) / abs(b) for a, b in zip(losses[:STEPS], losses64))
    trained = [n for n, p in model.named_parameters() if p.requires_grad]
    statistics = [n for n, _ in model.named_buffers() if "running" in n and case.batch_norm]
    state, state64 = model.state_dict(), model64.state_dict()
    return {
        "model": case.model,
        "data": case.data,
        "mark": case.mark(),
        "options": case.options(),
        "steps": len(losses),
        "loss": [number(v) for v in losses[:STEPS]],
        "loss64": [number(v) for v in losses64[:STEPS]],
        "spread": float(f"{spread:.2g}"),
        "lr": [number(v) for v in rates[:STEPS]],
        "final": {n: summary(state[n]) for n in trained},
        "final64": {n: summary(state64[n]) for n in trained},
        "statistics": {n: summary(state[n]) for n in statistics},
        "torch": torch.__version__,
    }


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else TESTDATA / "goldens"
    folder.mkdir(parents=True, exist_ok=True)
    tm.repeatable()
    chosen = sys.argv[2:]
    for name, case in all_cases().items():
        if chosen and name not in chosen:
            continue
        golden = record(case)
        assert len(golden["loss"]) == STEPS
        print(f"{name}: loss {golden['loss'][0]:.4f} -> {golden['loss'][-1]:.4f}, "
              f"spread {golden['spread']:.1e}", flush=True)
        lines = (f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items())
        (folder / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
