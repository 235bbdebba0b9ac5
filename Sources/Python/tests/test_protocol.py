"""The protocol, spoken with trainers in Python and C: what each of them must keep to."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import numpy as np

from worker import HERE, Worker, program

SOURCES = os.path.normpath(os.path.join(HERE, "..", "..", "..", "Tests", "CTrainer"))


class Conformance:
    """What holds for every trainer's work; classes below say which."""

    command = None
    #: The options that make each step of a training slow.
    slow = {"delay": 0.05}

    #: One trainer for test after test, until one ends it: none may leave a trace.
    worker = None

    def setUp(self):
        if self.worker is None or not self.worker.goes_on():
            self.tearDownClass()
            type(self).worker = Worker(self.command)
            type(self).described = self.worker.describe()
        self.worker.progress.clear()
        self.manifest = self.described["manifest"]

    @classmethod
    def tearDownClass(cls):
        if cls.worker is not None:
            cls.worker.__exit__()
            cls.worker = None

    def start(self, stage=1, seed=1):
        return self.worker.initialize(self.worker.names(stage), seed=seed, stage=stage)

    def shapes(self, names):
        """The shapes of the segments' tensors by their names in files, as the manifest says."""
        return {
            f"{name}.{tensor['name']}": tuple(tensor["shape"])
            for name in names
            for tensor in self.manifest["stages"][int(name[-1]) - 1][name[:-1]]
        }

    def assertSame(self, first, second):
        self.assertEqual(sorted(first), sorted(second))
        for name in first:
            self.assertTrue(np.array_equal(first[name], second[name]), name)

    def test_it_describes_its_model(self):
        self.assertEqual(self.described["protocol"], 1)
        self.assertIsInstance(self.described["trainer"], str)
        self.assertEqual(self.manifest["format"], "progfed manifest 1")
        for stage in self.manifest["stages"]:
            for segment in ("block", "head"):
                self.assertTrue(stage[segment])
                for tensor in stage[segment]:
                    self.assertTrue(all(extent >= 1 for extent in tensor["shape"]))
        with Worker(self.command) as other:
            self.assertEqual(other.describe(), self.described)

    def test_it_refuses_another_version(self):
        self.assertEqual(self.worker.ask("describe", protocol=99)["error"], "malformed")

    def test_first_values_have_the_shapes_of_the_manifest(self):
        values = self.start(stage=2)
        told = self.shapes(["block1", "block2", "head2"])
        self.assertEqual({name: value.shape for name, value in values.items()}, told)
        self.assertSame(values, self.start(stage=2))
        block = self.worker.initialize(["block2"], stage=2)
        self.assertSame(block, {n: v for n, v in values.items() if n.startswith("block2.")})
        other = self.start(stage=2, seed=2)
        self.assertTrue(any(not np.array_equal(other[name], values[name]) for name in values))

    def test_it_counts(self):
        counted = self.worker.ask("count", **self.worker.whose())
        self.assertGreater(counted["samples"], 0)
        self.assertGreater(counted["heldOut"], 0)
        everything = self.worker.ask("count", **self.worker.whose(holdOut=0))
        self.assertEqual(everything["heldOut"], 0)
        self.assertEqual(everything["samples"], counted["samples"] + counted["heldOut"])
        self.assertEqual(self.worker.ask("count", **self.worker.whose())["samples"], counted["samples"])

    def test_training_learns(self):
        values = self.start(stage=2)
        before = self.worker.evaluate(values, stage=2)
        counted = self.worker.ask("count", **self.worker.whose())
        answer, trained = self.worker.train(values, stage=2, epochs=20)
        self.assertEqual(answer["samples"], counted["samples"])
        self.assertEqual(answer["steps"], 20 * -(-counted["samples"] // 8))
        self.assertEqual({n: v.shape for n, v in trained.items()}, self.shapes(self.worker.names(2)))
        after = self.worker.evaluate(trained, stage=2)
        self.assertLess(after["loss"], before["loss"])
        self.assertEqual(after["samples"], counted["heldOut"])
        self.assertLessEqual(after["correct"], after["samples"])

    def test_an_answer_follows_from_its_request_alone(self):
        values = self.start(stage=2)
        first, trained = self.worker.train(values, stage=2)
        score = self.worker.evaluate(trained, stage=2)
        other, different = self.worker.train(values, stage=2, seed=6)
        self.assertTrue(any(not np.array_equal(trained[n], different[n]) for n in trained))
        self.worker.train(self.start(), stage=1, **self.worker.whose(client=2))
        again, repeated = self.worker.train(values, stage=2)
        self.assertSame(trained, repeated)
        with Worker(self.command) as worker:
            worker.describe()
            elsewhere, same = worker.train(values, stage=2)
            self.assertSame(trained, same)
            rescored = worker.evaluate(trained, stage=2)
        for answer in (first, again, elsewhere, score, rescored):
            del answer["id"]
        self.assertEqual(first, again)
        self.assertEqual(first, elsewhere)
        self.assertEqual(score, rescored)

    def test_only_trained_segments_are_in_the_output(self):
        values = self.start(stage=2)
        trained = self.worker.train(values, stage=2, trained=["block2", "head2"])[1]
        trained = {n: v for n, v in trained.items() if n.split(".")[0] in ("block2", "head2")}
        self.assertEqual({n: v.shape for n, v in trained.items()}, self.shapes(["block2", "head2"]))
        both = self.worker.train(values, stage=2)[1]
        self.assertTrue(any(not np.array_equal(both[n], v) for n, v in values.items() if n[5] == "1"))

    def test_evaluations_add_up(self):
        values = self.start()
        held, every = (self.worker.evaluate(values, part=part) for part in ("heldOut", "all"))
        rest = self.worker.evaluate(values, part="all", holdOut=0)
        self.assertEqual(every["samples"], rest["samples"])
        self.assertAlmostEqual(every["loss"], rest["loss"], delta=1e-3 * rest["loss"])
        self.assertLess(held["samples"], every["samples"])
        self.assertLess(held["loss"], every["loss"])

    def test_classes_add_up(self):
        if "perClass" not in self.described.get("supports", []):
            self.skipTest("it tells of no classes")
        answer = self.worker.evaluate(self.start(), part="all", perClass=True)
        self.assertEqual(sum(c["samples"] for c in answer["classes"]), answer["samples"])
        self.assertEqual(sum(c["correct"] for c in answer["classes"]), answer["correct"])
        self.assertNotIn("classes", self.worker.evaluate(self.start(), part="all"))

    def test_cancelling_ends_the_work(self):
        values = self.start()
        options = self.worker.whose(options=self.slow)
        begun = time.monotonic()
        number = self.worker.send("train", **self.worker.training(values, epochs=1000, **options))
        time.sleep(0.3)
        self.worker.write(json.dumps({"call": "cancel", "id": number}).encode() + b"\n")
        self.assertEqual(self.worker.answer()["error"], "cancelled")
        self.assertLess(time.monotonic() - begun, 30)
        # One that was answered already, and one that never was.
        self.worker.write(json.dumps({"call": "cancel", "id": number}).encode() + b"\n")
        self.worker.write(b'{"call":"cancel","id":123456}\n')
        self.assertNotIn("error", self.worker.train(values)[0])

    def test_progress_is_a_sign_of_life(self):
        options = self.worker.whose(options=self.slow)
        answer, _ = self.worker.train(self.start(), epochs=10, **options)
        self.assertNotIn("error", answer)
        shares = [line["progress"] for line in self.worker.progress]
        self.assertTrue(shares)
        self.assertEqual(shares, sorted(shares))

    def test_a_model_that_does_not_fit_is_refused(self):
        values = self.start()
        name = next(iter(values))
        for wrong in (
            {n: v for n, v in values.items() if n != name},
            {**values, name: np.zeros((1, 7), dtype=np.float32)},
        ):
            self.assertEqual(self.worker.train(wrong)[0]["error"], "failed")
        members = self.worker.training(values)
        for data in (b"", b"\xff" * 100, b"\x08\0\0\0\0\0\0\0[1,2,3]x", b"\x02\0\0\0\0\0\0\0{}rest"):
            with open(members["model"], "wb") as file:
                file.write(data)
            self.assertEqual(self.worker.ask("train", **members)["error"], "failed")
        self.assertNotIn("error", self.worker.train(values)[0])

    def test_unknown_members_are_passed_over(self):
        values = self.start()
        plain = self.worker.train(values)[1]
        more = {"later": {"deep": [1, {"a": None}]}, "text": "ü\u2028\n\"\\ \U0001f40c"}
        self.assertSame(plain, self.worker.train(values, **more)[1])

    def test_warm_up_leaves_the_rest_as_it_is(self):
        values = self.start(stage=2)
        one, _ = self.worker.train(values, stage=2, trained=["head2"])
        self.assertNotIn("error", one)


class LineConformance(Conformance):
    """What holds for every trainer's lines, and its end."""

    def test_bad_requests_are_answered(self):
        values = self.start()
        self.assertEqual(self.worker.ask("fly")["error"], "unknownCall")
        for line in (b"nonsense\n", b"[1]\n", b'{"id":1', b"\n"):
            self.worker.write(line if line.endswith(b"\n") else line + b"\n")
        self.worker.write(b'{"call":"count"}\n')
        for _ in range(4):
            line = self.worker.line()
            self.assertEqual((line["id"], line["error"]), (None, "malformed"))
        good = self.worker.training(values)
        for change in (
            {"stage": 0},
            {"stage": "1"},
            {"batch": 0},
            {"batch": -1},
            {"epochs": 1.5},
            {"segments": {}},
            {"segments": [{"name": "block1"}]},
            {"model": "model.safetensors"},
            {"output": None},
            {"seed": -1},
            {"learningRate": "fast"},
        ):
            with self.subTest(change):
                self.assertEqual(self.worker.ask("train", **{**good, **change})["error"], "malformed")
        for missing in ("model", "output", "segments", "seed", "batch", "epochs", "stage"):
            with self.subTest(missing):
                rest = {name: value for name, value in good.items() if name != missing}
                self.assertEqual(self.worker.ask("train", **rest)["error"], "malformed")
        for change in ({"stage": 9}, {"model": "/nowhere/model"}, {"output": "/nowhere/output"}):
            with self.subTest(change):
                self.assertEqual(self.worker.ask("train", **{**good, **change})["error"], "failed")
        self.assertNotIn("error", self.worker.ask("train", **good))

    def test_long_lines(self):
        values = self.start()
        members = self.worker.training(values, padding="x" * (15 << 20))
        self.assertNotIn("error", self.worker.ask("train", **members))
        self.worker.write(b'{"padding":"')
        for _ in range(17):
            self.worker.write(b"x" * (1 << 20))
        self.worker.write(b'"}\n')
        line = self.worker.line()
        self.assertEqual((line["id"], line["error"]), (None, "malformed"))
        self.assertNotIn("error", self.worker.ask("train", **self.worker.training(values)))

    def test_it_ends_when_it_is_told_to(self):
        self.worker.write(b'{"call":"quit"}\n')
        self.assertEqual(self.worker.end(), 0)

    def test_it_ends_with_its_input(self):
        self.worker.process.stdin.close()
        self.assertEqual(self.worker.end(), 0)

    def test_it_ends_with_its_input_in_the_midst_of_work(self):
        values = self.start()
        options = self.worker.whose(options=self.slow)
        self.worker.send("train", **self.worker.training(values, epochs=1000, **options))
        time.sleep(0.3)
        begun = time.monotonic()
        self.worker.process.stdin.close()
        self.worker.end()
        self.assertLess(time.monotonic() - begun, 20)

    def test_it_ends_at_a_signal(self):
        self.worker.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.worker.end(), -signal.SIGTERM)


class ArrayTests(LineConformance, unittest.TestCase):
    """A trainer of arrays."""

    command = program("lines.py")

    def test_what_it_prints_is_no_answer(self):
        values = self.start()
        plain = self.worker.train(values)[1]
        noisy = self.worker.train(values, options={"print": True})[1]
        self.assertSame(plain, noisy)
        for words in ("hello from the model's", "noise from a child", "more noise", '{"id": 1'):
            self.assertIn(words, self.worker.errors())

    def test_errors_of_functions_are_answers(self):
        values = self.start()
        for options, word, detail in (
            ({"raise": 1}, "failed", "RuntimeError: a step went wrong (lines.py:"),
            ({"exit": 1}, "failed", "exit(3)"),
            ({"nan": 1}, "diverged", "block1.w"),
            ({"loss": "nan"}, "diverged", "loss"),
            ({"shape": 1}, "failed", "[2, 2]"),
            ({"data": "none"}, "noData", "client 0"),
            ({"data": "bad"}, "badData", "mess"),
        ):
            with self.subTest(options):
                answer = self.worker.train(values, options=options)[0]
                self.assertEqual(answer["error"], word)
                self.assertIn(detail, answer["detail"])
        self.assertIn("Traceback", self.worker.errors())
        self.assertNotIn("error", self.worker.train(values)[0])

    def test_its_death_is_seen(self):
        self.worker.send("train", **self.worker.training(self.start(), options={"dies": 1}))
        with self.assertRaises(EOFError):
            self.worker.answer()
        self.assertEqual(self.worker.end(), 9)

    def test_a_request_that_waits_is_cancelled(self):
        members = self.worker.training(self.start(), epochs=1000, options={"delay": 0.05})
        first = self.worker.send("train", **members)
        second = self.worker.send("train", **members)
        for number in (second, first):
            self.worker.write(json.dumps({"call": "cancel", "id": number}).encode() + b"\n")
        self.assertEqual(self.worker.answer(first)["error"], "cancelled")
        self.assertEqual(self.worker.answer(second)["error"], "cancelled")

    def test_metrics_are_told(self):
        self.assertEqual(self.worker.train(self.start())[0]["metrics"], {"steps": 10})

    def test_samples_of_the_worker(self):
        from progfed import write_tensors

        path = self.worker.path("samples.safetensors")
        inputs = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
        write_tensors(path, {"inputs": inputs, "labels": (inputs[:, 0] > 0).astype(np.float32)})
        answer, _ = self.worker.train(self.start(), samples=path, holdOut=0)
        self.assertEqual(answer["samples"], 30)
        write_tensors(path, {"inputs": inputs})
        os.utime(path, (1, 1))
        answer, _ = self.worker.train(self.start(), samples=path, holdOut=0)
        self.assertEqual(answer["error"], "badData")


class CTests(LineConformance, unittest.TestCase):
    """The second implementation, in C."""

    @classmethod
    def setUpClass(cls):
        compiler = shutil.which("cc") or shutil.which("clang")
        if compiler is None or not os.path.isdir(SOURCES):
            raise unittest.SkipTest("there is no C compiler, or no source")
        folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, folder)
        binary = os.path.join(folder, "trainer")
        files = [os.path.join(SOURCES, name) for name in os.listdir(SOURCES) if name.endswith(".c")]
        subprocess.run(
            [compiler, "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o", binary, *sorted(files), "-lm"],
            check=True,
        )
        cls.command = [binary]


if __name__ == "__main__":
    unittest.main()
