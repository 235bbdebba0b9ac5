"""Writes state dictionaries as PyTorch programs save them, with the safetensors package.

The network is the one of StateDictionaryTests.swift: a convolution, a batch norm and an affine map.

    pip install safetensors==0.8.0 numpy==2.4.6
    python3 generate.py
"""

import pathlib

import numpy
from safetensors.numpy import save_file

folder = pathlib.Path(__file__).parent


def ramp(*shape, dtype=numpy.float32):
    count = int(numpy.prod(shape, dtype=int))
    return (numpy.arange(count, dtype=numpy.float64) / 8).reshape(shape).astype(dtype)


state = {
    "block1.conv1.weight": ramp(2, 1, 3, 3),
    "block1.norm1.weight": ramp(2),
    "block1.norm1.bias": ramp(2),
    "block1.norm1.running_mean": ramp(2),
    "block1.norm1.running_var": ramp(2),
    "block1.norm1.num_batches_tracked": numpy.array(1200, dtype=numpy.int64),
    "head1.fc.weight": ramp(2, 2),
    "head1.fc.bias": ramp(2),
}
save_file(state, folder / "batchnorm.safetensors", metadata={"format": "pt"})

halves = {name: ramp(*a.shape, dtype=numpy.float16) for name, a in state.items() if a.ndim > 0}
save_file(halves, folder / "halves.safetensors")

doubles = {name: a.astype(numpy.float64) for name, a in state.items()}
save_file(doubles, folder / "doubles.safetensors")

extra = dict(state)
extra.update({
    "block1.norm2.num_batches_tracked": numpy.array(3, dtype=numpy.int64),
    "mask": numpy.ones((2, 3), dtype=numpy.uint8),
    "flags": numpy.zeros(5, dtype=numpy.bool_),
    "nothing": numpy.zeros((0, 4), dtype=numpy.float32),
    "more": ramp(3, dtype=numpy.float16),
    "most": ramp(2, 2),
})
save_file(extra, folder / "extra.safetensors")
