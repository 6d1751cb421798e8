"""An update rule of the lab as a `torch.optim.Optimizer`.

All parameters of a group are one vector for the rule, or the tensors that they are for a rule declared per="tensor".
The rule is called as the plain NumPy function that it is, on copies of parameters and gradients in main memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, overload

import numpy as np
from numpy.typing import NDArray

from optlab import registry, signature
from optlab.composition import Advance, Point, Rule, memory
from optlab.errors import MissingPackage, UserError, did_you_mean
from optlab.foreign import Foreign
from optlab.optimizers.base import Optimizer
from optlab.randomness import generator

try:
    import torch
except ImportError:
    raise MissingPackage("torch is not installed; pip install 'optlab[torch]'") from None

Array = NDArray[Any]
Closure = Callable[[], Any]

BY_CLOSURE = ("f", "loss", "grad", "hvp")
"""What only a closure can tell."""

NUMBER = "step number"
"""Beside the states by their names; no state can have such a one."""


class RuleOptimizer(torch.optim.Optimizer):
    """A rule of the lab, driven as any optimizer of torch; `as_torch` makes a class of its own for each rule.

    What a rule may ask for beside the gradient: `t`; `steps`, which is then to be given like a hyperparameter; `f`,
    `loss(p)` and `grad(p)`, for which `step` is to be given a closure, called once more for each point p; `hvp(v)`, for
    which the closure is to call `loss.backward(create_graph=True)`; and `rng`, which starts from torch's seed.

    A parameter without a gradient stays as it is, with what is remembered of it. The state is that of the whole group
    and is kept with the group's first parameter.
    """

    rule: ClassVar[Optimizer]
    given: ClassVar[Mapping[str, Any]]

    def __init__(self, params: Any, **overrides: Any) -> None:
        defaults = self._defaults(overrides)
        supplied = self.rule.signature.supplied
        if "steps" in supplied and "steps" not in defaults:
            raise UserError(f"{self.rule.name} asks for the number of steps; give it as steps=1000")
        if "rng" in supplied:
            defaults["rng"] = torch.initial_seed()
        super().__init__(params, defaults)

    @classmethod
    def _defaults(cls, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """The hyperparameters of a group that has none of its own, or a `UserError` about one of them."""
        known = cls.rule.signature.options
        more = ["steps"] if "steps" in cls.rule.signature.supplied else []
        defaults = {**known, **cls.given, **overrides}
        for name in defaults:
            if name not in known and name not in more:
                raise signature.unknown_option(cls.rule.name, name, [*known, *more])
        cls._check(defaults)
        return defaults

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, with hyperparameters of its own where it has any."""
        known = self.rule.signature.options
        for name in param_group:
            if name not in (*self.defaults, "params") and (guess := did_you_mean(name, known)):
                raise UserError(f"{self.rule.name} has no option '{name}'{guess}")
        self._check({**self.defaults, **param_group})
        super().add_param_group(param_group)
        try:
            _Vector(self.param_groups[-1]["params"])
        except UserError:
            self.param_groups.pop()
            raise

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One step of the rule on every group; all of them move at once, from the same point.

        Args:
            closure: sets gradients to zero, computes the loss, calls `backward` and returns the loss.

        Returns:
            The loss that the closure gave at the point before the step, if there is one.

        Raises:
            UserError: the rule asks for what only a closure can tell, and there is none.
        """
        missing = [name for name in self.rule.signature.supplied if name in BY_CLOSURE]
        if missing and closure is None:
            raise UserError(f"{self.rule.name} asks for '{missing[0]}': give step a closure that returns the loss")
        evaluate = None if closure is None else torch.enable_grad()(closure)
        loss = None if evaluate is None else evaluate()
        vectors = [_Vector(group["params"]) for group in self.param_groups]
        movable = [(n, vector) for n, vector in enumerate(vectors) if not all(vector.is_still)]
        moved = [(vector, self._moved(n, vector, loss, evaluate)) for n, vector in movable]
        for vector, x in moved:
            vector.write(x)
            vector.release()
        return loss

    @classmethod
    def _settled(cls, group: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
        """The numbers and the choices of a group."""
        read, owner = cls.rule.signature, cls.rule.name
        numbers = {name: signature.as_number(owner, name, _plain(group[name])) for name in read.numbers}
        return numbers, {name: group[name] for name in read.choices}

    @classmethod
    def _check(cls, group: Mapping[str, Any]) -> None:
        """Raise a `UserError` about a value that a rule cannot have; what a scheduler makes of it is not checked."""
        numbers, choices = cls._settled(group)
        for name, value in {**numbers, **choices}.items():
            if wrong := cls.rule.signature.out_of_range(cls.rule.name, name, value):
                raise UserError(wrong)

    def _moved(self, number: int, at: _Vector, loss: Any, evaluate: Closure | None) -> Array:
        """The next x of a group. What the rule remembers is brought up to date."""
        group, own, tensors = self.param_groups[number], self.state[at.params[0]], at.shapes
        numbers, choices = self._settled(group)
        rule = Rule(self.rule, choices)
        t = own.get(NUMBER, 0) + 1
        state = {name: value.cpu().numpy() for name, value in own.items() if name != NUMBER}
        state = state or memory(rule, tensors, at.x)
        here = Point(None if loss is None else float(_plain(loss)), at.g, at.hvp)
        offer = {
            "t": float(t),
            "steps": float(group.get("steps", 0)),
            "grad": lambda p: at.elsewhere(p, evaluate)[1],
            "loss": lambda p: at.elsewhere(p, evaluate)[0],
        }
        if "rng" in group:
            offer["rng"] = generator(group["rng"], "rule", number, t)
        values = {("hyperparameter", name): value for name, value in numbers.items()}
        with np.errstate(all="ignore"):
            x, *after = Advance(rule, tensors, list(state.values()), values, lambda _: here, offer)(at.x)
        for n, (name, old) in enumerate(state.items()):
            own[name] = torch.from_numpy(self._kept(at, n, old, np.asarray(after[n])))
        own[NUMBER] = t
        return np.where(at.still, at.x, x).astype(at.x.dtype)

    def _kept(self, at: _Vector, place: int, old: Array, new: Array) -> Array:
        """A state after the step: in the type of x, and as it was where there is no gradient."""
        if self.rule.per == "tensor":
            new = old if at.is_still[place // len(self.rule.signature.state)] else new
        elif new.shape == at.still.shape:
            new = np.where(at.still, old, new)
        return np.array(new, dtype=at.x.dtype if new.dtype.kind == "f" else new.dtype)


class _Vector:
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
        self.x = _flat(params)
        self.g = self._gradient()

    def _gradient(self) -> Array:
        """The gradient that the parameters have now; 0 where there is none."""
        return _flat([torch.zeros_like(p) if p.grad is None else p.grad for p in self.params])

    def write(self, x: Array) -> None:
        """Move the parameters to x."""
        parts = torch.from_numpy(x).split([p.numel() for p in self.params])
        for p, part in zip(self.params, parts, strict=True):
            p.copy_(part.view_as(p))

    def elsewhere(self, p: Array, evaluate: Closure | None) -> tuple[float, Array]:
        """The loss and the gradient at another point, by the closure; the parameters are put back."""
        assert evaluate is not None
        self.write(np.asarray(p, dtype=self.x.dtype))
        loss = float(_plain(evaluate()))
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
        return _flat([torch.zeros_like(p) if products.get(p) is None else products[p] for p in self.params])

    def release(self) -> None:
        """Let go of the graph of a gradient, which would otherwise keep itself alive."""
        for p in self.params:
            if p.grad is not None:
                p.grad = p.grad.detach()


def _flat(tensors: Sequence[torch.Tensor]) -> Array:
    return np.concatenate([t.detach().cpu().numpy().reshape(-1) for t in tensors])


def _plain(value: Any) -> Any:
    """A number, which in torch may also be a tensor."""
    return value.detach().item() if isinstance(value, torch.Tensor) else value


@overload
def as_torch(
    optimizer: Optimizer | str, params: None = None, *, plugins: Iterable[str | Path] = ..., **hyperparameters: Any
) -> type[RuleOptimizer]: ...
@overload
def as_torch(
    optimizer: Optimizer | str, params: Any, *, plugins: Iterable[str | Path] = ..., **hyperparameters: Any
) -> RuleOptimizer: ...
def as_torch(
    optimizer: Optimizer | str,
    params: Any = None,
    *,
    plugins: Iterable[str | Path] = ("plugins",),
    **hyperparameters: Any,
) -> type[RuleOptimizer] | RuleOptimizer:
    """A rule of the lab as a `torch.optim.Optimizer`: the class, or with parameters an optimizer for these.

    Args:
        optimizer: a rule, or the name of one, of a built-in or a plugin.
        params: parameters or groups of them, as torch takes them.
        plugins: a folder with drop-in files, or several.
        hyperparameters: defaults for all groups in place of the rule's own.

    Raises:
        UnknownName: there is no optimizer of that name.
        UserError: the rule has no such hyperparameter, or not such a value of it.

    >>> w = torch.nn.Parameter(torch.tensor([3.0, -4.0], dtype=torch.float64))
    >>> Momentum = as_torch("momentum", lr=0.1, beta=0.5)
    >>> steps = Momentum([w])
    >>> for _ in range(2):
    ...     steps.zero_grad()
    ...     (w**2).sum().backward()
    ...     steps.step()
    >>> w.detach().numpy().round(12).tolist()
    [1.62, -2.16]
    >>> as_torch("momentum", [w], lr=0.2).param_groups[0]["lr"]
    0.2
    """
    rule = registry.load(plugins).optimizer(optimizer) if isinstance(optimizer, str) else optimizer
    if not isinstance(rule, Optimizer):
        raise UserError(f"{rule!r} is no optimizer; give a name, or a rule decorated with @optimizer")
    if isinstance(rule, Foreign):
        raise UserError(f"{rule.name} is no rule of the lab, but an optimizer of {rule.package} already")
    about = {"rule": rule, "given": hyperparameters, "__doc__": rule.function.__doc__, "__module__": __name__}
    kind = type(rule.name, (RuleOptimizer,), about)
    kind._defaults({})  # what is wrong is said here already
    return kind if params is None else kind(params)
