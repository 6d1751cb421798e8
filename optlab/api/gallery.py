"""The gallery of optimizers: equations, source, defaults, paths over three surfaces, and the verdict of the conformance
suite. `optlab gallery` writes it as a page."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from optlab.api import pipeline
from optlab.errors import UserError
from optlab.execution import executors, runner
from optlab.execution.records import Sweep, Trajectories
from optlab.experiments.kinds import Plan
from optlab.explain.equations import equations
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.registry import Registry
from optlab.plugins.signature import summary

SURFACES = {"rosenbrock": [-1.6, 0.4], "himmelblau": [-0.5, -3.5], "ravine": [-5.0, 3.0]}
"""Test functions and the starts of the paths: a bent valley, four minima, a steep and winding ravine."""

STEPS = 200
RATES = {"log": [1e-5, 1.0], "num": 31}
RESOLUTION = 160
TALLEST, WIDEST = 20, 240
"""Limits of lines, and of characters per line. Longer equations, as of unrolled loops, give way to the docstring."""
Verdict = Callable[[Optimizer], str]


def write(
    page: Path,
    names: Iterable[str],
    known: Registry,
    verdict: Verdict,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Path]:
    """Write the page and a picture of each optimizer. Returns the files. `progress(1)` is called after each picture.

    Raises:
        UserError: the page cannot be written there, or a rule cannot be traced or run.
    """
    names = list(names)
    folder = page.parent / "pictures" / "gallery"
    for name in names:
        equations(known.rule(name))  # raises for a rule that cannot be traced, before anything is drawn
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{page}: its folder cannot be created: {error.strerror}") from None
    files = []
    for name in names:
        files.append(_picture(name, folder / f"{name}.png", known))
        progress(1)
    page.write_text(text(names, known, verdict), encoding="utf-8")
    return [page, *files]


def text(names: Iterable[str], known: Registry, verdict: Verdict) -> str:
    """The page as Markdown."""
    names = list(names)
    head = f"""# Optimizers

All optimizers of `optlab list optimizers`: the equations, derived from the traced graph, source and defaults, and the
paths over three surfaces ({", ".join(SURFACES)}). A path has {STEPS} steps at the best of {RATES["num"]} learning
rates, by the final loss. `optlab gallery` writes this page. `optlab explain NAME` shows one rule,
also with transforms and a schedule.

"""
    sections = [_section(known.optimizer(name), verdict) for name in names]
    others = [_list("Transforms", known.transforms), _list("Schedules", known.schedules)]
    return head + " · ".join(f"[{name}](#{name})" for name in names) + "\n\n" + "\n".join([*sections, *others])


def _section(optimizer: Optimizer, verdict: Verdict) -> str:
    found = equations(optimizer)
    body = str(replace(found, heading="")).partition("\n\n")[2]
    if len(found.lines) > TALLEST or max(map(len, body.splitlines())) > WIDEST:
        documented = (inspect.getdoc(optimizer.function) or "").partition("\n")[2].strip("\n")
        body = f"{documented}\n\n{found.notes()}"
    counterparts = ", ".join(f"`{name}`" for name in optimizer.references)
    remarks = [verdict(optimizer)] + ([f"Compared with {counterparts}."] if counterparts else [])
    return f"""## {optimizer.name}

{summary(optimizer.function)}

```text
{body}
```

![The path of {optimizer.name} over three surfaces](pictures/gallery/{optimizer.name}.png)

{" ".join(remarks)}
"""


def _list(title: str, plugins: Mapping[str, Any]) -> str:
    rows = "\n".join(f"| `{name}` | {summary(plugin.function)} |" for name, plugin in plugins.items())
    return f"## {title}\n\n| name | what it is |\n| --- | --- |\n{rows}\n"


# ---- pictures --------------------------------------------------------------------------------------------------------


def _picture(name: str, path: Path, known: Registry) -> Path:
    from optlab.figures import path_panels

    planned = pipeline.prepare(_document(known.optimizer(name)), plugins=known).plan
    return path_panels.save([_panel(sweep, run) for sweep, run in _best(planned)], path)


def _document(optimizer: Optimizer) -> dict[str, Any]:
    rates = {"lr": RATES} if "lr" in optimizer.signature.numbers else {}
    return {
        "name": "gallery",
        "steps": STEPS,
        "problem": [{"name": name, "start": start} for name, start in SURFACES.items()],
        "optimizer": [{"name": optimizer.name, **rates}],
        "record": {"points": STEPS + 1},
    }


def _best(planned: Plan) -> list[tuple[Sweep, Trajectories]]:
    """The run with the lowest final loss of every sweep, as a sweep of one run."""
    with executors.threads() as pool:
        task = runner.Runner(planned.sweeps, executors.workers())
        parts = executors.execute(planned.sweeps, task, pool, lambda n: None)
        done = {sweep.id: whole for sweep, whole in executors.whole(parts)}
    found = []
    for sweep in planned.sweeps:
        whole = done[sweep.id]
        if whole.x is None or whole.log:
            raise UserError(
                f"{sweep.rule.optimizer.name} cannot be run on {sweep.titles[0]}: {whole.log.strip().splitlines()[-1]}"
            )
        best = int(np.nanargmin(np.where(np.isfinite(whole.final_loss), whole.final_loss, np.inf)))
        found.append((sweep.block(slice(best, best + 1)), replace(whole, x=whole.x[:, :, best : best + 1])))
    return found


def _panel(sweep: Sweep, run: Trajectories) -> Any:
    from optlab.experiments.cases import Titled
    from optlab.figures import path_panels
    from optlab.results.case_frames import surface_between

    case = Titled(sweep.titles[0], sweep.case, sweep.options(), sweep.steps)
    assert run.x is not None
    low, high = sweep.case.problem.bounds(2)
    ground = surface_between(case, low, high, RESOLUTION)
    rate = sweep.numbers.get(("hyperparameter", "lr"))
    title = sweep.case.problem.name + (f", lr {rate[0]:.2g}" if rate is not None else "")
    return path_panels.PathPanel(title, ground, run.x[:, :, 0], case.minima, case.minimum)
