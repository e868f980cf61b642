#!/usr/bin/python3
"""Makes the data sets and models of testdata/ (see testdata/README.md).

Usage: tools/make_testdata.py [DIR]      DIR defaults to testdata/ of this tree
"""
import pathlib
import sys

import numpy as np
import torch
from sklearn import datasets
from sklearn.model_selection import train_test_split
from torch import nn
from torch.onnx import TrainingMode

import testdata_models as tm

SEED = 20240229
KNOWN = 5  # the models see the digits 0 .. KNOWN-1 only


def make_digits(folder):
    """Writes the three digit files and returns the training part."""
    digits = datasets.load_digits()
    images = (digits.images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    labels = digits.target.astype(np.int64)
    rows = np.arange(len(labels))
    train, test = train_test_split(rows, test_size=360, stratify=labels, random_state=SEED)
    for name, part in ("digits", rows), ("digits_train", train), ("digits_test", test):
        tm.write_npz(folder / f"{name}.npz", images=images[part], labels=labels[part])
    return images[train], labels[train]


def standardised(table):
    return ((table - table.mean(0)) / table.std(0)).astype(np.float32)


def make_tables(folder):
    """Writes the regression and the binary set and returns their arrays."""
    diabetes, cancer = datasets.load_diabetes(), datasets.load_breast_cancer()
    regression = standardised(diabetes.data), standardised(diabetes.target.reshape(-1, 1))
    binary = standardised(cancer.data), cancer.target.astype(np.float32).reshape(-1, 1)
    for name, (features, labels) in ("diabetes", regression), ("cancer", binary):
        tm.write_npz(folder / f"{name}.npz", features=features, labels=labels)
    return regression, binary


def fit(model, inputs, targets, loss, epochs, batch=32, rate=2e-3):
    """Plain training with a seeded order; leaves the model in evaluation mode."""
    inputs, targets = torch.from_numpy(inputs), torch.from_numpy(targets)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(inputs)).split(batch):
            optimizer.zero_grad()
            loss(model(inputs[rows]), targets[rows]).backward()
            optimizer.step()
    return model.eval()


def accuracy(model, inputs, labels):
    with torch.no_grad():
        return float((model(torch.from_numpy(inputs)).argmax(1).numpy() == labels).mean())


def make_digit_models(folder, images, labels):
    known = labels < KNOWN
    picture = ("images", (1, 8, 8))

    torch.manual_seed(SEED)
    cnn = fit(tm.Cnn(), images[known], labels[known], nn.functional.cross_entropy, 12)
    print(f"cnn: {sum(p.numel() for p in cnn.parameters())} parameters, accuracy "
          f"{accuracy(cnn, images[known], labels[known]):.4f} on known digits, "
          f"{accuracy(cnn, images, labels):.4f} on all")
    tm.export(cnn, folder / "cnn_bn.onnx", *picture, "logits", mode=TrainingMode.PRESERVE)
    # Before opset 14 BatchNormalization had no training_mode.
    tm.export(cnn, folder / "cnn_train.onnx", *picture, "logits", 14, TrainingMode.TRAINING)
    tm.export(cnn.fold(), folder / "cnn.onnx", *picture, "logits")

    torch.manual_seed(SEED)
    mlp = fit(tm.Mlp(), images[known], labels[known], nn.functional.cross_entropy, 20)
    print(f"mlp: accuracy {accuracy(mlp, images[known], labels[known]):.4f} on known digits, "
          f"{accuracy(mlp, images, labels):.4f} on all")
    tm.export(mlp, folder / "mlp.onnx", *picture, "logits")
    mlp.softmax = True
    tm.export(mlp, folder / "mlp_softmax.onnx", *picture, "probabilities")


def make_table_models(folder, regression, binary):
    """Both see half of their set only, and briefly: fine-tuning must have something to gain."""
    half = slice(None, None, 2)
    features, labels = regression
    torch.manual_seed(SEED)
    model = fit(tm.TableMlp(10), features[half], labels[half], nn.functional.mse_loss, 3)
    tm.export(model, folder / "mlp_regression.onnx", "features", (10,), "prediction")

    features, labels = binary
    torch.manual_seed(SEED)
    model = fit(tm.TableMlp(30, True), features[half], labels[half],
                nn.functional.binary_cross_entropy, 3)
    tm.export(model, folder / "mlp_binary.onnx", "features", (30,), "probability")


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "testdata"
    folder.mkdir(parents=True, exist_ok=True)
    tm.repeatable()
    images, labels = make_digits(folder)
    regression, binary = make_tables(folder)
    make_digit_models(folder, images, labels)
    make_table_models(folder, regression, binary)


if __name__ == "__main__":
    main()
