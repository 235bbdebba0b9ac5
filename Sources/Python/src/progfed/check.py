"""`python3 train.py --check`: a worker played in the same process, to try a trainer by itself."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time

from .errors import TrainerError
from .task import Task


def main(trainer, arguments):
    """Asks `trainer` for everything once, tells what came of it, and returns an exit status."""
    parser = argparse.ArgumentParser(description="A trainer program for progfed.")
    parser.add_argument("--check", action="store_true", help="train and evaluate each stage once")
    parser.add_argument("--data", help="the path of the client's samples")
    parser.add_argument("--client", type=int, default=0, help="the client (default: 0)")
    parser.add_argument("--clients", type=int, default=10, help="how many there are (default: 10)")
    parser.add_argument("--epochs", type=int, default=1, help="passes in each stage (default: 1)")
    parser.add_argument("--batch", type=int, default=20, help="samples of a step (default: 20)")
    parser.add_argument("--rate", type=float, default=0.05, help="learning rate (default: 0.05)")
    parser.add_argument("--options", type=json.loads, default={}, help="training.options, as JSON")
    choices = parser.parse_args(arguments)
    if not choices.check:
        parser.error("progfed starts this program without arguments; --check tries it")
    try:
        with tempfile.TemporaryDirectory() as folder:
            _play(trainer, choices, folder)
    except TrainerError as error:
        print(f"{error.word}: {error}")
        return 1
    print("everything was answered as it should be")
    return 0


def _play(trainer, choices, folder):
    described = trainer.describe(choices.options)
    told = described["manifest"]
    stages = told["stages"]
    print(f"{told['name']}: {len(stages)} stages, {described['trainer']}")
    whose = {
        "client": choices.client,
        "clients": choices.clients,
        "data": os.path.abspath(choices.data) if choices.data else None,
        "samples": None,
        "holdOut": 0.2,
        "splitSeed": 1,
        "options": choices.options,
    }
    counted = trainer.count(Task({"call": "count", **whose}))
    print(f"client {choices.client} trains on {counted['samples']}, holds {counted['heldOut']} out")
    values = {}
    for stage in range(1, len(stages) + 1):
        names = [f"block{number}" for number in range(1, stage + 1)] + [f"head{stage}"]
        _stage(trainer, choices, folder, whose, names, values)


def _stage(trainer, choices, folder, whose, names, values):
    from .tensorfile import read_tensors, write_tensors

    stage = len(names) - 1
    model, output = os.path.join(folder, "model"), os.path.join(folder, "output")
    new = [name for name in names if not any(key.startswith(f"{name}.") for key in values)]
    start = {"call": "initialize", "segments": new, "stage": stage, "seed": 1, "model": None}
    trainer.initialize(Task({**start, "output": output}))
    values.update(read_tensors(output))
    here = {name: value for name, value in values.items() if name.split(".", 1)[0] in names}
    write_tensors(model, here)
    begun = time.monotonic()
    trained = trainer.train(
        Task(
            {
                "call": "train",
                **whose,
                "round": stage,
                "stage": stage,
                "warmUp": False,
                "segments": [
                    {"name": name, "trained": True, "learningRate": choices.rate} for name in names
                ],
                "model": model,
                "output": output,
                "epochs": choices.epochs,
                "batch": choices.batch,
                "seed": stage,
                "learningRate": choices.rate,
                "optimizer": "sgd",
                "momentum": 0.9,
                "weightDecay": 0.0001,
                "clipNorm": 1,
                "lossLimit": 100,
            }
        )
    )
    seconds = time.monotonic() - begun
    values.update(read_tensors(output))
    write_tensors(model, {**here, **read_tensors(output)})
    judged = {"call": "evaluate", **whose, "round": stage, "stage": stage, "model": model}
    judged.update(segments=[{"name": name} for name in names], part="heldOut", batch=100)
    scores = trainer.evaluate(Task(judged))
    count = sum(value.size for value in here.values())
    print(
        f"stage {stage}: {count} numbers, {trained['steps']} steps in {seconds:.1f} s, "
        f"loss {trained['loss']:.3f}; held out: loss {scores['loss'] / scores['samples']:.3f}, "
        f"{scores['correct']} of {scores['points']} right"
    )
