"""What the page needs to find the minima of a function, as `optlab basins` does."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.engine.native.ir import Unsupported
from optlab.engine.passes import optimise, settle
from optlab.engine.trace import record
from optlab.errors import OptlabError
from optlab.experiments.cases import Titled
from optlab.experiments.maps.minima import derivatives
from optlab.report.rule import program


def basins(case: Titled, low: list[float], high: list[float]) -> dict[str, Any] | None:
    """A function of two parameters that is shown between the corners `low` and `high`, as JSON.

    - `box`: the corners of its domain, or of what is shown if it has none.
    - `code`, `outputs`: a program, see `rule_in_numbers`: x -> f_x, f_y, f_xx, f_xy, f_yy.

    None if the derivatives cannot be written for single numbers.
    """
    domain = case.case.problem.domain is not None
    box = [side.tolist() for side in case.case.problem.bounds(2)] if domain else [low, high]
    try:
        slopes = derivatives(case.case)
        graph = record(lambda x: slopes(x, **case.options), [np.empty(2)], {}).graph
        code, outputs = program(optimise(settle(graph)), carried=0)
    except (OptlabError, Unsupported):
        return None
    return {"box": box, "code": code, "outputs": [at for (at,) in outputs]}
