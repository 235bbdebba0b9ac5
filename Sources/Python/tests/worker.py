"""A worker played by tests: a trainer program at the other ends of pipes."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading

from progfed import read_tensors, write_tensors

HERE = os.path.dirname(os.path.abspath(__file__))


def program(name):
    """The command of one of the tests' trainers."""
    return [sys.executable, os.path.join(HERE, "programs", name)]


class Worker:
    """Starts a trainer and speaks with it; no wait is longer than `patience` seconds."""

    def __init__(self, command, patience=60):
        self.patience = patience
        self.folder = tempfile.TemporaryDirectory()
        environment = dict(os.environ, PROGFED_TRAINER="1", PROGFED_THREADS="1", OMP_NUM_THREADS="1")
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            env=environment,
            start_new_session=True,
        )
        self.lines = queue.Queue()
        self.progress = []
        self.id = 0
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(self.patience)
        self.process.stdin.close()
        self.process.stdout.close()
        self.said.close()
        self.folder.cleanup()

    def goes_on(self):
        """True unless the trainer has ended, or its input."""
        return not self.process.stdin.closed and self.process.poll() is None

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(b"")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def errors(self):
        """All that the trainer wrote to standard error so far."""
        self.said.seek(0)
        return self.said.read().decode("utf-8", "replace")

    # MARK: Lines

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, call, **members):
        """Sends a request; its id."""
        self.id += 1
        request = {"call": call, "id": self.id, **members}
        self.write(json.dumps(request).encode() + b"\n")
        return self.id

    def line(self):
        """The next line of the trainer, which must be an object of JSON."""
        line = self.lines.get(timeout=self.patience)
        if not line:
            raise EOFError(f"the trainer ended; it said:\n{self.errors()}")
        found = json.loads(line, parse_constant=lambda text: 1 / 0)
        assert isinstance(found, dict), line
        return found

    def answer(self, number=None):
        """The next answer, to the given request; progress lines are kept aside."""
        number = self.id if number is None else number
        while True:
            line = self.line()
            assert "id" in line, line
            if "progress" in line:
                assert line["id"] == number and 0 <= line["progress"] <= 1, line
                self.progress.append(line)
                continue
            assert line["id"] == number, (line, number)
            return line

    def ask(self, call, **members):
        self.send(call, **members)
        return self.answer()

    def end(self):
        """The exit status once the trainer has ended by itself."""
        return self.process.wait(self.patience)

    # MARK: Requests

    def describe(self, **options):
        return self.ask("describe", protocol=1, options=options)

    def whose(self, client=0, options=None, **more):
        return {
            "client": client,
            "clients": 4,
            "data": None,
            "samples": None,
            "holdOut": 0.2,
            "splitSeed": 77,
            "options": options or {},
            **more,
        }

    def initialize(self, names, seed=1, stage=1):
        """First values of the segments, by name."""
        path = self.path("first.safetensors")
        answer = self.ask(
            "initialize", segments=names, stage=stage, seed=seed, model=None, output=path, options={}
        )
        assert "error" not in answer, answer
        return read_tensors(path)

    def names(self, stage):
        return [f"block{number}" for number in range(1, stage + 1)] + [f"head{stage}"]

    def training(self, values, stage=1, trained=None, rate=0.1, **more):
        """The members of a request to train `values`, which it writes down."""
        names = self.names(stage)
        write_tensors(self.path("model.safetensors"), values)
        output = self.path("output.safetensors")
        if os.path.exists(output):
            os.remove(output)
        members = {
            **self.whose(),
            "round": 1,
            "stage": stage,
            "warmUp": False,
            "segments": [
                {
                    "name": name,
                    "trained": trained is None or name in trained,
                    "learningRate": rate,
                }
                for name in names
            ],
            "model": self.path("model.safetensors"),
            "output": output,
            "epochs": 2,
            "batch": 8,
            "seed": 5,
            "learningRate": rate,
            "optimizer": "sgd",
            "momentum": 0.9,
            "nesterov": False,
            "weightDecay": 0.0001,
            "clipNorm": 1.0,
            "lossLimit": 10.0,
            "proximal": 0.0,
            "correction": None,
        }
        members.update(more)
        return members

    def train(self, values, **more):
        """The answer to a training, and the values that came of it; None of an error."""
        answer = self.ask("train", **self.training(values, **more))
        if "error" in answer:
            return answer, None
        return answer, read_tensors(self.path("output.safetensors"))

    def judging(self, values, stage=1, **more):
        write_tensors(self.path("model.safetensors"), values)
        members = {
            **self.whose(),
            "round": 1,
            "stage": stage,
            "segments": [{"name": name} for name in self.names(stage)],
            "model": self.path("model.safetensors"),
            "part": "heldOut",
            "batch": 8,
            "perClass": False,
        }
        members.update(more)
        return members

    def evaluate(self, values, **more):
        return self.ask("evaluate", **self.judging(values, **more))
