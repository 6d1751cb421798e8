"""Why results have no picture of a kind, and what to write in the experiment file to get one."""

from __future__ import annotations

from optlab.execution.records import FAILURES
from optlab.results.profiles.of_results import Profiled
from optlab.results.selection import Selection

_RECORD = "no steps were recorded; write points = 200 in [record] and run the experiment again"
_TRIALS = "write a range such as lr = { log_uniform = [1e-4, 1.0] }, and trials = 40 in [tuning]"
_MAPS = ("basins", "stability")
_OF_ALL_CASES = ("profile", "data_profile", "ecdf", "units")


def reason(kind: str, results: Profiled, selection: Selection) -> str:
    """Why there is no picture of a kind, as the end of a sentence.

    `selection` is the selection for which there is none.
    """
    plan = results.origin.plan
    if plan is not None and not plan.kind.is_ranked:
        return f"they are a map; its pictures are {plan.kind.name}"
    if kind in _MAPS:
        return f"they are no map; write a table [{kind}], or use the command optlab {kind}"
    if selection.cases and kind in _OF_ALL_CASES:
        return "it is about all problems; choose none"
    if kind == "units":
        return 'unit tests are suite = "units" in a [[problem]], with an [[optimizer]] gd or sgd as their reference'
    if kind == "extra":
        return "no plugin has pictures (hook optlab_figures)"
    if kind == "strategies":
        return "there is one number of trials; write several in [tuning], as in trials = [0, 25, 50]"
    if kind == "best_of_k":
        return f"no optimizer has several settings; {_TRIALS}"
    if kind == "ranks":
        labels = selection.compared(list(dict.fromkeys(results.runs["label"])))
        alone = f"there is one optimizer, {labels[0]}; add an [[optimizer]]"
        return alone if len(labels) == 1 else "no optimizer ended with a finite loss, so that none has a rank"
    if kind == "lr":
        return "no optimizer has a number as its learning rate; write lr = [0.001, 0.01, 0.1] in an [[optimizer]]"
    if results.runs["status"].isin(FAILURES).all():
        return "runs of every optimizer ended with an error"
    if results.history.empty:
        return _RECORD
    if kind in ("contour", "surface"):
        left_out = results.origin.left_out
        return "; ".join(left_out) or "no problem is a function of two parameters with recorded trajectories"
    return "no loss is finite, or runs of every optimizer ended with an error"
