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

The checks that every update rule must pass: {count} checks, and one more for each property that a rule declares.
`optlab check plugins/mine.py` runs them and prints a verdict for each check. `pytest plugins/mine.py` runs them as
tests that can be selected (`plugins/mine.py::TestMine::test_keeps_dtype[float32]`), with the tests in the file, and
`pytest plugins` those of all files in the folder.

`optlab check` loads and checks plugins in a process of their own (not on Windows, and not with `--in-process`). If a
rule does not return within 60 seconds (`--seconds`), needs more than 4 GB (`--memory`, on Linux), or crashes or ends
its process, the check fails, with the file and line where that is known. Its other checks are not made, and the next
plugin follows. A file that does this while it is loaded ends the command with a message.

The result of a check is one of these:

- **passed**, or **failed** with the observed result, the expected result, and a hint;
- **advice** if the rule may be right nevertheless: about its docstring, its source, its declared ranges, a counterpart
  with which it was not compared, or a norm that overflows. Advice is a failure with `optlab check --strict`, with
  `pytest --optlab-strict` or `--strict`, and for the built-in rules;
- **skipped**, with the reason, if the check does not apply or cannot be made, or would fail by design, like
  `comes_to_rest` for steps of signs;
- **exempt** if the rule declares that it fails, with a reason:
  `@optimizer(exempt={{"comes_to_rest": "the sign of the momentum has always the same size"}})`. An exempt check that
  passes is a failure, and an exemption from an unknown check is an error.

The rule is called directly as a NumPy function, on a quadratic, on a plane and on Rosenbrock's function. Some checks
trace it, as a run does. x is a vector of four parameters. A rule that is declared `per="tensor"` must also pass with a
2 x 3 matrix as x. This page is printed by `python scripts/list_checks.py`.
"""

COUNTERPARTS = """\
## Counterparts in other packages

`references` gives the name of the same rule in torch or optax, and maps hyperparameters to its arguments. An argument
gets the value of one hyperparameter (its name), of several (a tuple of names), or a constant (anything that is not a
string). `"where"` contains hyperparameters with the values at which the two rules are equal. If the package is not
installed, the check is skipped.

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
    \"\"\"Adam (Kingma & Ba, 2014), with optional bias correction.\"\"\"
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    first, second = (1 - beta1**t, 1 - beta2**t) if is_corrected else (1.0, 1.0)
    return x - lr * (m / first) / (np.sqrt(v / second) + eps), m, v


assert compare(my_adam, "torch:Adam") <= TOLERANCE
```

The check compares 1,000 steps of 60 runs with the defaults, then 50 steps with another value of each mapped
hyperparameter: each number alone, and each boolean choice alone and together with every number that is 0 by default.
Combinations that the counterpart refuses are left out; torch, for example, refuses Nesterov's form without momentum.
The message of a mismatch names the first step at which the two differ, and the hyperparameters that remove the
difference: "differs from torch:Adam by 9.61e-05 of its size within 1,000 steps, from step 1 on, and not at all with
eps = 0".
"""

AROUND = """\
## Transforms and schedules

They are checked as gradient descent with one transform or schedule. `optlab check plugins/halfway.py`,
`optlab check clip_norm` and `pytest plugins/halfway.py` make {transforms} checks of a transform of the gradient,
{steps} checks of a transform of the whole step, and {schedules} checks of a schedule: the checks above that apply, and
these.
"""

DECLARED = (
    *declared.INVARIANCES.values(),
    Check("matches_reference[torch:Adam]", declared.matches_reference, declared.UNLIKE),
)


def page() -> str:
    tables = [_table(theme, checks) for theme, checks in THEMES.items()]
    declared = _table("declared properties", DECLARED)
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
        [f"## {theme.capitalize()}", "", "| check | condition | the bug that it finds |", "|---|---|---|", *rows, ""]
    )


def _demand(check: Check) -> str:
    """The first paragraph of a check's docstring."""
    function = getattr(check.function, "func", check.function)
    return (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")


if __name__ == "__main__":
    print(page(), end="")
