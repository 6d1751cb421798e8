"""What `optlab new` writes: a drop-in file, or an experiment, to start from."""

from __future__ import annotations

import builtins
import importlib.util
import io
import keyword
import re
import tokenize
from pathlib import Path

from optlab import plugin_kinds, signature
from optlab.errors import UserError
from optlab.registry import Registry

TEMPLATES = Path(__file__).parent / "templates"
PLACEHOLDER = "new_rule"
"""The name in the templates, which are files that work."""

NEXT = {kind.name: kind.next for kind in plugin_kinds.ALL if kind.next} | {
    "experiment": ("optlab validate {file}", "optlab run {file}")
}
"""The commands to go on with, by what was begun."""


def write(kind: str, name: str, origin: str | None, folder: Path, known: Registry) -> Path:
    """Write a drop-in file or an experiment.

    Args:
        kind: "experiment", or a kind of plugin that has a template, as "optimizer".
        name: of what is declared, and of the file.
        origin: an optimizer to start from, or None for the template.
        folder: where the file is written.
        known: what there is.

    Raises:
        UserError: the name cannot be used or is taken, there is no such origin, or the file is there already.
    """
    if origin is not None and kind != "optimizer":
        raise UserError(f"--from {origin}: only an optimizer can start from another one")
    if kind == "experiment":
        _check_experiment(name)
        text = (TEMPLATES / "experiment.toml").read_text(encoding="utf-8").replace(PLACEHOLDER, name)
    else:
        _check_name(kind, name, known)
        text = _begun(kind, name) if origin is None else _copy(origin, name, known)
    path = folder / f"{name}{'.toml' if kind == 'experiment' else '.py'}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path} is there already; nothing was written") from None
    return path


def _begun(kind: str, name: str) -> str:
    return renamed((TEMPLATES / f"{kind}.py").read_text(encoding="utf-8"), PLACEHOLDER, name)


def _check_experiment(name: str) -> None:
    if not re.fullmatch(r"[\w-]{1,60}", name):
        raise UserError(f"{name!r}: the name of an experiment has at most 60 letters, digits, _ and -")


def _check_name(kind: str, name: str, known: Registry) -> None:
    if not name.isidentifier():
        proposal = re.sub(r"\W+", "_", name).strip("_")
        guess = f" (did you mean '{proposal}'?)" if proposal.isidentifier() else ""
        raise UserError(f"{name!r} is no name that a Python function can have{guess}")
    if keyword.iskeyword(name):
        raise UserError(f"{name!r} is a word of Python's own; take another name, as {name}_")
    if name.startswith(("_", "test_")) or name == "conftest":
        raise UserError(f"a file called {name}.py is not loaded from plugins/; take another name")
    if name in (kind, "np", "x", "g"):
        raise UserError(f"{name!r} is a name that the file needs for something else; take another one")
    if name in vars(builtins) or importlib.util.find_spec(name) is not None:
        raise UserError(
            f"{name!r} is a function or a module of Python's, or an installed one, which the file would hide; "
            "take another name"
        )
    taken = getattr(known, f"{kind}s").get(name)
    if taken is not None:
        raise UserError(
            f"the {kind} {name!r} is there already: {signature.location(taken.function)}; take another name"
        )


def _copy(origin: str, name: str, known: Registry) -> str:
    """The file of an optimizer, renamed, under a line that says where it comes from."""
    file = Path(signature.source(known.rule(origin).function)[0])
    text = renamed(file.read_text(encoding="utf-8"), origin, name)
    return f"# Begun as a copy of {origin}, from {'/'.join(file.parts[-3:])}.\n{text}"


def renamed(text: str, old: str, new: str) -> str:
    """Source text with a name replaced wherever it is a name of the program, also in the names of its tests.

    >>> print(renamed("def adam(x):  # as adam\\n    return x", "adam", "mine"))
    def mine(x):  # as adam
        return x
    """
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        is_test = token.string == f"test_{old}" or token.string.startswith(f"test_{old}_")
        if token.type == tokenize.NAME and (token.string == old or is_test):
            (row, begin), (_, end) = token.start, token.end
            line = lines[row - 1]
            lines[row - 1] = line[:begin] + token.string.replace(old, new, 1) + line[end:]
    return "".join(lines)


def advice(kind: str, name: str, path: Path) -> list[str]:
    """The commands to go on with."""
    return [command.format(file=path, name=name) for command in NEXT[kind]]
