"""The dataset of a problem, from the keys dataset, test_fraction and batch_size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optlab.engine.containment import contained, described, original
from optlab.errors import UserError
from optlab.experiments.document import ProblemSpec
from optlab.experiments.resolve.diagnostics import Diagnostics
from optlab.plugins import code_location
from optlab.plugins.problems.base import Split
from optlab.plugins.problems.split import split
from optlab.plugins.registry import Registry
from optlab.plugins.side_effects import undisturbed


def data_of(spec: ProblemSpec, options: Mapping[str, Any], registry: Registry, notes: Diagnostics) -> Split | None:
    """The training and test examples, or None after a mistake was noted.

    `options` has the keys "dataset", "test_fraction" and "batch_size".
    """
    dataset = notes.found(registry.dataset, options["dataset"], (*spec.path, "dataset"))
    if dataset is None:
        return None
    if not 0 <= options["test_fraction"] < 1:
        message = f"test_fraction must be at least 0 and below 1, not {options['test_fraction']}"
        notes.note((*spec.path, "test_fraction"), message)
        return None
    where = code_location.location(dataset.function)
    try:
        with undisturbed(lambda: where), contained():
            data = split(dataset.name, dataset(), options["test_fraction"])
    except Exception as error:
        what = str(error) if isinstance(error, UserError) else described(original(error))
        notes.note((*spec.path, "dataset"), f"{where}: dataset '{dataset.name}' cannot be used: {what}")
        return None
    count = len(data.train_inputs)
    if not 0 <= options["batch_size"] <= count:
        message = f"batch_size must be between 1 and the {count} training examples of {dataset.name}"
        notes.note((*spec.path, "batch_size"), f"{message} (0 for all of them), not {options['batch_size']}")
        return None
    return data
