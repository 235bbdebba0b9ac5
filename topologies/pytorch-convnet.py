"""The network of quickstart.yaml in PyTorch: the trainer program of pytorch-convnet.yaml.

Its tensors have the names, shapes and order of the built-in network, so that both move the same
bytes.
"""

import gzip

import numpy as np
import progfed
import torch
import torch.nn.functional as F
from torch import nn

FOLDER = "/usr/share/datasets/fashion-mnist"  # Debian's package dataset-fashion-mnist


class ConvNet(nn.Module):
    """Two convolutions and an affine map, one a stage; heads 1 and 2 see means over positions."""

    def __init__(self, stage):
        super().__init__()
        self.stage = stage
        self.conv1 = nn.Conv2d(1, 32, 3)
        if stage > 1:
            self.conv2 = nn.Conv2d(32, 64, 3)
        if stage > 2:
            self.fc1 = nn.Linear(9216, 128)
        self.fc = nn.Linear([32, 64, 128][stage - 1], 10)

    def forward(self, images):
        x = F.relu(self.conv1(images))
        if self.stage > 1:
            x = F.dropout(F.max_pool2d(F.relu(self.conv2(x)), 2), 0.25, self.training)
        if self.stage > 2:
            x = F.dropout(F.relu(self.fc1(x.flatten(1))), 0.5, self.training)
        return self.fc(x if self.stage > 2 else x.mean((2, 3)))


def read(part):
    """Images, normalized, and their classes."""
    with gzip.open(f"{FOLDER}/{part}-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(f"{FOLDER}/{part}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int64)
    return pixels, labels


SETS = {}


def load(task):
    """The client's share of the training images, and of the test images to evaluate on."""
    if not SETS:
        SETS.update(train=read("train"), test=read("t10k"))
    shares = []
    for part, dirichlet in (("train", task.options.get("dirichlet")), ("test", None)):
        pixels, labels = SETS[part]
        mine = progfed.deal(labels, task.client, task.clients, dirichlet)
        images = (pixels[mine].astype(np.float32) / 255 - 0.2860) / 0.3530
        shares.append((torch.from_numpy(images), torch.from_numpy(labels[mine])))
    return progfed.Split(*shares)


def train(model, images, labels):
    return F.cross_entropy(model(images), labels)


def evaluate(model, images, labels):
    return progfed.scores(model(images), labels)


if __name__ == "__main__":
    progfed.trainer(
        model=ConvNet,
        stages=3,
        train=train,
        evaluate=evaluate,
        data=load,
        name="convnet",
        heads=("fc",),
        classes=10,
        example=(torch.zeros(1, 1, 28, 28), torch.zeros(1, dtype=torch.long)),
        kept=100,
    )
