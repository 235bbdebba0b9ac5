"""The loop of a trainer program: requests in, answers out, one JSON object a line."""

from __future__ import annotations

import json
import math
import os
import queue
import signal
import sys
import threading
import time
import traceback

from . import pipes
from .errors import Cancelled, Malformed, TrainerError, UnknownCall
from .task import Task

#: The version of the protocol.
PROTOCOL = 1
#: The longest line, in bytes, with its line feed.
LINE_LIMIT = 16 << 20
#: The longest text of an error, in bytes.
DETAIL_LIMIT = 4096
#: The seconds that work has for its end once nobody reads the answer.
GRACE = 2.0


def run(trainer):
    """Answers requests on standard input with `trainer` until it ends, or is told to quit.

    From here on whatever the process prints goes to standard error: standard output is the
    worker's. With arguments it does what they say instead: `--check` plays a worker.
    """
    if len(sys.argv) > 1:
        from .check import main

        sys.exit(main(trainer, sys.argv[1:]))
    if sys.stdin is not None and sys.stdin.isatty():
        sys.exit(
            "This program trains a model for progfed, which starts it: name it in a topology as\n"
            f"  training: {{program: [{os.path.basename(sys.executable)}, {sys.argv[0]}]}}\n"
            "To try it by itself, add --check."
        )
    Program(trainer, *pipes.take()).run()


class Watch:
    """A request under way: whether it is still needed, and how far it is."""

    def __init__(self, number, send):
        self.number = number
        self.cancelled = threading.Event()
        self._send = send
        self._last = time.monotonic()

    def check(self):
        """Raises `Cancelled` if the worker doesn't need the answer."""
        if self.cancelled.is_set():
            raise Cancelled("the worker cancelled it")

    def progress(self, share, loss=None):
        """Writes a progress line, unless there was one within the last second."""
        now = time.monotonic()
        if now - self._last < 1:
            return
        self._last = now
        line = {"id": self.number, "progress": min(1.0, max(0.0, float(share)))}
        if loss is not None and math.isfinite(loss):
            line["loss"] = float(loss)
        self._send(line)


class Program:
    """A trainer between two pipes."""

    def __init__(self, trainer, requests, answers):
        self.trainer = trainer
        self.requests = requests
        self.answers = answers
        self.lines = queue.Queue()
        #: The requests that came and weren't answered yet, by their ids.
        self.pending = {}

    def run(self):
        """Answers requests until there are no more."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is the worker's, which ends this.
        threading.Thread(target=self._read, name="progfed requests", daemon=True).start()
        while True:
            entry = self.lines.get()
            if entry is None:
                break
            self._answer(*entry)
        sys.stderr.flush()

    # MARK: Lines

    def _read(self):
        """Reads lines, on a thread of its own, so that a cancellation is heard during work."""
        buffer, scanned, skips = bytearray(), 0, False
        while True:
            try:
                read = os.read(self.requests, 1 << 16)
            except OSError:
                read = b""
            if not read:
                break
            buffer += read
            while True:
                end = buffer.find(b"\n", scanned)
                if end < 0:
                    scanned = len(buffer)
                    break
                line = bytes(buffer[:end])
                del buffer[: end + 1]
                scanned = 0
                if not skips and len(line) < LINE_LIMIT:
                    self._take(line)
                elif not skips:
                    self._refuse_length()
                skips = False
            if len(buffer) >= LINE_LIMIT:
                if not skips:
                    self._refuse_length()
                skips = True
                buffer.clear()
                scanned = 0
        self._end()

    def _refuse_length(self):
        self._refuse(f"a line is longer than {LINE_LIMIT} bytes")

    def _refuse(self, problem):
        self.lines.put((Malformed(problem), None))

    def _take(self, line):
        """Puts the request of a line in the queue; a cancellation takes effect at once."""
        if not line.strip():
            return
        try:
            request = json.loads(
                line.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_unique
            )
        except (ValueError, RecursionError) as error:
            self._refuse(f"a line isn't JSON: {error}")
            return
        if not isinstance(request, dict):
            self._refuse("a line isn't an object")
            return
        call, number = request.get("call"), request.get("id")
        known = type(number) is int and 0 <= number < 1 << 53
        if call == "cancel":
            watch = self.pending.get(number) if known else None
            if watch is not None:
                watch.cancelled.set()
        elif call == "quit":
            self.lines.put(None)
        elif not known:
            self._refuse("“id” isn't a whole number")
        else:
            watch = self.pending[number] = Watch(number, self._send)
            self.lines.put((request, watch))

    def _end(self):
        """Ends the process: its input has ended, and nobody reads what it would still say."""
        for watch in list(self.pending.values()):
            watch.cancelled.set()
        self.lines.put(None)
        time.sleep(GRACE)
        os._exit(0)

    def _send(self, line):
        data = json.dumps(line, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
        view = memoryview(data.encode("utf-8", "replace") + b"\n")
        try:
            while view:
                view = view[os.write(self.answers, view) :]
        except OSError:
            os._exit(0)  # Nobody reads any more.

    # MARK: Answers

    def _answer(self, request, watch):
        if isinstance(request, Malformed):
            self._send(_error(None, request))
            return
        number = watch.number
        try:
            answer = {"id": number, **self._result(request, watch)}
            json.dumps(answer, allow_nan=False)
        except Exception as error:  # All that a model's own program may raise.
            answer = _error(number, error)
        except SystemExit as error:
            answer = _error(number, TrainerError(f"it called exit({error.code})"))
        self.pending.pop(number, None)
        self._send(answer)

    def _result(self, request, watch):
        """The members of the answer to a request."""
        call = request.get("call")
        if call == "describe":
            if request.get("protocol") != PROTOCOL:
                raise Malformed(f"protocol {request.get('protocol')!r}; this trainer speaks 1")
            return {"protocol": PROTOCOL, **self.trainer.describe(request.get("options") or {})}
        if call not in ("initialize", "count", "train", "evaluate"):
            raise UnknownCall(f"the call {call!r} isn't known")
        watch.check()
        task = Task(request)
        task._watch = watch
        return getattr(self.trainer, call)(task) or {}


def _refuse_constant(text):
    raise ValueError(f"{text} isn't JSON")


def _unique(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands twice in an object")
    return members


def _error(number, error):
    """The answer that says what went wrong; an unexpected error's trace goes to standard error."""
    if isinstance(error, TrainerError):
        word, detail = error.word, str(error)
    else:
        traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
        sys.stderr.flush()
        word, detail = "failed", f"{type(error).__name__}: {error}"
        frames = traceback.extract_tb(error.__traceback__)
        if frames:
            detail += f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})"
    if isinstance(error, FloatingPointError):
        word = "diverged"
    return {"id": number, "error": word, "detail": _cut(detail)}


def _cut(text):
    """The first bytes of a text, as many as an error may have."""
    return text.encode("utf-8", "replace")[:DETAIL_LIMIT].decode("utf-8", "ignore")
