"""The trajectories of runs that followed the protocol (`protocol.py`), made from what a back end has recorded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from optlab.execution.records import DIVERGED, DONE, Floats, Ints, Sweep, Trajectories


def trajectories(
    sweep: Sweep,
    *,
    finite: NDArray[np.bool_],
    steps: Ints,
    grad_evals: Ints,
    first: Floats,
    final: Floats,
    best: Floats,
    seconds: Floats,
    loss: Floats,
    trail: Floats | None,
    metrics: Mapping[str, Floats],
    x: Floats,
    reached: Ints | None,
    stopped: Ints | None,
) -> Trajectories:
    """The trajectories of runs that followed the protocol. `finite`: which runs made all steps. x is from step n."""
    if stopped is not None:
        later = (sweep.recording.steps[:, None] > steps) & (stopped >= 0)
        loss = np.where(later, final, loss)
    done = finite if stopped is None else finite | (stopped >= 0)
    lost = np.flatnonzero(~done)
    for values in (loss, trail, *metrics.values(), first, final, best) if len(lost) else ():
        if values is not None:
            values[..., lost] = np.where(np.isnan(part := values[..., lost]), np.nan, part)
    return Trajectories(
        status=np.where(done, DONE, DIVERGED).astype(np.uint8),
        steps=steps,
        grad_evals=grad_evals,
        first_loss=first,
        final_loss=final,
        best_loss=np.where(np.isfinite(best), best, first),
        seconds=seconds,
        loss=loss,
        x=trail,
        metrics=metrics,
        final_x=np.where(finite, x, np.nan) if sweep.recording.final_x else None,
        reached=reached,
        stopped=stopped,
    )
