"""Trainers of models that are arrays of numpy, for everything that isn't PyTorch.

    progfed.numpy_trainer(
        model=first,         # first(stage, random) -> {"block1.w": array, "head1.w": array, …}
        stages=2,            # how many there are
        train=fit,           # fit(values, samples, task) -> the mean loss
        evaluate=judge,      # judge(values, samples, task) -> progfed.scores(logits, labels)
        data=load,           # load(task) -> (inputs, labels), or progfed.Split
    )

`values` are arrays by names as in `model`; `train` changes them in place, or puts others in their
place. What it does to blocks and heads that `task.rates` doesn't name is undone. `samples` are a
tuple of arrays. `task.batches()` yields the numbers of the samples of each step, and counts the
steps; `task.random` is a stream of random numbers. Instead of a loss, `train` may return a tuple of
it and a dictionary of metrics.

A name begins with its segment: "block2.coef" is "coef" of block 2. Arrays whose own names begin
with "running_" are buffers, and others that `buffers` names. `supports` lists what `train` obeys of the
task beyond epochs and batches, in the protocol's words: "rates" where it takes those of
`task.rates`, "clipNorm", "lossLimit", "proximal". More settings are those of
:mod:`progfed.modules`: `name`, `classes`, `points_per_sample`, `flops`, `carry_heads`,
`stack_blocks`, `kept`.
"""

from __future__ import annotations

import math

import numpy as np

from .errors import Diverged, NoData, TrainerError
from .manifest import Entry, Layout, manifest
from .samples import SampleStore, stack
from .scores import Scores, tally
from .tensorfile import TensorFileError, read_tensors, write_tensors


class ArrayTrainer:
    """Answers requests with functions over arrays; the settings are those of this file's head."""

    def __init__(
        self,
        *,
        model,
        stages,
        train,
        evaluate=None,
        data=None,
        name=None,
        buffers=(),
        classes=None,
        points_per_sample=1,
        flops=None,
        carry_heads=False,
        stack_blocks=False,
        supports=(),
        kept=16,
    ):
        if not isinstance(stages, int) or not 1 <= stages <= 100:
            raise ValueError(f"stages is {stages!r}; give the number of stages, 1 to 100")
        self.model = model
        self.stages = stages
        self.fit = train
        self.judge = evaluate
        self.name = name or "arrays"
        self.buffers = set(buffers)
        self.supports = list(supports)
        self.told = {
            "classes": classes,
            "points_per_sample": points_per_sample,
            "flops": flops,
            "carry_heads": carry_heads,
            "stack_blocks": stack_blocks,
        }
        self.store = SampleStore(data, kept, stack)
        self._layout = None

    # MARK: The model

    @property
    def layout(self):
        """The blocks and heads, as the names of fresh values tell them."""
        if self._layout is None:
            self._layout = self._discover()
        return self._layout

    def _fresh(self, stage, seed):
        """First values of a stage as 32-bit floats by name."""
        values = self.model(stage, np.random.Generator(np.random.PCG64(seed)))
        return {name: np.array(value, dtype=np.float32) for name, value in values.items()}

    def _discover(self):
        segments = {}
        for stage in range(1, self.stages + 1):
            values = self._fresh(stage, 0)
            names = [f"block{number + 1}" for number in range(stage)] + [f"head{stage}"]
            here = {name: [] for name in names}
            for name, value in values.items():
                segment, _, own = name.partition(".")
                if segment not in here or not own:
                    raise TrainerError(
                        f"model({stage}) has “{name}”; names of stage {stage} begin with "
                        + ", ".join(f"{n}." for n in names)
                    )
                buffer = own.startswith("running_") or name in self.buffers
                here[segment].append(_entry(own, value, buffer))
            for name, entries in here.items():
                if not entries:
                    raise TrainerError(f"model({stage}) has no array of {name}")
                known = segments.setdefault(name, entries)
                if [(e.name, e.shape) for e in known] != [(e.name, e.shape) for e in entries]:
                    raise TrainerError(f"model({stage}) has another {name} than the stage before")
        numbers = range(1, self.stages + 1)
        return Layout([segments[f"block{n}"] for n in numbers], [segments[f"head{n}"] for n in numbers])

    def _values(self, task):
        """The values of the task's file, all of the stage's and no others."""
        if not 1 <= task.stage <= self.stages:
            raise TrainerError(f"stage {task.stage} of {self.stages}")
        names = [segment.name for segment in task.segments]
        if names != self.layout.names(task.stage):
            raise TrainerError(
                f"the model of stage {task.stage} has {', '.join(self.layout.names(task.stage))}; "
                f"asked for were {', '.join(names)}"
            )
        found = _read(task.model)
        values = {}
        for segment in names:
            for entry in self.layout.segment(segment):
                name = f"{segment}.{entry.name}"
                value = found.get(name)
                if value is None or value.shape != entry.shape:
                    raise TrainerError(f"“{name}” isn't there as {list(entry.shape)} in {task.model}")
                values[name] = value.astype(np.float32)
        return values

    # MARK: Answers

    def describe(self, options):
        """The manifest, and what is obeyed."""
        return {
            "trainer": f"progfed for Python, numpy {np.__version__}",
            "supports": ["perClass", "confusion", *self.supports],
            "manifest": manifest(self.name, self.layout, **self.told),
        }

    def initialize(self, task):
        """Writes first values: a segment's are those of fresh values of its stage."""
        values = {}
        for segment in task.segments:
            fresh = self._fresh(self.layout.stage(segment.name), task.seed)
            values.update({n: v for n, v in fresh.items() if n.split(".", 1)[0] == segment.name})
        write_tensors(task.output, values)

    def count(self, task):
        """The numbers of the client's samples."""
        train, held_out = self.store.of(task)
        return {"samples": len(train), "heldOut": len(held_out)}

    def train(self, task):
        """Trains on the client's samples and writes the values that come of it."""
        samples, _ = self.store.of(task)
        if len(samples) == 0:
            raise NoData("the client has no samples to train on")
        values = self._values(task)
        counter = _Steps(task, len(samples))
        returned = self.fit(values, samples.batch(np.arange(len(samples))), task)
        loss, metrics = returned if isinstance(returned, tuple) else (returned, {})
        loss = float(loss)
        if not math.isfinite(loss):
            raise Diverged("the loss isn't finite")
        trained = self._trained(values, task)
        write_tensors(task.output, trained)
        answer = {"samples": len(samples), "loss": loss, "steps": max(1, counter.steps)}
        if metrics:
            answer["metrics"] = {key: float(value) for key, value in metrics.items()}
        return answer

    def _trained(self, values, task):
        """The values of the trained segments, checked."""
        trained = {}
        for segment in task.rates:
            for entry in self.layout.segment(segment):
                name = f"{segment}.{entry.name}"
                if name not in values:
                    raise TrainerError(f"train removed “{name}” from the values")
                value = np.asarray(values[name], dtype=np.float32)
                if value.shape != entry.shape:
                    raise TrainerError(
                        f"train made “{name}” {list(value.shape)}; it must stay {list(entry.shape)}"
                    )
                if not np.isfinite(value).all():
                    raise Diverged(f"“{name}” is no longer finite")
                trained[name] = value
        return trained

    def evaluate(self, task):
        """Counts and sums over what the client holds out, or all of its samples."""
        if self.judge is None:
            raise TrainerError("this trainer has no evaluate function; give it evaluate=…")
        train, held_out = self.store.of(task)
        parts = [held_out] if task.part == "heldOut" else [train, held_out]
        values, total = self._values(task), None
        for samples in parts:
            if not len(samples):
                continue
            returned = self.judge(values, samples.batch(np.arange(len(samples))), task)
            scores = tally(returned, len(samples))
            total = scores if total is None else total + scores
        if total is None:
            raise NoData("the client has no samples to evaluate on")
        if not isinstance(total, Scores) or not math.isfinite(total.loss):
            raise Diverged("the loss isn't finite")
        return total.answer(task.per_class)


class _Steps:
    """Counts the steps that a function takes by `task.batches()`."""

    def __init__(self, task, count):
        self.steps = 0
        task._count, task._passes = count, task.epochs
        batches = task.batches

        def counted():
            for places in batches():
                yield places
                self.steps += 1

        task.batches = counted


def _entry(name, value, buffer):
    """The manifest's entry of an array, with a rule that gives values like these."""
    fan_in = math.prod(value.shape[1:]) if value.ndim > 1 else None
    if (value == 0).all():
        return Entry(name, value.shape, buffer, fan_in, "zeros")
    if (value == 1).all():
        return Entry(name, value.shape, buffer, fan_in, "ones")
    spread = float(value.std()) if value.size > 1 else abs(float(value.reshape(-1)[0]))
    return Entry(name, value.shape, buffer, fan_in, {"normal": float(f"{spread:.2g}") or 0.01})


def _read(path):
    try:
        return read_tensors(path)
    except (OSError, TensorFileError) as error:
        raise TrainerError(str(error)) from None
