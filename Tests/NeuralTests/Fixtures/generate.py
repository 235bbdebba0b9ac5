"""Makes convnets.json, resnets.json, vggs.json, layers.json and mlps.json: what PyTorch computes, to be compared
with in FixtureTests.swift.

Made with torch 2.13.0+cpu:
    python3 -m venv venv && venv/bin/pip install torch==2.13.0+cpu numpy
    venv/bin/python generate.py            all of them
    venv/bin/python generate.py mlps.json  one

Parameters and inputs are not stored: both sides compute them by the same rule (fill, below). Of large
tensors only sums, norms and every n-th scalar are stored. PyTorch computes in 64 bits: in 32 bits, ten steps of
a deep network at a large rate move it by more than what is to be compared.
"""
import json
import os
import sys

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


def summary(tensor, samples):
    flat = tensor.detach().double().flatten()
    stride = max(1, len(flat) // samples)
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


class Residual(nn.Module):
    def __init__(self, body, shortcut=()):
        super().__init__()
        self.body = nn.Sequential(*body)
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def conv(inputs, outputs, window, stride=1):
    return nn.Conv2d(inputs, outputs, window, stride, window // 2, bias=False)


def unit(inputs, channels, stride, bottleneck):
    """A residual block with group norms of two groups."""
    norm = lambda c: nn.GroupNorm(2, c)
    outputs = channels * (4 if bottleneck else 1)
    if bottleneck:
        body = [
            conv(inputs, channels, 1), norm(channels), nn.ReLU(),
            conv(channels, channels, 3, stride), norm(channels), nn.ReLU(),
            conv(channels, outputs, 1), norm(outputs),
        ]
    else:
        body = [
            conv(inputs, channels, 3, stride), norm(channels), nn.ReLU(),
            conv(channels, channels, 3), norm(channels),
        ]
    keeps = inputs == outputs and stride == 1
    return nn.Sequential(
        Residual(body, [] if keeps else [conv(inputs, outputs, 1, stride), norm(outputs)]), nn.ReLU())


def resnet(counts, width, bottleneck=False, imagenet=False):
    def build(stage, classes=10):
        blocks, inputs = [], width
        for layer in range(stage):
            parts = []
            if layer == 0:
                stem = conv(3, width, 7, 2) if imagenet else conv(3, width, 3)
                parts += [stem, nn.GroupNorm(2, width), nn.ReLU()]
                parts += [nn.MaxPool2d(3, 2, 1)] if imagenet else []
            for index in range(counts[layer]):
                stride = 2 if index == 0 and layer > 0 else 1
                parts.append(unit(inputs, width << layer, stride, bottleneck))
                inputs = (width << layer) * (4 if bottleneck else 1)
            blocks.append(nn.Sequential(*parts))
        return nn.Sequential(*blocks, heads([inputs], classes)[0])

    return build


def vgg(depth, width, normalized):
    count = {11: 2, 13: 2, 16: 3, 19: 4}[depth]
    first = [1, 0, 2, 0] if depth == 11 else [1, 1, 0, 2, 2, 0]

    def build(stage, classes=10):
        blocks, inputs = [], 3
        for multiples in [first, *([m] * count + [0] for m in (4, 8, 8))][:stage]:
            parts = []
            for multiple in multiples:
                if multiple == 0:
                    parts.append(nn.MaxPool2d(2))
                    continue
                parts.append(nn.Conv2d(inputs, multiple * width, 3, padding=1))
                parts += [nn.BatchNorm2d(multiple * width)] if normalized else []
                parts.append(nn.ReLU())
                inputs = multiple * width
            blocks.append(nn.Sequential(*parts))
        if stage < 4:
            return nn.Sequential(*blocks, heads([inputs], classes)[0])
        hidden = 64 * width
        return nn.Sequential(
            *blocks,
            nn.Sequential(
                nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
                nn.Linear(hidden, classes)))

    return build


def mlp(inputs, widths):
    def build(stage, classes=10):
        blocks = [
            nn.Sequential(nn.Flatten(), nn.Linear(i, o), nn.GroupNorm(1, o), nn.ReLU())
            for i, o in zip([inputs, *widths], widths)
        ]
        return nn.Sequential(*blocks[:stage], nn.Linear(widths[stage - 1], classes))

    return build


# Single layers between a convolution of 3 channels and a linear classifier; FixtureTests.swift builds the same.
LAYERS = {
    "group norm": lambda: [nn.GroupNorm(3, 12), nn.ReLU()],
    "batch norm": lambda: [nn.BatchNorm2d(12), nn.ReLU()],
    "residual": lambda: [Residual([conv(12, 12, 3), nn.BatchNorm2d(12)]), nn.ReLU()],
    "projection": lambda: [
        Residual([conv(12, 20, 3, 2), nn.GroupNorm(4, 20)], [conv(12, 20, 1, 2), nn.GroupNorm(2, 20)]),
        nn.ReLU(),
    ],
    "max-pooling": lambda: [nn.MaxPool2d(3, 2, 1)],
    "average pooling": lambda: [nn.AvgPool2d(3, 2, 1, count_include_pad=False)],
    "adaptive average pooling": lambda: [nn.AdaptiveAvgPool2d((3, 2))],
    "strided convolution": lambda: [nn.Conv2d(12, 9, 3, 2, 1), nn.ReLU()],
    "linear": lambda: [nn.Flatten(), nn.Linear(12 * 9 * 7, 11), nn.ReLU()],
}


def layer(name):
    def build(stage, classes=10):
        body = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), *LAYERS[name](), nn.Flatten())
        features = body(torch.zeros(2, 3, 9, 7)).shape[1]
        for module in body.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
        return nn.Sequential(body, nn.Linear(features, classes))

    return build


def tensors(module):
    """Parameters and running statistics, in the order of the wire."""
    if isinstance(module, nn.BatchNorm2d):
        return [module.weight, module.bias, module.running_mean, module.running_var]
    return [p for p in (module.weight, module.bias) if p is not None]


NORMS = (nn.GroupNorm, nn.BatchNorm2d)


def owners(model):
    return [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear, *NORMS))]


def fill_parameters(model):
    key = 1
    for module in owners(model):
        norm = isinstance(module, NORMS)
        for index, tensor in enumerate(tensors(module)):
            # Scales and running variances are about 1, everything else about 0.
            bound = 0.25 if norm else 1 / np.sqrt(np.prod(module.weight.shape[1:]))
            values = (norm and index in (0, 3)) + fill(key, tensor.numel(), bound)
            tensor.data.copy_(torch.from_numpy(values.astype(np.float32)).reshape(tensor.shape))
            key += 1


def samples_of(step, shape):
    """The inputs and labels of a step's batch."""
    batch = 3 if step % 4 == 3 else 5
    count = batch * int(np.prod(shape))
    x = torch.from_numpy(fill(1000 + step, count, 1.7).astype(np.float32).astype(float)).reshape(batch, *shape)
    return x, torch.tensor([(3 * i + step) % 10 for i in range(batch)])


def nearest(model, x):
    """The smallest distance of a ReLU's input from 0."""
    distances = []
    relus = [m for m in model.modules() if isinstance(m, nn.ReLU)]
    hooks = [m.register_forward_pre_hook(lambda _, i: distances.append(i[0].abs().min().item())) for m in relus]
    model(x)
    for hook in hooks:
        hook.remove()
    return min(distances)


def case(
    name, build, stage, shape, *, width=None, widths=None, stem=None, warm_up=False, optimizer="sgd", rate=0.1,
    nesterov=False, samples=6, margin=None,
):
    """One network's ten steps. With a margin, no ReLU of the first step gets an input nearer to its kink: there the
    gradient jumps, and rounding alone decides which of two gradients a computation in 32 bits finds."""
    model = build(stage).double()
    fill_parameters(model)
    if warm_up:
        for block in list(model)[: stage - 1]:
            block.requires_grad_(False)
            block.eval()
    trained = [p for p in model.parameters() if p.requires_grad]
    stepper = {
        "sgd": lambda: torch.optim.SGD(trained, lr=rate, momentum=0.9, weight_decay=1e-4, nesterov=nesterov),
        "adam": lambda: torch.optim.Adam(trained, lr=rate, weight_decay=1e-4),
    }[optimizer]()
    result = {
        "model": name, "stage": stage, "input": shape, "warmUp": warm_up, "optimizer": optimizer, "rate": rate,
        "nesterov": nesterov, "losses": [],
    }
    result |= {} if width is None else {"width": width}
    result |= {} if widths is None else {"widths": widths}
    result |= {} if stem is None else {"stem": stem}
    modes = {m: m.training for m in model.modules()}
    for step in range(10):
        x, y = samples_of(step, shape)
        if step == 0:
            model.eval()
            result["logits"] = [float(np.float32(v)) for v in model(x).detach().flatten()]
            for module, mode in modes.items():
                module.training = mode
        stepper.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        result["losses"].append(loss.item())
        if step == 0:
            result["gradients"] = [summary(p.grad, samples) for p in trained]
            assert margin is None or nearest(model, x) > margin, f"{name}: {nearest(model, x)}"
        nn.utils.clip_grad_norm_(trained, 1.0)
        stepper.step()
    result["parameters"] = [summary(t, samples) for m in owners(model) for t in tensors(m)]
    return result


def write(name, cases):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w") as file:
        json.dump({"torch": torch.__version__, "cases": cases}, file, separators=(",", ":"))
    print(name, len(cases), "cases,", os.path.getsize(path), "bytes")


def convnets():
    cases = []
    for name, build, stages, shape in [
        ("convnet", convnet, 3, (1, 28, 28)),
        ("convnet-cifar", cifar, 4, (3, 32, 32)),
        ("convnet-5x5", wide, 3, (1, 28, 28)),
    ]:
        for stage in range(1, stages + 1):
            cases.append(case(name, build, stage, shape, nesterov=stage % 2 == 0, samples=24))
            if stage > 1:
                cases.append(case(name, build, stage, shape, warm_up=True, samples=24))
    return cases


def resnets():
    image = (3, 24, 24)
    cases = [case("resnet18", resnet([2, 2, 2, 2], 8), s, image, width=8, rate=0.005) for s in range(1, 5)]
    cases += [
        case("resnet18", resnet([2, 2, 2, 2], 8), 3, image, width=8, rate=0.005, warm_up=True),
        case("resnet34", resnet([3, 4, 6, 3], 6), 2, image, width=6, rate=0.005, nesterov=True),
        case("resnet50", resnet([3, 4, 6, 3], 4, True), 2, image, width=4, rate=0.005),
        case("resnet50", resnet([3, 4, 6, 3], 4, True, True), 1, (3, 40, 36), width=4, stem="imagenet", rate=0.005),
    ]
    # Wide enough for Winograd's algorithm, and small enough that no ReLU is at its kink.
    cases.append(
        case("resnet18", resnet([2, 2, 2, 2], 64), 1, (3, 8, 8), width=64, rate=0.005, margin=5e-6))
    return cases


def vggs():
    image = (3, 32, 32)
    cases = [case("vgg11", vgg(11, 8, False), s, image, width=8, rate=0.005) for s in range(1, 5)]
    cases += [case("vgg11-bn", vgg(11, 8, True), s, image, width=8, rate=0.005) for s in range(1, 4)]
    # Of this width no ReLU comes near its kink in ten steps, however a processor rounds.
    cases.append(case("vgg11-bn", vgg(11, 6, True), 4, image, width=6, rate=0.005))
    cases += [
        case("vgg16", vgg(16, 4, False), 4, image, width=4, rate=0.005),
        case("vgg16-bn", vgg(16, 4, True), 2, image, width=4, rate=0.005, warm_up=True),
    ]
    cases.append(case("vgg16", vgg(16, 32, False), 2, image, width=32, rate=0.005))
    return cases


def layers():
    cases = [case(name, layer(name), 1, (3, 9, 7), rate=0.05) for name in LAYERS]
    cases += [case(name, layer(name), 1, (3, 9, 7), optimizer="adam", rate=0.002) for name in ["group norm", "residual"]]
    return cases


def mlps():
    # A table of 13 numbers and an image; layers that widen, stay as wide, and narrow.
    table = {"widths": [20, 24, 24, 9], "margin": 1e-5}
    build = mlp(13, table["widths"])
    cases = [case("mlp", build, stage, (13,), rate=0.05, **table) for stage in range(1, 5)]
    cases += [
        case("mlp", build, 3, (13,), rate=0.05, warm_up=True, **table),
        case("mlp", build, 2, (13,), optimizer="adam", rate=0.002, **table),
        case("mlp", mlp(105, [16, 33]), 2, (3, 5, 7), widths=[16, 33], rate=0.05, nesterov=True, margin=1e-5),
    ]
    return cases


def main(names):
    made = {"convnets": convnets, "resnets": resnets, "vggs": vggs, "layers": layers, "mlps": mlps}
    for name in names or [f"{name}.json" for name in made]:
        write(name, made[name.removesuffix(".json")]())


torch.set_num_threads(1)
if __name__ == "__main__":
    main(sys.argv[1:])
