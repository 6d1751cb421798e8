"""Print docs/conformance.md, the table of all checks of the conformance suite, from the suite itself.

python scripts/list_checks.py > docs/conformance.md
"""

from __future__ import annotations

import inspect

from optlab.testing.checks import CHECKS, THEMES, declared
from optlab.testing.checks.base import Check

INTRODUCTION = """\
# The conformance suite

What every update rule owes the lab: {count} checks for each, and one more for each thing that a rule declares of
itself. `optlab check plugins/mine.py` runs them and prints a verdict per check; `pytest plugins/mine.py` runs them as
tests that can be selected (`plugins/mine.py::TestMine::test_keeps_dtype[float32]`), with the file's own tests.

A check is

- **passed**, or **failed**: then it says what was observed, what was expected, and gives a hint;
- **skipped** where it does not apply or cannot be made, with the reason;
- **exempt** where the rule declares that it fails, with a true reason:
  `@optimizer(exempt={{"comes_to_rest": "the sign of the momentum has always the same size"}})`. An exempt check that
  passes is a failure, and an exemption from a check that there is not is an error.

The rule is called directly, as the NumPy function it is, on a quadratic, on a plane and in Rosenbrock's valley; some of
the checks trace it, as the lab does. x is a vector of four parameters; a rule that is declared `per="tensor"` has to
pass with x a matrix of 2 x 3 too. This page is printed by `python scripts/list_checks.py`.
"""

DECLARED = (
    *declared.INVARIANCES.values(),
    Check("matches_reference[torch:Adam]", declared.matches_reference, declared.UNLIKE),
)


def page() -> str:
    tables = [_table(theme, checks) for theme, checks in THEMES.items()]
    return "\n".join([INTRODUCTION.format(count=len(CHECKS)), *tables, _table("what is declared", DECLARED)])


def _table(theme: str, checks: tuple[Check, ...]) -> str:
    rows = [f"| `{check.name}` | {_demand(check)} | {check.catches} |" for check in checks]
    return "\n".join(
        [f"## {theme.capitalize()}", "", "| check | what it demands | the bug |", "|---|---|---|", *rows, ""]
    )


def _demand(check: Check) -> str:
    """The first paragraph of a check's docstring."""
    function = getattr(check.function, "func", check.function)
    return (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")


if __name__ == "__main__":
    print(page(), end="")
