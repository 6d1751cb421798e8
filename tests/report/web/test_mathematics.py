"""JavaScript's Math, which modules import, against NumPy: at most 4 units in the last place apart."""

from __future__ import annotations

import numpy as np

from tests.node import evaluated, needs_node

OF_ONE = {
    **dict.fromkeys(["exp", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asinh", "atan"], (-30.0, 30.0)),
    "cbrt": (-1e3, 1e3),
    **dict.fromkeys(["log", "log2", "log10", "log1p"], (1e-3, 50.0)),
    **dict.fromkeys(["asin", "acos", "atanh"], (-1.0, 1.0)),
    "acosh": (1.0, 30.0),
}
OF_TWO = {"pow": (0.1, 9.0), "atan2": (-5.0, 5.0), "hypot": (-5.0, 5.0)}
OF_ARCS = ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")
IN_NUMPY = {"pow": "power"} | {name: f"arc{name[1:]}" for name in OF_ARCS}


@needs_node
def test_functions_of_math(tmp_path):
    rng = np.random.default_rng(0)
    given = {name: rng.uniform(*ends, (1, 2000)).tolist() for name, ends in OF_ONE.items()}
    given |= {name: rng.uniform(*ends, (2, 2000)).tolist() for name, ends in OF_TWO.items()}
    script = "const all = Object.entries(given).map(([name, [x, ...rest]]) => "
    script += "x.map((first, n) => Math[name](first, ...rest.map((y) => y[n]))));"
    found = evaluated(f"{script}\nconsole.log(JSON.stringify(all));", tmp_path, given)
    for (name, operands), values in zip(given.items(), found, strict=True):
        right = getattr(np, IN_NUMPY.get(name, name))(*np.array(operands))
        np.testing.assert_array_max_ulp(np.array(values), right, maxulp=4)
