"""The layer of basins in Node agrees with `optlab basins` of the same function and settings."""

import numpy as np
import pytest

import optlab
from optlab.api.play import play_document, played
from optlab.experiments.cases import titled
from optlab.experiments.choices import GENTLE_RATES
from optlab.plugins import registry
from optlab.report.basins import basins
from optlab.report.document import document
from tests.node import needs_node

pytestmark = needs_node
SIDE = 24
DIVERGED = -2
LOW, HIGH = [-4.5, -4.2], [4.4, 4.0]


@optlab.problem(domain=(-5.0, 5.0))
def two_wells(x):
    """Two minima, none of them declared."""
    return x[0] ** 4 - 2 * x[0] ** 2 + 0.3 * x[0] + x[1] ** 2 + 0.1 * x[0] * x[1]


@optlab.problem(start=[0.3, 0.4])
def without_domain(x):
    """Neither a domain nor a declared minimum."""
    return (x[0] ** 2 - 1) ** 2 + (x[1] - 0.5 * x[0]) ** 2


SLOW = "slow runs, some of which diverge"
# name: the problem, the optimizer, steps, and the number of minima (None: many)
CASES = {
    "several minima": ("himmelblau", {"name": "momentum", "lr": 0.01}, 300, 4),
    SLOW: ("himmelblau", {"name": "gd", "lr": 0.022}, 25, 4),
    "no declared minimum": (two_wells, {"name": "gd", "lr": 0.02}, 300, 2),
    "no domain": (without_domain, {"name": "adam", "lr": 0.05}, 300, 2),
    "a kink, and many minima around it": ("ackley", {"name": "gd", "lr": 0.01}, 200, None),
}


@pytest.fixture(scope="module")
def layers(node_page):
    """For each case its basins in the page."""
    tasks, known = [], registry.load(())
    for problem, optimizer, steps, _ in CASES.values():
        given = play_document([problem], [optimizer], steps, 1, [0.3, 0.4], GENTLE_RATES, known)
        with played(given, known) as results:
            (case,) = document(results, results.judged())["cases"]
            (function,) = titled(results.origin.plan)
        valley = {**case["valley"], "low": LOW, "high": HIGH, "basins": basins(function, LOW, HIGH)}
        program = case["programs"][0]["variants"][0]["program"]
        tasks.append({"valley": valley, "program": program, "steps": steps, "side": SIDE})
    return dict(zip(CASES, node_page("basins.mjs")(tasks), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_layer_is_the_map(layers, name, tmp_path):
    problem, optimizer, steps, count = CASES[name]
    layer = layers[name]
    x, y = zip(LOW, HIGH, strict=True)
    found = optlab.basins(problem, optimizer, resolution=SIDE, steps=steps, x=x, y=y, out=tmp_path, plots=False).maps[0]
    right = np.where(found.diverged, DIVERGED, found.minimum)
    own = np.array(layer["minimum"]).reshape(SIDE, SIDE)
    np.testing.assert_allclose(layer["points"], found.minima, rtol=1e-9, atol=1e-9)
    assert count is None or len(found.minima) == count
    assert (own == right).mean() >= 0.99
    there = (own == right) & (right >= 0)
    assert there.any()
    late = np.array(layer["reached"]).reshape(SIDE, SIDE)[there] - found.reached[there]
    assert late.min() >= 0
    if name == SLOW:  # the layer looks at 65 steps, between which faster runs may pass the minimum
        assert late.max() == 0
