"""Files of tensors, dealt samples, and ledgers of runs."""

import json
import os
import sqlite3
import struct
import tempfile
import unittest

import numpy as np

from progfed import TensorFileError, deal, read_run, read_tensors, scores, write_tensors


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)


class TensorFileTests(Folder):
    def write(self, header, data=b""):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        with open(self.path("file"), "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + data)
        return self.path("file")

    def test_what_is_written_is_read(self):
        random = np.random.default_rng(0)
        tensors = {
            "a": random.normal(size=(2, 3)).astype(np.float32),
            "b.é": np.array(7, dtype=np.int64),
            "none": np.zeros((0, 4), dtype=np.float32),
            "turned": random.normal(size=(4, 3)).astype(np.float64).T,
            "half": np.array([1, -0.5], dtype=np.float16),
            "flags": np.array([True, False]),
            "big": np.array([1, 2], dtype=">i4"),
        }
        write_tensors(self.path("file"), tensors, {"made": "by a test"})
        found = read_tensors(self.path("file"))
        self.assertEqual(sorted(found), sorted(tensors))
        for name, value in tensors.items():
            self.assertEqual(found[name].shape, value.shape)
            self.assertTrue(np.array_equal(found[name], value), name)
        found["a"][0, 0] = 3  # They can be written to.
        with open(self.path("file"), "rb") as file:
            data = file.read()
        self.assertEqual(struct.unpack("<Q", data[:8])[0] % 8, 0)
        write_tensors(self.path("file"), dict(reversed(tensors.items())), {"made": "by a test"})
        with open(self.path("file"), "rb") as file:
            self.assertEqual(file.read(), data)

    def test_brain_floats_are_widened(self):
        path = self.write(
            {"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, b"\x80\x3f\x00\xc0"
        )
        self.assertEqual(read_tensors(path)["x"].tolist(), [1.0, -2.0])

    def test_types_that_files_do_not_have(self):
        with self.assertRaises(TensorFileError):
            write_tensors(self.path("file"), {"x": np.array([1j])})
        with self.assertRaises(TensorFileError):
            write_tensors(self.path("file"), {"x": np.array(["text"])})

    def test_damaged_files_are_refused(self):
        entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
        eight = b"12345678"
        for header, data in (
            (b"", b""),
            (b"[]", b""),
            (b"{", b""),
            (b"[" * 100000, b""),
            (b"\xff", b""),
            (b'{"x":1,"x":2}', b""),
            ({"x": 1}, b""),
            ({"x": {}}, b""),
            ({"x": {**entry, "more": 1}}, eight),
            ({"x": {**entry, "dtype": "F31"}}, eight),
            ({"x": {**entry, "dtype": []}}, eight),
            ({"x": {**entry, "shape": 2}}, eight),
            ({"x": {**entry, "shape": [-2]}}, eight),
            ({"x": {**entry, "shape": [2.0]}}, eight),
            ({"x": {**entry, "shape": [True, 2]}}, eight),
            ({"x": {**entry, "shape": [1] * 65}}, eight),
            ({"x": {**entry, "shape": [1 << 62, 4]}}, eight),
            ({"x": {**entry, "shape": [3]}}, eight),
            ({"x": {**entry, "data_offsets": [0]}}, eight),
            ({"x": {**entry, "data_offsets": [8, 0]}}, eight),
            ({"x": {**entry, "data_offsets": [0, 1 << 70]}}, eight),
            ({"x": {**entry, "data_offsets": [4, 12]}}, eight + b"1234"),
            ({"x": entry}, eight[:4]),
            ({"x": entry}, eight + b"1"),
            ({"x": entry, "y": entry}, eight),
        ):
            with self.subTest(header=header):
                with self.assertRaises(TensorFileError):
                    read_tensors(self.write(header, data))
        for data in (b"", b"1234567", struct.pack("<Q", 1 << 60) + b"{}", struct.pack("<Q", 3) + b"{}"):
            with open(self.path("file"), "wb") as file:
                file.write(data)
            with self.assertRaises(TensorFileError):
                read_tensors(self.path("file"))
        self.assertEqual(read_tensors(self.write({"x": entry}, eight))["x"].shape, (2,))


class SampleTests(unittest.TestCase):
    def test_everybody_gets_something_and_nobody_the_same(self):
        labels = np.arange(1000) % 7
        for dirichlet, samples in ((None, 1000), (None, labels), (0.3, labels)):
            shares = [deal(samples, client, 9, dirichlet) for client in range(9)]
            together = np.concatenate(shares)
            self.assertEqual(sorted(together.tolist()), list(range(1000)))
            if dirichlet is None:
                self.assertLessEqual(max(map(len, shares)) - min(map(len, shares)), 1)
            self.assertTrue(np.array_equal(shares[3], deal(samples, 3, 9, dirichlet)))
        self.assertFalse(np.array_equal(deal(1000, 0, 9), deal(1000, 0, 9, seed=1)))

    def test_shares_are_unlike(self):
        labels = np.arange(10000) % 10
        spread = [
            np.std([np.bincount(labels[deal(labels, c, 10, d)], minlength=10) for c in range(10)])
            for d in (100, 0.1)
        ]
        self.assertGreater(spread[1], 3 * spread[0])

    def test_scores_of_logits(self):
        total = scores(np.array([[2.0, 0], [0, 2.0], [0, 2.0]]), np.array([0, 1, 0]))
        right, wrong = np.log(1 + np.exp(-2)), np.log(1 + np.exp(2))
        self.assertAlmostEqual(total.loss, 2 * right + wrong)
        self.assertEqual((total.samples, total.correct), (3, 2))
        self.assertEqual(total.classes.tolist(), [[2, 1], [1, 1]])
        twice = total + total
        self.assertEqual((twice.samples, twice.classes.tolist()), (6, [[4, 2], [2, 2]]))
        self.assertAlmostEqual(scores(np.array([[1e4, 0.0]]), np.array([1])).loss, 1e4)


class RunTests(Folder):
    def ledger(self, application=0x50464C67):
        database = sqlite3.connect(self.path("run.sqlite"))
        database.executescript(
            f"""
            PRAGMA journal_mode = WAL;
            PRAGMA application_id = {application};
            PRAGMA user_version = 9;
            CREATE TABLE round (round INTEGER PRIMARY KEY, stage INTEGER, accuracy REAL) STRICT;
            INSERT INTO round VALUES (1, 1, NULL), (2, 1, 0.5);
            CREATE TABLE "odd ""name" (x TEXT);
            """
        )
        database.close()
        return self.folder

    def test_a_ledger_becomes_tables(self):
        run = read_run(self.ledger(), frames=False)
        self.assertEqual(run.version, 9)
        self.assertEqual(sorted(run), ['odd "name', "round"])
        self.assertEqual(run["round"][0], {"round": 1, "stage": 1, "accuracy": None})
        self.assertEqual(run['odd "name'], [])
        self.assertEqual(len(read_run(self.path("run.sqlite"), frames=False)["round"]), 2)

    def test_a_ledger_becomes_frames(self):
        try:
            import pandas
        except ImportError:
            with self.assertRaises(ImportError):
                read_run(self.ledger(), frames=True)
            return
        rounds = read_run(self.ledger())["round"]
        self.assertIsInstance(rounds, pandas.DataFrame)
        self.assertEqual(rounds["accuracy"].iloc[1], 0.5)

    def test_a_run_under_way_is_read(self):
        self.ledger()
        writer = sqlite3.connect(self.path("run.sqlite"), isolation_level=None)
        writer.execute("INSERT INTO round VALUES (3, 2, 0.6)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO round VALUES (4, 2, 0.7)")
        self.assertEqual(len(read_run(self.folder, frames=False)["round"]), 3)
        writer.execute("ROLLBACK")
        writer.close()

    def test_what_is_no_run_is_refused(self):
        with self.assertRaises(FileNotFoundError):
            read_run(self.path("nothing"))
        with self.assertRaises(ValueError):
            read_run(self.ledger(application=1))
        with open(self.path("text"), "w", encoding="utf-8") as file:
            file.write("no database at all, but a text that is long enough " * 100)
        with self.assertRaises(ValueError):
            read_run(self.path("text"))


if __name__ == "__main__":
    unittest.main()
