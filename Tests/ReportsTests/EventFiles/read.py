#!/usr/bin/env python3
"""Reads event files with TensorBoard's own reader and writes what it saw beside each, as FILE.json.

    pip install tensorboard && python read.py example.tfevents

The tests compare these readings with the run that the file was made from; they need no Python. The file itself is
written by the test "the file is the one that TensorBoard read" when PROGFED_FIXTURES=write is set. Made with
TensorBoard 2.x; any version whose reader checks TFRecord checksums will do.
"""
import json
import sys

from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util import tensor_util


def scalars(path):
    for event in EventFileLoader(path).Load():
        for value in event.summary.value:
            number = (
                value.simple_value
                if value.HasField("simple_value")
                else float(tensor_util.make_ndarray(value.tensor))
            )
            yield {"tag": value.tag, "step": event.step, "time": event.wall_time, "value": number}


for path in sys.argv[1:]:
    read = list(scalars(path))
    if not read:
        sys.exit(f"{path}: TensorBoard sees no scalars in it")
    with open(path + ".json", "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(each) for each in read) + "\n]\n")
    print(f"{path}: {len(read)} scalars of {len({each['tag'] for each in read})} tags")
