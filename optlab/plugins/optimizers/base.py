"""The interface of optimizers: a named update rule, described by the signature of its function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, overload

from optlab.errors import PluginError, did_you_mean
from optlab.plugins import code_location, signature
from optlab.plugins.signature import Signature

SUPPLIES = ("t", "steps", "f", "grad", "loss", "hvp", "rng")
"""Optional arguments of an update rule, supplied by optlab: `t` the 1-based step, `steps` the horizon, `f` the loss at
x, `grad(p)` and `loss(p)` the gradient and loss of the same minibatch at another point p, `hvp(v)` the Hessian at x
times v, `rng` the random numbers of the run: `rng.standard_normal(x.shape)`, `rng.random(x.shape)`."""

RESERVED = ("name", "label", "schedule", "transforms", "x", "g", *SUPPLIES)

INVARIANCES = ("scale", "translation")
"""Invariances that a rule may declare: the steps do not change if the loss is multiplied by a positive number
("scale"), or if x and the minimum are moved by the same vector ("translation")."""

_ARGUMENTS = ("per", "ranges", "references", "invariant", "exempt", "files")
_REFERENCE = re.compile(r"\w+:\S+")

Form = Callable[..., Any]
Reference = Mapping[str, Any]
"""The arguments of a rule in another package: each maps to the name of our argument, a tuple of names, or a constant.
"where" maps options of our rule to the values for which both rules are the same."""


@dataclass(frozen=True, eq=False)
class Optimizer:
    """An update rule and its signature. A call of the optimizer calls the rule, with plain numbers or arrays.

    `per` is "vector" if x holds all parameters in one flat array, and "tensor" if the rule is applied to each parameter
    tensor. `references` are the same rules in other packages, like "torch:Adam". `exempt` maps checks of the
    conformance suite that do not apply to the reason.

    >>> @optimizer
    ... def momentum(x, g, b=0.0, *, lr=0.01, beta=0.9):
    ...     '''Heavy ball (Polyak, 1964).'''
    ...     b = beta * b + g
    ...     return x - lr * b, b
    >>> momentum(1.0, 2.0, 0.0, lr=0.1, beta=0.9)
    (0.8, 2.0)
    >>> momentum.name, dict(momentum.signature.state), dict(momentum.signature.options)
    ('momentum', {'b': 0.0}, {'lr': 0.01, 'beta': 0.9})
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    signature: Signature = field(repr=False)
    per: str = "vector"
    references: Mapping[str, Reference] = field(default_factory=dict, repr=False)
    invariant: tuple[str, ...] = ()
    exempt: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


@overload
def optimizer(function: Form) -> Optimizer: ...
@overload
def optimizer(
    *,
    per: str = ...,
    ranges: Mapping[str, str] = ...,
    references: Mapping[str, Reference] = ...,
    invariant: tuple[str, ...] = ...,
    exempt: Mapping[str, str] = ...,
    files: Sequence[str] = ...,
) -> Callable[[Form], Optimizer]: ...
def optimizer(
    function: Form | None = None,
    *,
    per: str = "vector",
    ranges: Mapping[str, str] = MappingProxyType({}),
    references: Mapping[str, Reference] = MappingProxyType({}),
    invariant: tuple[str, ...] = (),
    exempt: Mapping[str, str] = MappingProxyType({}),
    files: Sequence[str] = (),
    **unknown: Any,
) -> Optimizer | Callable[[Form], Optimizer]:
    """Declare an update rule. It takes `x, g` and its state, and returns `x` and the state (see
    `optlab.plugins.signature`).

    Args:
        function: the rule. `@optimizer` without parentheses is enough if there are no further arguments.
        per: "vector", or "tensor" for a rule that is applied to every parameter tensor in its own shape.
        ranges: the valid values of hyperparameters, as intervals: `{"beta": "[0, 1)"}`.
        references: the same rule in other packages, `{"torch:Adam": {"lr": "lr", "betas": ("beta1", "beta2")}}`. If the
            package is installed, the conformance suite compares 1,000 steps with it.
        invariant: "scale", "translation" or both. The suite checks these invariances.
        exempt: checks of the suite that do not apply, with the reason: `{"keeps_dtype[float32]": "counts in float64"}`.
            The suite fails if such a check passes.
        files: files that results depend on, like a table that the rule reads, relative to the folder of the plugin's
            own file. If a file changes, results are computed again. Files that are read or imported while the plugin is
            loaded need not be listed.

    Raises:
        PluginError: the signature is not that of a rule. The message names file and line and shows the valid form.

    >>> @optimizer(ranges={"lr": "(0, inf)"}, invariant=("scale",))
    ... def signsgd(x, g, *, lr=0.01):
    ...     '''The sign alone (Bernstein et al., 2018).'''
    ...     return x - lr * (1.0 if g > 0 else -1.0)
    >>> signsgd(1.0, 5.0, lr=0.1)
    0.9
    """

    def declare(rule: Form) -> Optimizer:
        read = signature.read(
            rule,
            kind="optimizer",
            given=("x", "g"),
            supplies=SUPPLIES,
            may_hold_state=True,
            reserved=RESERVED,
            ranges=ranges,
            files=files,
        )
        fault = _fault_of(unknown) or _fault(per, references, invariant, exempt)
        if fault:
            raise PluginError(f"{code_location.location(rule)}: optimizer '{rule.__name__}' is declared {fault}")
        return Optimizer(
            name=rule.__name__,
            function=rule,
            signature=read,
            per=per,
            references=MappingProxyType(dict(references)),
            invariant=invariant,
            exempt=MappingProxyType(dict(exempt)),
        )

    return declare if function is None else declare(function)


def _fault_of(unknown: Mapping[str, Any]) -> str:
    """The fault of an argument that the decorator does not have, or an empty string."""
    for name in unknown:
        guess = did_you_mean(name, _ARGUMENTS) or f"; it takes {', '.join(_ARGUMENTS)}"
        return f"with '{name}', which @optimizer does not take{guess}"
    return ""


def _fault(per: Any, references: Any, invariant: Any, exempt: Any) -> str:
    """The fault of the arguments of the decorator, or an empty string."""
    if per not in ("vector", "tensor"):
        return f'per={per!r}; write per="vector" or per="tensor"'
    if not isinstance(references, Mapping) or not all(isinstance(there, Mapping) for there in references.values()):
        return 'with references that are no dictionary of dictionaries; write references={"torch:Adam": {"lr": "lr"}}'
    if odd := [name for name in references if not _REFERENCE.fullmatch(str(name))]:
        return f'with the reference {odd[0]!r}; write "package:Name", as in "torch:Adam"'
    if isinstance(invariant, str):
        return f'invariant={invariant!r}; write invariant=("{invariant}",)'
    if odd := [name for name in invariant if name not in INVARIANCES]:
        return f"invariant to {odd[0]!r}{did_you_mean(odd[0], INVARIANCES)}; choose from {', '.join(INVARIANCES)}"
    if not isinstance(exempt, Mapping):
        return 'with exempt that is no dictionary; write exempt={"keeps_inputs": "the reason"}'
    return ""
