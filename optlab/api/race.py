"""A race in one call: optimizers on a few problems, each at the best of several learning rates.

A race is an ordinary experiment: its file is stored with the results, and finished results are reused.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab.api.maps import Table, name_of, several, span
from optlab.api.run import run
from optlab.errors import UserError, named, shortened
from optlab.experiments.choices import SEEDS, STEPS
from optlab.experiments.document.axes import MAX_VALUES
from optlab.plugins import registry
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.optimizers.base import optimizer as as_optimizer
from optlab.plugins.registry import Folders, Registry
from optlab.plugins.shorthand import table

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults

COURSE = ("rosenbrock", "himmelblau", "beale", "ravine")
"""The default problems of a race."""

RATES = "1e-4:10:11"
"""The default learning rates: two in each power of ten."""


def race(
    optimizers: Table | Sequence[Table],
    on: Table | Sequence[Table] = COURSE,
    *,
    steps: int = STEPS,
    seeds: int = SEEDS,
    start: str | Sequence[float] | None = None,
    lr: str = RATES,
    schedule: Table | None = None,
    name: str = "race",
    out: str | Path = "results",
    plots: bool = True,
    plugins: Folders = ("plugins",),
    format: str = "png",
    backend: str | None = None,
    only: Sequence[str] = (),
    top: int | None = None,
) -> ExperimentResults:
    """Run optimizers on problems and rank them by their final losses.

    An optimizer without an `lr` is run with a grid of learning rates. Rankings and pictures show it at the learning
    rate with the lowest median final loss. So each optimizer is tuned on the same loss that ranks it.

    Args:
        optimizers: one or several optimizers: texts with hyperparameters such as `"momentum lr=0.01"`, tables,
            objects that `@optimizer` made, or plain functions of this form.
        on: one or several problems: texts with options such as `"rosenbrock b=10"`, tables, or objects that
            `@problem` made.
        steps: the number of updates per run.
        seeds: the number of repeats of cells with anything random.
        start: the start of all runs, `"random"` or a point. Default: the start of each problem.
        lr: the learning rates to try, as LOW:HIGH:NUM: NUM values from LOW to HIGH at equal ratios.
        schedule: a schedule with options such as `"cosine warmup=50"`, for each optimizer that has none itself.
        name: the name of the folder with the results.
        out, plots, plugins, format, backend, only, top: see `optlab.run`.

    Returns:
        The results, as from `optlab.run`.

    Raises:
        SpecError: an unknown name or option.
        UserError: a text that is not a name with values, a problem that is given twice, or an invalid range of learning
            rates.

    >>> import tempfile
    >>> results = race(["gd", "adam lr=0.1"], "sphere", steps=50, lr="0.01:1:5", out=tempfile.mkdtemp(), plots=False)
    >>> results.runs["hp.lr"].round(3).tolist()
    [0.01, 0.032, 0.1, 0.316, 1.0, 0.1]
    """
    known = registry.load(plugins)
    document = race_document(optimizers, on, steps, seeds, start, lr, schedule, name, known)
    return run(document, out, plots, known, format, backend, only, top)


def race_document(
    optimizers: Table | Sequence[Table],
    on: Table | Sequence[Table],
    steps: int,
    seeds: int,
    start: str | Sequence[float] | None,
    lr: str,
    schedule: Table | None,
    name: str,
    known: Registry,
) -> dict[str, Any]:
    """The experiment of a race as a document. `known` is used to find which optimizers have a learning rate.

    Raises:
        UserError: a problem is given twice, or an invalid range of learning rates.
    """
    common_start = {} if start is None else {"start": start}
    common_schedule = {} if schedule is None else {"schedule": table(schedule)}
    rates = grid(lr)
    problems = [common_start | table(problem) for problem in several(on)]
    for n, problem in enumerate(problems):
        if problem in problems[:n]:
            raise UserError(f"{named(name_of(problem))} is given twice with the same settings; leave one out")
    rules = [common_schedule | rule for rule in _labelled(several(optimizers))]
    for rule in rules:
        if _has_rate(rule, known):
            rule.setdefault("lr", rates)
    return {"name": name, "steps": steps, "seeds": seeds, "problem": problems, "optimizer": [*map(_ordered, rules)]}


def grid(text: str) -> dict[str, Any]:
    """LOW:HIGH:NUM as the axis of an experiment.

    Raises:
        UserError: the text has another form.

    >>> grid("1e-4:1:9")
    {'log': [0.0001, 1.0], 'num': 9}
    """
    if not isinstance(text, str):
        raise UserError(
            f"lr: {text!r} is no text like {RATES!r}; write a single rate with its optimizer, as in 'gd lr=0.1'"
        )
    ends, _, number = text.rpartition(":")
    num = int(number) if number.isdecimal() and len(number) < 20 else 0
    if ends.count(":") != 1 or not 2 <= num <= MAX_VALUES:
        what = f"is not LOW:HIGH:NUM, like {RATES}, with a NUM from 2 to {MAX_VALUES:,}"
        raise UserError(f"lr: {shortened(text)!r} {what}")
    low, high = span("lr", ends)
    if low <= 0:
        raise UserError(f"lr: {text!r} begins at {low:g}; equal ratios need a LOW above 0")
    return {"log": [low, high], "num": num}


def tuned(document: Mapping[str, Any]) -> list[str]:
    """The labels of the optimizers of a race whose learning rate is tuned."""
    return [
        rule.get("label", name_of(rule)) for rule in document["optimizer"] if isinstance(rule.get("lr"), dict | list)
    ]


def _labelled(written: Sequence[Table]) -> list[dict[str, Any]]:
    """The tables of optimizers. If a name occurs twice with different settings, the label contains the settings."""
    rules = [table(rule) for rule in written]
    names = [name_of(rule) for rule in rules]
    is_repeated = [rules.count(rule) > 1 for rule in rules]
    for text, rule, repeated in zip(written, rules, is_repeated, strict=True):
        if isinstance(text, str) and names.count(name_of(rule)) > 1 and not repeated:
            rule.setdefault("label", text)
    return rules


def _has_rate(rule: Mapping[str, Any], known: Registry) -> bool:
    name = rule.get("name", "")
    if inspect.isfunction(name):
        name = as_optimizer(name)
    if isinstance(name, Optimizer):
        return "lr" in name.signature.options
    try:
        optimizer = known.optimizer(str(name))  # also of another package
    except UserError:  # reported when the experiment is read
        return False
    return "lr" in optimizer.signature.options


def _ordered(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the name first and the schedule last, as a person would write it."""
    return dict(sorted(rule.items(), key=lambda pair: (pair[0] == "schedule") - (pair[0] == "name")))
