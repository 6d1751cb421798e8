"""The interface of transforms. A transform changes the gradient before an update rule, or the whole step of the rule.

def clip_norm(x, g, *, max_norm=1.0): ...      # changes the gradient: returns g
def lookahead(x, slow=..., *, t, step, k=5.0): ...  # changes the step: step(x) is the rule's next x; returns x
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, overload

from optlab.plugins import signature
from optlab.plugins.signature import Signature

OF_GRADIENT = ("t", "steps", "f", "rng")
OF_STEP = ("t", "steps", "f", "rng", "lr", "step")
"""Optional arguments of a transform, supplied by optlab: `t` the 1-based step, `steps` the horizon, `f` the loss at x,
`rng` random numbers. A transform of the step may also take `step(p)`, the rule's next x from a point p, and `lr`, the
scheduled learning rate."""

RESERVED = ("name", "x", "g", *OF_STEP)


@dataclass(frozen=True, eq=False)
class Transform:
    """A change of an update rule. `wraps` is True if it transforms the whole step, and False for the gradient.

    >>> @transform
    ... def clip_value(x, g, *, most=1.0):
    ...     '''No entry of the gradient is larger than `most`.'''
    ...     return max(-most, min(most, g))
    >>> clip_value(0.0, 5.0, most=2.0), clip_value.wraps
    (2.0, False)
    >>> @transform
    ... def weight_decay(x, *, step, lr, decay=0.01):
    ...     '''Decoupled weight decay (Loshchilov & Hutter, 2019).'''
    ...     return step(x) - lr * decay * x
    >>> weight_decay(1.0, step=lambda x: x - 0.5, lr=0.1), weight_decay.wraps
    (0.499, True)
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    signature: Signature = field(repr=False)
    wraps: bool

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


@overload
def transform(function: Callable[..., Any]) -> Transform: ...
@overload
def transform(
    *, ranges: Mapping[str, str] = ..., files: Sequence[str] = ...
) -> Callable[[Callable[..., Any]], Transform]: ...
def transform(
    function: Callable[..., Any] | None = None,
    *,
    ranges: Mapping[str, str] = MappingProxyType({}),
    files: Sequence[str] = (),
) -> Transform | Callable[[Callable[..., Any]], Transform]:
    """Declare a transform of the gradient or of the whole step.

    A transform of the gradient takes `x, g` and its state, and returns `g` and the state. A transform of the whole step
    has the argument `step`; it takes `x` and its state, and returns `x` and the state.

    `ranges` are the valid values of options, as intervals: `{"decay": "[0, inf)"}`. `files` are files that results
    depend on, relative to the folder of the plugin's own file.

    Raises:
        PluginError: the signature is not that of a transform.
    """

    def declare(around: Callable[..., Any]) -> Transform:
        signature.check_is_function(around, "transform", ("x", "g"), may_hold_state=True)
        wraps = "step" in inspect.signature(around).parameters
        read = signature.read(
            around,
            kind="transform",
            given=("x",) if wraps else ("x", "g"),
            supplies=OF_STEP if wraps else OF_GRADIENT,
            may_hold_state=True,
            reserved=RESERVED,
            ranges=ranges,
            files=files,
        )
        return Transform(name=around.__name__, function=around, signature=read, wraps=wraps)

    return declare if function is None else declare(function)
