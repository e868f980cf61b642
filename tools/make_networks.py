#!/usr/bin/python3
"""make_networks.py - export well-known networks, random weights, to be folded.

    tools/make_networks.py DIR [NAME...]

Needs python3-torch and python3-onnx. Batch norms, dropouts and the arithmetic on shapes are left in
the graph, as an exporter leaves them that was told to keep the training form or not to fold. Weights
and statistics are random, from one seed, and scaled so that activations stay of one size.
"""
import os
import sys

import torch
from torch import nn
from torch.nn import functional as F


def conv(i, o, k, stride=1, groups=1, act=nn.ReLU):
    layers = [nn.Conv2d(i, o, k, stride, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*layers, *([act()] if act else []))


class Residual(nn.Module):
    def __init__(self, body, skip=None):
        super().__init__()
        self.body, self.skip = body, skip

    def forward(self, x):
        return F.relu(self.body(x) + (self.skip(x) if self.skip else x))


def resnet(blocks, bottleneck):
    layers, width = [conv(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)], 64
    for stage, count in enumerate(blocks):
        mid = 64 << stage
        out = 4 * mid if bottleneck else mid
        for k in range(count):
            stride = 2 if stage and not k else 1
            if bottleneck:
                body = nn.Sequential(conv(width, mid, 1), conv(mid, mid, 3, stride),
                                     conv(mid, out, 1, act=None))
            else:
                body = nn.Sequential(conv(width, mid, 3, stride), conv(mid, out, 3, act=None))
            skip = conv(width, out, 1, stride, act=None) if stride > 1 or width != out else None
            layers.append(Residual(body, skip))
            width = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 1000))


class Inverted(nn.Module):
    def __init__(self, i, o, stride, grow, k=3, act=nn.ReLU6, squeeze=False):
        super().__init__()
        mid = i * grow
        self.add = stride == 1 and i == o
        self.grow = conv(i, mid, 1, act=act) if grow > 1 else nn.Identity()
        self.depth = conv(mid, mid, k, stride, mid, act=act)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(mid, max(1, i // 4), 1), nn.SiLU(),
                                  nn.Conv2d(max(1, i // 4), mid, 1), nn.Sigmoid()) if squeeze else None
        self.out = conv(mid, o, 1, act=None)

    def forward(self, x):
        y = self.depth(self.grow(x))
        if self.gate:
            y = y * self.gate(y)
        y = self.out(y)
        return x + y if self.add else y


def mobilenet_v2():
    layers, i = [conv(3, 32, 3, 2, act=nn.ReLU6)], 32
    for grow, o, count, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                   (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for k in range(count):
            layers.append(Inverted(i, o, 1 if k else stride, grow))
            i = o
    return nn.Sequential(*layers, conv(i, 1280, 1, act=nn.ReLU6), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Dropout(0.2), nn.Linear(1280, 1000))


def efficientnet():
    layers, i = [conv(3, 32, 3, 2, act=nn.SiLU)], 32
    for grow, o, count, stride, k in ((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5),
                                      (6, 80, 3, 2, 3), (6, 112, 3, 1, 5)):
        for n in range(count):
            layers.append(Inverted(i, o, 1 if n else stride, grow, k, nn.SiLU, True))
            i = o
    return nn.Sequential(*layers, conv(i, 480, 1, act=nn.SiLU), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Dropout(0.2), nn.Linear(480, 1000))


def vgg(norm):
    layers, i = [], 3
    for o in (64, "M", 128, "M", 256, 256, "M", 512, 512, "M"):
        if o == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers += [nn.Conv2d(i, o, 3, padding=1)] + ([nn.BatchNorm2d(o)] if norm else []) + [nn.ReLU()]
        i = o
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(2048, 512), nn.ReLU(),
                         nn.Dropout(), nn.Linear(512, 1000))


class Fire(nn.Module):
    def __init__(self, i, mid, o):
        super().__init__()
        self.squeeze, self.one, self.three = nn.Conv2d(i, mid, 1), nn.Conv2d(mid, o, 1), nn.Conv2d(
            mid, o, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.one(x)), F.relu(self.three(x))], 1)


def squeezenet():
    return nn.Sequential(nn.Conv2d(3, 64, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(64, 16, 64),
                         Fire(128, 16, 64), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(128, 32, 128),
                         Fire(256, 32, 128), nn.Dropout(), nn.Conv2d(256, 1000, 1), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten())


class Dense(nn.Module):
    def __init__(self, i, grow):
        super().__init__()
        self.body = nn.Sequential(nn.BatchNorm2d(i), nn.ReLU(), nn.Conv2d(i, 4 * grow, 1, bias=False),
                                  nn.BatchNorm2d(4 * grow), nn.ReLU(),
                                  nn.Conv2d(4 * grow, grow, 3, padding=1, bias=False))

    def forward(self, x):
        return torch.cat([x, self.body(x)], 1)


def densenet():
    layers, i = [conv(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)], 64
    for n, count in enumerate((4, 6, 6)):
        for _ in range(count):
            layers.append(Dense(i, 32))
            i += 32
        if n < 2:
            layers += [nn.BatchNorm2d(i), nn.ReLU(), nn.Conv2d(i, i // 2, 1, bias=False), nn.AvgPool2d(2)]
            i //= 2
    return nn.Sequential(*layers, nn.BatchNorm2d(i), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(i, 1000))


class Attention(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, mask):
        b, t, c = x.size()
        q, k, v = (f(x).view(b, t, self.heads, c // self.heads).transpose(1, 2)
                   for f in (self.q, self.k, self.v))
        s = q @ k.transpose(-1, -2) / (c // self.heads)**0.5
        if self.causal:
            s = s.masked_fill(torch.triu(torch.ones(t, t, dtype=torch.bool), 1), float("-inf"))
        if mask is not None:
            s = s + mask
        return self.o((F.softmax(s, -1) @ v).transpose(1, 2).contiguous().view(b, t, c))


class Layer(nn.Module):
    def __init__(self, width, heads, causal, before):
        super().__init__()
        self.a, self.before = Attention(width, heads, causal), before
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.m = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(0.1))

    def forward(self, x, mask):
        if self.before:
            x = x + self.a(self.n1(x), mask)
            return x + self.m(self.n2(x))
        x = self.n1(x + self.a(x, mask))
        return self.n2(x + self.m(x))


class Words(nn.Module):
    """BERT's encoder, or GPT-2's decoder."""
    def __init__(self, causal, layers=4, width=128, heads=4, vocabulary=1000):
        super().__init__()
        self.word, self.place = nn.Embedding(vocabulary, width), nn.Embedding(128, width)
        self.layers = nn.ModuleList(Layer(width, heads, causal, causal) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary if causal else width)
        self.causal = causal

    def forward(self, ids, mask=None):
        x = self.word(ids) + self.place(torch.arange(ids.size(1))).unsqueeze(0)
        if mask is not None:
            mask = (1.0 - mask[:, None, None, :].to(x.dtype)) * -10000.0
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(self.norm(x)) if self.causal else torch.tanh(self.head(x[:, 0]))


class Patches(nn.Module):
    def __init__(self, width=96, layers=4, heads=3):
        super().__init__()
        self.cut = nn.Conv2d(3, width, 16, 16)
        self.token, self.place = nn.Parameter(torch.zeros(1, 1, width)), nn.Parameter(torch.randn(1, 17, width))
        self.layers = nn.ModuleList(Layer(width, heads, False, True) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 1000)

    def forward(self, x):
        x = self.cut(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.size(0), -1, -1), x], 1) + self.place
        for layer in self.layers:
            x = layer(x, None)
        return self.head(self.norm(x)[:, 0])


def picture(size):
    return torch.randn(2, 3, size, size), ["x"], {"x": {0: "N"}}


def words(mask):
    ids = torch.randint(0, 1000, (2, 9))
    axes = {0: "N", 1: "T"}
    if not mask:
        return ids, ["ids"], {"ids": axes}
    return (ids, torch.ones(2, 9, dtype=torch.int64)), ["ids", "mask"], {"ids": axes, "mask": axes}


NETWORKS = {
    "resnet18": (lambda: resnet((2, 2, 2, 2), False), lambda: picture(64)),
    "resnet50": (lambda: resnet((3, 4, 6, 3), True), lambda: picture(64)),
    "mobilenet_v2": (mobilenet_v2, lambda: picture(64)),
    "efficientnet": (efficientnet, lambda: picture(64)),
    "vgg": (lambda: vgg(False), lambda: picture(64)),
    "vgg_bn": (lambda: vgg(True), lambda: picture(64)),
    "squeezenet": (squeezenet, lambda: picture(64)),
    "densenet": (densenet, lambda: picture(64)),
    "bert": (lambda: Words(False), lambda: words(True)),
    "gpt2": (lambda: Words(True), lambda: words(False)),
    "vit": (Patches, lambda: picture(64)),
}


def main():
    folder, names = sys.argv[1], sys.argv[2:] or list(NETWORKS)
    os.makedirs(folder, exist_ok=True)
    for name in names:
        torch.manual_seed(1)
        make, example = NETWORKS[name]
        model = make()
        for m in model.modules():
            if isinstance(m, nn.BatchNorm2d):
                nn.init.uniform_(m.weight, 0.5, 1.5)
                nn.init.uniform_(m.bias, -0.5, 0.5)
                nn.init.uniform_(m.running_mean, -0.5, 0.5)
                nn.init.uniform_(m.running_var, 0.5, 1.5)
        x, inputs, axes = example()
        torch.onnx.export(model.eval(), x, os.path.join(folder, name + ".onnx"), input_names=inputs,
                          output_names=["y"], dynamic_axes=dict(axes, y={0: "N"}), opset_version=14,
                          training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)


main()
