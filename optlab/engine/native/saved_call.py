"""What is saved of a call of a kernel between two calls of its machine code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.native.hoisting import StepProgram
from optlab.engine.saver import UNSAVED, StateSaver


class SavedCall:
    """Saves and loads the arrays of a call without the padding of their run axis.

    The running products that all runs share are saved once per run, in one array with those of each run. So the state
    of some of the runs can be continued by a kernel in which more numbers are the same for all runs.

    Args:
        arrays: the arrays with a padded run axis, by name.
        products: the running products of each run, with a padded run axis.
        shared: the running products that all runs share.
    """

    def __init__(
        self,
        saver: StateSaver,
        runs: int,
        program: StepProgram,
        arrays: Mapping[str, NDArray[Any]],
        products: NDArray[Any],
        shared: NDArray[Any],
    ) -> None:
        self._saver, self._runs, self._arrays, self._products, self._shared = saver, runs, arrays, products, shared
        order = sorted([*program.own_running, *program.shared_running])
        self._own_places = [order.index(i) for i in program.own_running]
        self._shared_places = [order.index(i) for i in program.shared_running]

    def load(self) -> tuple[int, float]:
        """Continue what was saved. See `StateSaver.load`."""
        if self._saver is UNSAVED:
            return 0, 0.0
        state = self._state()
        step, seconds = self._saver.load(state)
        self._products[:, : self._runs] = state["products"][self._own_places]
        self._shared[...] = state["products"][self._shared_places, 0]
        for array in (self._products, *self._arrays.values()):
            array[..., self._runs :] = array[..., self._runs - 1 : self._runs]
        return step, seconds

    def save(self, step: int, seconds: float) -> None:
        """Save the state before a step. See `StateSaver.save`."""
        self._saver.save(self._state(), step, seconds)

    def _state(self) -> dict[str, NDArray[Any]]:
        products = np.empty((len(self._own_places) + len(self._shared_places), self._runs))
        products[self._own_places] = self._products[:, : self._runs]
        products[self._shared_places] = self._shared[:, None]
        return {name: array[..., : self._runs] for name, array in self._arrays.items()} | {"products": products}


class Stopping:
    """Passes progress on. If that raises an exception, and the state is to be saved because of it, the exception is
    kept in `raised`: the other parts of the runs must come to the same step first."""

    def __init__(self, progress: Callable[[int], None], saver: StateSaver) -> None:
        self._progress, self._saver = progress, saver
        self.raised: BaseException | None = None

    def __call__(self, run_steps: int) -> None:
        try:
            self._progress(run_steps)
        except BaseException as error:
            if not self._saver.due(is_last=True):
                raise
            self.raised = error
