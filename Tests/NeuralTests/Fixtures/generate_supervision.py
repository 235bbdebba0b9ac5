"""Makes supervision.json: what PyTorch computes where all heads supervise, to be compared with in
SupervisionTests.swift.

Made with torch 2.13.0+cpu:
    python3 -m venv venv && venv/bin/pip install torch==2.13.0+cpu numpy
    venv/bin/python generate_supervision.py

Networks, parameters and inputs are those of generate.py. The loss is the mean over the heads of each head's
cross-entropy; the logits are the last head's.
"""
import numpy as np
import torch
from torch import nn

from generate import cifar, fill_parameters, owners, resnet, samples_of, summary, tensors, write


def case(name, build, stage, shape, *, width=None, rate=0.1, trained=None):
    """Five steps of a stage's blocks and all heads up to its own; `trained` segments, or all, are trained."""
    blocks = list(build(stage))[:-1]
    heads = [build(earlier)[-1] for earlier in range(1, stage + 1)]
    segments = nn.ModuleList(blocks + heads).double()
    fill_parameters(segments)
    trained = list(range(2 * stage)) if trained is None else trained
    for index, segment in enumerate(segments):
        segment.requires_grad_(index in trained)
    parameters = [p for p in segments.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=rate, momentum=0.9, weight_decay=1e-4)
    result = {"model": name, "stage": stage, "input": shape, "rate": rate, "trained": trained, "losses": []}
    result |= {} if width is None else {"width": width}
    for step in range(5):
        x, y = samples_of(step, shape)
        optimizer.zero_grad()
        losses = []
        for block, head in zip(blocks, heads):
            x = block(x)
            logits = head(x)
            losses.append(nn.functional.cross_entropy(logits, y))
        loss = sum(losses) / len(losses)
        loss.backward()
        result["losses"].append(loss.item())
        if step == 0:
            result["logits"] = [float(np.float32(v)) for v in logits.detach().flatten()]
            result["lastLoss"] = losses[-1].item()
            result["gradients"] = [summary(p.grad, 12) for p in parameters]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
    result["parameters"] = [summary(t, 12) for m in owners(segments) for t in tensors(m)]
    return result


write(
    "supervision.json",
    [
        case("convnet-cifar", cifar, 1, (3, 32, 32)),
        case("convnet-cifar", cifar, 4, (3, 32, 32)),
        # The last block and its head pass a gradient down; the first head adds a constant to the loss.
        case("convnet-cifar", cifar, 4, (3, 32, 32), trained=[1, 2, 5, 6]),
        case("resnet18", resnet([2, 2, 2, 2], 4), 3, (3, 24, 24), width=4, rate=0.005),
    ])
