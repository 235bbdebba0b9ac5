"""Trainer programs for ProgFed, and the records of its runs.

A trainer program trains a model of yours for the clients of a federation. ``progfed worker`` and
``progfed simulate`` start it and speak lines of JSON with it; the page "Trainer protocol" of the
module LocalTraining specifies them. :func:`trainer` makes such a program of a PyTorch module,
:func:`numpy_trainer` of functions over arrays. :func:`read_run` reads what a run wrote down.

Numpy is needed; PyTorch and pandas are used where they are.
"""

from __future__ import annotations

from . import pipes as _pipes  # First: it keeps what is printed from the worker.
from .errors import BadData, Diverged, NoData, TrainerError
from .runs import Run, read_run
from .samples import Split, deal
from .scores import Scores, scores
from .task import Task
from .tensorfile import TensorFileError, read_tensors, write_tensors

__version__ = "1.0.0"

__all__ = [
    "BadData",
    "Diverged",
    "NoData",
    "Run",
    "Scores",
    "Split",
    "Task",
    "TensorFileError",
    "TrainerError",
    "deal",
    "numpy_trainer",
    "read_run",
    "read_tensors",
    "scores",
    "trainer",
    "write_tensors",
]


def trainer(**settings):
    """Runs this process as a trainer of a PyTorch model; see :mod:`progfed.modules`."""
    from .modules import ModuleTrainer
    from .program import run

    run(ModuleTrainer(**settings))


def numpy_trainer(**settings):
    """Runs this process as a trainer of a model of arrays; see :mod:`progfed.arrays`."""
    from .arrays import ArrayTrainer
    from .program import run

    run(ArrayTrainer(**settings))
