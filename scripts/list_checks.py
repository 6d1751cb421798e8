"""Print docs/conformance.md, the table of all checks of the conformance suite, from the suite itself.

python scripts/list_checks.py > docs/conformance.md
"""

from __future__ import annotations

import inspect

from optlab.plugins.schedules.cosine import cosine
from optlab.plugins.transforms.clip_norm import clip_norm
from optlab.plugins.transforms.lookahead import lookahead
from optlab.testing.checks import CHECKS, THEMES, declared, wrappers
from optlab.testing.checks.base import Check
from optlab.testing.conformance import checks_for

INTRODUCTION = """\
# The conformance suite

What every update rule owes the lab: {count} checks for each, and one more for each thing that a rule declares of
itself. `optlab check plugins/mine.py` runs them and prints a verdict per check; `pytest plugins/mine.py` runs them as
tests that can be selected (`plugins/mine.py::TestMine::test_keeps_dtype[float32]`), with the file's own tests.

A check is

- **passed**, or **failed**: then it says what was observed, what was expected, and gives a hint;
- **advice** where the rule may be right all the same: its docstring, its source, its declared ranges, a counterpart
  that nothing compared it with, a norm that overflows. It is a failure with `optlab check --strict`, with
  `pytest --optlab-strict` or `--strict`, and for the rules that are built in;
- **skipped** where it does not apply or cannot be made, with the reason; also where it would fail by design, as
  `comes_to_rest` for steps of signs;
- **exempt** where the rule declares that it fails, with a true reason:
  `@optimizer(exempt={{"comes_to_rest": "the sign of the momentum has always the same size"}})`. An exempt check that
  passes is a failure, and an exemption from a check that there is not is an error.

The rule is called directly, as the NumPy function it is, on a quadratic, on a plane and in Rosenbrock's valley; some of
the checks trace it, as the lab does. x is a vector of four parameters; a rule that is declared `per="tensor"` has to
pass with x a matrix of 2 x 3 too. This page is printed by `python scripts/list_checks.py`.
"""

COUNTERPARTS = """\
## Counterparts in other packages

`references` names what torch or optax call the same rule, and tells how our hyperparameters become its arguments. An
argument there is given the value of a hyperparameter of ours (its name), several of them (a tuple), or a constant
(anything that is no text). Under `"where"` stand hyperparameters of ours, with the values that make the two rules the
same. If the package is not installed, the check is skipped.

```python
import numpy as np

from optlab import optimizer
from optlab.testing.references import TOLERANCE, compare


@optimizer(
    references={
        "torch:Adam": {
            "lr": "lr",
            "betas": ("beta1", "beta2"),
            "eps": "eps",
            "amsgrad": False,
            "where": {"is_corrected": True},
        }
    }
)
def my_adam(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, is_corrected=False):
    \"\"\"Adam (Kingma & Ba, 2014), whose averages may stay as they are.\"\"\"
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    first, second = (1 - beta1**t, 1 - beta2**t) if is_corrected else (1.0, 1.0)
    return x - lr * (m / first) / (np.sqrt(v / second) + eps), m, v


assert compare(my_adam, "torch:Adam") <= TOLERANCE
```

The check compares 1,000 steps of 60 runs at the defaults, then 50 steps at another value of each hyperparameter that is
mapped: each number by itself, each choice between true and false by itself and with every number that is 0 by default.
What the counterpart refuses, as torch refuses Nesterov's form without momentum, is left out. The message of a mismatch
names the first step at which the two differ, and the hyperparameters that remove the difference: "differs from
torch:Adam by 9.61e-05 of its size within 1,000 steps, from step 1 on, and not at all with eps = 0".
"""

AROUND = """\
## Transforms and schedules

They are checked as gradient descent with one of them around it. `optlab check plugins/halfway.py`,
`optlab check clip_norm` and `pytest plugins/halfway.py` make {transforms} checks of a transform of the gradient,
{steps} of one of the whole step, and {schedules} of a schedule: those above that apply, and these.
"""

DECLARED = (
    *declared.INVARIANCES.values(),
    Check("matches_reference[torch:Adam]", declared.matches_reference, declared.UNLIKE),
)


def page() -> str:
    tables = [_table(theme, checks) for theme, checks in THEMES.items()]
    declared = _table("what is declared", DECLARED)
    counts = {
        "transforms": len(checks_for(clip_norm)),
        "steps": len(checks_for(lookahead)),
        "schedules": len(checks_for(cosine)),
    }
    own = _table("of their own", (*wrappers.TRANSFORM_CHECKS, *wrappers.SCHEDULE_CHECKS)).partition("\n\n")[2]
    parts = [INTRODUCTION.format(count=len(CHECKS)), *tables, declared, COUNTERPARTS, AROUND.format(**counts), own]
    return "\n".join(parts).rstrip("\n") + "\n"


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
