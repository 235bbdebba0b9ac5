"""Errors that a trainer answers a request with."""

from __future__ import annotations


class TrainerError(Exception):
    """A request that can't be fulfilled; the client's update is declined, and the trainer goes on."""

    word = "failed"


class NoData(TrainerError):
    """The client has no samples."""

    word = "noData"


class BadData(TrainerError):
    """Samples can't be read, or aren't as they should be."""

    word = "badData"


class Diverged(TrainerError):
    """A loss, a gradient or a parameter is no longer finite, or no step was made."""

    word = "diverged"


class Cancelled(TrainerError):
    """The worker doesn't need the answer any more."""

    word = "cancelled"


class Malformed(TrainerError):
    """A request isn't as the protocol says."""

    word = "malformed"


class UnknownCall(TrainerError):
    """A request asks for something that the trainer doesn't know."""

    word = "unknownCall"
