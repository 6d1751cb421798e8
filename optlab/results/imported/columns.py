"""Which columns of a table hold the solver, the problem, the seed and the cost."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from optlab.errors import UserError, did_you_mean

NAMES: Mapping[str, tuple[str, ...]] = {
    "solver": ("solver", "label", "optimizer", "algorithm", "submission", "method", "algorithm_name", "algo"),
    "problem": ("problem", "case", "workload", "function", "dataset", "task", "benchmark", "function_name"),
    "seed": ("seed", "run", "trial", "repetition", "repeat", "replicate", "study", "run_id", "instance"),
    "cost": (
        *("cost", "value", "loss", "final_loss", "error", "time", "seconds", "runtime", "evaluations", "evals"),
        *("seconds_to_target", "time_to_target", "steps_to_target", "gradients_to_target", "gradients", "steps"),
    ),
}
"""The names that are found without an option, for each role, the most usual first."""

NEEDED = ("solver", "problem", "cost")
HELP = {
    "solver": "which solver a row is about",
    "problem": "which problem a row is about",
    "seed": "which run a row is about",
    "cost": "what a run spent or reached",
    "group": "the groups that are compared apart",
}


def roles(columns: Sequence[str], given: Mapping[str, str | None], where: str, options: str = "--{}") -> dict[str, str]:
    """The column of each role. A seed is left out if no column is named so.

    Args:
        columns: the names of the columns.
        given: the names that the user gave, by role; None where there is none.
        where: the file, for messages.
        options: how a role is given, for messages: "--{}" on the command line, "{}=" in Python.

    Raises:
        UserError: a given column does not exist, a needed one is not found, several may hold the solver, or one column
            has two roles.

    >>> roles(["Optimizer", "dataset", "final loss"], {}, "t.csv")
    {'solver': 'Optimizer', 'problem': 'dataset', 'cost': 'final loss'}
    """
    found: dict[str, str] = {}
    listed = f"the columns are: {', '.join(columns)}"
    for role, name in given.items():
        if name is not None and name not in columns:
            guess = did_you_mean(name, columns)
            raise UserError(f"{where}: {options.format(role)}: there is no column {name!r}{guess}; {listed}")
    taken = {name for name in given.values() if name is not None}
    plain = {_plain(name): name for name in reversed(columns) if name not in taken}
    for role, names in NAMES.items():
        if role == "solver" and not given.get(role):
            _check_one(role, [plain[known] for known in names if known in plain], where, options)
        name = given.get(role) or next((plain[known] for known in names if known in plain), None)
        if name is not None:
            found[role] = name
        elif role in NEEDED:
            free = [name for name in plain.values() if not _is_usual(name)]
            remedy = f"add one, or name it with {options.format(role)}"
            if free:  # in the reversed order of the columns; a cost is usually the last one
                remedy = f"name one, as in {named(options, role, free[0 if role == 'cost' else -1])}"
            raise UserError(f"{where}: no column says {HELP[role]}; {listed}; {remedy}")
    if given.get("group"):
        found["group"] = str(given["group"])
    for role, name in found.items():
        other = next((other for other in found if other != role and found[other] == name), None)
        if other is not None:
            raise UserError(f"{where}: column {name!r} cannot be both the {role} and the {other}; {listed}")
    return found


def _check_one(role: str, found: Sequence[str], where: str, options: str) -> None:
    """Refuse several columns for a role."""
    if len(found) > 1:
        both = " and ".join(map(repr, found))
        ways = " or ".join(named(options, role, name) for name in found)
        raise UserError(f"{where}: columns {both} may each say {HELP[role]}; write {ways}")


def named(options: str, role: str, column: str) -> str:
    """What to write to name a column: `--seed run` on the command line, `seed='run'` in Python.

    >>> named("--{}", "seed", "run"), named("{}=", "seed", "the run")
    ('--seed run', "seed='the run'")
    """
    if options.endswith("="):
        return f"{options.format(role)}{column!r}"
    return f"{options.format(role)} {shlex.quote(column)}"


def _is_usual(name: str) -> bool:
    """Whether a column is named like one for a role."""
    return any(_plain(name) in names for names in NAMES.values())


def _plain(name: str) -> str:
    """A name in lower case, with underscores between words."""
    return re.sub(r"[\s_-]+", "_", name.strip()).lower()
