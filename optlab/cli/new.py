"""The work of `optlab new`: writes a first drop-in file or experiment."""

from __future__ import annotations

import builtins
import importlib.util
import io
import keyword
import re
import tokenize
from pathlib import Path

from optlab.api.catalogue import short
from optlab.errors import UserError
from optlab.plugins import code_location, kinds
from optlab.plugins.registry import Registry

TEMPLATES = Path(__file__).parent / "templates"
PLACEHOLDER = "new_rule"
"""The plugin name in the templates; the templates are themselves valid files."""

NEXT = {kind.name: kind.next for kind in kinds.ALL if kind.next} | {
    "experiment": ("optlab validate {file}", "optlab run {file}")
}
"""The commands to print as next steps, by the kind of file."""


def write(kind: str, name: str, origin: str | None, folder: Path, known: Registry) -> Path:
    """Write a drop-in file or an experiment.

    Args:
        kind: "experiment", or a kind of plugin that has a template, as "optimizer".
        name: the name of the plugin or experiment, and of the file.
        origin: the optimizer to copy, or None for the template.
        folder: the folder of the new file.
        known: the registry, with the names that are taken.

    Raises:
        UserError: the name is invalid or taken, there is no such origin, or the file exists.
    """
    if origin is not None and kind != "optimizer":
        raise UserError(f"--from {origin}: only an optimizer can be a copy of another optimizer")
    if kind == "experiment":
        _check_experiment(name)
        text = (TEMPLATES / "experiment.toml").read_text(encoding="utf-8").replace(PLACEHOLDER, name)
    else:
        _check_name(kind, name, known)
        text = _from_template(kind, name) if origin is None else _copy(origin, name, known)
    path = folder / f"{name}{'.toml' if kind == 'experiment' else '.py'}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path} exists already; nothing was written") from None
    return path


def _from_template(kind: str, name: str) -> str:
    return renamed((TEMPLATES / f"{kind}.py").read_text(encoding="utf-8"), PLACEHOLDER, name)


def _check_experiment(name: str) -> None:
    if not re.fullmatch(r"[\w-]{1,60}", name):
        raise UserError(f"{name!r}: the name of an experiment has at most 60 letters, digits, _ and -")


def _check_name(kind: str, name: str, known: Registry) -> None:
    if not name.isidentifier():
        proposal = re.sub(r"\W+", "_", name).strip("_")
        guess = f" (did you mean '{proposal}'?)" if proposal.isidentifier() else ""
        raise UserError(f"{name!r} is not a valid name of a Python function{guess}")
    if keyword.iskeyword(name):
        raise UserError(f"{name!r} is a keyword of Python; use another name, such as {name}_")
    if name.startswith(("_", "test_")) or name == "conftest":
        raise UserError(f"a file called {name}.py is not loaded from plugins/; use another name")
    if name in (kind, "np", "x", "g"):
        raise UserError(f"{name!r} is used for something else in the file; use another name")
    if name in vars(builtins) or importlib.util.find_spec(name) is not None:
        raise UserError(
            f"{name!r} is a built-in function or an importable module, which the file would hide; use another name"
        )
    taken = getattr(known, f"{kind}s").get(name)
    if taken is not None:
        raise UserError(
            f"the {kind} {name!r} exists already: {code_location.location(taken.function)}; use another name"
        )


def _copy(origin: str, name: str, known: Registry) -> str:
    """The source file of an optimizer with the new name, after a comment that names the original."""
    file = Path(code_location.source(known.rule(origin).function)[0])
    text = renamed(file.read_text(encoding="utf-8"), origin, name)
    return f"# Copied from {origin}, in {short(str(file))}.\n{text}"


def renamed(text: str, old: str, new: str) -> str:
    """Replace a name in source text where it is an identifier, also in the names of test functions.

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
    """The commands to print as next steps."""
    return [command.format(file=path, name=name) for command in NEXT[kind]]
