"""Clients' samples: what a `data` function returns, divided and cut into batches."""

from __future__ import annotations

import json
import os
from collections import OrderedDict

import numpy as np

from .errors import BadData, NoData, TrainerError
from .tensorfile import TensorFileError, read_tensors


class Split:
    """Samples that are divided already: those to train on, and those that are held out.

    Each is a tuple of arrays or tensors whose first axes are of one length, or a sequence of
    samples as PyTorch's data sets are. `held_out` may be None.
    """

    def __init__(self, train, held_out=None):
        self.train = train
        self.held_out = held_out


class Samples:
    """Some of the samples of a tuple of arrays, or of a sequence, by their numbers."""

    def __init__(self, source, numbers=None, collate=None):
        self.columns = _columns(source)
        self.source = source
        self.collate = collate
        count = len(self.columns[0]) if self.columns else len(source)
        self.numbers = np.arange(count) if numbers is None else np.asarray(numbers, dtype=np.int64)

    def __len__(self):
        return len(self.numbers)

    def batch(self, places):
        """The samples at `places`, a tuple of what `train` and `evaluate` take."""
        chosen = self.numbers[places]
        if self.columns is not None:
            return tuple(_rows(column, chosen) for column in self.columns)
        batch = self.collate([self.source[int(number)] for number in chosen])
        return tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)

    def some(self, places):
        """Those at `places` alone."""
        return Samples(self.source, self.numbers[places], self.collate)


def _columns(source):
    """The arrays of a tuple of them, or of one; None for a sequence of samples."""
    if hasattr(source, "shape"):
        source = (source,)
    if not isinstance(source, (tuple, list)) or not source:
        return None
    if not all(hasattr(column, "shape") and len(column.shape) for column in source):
        return None
    if isinstance(source, list):
        return None
    lengths = [len(column) for column in source]
    if len(set(lengths)) > 1:
        raise BadData(f"the arrays of samples are of different lengths, {lengths}")
    return tuple(source)


def _rows(column, numbers):
    if isinstance(column, np.ndarray):
        return column[numbers]
    import torch

    return column[torch.from_numpy(numbers).to(column.device)]


def stack(samples):
    """A batch of `samples`, tuples of numbers and arrays, for those who have no PyTorch."""
    if isinstance(samples[0], (tuple, list)):
        return tuple(np.stack([np.asarray(part) for part in column]) for column in zip(*samples))
    return (np.stack([np.asarray(sample) for sample in samples]),)


class SampleStore:
    """Clients' samples as a `data` function gives them, the latest few kept in memory."""

    def __init__(self, function, kept, collate):
        self.function = function
        self.kept = kept
        self.collate = collate
        self.cache = OrderedDict()

    def of(self, task):
        """The samples that the task's client trains on, and those that it holds out."""
        key = (
            task.client,
            task.clients,
            task.data,
            task.samples and (task.samples, os.stat(task.samples).st_mtime_ns),
            task.hold_out,
            task.split_seed,
            json.dumps(task.options, sort_keys=True),
        )
        if key not in self.cache:
            self.cache[key] = self._read(task)
            while len(self.cache) > max(1, self.kept):
                self.cache.popitem(last=False)
        self.cache.move_to_end(key)
        return self.cache[key]

    def _read(self, task):
        if task.samples is not None:
            return self._divide(_dealt(task.samples), task)
        if self.function is None:
            raise NoData("this trainer has no data function; give it data=…")
        found = self.function(task)
        if found is None:
            raise NoData(f"the data function found no samples of client {task.client}")
        return self._divide(found, task)

    def _divide(self, found, task):
        if isinstance(found, Split):
            train = Samples(found.train, collate=self.collate)
            if found.held_out is None:
                return train, train.some(np.zeros(0, dtype=np.int64))
            return train, Samples(found.held_out, collate=self.collate)
        try:
            samples = Samples(found, collate=self.collate)
        except TypeError:
            raise TrainerError(
                f"the data function returned a {type(found).__name__}; return a tuple of arrays or "
                "tensors, a sequence of samples, or progfed.Split(train, held_out)"
            ) from None
        held = round(task.hold_out * len(samples))
        order = np.random.Generator(np.random.PCG64(task.split_seed)).permutation(len(samples))
        return samples.some(np.sort(order[held:])), samples.some(np.sort(order[:held]))


def _dealt(path):
    """The samples of a file that a worker wrote."""
    try:
        tensors = read_tensors(path)
    except TensorFileError as error:
        raise BadData(str(error)) from None
    if set(tensors) != {"inputs", "labels"}:
        raise BadData(f"{path} holds {sorted(tensors)} instead of inputs and labels")
    return tensors["inputs"], tensors["labels"].astype(np.int64)


def deal(samples, client, clients, dirichlet=None, seed=0):
    """The numbers of the samples that `client` of `clients` gets where one data set is dealt out.

    `samples` is their number, or the array of their classes. Shares are of equal size; with
    `dirichlet` each class is divided by shares drawn with that concentration, the smaller the more
    unlike. All clients of a run must be dealt with the same `seed`.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    if np.ndim(samples) == 0:
        return np.sort(random.permutation(int(samples))[client::clients])
    labels = np.asarray(samples)
    if dirichlet is None:
        return np.sort(random.permutation(len(labels))[client::clients])
    mine = []
    for label in np.unique(labels):
        numbers = random.permutation(np.flatnonzero(labels == label))
        shares = np.cumsum(random.dirichlet(np.full(clients, float(dirichlet))))
        cuts = np.concatenate([[0], np.round(shares * len(numbers)).astype(int)])
        cuts[-1] = len(numbers)
        mine.append(numbers[cuts[client] : cuts[client + 1]])
    return np.sort(np.concatenate(mine))
