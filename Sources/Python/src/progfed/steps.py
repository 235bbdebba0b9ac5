"""Steps of a client's optimizer over PyTorch modules: what is trained, and how each step is made."""

from __future__ import annotations

import torch

from .errors import Diverged, TrainerError
from .tensorfile import TensorFileError, read_tensors


class Step:
    """One step after the other of a client's optimizer."""

    def __init__(self, task, parameters, rates, make):
        self.task = task
        self.parameters = [p for group in parameters.values() for _, p in group]
        if not self.parameters:
            raise TrainerError("none of the segments to train has a parameter")
        groups = [
            {"params": [p for _, p in group], "lr": rates[segment]}
            for segment, group in parameters.items()
            if group
        ]
        self.optimizer = (make or _optimizer)(groups, task)
        self.anchor = [p.detach().clone() for p in self.parameters] if task.proximal else None
        self.correction = None
        if task.correction is not None:
            values = read(task.correction)
            names = [name for group in parameters.values() for name, _ in group]
            try:
                self.correction = [
                    torch.from_numpy(values[name]).to(p) for name, p in zip(names, self.parameters)
                ]
            except KeyError as error:
                raise TrainerError(f"{error} isn't in {task.correction}") from None

    def make(self, loss, number):
        """A step along the gradients of `loss`; clipped, then corrected, then pulled back."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        task, parameters = self.task, self.parameters
        if task.clip_norm is not None:
            norm = torch.nn.utils.clip_grad_norm_(parameters, task.clip_norm)
            if not torch.isfinite(norm):
                raise Diverged(f"the gradient of step {number} isn't finite")
        with torch.no_grad():
            for place, parameter in enumerate(parameters):
                if parameter.grad is None:
                    if self.correction is None and self.anchor is None:
                        continue
                    parameter.grad = torch.zeros_like(parameter)
                if self.correction is not None:
                    parameter.grad.add_(self.correction[place])
                if self.anchor is not None:
                    difference = parameter - self.anchor[place]
                    parameter.grad.add_(difference, alpha=task.proximal)
        self.optimizer.step()


def _optimizer(groups, task):
    """The optimizer that the topology asks for."""
    if task.optimizer == "adam":
        return torch.optim.Adam(
            groups,
            betas=(task.momentum, task.beta2),
            eps=task.epsilon,
            weight_decay=task.weight_decay,
        )
    return torch.optim.SGD(
        groups,
        lr=task.learning_rate,
        momentum=task.momentum,
        nesterov=task.nesterov and task.momentum > 0,
        weight_decay=task.weight_decay,
    )


def prepare(module, tensors, rates):
    """Makes the module train some segments alone; their parameters, by segment, with names."""
    groups = {segment: [] for segment in rates}
    frozen = set()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    for name, (tensor, entry) in tensors.items():
        segment = name.split(".", 1)[0]
        if segment not in rates:
            frozen.add(id(tensor))
        elif not entry.buffer:
            tensor.requires_grad_(True)
            groups[segment].append((name, tensor))
    module.train()
    # Layers of segments that aren't trained use their running statistics.
    for part in module.modules():
        own = list(part.parameters(recurse=False)) + list(part.buffers(recurse=False))
        if any(id(tensor) in frozen for tensor in own):
            part.training = False
    return groups


def read(path):
    try:
        return read_tensors(path)
    except (OSError, TensorFileError) as error:
        raise TrainerError(str(error)) from None
