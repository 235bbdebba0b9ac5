"""Safetensors files, read and written with numpy alone.

A file is the header's length (8 bytes, little-endian), the header (a JSON object with type, shape
and place of each tensor) and the tensors one after the other, little-endian and row-major. All that
a header says is checked before it is believed; nothing in a file is ever executed.
"""

from __future__ import annotations

import json
import os
import struct

import numpy as np

#: The longest header that is read, as in the reference implementation.
HEADER_LIMIT = 100_000_000

_TYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}


class TensorFileError(ValueError):
    """A file isn't a safetensors file, or holds what isn't read here."""


def read_tensors(path):
    """The tensors of the file at `path`, by name, as arrays that may be written to.

    Numbers of type BF16 become 32-bit floats. Raises `TensorFileError` where the file isn't one,
    and `OSError` where it can't be read.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8)
        if len(start) < 8:
            raise TensorFileError(f"{path} has {size} bytes; a safetensors file has more")
        (length,) = struct.unpack("<Q", start)
        if length > HEADER_LIMIT or length > size - 8:
            raise TensorFileError(f"{path} announces a header of {length} bytes, and has {size}")
        entries = _entries(path, file.read(length), size - 8 - length)
        data = bytearray(size - 8 - length)
        view, filled = memoryview(data), 0
        while filled < len(data):
            count = file.readinto(view[filled:])
            if not count:
                raise TensorFileError(f"{path} was cut while it was read")
            filled += count
    tensors = {}
    for name, type_name, shape, begin, end in entries:
        if type_name == "BF16":
            halves = np.frombuffer(data, dtype="<u2", count=(end - begin) // 2, offset=begin)
            array = (halves.astype("<u4") << 16).view("<f4")
        else:
            dtype = _TYPES[type_name]
            count = (end - begin) // dtype.itemsize
            array = np.frombuffer(data, dtype=dtype, count=count, offset=begin)
        tensors[name] = array.reshape(shape)
    return tensors


def _entries(path, header, available):
    """Name, type, shape and place of each tensor in order of their places, all checked."""
    try:
        parsed = json.loads(header.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise TensorFileError(f"{path} has a header that isn't JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise TensorFileError(f"{path} has a header that isn't an object")
    entries = []
    for name, entry in parsed.items():
        if name == "__metadata__":
            continue
        problem = _problem(entry)
        if problem:
            raise TensorFileError(f"{path} says of “{name}” {problem}")
        begin, end = entry["data_offsets"]
        entries.append((name, entry["dtype"], tuple(entry["shape"]), begin, end))
    entries.sort(key=lambda entry: entry[3:])
    place = 0
    for name, _, _, begin, end in entries:
        if begin != place or end > available:
            raise TensorFileError(
                f"{path} places “{name}” at {begin} to {end}; {place} is where it must begin, "
                f"and {available} bytes are there"
            )
        place = end
    if place != available:
        raise TensorFileError(f"{path} has {available - place} bytes behind its last tensor")
    return entries


def _problem(entry):
    """What is wrong with a header's entry by itself; None if nothing is."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        return "something else than dtype, shape and data_offsets"
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in ("BF16", *_TYPES):
        return f"the type {entry['dtype']!r}, which isn't read"
    for key, limit in (("shape", 64), ("data_offsets", 2)):
        numbers = entry[key]
        if not isinstance(numbers, list) or len(numbers) > limit:
            return f"a {key} that isn't a short list"
        if not all(type(n) is int and 0 <= n < 1 << 63 for n in numbers):
            return f"a {key} of other things than natural numbers"
    if len(entry["data_offsets"]) != 2:
        return "a place without beginning and end"
    size = 2 if entry["dtype"] == "BF16" else _TYPES[entry["dtype"]].itemsize
    for extent in entry["shape"]:
        size *= extent
    begin, end = entry["data_offsets"]
    if size != end - begin:
        return f"{end - begin} bytes for a shape that takes {size}"
    return None


def _unique(pairs):
    """An object of JSON none of whose names stands twice."""
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a name stands twice")
    return result


def write_tensors(path, tensors, metadata=None):
    """Writes `tensors`, arrays by name, to `path`: equal files for equal contents.

    Tensors lie in the order of their names. Raises `TensorFileError` for types that the format
    doesn't have, and `OSError`.
    """
    header = {}
    if metadata:
        header["__metadata__"] = {str(key): str(metadata[key]) for key in sorted(metadata)}
    arrays, place = [], 0
    for name in sorted(tensors):
        array = np.asarray(tensors[name])
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
        type_name = _NAMES.get(array.dtype)
        if type_name is None:
            raise TensorFileError(f"“{name}” is of type {array.dtype}, which files don't have")
        end = place + array.nbytes
        header[name] = {
            "dtype": type_name,
            "shape": list(array.shape),
            "data_offsets": [place, end],
        }
        arrays.append(array)
        place = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for array in arrays:
            file.write(array.reshape(-1).view("u1").data if array.nbytes else b"")
