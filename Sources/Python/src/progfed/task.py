"""A request of the worker, checked."""

from __future__ import annotations

import math
import os
from types import SimpleNamespace

import numpy as np

from .errors import Malformed

#: The largest whole number that JSON readers agree on.
_LARGEST = (1 << 53) - 1


class Task:
    """What a trainer is asked to do, and for whom.

    Whose samples: `client` (from 0; None for samples of no client), `clients` (how many there are),
    `data` (the path of the client's own samples, or None), `samples` (a file of dealt samples, or
    None), `hold_out` (the share that isn't trained on), `split_seed` (draws what is held out),
    `options` (the topology's `training.options`, a dictionary).

    What is trained or evaluated: `call`, `round`, `stage`, `warm_up`, `segments` (each with `name`,
    `trained` and `learning_rate`), `model` and `output` (paths), `epochs`, `batch`, `seed`,
    `learning_rate`, `optimizer`, `momentum`, `nesterov`, `beta2`, `epsilon`, `weight_decay`,
    `clip_norm`, `loss_limit`, `proximal`, `correction`, `part` ("heldOut" or "all"), `per_class`.
    What a call doesn't have is None.

    `device` is where a PyTorch model computes, None for others.
    """

    def __init__(self, request):
        read = _Reader(request)
        self.call = read.word("call")
        self.device = None
        self.options = request.get("options", {})
        if not isinstance(self.options, dict):
            raise Malformed("“options” isn't an object")
        self._watch = None
        #: The number of samples to train on, and of the passes: known while a model is trained.
        self._count = self._passes = 0
        for name in _NAMES:
            setattr(self, name, None)
        if self.call == "initialize":
            self._read_initialize(read)
        else:
            self._read_samples(read)
        if self.call in ("train", "evaluate"):
            self._read_model(read)
        if self.call == "train":
            self._read_training(read)
        if self.call == "evaluate":
            self.part = read.word("part", ("heldOut", "all"))
            self.per_class = read.flag("perClass", False)

    def _read_initialize(self, read):
        self.stage = read.whole("stage", 1)
        self.seed = read.whole("seed")
        self.output = read.path("output")
        self.model = read.path("model", optional=True)
        self.segments = [
            SimpleNamespace(name=name, trained=False, learning_rate=None)
            for name in read.list("segments", str)
        ]

    def _read_samples(self, read):
        self.client = read.whole("client", optional=True)
        self.clients = read.whole("clients", 1, default=1)
        self.data = read.path("data", optional=True)
        self.samples = read.path("samples", optional=True)
        self.hold_out = read.number("holdOut", 0, 1, default=0)
        self.split_seed = read.whole("splitSeed", default=0)
        if self.hold_out >= 1:
            raise Malformed("“holdOut” leaves nothing to train on; it must be below 1")

    def _read_model(self, read):
        self.round = read.whole("round", default=0)
        self.stage = read.whole("stage", 1)
        self.model = read.path("model")
        self.batch = read.whole("batch", 1)
        self.segments = []
        for entry in read.list("segments", dict):
            inner = _Reader(entry)
            isn = self.call == "evaluate"
            self.segments.append(
                SimpleNamespace(
                    name=inner.word("name"),
                    trained=False if isn else inner.flag("trained"),
                    learning_rate=None if isn else inner.number("learningRate", 0),
                )
            )

    def _read_training(self, read):
        self.output = read.path("output")
        self.warm_up = read.flag("warmUp", False)
        self.epochs = read.whole("epochs", 1)
        self.seed = read.whole("seed")
        self.learning_rate = read.number("learningRate", 0)
        self.optimizer = read.word("optimizer", ("sgd", "adam"))
        self.momentum = read.number("momentum", 0, 1, default=0)
        self.nesterov = read.flag("nesterov", False)
        self.beta2 = read.number("beta2", 0, 1, default=0.999)
        self.epsilon = read.number("epsilon", 0, default=1e-8)
        self.weight_decay = read.number("weightDecay", 0, default=0)
        self.clip_norm = read.number("clipNorm", 0, optional=True)
        self.loss_limit = read.number("lossLimit", 0, default=math.inf)
        self.proximal = read.number("proximal", 0, default=0)
        self.correction = read.path("correction", optional=True)
        if not any(segment.trained for segment in self.segments):
            raise Malformed("no segment is to be trained")

    @property
    def rates(self):
        """The learning rates of the trained segments by their names."""
        return {s.name: s.learning_rate for s in self.segments if s.trained}

    @property
    def random(self):
        """A fresh stream of random numbers drawn from the request's seed."""
        return np.random.Generator(np.random.PCG64(self.seed or 0))

    def batches(self):
        """The numbers of the samples of each step, over all epochs, in an order of the seed.

        Watches for a cancellation before each step, and tells the worker how far the training is.
        """
        order = self.random
        steps = -(-self._count // self.batch)
        for epoch in range(self._passes):
            shuffled = order.permutation(self._count)
            for step in range(steps):
                self.check()
                self.progress((epoch * steps + step) / (self._passes * steps))
                yield shuffled[step * self.batch : (step + 1) * self.batch]

    def check(self):
        """Ends the work if the worker no longer needs it; for loops of one's own."""
        if self._watch is not None:
            self._watch.check()

    def progress(self, share, loss=None):
        """Tells the worker how far the work is, from 0 to 1; at most once a second."""
        if self._watch is not None:
            self._watch.progress(share, loss)


_NAMES = (
    "client clients data samples hold_out split_seed round stage warm_up segments model output "
    "epochs batch seed learning_rate optimizer momentum nesterov beta2 epsilon weight_decay "
    "clip_norm loss_limit proximal correction part per_class"
).split()

_MISSING = object()


class _Reader:
    """Reads the members of an object, each checked; what is wrong is told by its name."""

    def __init__(self, members):
        self.members = members

    def _get(self, name, default, optional):
        value = self.members.get(name, _MISSING)
        if value is _MISSING and default is not _MISSING:
            return default, True
        if optional and (value is None or value is _MISSING):
            return None, True
        if value is _MISSING:
            raise Malformed(f"“{name}” is missing")
        return value, False

    def whole(self, name, least=0, default=_MISSING, optional=False):
        value, done = self._get(name, default, optional)
        if done:
            return value
        if type(value) is not int or not least <= value <= _LARGEST:
            raise Malformed(f"“{name}” isn't a whole number from {least} to 2⁵³ − 1")
        return value

    def number(self, name, least, most=math.inf, default=_MISSING, optional=False):
        value, done = self._get(name, default, optional)
        if done:
            return value
        if type(value) not in (int, float) or not (least <= value <= most and abs(value) < math.inf):
            raise Malformed(f"“{name}” isn't a number from {least} to {most}")
        return float(value)

    def flag(self, name, default=_MISSING):
        value, done = self._get(name, default, False)
        if not done and type(value) is not bool:
            raise Malformed(f"“{name}” is neither true nor false")
        return value

    def word(self, name, words=None):
        value, _ = self._get(name, _MISSING, False)
        if type(value) is not str or (words and value not in words):
            raise Malformed(f"“{name}” isn't " + (" or ".join(words) if words else "a text"))
        return value

    def path(self, name, optional=False):
        value, done = self._get(name, _MISSING, optional)
        if done:
            return value
        if type(value) is not str or "\0" in value or not os.path.isabs(value):
            raise Malformed(f"“{name}” isn't an absolute path")
        return value

    def list(self, name, kind):
        value, _ = self._get(name, _MISSING, False)
        if not isinstance(value, list) or not all(isinstance(entry, kind) for entry in value):
            raise Malformed(f"“{name}” isn't a list as it should be")
        return value
