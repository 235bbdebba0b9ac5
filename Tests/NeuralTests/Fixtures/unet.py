"""The U-Net of every stage and order of growth in PyTorch, with the tensor names of exported models."""
import torch
from torch import nn
from torch.nn import functional


def norm(channels):
    return nn.GroupNorm(next(groups for groups in (8, 4, 2, 1) if channels % groups == 0), channels)


class Pair(nn.Module):
    """Two times (3×3 convolution, group norm, ReLU)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm1 = norm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = norm(outputs)

    def forward(self, x):
        x = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(x)))


class UNet(nn.Module):
    """Sub-model `stage` of a U-Net of `levels` resolutions that grows in `stages` stages."""

    def __init__(self, channels, classes, width, levels, stages, order, stage):
        super().__init__()
        first = levels - stages + 1
        inward = order == "outermost-first"
        self.top = 1 if inward else stages - stage + 1
        self.bottom = first + stage - 1 if inward else levels

        def outputs(level):
            return width << (level - 1) if level else channels

        for index in range(1, stage + 1):
            if inward:
                own = range(1, first + 1) if index == 1 else [first + index - 1]
                joints = [level - 1 for level in own if level > 1]
            else:
                top = stages - index + 1
                own = range(top, levels + 1) if index == 1 else [top]
                joints = range(top, levels) if index == 1 else [top]
            block = nn.ModuleDict()
            for level in own:
                block[f"encoder{level}"] = Pair(outputs(level - 1), outputs(level))
            for level in reversed(joints):
                block[f"up{level}"] = nn.ConvTranspose2d(outputs(level + 1), outputs(level), 2, stride=2)
                block[f"decoder{level}"] = Pair(2 * outputs(level), outputs(level))
            self.add_module(f"block{index}", block)
        head = nn.ModuleDict()
        patch = 1 << (self.top - 1)
        if self.top > 1:
            head["patches"] = nn.Conv2d(channels, outputs(self.top - 1), patch, stride=patch, bias=False)
            head["norm"] = norm(outputs(self.top - 1))
            head["mask"] = nn.ConvTranspose2d(outputs(self.top), classes, patch, stride=patch)
        else:
            head["mask"] = nn.Conv2d(outputs(1), classes, 1)
        self.add_module(f"head{stage}", head)
        self.head = [head]  # in a list, so that it isn't registered twice
        self.parts = [{name: part for block in self.children() for name, part in block.items()}]

    def forward(self, x):
        parts, head, skips = self.parts[0], self.head[0], {}
        if self.top > 1:
            x = torch.relu(head["norm"](head["patches"](x)))
        for level in range(self.top, self.bottom + 1):
            if level > self.top:
                x = functional.max_pool2d(x, 2)
            x = skips[level] = parts[f"encoder{level}"](x)
        for level in reversed(range(self.top, self.bottom)):
            x = parts[f"decoder{level}"](torch.cat([skips[level], parts[f"up{level}"](x)], 1))
        return head["mask"](x)


def dice_loss(logits, labels):
    """1 minus the mean soft Dice coefficient over the foreground classes, then over the samples."""
    probabilities = logits.softmax(1)
    truth = functional.one_hot(labels, logits.shape[1]).movedim(-1, 1).to(probabilities.dtype)
    both = (probabilities * truth).sum((2, 3))[:, 1:]
    sums = (probabilities + truth).sum((2, 3))[:, 1:]
    return 1 - ((2 * both + 1) / (sums + 1)).mean()
