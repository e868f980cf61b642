"""More families for torch_models.py: U-Net, transformers, recurrent taggers, sound, control flow."""
import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def double_conv(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(),
                         nn.Conv2d(b, b, 3, padding=1), nn.LeakyReLU(0.1))


class UNet(nn.Module):
    """One way up by transposed convolution, one by bilinear or nearest resizing; a class per pixel."""

    def __init__(self, mode="bilinear"):
        super().__init__()
        self.mode = mode
        self.down1, self.down2, self.deep = double_conv(3, 6), double_conv(6, 8), double_conv(8, 12)
        self.up2, self.join2 = nn.ConvTranspose2d(12, 8, 2, 2), double_conv(16, 8)
        self.up1, self.join1 = nn.Conv2d(8, 6, 1), double_conv(12, 6)
        self.out = nn.Conv2d(6, 5, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        y = self.join2(torch.cat([b, self.up2(self.deep(F.avg_pool2d(b, 2)))], 1))
        align = {"align_corners": False} if self.mode != "nearest" else {}
        y = F.interpolate(self.up1(y), scale_factor=2, mode=self.mode, **align)
        return self.out(self.join1(torch.cat([a, y], 1)))


class EfficientNet(nn.Module):
    """Inverted residuals with squeeze and excitation and SiLU, as in EfficientNet."""

    class Block(nn.Module):
        def __init__(self, a, b, stride, expand, kernel):
            super().__init__()
            h = a * expand
            self.use = stride == 1 and a == b
            self.expand = nn.Sequential(nn.Conv2d(a, h, 1, bias=False), nn.BatchNorm2d(h), nn.SiLU())
            self.depth = nn.Sequential(nn.Conv2d(h, h, kernel, stride, kernel // 2, groups=h, bias=False),
                                       nn.BatchNorm2d(h), nn.SiLU())
            self.squeeze, self.excite = nn.Conv2d(h, 3, 1), nn.Conv2d(3, h, 1)
            self.project = nn.Sequential(nn.Conv2d(h, b, 1, bias=False), nn.BatchNorm2d(b))

        def forward(self, x):
            y = self.depth(self.expand(x))
            y = y * torch.sigmoid(self.excite(F.silu(self.squeeze(y.mean((2, 3), keepdim=True)))))
            return x + self.project(y) if self.use else self.project(y)

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.SiLU())
        self.blocks = nn.Sequential(self.Block(8, 8, 1, 2, 3), self.Block(8, 12, 2, 3, 5))
        self.head = nn.Sequential(nn.Conv2d(12, 16, 1, bias=False), nn.BatchNorm2d(16), nn.SiLU())
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        return self.fc(self.head(self.blocks(self.stem(x))).mean((2, 3)))


class SelfAttention(nn.Module):
    """Query, key and value from one matrix; causal on request."""

    def __init__(self, width, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, t, w = x.shape
        q, k, v = (y.view(n, t, self.heads, w // self.heads).transpose(1, 2) for y in self.qkv(x).split(w, 2))
        scores = q @ k.transpose(-2, -1) * (1.0 / math.sqrt(w // self.heads))
        if self.causal:
            scores = scores.masked_fill(torch.ones(t, t, dtype=torch.bool).triu(1), float("-inf"))
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, w))


class Block(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, causal)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 4, 4)
        self.kind = nn.Parameter(torch.randn(1, 1, 16) * 0.02)
        self.place = nn.Parameter(torch.randn(1, 17, 16) * 0.02)
        self.blocks = nn.Sequential(Block(16, 4, False), Block(16, 2, False))
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.kind.expand(x.shape[0], -1, -1), x], 1) + self.place
        return self.head(self.norm(self.blocks(x))[:, 0])


class Gpt(nn.Module):
    """Predicts a class for every token, from those before it."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(50, 16), nn.Embedding(12, 16)
        self.blocks = nn.Sequential(Block(16, 2, True), Block(16, 4, True))
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 5, bias=False)

    def forward(self, input_ids):
        x = self.words(input_ids) + self.places(torch.arange(input_ids.shape[1]))
        return self.head(self.norm(self.blocks(x)))


class Tagger(nn.Module):
    """A recurrent tagger over sentences of different lengths, packed."""

    def __init__(self, cell, layers=1, both=True):
        super().__init__()
        self.words = nn.Embedding(50, 10)
        self.net = cell(10, 8, layers, batch_first=True, bidirectional=both)
        self.head = nn.Linear(16 if both else 8, 5)

    def forward(self, input_ids, lengths):
        x = pack_padded_sequence(self.words(input_ids), lengths, batch_first=True)
        y, _ = pad_packed_sequence(self.net(x)[0], batch_first=True, total_length=12)
        return self.head(y)


class Rnn(nn.Module):
    """The last state of a plain recurrent net over the rows of a picture."""

    def __init__(self):
        super().__init__()
        self.net = nn.RNN(48, 8, nonlinearity="relu")
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        return self.head(self.net(x.permute(2, 0, 1, 3).flatten(2))[1][0])


class Sound(nn.Module):
    """A spectrogram in front of one-dimensional convolutions."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(320))
        self.register_buffer("window", torch.hann_window(32))
        self.net = nn.Sequential(nn.Conv1d(17, 12, 5, 2, 2), nn.BatchNorm1d(12), nn.ReLU(), nn.Conv1d(12, 8, 3), nn.ReLU())
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = x.flatten(1) * self.gain
        s = torch.stft(x, 32, 16, 32, self.window, center=False, onesided=True, return_complex=False)
        return self.head(self.net(torch.log1p(s.pow(2).sum(-1))).mean(2))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.Conv2d(6, 4, 3, 2, 1), nn.Flatten(), nn.Linear(64, 6))
        self.grow = nn.Linear(6, 64)
        self.decode = nn.Sequential(nn.ConvTranspose2d(4, 6, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(6, 3, 4, 2, 1), nn.Tanh())

    def forward(self, x):
        return self.decode(F.softplus(self.grow(self.encode(x))).view(-1, 4, 4, 4))


class Branches(nn.Module):
    """A condition on the data chooses what is computed."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Linear(48, 8), nn.Linear(48, 8), nn.Linear(8, 5)

    def forward(self, x):
        x = x.mean(2).flatten(1)
        if bool(x.mean() > 0):
            y = torch.tanh(self.a(x))
        else:
            y = torch.relu(self.b(x)) * 0.5
        return self.head(y)


class Recurrence(nn.Module):
    """A recurrent cell written as a loop over time."""

    def __init__(self):
        super().__init__()
        self.step, self.keep, self.head = nn.Linear(48, 8), nn.Linear(8, 8), nn.Linear(8, 5)

    def forward(self, x):
        x = x.permute(2, 0, 1, 3).flatten(2)
        h = torch.zeros(x.shape[1], 8, dtype=x.dtype)
        for t in range(x.shape[0]):
            h = torch.tanh(self.step(x[t]) + self.keep(h))
        return self.head(h)
