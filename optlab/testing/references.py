"""Comparison of rules with their counterparts in torch and optax: same problems, same starts, x after each step.

    from optlab.testing import references
    references.missing("torch:Adam")                 # None, or why a comparison is not possible
    references.compare(adam, "torch:Adam")           # the largest relative error in 1,000 steps of 60 runs
    references.compare(adam, "torch:Adam", {"lr": 0.1, "beta1": 0.5})
    list(references.variants(adam, "torch:Adam"))    # other options to compare at

`Optimizer.references` names the counterparts and maps the options of the rule to their arguments. All computations are
in float64.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from optlab.errors import UserError, did_you_mean
from optlab.execution.rule import Rule, initial_states
from optlab.plugins import validation
from optlab.plugins.optimizers.base import Optimizer, Reference
from optlab.testing.trials import Array, Trials, trials

TOLERANCE = 1e-12
"""The guaranteed bound of the relative error."""

NEEDS = {"torch": ("torch",), "optax": ("optax", "jax")}

Options = Mapping[str, Any]


def missing(reference: str) -> str | None:
    """Why a reference cannot be run here, or None.

    >>> missing("abacus:Adam")
    "'abacus:Adam' is of an unsupported package; supported are torch, optax"
    """
    package = reference.partition(":")[0]
    if package not in NEEDS:
        return f"'{reference}' is of an unsupported package; supported are {', '.join(NEEDS)}"
    absent = [name for name in NEEDS[package] if importlib.util.find_spec(name) is None]
    return f"{' and '.join(absent)} not installed" if absent else None


def compare(
    optimizer: Optimizer,
    reference: str,
    hyperparameters: Options | None = None,
    *,
    steps: int = 1000,
    seeds: int = 20,
    mapping: Reference | None = None,
) -> float:
    """The largest relative error of x between a rule and its counterpart, over all steps, problems and seeds.

    Each computes gradients at its own x. The error of a run is the largest absolute difference of x, divided by the
    largest absolute entry of the counterpart's x. See `trials` for the problems, on which rounding errors do not grow.

    Args:
        optimizer: the rule; its arguments may include t, steps, f, grad and loss.
        reference: the name of the counterpart, as in `optimizer.references`.
        hyperparameters: options of the rule that differ from their defaults.
        steps: the number of steps.
        seeds: the number of starts and data sets per problem.
        mapping: the arguments of the counterpart by options of the rule, by default from `optimizer.references`.

    Raises:
        UserError: the package is not installed; it has no such rule; an option is unknown.
    """
    return float(errors(optimizer, reference, hyperparameters, steps=steps, seeds=seeds, mapping=mapping).max())


def errors(
    optimizer: Optimizer,
    reference: str,
    hyperparameters: Options | None = None,
    *,
    steps: int,
    seeds: int,
    mapping: Reference | None = None,
) -> Array:
    """The error after each step, shape (steps,): the largest over problems and seeds; see `compare`."""
    if reason := missing(reference):
        raise UserError(reason)
    options, arguments = arguments_of(optimizer, reference, hyperparameters or {}, mapping)
    rounds = trials(seeds, steps)
    worst = np.zeros(steps)
    with np.errstate(all="ignore"):  # an overflow gives an infinite error
        for part in [rounds] if is_elementwise(optimizer, options) else rounds.one_by_one():
            found, expected = ours(optimizer, options, part, steps), theirs(reference, arguments, part, steps)
            error = np.abs(found - expected).max(axis=-1) / np.abs(expected).max(axis=-1)
            worst = np.maximum(worst, np.nan_to_num(error, nan=np.inf).max(axis=1))
    return worst


def variants(optimizer: Optimizer, reference: str) -> Iterator[dict[str, Any]]:
    """Other values of the options that are mapped to arguments of the counterpart, if the counterpart accepts them.

    They are: each number alone, each boolean option alone, and each boolean option together with each number that is 0
    by default, as momentum and weight decay may be.
    """
    signature, passed = optimizer.signature, handed_over(optimizer, reference)
    numbers = {name: _another(optimizer, name) for name in signature.numbers if name in passed}
    switches = {name: not v for name, v in signature.choices.items() if name in passed and isinstance(v, bool)}
    off = {name: value for name, value in numbers.items() if signature.numbers[name] == 0}
    alone = [{name: value} for name, value in {**numbers, **switches}.items()]
    for options in [*alone, *({a: switches[a], b: off[b]} for a in switches for b in off)]:
        if not refuses(reference, arguments_of(optimizer, reference, options)[1]):
            yield options


def handed_over(optimizer: Optimizer, reference: str) -> set[str]:
    """The options of the rule that are mapped to arguments of the counterpart, without those fixed by "where"."""
    mapping = dict(optimizer.references[reference])
    fixed = mapping.pop("where", {})
    return set(_names(tuple(mapping.values()))) - set(fixed)


def _names(source: Any) -> Iterator[str]:
    """The names of the options in the source of an argument."""
    if isinstance(source, str):
        yield source
    elif isinstance(source, tuple):
        for part in source:
            yield from _names(part)


def _another(optimizer: Optimizer, name: str) -> float:
    """A value other than the default that has an effect in a few steps."""
    default = optimizer.signature.numbers[name]
    candidates = [0.1 if default == 0 else 0.05 if 0 < default < 0.01 else default / 2, default * 1.25, default]
    return next(v for v in candidates if not optimizer.signature.out_of_range(optimizer.name, name, v))


def refuses(reference: str, arguments: Options) -> bool:
    """Whether the counterpart refuses these values, as torch's SGD refuses nesterov=True without momentum."""
    make = _maker(reference, arguments)
    try:
        if reference.startswith("torch:"):
            import torch

            make([torch.zeros(1)], **arguments)
        else:
            make(**arguments)
    except ValueError:
        return True
    return False


def arguments_of(
    optimizer: Optimizer, reference: str, given: Options, mapping: Reference | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """All options of the rule, and the arguments of the counterpart that they are mapped to."""
    mapping = dict(optimizer.references[reference] if mapping is None else mapping)
    numbers, choices = validation.with_defaults(optimizer, {**mapping.pop("where", {}), **given})
    options = {**numbers, **choices}

    def value(source: Any) -> Any:
        if isinstance(source, tuple):
            return tuple(map(value, source))
        if not isinstance(source, str):
            return source
        if source not in options:
            guess = did_you_mean(source, options)
            raise UserError(f"{optimizer.name}: {reference} is given '{source}', which is not an option{guess}")
        return options[source]

    arguments = {argument: value(source) for argument, source in mapping.items()}
    return {name: np.float64(v) if name in numbers else v for name, v in options.items()}, arguments


def is_elementwise(optimizer: Optimizer, options: Options) -> bool:
    """Whether runs can be stacked as rows: two rows in one array give the same bits as each row alone."""
    if optimizer.per != "vector":
        return False
    pair = trials(2, 3)
    try:
        together = ours(optimizer, options, pair, 3)
    except Exception:  # such as a matrix for one vector only; a bug of the rule is found when it runs alone
        return False
    alone = [ours(optimizer, options, part, 3) for part in pair.one_by_one()]
    return np.array_equal(together, np.concatenate(alone, axis=1), equal_nan=True)


def ours(optimizer: Optimizer, options: Options, part: Trials, steps: int) -> Array:
    """x after each step of the rule, called directly as a NumPy function."""
    x = part.starts if len(part.starts) > 1 else part.starts[0]
    signature, path = optimizer.signature, []
    state = list(initial_states(Rule(optimizer, options), (x.shape,), x).values())
    for step in range(1, steps + 1):
        loss, grad = functools.partial(part.loss, step), functools.partial(part.grad, step)
        offer = {"t": np.float64(step), "steps": np.float64(steps), "f": None, "grad": grad, "loss": loss}
        if "f" in signature.supplied:
            offer["f"] = loss(x)
        out = optimizer(x, grad(x), *state, **{name: offer[name] for name in signature.supplied}, **options)
        x, *state = out if state else (out,)
        path.append(x)
    return np.reshape(path, (steps, *part.starts.shape))


def theirs(reference: str, arguments: Options, part: Trials, steps: int) -> Array:
    """x after each step of the counterpart."""
    run = _in_torch if reference.startswith("torch:") else _in_optax
    return run(_maker(reference, arguments), arguments, part, steps)


def _in_torch(make: Callable[..., Any], arguments: Options, part: Trials, steps: int) -> Array:
    import torch

    if "foreach" in inspect.signature(make).parameters:
        arguments = {"foreach": False, **arguments}  # the implementation that follows the formulas
    x = torch.tensor(part.starts)
    with _in_float64(torch):
        rule = make([x], **arguments)
        path = []
        for step in range(1, steps + 1):

            def closure(step: int = step) -> float:
                point = x.detach().numpy().reshape(part.starts.shape)
                x.grad = torch.tensor(part.grad(step, point))
                return float(np.sum(part.loss(step, point)))

            rule.step(closure)
            path.append(x.detach().numpy().copy())
    return np.array(path)


@contextlib.contextmanager
def _in_float64(torch: Any) -> Iterator[None]:
    """Set torch's default dtype, in which torch keeps some internal numbers, such as a product in NAdam."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _in_optax(make: Callable[..., Any], arguments: Options, part: Trials, steps: int) -> Array:
    import jax
    import optax

    with jax.enable_x64(True):
        rule = make(**arguments)

        def step(x: Any, state: Any, g: Any) -> Any:
            updates, state = rule.update(g, state, x)
            return optax.apply_updates(x, updates), state

        advance = jax.jit(jax.vmap(step))  # each row is a separate run
        x = jax.numpy.array(part.starts)
        state, path = jax.vmap(rule.init)(x), []
        for t in range(1, steps + 1):
            x, state = advance(x, state, part.grad(t, np.asarray(x)))
            path.append(np.asarray(x))
    return np.array(path)


def _maker(reference: str, arguments: Options) -> Callable[..., Any]:
    """The rule of a package. Its name may be dotted, as "contrib.prodigy". Raises UserError for unknown arguments."""
    package, _, name = reference.partition(":")
    module = importlib.import_module("torch.optim" if package == "torch" else package)
    try:
        make: Any = functools.reduce(getattr, name.split("."), module)
    except AttributeError:
        guess = did_you_mean(name, dir(module))
        raise UserError(f"there is no {reference} in the version installed{guess}") from None
    takes = inspect.signature(make).parameters
    for argument in arguments:
        if argument not in takes:
            guess = did_you_mean(argument, takes) or f"; it has {', '.join(takes)}"
            raise UserError(f"{reference} has no argument '{argument}'{guess}")
    return make
