"""A trainer of arrays that does what `options` say: the tests' own."""

import os
import subprocess
import sys
import time

import numpy as np

import progfed

print("hello from the model's own program")  # Must not reach the worker.


def first(stage, random):
    values = {f"block{s}.w": random.normal(0, 0.5, (3, 3)) for s in range(1, stage + 1)}
    values["block1.running_mean"] = np.zeros(3)
    values[f"head{stage}.w"] = random.normal(0, 0.5, (2, 3))
    return values


def load(task):
    kind = task.options.get("data")
    if kind == "none":
        return None
    if kind == "bad":
        raise progfed.BadData("the samples are in a mess")
    random = np.random.default_rng(1000 + (task.client if task.client is not None else 999))
    inputs = random.normal(0, 1, (50, 3))
    return inputs, (inputs[:, 0] > inputs[:, 1]).astype(np.int64)


def forward(values, inputs):
    stage = sum(name.startswith("block") and name.endswith(".w") for name in values)
    layers = [inputs - values["block1.running_mean"]]
    for s in range(1, stage + 1):
        layers.append(np.tanh(layers[-1] @ values[f"block{s}.w"].T))
    return layers, layers[-1] @ values[f"head{stage}.w"].T, stage


def fit(values, samples, task):
    options = task.options
    if options.get("raise"):
        raise RuntimeError("a step went wrong")
    if options.get("exit"):
        sys.exit(3)
    if options.get("dies"):
        os._exit(9)
    if options.get("print"):
        print('{"id": 1, "progress": 0.5}', flush=True)
        os.system("echo noise from a child")
        subprocess.run(["echo", "more noise"], check=True)
        assert sys.stdin.read() == ""
    if options.get("nan"):
        values["block1.w"][0, 0] = np.nan
        return 1.0
    if options.get("loss") == "nan":
        return float("nan")
    if options.get("shape"):
        values["block1.w"] = np.zeros((2, 2))
        return 1.0
    losses = []
    for places in task.batches():
        inputs, labels = samples[0][places], samples[1][places]
        layers, logits, stage = forward(values, inputs)
        shares = np.exp(logits - logits.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        losses.append(-np.log(shares[np.arange(len(labels)), labels]).mean())
        error = (shares - np.eye(2)[labels]) / len(labels)
        gradients = {f"head{stage}.w": error.T @ layers[-1]}
        error = error @ values[f"head{stage}.w"]
        for s in range(stage, 0, -1):
            error = error * (1 - layers[s] ** 2)
            gradients[f"block{s}.w"] = error.T @ layers[s - 1]
            error = error @ values[f"block{s}.w"]
        for name, gradient in gradients.items():
            rate = task.rates.get(name.split(".")[0], 0)
            values[name] = values[name] - rate * gradient
        values["block1.running_mean"] += 0.1 * (inputs.mean(0) - values["block1.running_mean"])
        time.sleep(options.get("delay", 0))
    return np.mean(losses), {"steps": len(losses)}


def judge(values, samples, task):
    return progfed.scores(forward(values, samples[0])[1], samples[1])


if __name__ == "__main__":
    progfed.numpy_trainer(
        model=first, stages=3, train=fit, evaluate=judge, data=load, name="lines", classes=2
    )
