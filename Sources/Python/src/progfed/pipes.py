"""The worker's ends of the process's standard input and output, kept from everything else."""

from __future__ import annotations

import os
import sys

#: Descriptors of requests and answers once they were taken.
_taken = None


def take():
    """Descriptors of requests and answers; from now on others read nothing, and write to standard
    error.

    That holds for printing, for C libraries, and for child processes.
    """
    global _taken
    if _taken is None:
        sys.stdout.flush()
        _taken = os.dup(0), os.dup(1)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        sys.stdin = open(os.devnull, encoding="utf-8")
        sys.stdout = sys.stderr
    return _taken


if os.environ.pop("PROGFED_TRAINER", None):
    take()  # A worker started this: nothing that is printed from the import on must reach it.
