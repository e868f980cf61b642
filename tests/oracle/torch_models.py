#!/usr/bin/python3
"""Train networks that nobody tuned this project for, here and in PyTorch, and compare every loss.

usage: torch_models.py PROGRAM [NAME...]

Small seeded versions of the families that people export (VGG, ResNet, MobileNet, an MLP, a BERT-like
encoder, U-Nets, transformers, recurrent taggers, control flow) are exported at several opsets, trained for STEPS steps by both on the same
random data, and each loss must agree to 1e-4 relative, each final weight to 1e-3 of the largest of its tensor. Prints one line per case; exits 1 on a difference.
"""
import json
import math
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
from torch.nn import functional as F

import torch_networks as more

STEPS, BATCH = 20, 8


class Vgg(nn.Module):
    def __init__(self):
        super().__init__()
        layers, c = [], 3
        for width in (8, "M", 16, 16, "M", 24, "M"):
            if width == "M":
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(c, width, 3, padding=1), nn.ReLU(inplace=True)]
                c = width
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(nn.Linear(24 * 4, 32), nn.ReLU(), nn.Linear(32, 5))

    def forward(self, x):
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


class Basic(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
        self.conv2, self.bn2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
        self.down = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b)) if stride > 1 or a != b else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.down(x) if self.down else x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 12, 7, 2, 3, bias=False), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.layer1, self.layer2 = Basic(12, 12, 1), Basic(12, 20, 2)
        self.fc = nn.Linear(20, 5)

    def forward(self, x):
        x = self.layer2(self.layer1(self.stem(x)))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Inverted(nn.Module):
    def __init__(self, a, b, stride, expand):
        super().__init__()
        h = a * expand
        self.use = stride == 1 and a == b
        self.body = nn.Sequential(
            nn.Conv2d(a, h, 1, bias=False), nn.BatchNorm2d(h), nn.ReLU6(),
            nn.Conv2d(h, h, 3, stride, 1, groups=h, bias=False), nn.BatchNorm2d(h), nn.ReLU6(),
            nn.Conv2d(h, b, 1, bias=False), nn.BatchNorm2d(b))

    def forward(self, x):
        return x + self.body(x) if self.use else self.body(x)


class MobileNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.blocks = nn.Sequential(Inverted(8, 8, 1, 2), Inverted(8, 12, 2, 3))
        self.fc = nn.Linear(12, 5)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean([2, 3]))


class SqueezeExcite(nn.Module):
    """SiLU, squeeze and excitation, group norm, dilation, average pooling, concatenation."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 12, 3, padding=2, dilation=2)
        self.norm = nn.GroupNorm(3, 12)
        self.squeeze, self.excite = nn.Conv2d(12, 4, 1), nn.Conv2d(4, 12, 1)
        self.b = nn.Conv2d(12, 8, (3, 5), stride=(2, 1), padding=(1, 2), groups=4)
        self.slope = nn.PReLU(8)
        self.fc = nn.Linear(20, 5)

    def forward(self, x):
        x = F.silu(self.norm(self.a(x)))
        x = x * torch.sigmoid(self.excite(F.silu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        y = self.slope(self.b(F.avg_pool2d(x, 3, 2, 1)))
        z = torch.cat([x.amax((2, 3)), y.mean((2, 3))], 1)
        return self.fc(F.leaky_relu(z, 0.2))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 24), nn.GELU(), nn.LayerNorm(24), nn.Linear(24, 16),
                                 nn.Tanh(), nn.ELU(), nn.Linear(16, 5))

    def forward(self, x):
        return F.log_softmax(self.net(x), 1)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, mask):
        n, t, w = x.shape

        def split(y):
            return y.view(n, t, self.heads, w // self.heads).permute(0, 2, 1, 3)

        scores = torch.matmul(split(self.query(x)), split(self.key(x)).transpose(-1, -2)) / math.sqrt(w // self.heads)
        y = torch.matmul(F.softmax(scores + mask, -1), split(self.value(x)))
        return self.out(y.permute(0, 2, 1, 3).reshape(n, t, w))


class BertLayer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention, self.norm1 = Attention(width, 4), nn.LayerNorm(width)
        self.up, self.down, self.norm2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width), nn.LayerNorm(width)

    def forward(self, x, mask):
        x = self.norm1(x + self.attention(x, mask))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Bert(nn.Module):
    def __init__(self, tokens=False):
        super().__init__()
        self.words, self.places, self.kinds = nn.Embedding(50, 16), nn.Embedding(12, 16), nn.Embedding(2, 16)
        self.norm, self.layers = nn.LayerNorm(16), nn.ModuleList(BertLayer(16) for _ in range(2))
        self.pooler, self.head, self.tokens = nn.Linear(16, 16), nn.Linear(16, 5), tokens

    def forward(self, input_ids, attention_mask, token_type_ids):
        place = torch.arange(input_ids.shape[1]).unsqueeze(0).expand_as(input_ids)
        x = self.norm(self.words(input_ids) + self.places(place) + self.kinds(token_type_ids))
        mask = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(x if self.tokens else torch.tanh(self.pooler(x[:, 0])))


class Regression(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv1d(3, 8, 5, 2, 2), nn.ConvTranspose1d(8, 4, 4, 2, 1)
        self.norm = nn.InstanceNorm1d(8, affine=True)
        self.scale = nn.Parameter(torch.tensor([0.5, 1.0, 1.5, 2.0]).view(1, 4, 1))

    def forward(self, x):
        x = F.softplus(self.norm(self.a(x.flatten(2))))
        y = F.hardsigmoid(self.b(x)) * self.scale
        return torch.sqrt(y.pow(2).sum(2) + 1.0)


def pictures(rng):
    return {"x": rng.standard_normal((STEPS * BATCH, 3, 16, 16)).astype(np.float32)}


def sentences(rng):
    n, t = STEPS * BATCH, 12
    mask = (np.arange(t)[None] < rng.integers(3, t + 1, n)[:, None]).astype(np.int64)
    return {"input_ids": rng.integers(0, 50, (n, t)), "attention_mask": mask,
            "token_type_ids": rng.integers(0, 2, (n, t))}


def classes(rng):
    return rng.integers(0, 5, STEPS * BATCH)


def token_classes(rng):
    return rng.integers(0, 5, (STEPS * BATCH, 12))


def tokens(rng):
    return {"input_ids": rng.integers(0, 50, (STEPS * BATCH, 12))}


def ragged(rng):
    lengths = np.sort(rng.integers(2, 13, (STEPS, BATCH)), axis=1)[:, ::-1]
    return {"input_ids": rng.integers(0, 50, (STEPS * BATCH, 12)), "lengths": lengths.reshape(-1).copy()}


def waves(rng):
    return {"x": rng.standard_normal((STEPS * BATCH, 1, 320)).astype(np.float32)}


def pixel_classes(rng):
    return rng.integers(0, 5, (STEPS * BATCH, 16, 16))


def copies(rng):
    return np.tanh(rng.standard_normal((STEPS * BATCH, 3, 16, 16))).astype(np.float32)


def numbers(rng):
    return rng.standard_normal((STEPS * BATCH, 4)).astype(np.float32)


SGD, ADAMW = ["--optimizer", "sgd", "--lr", "0.05", "--momentum", "0.9"], ["--optimizer", "adamw", "--lr", "0.002"]
CASES = [  # name, module, data, targets, loss, opset, frozen prefix of names, batch norm, optimizer
    ("vgg", Vgg, pictures, classes, "ce", 9, (), "frozen", SGD),
    ("vgg-head", Vgg, pictures, classes, "ce", 13, ("features",), "frozen", ADAMW),
    ("resnet", ResNet, pictures, classes, "ce", 11, (), "frozen", SGD),
    ("resnet-batch", ResNet, pictures, classes, "ce", 13, (), "batch", SGD),
    ("resnet-part", ResNet, pictures, classes, "ce", 17, ("stem", "layer1"), "batch", ADAMW),
    ("mobilenet", MobileNet, pictures, classes, "ce", 14, (), "frozen", ADAMW),
    ("mobilenet-batch", MobileNet, pictures, classes, "ce", 10, ("stem",), "batch", SGD),
    ("squeeze", SqueezeExcite, pictures, classes, "ce", 13, (), "frozen", SGD),
    ("squeeze-9", SqueezeExcite, pictures, classes, "ce", 9, (), "frozen", ADAMW),
    ("mlp", Mlp, pictures, classes, "ce", 12, (), "frozen", SGD),
    ("mlp-17", Mlp, pictures, classes, "ce", 17, ("net.1",), "frozen", ADAMW),
    ("bert", Bert, sentences, classes, "ce", 14, (), "frozen", ADAMW),
    ("bert-11", Bert, sentences, classes, "ce", 11, ("words", "places", "layers.0"), "frozen", SGD),
    ("bert-17", Bert, sentences, classes, "ce", 17, (), "frozen", SGD),
    ("bert-tokens", lambda: Bert(True), sentences, token_classes, "ce", 13, ("words",), "frozen", ADAMW),
    ("regression", Regression, pictures, numbers, "mse", 13, (), "frozen", SGD),
    ("regression-l1", Regression, pictures, numbers, "l1", 16, (), "frozen", ADAMW),
    ("unet", more.UNet, pictures, pixel_classes, "ce", 11, (), "frozen", SGD),
    ("unet-batch", more.UNet, pictures, pixel_classes, "ce", 17, ("down1",), "batch", ADAMW),
    ("unet-nearest", lambda: more.UNet("nearest"), pictures, pixel_classes, "ce", 13, (), "frozen", ADAMW),
    ("unet-bicubic", lambda: more.UNet("bicubic"), pictures, pixel_classes, "ce", 13, (), "frozen", SGD),
    ("efficientnet", more.EfficientNet, pictures, classes, "ce", 13, (), "frozen", ADAMW),
    ("efficientnet-9", more.EfficientNet, pictures, classes, "ce", 9, ("stem",), "batch", SGD),
    ("vit", more.ViT, pictures, classes, "ce", 14, (), "frozen", ADAMW),
    ("vit-17", more.ViT, pictures, classes, "ce", 17, ("patch", "blocks.0"), "frozen", SGD),
    ("gpt", more.Gpt, tokens, token_classes, "ce", 14, (), "frozen", ADAMW),
    ("gpt-17", more.Gpt, tokens, token_classes, "ce", 17, ("words", "places"), "frozen", SGD),
    ("lstm", lambda: more.Tagger(nn.LSTM), ragged, token_classes, "ce", 13, (), "frozen", ADAMW),
    ("lstm-9", lambda: more.Tagger(nn.LSTM, 2, False), ragged, token_classes, "ce", 9, (), "frozen", SGD),
    ("gru", lambda: more.Tagger(nn.GRU, 2), ragged, token_classes, "ce", 11, ("words",), "frozen", ADAMW),
    ("gru-17", lambda: more.Tagger(nn.GRU, 1, False), ragged, token_classes, "ce", 17, (), "frozen", SGD),
    ("rnn", more.Rnn, pictures, classes, "ce", 14, (), "frozen", SGD),
    ("sound", more.Sound, waves, classes, "ce", 17, (), "frozen", ADAMW),
    ("autoencoder", more.Autoencoder, pictures, copies, "mse", 12, (), "frozen", ADAMW),
    ("if", lambda: torch.jit.script(more.Branches()), pictures, classes, "ce", 13, (), "frozen", SGD),
    ("if-9", lambda: torch.jit.script(more.Branches()), pictures, classes, "ce", 9, ("a",), "frozen", ADAMW),
    ("loop", lambda: torch.jit.script(more.Recurrence()), pictures, classes, "ce", 13, (), "frozen", SGD),
    ("loop-17", lambda: torch.jit.script(more.Recurrence()), pictures, classes, "ce", 17, ("step",), "frozen", ADAMW),
    ("regression-huber", Regression, pictures, numbers, "huber", 11, (), "frozen", SGD),
]


def loss_of(kind, out, target):
    if kind == "ce" and out.dim() == 3: # classes last, as language models have them
        return F.cross_entropy(out.reshape(-1, out.shape[-1]), target.reshape(-1))
    if kind == "ce":
        return F.cross_entropy(out, target)
    return {"mse": F.mse_loss, "l1": F.l1_loss, "huber": F.huber_loss}[kind](out, target)


def train_torch(model, inputs, target, kind, frozen, bn, optimizer):
    """Losses, and the largest gradient that each element of each parameter met."""
    model.eval()
    for name, module in model.named_modules():
        if bn == "batch" and isinstance(module, nn.BatchNorm2d) and not name.startswith(frozen or ("\0",)):
            module.train()
    for name, p in model.named_parameters():
        p.requires_grad_(not (frozen and name.startswith(frozen)))
    live = [p for p in model.parameters() if p.requires_grad]
    rule = (torch.optim.SGD(live, lr=0.05, momentum=0.9) if "sgd" in optimizer
            else torch.optim.AdamW(live, lr=0.002, weight_decay=0.0))
    for p in live:  # what no branch has reached yet has a gradient of zero, here as there
        p.grad = torch.zeros_like(p)
    losses, met = [], {n: torch.zeros_like(p) for n, p in model.named_parameters()}
    for s in range(STEPS):
        at = slice(s * BATCH, (s + 1) * BATCH)
        rule.zero_grad(set_to_none=False)
        loss = loss_of(kind, model(*(torch.from_numpy(v[at]) for v in inputs.values())), torch.from_numpy(target[at]))
        loss.backward()
        for n, p in model.named_parameters():
            if p.requires_grad:
                met[n] = torch.maximum(met[n], p.grad.abs())
        rule.step()
        losses.append(loss.item())
    return losses, met


def train_ours(program, path, folder, kind, frozen, bn, optimizer):
    marked, log = os.path.join(folder, "marked.onnx"), os.path.join(folder, "log")
    rules = [a for f in frozen for a in ("--freeze", f"{f}*")]
    subprocess.run([program, "mark", path, "--preset", "all", *rules, "-o", marked, "-q"], check=True)
    subprocess.run([program, "train", marked, "--data", os.path.join(folder, "d.npz"), "--loss", kind, "--epochs", "1",
                    "--batch-size", str(BATCH), "--no-shuffle", "--bn", bn, "--weight-decay", "0", "--log", log, "-q",
                    "-o", os.path.join(folder, "out.onnx"), *optimizer], check=True)
    with open(log) as lines:
        return [r["loss"] for r in map(json.loads, lines) if "step" in r and "lr" in r]


def unlike(model):
    """The exporter ties tensors that are equal; a trained model has none."""
    with torch.no_grad():
        for name, t in [*model.named_parameters(), *model.named_buffers()]:
            if t.is_floating_point():
                t.add_(0.05 * torch.rand_like(t) if name.endswith("running_var") else 0.02 * torch.randn_like(t))
    return model


def export(model, path, inputs, opset):
    dynamic = {k: {0: "N"} for k in [*inputs, "out"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # a packed sequence's batch size is written into the file
        count = BATCH if "lengths" in inputs else 2
        torch.onnx.export(model.eval(), tuple(torch.from_numpy(v[:count]) for v in inputs.values()), path,
                          input_names=list(inputs), output_names=["out"], dynamic_axes=dynamic, opset_version=opset,
                          training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)


def weights_differ(path, model, exact):
    """The largest difference of a parameter, relative to its largest element, and how many were found by name
    (the exporter renames and transposes some). Elements whose gradient is zero but for rounding, as that of a key's
    bias in front of a softmax, are left out: Adam makes steps of them whose signs mean nothing. exact: the
    gradients of a run in double."""
    found = {t.name: t for t in onnx.load(path).graph.initializer}
    worst, count = 0.0, 0
    for name, p in model.named_parameters():
        if name in found:
            want, frozen = p.detach().numpy(), not p.requires_grad
            off = np.abs(numpy_helper.to_array(found[name]) - want) * (frozen | (exact[name].numpy() > 1e-9))
            worst = max(worst, float(off.max() / (np.abs(want).max() or 1)))
            count += 1
    return worst, count


def stft_symbolic(g, x, n_fft, hop, win_length, window, normalized, onesided, return_complex):
    """torch.stft as ONNX's STFT; this version of PyTorch has no symbol for it."""
    one = g.op("Constant", value_t=torch.tensor([-1]))
    length = [g.op("Constant", value_t=torch.tensor(v.node().t("value").item())) for v in (hop, n_fft)]
    y = g.op("STFT", g.op("Unsqueeze", x, one), length[0], window, length[1], onesided_i=1)
    return g.op("Transpose", y, perm_i=[0, 2, 1, 3])


torch.onnx.register_custom_op_symbolic("aten::stft", stft_symbolic, 17)


def run_case(program, case, folder):
    name, module, data, targets, kind, opset, frozen, bn, optimizer = case
    seed = sum(map(ord, name))
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model, inputs, target = unlike(module()), data(rng), targets(rng)
    path = os.path.join(folder, "m.onnx")
    export(model, path, inputs, opset)
    np.savez(os.path.join(folder, "d.npz"), labels=target, **inputs)
    ours = train_ours(program, path, folder, kind, frozen, bn, optimizer)
    double = {k: v.astype(np.float64) if v.dtype == np.float32 else v for k, v in inputs.items()}
    twin = module().double()
    twin.load_state_dict(model.state_dict())
    _, exact = train_torch(twin, double, target.astype(np.float64) if kind != "ce" else target, kind,
                           frozen, bn, optimizer)
    theirs, _ = train_torch(model, inputs, target, kind, frozen, bn, optimizer)
    worst = max(abs(a - b) / abs(b) for a, b in zip(ours, theirs))
    moved, count = weights_differ(os.path.join(folder, "out.onnx"), model, exact)
    ok = len(ours) == STEPS and worst <= 1e-4 and moved <= 1e-3 and count > 0
    print(f"{'same' if ok else 'DIFFERENT'}: {name}, opset {opset}: {len(ours)} losses, worst relative difference {worst:.1e}; "
          f"{count} weights, worst {moved:.1e}")
    if not ok:
        print("  ours  ", ours, "\n  torch ", theirs)
    return ok


def main():
    program, wanted, bad = sys.argv[1], sys.argv[2:], 0
    torch.set_num_threads(1)
    for case in CASES:
        if wanted and case[0] not in wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                bad += not run_case(program, case, folder)
            except (subprocess.CalledProcessError, torch.onnx.errors.OnnxExporterError) as e:
                print(f"FAILED: {case[0]}: {e}")
                bad += 1
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
