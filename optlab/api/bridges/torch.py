"""An update rule of optlab as a `torch.optim.Optimizer`.

The rule gets all parameters of a group as one vector, or as separate tensors if it is declared with per="tensor". It is
called as a plain NumPy function, on copies of parameters and gradients in main memory.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, overload

import numpy as np

from optlab.errors import MissingPackage, UserError, did_you_mean
from optlab.execution.randomness import generator
from optlab.execution.rule import Advance, Key, Point, Rule, initial_states
from optlab.execution.wrappers import Around, rule_with
from optlab.plugins import registry, signature, validation
from optlab.plugins.external import Foreign
from optlab.plugins.optimizers.base import Optimizer

try:
    import torch
except ImportError:
    raise MissingPackage("torch is not installed; pip install 'optlab[torch]'") from None

from optlab.api.bridges import pickling
from optlab.api.bridges.vector import Array, Closure, Vector, plain, unknown_there

BY_CLOSURE = ("f", "loss", "grad", "hvp")
"""Arguments of a rule that only a closure can supply."""

NUMBER = "step number"
"""The key of the step number among the states. No state can have this name, since it contains a space."""


class RuleClass(type):
    """The metaclass of the classes that `as_torch` makes. They are pickled by the place of their rule."""


class RuleOptimizer(torch.optim.Optimizer, metaclass=RuleClass):
    """A rule of optlab with the interface of a torch optimizer. `as_torch` makes a subclass for each rule.

    A rule may have these arguments besides the gradient: `t`; `steps`, which must then be passed like a hyperparameter;
    `f`, `loss(p)` and `grad(p)`, for which `step` needs a closure, called once more for each point p; `hvp(v)`, for
    which the closure must call `loss.backward(create_graph=True)`; and `rng`, which starts from torch's seed. The same
    applies to its schedule and transforms. A transform that evaluates the rule at another point than x, like `average`,
    also needs a closure.

    A parameter without a gradient does not change, and its state does not change either. The state belongs to the whole
    group and is stored with the first parameter of the group. The optimizer can be pickled if its rule is defined at
    the top level of a file. The pickle contains the place of the rule, not its code.
    """

    rule: ClassVar[Optimizer]
    given: ClassVar[Mapping[str, Any]]
    composed: ClassVar[Rule]
    """The rule with its schedule and transforms."""
    numbers: ClassVar[Mapping[Key, float]]
    """The numbers of all parts; those of a group take the place of the rule's own."""

    def __init__(self, params: Any, **overrides: Any) -> None:
        defaults = self._defaults(overrides)
        asking = self._asking()
        if "steps" in asking and "steps" not in defaults:
            raise UserError(f"{asking['steps']} needs the number of steps; pass it, as in steps=1000")
        if "rng" in asking:
            defaults["rng"] = torch.initial_seed()
        super().__init__(params, defaults)

    @classmethod
    def _asking(cls) -> dict[str, str]:
        """The optional arguments that are used, each with the name of the rule, schedule or transform that uses it."""
        first, *others = cls.composed.parts
        return {name: part.plugin.name for part in (*others, first) for name in part.plugin.signature.supplied}

    @classmethod
    def _defaults(cls, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """The default hyperparameters of a group. Raises `UserError` if one of them is invalid."""
        known = cls.rule.signature.options
        more = ["steps"] if "steps" in cls._asking() else []
        defaults = {**known, **cls.given, **overrides}
        for name in defaults:
            if name not in known and name not in more:
                raise signature.unknown_option(cls.rule.name, name, [*known, *more])
        cls._check(defaults)
        return defaults

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters. Its hyperparameters override the defaults."""
        known = self.rule.signature.options
        for name in param_group:
            if name not in (*self.defaults, "params") and (guess := did_you_mean(name, known)):
                raise UserError(f"{self.rule.name} has no option '{name}'{guess}")
        self._check({**self.defaults, **param_group})
        super().add_param_group(param_group)
        try:
            self._vector(self.param_groups[-1])
        except UserError:
            self.param_groups.pop()
            raise

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One step of the rule on every group. All groups are updated from the same point.

        Args:
            closure: sets gradients to zero, computes the loss, calls `backward` and returns the loss.

        Returns:
            The loss of the closure at the point before the step, or None without a closure.

        Raises:
            UserError: the rule has an argument that only a closure can supply, and there is no closure.
        """
        missing = [(name, owner) for name, owner in self._asking().items() if name in BY_CLOSURE]
        if missing and closure is None:
            name, owner = missing[0]
            raise UserError(f"{owner} needs '{name}': pass a closure that returns the loss to step")
        evaluate = None if closure is None else torch.enable_grad()(closure)
        loss = None if evaluate is None else evaluate()
        vectors = [self._vector(group) for group in self.param_groups]
        movable = [(n, vector) for n, vector in enumerate(vectors) if not all(vector.is_still)]
        moved = [(vector, self._moved(n, vector, loss, evaluate)) for n, vector in movable]
        for vector, x in moved:
            vector.write(x)
            vector.release()
        return loss

    @classmethod
    def _vector(cls, group: Mapping[str, Any]) -> Vector:
        """The parameters of a group. Only a rule without state accepts a sparse gradient, as in torch."""
        plugins = (cls.rule, *cls.composed.transforms)
        return Vector(group["params"], takes_sparse=not any(plugin.signature.state for plugin in plugins))

    @classmethod
    def _settled(cls, group: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
        """The numbers and choices among the hyperparameters of a group."""
        read, owner = cls.rule.signature, cls.rule.name
        numbers = {name: signature.as_number(owner, name, plain(group[name])) for name in read.numbers}
        return numbers, {name: group[name] for name in read.choices}

    @classmethod
    def _check(cls, group: Mapping[str, Any]) -> None:
        """Raise a `UserError` for a value out of range. Values that a scheduler sets later are not checked."""
        validation.with_defaults(cls.rule, {name: plain(group[name]) for name in cls.rule.signature.options})

    def _moved(self, number: int, at: Vector, loss: Any, evaluate: Closure | None) -> Array:
        """The next x of a group. The state of the rule is updated."""
        group, own, tensors = self.param_groups[number], self.state[at.params[0]], at.shapes
        numbers, choices = self._settled(group)
        rule = replace(self.composed, choices=choices)
        t = own.get(NUMBER, 0) + 1
        state = {name: value.cpu().numpy() for name, value in own.items() if name != NUMBER}
        first = {name: np.asarray(value) for name, value in initial_states(rule, tensors, at.x).items()}
        state = self._fitting(state, first, at) if state else first
        at.loss = loss
        here = Point(None if loss is None else float(plain(loss)), at.g, at.hvp)

        def look(p: Array) -> Point:
            return here if np.array_equal(p, at.x, equal_nan=True) else Point(*at.elsewhere(p, evaluate), unknown_there)

        def advanced(number_of: type) -> Any:
            """The next x and state. `number_of` is the type of all numbers that are not arrays."""
            offer = {
                "t": number_of(t),
                "steps": number_of(group.get("steps", 0)),
                "grad": lambda p: at.elsewhere(p, evaluate)[1],
                "loss": lambda p: at.elsewhere(p, evaluate)[0],
            }
            if "rng" in group:
                offer["rng"] = generator(group["rng"], "rule", number, t)
            given = {**self.numbers, **rule.parts[0].keyed(numbers)}
            values = {key: number_of(value) for key, value in given.items()}
            return Advance(rule, tensors, list(state.values()), values, look, offer)(at.x)

        with np.errstate(all="ignore"):
            try:
                x, *after = advanced(float)  # does not change the dtype of x
            except ArithmeticError:  # Python's floats raise it for overflow and 1 / 0, which are infinite in NumPy
                x, *after = advanced(np.float64)
        for n, (name, old) in enumerate(state.items()):
            own[name] = torch.from_numpy(self._kept(at, n, old, np.asarray(after[n])))
        own[NUMBER] = t
        return np.where(at.still, at.x, x).astype(at.x.dtype)

    def _fitting(self, state: dict[str, Array], first: Mapping[str, Array], at: Vector) -> dict[str, Array]:
        """The state in the dtype of x. Raises a `UserError` if it belongs to other parameters."""
        for name, value in first.items():
            if name not in state or state[name].shape != value.shape:
                has = f"the shape {state[name].shape}" if name in state else "none"
                raise UserError(
                    f"{self.rule.name}: the state {name!r} should have the shape {value.shape}, but has {has}; a state "
                    "belongs to the parameters and the rule it was made for; add_param_group adds parameters"
                )
        return {name: value.astype(at.x.dtype) if value.dtype.kind == "f" else value for name, value in state.items()}

    def _kept(self, at: Vector, place: int, old: Array, new: Array) -> Array:
        """A state after the step in the dtype of x, with the old values for parameters without a gradient."""
        each = len(self.rule.signature.state)
        if self.rule.per == "tensor" and place < each * len(at.params):
            new = old if at.is_still[place // each] else new
        elif new.shape == at.still.shape:
            new = np.where(at.still, old, new)
        return np.array(new, dtype=at.x.dtype if new.dtype.kind == "f" else new.dtype)


def _parts(kind: type[RuleOptimizer]) -> tuple[Any, ...]:
    return dict(kind.given), pickling.in_places(kind.composed), dict(kind.numbers)


def _again(given: Any, rule: Any, numbers: Any) -> type[RuleOptimizer]:
    """The class that was pickled by these parts."""
    return _class(given, pickling.rule_found(rule), numbers)


def _class(given: Mapping[str, Any], rule: Rule, numbers: Mapping[Key, float]) -> type[RuleOptimizer]:
    about = {"rule": rule.optimizer, "given": given, "composed": rule, "numbers": numbers}
    about |= {"__doc__": rule.optimizer.function.__doc__, "__module__": __name__}
    return RuleClass(rule.optimizer.name, (RuleOptimizer,), about)  # pyright: ignore[reportReturnType]


pickling.pickled_by(RuleClass, _parts, _again)


@overload
def as_torch(
    optimizer: Optimizer | str,
    params: None = None,
    *,
    schedule: Around | None = ...,
    transforms: Sequence[Around] = ...,
    plugins: Iterable[str | Path] = ...,
    **hyperparameters: Any,
) -> type[RuleOptimizer]: ...
@overload
def as_torch(
    optimizer: Optimizer | str,
    params: Any,
    *,
    schedule: Around | None = ...,
    transforms: Sequence[Around] = ...,
    plugins: Iterable[str | Path] = ...,
    **hyperparameters: Any,
) -> RuleOptimizer: ...
def as_torch(
    optimizer: Optimizer | str,
    params: Any = None,
    *,
    schedule: Around | None = None,
    transforms: Sequence[Around] = (),
    plugins: Iterable[str | Path] = ("plugins",),
    **hyperparameters: Any,
) -> type[RuleOptimizer] | RuleOptimizer:
    """A rule of optlab as a `torch.optim.Optimizer`: the class or, if parameters are passed, an optimizer for them.

    Args:
        optimizer: a rule, or the name of a built-in rule or a plugin.
        params: parameters or groups of parameters, as for torch.
        schedule: the schedule of the learning rate: a name or, with options, a table: `{"name": "cosine", "end": 0.1}`.
            Its factor multiplies `lr`, which a scheduler of torch may change too.
        transforms: the transforms of the rule, each in the same form; `clip_norm` clips by the norm of a group.
        plugins: a folder with drop-in files, or several.
        hyperparameters: defaults for all groups, which replace those of the rule.

    Raises:
        UnknownName: there is no optimizer, schedule or transform of this name.
        UserError: an option does not exist, or its value is invalid.

    >>> w = torch.nn.Parameter(torch.tensor([3.0, -4.0], dtype=torch.float64))
    >>> Momentum = as_torch("momentum", lr=0.1, beta=0.5)
    >>> steps = Momentum([w])
    >>> for _ in range(2):
    ...     steps.zero_grad()
    ...     (w**2).sum().backward()
    ...     steps.step()
    >>> w.detach().numpy().round(12).tolist()
    [1.62, -2.16]
    >>> as_torch("momentum", [w], lr=0.2, schedule="cosine", transforms=["clip_norm"], steps=100).param_groups[0]["lr"]
    0.2
    """
    known = functools.cache(lambda: registry.load(plugins))
    rule = known().optimizer(optimizer) if isinstance(optimizer, str) else optimizer
    if not isinstance(rule, Optimizer):
        raise UserError(f"{rule!r} is not an optimizer; pass a name, or a rule decorated with @optimizer")
    if isinstance(rule, Foreign):
        raise UserError(f"{rule.name} is not a rule of optlab, but already an optimizer of {rule.package}")
    kind = _class(hyperparameters, *rule_with(rule, {}, schedule, transforms, known))
    kind._defaults({})  # raises errors here, not only when an optimizer is made
    return kind if params is None else kind(params)
