"""Words of a command line: names with values, and functions in files."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from optlab.errors import UserError, absent, did_you_mean
from optlab.plugins import registry, shorthand

# ---- what was typed --------------------------------------------------------------------------------------------------


def spread(what: str, more: Sequence[str], names: Collection[str]) -> tuple[str, Sequence[str]]:
    """Split a name with values in one word, such as `"rosenbrock b=10"`, into words.

    An expression may have spaces too; it is not split.

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
    """Separate words into names and NAME=VALUE assignments, and return the assignments as a dictionary of texts.

    >>> split(["clip_norm", "beta=0.5", "rosenbrock b=10"])
    (['clip_norm', 'rosenbrock b=10'], {'beta': '0.5'})
    """
    assignments = [word for word in words if "=" in word and word.partition("=")[0].isidentifier()]
    return [word for word in words if word not in assignments], pairs(assignments)


def pairs(words: Sequence[str]) -> dict[str, str]:
    """Parse NAME=VALUE words into a dictionary of texts."""
    return shorthand.pairs(words, "x=-2")


def start(text: str | None) -> Any:
    """The start of runs: a point, the word "random", or None for the start of each problem."""
    if text is None or text == "random":
        return text
    from optlab.api import subjects

    return subjects.point("--start", text)


# ---- files -----------------------------------------------------------------------------------------------------------


def is_file(what: str) -> bool:
    """Whether a word refers to a Python file: FILE.py:NAME, or FILE.py alone."""
    return what.endswith(".py") or ".py:" in what


def files(texts: Sequence[str]) -> list[Path]:
    """The Python files among names with values.

    >>> files(["mine.py:bowl a=1", "adam"]) == [Path("mine.py")]
    True
    """
    words = [text.split()[0] for text in texts if text.split()]
    return [Path(word.partition(":")[0]) for word in words if is_file(word)]


def given(written: str) -> Any:
    """A name with values, unchanged. If the name is FILE.py:NAME, a table with the loaded function or plugin."""
    words = written.split()
    if not words or not is_file(words[0]):
        return written
    found = shorthand.table(written)
    return found | {"name": load(found["name"])}


def load(what: str) -> Any:
    """Load the function or plugin of FILE.py:NAME, or the only plugin of FILE.py.

    Raises:
        UserError: there is no such file or name, the file raises an exception, or the name is no function or plugin.
    """
    file, _, name = what.partition(".py")
    path = Path(f"{file}.py")
    if not path.is_file():
        raise UserError(absent(path))
    try:
        module = registry.import_file(path)
    except Exception as error:
        raise UserError(registry.one_line(error, str(path))) from error
    functions = {key: value for key, value in vars(module).items() if _is_defined_in(value, module.__name__)}
    plugins = [value for value in functions.values() if not inspect.isfunction(value)]
    found = functions.get(name[1:]) if name[1:] else plugins[0] if len(plugins) == 1 else None
    if found is None:
        problem = f"there is no function {name[1:]!r}" if name[1:] else f"name the function, as in {path}:NAME"
        offer = did_you_mean(name[1:], functions) or (f"; there is {', '.join(functions)}" if functions else "")
        raise UserError(f"{path}: {problem}{offer}")
    return found


def _is_defined_in(value: Any, module: str) -> bool:
    """Whether a value is a function or a plugin that is defined in this module, not imported by it."""
    function = value.function if isinstance(value, tuple(kind.cls for kind in registry.KINDS.values())) else value
    return inspect.isfunction(function) and function.__module__ == module
