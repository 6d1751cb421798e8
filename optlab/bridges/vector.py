"""Parameters of a torch network as the vector that a rule of the lab takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from optlab.errors import UserError

Array = NDArray[Any]
Closure = Callable[[], Any]


class Vector:
    """The parameters of a group as one flat vector x, with the gradient g, in main memory.

    `still` says of each entry whether its parameter has no gradient, `is_still` of each parameter.
    """

    def __init__(self, params: Sequence[torch.Tensor]) -> None:
        self.params = params
        if len(kinds := {p.dtype for p in params}) > 1 or not kinds <= {torch.float32, torch.float64}:
            found = ", ".join(sorted(map(str, kinds)))
            raise UserError(f"parameters of a group are all torch.float32 or all torch.float64, and here are {found}")
        if any(p.grad is not None and p.grad.is_sparse for p in params):
            raise UserError("a gradient is sparse, and rules of the lab take dense ones: leave sparse=True out")
        self.shapes = tuple(tuple(p.shape) for p in params)
        self.slopes = [p.grad for p in params]
        self.is_still = [slope is None for slope in self.slopes]
        self.still = np.repeat(self.is_still, [p.numel() for p in params])
        self.x = flat(params)
        self.g = self._gradient()

    def _gradient(self) -> Array:
        """The gradient that the parameters have now; 0 where there is none."""
        return flat([torch.zeros_like(p) if p.grad is None else p.grad for p in self.params])

    def write(self, x: Array) -> None:
        """Move the parameters to x."""
        parts = torch.from_numpy(x).split([p.numel() for p in self.params])
        for p, part in zip(self.params, parts, strict=True):
            p.copy_(part.view_as(p))

    def elsewhere(self, p: Array, evaluate: Closure | None) -> tuple[float, Array]:
        """The loss and the gradient at another point, by the closure; the parameters are put back."""
        if evaluate is None:
            raise UserError("a gradient is asked for elsewhere than at x: give step a closure that returns the loss")
        self.write(np.asarray(p, dtype=self.x.dtype))
        loss = float(plain(evaluate()))
        gradient = self._gradient()
        self.write(self.x)
        return loss, gradient

    def hvp(self, v: Array) -> Array:
        """The Hessian at x times v, through the graph of the gradient."""
        pairs = [(slope, p) for slope, p in zip(self.slopes, self.params, strict=True) if slope is not None]
        if not all(slope.requires_grad for slope, _ in pairs):
            raise UserError("hvp needs the graph of the gradient: call loss.backward(create_graph=True) in the closure")
        along = torch.from_numpy(np.asarray(v, dtype=self.x.dtype)).split([p.numel() for p in self.params])
        along = [part.view_as(p) for part, p, still in zip(along, self.params, self.is_still, strict=True) if not still]
        slopes, params = zip(*pairs, strict=True)
        found = torch.autograd.grad(slopes, params, along, retain_graph=True, allow_unused=True)
        products = dict(zip(params, found, strict=True))
        return flat([torch.zeros_like(p) if products.get(p) is None else products[p] for p in self.params])

    def release(self) -> None:
        """Let go of the graph of a gradient, which would otherwise keep itself alive."""
        for p in self.params:
            if p.grad is not None:
                p.grad = p.grad.detach()


def unknown_there(_: Array) -> Array:
    raise UserError("hvp is to be had at x alone, and what is around the rule takes it elsewhere")


def flat(tensors: Sequence[torch.Tensor]) -> Array:
    return np.concatenate([t.detach().cpu().numpy().reshape(-1) for t in tensors])


def plain(value: Any) -> Any:
    """A number, which in torch may also be a tensor."""
    return value.detach().item() if isinstance(value, torch.Tensor) else value
