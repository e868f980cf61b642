"""The small PyTorch models behind testdata/, and how they meet ONNX files and .npz files.

make_testdata.py trains and exports them; make_goldens.py builds them again, loads the weights of
the exported files by initializer name, and records how PyTorch trains them.
"""
import copy
import io
import warnings
import zipfile

import numpy as np
import onnx
import onnx.numpy_helper
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

NARROW, WIDE = 20, 40  # channels of the CNN; no multiple of 8 or 16, so that padding is met


class ConvBn(nn.Module):
    """A convolution without bias and its batch normalisation."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.bn(self.conv(x))

    def fold(self):
        """Merges the normalisation into the convolution, by its running statistics."""
        self.conv = fuse_conv_bn_eval(self.conv, self.bn)
        self.bn = nn.Identity()


class PlainBlock(nn.Module):
    """Two convolutions in a row."""

    def __init__(self, channels):
        super().__init__()
        self.first = ConvBn(channels, channels, 3)
        self.second = ConvBn(channels, channels, 3)

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))))


class ResidualBlock(nn.Module):
    """Halves the picture; a strided 1x1 convolution carries the residual."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.first = ConvBn(inputs, outputs, 3, 2)
        self.second = ConvBn(outputs, outputs, 3)
        self.down = ConvBn(inputs, outputs, 1, 2)
        # Both shifts meet in one sum and get the same gradients; started alike they would stay
        # alike, and the exporter would tie them.
        nn.init.constant_(self.down.bn.bias, 0.05)

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))) + self.down(x))


class Cnn(nn.Module):
    """images [N,1,8,8] -> logits [N,10]."""

    def __init__(self, folded=False):
        super().__init__()
        self.stem = ConvBn(1, NARROW, 3)
        self.block1 = PlainBlock(NARROW)
        self.block2 = ResidualBlock(NARROW, WIDE)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(WIDE, 10)
        if folded:
            self.fold()

    def forward(self, x):
        x = self.block2(self.block1(torch.relu(self.stem(x))))
        return self.fc(torch.flatten(self.pool(x), 1))

    def fold(self):
        """Turns the model into the form that inference engines get: no batch normalisation."""
        self.eval()
        for module in self.modules():
            if isinstance(module, ConvBn):
                module.fold()
        return self


class Mlp(nn.Module):
    """images [N,1,8,8] -> logits [N,10], or their softmax."""

    def __init__(self, softmax=False):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 10)
        self.dropout = nn.Dropout(0.1)
        self.softmax = softmax

    def forward(self, x):
        x = self.dropout(torch.relu(self.fc1(torch.flatten(x, 1))))
        x = self.fc3(torch.relu(self.fc2(x)))
        return torch.softmax(x, 1) if self.softmax else x


class TableMlp(nn.Module):
    """features [N,inputs] -> one number, or its sigmoid."""

    def __init__(self, inputs, sigmoid=False):
        super().__init__()
        self.fc1 = nn.Linear(inputs, 32)
        self.fc2 = nn.Linear(32, 16)
        self.fc3 = nn.Linear(16, 1)
        self.sigmoid = sigmoid

    def forward(self, x):
        x = self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))
        return torch.sigmoid(x) if self.sigmoid else x


def load_weights(model, path):
    """Fills the model from the initializers of an ONNX file; every tensor must be there."""
    found = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    state = model.state_dict()
    for name, value in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = torch.from_numpy(found.pop(name).copy())
    if found:
        raise ValueError(f"{path}: initializers without a place in the model: {sorted(found)}")
    model.load_state_dict(state)
    return model


def export(model, path, input_name, shape, output_name, opset=13, mode=None):
    """Writes the model with a free batch dimension N. mode: a torch.onnx.TrainingMode."""
    mode = torch.onnx.TrainingMode.EVAL if mode is None else mode
    model = copy.deepcopy(model)  # tracing in training mode moves the running statistics
    statistics = {n: b.clone() for n, b in model.named_buffers()}
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "ONNX Preprocess")  # num_batches_tracked is dropped
        torch.onnx.export(model, torch.zeros(2, *shape), stream, training=mode,
                          opset_version=opset, do_constant_folding=False,
                          input_names=[input_name], output_names=[output_name],
                          dynamic_axes={input_name: {0: "N"}, output_name: {0: "N"}})
    made = onnx.load_from_string(stream.getvalue())
    for tensor in made.graph.initializer:
        if tensor.name in statistics:
            tensor.raw_data = statistics[tensor.name].numpy().tobytes()
    onnx.checker.check_model(made)
    path.write_bytes(made.SerializeToString(deterministic=True))


def write_npz(path, **arrays):
    """numpy.savez_compressed with fixed time stamps: the same arrays give the same bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, stream.getvalue())


def repeatable():
    """Makes PyTorch give the same bits in every run on one machine."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.backends.mkldnn.enabled = False
