"""The split of a dataset into training and test examples."""

from __future__ import annotations

import numpy as np

from optlab.errors import UserError
from optlab.plugins.problems.base import Data, Split


def split(name: str, data: Data, test_fraction: float) -> Split:
    """Split off a share of the examples for testing. The same data and share always give the same split.

    The split is stratified: from each class, its share of examples is drawn at random, rounded to an integer. A larger
    share contains the test examples of a smaller share. Examples keep the order of the dataset; targets are one-hot.

    >>> halves = split("four points", Data(np.arange(8.0).reshape(4, 2), np.array([0, 1, 1, 0])), 0.5)
    >>> halves.train_inputs.shape, halves.test_targets.sum(axis=0)
    ((2, 2), array([1., 1.]))
    """
    if not 0 <= test_fraction < 1:
        raise UserError(f"a test fraction must be at least 0 and below 1, not {test_fraction}")
    rng = np.random.Generator(np.random.Philox(0))
    is_test = np.zeros(len(data.labels), dtype=bool)
    for label in range(data.classes):
        members = rng.permutation(np.flatnonzero(data.labels == label))
        is_test[members[: round(test_fraction * len(members))]] = True
    targets = np.eye(data.classes)[data.labels]
    return Split(name, data.inputs[~is_test], targets[~is_test], data.inputs[is_test], targets[is_test])
