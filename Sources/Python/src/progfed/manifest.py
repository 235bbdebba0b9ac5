"""The manifest of a model: its blocks, heads and tensors, as the page "Manifest" says."""

from __future__ import annotations

import re

from .errors import TrainerError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_MODEL = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Entry:
    """A tensor of a segment.

    `name` is its name there, `shape` its extents; a buffer isn't trained. `fan_in` is the number of
    inputs that an output adds up, None where that isn't known; `init` the rule of first values.
    """

    def __init__(self, name, shape, buffer=False, fan_in=None, init=None):
        if not _NAME.fullmatch(name):
            raise TrainerError(
                f"a tensor is called “{name}”; names have 1 to 255 letters, digits, _, - and ."
            )
        self.name = name
        self.shape = tuple(int(extent) for extent in shape)
        if len(self.shape) > 8 or any(extent < 1 for extent in self.shape):
            raise TrainerError(
                f"“{name}” is of shape {list(self.shape)}; a tensor has at most eight axes, "
                "each of 1 at least"
            )
        self.buffer = buffer
        self.fan_in = fan_in
        self.init = init

    def told(self):
        """The entry as a manifest has it."""
        entry = {"name": self.name, "shape": list(self.shape)}
        if self.buffer:
            entry["role"] = "buffer"
        if self.fan_in is not None:
            entry["fanIn"] = self.fan_in
        if self.init is not None:
            entry["init"] = self.init
        return entry


class Layout:
    """The segments of a model of all stages: `blocks` and `heads`, lists of lists of `Entry`."""

    def __init__(self, blocks, heads):
        self.blocks = blocks
        self.heads = heads

    @property
    def stages(self):
        """The number of stages."""
        return len(self.blocks)

    def stage(self, name):
        """The stage that the segment called `name` begins in."""
        match = re.fullmatch(r"(?:block|head)([1-9][0-9]{0,2})", name)
        number = int(match[1]) if match else 0
        if not 1 <= number <= self.stages:
            raise TrainerError(f"this model of {self.stages} stages has no segment “{name}”")
        return number

    def segment(self, name):
        """The entries of the segment called `name`."""
        number = self.stage(name)
        return (self.blocks if name.startswith("block") else self.heads)[number - 1]

    def names(self, stage):
        """The names of the segments of a stage, in order."""
        return [f"block{number + 1}" for number in range(stage)] + [f"head{stage}"]

    def same(self, first, second):
        """True if two segments have tensors of the same shapes in the same order."""
        return [e.shape for e in self.segment(first)] == [e.shape for e in self.segment(second)]


def manifest(name, layout, *, classes, points_per_sample, flops, carry_heads, stack_blocks):
    """The manifest of a layout, ready to become JSON."""
    if not _MODEL.fullmatch(name):
        raise TrainerError(f"the model is called “{name}”; use 1 to 64 letters, digits, _, - and .")
    if flops is not None and len(flops) != layout.stages:
        raise TrainerError(f"flops has {len(flops)} numbers for {layout.stages} stages")
    stages = []
    for number, (block, head) in enumerate(zip(layout.blocks, layout.heads), 1):
        stage = {}
        if flops is not None:
            stage["flops"] = int(flops[number - 1])
        stage["block"] = [entry.told() for entry in block]
        stage["head"] = [entry.told() for entry in head]
        for wanted, kind in ((stack_blocks, "block"), (carry_heads, "head")):
            # Block 1 has what comes before the layers, too, so that often only later ones fit.
            if wanted and number > 1 and layout.same(f"{kind}{number}", f"{kind}{number - 1}"):
                stage[f"{kind}From"] = f"{kind}{number - 1}"
        stages.append(stage)
    told = {"format": "progfed manifest 1", "name": name}
    if classes is not None:
        told["classes"] = classes if isinstance(classes, int) else [str(c) for c in classes]
    if points_per_sample != 1:
        told["pointsPerSample"] = int(points_per_sample)
    told["stages"] = stages
    return told
