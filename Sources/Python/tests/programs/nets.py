"""A trainer of PyTorch modules that does what `options` say: the tests' own."""

import time

import torch
import torch.nn.functional as F
from torch import nn

import progfed

WIDTHS = [4, 8, 8, 6]


class Net(nn.Module):
    """A small network with everything that is awkward: norms, dropout, integers, tied names."""

    def __init__(self, stage):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(), nn.Dropout(0.1))
            for a, b in zip(WIDTHS[:stage], WIDTHS[1 : stage + 1])
        )
        self.head = nn.Linear(WIDTHS[stage], 3)

    def forward(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.head(inputs)


def load(task, count=61):
    generator = torch.Generator().manual_seed(50 if task.client is None else task.client)
    inputs = torch.randn(count, 4, generator=generator)
    labels = inputs[:, :3].argmax(1)
    if task.options.get("set"):
        return torch.utils.data.TensorDataset(inputs, labels)
    return inputs, labels


DELAY = 0


def train(model, inputs, labels):
    time.sleep(DELAY)
    loss = F.cross_entropy(model(inputs), labels)
    return loss, {"top": (model(inputs).argmax(1) == labels).float().mean()}


def options_then_load(task):
    global DELAY
    DELAY = task.options.get("delay", 0)
    return load(task, 62)


def evaluate(model, inputs, labels):
    return progfed.scores(model(inputs), labels)


if __name__ == "__main__":
    progfed.trainer(
        model=Net, stages=3, train=train, evaluate=evaluate, data=options_then_load, name="nets", kept=1
    )
