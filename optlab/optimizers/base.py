"""What an optimizer is: a named update rule, seen by the lab through its signature."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, overload

from optlab import signature
from optlab.errors import PluginError, did_you_mean
from optlab.signature import Signature

SUPPLIES = ("t", "steps", "f", "grad", "loss", "hvp", "rng")
"""What an update rule may ask the lab for: `t` the 1-based step, `steps` the horizon, `f` the loss at x,
`grad(p)` and `loss(p)` the same minibatch's gradient and loss at another point p, `hvp(v)` the Hessian at x
times v, `rng` random numbers of the run's own: `rng.standard_normal(x.shape)`, `rng.random(x.shape)`."""

RESERVED = ("name", "label", "schedule", "transforms", "x", "g", *SUPPLIES)

INVARIANCES = ("scale", "translation")
"""What may be declared: the steps are the same when the loss is multiplied by a positive number; when x and the
minimum are moved together."""

_ARGUMENTS = ("per", "ranges", "references", "invariant", "exempt", "files")
_REFERENCE = re.compile(r"\w+:\S+")

Form = Callable[..., Any]
Reference = Mapping[str, Any]
"""How a rule is called elsewhere: the argument there -> the name of ours, a tuple of names, or a constant. Under
"where" stand options of ours, with the values that make the two rules the same."""


@dataclass(frozen=True, eq=False)
class Optimizer:
    """An update rule and what its signature says. Calling it calls the rule, with plain numbers or arrays.

    `per` is "vector" where x is all parameters in one flat array, "tensor" where the rule is applied to each tensor of
    them. `references` are counterparts in other packages, as "torch:Adam". `exempt` names checks of the conformance
    suite that do not apply, each with the reason.

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
    """Declare an update rule: `x, g` and the state in, `x` and the state out (see `optlab.signature`).

    Args:
        function: the rule. Without further arguments `@optimizer` alone will do.
        per: "vector", or "tensor" for a rule that is applied to every tensor of parameters in its own shape.
        ranges: the values that hyperparameters may have, as intervals: `{"beta": "[0, 1)"}`.
        references: counterparts elsewhere, `{"torch:Adam": {"lr": "lr", "betas": ("beta1", "beta2")}}`: if the package
            is installed, the conformance suite compares 1,000 steps with it.
        invariant: "scale", "translation" or both, which the suite then checks.
        exempt: checks of the suite that do not apply, with the reason: `{"keeps_dtype[float32]": "counts in float64"}`.
            The suite fails if such a check passes.
        files: files that results depend on, as a table that the rule reads, relative to the folder of the plugin's own
            file. If one changes, results are computed again. What is read or imported while the plugin is loaded is
            noticed without this.

    Raises:
        PluginError: the signature does not fit the grammar; the message names file and line and shows the form.

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
            raise PluginError(f"{signature.location(rule)}: optimizer '{rule.__name__}' is declared {fault}")
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
    """What is wrong with an argument that the decorator does not have, or nothing."""
    for name in unknown:
        guess = did_you_mean(name, _ARGUMENTS) or f"; there are {', '.join(_ARGUMENTS)}"
        return f"with '{name}', which @optimizer does not take{guess}"
    return ""


def _fault(per: Any, references: Any, invariant: Any, exempt: Any) -> str:
    """What is wrong with the arguments of the decorator, or nothing."""
    if per not in ("vector", "tensor"):
        return f'per={per!r}; write per="vector" or per="tensor"'
    if not isinstance(references, Mapping) or not all(isinstance(there, Mapping) for there in references.values()):
        return 'with references that are no dictionary of dictionaries; write references={"torch:Adam": {"lr": "lr"}}'
    if odd := [name for name in references if not _REFERENCE.fullmatch(str(name))]:
        return f'with the reference {odd[0]!r}; write one as "package:Name", as in "torch:Adam"'
    if isinstance(invariant, str):
        return f'invariant={invariant!r}; write invariant=("{invariant}",)'
    if odd := [name for name in invariant if name not in INVARIANCES]:
        return f"invariant to {odd[0]!r}{did_you_mean(odd[0], INVARIANCES)}; there are {', '.join(INVARIANCES)}"
    if not isinstance(exempt, Mapping):
        return 'with exempt that is no dictionary; write exempt={"keeps_inputs": "the reason"}'
    return ""
