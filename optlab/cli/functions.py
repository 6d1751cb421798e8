"""What is typed on a command line: names with settings, and functions in files."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from optlab import oneline, registry
from optlab.errors import UserError, absent, did_you_mean

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


def split(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Words as names, and NAME=VALUE as a dictionary of texts.

    >>> split(["clip_norm", "beta=0.5", "rosenbrock b=10"])
    (['clip_norm', 'rosenbrock b=10'], {'beta': '0.5'})
    """
    settings = [word for word in words if "=" in word and word.partition("=")[0].isidentifier()]
    return [word for word in words if word not in settings], pairs(settings)


def pairs(words: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE, as a dictionary of texts."""
    return oneline.pairs(words, "x=-2")


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
