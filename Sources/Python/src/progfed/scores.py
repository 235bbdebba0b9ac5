"""Counts and sums of an evaluation, which add up over batches and clients."""

from __future__ import annotations

import numpy as np

from .errors import TrainerError


class Scores:
    """What a model got right on some samples.

    `loss` is the sum of the samples' losses. `points` are the predictions, of which `correct` are
    right: as many as samples where each has one. `classes` has the samples and the right ones of
    each class, `[C, 2]`; `confusion` the pixels of each class (rows) taken for each class, `[C, C]`.
    """

    def __init__(self, samples, loss, correct=0, points=None, classes=None, confusion=None):
        self.samples = int(samples)
        self.loss = float(loss)
        self.correct = int(correct)
        self.points = self.samples if points is None else int(points)
        self.classes = None if classes is None else np.asarray(classes, dtype=np.int64)
        self.confusion = None if confusion is None else np.asarray(confusion, dtype=np.int64)

    def __add__(self, other):
        return Scores(
            self.samples + other.samples,
            self.loss + other.loss,
            self.correct + other.correct,
            self.points + other.points,
            _sum(self.classes, other.classes),
            _sum(self.confusion, other.confusion),
        )

    def __repr__(self):
        return (
            f"Scores(samples={self.samples}, loss={self.loss}, correct={self.correct}, "
            f"points={self.points})"
        )

    def answer(self, per_class):
        """The members of an answer to `evaluate`."""
        answer = {
            "samples": self.samples,
            "points": self.points,
            "correct": self.correct,
            "loss": self.loss,
        }
        if per_class and self.classes is not None:
            answer["classes"] = [
                {"samples": int(row[0]), "correct": int(row[1])} for row in self.classes
            ]
        if self.confusion is not None:
            answer["confusion"] = [int(value) for value in self.confusion.reshape(-1)]
        return answer


def _sum(first, second):
    if first is None or second is None:
        return first if second is None else second
    return first + second


def scores(logits, labels):
    """The scores of `logits`, `[B, C]`, for samples of the classes `labels`, `[B]`.

    The loss is the cross-entropy of the softmax. Takes tensors of PyTorch and arrays.
    """
    logits, labels = _array(logits).astype(np.float64), _array(labels).astype(np.int64).reshape(-1)
    if logits.ndim != 2 or len(logits) != len(labels):
        raise TrainerError(
            f"progfed.scores got logits of shape {list(logits.shape)} for {len(labels)} labels; "
            "give it [batch, classes], and one label for each"
        )
    count = logits.shape[1]
    if len(labels) and not (0 <= labels.min() and labels.max() < count):
        raise TrainerError(
            f"labels go from {labels.min()} to {labels.max()}, but there are {count} logits"
        )
    shifted = logits - logits.max(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[rows, labels]
    right = logits.argmax(axis=1) == labels
    classes = np.stack(
        [np.bincount(labels, minlength=count), np.bincount(labels[right], minlength=count)], axis=1
    )
    return Scores(len(labels), losses.sum(), right.sum(), classes=classes)


def _array(values):
    """A numpy array of `values`, also of a tensor on an accelerator."""
    if hasattr(values, "detach"):
        values = values.detach().float().cpu() if values.is_floating_point() else values.cpu()
    return np.asarray(values)


def tally(returned, count):
    """The scores that an `evaluate` function returned for a batch of `count` samples.

    It may return `Scores`, or the mean loss, or a tuple of it and the number of right predictions,
    and of the number of predictions where that isn't the number of samples.
    """
    if isinstance(returned, Scores):
        return returned
    values = returned if isinstance(returned, tuple) else (returned,)
    if not 1 <= len(values) <= 3:
        raise TrainerError(
            f"evaluate returned {len(values)} values; return progfed.scores(…), or the mean loss, "
            "the number of right predictions and that of all predictions"
        )
    try:
        loss, *counts = (float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise TrainerError(f"evaluate returned what isn't a number: {error}") from None
    return Scores(count, loss * count, *(int(value) for value in counts))
