"""Trainers of PyTorch modules.

    progfed.trainer(
        model=Net,           # a function from the stage, from 1, to an nn.Module
        stages=3,            # how many there are
        train=loss,          # loss(module, *batch) -> the mean loss of the batch
        evaluate=judge,      # judge(module, *batch) -> progfed.scores(logits, labels)
        data=load,           # load(task) -> (inputs, labels), or a data set, or progfed.Split
    )

The module of each stage has the tensors of the one before, by the same names, but for its head. What
a name begins with tells heads: `heads`, by default "head" and "heads"; a function `heads(stage,
name)` may tell them. Where no name begins so, what is there in one stage alone is its head.

More settings: `name`, the model's; `classes`, their number or names; `points_per_sample`, the
predictions of each sample; `example`, a batch of one sample, by which the operations of a training
are counted, or `flops`, a list of them, stage by stage, for one sample;
`carry_heads` and `stack_blocks`, true if a new head, or block, begins as the one before; `local`,
what names of tensors begin with that stay in the trainer and never change; `optimizer`, a function
of parameter groups and task in place of the topology's; `collate`, as a DataLoader's; `device`;
`kept`, for how many clients samples are kept in memory.
"""

from __future__ import annotations

import math
import os

import numpy as np

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # Sums in a fixed order.

import torch  # noqa: E402

from .errors import Diverged, NoData, TrainerError  # noqa: E402
from .layouts import discover  # noqa: E402
from .manifest import manifest  # noqa: E402
from .samples import SampleStore  # noqa: E402
from .scores import tally  # noqa: E402
from .steps import Step, prepare, read  # noqa: E402
from .tensorfile import write_tensors  # noqa: E402


class ModuleTrainer:
    """Answers requests with PyTorch modules; the settings are those of this file's head."""

    def __init__(
        self,
        *,
        model,
        stages,
        train,
        evaluate=None,
        data=None,
        name=None,
        heads=("head", "heads"),
        classes=None,
        points_per_sample=1,
        flops=None,
        example=None,
        carry_heads=False,
        stack_blocks=False,
        local=(),
        optimizer=None,
        collate=None,
        device=None,
        kept=16,
    ):
        if not isinstance(stages, int) or not 1 <= stages <= 100:
            raise ValueError(f"stages is {stages!r}; give the number of stages, 1 to 100")
        self.build = model
        self.train_step = train
        self.evaluate_step = evaluate
        self.name = name or getattr(model, "__name__", "model").strip("<>")
        self.make_optimizer = optimizer
        self.local = tuple(local)
        self.example = example
        self.told = {
            "classes": classes,
            "points_per_sample": points_per_sample,
            "flops": flops,
            "carry_heads": carry_heads,
            "stack_blocks": stack_blocks,
        }
        collate = collate or torch.utils.data.default_collate
        self.store = SampleStore(data, kept, collate)
        _use_machine()
        self.device = torch.device(device) if device else _best_device()
        self.stages = stages
        self.heads = heads
        self.built = {}
        self._layout = None

    # MARK: The model

    @property
    def layout(self):
        """The blocks and heads, found when they are asked for first."""
        if self._layout is None:
            modules = [self._fresh(stage, 0) for stage in range(1, self.stages + 1)]
            self._layout = discover(modules, self.heads, self.local)
        return self._layout

    def _fresh(self, stage, seed):
        """A new module of a stage, its values drawn from a seed."""
        torch.manual_seed(seed)
        module = self.build(stage)
        if not isinstance(module, torch.nn.Module):
            raise TrainerError(f"model({stage}) returned a {type(module).__name__}, not a module")
        return module

    def _stage(self, stage):
        """The module of a stage with the state that no file has as in a fresh one."""
        if not 1 <= stage <= self.stages:
            raise TrainerError(f"stage {stage} of {self.stages}")
        if stage not in self.built:
            module = self._fresh(stage, 0).to(self.device)
            self.built[stage] = module, _untold(module, self.layout, stage)
        module, untold = self.built[stage]
        with torch.no_grad():
            for tensor, value in untold:
                tensor.copy_(value)
        return module

    def _tensors(self, module, segments):
        """The module's tensors by their names in files, for the given segments."""
        state = module.state_dict(keep_vars=True)
        return {
            f"{segment}.{entry.name}": (state[entry.name], entry)
            for segment in segments
            for entry in self.layout.segment(segment)
        }

    def _load(self, module, stage, task):
        """Copies the values of the task's file into the module."""
        names = [segment.name for segment in task.segments]
        if names != self.layout.names(stage):
            raise TrainerError(
                f"the model of stage {stage} has {', '.join(self.layout.names(stage))}; "
                f"asked for were {', '.join(names)}"
            )
        values = read(task.model)
        tensors = self._tensors(module, names)
        with torch.no_grad():
            for name, (tensor, _) in tensors.items():
                value = values.get(name)
                if value is None or tuple(value.shape) != tuple(tensor.shape):
                    found = "isn't there" if value is None else f"is {list(value.shape)}"
                    raise TrainerError(
                        f"“{name}” {found} in {task.model}; it must be {list(tensor.shape)}"
                    )
                tensor.copy_(torch.from_numpy(value))
        return tensors

    def _operations(self, stage):
        """The multiplications and additions of a training step for one sample."""
        try:
            from torch.utils.flop_counter import FlopCounterMode
        except ImportError:
            raise TrainerError("this PyTorch counts no operations; give flops=…") from None
        module = self._fresh(stage, 0).eval()  # A norm in training needs more than one sample.
        with FlopCounterMode(display=False) as counter:
            returned = self.train_step(module, *(_tensor(part, "cpu") for part in self.example))
            loss = returned[0] if isinstance(returned, tuple) else returned
            loss.backward()
        return counter.get_total_flops()

    # MARK: Answers

    def describe(self, options):
        """The manifest, and what is obeyed."""
        supports = ["rates", "lossLimit", "clipNorm", "proximal", "correction", "perClass"]
        supports.append("confusion")
        if self.told["flops"] is None and self.example is not None:
            self.told["flops"] = [self._operations(n) for n in range(1, self.stages + 1)]
        answer = {
            "trainer": f"progfed for Python, PyTorch {torch.__version__}",
            "supports": supports,
            "manifest": manifest(self.name, self.layout, **self.told),
        }
        if self.make_optimizer is None:
            answer["optimizers"] = ["sgd", "adam"]
        return answer

    def initialize(self, task):
        """Writes first values: a segment's are those of a fresh module of its stage."""
        values = {}
        for segment in task.segments:
            module = self._fresh(self.layout.stage(segment.name), task.seed)
            values.update(_arrays(self._tensors(module, [segment.name])))
        write_tensors(task.output, values)

    def count(self, task):
        """The numbers of the client's samples."""
        train, held_out = self.store.of(task)
        return {"samples": len(train), "heldOut": len(held_out)}

    def train(self, task):
        """Trains on the client's samples and writes the values that come of it."""
        task.device = self.device
        samples, _ = self.store.of(task)
        if len(samples) == 0:
            raise NoData("the client has no samples to train on")
        module = self._stage(task.stage)
        tensors = self._load(module, task.stage, task)
        torch.manual_seed(task.seed)
        rates = task.rates
        trained = [segment.name for segment in task.segments if segment.trained]
        parameters = prepare(module, tensors, rates)
        step = Step(task, parameters, rates, self.make_optimizer)
        task._count, task._passes = len(samples), task.epochs
        batches = _without_singles(task.batches(), module)
        (learned, loss_sum, steps, skipped, totals) = (0, 0.0, 0, 0, {})
        for places in batches:
            batch = self._placed(samples.batch(places))
            returned = self.train_step(module, *batch)
            loss, metrics = returned if isinstance(returned, tuple) else (returned, {})
            if not isinstance(loss, torch.Tensor) or loss.dim() != 0:
                raise TrainerError("train must return the mean loss of the batch, one number")
            value = loss.item()
            if not math.isfinite(value):
                raise Diverged(f"the loss of step {steps + skipped + 1} isn't finite")
            if value > task.loss_limit:
                skipped += 1
                continue
            step.make(loss, steps + skipped + 1)
            steps += 1
            learned += len(places)
            loss_sum += value * len(places)
            for key, metric in metrics.items():
                totals[key] = totals.get(key, 0.0) + float(metric) * len(places)
        if steps == 0:
            raise Diverged(f"all {skipped} steps had a loss above {task.loss_limit}")
        values = _arrays({n: t for n, t in tensors.items() if n.split(".", 1)[0] in trained})
        for name, value in values.items():
            if not np.isfinite(value).all():
                raise Diverged(f"“{name}” is no longer finite")
        write_tensors(task.output, values)
        answer = {"samples": len(samples), "loss": loss_sum / learned, "steps": steps}
        if skipped:
            answer["skippedSteps"] = skipped
        if totals:
            answer["metrics"] = {key: total / learned for key, total in totals.items()}
        return answer

    def evaluate(self, task):
        """Counts and sums over what the client holds out, or all of its samples."""
        if self.evaluate_step is None:
            raise TrainerError("this trainer has no evaluate function; give it evaluate=…")
        task.device = self.device
        total = None
        train, held_out = self.store.of(task)
        parts = [held_out] if task.part == "heldOut" else [train, held_out]
        if not any(len(samples) for samples in parts):
            raise NoData("the client has no samples to evaluate on")
        module = self._stage(task.stage)
        self._load(module, task.stage, task)
        module.eval()
        torch.manual_seed(0)
        count, done = sum(len(samples) for samples in parts), 0
        with torch.inference_mode():
            for samples in parts:
                for start in range(0, len(samples), task.batch):
                    task.check()
                    task.progress(done / count)
                    places = np.arange(start, min(len(samples), start + task.batch))
                    batch = self._placed(samples.batch(places))
                    scores = tally(self.evaluate_step(module, *batch), len(places))
                    total = scores if total is None else total + scores
                    done += len(places)
        if not math.isfinite(total.loss):
            raise Diverged("the loss isn't finite")
        return total.answer(task.per_class)

    def _placed(self, batch):
        """The batch as tensors on the device."""
        return tuple(_tensor(part, self.device) for part in batch)


def _without_singles(batches, module):
    """The batches; one of a single sample is joined with the one before where a norm needs two."""
    norms = (torch.nn.modules.batchnorm._BatchNorm,)
    if not any(isinstance(part, norms) and part.training for part in module.modules()):
        yield from batches
        return
    last = None
    for places in batches:
        if last is not None and len(places) == 1:
            places = np.concatenate([last, places])
        elif last is not None:
            yield last
        last = places
    if last is not None:
        yield last


def _untold(module, layout, stage):
    """The tensors of a module that no file has, with copies of what they are in a fresh one."""
    told = {entry.name for name in layout.names(stage) for entry in layout.segment(name)}
    state = module.state_dict(keep_vars=True)
    known = {id(state[name]) for name in told}
    every = list(module.named_parameters()) + list(module.named_buffers())
    return [(t, t.detach().clone()) for _, t in every if id(t) not in known]


def _arrays(tensors):
    """The values of tensors as arrays of 32-bit floats."""
    return {
        name: tensor.detach().to("cpu", torch.float32).numpy()
        for name, (tensor, _) in tensors.items()
    }


def _tensor(part, device):
    if isinstance(part, np.ndarray):
        part = torch.from_numpy(np.ascontiguousarray(part))
    return part.to(device, non_blocking=True) if isinstance(part, torch.Tensor) else part


def _best_device():
    """An accelerator if PyTorch has one, for each trainer another one where there are several."""
    if torch.cuda.is_available():
        lane = int(os.environ.get("PROGFED_LANE", "0"))
        return torch.device("cuda", lane % torch.cuda.device_count())
    mps = getattr(torch.backends, "mps", None)
    return torch.device("mps" if mps is not None and mps.is_available() else "cpu")


def _use_machine():
    """Obeys the number of threads that the worker gives, and sums in a fixed order."""
    if os.environ.get("PROGFED_THREADS", "").isdigit():
        torch.set_num_threads(max(1, int(os.environ["PROGFED_THREADS"])))
    torch.use_deterministic_algorithms(True, warn_only=True)
    if hasattr(torch.utils, "deterministic"):
        torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = False
