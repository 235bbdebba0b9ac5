"""Makes unets.json: what PyTorch computes for the U-Net, to be compared with in UNetFixtureTests.swift.

Made with torch 2.13.0+cpu:
    python3 -m venv venv && venv/bin/pip install torch==2.13.0+cpu numpy
    venv/bin/python generate_unets.py

Parameters and inputs are not stored: both sides compute them by the same rule (fill, below). Of large
tensors only sums, norms and every n-th scalar are stored. PyTorch computes in 64 bits, so that ten steps
don't move the reference by more than what is to be compared.
"""
import json
import os

import numpy as np
import torch
from torch import nn

from unet import UNet, dice_loss

INCREMENT = np.uint64(0x9E3779B97F4A7C15)
SHAPE = (2, 16, 8)
CLASSES = 3
STEPS = 10


def mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def fill(key, count, bound, center=0):
    """Value i is uniform in center ± bound, from 24 bits of RandomStream(key:).value(at: i)."""
    with np.errstate(over="ignore"):
        bits = mix(np.uint64(key) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * INCREMENT)
    return center + ((bits >> np.uint64(40)).astype(np.float64) / 2**23 - 1) * bound


def summary(tensor):
    flat = tensor.detach().double().flatten()
    stride = max(1, len(flat) // 12)
    return {
        "sum": flat.sum().item(),
        "norm": flat.norm().item(),
        "stride": stride,
        "samples": [float(np.float32(x)) for x in flat[::stride].tolist()],
    }


def case(order, width, levels, stages, stage, loss):
    model = UNet(SHAPE[0], CLASSES, width, levels, stages, order, stage)
    bound = 1
    for index, (name, parameter) in enumerate(model.named_parameters()):
        if parameter.dim() > 1:
            bound = 1 / np.sqrt(np.prod(parameter.shape[1:]))
        if ".norm" in name:
            values = fill(1 + index, parameter.numel(), 0.25, 0 if name.endswith("bias") else 1)
        else:
            values = fill(1 + index, parameter.numel(), bound)
        values = values.astype(np.float32).astype(np.float64)
        parameter.data = torch.from_numpy(values).reshape(parameter.shape)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    result = {
        "order": order, "width": width, "levels": levels, "stages": stages, "stage": stage,
        "loss": loss, "names": [name for name, _ in model.named_parameters()], "losses": [],
    }
    for step in range(STEPS):
        batch = 2 if step == STEPS - 1 else 3
        x = fill(1000 + step, batch * int(np.prod(SHAPE)), 1.7).astype(np.float32).astype(np.float64)
        area = SHAPE[1] * SHAPE[2]
        y = torch.tensor([(3 * i + i // 7 + step) % CLASSES for i in range(batch * area)])
        y = y.reshape(batch, *SHAPE[1:])
        optimizer.zero_grad()
        logits = model(torch.from_numpy(x).reshape(batch, *SHAPE))
        total = 0
        if "cross-entropy" in loss:
            total = total + nn.functional.cross_entropy(logits, y)
        if "dice" in loss:
            total = total + dice_loss(logits, y)
        total.backward()
        result["losses"].append(total.item())
        if step == 0:
            result["logits"] = summary(logits)
            result["gradients"] = [summary(p.grad) for p in model.parameters()]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    result["parameters"] = [summary(p) for p in model.parameters()]
    return result


torch.set_num_threads(1)
cases = []
for order in ("outermost-first", "bottom-first"):
    for stage in (1, 2):
        cases.append(case(order, 4, 3, 2, stage, "cross-entropy+dice"))
    cases.append(case(order, 3, 2, 2, 1, "dice"))
cases.append(case("outermost-first", 8, 4, 3, 3, "cross-entropy"))
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "unets.json")
with open(path, "w") as file:
    json.dump({"torch": torch.__version__, "cases": cases}, file, separators=(",", ":"))
print(len(cases), "cases,", os.path.getsize(path), "bytes")
