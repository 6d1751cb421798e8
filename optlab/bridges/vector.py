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

KINDS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


class Vector:
    """The parameters of a group as one flat vector x, with the gradient g, in main memory.

    It is float64 if any of them is, and float32 otherwise. `still` says of each entry whether its parameter has no
    gradient, `is_still` of each parameter. A sparse gradient is taken as a dense one where `takes_sparse`, and refused
    elsewhere.
    """

    def __init__(self, params: Sequence[torch.Tensor], takes_sparse: bool = False) -> None:
        self.params = params
        if others := sorted({str(p.dtype) for p in params} - set(map(str, KINDS))):
            raise UserError(f"parameters are {', '.join(map(str, KINDS))}, and here are {', '.join(others)}")
        if not takes_sparse and any(p.grad is not None and p.grad.is_sparse for p in params):
            raise UserError(
                "a gradient is sparse, and a rule that remembers something takes dense ones: leave sparse=True out"
            )
        self.kind = torch.float64 if any(p.dtype == torch.float64 for p in params) else torch.float32
        self.shapes = tuple(tuple(p.shape) for p in params)
        self.slopes = [p.grad for p in params]
        self.is_still = [slope is None for slope in self.slopes]
        self.still = np.repeat(self.is_still, [p.numel() for p in params])
        self.x = self.flat(params)
        self.g = self._gradient()
        self.loss: Any = None

    def flat(self, tensors: Sequence[torch.Tensor]) -> Array:
        """Tensors as one array, in the type of x."""
        parts = [t.detach().to_dense().cpu().to(self.kind).numpy().reshape(-1) for t in tensors]
        return np.concatenate([*parts, np.empty(0, str(self.kind).removeprefix("torch."))])

    def _gradient(self) -> Array:
        """The gradient that the parameters have now; 0 where there is none."""
        return self.flat([torch.zeros_like(p) if p.grad is None else p.grad for p in self.params])

    def write(self, x: Array) -> None:
        """Move the parameters to x."""
        for p, part in zip(self.params, self._parts(x), strict=True):
            p.copy_(part)

    def _parts(self, x: Array) -> list[torch.Tensor]:
        parts = torch.from_numpy(np.asarray(x, dtype=self.x.dtype)).split([p.numel() for p in self.params])
        return [part.view(p.shape) for p, part in zip(self.params, parts, strict=True)]

    def elsewhere(self, p: Array, evaluate: Closure | None) -> tuple[float, Array]:
        """The loss and the gradient at another point, by the closure; the parameters are put back."""
        if evaluate is None:
            raise UserError("a gradient is asked for elsewhere than at x: give step a closure that returns the loss")
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
        """The Hessian at x times v, through the graph of the gradient. A gradient that is constant has none."""
        slopes = [slope for slope in self.slopes if slope is not None and slope.requires_grad]
        slopes = slopes or self._slopes_anew()
        moving = [n for n, still in enumerate(self.is_still) if not still]
        along = [part.to(p.dtype) for p, part in zip(self.params, self._parts(v), strict=True)]
        along = [along[n].to(self.params[n].device) for n in moving]
        products: dict[int, torch.Tensor] = {}
        if slopes:
            # the Hessian is symmetric: the slopes that are not constant, each along its own part of v
            own = [part for n, part in zip(moving, along, strict=True) if self._bends(n)]
            params = [self.params[n] for n in moving]
            found = torch.autograd.grad(slopes, params, own, retain_graph=True, allow_unused=True)
            products = {n: product for n, product in zip(moving, found, strict=True) if product is not None}
        return self.flat([products.get(n, torch.zeros_like(p)) for n, p in enumerate(self.params)])

    def _bends(self, number: int) -> bool:
        slope = self.slopes[number]
        return slope is not None and slope.requires_grad

    def _slopes_anew(self) -> list[torch.Tensor]:
        """Where no gradient has a graph: none, if it is because all are constant."""
        missing = UserError("hvp needs the graph of the gradient: call loss.backward(create_graph=True) in the closure")
        if not isinstance(self.loss, torch.Tensor) or not self.loss.requires_grad:
            raise missing
        params = [p for p, still in zip(self.params, self.is_still, strict=True) if not still]
        try:
            with torch.enable_grad():
                anew = torch.autograd.grad(self.loss, params, create_graph=True, retain_graph=True, allow_unused=True)
        except RuntimeError:  # the graph of the loss is gone
            raise missing from None
        if any(slope is not None and slope.requires_grad for slope in anew):
            raise missing
        return []

    def release(self) -> None:
        """Let go of the graph of a gradient, which would otherwise keep itself alive."""
        for p in self.params:
            if p.grad is not None:
                p.grad = p.grad.detach()


def unknown_there(_: Array) -> Array:
    raise UserError("hvp can be computed at x alone, and a transform around the rule asks for it at another point")


def plain(value: Any) -> Any:
    """A number, which in torch may also be a tensor."""
    return value.detach().item() if isinstance(value, torch.Tensor) else value
