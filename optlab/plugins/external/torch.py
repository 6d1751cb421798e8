"""Optimizers of `torch.optim`, on the parameter tensors of a problem."""

from __future__ import annotations

import functools
import inspect
import math
from typing import Any

import torch

from optlab.plugins.external.base import Arguments, Array, Foreign, Look, Shapes, Step, described, options

WHAT = "torch:NAME is a class of torch.optim"
NOT_OFFERED = ("params", "maximize", "foreach", "fused", "capturable", "differentiable")
"""Options that select torch's implementation, or are not hyperparameters."""
INSTEAD = {
    "Muon": "it accepts matrices only, and problems have vectors too; write muon, which is optlab's own",
    "SparseAdam": "it accepts sparse gradients only, and gradients here are dense; write torch:Adam",
}
"""Optimizers that are not available, and what to write instead."""


def names() -> list[str]:
    """The public optimizers of this version of torch."""
    public = [name for name, kind in vars(torch.optim).items() if _is_optimizer(kind) and not name.startswith("_")]
    return [name for name in public if name not in INSTEAD]


def _is_optimizer(kind: Any) -> bool:
    base = torch.optim.Optimizer
    return inspect.isclass(kind) and issubclass(kind, base) and kind is not base


def optimizer(name: str) -> Foreign:
    """An optimizer by its name in `torch.optim`."""
    kind = getattr(torch.optim, name)
    read = options(inspect.signature(kind).parameters.values(), NOT_OFFERED)
    return described("torch", name, read, ("torch",), begin=functools.partial(_begin, kind))


def _begin(kind: type[torch.optim.Optimizer], start: Array, tensors: Shapes, arguments: Arguments) -> Step:
    flat = torch.from_numpy(start.copy())  # the parameters are views of this tensor
    sizes = [math.prod(shape) for shape in tensors]
    params = [torch.nn.Parameter(part.view(shape)) for part, shape in zip(flat.split(sizes), tensors, strict=True)]
    made = kind(params, **arguments)
    rates = [group["lr"] for group in made.param_groups]

    def step(look: Look, factor: float) -> Array:
        for group, rate in zip(made.param_groups, rates, strict=True):
            group["lr"] = rate * factor

        def closure() -> Any:
            loss, g = look(flat.numpy())
            for p, part in zip(params, torch.from_numpy(g).split(sizes), strict=True):
                p.grad = part.view(p.shape)
            return torch.tensor(loss, dtype=flat.dtype)

        made.step(closure)
        return flat.numpy()

    return step
