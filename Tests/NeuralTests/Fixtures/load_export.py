"""Loads an exported model into PyTorch and compares its outputs with progfed's own.

    progfed predict TOPOLOGY --from model.safetensors --tensors outputs.safetensors --samples 8
    python load_export.py model.safetensors outputs.safetensors

Knows convnet, resnet18 (any split and stem of its last stage) and unet. The outputs must agree to 1e-4 of the
largest logit, or the exit status is 1.
"""
import json
import sys

import numpy as np
import torch
from torch import nn

from unet import UNet


def load(path):
    """A file's tensors and its metadata; safetensors.torch.load_file does the same."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        scalars = np.frombuffer(data[begin:end], dtype="<f4").copy()
        tensors[name] = torch.from_numpy(scalars).reshape(entry["shape"])
    return tensors, metadata


class ConvNet(nn.Module):
    """All three stages of the ConvNet for images of 1×28×28."""

    def __init__(self, tensors, stage):
        super().__init__()
        self.stage = stage
        classes, features = tensors[f"head{stage}.fc.weight"].shape
        self.block1 = nn.ModuleDict({"conv1": nn.Conv2d(1, 32, 3)})
        if stage > 1:
            self.block2 = nn.ModuleDict({"conv2": nn.Conv2d(32, 64, 3)})
        if stage > 2:
            self.block3 = nn.ModuleDict({"fc1": nn.Linear(9216, 128)})
        self.add_module(f"head{stage}", nn.ModuleDict({"fc": nn.Linear(features, classes)}))

    def forward(self, x):
        x = torch.relu(self.block1["conv1"](x))
        if self.stage > 1:
            x = torch.max_pool2d(torch.relu(self.block2["conv2"](x)), 2)
        x = torch.relu(self.block3["fc1"](x.flatten(1))) if self.stage > 2 else x.mean((2, 3))
        return getattr(self, f"head{self.stage}")["fc"](x)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.GroupNorm(2, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.GroupNorm(2, outputs)
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.GroupNorm(2, outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet18(nn.Module):
    """ResNet-18 with group norm as torchvision names it; of an early stage, the layers that are there."""

    def __init__(self, tensors):
        super().__init__()
        width, channels, window, _ = tensors["conv1.weight"].shape
        stride = 2 if window > 3 else 1
        self.conv1 = nn.Conv2d(channels, width, window, stride, window // 2, bias=False)
        self.bn1 = nn.GroupNorm(2, width)
        self.pools = window > 3
        inputs = width
        self.layers = []
        for layer in range(4):
            outputs, blocks = width << layer, []
            for index in range(2):
                if f"layer{layer + 1}.{index}.conv1.weight" in tensors:
                    blocks.append(ResidualBlock(inputs, outputs, 2 if layer and not index else 1))
                    inputs = outputs
            self.add_module(f"layer{layer + 1}", nn.Sequential(*blocks))
            self.layers.append(self.get_submodule(f"layer{layer + 1}"))
        self.fc = nn.Linear(inputs, tensors["fc.weight"].shape[0])

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        if self.pools:
            x = torch.max_pool2d(x, 3, 2, 1)
        for layer in self.layers:
            x = layer(x)
        return self.fc(x.mean((2, 3)))


def unet(tensors, stage):
    """The sub-model whose settings the tensors' names and extents tell."""
    levels = {}
    for name in tensors:
        block, part = name.split(".")[:2]
        if part.startswith("encoder"):
            levels.setdefault(block, set()).add(int(part[len("encoder"):]))
    inward = 1 in levels["block1"]
    known = sorted(set.union(*levels.values()))
    stages = known[-1] - len(levels["block1"]) + 1
    outermost = next(t for n, t in tensors.items() if n.endswith(f".encoder{known[0]}.conv1.weight"))
    image = tensors.get(f"head{stage}.patches.weight", outermost)
    classes = len(tensors[f"head{stage}.mask.bias"])
    order = "outermost-first" if inward else "bottom-first"
    width = outermost.shape[0] >> (known[0] - 1)
    return UNet(image.shape[1], classes, width, known[-1], stages, order, stage)


tensors, metadata = load(sys.argv[1])
outputs, _ = load(sys.argv[2])
name, stage = metadata["architecture"], int(metadata["stage"])
if name == "convnet":
    model = ConvNet(tensors, stage)
elif name == "resnet18":
    # Without the blocks' and heads' names, the rest is torchvision's.
    tensors = {key.split(".", 1)[1]: value for key, value in tensors.items()}
    model = ResNet18(tensors)
elif name == "unet":
    model = unet(tensors, stage)
else:
    sys.exit(f"{name} isn't built here")
model.load_state_dict(tensors)
with torch.no_grad():
    logits = model(outputs["inputs"])
difference = (logits - outputs["logits"]).abs().max().item()
largest = logits.abs().max().item()
print(f"{name}, stage {stage}, {len(logits)} samples: largest logit {largest:.4f},", end=" ")
print(f"largest difference {difference:.2e}")
sys.exit(difference > 1e-4 * max(1, largest))
