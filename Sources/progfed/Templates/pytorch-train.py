"""The model of this project and its training: a trainer program for progfed.

progfed starts it for the clients of a machine. `python3 train.py --check` tries it by itself.
"""

import math
import os

import numpy as np
import progfed
import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 3
WIDTHS = [2, 32, 32, 32]  # of a sample, then of each block


class Net(nn.Module):
    """The model of a stage: blocks 1 to `stage`, and the stage's head."""

    def __init__(self, stage):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(a, b), nn.LayerNorm(b), nn.ReLU())
            for a, b in zip(WIDTHS[:stage], WIDTHS[1 : stage + 1])
        )
        self.head = nn.Linear(WIDTHS[stage], CLASSES)

    def forward(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.head(inputs)


def train(model, inputs, labels):
    """The mean loss of a batch; progfed steps along its gradient."""
    return F.cross_entropy(model(inputs), labels)


def evaluate(model, inputs, labels):
    """Counts and sums of a batch."""
    return progfed.scores(model(inputs), labels)


def load(task):
    """The samples of one client: inputs.npy and labels.npy of its folder, or made-up ones.

    A fifth of them is held out to evaluate on.
    """
    if task.data is not None:
        inputs = np.load(os.path.join(task.data, "inputs.npy")).astype(np.float32)
        labels = np.load(os.path.join(task.data, "labels.npy")).astype(np.int64)
        return inputs, labels
    # Three arms of a spiral; each client knows another part of them well.
    random = np.random.default_rng(task.client)
    count = 300
    labels = random.integers(0, CLASSES, count)
    radius = np.clip(random.normal(random.uniform(0.3, 0.9), 0.25, count), 0.05, 1.0)
    angle = 2 * math.pi * (labels / CLASSES + 1.5 * radius) + random.normal(0, 0.2, count)
    inputs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return inputs.astype(np.float32), labels.astype(np.int64)


if __name__ == "__main__":
    torch.set_num_threads(1)  # progfed trains several clients at once.
    progfed.trainer(
        model=Net,
        stages=3,
        train=train,
        evaluate=evaluate,
        data=load,
        name="{{name}}",
        classes=CLASSES,
        example=(torch.zeros(1, 2), torch.zeros(1, dtype=torch.long)),  # to count operations
    )
