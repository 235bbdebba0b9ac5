"""Blocks and heads of PyTorch modules, found by the names of their tensors."""

from __future__ import annotations

import math

import torch

from .errors import TrainerError
from .manifest import Entry, Layout


def discover(modules, heads, local):
    """The layout of the modules of all stages.

    A tensor whose name begins as one of `heads` belongs to its stage's head. If there is none in
    some stage, what the next stage lacks is a head, and of the last stage what is called as other
    heads are, or what comes last. All other tensors belong to the block of the stage in which they
    are there first. Tensors called as one of `local` belong to none.
    """
    tensors = [_tensors(module, local) for module in modules]
    found = _heads(tensors, heads)
    blocks, known = [], {}
    for stage, (here, head) in enumerate(zip(tensors, found), 1):
        body = [name for name in here if name not in head]
        for name, shape in known.items():
            if name not in here or name in head:
                raise TrainerError(
                    f"“{name}” is in a stage before {stage}, but not in the model of stage {stage}; "
                    "a model of a stage has all that the one before has, but for its head"
                )
            if tuple(here[name].shape) != shape:
                raise TrainerError(
                    f"“{name}” is {list(here[name].shape)} in stage {stage} and {list(shape)} "
                    "before; if it belongs to the head, tell so by heads=…"
                )
        new = [name for name in body if name not in known]
        if not new or not head:
            what = "head" if new else "block"
            raise TrainerError(
                f"no tensor is new in the {what} of stage {stage}; its head has {sorted(head)}. "
                "Tell what heads are called by heads=…, as in heads=('classifier',)"
            )
        known.update((name, tuple(here[name].shape)) for name in new)
        blocks.append([_entry(modules[stage - 1], name, here[name]) for name in new])
    return Layout(
        blocks,
        [
            [_entry(module, name, here[name]) for name in here if name in head]
            for module, here, head in zip(modules, tensors, found)
        ],
    )


def _tensors(module, local):
    """The tensors of floating numbers by their names, in the module's order, none of them twice."""
    found, seen = {}, set()
    for name, tensor in module.state_dict(keep_vars=True).items():
        if not isinstance(tensor, torch.Tensor) or id(tensor) in seen or _begins(name, local):
            continue
        seen.add(id(tensor))
        if tensor.is_floating_point():
            found[name] = tensor
        elif isinstance(tensor, torch.nn.Parameter):
            raise TrainerError(f"“{name}” is a parameter of {tensor.dtype}, which isn't supported")
    return found


def _begins(name, words):
    return any(name == word or name.startswith(word.rstrip(".") + ".") for word in words)


def _heads(tensors, heads):
    """The names of the tensors of each stage's head."""
    if callable(heads):
        return [
            {name for name in here if heads(stage, name)} for stage, here in enumerate(tensors, 1)
        ]
    told = [{name for name in here if _begins(name, heads)} for here in tensors]
    if all(told):
        return told
    if len(tensors) == 1:
        raise TrainerError(
            "no tensor of a model of one stage is called as a head; tell what its head is called "
            "by heads=…, as in heads=('classifier',)"
        )
    # No word for them: a head is what the next stage doesn't have.
    found = [
        {n for n, t in here.items() if n not in after or after[n].shape != t.shape}
        for here, after in zip(tensors, tensors[1:])
    ]
    words = {name.split(".")[0] for head in found for name in head}
    before = set().union(*(set(here) - head for here, head in zip(tensors, found)))
    new = [name for name in tensors[-1] if name not in before]
    last = {name for name in new if name.split(".")[0] in words}
    if not last or len(last) == len(new):
        last = {name for name in new if new and name.split(".")[0] == new[-1].split(".")[0]}
    return found + [last]


def _entry(module, name, tensor):
    """The manifest's entry of a tensor, with a rule that gives values like those of a fresh one."""
    buffer = not isinstance(tensor, torch.nn.Parameter) or not tensor.requires_grad
    value = tensor.detach().float().cpu()
    shape = tuple(value.shape)
    fan_in = math.prod(shape[1:]) if len(shape) > 1 else _fan_in_of_bias(module, name)
    if bool((value == 0).all()):
        return Entry(name, shape, buffer, fan_in, "zeros")
    if bool((value == 1).all()):
        return Entry(name, shape, buffer, fan_in, "ones")
    spread = float(value.std(unbiased=False)) if value.numel() > 1 else abs(float(value))
    if fan_in and 0.8 < spread * math.sqrt(3 * fan_in) < 1.25:
        return Entry(name, shape, buffer, fan_in)
    return Entry(name, shape, buffer, fan_in, {"normal": float(f"{spread:.2g}")})


def _fan_in_of_bias(module, name):
    """The fan-in of the weight beside a bias; None where there is none."""
    owner, _, own = name.rpartition(".")
    weight = getattr(module.get_submodule(owner), "weight", None) if own == "bias" else None
    if isinstance(weight, torch.Tensor) and weight.dim() > 1:
        return math.prod(weight.shape[1:])
    return None
