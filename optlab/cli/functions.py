"""Functions with the arguments that were typed for them: problems, and functions in files."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any

import numpy as np

from optlab import oneline, registry, signature
from optlab.engine.graph import Graph
from optlab.engine.trace import trace
from optlab.errors import UserError, absent, did_you_mean
from optlab.problems.base import Problem
from optlab.spec.axes import MAX_DIM
from optlab.wording import counted, shortened


@dataclass(frozen=True)
class Function:
    """A function of the arguments called `names`, and their values."""

    function: Callable[..., Any]
    names: Sequence[str]
    values: Sequence[Any]
    file: str = ""

    def graph(self) -> Graph:
        """The graph of the function. Whatever is raised in it is the mistake of whoever wrote it."""
        try:
            return trace(self.function, *(np.asarray(value, dtype=float) for value in self.values))
        except UserError:
            raise
        except Exception as error:
            raise UserError(registry.one_line(error, self.file)) from error


# ---- what was typed --------------------------------------------------------------------------------------------------


def spread(what: str, more: Sequence[str], names: Collection[str]) -> tuple[str, Sequence[str]]:
    """A name with settings in one word, as in `"rosenbrock b=10"`, as the words that it is made of.

    An expression, which may have spaces too, stays one word.

    >>> spread("rosenbrock b=10", ["a=2"], ["rosenbrock"])
    ('rosenbrock', ['b=10', 'a=2'])
    >>> spread("step * x", ["x=1", "step=2"], ["step"])
    ('step * x', ['x=1', 'step=2'])
    """
    first, *others = what.split()
    is_name = first in names or is_file(first)
    if is_name and all(word in names or word.partition("=")[0].isidentifier() for word in others):
        return first, [*others, *more]
    return what, more


def pairs(words: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE, as a dictionary of texts."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise UserError(f"{word!r} is no NAME=VALUE, like x=-2")
        if name in found:
            raise UserError(f"{name!r} is given twice: {name}={found[name]} and {word}")
        found[name] = value
    return found


def number(what: str, text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        raise UserError(f"{what}: {shortened(text)!r} is no number") from None
    if not np.isfinite(value):
        raise UserError(f"{what}: {text!r} is no finite number")
    return value


def point(what: str, text: str) -> list[float]:
    """Numbers with commas between them."""
    what = f"{what} {shortened(text)}"
    return [number(what, part.strip()) for part in text.split(",")]


def option(owner: str, name: str, text: str, default: Any) -> Any:
    """The value of an option, which has the type of its default; it is written as in TOML, texts without quotes too."""
    if isinstance(default, float):
        return number(f"{owner}: {name}={text}", text)
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # no TOML, thousands of digits, or thousands of brackets
        value = text
    kind = list if isinstance(default, tuple) else type(default)
    if type(value) is not kind:
        raise UserError(f"{owner}: {name}={shortened(text)} is not like its default, {default!r}")
    return value


# ---- problems and functions ------------------------------------------------------------------------------------------


def dimension(problem: Problem, given: dict[str, str]) -> int | None:
    """The dimension that was typed, as `dim=3`, which is taken out of what is given; None where there is none."""
    if "dim" in problem.signature.options or "dim" not in given:
        return None
    text = given.pop("dim")
    if not text.isdecimal() or len(text) >= 20 or not 1 <= int(text) <= MAX_DIM:
        raise UserError(f"{problem.name}: dim={shortened(text)} is no whole number from 1 to {MAX_DIM:,}")
    if problem.dim not in (None, int(text)):
        raise UserError(f"dim={text}: {problem.name} has {counted(problem.dim, 'parameter')}")
    return int(text)


def of_problem(problem: Problem, at: str | None, words: Sequence[str]) -> Function:
    """A problem at a point (by default its start), with the options and the dimension that were typed."""
    name, known = problem.name, problem.signature.options
    if problem.trains_on_data:
        raise UserError(f"{name} is trained on data; optlab explain backprop goes through a network step by step")
    given = pairs(words)
    dim = dimension(problem, given)
    options = {}
    for key, text in given.items():
        if key not in known:
            raise signature.unknown_option(name, key, known)
        options[key] = option(name, key, text, known[key])
    if at is None and problem.start is None:
        raise UserError(f"{name} has no start; say where, with --at X,Y")
    values = problem.start_at(dim or problem.default_dim) if at is None else point("--at", at)
    if (needed := problem.dim or dim) not in (None, len(values)):
        has = f"{counted(needed, 'parameter')}{' here' * bool(dim)}, not {len(values)}"
        raise UserError(f"--at {shortened(at or '')}: {name} has {has}")
    function = wraps(problem.function)(partial(problem.function, **options))  # in messages it has the user's name
    return Function(function, ("x",), (values,), signature.source(problem.function)[0])


def of_function(function: Callable[..., Any], at: str | None, words: Sequence[str]) -> Function:
    """A function in a file. Arguments without a default are differentiated by; the others are options."""
    name, file = function.__name__, signature.source(function)[0]
    parameters = inspect.signature(function).parameters.values()
    starred = [p for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if starred:
        raise UserError(f"{name} takes {starred[0]}; give each argument a name of its own")
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    needed = [p.name for p in parameters if p.default is p.empty]
    given = {} if at is None else _in_order(name, needed, at)
    options = {}
    for key, text in pairs(words).items():
        if key in defaults:
            options[key] = option(name, key, text, defaults[key])
        elif key in given:
            raise UserError(f"{key}={text}: {key!r} has a value from --at already")
        elif key in needed:
            given[key] = _argument(f"{key} =", text)
        else:
            raise UserError(f"{key}={text}: {name} has no argument {key!r}{did_you_mean(key, [*needed, *defaults])}")
    missing = [key for key in needed if key not in given]
    if missing:
        for_all = "a point, --at 1.0,2.0" if len(needed) == 1 else "--at for all of them"
        raise UserError(f"{name} needs a value for {', '.join(missing)}; add {missing[0]}=1.0, or {for_all}")
    if not needed:
        raise UserError(f"{name} has no argument without a default, so there is nothing to differentiate by")

    @wraps(function)
    def f(*values: Any) -> Any:
        return function(**dict(zip(needed, values, strict=True)), **options)

    return Function(f, needed, [given[key] for key in needed], file)


def _in_order(name: str, needed: Sequence[str], at: str) -> dict[str, Any]:
    """What --at says of a function's arguments: of a single one all its entries, of several a number each."""
    if len(needed) == 1:
        return {needed[0]: _argument("--at", at)}
    numbers = point("--at", at)
    if len(numbers) != len(needed):
        raise UserError(f"--at {at}: {name} takes {len(needed)} numbers ({', '.join(needed)}), not {len(numbers)}")
    return dict(zip(needed, numbers, strict=True))


def _argument(what: str, text: str) -> Any:
    """A number, or with commas an array."""
    numbers = point(what, text)
    return numbers if len(numbers) > 1 else numbers[0]


# ---- files -----------------------------------------------------------------------------------------------------------


def is_file(what: str) -> bool:
    """Whether a word means something in a Python file: FILE.py:NAME, or FILE.py alone."""
    return what.endswith(".py") or ".py:" in what


def given(written: str) -> Any:
    """A name with settings as it was typed; as a table where the name means something in a file, which stands there."""
    words = written.split()
    if not words or not is_file(words[0]):
        return written
    found = oneline.table(written)
    return found | {"name": load(found["name"])}


def load(what: str) -> Any:
    """What FILE.py:NAME names: a function or a plugin.

    Raises:
        UserError: there is no such file or name, the file cannot be run, or what is there cannot be called.
    """
    file, _, name = what.partition(".py")
    path = Path(f"{file}.py")
    if not path.is_file():
        raise UserError(absent(path))
    try:
        module = registry.import_file(path)
    except Exception as error:
        raise UserError(registry.one_line(error, str(path))) from error
    functions = {key: value for key, value in vars(module).items() if _is_of(value, module.__name__)}
    found = functions.get(name.removeprefix(":"))
    if found is None:
        said = f"there is no function {name[1:]!r}" if name[1:] else f"say which function, as {path}:NAME"
        offer = did_you_mean(name[1:], functions) or (f"; there is {', '.join(functions)}" if functions else "")
        raise UserError(f"{path}: {said}{offer}")
    return found


def _is_of(value: Any, module: str) -> bool:
    """Whether a value is a function or a plugin that this module makes itself."""
    function = value.function if isinstance(value, tuple(kind.cls for kind in registry.KINDS.values())) else value
    return inspect.isfunction(function) and function.__module__ == module
