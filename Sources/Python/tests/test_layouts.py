"""How blocks and heads are found in PyTorch modules, and what of them is counted."""

import os
import sys
import unittest

os.environ.setdefault("PROGFED_THREADS", "1")

import torch  # noqa: E402
from torch import nn  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs"))

import nets  # noqa: E402
from progfed import TrainerError  # noqa: E402
from progfed.layouts import discover  # noqa: E402
from progfed.modules import ModuleTrainer  # noqa: E402
from test_modules import Plain, load, loss  # noqa: E402


class Tied(nn.Module):
    """An embedding whose weights are the head's as well."""

    def __init__(self, stage):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(stage))
        self.norm = nn.LayerNorm(4)
        self.output = nn.Linear(4, 7, bias=False)
        self.output.weight = self.embedding.weight


class Chain(nn.Sequential):
    """A chain whose parts are called by numbers."""

    def __init__(self, stage):
        layers = [nn.Linear(3, 3) for _ in range(stage)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(3, 2))


class LayoutTests(unittest.TestCase):
    """Blocks and heads as they are found."""

    def names(self, build, stages=2, heads=("head", "heads"), local=()):
        layout = discover([build(stage) for stage in range(1, stages + 1)], heads, local)
        return [
            [[entry.name for entry in segment] for segment in kind]
            for kind in (layout.blocks, layout.heads)
        ]

    def test_by_words(self):
        blocks, heads = self.names(Plain)
        self.assertEqual(blocks, [["first.weight", "first.bias"], ["second.weight", "second.bias"]])
        self.assertEqual(heads, [["head.weight", "head.bias"]] * 2)

    def test_by_what_is_there_once(self):
        class Numbered(nn.Module):
            def __init__(self, stage):
                super().__init__()
                self.body = nn.ModuleList(nn.Linear(3, 3) for _ in range(stage))
                self.exits = nn.ModuleDict({f"e{stage}": nn.Linear(3, 2)})

        blocks, heads = self.names(Numbered, 3)
        self.assertEqual([len(block) for block in blocks], [2, 2, 2])
        self.assertEqual(heads[2], ["exits.e3.weight", "exits.e3.bias"])

    def test_of_a_chain(self):
        blocks, heads = self.names(Chain)
        self.assertEqual(blocks, [["0.weight", "0.bias"], ["1.weight", "1.bias"]])
        self.assertEqual(heads, [["2.weight", "2.bias"], ["3.weight", "3.bias"]])

    def test_weights_that_are_tied(self):
        blocks, heads = self.names(Tied, heads=("norm", "output"))
        self.assertEqual(blocks[0][0], "embedding.weight")
        self.assertEqual(heads[0], ["norm.weight", "norm.bias"])

    def test_by_a_function(self):
        blocks, heads = self.names(Plain, heads=lambda stage, name: name.startswith("head."))
        self.assertEqual(heads, [["head.weight", "head.bias"]] * 2)

    def test_what_stays_local(self):
        blocks, _ = self.names(Plain, local=("first.bias",))
        self.assertEqual(blocks[0], ["first.weight"])

    def test_what_cannot_be_found_is_told(self):
        with self.assertRaisesRegex(TrainerError, "heads="):
            self.names(Plain, heads=("nothing", "first", "second", "head"))
        with self.assertRaisesRegex(TrainerError, "heads="):
            self.names(lambda stage: nn.Linear(3, 3), stages=1)

        class Shrinking(nn.Module):
            def __init__(self, stage):
                super().__init__()
                self.layers = nn.ModuleDict({str(n): nn.Linear(2, 2) for n in (1, 2)[stage - 1 :]})
                self.head = nn.Linear(2, 2)

        with self.assertRaisesRegex(TrainerError, "layers.1"):
            self.names(Shrinking)

    def test_rules_give_values_like_fresh_ones(self):
        layout = discover([nets.Net(1)], ("head",), ())
        entries = {entry.name: entry for entry in layout.segment("block1")}
        weight, bias = entries["blocks.0.0.weight"], entries["blocks.0.0.bias"]
        self.assertEqual((weight.fan_in, bias.fan_in), (4, 4))
        self.assertEqual(entries["blocks.0.1.weight"].init, "ones")
        self.assertEqual(entries["blocks.0.1.bias"].init, "zeros")

        class Normal(Plain):
            def __init__(self, stage):
                super().__init__(stage)
                nn.init.normal_(self.first.weight, std=0.02)

        torch.manual_seed(0)
        entry = discover([Normal(1)], ("head",), ()).segment("block1")[0]
        self.assertAlmostEqual(entry.init["normal"], 0.02, delta=0.01)

    def test_heads_that_are_carried_on(self):
        trainer = ModuleTrainer(
            model=lambda stage: Plain(stage),
            stages=2,
            train=loss,
            name="plain",
            carry_heads=True,
            stack_blocks=True,
            flops=[10, 20],
            classes=["a", "b", "c"],
            points_per_sample=2,
        )
        told = trainer.describe({})["manifest"]
        self.assertEqual(told["stages"][1]["headFrom"], "head1")
        self.assertNotIn("blockFrom", told["stages"][1])
        self.assertEqual([stage["flops"] for stage in told["stages"]], [10, 20])
        self.assertEqual((told["classes"], told["pointsPerSample"]), (["a", "b", "c"], 2))


    def test_operations_are_counted(self):
        example = torch.zeros(1, 4), torch.zeros(1, dtype=torch.long)
        trainer = ModuleTrainer(
            model=Plain, stages=2, train=loss, name="plain", example=example, data=load
        )
        told = [stage["flops"] for stage in trainer.describe({})["manifest"]["stages"]]
        # Of a first layer of 4 to 5 the gradient of the input isn't needed.
        first, second, head = 2 * 4 * 5, 2 * 5 * 5, 2 * 5 * 3
        self.assertEqual(told, [2 * first + 3 * head, 2 * first + 3 * second + 3 * head])
