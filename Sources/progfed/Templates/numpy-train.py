"""The model of this project and its training: a trainer program for progfed.

progfed starts it for the clients of a machine. `python3 train.py --check` tries it by itself. Nothing
but numpy is needed; any library that takes and gives arrays can be used in the same way.
"""

import os

import numpy as np
import progfed

CLASSES, INPUTS, UNITS = 4, 8, 64


def first(stage, random):
    """First values of a stage: blocks 1 to `stage`, and its head, by the names of their arrays."""
    values = {}
    for block in range(1, stage + 1):
        size = INPUTS if block == 1 else UNITS
        values[f"block{block}.weight"] = random.normal(0, size**-0.5, (UNITS, size))
        values[f"block{block}.bias"] = np.zeros(UNITS)
    values[f"head{stage}.weight"] = random.normal(0, UNITS**-0.5, (CLASSES, UNITS))
    values[f"head{stage}.bias"] = np.zeros(CLASSES)
    return values


def forward(values, inputs):
    """What each layer makes of the inputs; the last are the logits."""
    layers = [inputs]
    for name in segments(values):
        sums = layers[-1] @ values[f"{name}.weight"].T + values[f"{name}.bias"]
        layers.append(sums if name.startswith("head") else np.tanh(sums))
    return layers


def segments(values):
    """The names of blocks and head in order."""
    return [name[: -len(".weight")] for name in values if name.endswith(".weight")]


def train(values, samples, task):
    """Trains by gradient descent, and returns the mean loss."""
    inputs, labels = samples
    losses = []
    for places in task.batches():
        layers = forward(values, inputs[places])
        shares = np.exp(layers[-1] - layers[-1].max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        losses.append(-np.log(shares[np.arange(len(places)), labels[places]]).mean())
        error = (shares - np.eye(CLASSES)[labels[places]]) / len(places)
        for depth, name in reversed(list(enumerate(segments(values)))):
            gradients = {"weight": error.T @ layers[depth], "bias": error.sum(axis=0)}
            error = error @ values[f"{name}.weight"] * (1 - layers[depth] ** 2)
            for own, gradient in gradients.items():
                values[f"{name}.{own}"] -= task.rates.get(name, 0) * gradient
    return np.mean(losses)


def evaluate(values, samples, task):
    """Counts and sums over samples."""
    inputs, labels = samples
    return progfed.scores(forward(values, inputs)[-1], labels)


def load(task):
    """The samples of one client: inputs.npy and labels.npy of its folder, or made-up ones.

    A fifth of them is held out to evaluate on.
    """
    if task.data is not None:
        inputs = np.load(os.path.join(task.data, "inputs.npy"))
        return inputs, np.load(os.path.join(task.data, "labels.npy")).astype(np.int64)
    random = np.random.default_rng(task.client)
    inputs = random.normal(0, 1, (300, INPUTS)) + random.normal(0, 0.3, INPUTS)
    labels = 2 * (inputs[:, 0] * inputs[:, 1] > 0) + (inputs[:, 2] > inputs[:, 3])
    return inputs, labels.astype(np.int64)


if __name__ == "__main__":
    progfed.numpy_trainer(
        model=first,
        stages=2,
        train=train,
        evaluate=evaluate,
        data=load,
        name="{{name}}",
        classes=CLASSES,
        supports=["rates"],  # train obeys task.rates
    )
