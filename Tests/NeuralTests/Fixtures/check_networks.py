"""Computes the zoo's networks from Networks.md alone, with NumPy, and compares with progfed.

    progfed plan TOPOLOGY --json > plan.json
    progfed predict TOPOLOGY --from model.safetensors --tensors outputs.safetensors --samples 3
    python check_networks.py plan.json model.safetensors outputs.safetensors

Every block's and head's tensors must be those of the page in its order, and the logits of the last stage's model
must agree to 1e-4 of the largest one; else the exit status is 1.
"""
import json
import sys

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def load(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[begin:end], "<f4").astype(np.float64).reshape(entry["shape"])
    return tensors


class Pass:
    """A forward pass that notes which tensors each segment uses, in order of the way down and the way back."""

    def __init__(self, tensors):
        self.tensors, self.segment, self.used = tensors, None, {}

    def take(self, name, channels_first=True):
        self.used.setdefault(self.segment, []).append(name)
        value = self.tensors[f"{self.segment}.{name}"]
        return value[None, :, None, None] if channels_first else value

    def conv(self, x, name, stride=1, padding=0, bias=True):
        w = self.take(f"{name}.weight", False)
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        y = np.einsum("nchwij,ocij->nohw", windows, w)
        return y + self.take(f"{name}.bias") if bias else y

    def transposed(self, x, name):
        w = self.take(f"{name}.weight", False)
        n, _, h, v = x.shape
        y = np.einsum("nchw,coij->nohiwj", x, w).reshape(n, w.shape[1], h * w.shape[2], v * w.shape[3])
        return y + self.take(f"{name}.bias")

    def group(self, x, name, groups):
        parts, image = x.reshape(len(x), groups, -1), x.ndim > 2
        parts = (parts - parts.mean(2, keepdims=True)) / np.sqrt(parts.var(2, keepdims=True) + 1e-5)
        return parts.reshape(x.shape) * self.take(f"{name}.weight", image) + self.take(f"{name}.bias", image)

    def batch(self, x, name):
        scale, shift = self.take(f"{name}.weight"), self.take(f"{name}.bias")
        mean, variance = self.take(f"{name}.running_mean"), self.take(f"{name}.running_var")
        return (x - mean) / np.sqrt(variance + 1e-5) * scale + shift

    def linear(self, x, name):
        w = self.take(f"{name}.weight", False)
        return x @ w.T + self.take(f"{name}.bias", False)


def relu(x):
    return np.maximum(x, 0)


def mean(x):
    return x.mean((2, 3))


def flatten(x):
    return x.reshape(len(x), -1)


def pool(x):
    n, c, h, w = x.shape
    return x[:, :, : h // 2 * 2, : w // 2 * 2].reshape(n, c, h // 2, 2, w // 2, 2).max((3, 5))


def convnet(run, x, name):
    if name == "convnet-cifar":
        for index, pools in enumerate((True, True, False), 1):
            run.segment = f"block{index}"
            x = relu(run.conv(x, f"conv{index}"))
            x = pool(x) if pools else x
    else:
        padding = 2 if name == "convnet-5x5" else 0
        run.segment = "block1"
        x = relu(run.conv(x, "conv1", 1, padding))
        x = pool(x) if padding else x
        run.segment = "block2"
        x = pool(relu(run.conv(x, "conv2", 1, padding)))
    last = 4 if name == "convnet-cifar" else 3
    run.segment = f"block{last}"
    x = relu(run.linear(flatten(x), "fc1"))
    run.segment = f"head{last}"
    return run.linear(x, "fc")


def mlp(run, x, stages):
    x = flatten(x)
    for index in range(1, stages + 1):
        run.segment = f"block{index}"
        x = relu(run.group(run.linear(x, f"fc{index}"), f"norm{index}", 1))
    run.segment = f"head{stages}"
    return run.linear(x, "fc")


VGG = {
    "11": ["1 M 2 M", "4 4 M", "8 8 M", "8 8 M"],
    "13": ["1 1 M 2 2 M", "4 4 M", "8 8 M", "8 8 M"],
    "16": ["1 1 M 2 2 M", "4 4 4 M", "8 8 8 M", "8 8 8 M"],
    "19": ["1 1 M 2 2 M", "4 4 4 4 M", "8 8 8 8 M", "8 8 8 8 M"],
}


def vgg(run, x, name):
    depth, normalized, place = name[3:5], name.endswith("-bn"), 0
    for index, layers in enumerate(VGG[depth], 1):
        run.segment = f"block{index}"
        for layer in layers.split():
            if layer == "M":
                x, place = pool(x), place + 1
                continue
            x = run.conv(x, f"features.{place}", 1, 1)
            if normalized:
                x = run.batch(x, f"features.{place + 1}")
            x, place = relu(x), place + (3 if normalized else 2)
    run.segment, x = "head4", flatten(x)
    for layer in ("classifier.0", "classifier.3"):
        x = relu(run.linear(x, layer))
    return run.linear(x, "classifier.6")


RESNET = {
    "18": [2, 2, 2, 2], "34": [3, 4, 6, 3], "50": [3, 4, 6, 3], "101": [3, 4, 23, 3], "152": [3, 8, 36, 3],
}
SPLITS = {
    2: "1 2 3, 4", 3: "1, 2 3, 4", 4: "1, 2, 3, 4", 5: "1a, 1b 2a, 2b 3a, 3b 4a, 4b",
    8: "1a, 1b, 2a, 2b, 3a, 3b, 4a, 4b",
}


def resnet(run, x, name, stages):
    counts, basic = RESNET[name[6:]], name[6:] in ("18", "34")
    run.segment = "block1"
    stem = run.tensors["block1.conv1.weight"].shape[2]
    x = relu(run.group(run.conv(x, "conv1", 1 if stem == 3 else 2, stem // 2, False), "bn1", 2))
    if stem == 7:
        x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
        x = sliding_window_view(x, (3, 3), axis=(2, 3))[:, :, ::2, ::2].max((4, 5))
    for index, parts in enumerate(SPLITS[stages].split(", "), 1):
        run.segment = f"block{index}"
        for part in parts.split():
            layer, count = int(part[0]), counts[int(part[0]) - 1]
            half = (count + 1) // 2
            span = {"": range(count), "a": range(half), "b": range(half, count)}[part[1:]]
            for i in span:
                x = residual(run, x, f"layer{layer}.{i}.", layer, i, basic)
    run.segment = f"head{stages}"
    return run.linear(mean(x), "fc")


def residual(run, x, name, layer, i, basic):
    stride = 2 if i == 0 and layer > 1 else 1
    # Windows and strides of the body's convolutions.
    body = [(3, stride), (3, 1)] if basic else [(1, 1), (3, stride), (1, 1)]
    y = x
    for place, (window, step) in enumerate(body, 1):
        y = run.conv(relu(y) if place > 1 else y, f"{name}conv{place}", step, window // 2, False)
        y = run.group(y, f"{name}bn{place}", 2)
    if i == 0 and not (layer == 1 and basic):
        x = run.group(run.conv(x, f"{name}downsample.0", stride, 0, False), f"{name}downsample.1", 2)
    return relu(y + x)


def unet(run, x, stages, order):
    levels = max(int(n.split("encoder")[1].split(".")[0]) for n in run.tensors if "encoder" in n)
    outermost, first = order == "outermost-first", levels - stages + 1

    def block(level):
        """The block whose encoder a level's is."""
        index = level - first + 1 if outermost else stages - level + 1
        return f"block{max(1, index)}"

    def norm(x, name):
        return relu(run.group(x, name, next(g for g in (8, 4, 2, 1) if x.shape[1] % g == 0)))

    def pair(x, part):
        for index in (1, 2):
            x = norm(run.conv(x, f"{part}.conv{index}", 1, 1, False), f"{part}.norm{index}")
        return x

    skips = {}
    for level in range(1, levels + 1):
        run.segment = block(level)
        if level > 1:
            skips[level - 1], x = x, pool(x)
        x = pair(x, f"encoder{level}")
    for level in range(levels, 1, -1):
        run.segment = block(level if outermost else level - 1)
        x = run.transposed(x, f"up{level - 1}")
        x = pair(np.concatenate([skips[level - 1], x], axis=1), f"decoder{level - 1}")
    run.segment = f"head{stages}"
    return run.conv(x, "mask")


def main(plan, model, outputs):
    with open(plan) as file:
        plan = json.load(file)
    name, stages, outputs = plan["model"]["name"], len(plan["stages"]), load(outputs)
    run = Pass(load(model))
    if name.startswith("convnet"):
        ours = convnet(run, outputs["inputs"], name)
    elif name == "mlp":
        ours = mlp(run, outputs["inputs"], stages)
    elif name.startswith("vgg"):
        ours = vgg(run, outputs["inputs"], name)
    elif name.startswith("resnet"):
        ours = resnet(run, outputs["inputs"], name, stages)
    else:
        ours = unet(run, outputs["inputs"], stages, plan["model"]["order"])
    right = True
    for segment in plan["segments"]:
        used = run.used.get(segment["name"])
        # Heads of earlier stages aren't in the model.
        if used is not None and used != [tensor["name"] for tensor in segment["tensors"]]:
            right = False
            print(f"{segment['name']}: the page has {used}")
    theirs = outputs["logits"].reshape(ours.shape)
    distance, largest = np.abs(ours - theirs).max(), np.abs(theirs).max()
    right = right and distance <= 1e-4 * largest
    print(f"{name}: {'agrees' if right else 'differs'}; logits by {distance:.2g}, of {largest:.2g}")
    sys.exit(0 if right else 1)


main(*sys.argv[1:])
