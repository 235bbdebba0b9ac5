"""Trainers of PyTorch modules: the protocol, what steps do, and evaluations."""

import os
import sys
import tempfile
import unittest

os.environ.setdefault("PROGFED_THREADS", "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs"))

import nets  # noqa: E402
from progfed import Split, TrainerError, read_tensors, scores, write_tensors  # noqa: E402
from progfed.errors import Diverged, NoData  # noqa: E402
from progfed.modules import ModuleTrainer  # noqa: E402
from progfed.task import Task  # noqa: E402
from test_protocol import Conformance  # noqa: E402
from worker import program  # noqa: E402


class ModuleProtocolTests(Conformance, unittest.TestCase):
    """A trainer of modules, as a process."""

    command = program("nets.py")

    def test_a_data_set_gives_what_tensors_give(self):
        values = self.start()
        plain = self.worker.train(values)[1]
        self.assertSame(plain, self.worker.train(values, options={"set": True})[1])

    def test_metrics_are_means(self):
        metrics = self.worker.train(self.start())[0]["metrics"]
        self.assertTrue(0 < metrics["top"] < 1)


class Asked:
    """Asks a trainer in this process."""

    def __init__(self, test, **settings):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.trainer = ModuleTrainer(**settings)

    def path(self, name):
        return os.path.join(self.folder, name)

    def first(self, stage, seed=1):
        names = self.trainer.layout.names(stage)
        members = {"call": "initialize", "segments": names, "stage": stage, "seed": seed}
        self.trainer.initialize(Task({**members, "model": None, "output": self.path("first")}))
        return read_tensors(self.path("first"))

    def train(self, values, stage=1, trained=None, rates=None, **more):
        write_tensors(self.path("model"), values)
        segments = [
            {
                "name": name,
                "trained": trained is None or name in trained,
                "learningRate": (rates or {}).get(name, 0.1),
            }
            for name in self.trainer.layout.names(stage)
        ]
        members = {
            "call": "train",
            "client": 0,
            "clients": 2,
            "data": None,
            "samples": None,
            "round": 1,
            "stage": stage,
            "segments": segments,
            "model": self.path("model"),
            "output": self.path("output"),
            "epochs": 2,
            "batch": 8,
            "seed": 5,
            "learningRate": 0.1,
            "optimizer": "sgd",
        }
        answer = self.trainer.train(Task({**members, **more}))
        return answer, read_tensors(self.path("output"))


class Plain(nn.Module):
    """Two layers and a head, without anything random."""

    def __init__(self, stage):
        super().__init__()
        self.first = nn.Linear(4, 5)
        if stage > 1:
            self.second = nn.Linear(5, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, inputs):
        inputs = torch.tanh(self.first(inputs))
        if hasattr(self, "second"):
            inputs = torch.tanh(self.second(inputs))
        return self.head(inputs)


def loss(model, inputs, labels):
    return F.cross_entropy(model(inputs), labels)


def judge(model, inputs, labels):
    return scores(model(inputs), labels)


def load(task):
    return nets.load(task)


class StepTests(unittest.TestCase):
    """Steps against a plain loop, by numbers."""

    def setUp(self):
        self.asked = Asked(self, model=Plain, stages=2, train=loss, evaluate=judge, data=load)
        self.values = self.asked.first(2)

    def loop(self, make, correction=0.0, proximal=0.0, clip=None, epochs=2):
        """The values after as many steps of a loop that anybody would write."""
        module = Plain(2)
        module.load_state_dict(
            {name.split(".", 1)[1]: torch.from_numpy(v.copy()) for name, v in self.values.items()}
        )
        anchor = [p.detach().clone() for p in module.parameters()]
        optimizer = make(module)
        inputs, labels = nets.load(Task({"call": "count", "client": 0, "data": None, "samples": None}))
        order = np.random.Generator(np.random.PCG64(5))
        for _ in range(epochs):
            shuffled = torch.from_numpy(order.permutation(len(labels)))
            for places in shuffled.split(8):
                optimizer.zero_grad()
                F.cross_entropy(module(inputs[places]), labels[places]).backward()
                if clip is not None:
                    nn.utils.clip_grad_norm_(module.parameters(), clip)
                for p, a in zip(module.parameters(), anchor):
                    p.grad += correction + proximal * (p.detach() - a)
                optimizer.step()
        return {name: p.detach().numpy() for name, p in module.named_parameters()}

    def check(self, values, loop):
        for name, value in values.items():
            np.testing.assert_allclose(value, loop[name.split(".", 1)[1]], rtol=2e-5, atol=2e-6)

    def test_sgd(self):
        answer, values = self.asked.train(self.values, 2)
        self.check(values, self.loop(lambda m: torch.optim.SGD(m.parameters(), 0.1)))
        self.assertEqual((answer["samples"], answer["steps"]), (61, 16))

    def test_sgd_with_everything(self):
        more = {"momentum": 0.9, "nesterov": True, "weightDecay": 0.01, "clipNorm": 0.5}
        _, values = self.asked.train(self.values, 2, **more, proximal=0.3)
        expected = self.loop(
            lambda m: torch.optim.SGD(m.parameters(), 0.1, 0.9, nesterov=True, weight_decay=0.01),
            proximal=0.3,
            clip=0.5,
        )
        self.check(values, expected)
        _, unclipped = self.asked.train(self.values, 2, **{**more, "clipNorm": None}, proximal=0.3)
        self.assertFalse(np.allclose(values["head2.head.weight"], unclipped["head2.head.weight"]))

    def test_adam(self):
        more = {"optimizer": "adam", "momentum": 0.8, "beta2": 0.95, "epsilon": 1e-6}
        _, values = self.asked.train(self.values, 2, **more)
        self.check(
            values,
            self.loop(lambda m: torch.optim.Adam(m.parameters(), 0.1, (0.8, 0.95), eps=1e-6)),
        )

    def test_corrections(self):
        path = self.asked.path("correction")
        write_tensors(path, {name: np.full_like(v, 0.05) for name, v in self.values.items()})
        _, values = self.asked.train(self.values, 2, correction=path)
        expected = self.loop(lambda m: torch.optim.SGD(m.parameters(), 0.1), correction=0.05)
        self.check(values, expected)
        write_tensors(path, {"block1.first.weight": self.values["block1.first.weight"]})
        with self.assertRaises(TrainerError):
            self.asked.train(self.values, 2, correction=path)

    def test_rates_of_segments(self):
        rates = {"block1": 0.0, "block2": 0.2, "head2": 0.1}
        _, values = self.asked.train(self.values, 2, rates=rates)

        def make(module):
            groups = [(module.first, 0.0), (module.second, 0.2), (module.head, 0.1)]
            return torch.optim.SGD([{"params": m.parameters(), "lr": r} for m, r in groups], 0.1)

        self.check(values, self.loop(make))

    def test_segments_that_are_not_trained_stay(self):
        _, values = self.asked.train(self.values, 2, trained=["block2", "head2"])
        self.assertEqual({name.split(".")[0] for name in values}, {"block2", "head2"})

        def make(module):
            module.first.requires_grad_(False)
            module.first.weight.grad = torch.zeros(5, 4)
            module.first.bias.grad = torch.zeros(5)
            parameters = [*module.second.parameters(), *module.head.parameters()]
            optimizer = torch.optim.SGD(parameters, 0.1)
            return optimizer

        self.check(values, self.loop(make))

    def test_an_optimizer_of_ones_own(self):
        asked = Asked(
            self,
            model=Plain,
            stages=2,
            train=loss,
            data=load,
            optimizer=lambda groups, task: torch.optim.Adagrad(groups),
        )
        self.assertNotIn("optimizers", asked.trainer.describe({}))
        _, values = asked.train(self.values, 2)
        self.check(values, self.loop(lambda m: torch.optim.Adagrad(m.parameters(), 0.1)))

    def test_losses_above_the_limit_are_skipped(self):
        answer, _ = self.asked.train(self.values, 2, lossLimit=1.05)
        self.assertGreater(answer["skippedSteps"], 0)
        self.assertEqual(answer["steps"] + answer["skippedSteps"], 16)
        with self.assertRaises(Diverged):
            self.asked.train(self.values, 2, lossLimit=0.0)

    def test_what_is_not_finite_diverges(self):
        for setting in ({"rates": {"block1": 1e38, "block2": 1e38, "head2": 1e38}}, {}):
            values = dict(self.values)
            if not setting:
                values["head2.head.bias"] = np.array([np.nan, 0, 0], dtype=np.float32)
            with self.assertRaises(Diverged):
                self.asked.train(values, 2, **setting)

    def test_a_loss_must_be_one_number(self):
        for wrong in (lambda m, x, y: m(x), lambda m, x, y: 1.0):
            asked = Asked(self, model=Plain, stages=2, train=wrong, data=load)
            with self.assertRaisesRegex(TrainerError, "mean loss"):
                asked.train(self.values, 2)

    def test_a_client_without_samples(self):
        asked = Asked(self, model=Plain, stages=2, train=loss, data=lambda task: None)
        with self.assertRaises(NoData):
            asked.train(self.values, 2)


class BufferTests(unittest.TestCase):
    """Running statistics, dropout, and what no file has."""

    def setUp(self):
        self.asked = Asked(self, model=nets.Net, stages=3, train=self.train, data=nets.load)
        self.counts = []

    def train(self, model, inputs, labels):
        self.counts.append(int(model.blocks[0][1].num_batches_tracked))
        self.modes = [model.training] + [block[1].training for block in model.blocks]
        return F.cross_entropy(model(inputs), labels)

    def test_roles(self):
        roles = {e.name: e.buffer for e in self.asked.trainer.layout.segment("block1")}
        self.assertEqual(
            roles,
            {
                "blocks.0.0.weight": False,
                "blocks.0.0.bias": False,
                "blocks.0.1.weight": False,
                "blocks.0.1.bias": False,
                "blocks.0.1.running_mean": True,
                "blocks.0.1.running_var": True,
            },
        )

    def test_running_statistics_move_where_they_are_trained(self):
        values = self.asked.first(2)
        _, trained = self.asked.train(values, 2)
        name = "block1.blocks.0.1.running_mean"
        self.assertTrue(np.abs(trained[name]).max() > 0)
        self.assertEqual(self.modes, [True, True, True])
        _, trained = self.asked.train(values, 2, trained=["block2", "head2"])
        self.assertNotIn(name, trained)
        self.assertTrue(np.abs(trained["block2.blocks.1.1.running_mean"]).max() > 0)
        self.assertEqual(self.modes, [True, False, True])

    def test_what_no_file_has_begins_anew(self):
        values = self.asked.first(1)
        for _ in range(2):
            self.counts.clear()
            self.asked.train(values)
            self.assertEqual(self.counts[:2], [0, 1])

    def test_a_single_last_sample_joins_the_batch_before(self):
        sizes = []

        def train(model, inputs, labels):
            sizes.append(len(inputs))
            return F.cross_entropy(model(inputs), labels)

        asked = Asked(self, model=nets.Net, stages=1, train=train, data=nets.load)
        answer, _ = asked.train(asked.first(1), batch=20, epochs=1)
        self.assertEqual((sizes, answer["steps"]), ([20, 20, 21], 3))


class EvaluationTests(unittest.TestCase):
    """What an `evaluate` function may return."""

    def total(self, evaluate, data=nets.load, **more):
        asked = Asked(self, model=Plain, stages=2, train=loss, evaluate=evaluate, data=data)
        write_tensors(asked.path("model"), asked.first(1))
        members = {
            "call": "evaluate",
            "client": 0,
            "data": None,
            "samples": None,
            "stage": 1,
            "segments": [{"name": "block1"}, {"name": "head1"}],
            "model": asked.path("model"),
            "part": "all",
            "batch": 7,
        }
        return asked.trainer.evaluate(Task({**members, **more}))

    def test_scores_and_tuples_agree(self):
        def means(model, inputs, labels):
            logits = model(inputs)
            return F.cross_entropy(logits, labels), (logits.argmax(1) == labels).sum()

        by_scores, by_means = self.total(judge), self.total(means)
        self.assertEqual(by_scores["correct"], by_means["correct"])
        self.assertEqual((by_scores["samples"], by_scores["points"]), (61, 61))
        self.assertAlmostEqual(by_scores["loss"], by_means["loss"], places=3)

    def test_points_and_losses_alone(self):
        pointed = self.total(lambda m, x, y: (torch.tensor(0.5), 3, 4))
        self.assertEqual((pointed["points"], pointed["correct"]), (36, 27))
        self.assertAlmostEqual(pointed["loss"], 0.5 * 61)
        self.assertEqual(self.total(lambda m, x, y: 0.5)["correct"], 0)

    def test_divided_samples(self):
        def divided(task):
            inputs, labels = nets.load(task)
            return Split((inputs[:50], labels[:50]), (inputs[50:], labels[50:]))

        self.assertEqual(self.total(judge, divided, part="heldOut")["samples"], 11)
        self.assertEqual(self.total(judge, divided, part="all")["samples"], 61)

    def test_what_cannot_be_scored_is_refused(self):
        with self.assertRaises(Diverged):
            self.total(lambda m, x, y: float("nan"))
        with self.assertRaises(TrainerError):
            self.total(lambda m, x, y: scores(m(x), y + 5))
        with self.assertRaises(TrainerError):
            self.total(None)


if __name__ == "__main__":
    unittest.main()
