"""Makes convnets.json: what PyTorch computes for the ConvNets, to be compared with in FixtureTests.swift.

Made with torch 2.13.0+cpu:
    python3 -m venv venv && venv/bin/pip install torch==2.13.0+cpu numpy
    venv/bin/python generate.py

Parameters and inputs are not stored: both sides compute them by the same rule (fill, below). Of large
tensors only sums, norms and every n-th scalar are stored.
"""
import json
import os

import numpy as np
import torch
from torch import nn

INCREMENT = np.uint64(0x9E3779B97F4A7C15)


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def fill(key, count, bound):
    """Value i is uniform in ±bound, from 24 bits of RandomStream(key:).value(at: i)."""
    with np.errstate(over="ignore"):
        bits = mix(np.uint64(key) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * INCREMENT)
    return ((bits >> np.uint64(40)).astype(np.float64) / 2**23 - 1) * bound


def summary(tensor):
    flat = tensor.detach().double().flatten()
    stride = max(1, len(flat) // 24)
    return {
        "sum": flat.sum().item(),
        "norm": flat.norm().item(),
        "stride": stride,
        "samples": [float(np.float32(x)) for x in flat[::stride].tolist()],
    }


def heads(channels, classes):
    return [nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, classes)) for c in channels]


def convnet(stage, classes=10):
    blocks = [
        nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU()),
        nn.Sequential(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Flatten(), nn.Linear(9216, 128), nn.ReLU()),
    ]
    return nn.Sequential(*blocks[:stage], (heads([32, 64], classes) + [nn.Linear(128, classes)])[stage - 1])


def cifar(stage, classes=10):
    blocks = [
        nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(64, 64, 3), nn.ReLU()),
        nn.Sequential(nn.Flatten(), nn.Linear(1024, 64), nn.ReLU()),
    ]
    return nn.Sequential(*blocks[:stage], (heads([32, 64, 64], classes) + [nn.Linear(64, classes)])[stage - 1])


def wide(stage, classes=10):
    blocks = [
        nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Flatten(), nn.Linear(3136, 512), nn.ReLU()),
    ]
    return nn.Sequential(*blocks[:stage], (heads([32, 64], classes) + [nn.Linear(512, classes)])[stage - 1])


def case(name, build, stage, shape, warm_up, nesterov):
    model = build(stage)
    key = 1
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            bound = 1 / np.sqrt(np.prod(module.weight.shape[1:]))
            for tensor in (module.weight, module.bias):
                values = fill(key, tensor.numel(), bound).astype(np.float32)
                tensor.data = torch.from_numpy(values).reshape(tensor.shape)
                key += 1
    if warm_up:
        for block in list(model)[: stage - 1]:
            block.requires_grad_(False)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=nesterov)
    result = {"model": name, "stage": stage, "warmUp": warm_up, "nesterov": nesterov, "losses": []}
    for step, batch in enumerate([5, 5, 3]):
        count = batch * int(np.prod(shape))
        x = torch.from_numpy(fill(1000 + step, count, 1.7).astype(np.float32)).reshape(batch, *shape)
        y = torch.tensor([(3 * i + step) % 10 for i in range(batch)])
        optimizer.zero_grad()
        logits = model(x)
        loss = nn.functional.cross_entropy(logits, y)
        loss.backward()
        result["losses"].append(loss.item())
        if step == 0:
            result["logits"] = [float(v) for v in logits.detach().flatten()]
            result["gradients"] = [summary(p.grad) for p in trained]
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
    result["parameters"] = [summary(p) for p in model.parameters()]
    return result


torch.set_num_threads(1)
cases = []
for name, build, stages, shape in [
    ("convnet", convnet, 3, (1, 28, 28)),
    ("convnet-cifar", cifar, 4, (3, 32, 32)),
    ("convnet-5x5", wide, 3, (1, 28, 28)),
]:
    for stage in range(1, stages + 1):
        cases.append(case(name, build, stage, shape, False, stage % 2 == 0))
        if stage > 1:
            cases.append(case(name, build, stage, shape, True, False))
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "convnets.json")
with open(path, "w") as file:
    json.dump({"torch": torch.__version__, "cases": cases}, file, separators=(",", ":"))
print(len(cases), "cases,", os.path.getsize(path), "bytes")
