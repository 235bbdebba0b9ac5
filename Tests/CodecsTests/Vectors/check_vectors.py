"""Checks the vectors with an implementation of CodecFormats.md in Python, which shares nothing with the Swift one.

    python3 -m venv /tmp/vectors && /tmp/vectors/bin/pip install numpy
    /tmp/vectors/bin/python Tests/CodecsTests/Vectors/check_vectors.py [plan.json]

Given what `progfed plan TOPOLOGY --json` printed, it checks that plan's digest as well. Frames of Zstandard are read
where Python has a module for them (compression.zstd or zstandard); otherwise they are counted as skipped.
"""

import hashlib
import json
import math
import re
import struct
import sys
from pathlib import Path

import numpy as np

F = np.float32
M32, M64 = (1 << 32) - 1, (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
NEGLIGIBLE = F(2.0**-90)


# Random words


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M64
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M64
    return z ^ z >> 31


def value(key, index):
    return mix((key + (index + 1) * GOLDEN) & M64)


def stream(key, name, *indices):
    h = key ^ 0xD6E8FEB86659FD93
    for byte in name.encode():
        h = mix((h + byte + GOLDEN) & M64)
    h = mix(h ^ len(name.encode()))
    for index in indices:
        h = mix((h + GOLDEN * (index + 1)) & M64)
    return h


def words(key, first, count):
    k = mix(key)
    x = np.arange(first, first + count, dtype=np.uint64).astype(np.uint32)
    x ^= np.uint32(k & M32)
    x ^= x >> np.uint32(17)
    x *= np.uint32(0xED5AD4BB)
    x ^= x >> np.uint32(11)
    x ^= np.uint32(k >> 32)
    x *= np.uint32(0xAC4C1B51)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x31848BAB)
    return x ^ x >> np.uint32(14)


def uniform(key, first, count):
    return (words(key, first, count) >> np.uint32(8)).astype(F) * F(2.0**-24)


# Numbers and bits


def f32(x):
    return F(np.float64(x))


def floats(data):
    return np.frombuffer(bytes(data), dtype="<f4").copy()


def raw(values):
    return np.asarray(values, dtype="<f4").tobytes()


def lanes(terms):
    """The sum in 64 bits over eight lanes."""
    terms = np.asarray(terms, dtype=np.float64)
    s = [0.0] * 8
    for lane in range(8):
        for term in terms[lane::8]:
            s[lane] += float(term)
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))


def squares(values):
    return lanes(values.astype(np.float64) ** 2)


def pack(codes, bits):
    number = np.unpackbits(codes.astype(np.uint8)[:, None], axis=1, bitorder="little")[:, :bits]
    return np.packbits(number.reshape(-1), bitorder="little").tobytes()


def unpack(data, count, bits):
    flat = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[: count * bits]
    return (flat.reshape(count, bits) << np.arange(bits, dtype=np.uint8)).sum(axis=1)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        assert self.at + count <= len(self.data), "the bytes end early"
        self.at += count
        return self.data[self.at - count : self.at]

    def float(self):
        return floats(self.take(4))[0]

    def codes(self, count, bits):
        return unpack(self.take((count * bits + 7) // 8), count, bits)


class Keys:
    def __init__(self, seed, index):
        self.positions = stream(seed, "positions", index)
        self.rotation = stream(seed, "rotation", index)
        self.rounding = stream(seed, "rounding", index)


# Quantizers: encode(values, keys) -> bytes, decode(reader, count, keys) -> floats


class Dense:
    seeded = False

    def encode(self, x, keys):
        return raw(x)

    def decode(self, reader, count, keys):
        return floats(reader.take(4 * count))


def linear_scale(x, bits):
    low, high = x.min() + F(0), x.max() + F(0)
    width = high - low
    if width < NEGLIGIBLE:
        return low + width / F(2), F(0), F(0)
    step = width / F(2**bits - 1)
    return low, step, F(1) / step if step > 0 else F(0)


def linear_codes(x, base, inverse, top, key, first):
    levels = (x - base) * inverse + uniform(key, first, len(x))
    return np.trunc(np.minimum(levels, F(top)))


class Linear:
    seeded = False

    def __init__(self, bits, block=None):
        self.bits, self.block = bits, block

    def blocks(self, count):
        length = self.block or count
        return [(s, min(s + length, count)) for s in range(0, count, length)]

    def encode(self, x, keys):
        out = b""
        for start, end in self.blocks(len(x)):
            part = x[start:end]
            base, step, inverse = linear_scale(part, self.bits)
            codes = linear_codes(part, base, inverse, 2**self.bits - 1, keys.rounding, start)
            out += raw([base, step]) + pack(codes, self.bits)
        return out

    def decode(self, reader, count, keys):
        out = []
        for start, end in self.blocks(count):
            base, step = reader.float(), reader.float()
            out.append(base + step * reader.codes(end - start, self.bits).astype(F))
        return np.concatenate(out)


def norm(x):
    v = f32(math.sqrt(squares(x)))
    return F(0) if v < NEGLIGIBLE else v


class QSGD:
    seeded = False

    def __init__(self, bits):
        self.bits, self.s = bits, 2 ** (bits - 1) - 1

    def encode(self, x, keys):
        v = norm(x)
        inverse = F(self.s) / v if v > 0 else F(0)
        codes = linear_codes(x, -v, inverse, 2 * self.s, keys.rounding, 0)
        return raw([v]) + pack(codes, self.bits)

    def decode(self, reader, count, keys):
        step = reader.float() / F(self.s)
        return F(0) + step * (reader.codes(count, self.bits).astype(F) - F(self.s))


class Sign:
    seeded = False

    def encode(self, x, keys):
        mean = f32(lanes(np.abs(x.astype(np.float64))) / len(x))
        return raw([mean]) + pack(x > 0, 1)

    def decode(self, reader, count, keys):
        mean = reader.float()
        return F(0) + (F(2) * mean) * (reader.codes(count, 1).astype(F) - F(0.5))


class Cosine:
    seeded = False

    def __init__(self, bits):
        self.bits = bits

    def levels(self, v, angle):
        last = float(2**self.bits - 1)
        return np.array(
            [f32(float(v) * math.sin(float(angle) * (2.0 * c / last - 1.0))) for c in range(2**self.bits)]
        )

    def encode(self, x, keys):
        v = norm(x)
        largest = max(-(x.min() + F(0)), x.max() + F(0))
        angle = f32(math.asin(min(1.0, float(largest) / float(v)))) if v > 0 else F(0)
        level = self.levels(v, angle)
        lower = np.zeros(len(x), dtype=int)
        half = 2 ** (self.bits - 1)
        while half > 0:
            lower = np.where(x >= level[lower + half], lower + half, lower)
            half //= 2
        lower = np.minimum(lower, 2**self.bits - 2)
        below, above = level[lower], level[lower + 1]
        codes = lower + (uniform(keys.rounding, 0, len(x)) * (above - below) < x - below)
        return raw([v, angle]) + pack(codes, self.bits)

    def decode(self, reader, count, keys):
        v, angle = reader.float(), reader.float()
        return self.levels(v, angle)[reader.codes(count, self.bits)]


# Rotations


def rotation(count):
    """The blocks, as start, end and length, and where the tail starts."""
    blocks, start = [], 0
    while count - start >= 32:
        rest = count - start
        above = 1 << (rest - 1).bit_length()
        if rest >= 8192:
            length = 8192
        elif 10 * (above - rest) <= count:
            length = above
        else:
            length = above // 2
        end = min(count, start + length)
        blocks.append((start, end, length))
        start = end
    return blocks, start


def signs(y, keys, block, which):
    key = value(keys.rotation, 2 * block + which)
    bits = words(key, 0, (len(y) + 31) // 32)
    i = np.arange(len(y))
    flips = bits[i // 32] >> (31 - i % 32).astype(np.uint32) & np.uint32(1)
    return np.where(flips == 1, -y, y)


def transform(y):
    d = len(y)
    stages = [2**k for k in range(d.bit_length() - 1)]
    if d > 4096:
        stages = stages[-2:] + stages[:-2]
    for h in stages:
        pairs = y.reshape(-1, 2, h)
        y = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(-1)
    return y


def filled(x, length):
    return np.concatenate([x, np.zeros(length - len(x), F)])


class Hadamard:
    seeded = True

    def __init__(self, bits):
        self.bits = bits

    def encode(self, x, keys):
        blocks, tail = rotation(len(x))
        out, first = b"", 0
        for k, (start, end, d) in enumerate(blocks):
            y = transform(signs(filled(x[start:end], d), keys, k, 0))
            base, step, inverse = linear_scale(y, self.bits)
            codes = linear_codes(y, base, inverse, 2**self.bits - 1, keys.rounding, first)
            out += raw([base / F(d), step / F(d)]) + pack(codes, self.bits)
            first += d
        return out + raw(x[tail:])

    def decode(self, reader, count, keys):
        blocks, tail = rotation(count)
        out = []
        for k, (start, end, d) in enumerate(blocks):
            base, step = reader.float(), reader.float()
            y = F(0) + (base + step * reader.codes(d, self.bits).astype(F))
            out.append(signs(transform(y), keys, k, 0)[: end - start])
        return np.concatenate(out + [floats(reader.take(4 * (count - tail)))])


LEVELS = {
    1: [0.7978845608],
    2: [0.4527800399, 1.5104176087],
    3: [0.2450941631, 0.7560052490, 1.3439092614, 2.1519456699],
    4: [
        0.1283950167, 0.3880482345, 0.6567589958, 0.9423402689,
        1.2562310480, 1.6180460517, 2.0690167302, 2.7325888041,
    ],
}


class Eden:
    seeded = True

    def __init__(self, bits, least_error):
        positive = np.array(LEVELS[bits], dtype=F)
        self.bits, self.least_error = bits, least_error
        self.levels = np.concatenate([-positive[::-1], positive])
        self.bounds = (self.levels[:-1] + self.levels[1:]) / F(2)

    def encode(self, x, keys):
        blocks, tail = rotation(len(x))
        out = b""
        for k, (start, end, d) in enumerate(blocks):
            total = squares(x[start:end])
            y = filled(x[start:end], d)
            for which in (0, 1):
                y = transform(signs(y, keys, k, which))
            v = f32(math.sqrt(total * d))
            z = y * (F(0) if v < NEGLIGIBLE else F(1) / v)
            codes = (z[:, None] > self.bounds).sum(axis=1)
            level = self.levels[codes]
            product = 0.0
            for at in range(0, d, 512):
                product += lanes(y[at : at + 512].astype(np.float64) * level[at : at + 512].astype(np.float64))
            scale = F(0)
            if v >= NEGLIGIBLE and product > 0:
                if self.least_error:
                    scale = f32(product / squares(level) / (float(d) * float(d)))
                else:
                    scale = f32(total / product)
            out += raw([scale]) + pack(codes, self.bits)
        return out + raw(x[tail:])

    def decode(self, reader, count, keys):
        blocks, tail = rotation(count)
        out = []
        for k, (start, end, d) in enumerate(blocks):
            y = (reader.float() * self.levels)[reader.codes(d, self.bits)]
            for which in (1, 0):
                y = signs(transform(y), keys, k, which)
            out.append(y[: end - start])
        return np.concatenate(out + [floats(reader.take(4 * (count - tail)))])


# Sparsifiers


def share_of(count, millionths):
    return (count * millionths + 999_999) // 1_000_000


def random_positions(count, kept, key):
    w, longer = count // kept, count % kept
    u = [int(word) for word in words(key, 0, kept)]
    positions = [
        j * (w + 1) + (u[j] * (w + 1) >> 32) if j < longer else j * w + longer + (u[j] * w >> 32) for j in range(kept)
    ]
    return np.array(positions), np.array([w + 1] * longer + [w] * (kept - longer), dtype=F)


def largest(x, kept):
    """The positions of the largest magnitudes, of equal ones the first, ascending."""
    return np.sort(np.argsort(-np.abs(x), kind="stable")[:kept])


def write_positions(positions, count, millionths):
    p = millionths / 1e6
    e = 1 + math.floor(math.log2(math.log((math.sqrt(5) + 1) / 2 - 1) / math.log(1 - p)))
    e = min(31, max(0, e))
    gaps = [int(b - a - 1) for a, b in zip([-1, *positions[:-1]], positions)]
    best = (count, None)
    for r in range(max(0, e - 2), min(31, e + 4) + 1):
        size = len(gaps) * (r + 1) + sum(g >> r for g in gaps)
        if size < best[0]:
            best = (size, r)
    if best[1] is None:
        marks = np.zeros(count, np.uint8)
        marks[positions] = 1
        return b"\xff" + np.packbits(marks, bitorder="little").tobytes()
    r, bits = best[1], []
    for g in gaps:
        bits += [0] * (g >> r) + [1] + [g >> k & 1 for k in range(r)]
    return bytes([r]) + np.packbits(np.array(bits, np.uint8), bitorder="little").tobytes()


def read_positions(reader, kept, count):
    r = reader.take(1)[0]
    if r == 0xFF:
        marks = np.unpackbits(np.frombuffer(reader.take((count + 7) // 8), np.uint8), bitorder="little")
        assert marks.sum() == kept
        return np.flatnonzero(marks)
    assert r < 32, "no such code of positions"
    bits = np.unpackbits(np.frombuffer(reader.data[reader.at :], np.uint8), bitorder="little")
    at, following, positions = 0, 0, []
    for _ in range(kept):
        gap = 0
        while bits[at] == 0:
            gap, at = gap + 1, at + 1
        at += 1
        gap <<= r
        for k in range(r):
            gap |= int(bits[at + k]) << k
        at += r
        positions.append(following + gap)
        following += gap + 1
    reader.take((at + 7) // 8)
    assert positions[-1] < count
    return np.array(positions)


class Codec:
    """What a codec's text says."""

    def __init__(self, text):
        parts = text.split("+")
        self.compressed = parts[-1] == "zstd"
        self.random = self.top = None
        self.quantizer = Dense()
        for part in parts[: -1 if self.compressed else None]:
            name, number = re.fullmatch("([a-z]+)(.*)", part).groups()
            if name == "linear":
                bits, _, block = number.partition("b")
                self.quantizer = Linear(int(bits), int(block) if block else None)
            elif name == "eden":
                rate, least_error = number.removesuffix("mse"), number.endswith("mse")
                if rate.startswith("0."):
                    self.random = int(rate[2:].ljust(6, "0"))
                    rate = "1"
                self.quantizer = Eden(int(rate), least_error)
            elif name == "random":
                self.random = round(float(number) * 10_000)
            elif name in ("topk", "stc"):
                self.top = round(float(number) * 10_000)
                if name == "stc":
                    self.quantizer = Sign()
            elif name != "dense":
                kinds = {"hadamard": Hadamard, "cosine": Cosine, "qsgd": QSGD}
                self.quantizer = Sign() if name == "sign" else kinds[name](int(number))
        self.seeded = self.quantizer.seeded or self.random is not None

    def encode(self, x, keys):
        if self.random:
            positions, _ = random_positions(len(x), share_of(len(x), self.random), keys.positions)
            return self.quantizer.encode(x[positions], keys)
        if self.top:
            positions = largest(x, share_of(len(x), self.top))
            return write_positions(positions, len(x), self.top) + self.quantizer.encode(x[positions], keys)
        return self.quantizer.encode(x, keys)

    def add(self, reader, sums, keys, weight):
        """Adds weight times the values that are read to the sums, in place."""
        count = len(sums)
        if self.random:
            positions, factors = random_positions(count, share_of(count, self.random), keys.positions)
            sums[positions] += weight * (factors * (F(0) + self.quantizer.decode(reader, len(positions), keys)))
        elif self.top:
            positions = read_positions(reader, share_of(count, self.top), count)
            sums[positions] += weight * (F(0) + self.quantizer.decode(reader, len(positions), keys))
        else:
            sums += weight * self.quantizer.decode(reader, count, keys)


# Segments


def tensors(segment, codec, small):
    """Each tensor's place in the segment's values, and its codec."""
    start = 0
    for tensor in segment["tensors"]:
        count = math.prod(tensor["shape"])
        plain = tensor["role"] == "buffer" or count < small
        yield slice(start, start + count), Codec("dense32") if plain else codec
        start += count


def encode(segment, codec, small, values, seed):
    """The bytes before Zstandard."""
    parts = list(tensors(segment, codec, small))
    out = struct.pack("<Q", seed) if any(c.seeded for _, c in parts) else b""
    for index, (place, coded) in enumerate(parts):
        out += coded.encode(values[place], Keys(seed, index))
    return out


def expand(frame):
    try:
        from compression.zstd import decompress
    except ImportError:
        try:
            from zstandard import ZstdDecompressor
        except ImportError:
            return None
        return ZstdDecompressor().decompress(frame, max_output_size=1 << 24)
    return decompress(frame)


def fold(segment, codec, small, data, state, weight=F(1)):
    """The state with weight times what the bytes say added; None where nothing here reads Zstandard."""
    if codec.compressed:
        flag, data = data[0], data[1:]
        assert flag in (0, 1)
        data = expand(data) if flag else data
        if data is None:
            return None
    parts = list(tensors(segment, codec, small))
    reader, sums = Reader(data), state.copy()
    seed = struct.unpack("<Q", reader.take(8))[0] if any(c.seeded for _, c in parts) else 0
    for index, (place, coded) in enumerate(parts):
        part = sums[place]
        coded.add(reader, part, Keys(seed, index), weight)
    assert reader.at == len(reader.data), "bytes are left over"
    return sums


def fresh(segment, key):
    out, fan = [], 1
    for tensor in segment["tensors"]:
        count = math.prod(tensor["shape"])
        if tensor["role"] == "weight":
            fan = math.prod(tensor["shape"][1:])
        if tensor["role"] in ("weight", "bias"):
            own, bound = stream(key, tensor["name"]), 1 / math.sqrt(fan)
            draws = [(value(own, n) >> 11) * 2.0**-53 for n in range(count)]
            out += [f32((2 * u - 1) * bound) for u in draws]
        elif tensor["role"] == "scale":
            out += [F(0 if tensor["name"].endswith("bias") else 1)] * count
        else:
            out += [F(1 if tensor["name"].endswith("var") else 0)] * count
    return np.array(out, dtype=F)


def drawn(key, count):
    k = words(key, 0, count)
    mantissa = (k.astype(np.int32) >> np.int32(8)).astype(F)
    return mantissa / (np.uint32(1) << (np.uint32(23) + (k & np.uint32(7)))).astype(F)


# Checks


def size(segment):
    return sum(math.prod(tensor["shape"]) for tensor in segment["tensors"])


def state_of(segment, values):
    return hashlib.sha256(segment["name"].encode() + raw(values)).hexdigest()


class Check:
    def __init__(self):
        self.passed, self.skipped, self.failed = 0, 0, []

    def same(self, what, ours, theirs):
        if theirs is None:
            return
        if ours == theirs:
            self.passed += 1
        else:
            self.failed.append(what)

    def encodings(self, vector, codec, what):
        for number, entry in enumerate(vector["encodings"]):
            here, segment = f"{what}: encoding {number}", entry["segment"]
            seed, zeros = int(entry["seed"], 16), np.zeros(size(entry["segment"]), F)
            if "input" in entry:
                values = floats(bytes.fromhex(entry["input"]))
            else:
                values = drawn(int(entry["inputKey"], 16), len(zeros))
            plain = encode(segment, codec, vector["smallTensors"], values, seed)
            if codec.compressed:
                self.same(f"{here}, plain", plain.hex(), entry.get("plain"))
                data = bytes.fromhex(entry["bytes"])
            else:
                self.same(f"{here}, bytes", plain.hex(), entry.get("bytes"))
                data = bytes.fromhex(entry["bytes"]) if "bytes" in entry else plain
                self.same(f"{here}, length", len(plain), entry["length"])
                self.same(f"{here}, digest", hashlib.sha256(plain).hexdigest(), entry["digest"])
            decoded = fold(segment, codec, vector["smallTensors"], data, zeros)
            if decoded is None:
                self.skipped += 1
                continue
            self.same(f"{here}, decoded", raw(decoded).hex(), entry.get("decoded"))
            self.same(f"{here}, state", state_of(segment, decoded), entry["state"])

    def deltas(self, vector, what):
        deltas, states = vector["deltas"], []
        segment, small = deltas["segment"], vector["smallTensors"]
        for number, step in enumerate(deltas["steps"]):
            here, codec = f"{what}: delta {number}", Codec(step["codec"])
            before = np.zeros(size(segment), F) if "from" not in step else states[step["from"]]
            model = floats(bytes.fromhex(step["model"]))
            target = model if "from" not in step else model - before
            if not codec.compressed:
                sent = encode(segment, codec, small, target, int(step["seed"], 16))
                self.same(f"{here}, bytes", sent.hex(), step["bytes"])
            after = fold(segment, codec, small, bytes.fromhex(step["bytes"]), before)
            if after is None:
                self.skipped += 1
                after = floats(bytes.fromhex(step["values"]))
            self.same(f"{here}, values", raw(after).hex(), step["values"])
            self.same(f"{here}, state", state_of(segment, after), step["state"])
            states.append(after)

    def residuals(self, vector, codec, what):
        residuals = vector["residuals"]
        segment, small = residuals["segment"], vector["smallTensors"]
        rest = np.zeros(size(segment), F)
        for number, step in enumerate(residuals["updates"]):
            here = f"{what}: update {number}"
            self.same(f"{here}, before", raw(rest).hex(), step["before"])
            update = floats(bytes.fromhex(step["update"]))
            # At first there is no residual to add.
            target = update + rest if number > 0 else update
            if not codec.compressed:
                sent = encode(segment, codec, small, target, int(step["seed"], 16))
                self.same(f"{here}, bytes", sent.hex(), step["bytes"])
            data, zeros = bytes.fromhex(step["bytes"]), np.zeros(len(rest), F)
            decoded = fold(segment, codec, small, data, zeros)
            if decoded is None:
                self.skipped += 1
                rest = floats(bytes.fromhex(step["after"]))
                continue
            rest = fold(segment, codec, small, data, target, F(-1))
            self.same(f"{here}, decoded", raw(decoded).hex(), step["decoded"])
            self.same(f"{here}, after", raw(rest).hex(), step["after"])

    def initial(self, vector):
        for entry in vector["encodings"]:
            key = struct.unpack("<Q", bytes.fromhex(entry["bytes"]))[0]
            values = fresh(entry["segment"], key)
            self.same("initial: seed", f"{key:016x}", entry["seed"])
            self.same("initial: decoded", raw(values).hex(), entry["decoded"])
            self.same("initial: state", state_of(entry["segment"], values), entry["state"])

    def plan(self, path):
        plan = json.loads(Path(path).read_text())
        digest = hashlib.sha256(plan["text"].encode()).hexdigest()
        self.same(f"{path}: digest", digest, plan["digest"])


def main(plans):
    check = Check()
    files = sorted(Path(__file__).parent.glob("*.json"))
    for file in files:
        vector = json.loads(file.read_text())
        assert vector["format"] == 1, f"{file} has another format"
        if vector["codec"] == "initial":
            check.initial(vector)
            continue
        codec = Codec(vector["codec"])
        check.encodings(vector, codec, vector["codec"])
        if "deltas" in vector:
            check.deltas(vector, vector["codec"])
        if "residuals" in vector:
            check.residuals(vector, codec, vector["codec"])
    for plan in plans:
        check.plan(plan)
    for failure in check.failed:
        print(f"differs: {failure}")
    print(f"{len(files)} files: {check.passed} equal, {len(check.failed)} differ, {check.skipped} skipped (Zstandard)")
    sys.exit(1 if check.failed or not files else 0)


main(sys.argv[1:])
