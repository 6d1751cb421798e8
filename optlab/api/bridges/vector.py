"""The parameters of a torch network as the flat vector that a rule of optlab takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from optlab.errors import UserError

Array = NDArray[Any]
Closure = Callable[[], Any]

KINDS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


class Vector:
    """The parameters of a group as one flat vector x, with the gradient g, in main memory.

    The vector is float64 if any parameter is, and float32 otherwise. `is_still` marks the parameters without a
    gradient, and `still` marks their entries in x. A sparse gradient is converted to a dense one if `takes_sparse` is
    set, and refused otherwise.
    """

    def __init__(self, params: Sequence[torch.Tensor], takes_sparse: bool = False) -> None:
        self.params = params
        if others := sorted({str(p.dtype) for p in params} - set(map(str, KINDS))):
            raise UserError(f"parameters must be {', '.join(map(str, KINDS))}, not {', '.join(others)}")
        if not takes_sparse and any(p.grad is not None and p.grad.is_sparse for p in params):
            raise UserError("a gradient is sparse, but a rule with state needs dense gradients: leave sparse=True out")
        self.kind = torch.float64 if any(p.dtype == torch.float64 for p in params) else torch.float32
        self.shapes = tuple(tuple(p.shape) for p in params)
        self.slopes = [p.grad for p in params]
        self.is_still = [slope is None for slope in self.slopes]
        self.still = np.repeat(self.is_still, [p.numel() for p in params])
        self.x = self.flat(params)
        self.g = self._gradient()
        self.loss: Any = None

    def flat(self, tensors: Sequence[torch.Tensor]) -> Array:
        """Tensors as one array in the dtype of x."""
        parts = [t.detach().to_dense().cpu().to(self.kind).numpy().reshape(-1) for t in tensors]
        return np.concatenate([*parts, np.empty(0, str(self.kind).removeprefix("torch."))])

    def _gradient(self) -> Array:
        """The current gradient of all parameters, 0 for a parameter without a gradient."""
        return self.flat([torch.zeros_like(p) if p.grad is None else p.grad for p in self.params])

    def write(self, x: Array) -> None:
        """Move the parameters to x."""
        for p, part in zip(self.params, self._parts(x), strict=True):
            p.copy_(part)

    def _parts(self, x: Array) -> list[torch.Tensor]:
        parts = torch.from_numpy(np.asarray(x, dtype=self.x.dtype)).split([p.numel() for p in self.params])
        return [part.view(p.shape) for p, part in zip(self.params, parts, strict=True)]

    def elsewhere(self, p: Array, evaluate: Closure | None) -> tuple[float, Array]:
        """The loss and the gradient at another point, from the closure. The parameters are restored afterwards."""
        if evaluate is None:
            raise UserError("a gradient is needed away from x: pass a closure that returns the loss to step")
        here = [parameter.detach().clone() for parameter in self.params]
        self.write(p)
        try:
            loss = float(plain(evaluate()))
            gradient = self._gradient()
        finally:
            for parameter, before in zip(self.params, here, strict=True):
                parameter.copy_(before)
        return loss, gradient

    def hvp(self, v: Array) -> Array:
        """The Hessian at x times v, from the graph of the gradient. Gradients that are constant have no graph."""
        slopes = [slope for slope in self.slopes if slope is not None and slope.requires_grad]
        slopes = slopes or self._no_slopes()
        moving = [n for n, still in enumerate(self.is_still) if not still]
        along = [part.to(p.dtype) for p, part in zip(self.params, self._parts(v), strict=True)]
        along = [along[n].to(self.params[n].device) for n in moving]
        products: dict[int, torch.Tensor] = {}
        if slopes:
            # the Hessian is symmetric, so H v is the derivative of the slopes that are not constant, weighted by v
            own = [part for n, part in zip(moving, along, strict=True) if self._has_graph(n)]
            params = [self.params[n] for n in moving]
            found = torch.autograd.grad(slopes, params, own, retain_graph=True, allow_unused=True)
            products = {n: product for n, product in zip(moving, found, strict=True) if product is not None}
        return self.flat([products.get(n, torch.zeros_like(p)) for n, p in enumerate(self.params)])

    def _has_graph(self, number: int) -> bool:
        slope = self.slopes[number]
        return slope is not None and slope.requires_grad

    def _no_slopes(self) -> list[torch.Tensor]:
        """An empty list if all gradients are constant; otherwise an error, because their graph is missing."""
        missing = UserError("hvp needs the graph of the gradient: call loss.backward(create_graph=True) in the closure")
        if not isinstance(self.loss, torch.Tensor) or not self.loss.requires_grad:
            raise missing
        params = [p for p, still in zip(self.params, self.is_still, strict=True) if not still]
        try:
            with torch.enable_grad():
                anew = torch.autograd.grad(self.loss, params, create_graph=True, retain_graph=True, allow_unused=True)
        except RuntimeError:  # the graph of the loss was freed
            raise missing from None
        if any(slope is not None and slope.requires_grad for slope in anew):
            raise missing
        return []

    def release(self) -> None:
        """Release the graph of each gradient. It contains a reference cycle, so it would not be freed otherwise."""
        for p in self.params:
            if p.grad is not None:
                p.grad = p.grad.detach()


def unknown_there(_: Array) -> Array:
    raise UserError("hvp can only be computed at x, but a transform of the rule needs it at another point")


def plain(value: Any) -> Any:
    """A number, or the value of a tensor with one entry."""
    return value.detach().item() if isinstance(value, torch.Tensor) else value
