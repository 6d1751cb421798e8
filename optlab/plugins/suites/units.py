from optlab import suite
from optlab.plugins.problems.units.unit import WITH_MINIMUM

SHAPES = ("line", "abs", "bend", "relu", "cliff", "ridge", "exponential", "quadratic", "gauss", "laplace")
NOISES = {
    "none": None,
    "normal": {"kind": "normal", "scale": [0.1, 1.0]},
    "multiplicative": {"kind": "multiplicative", "scale": [0.1, 1.0]},
    "cauchy": {"kind": "cauchy", "scale": [0.1]},
    "dropout": {"kind": "dropout", "scale": [0.1, 0.9]},
}
MIXED = (
    ("quadratic", "abs"),
    ("quadratic", "line"),
    ("cliff", "quadratic"),
    ("exponential", "quadratic"),
    ("laplace", "abs"),
)
FIELDS = {"plain": {}, "rotated": {"rotated": True}, "curled": {"curl": 0.1}}
"""How the coordinates of problems with several parameters are combined."""


@suite
def units(
    *,
    shapes=SHAPES,
    noises=tuple(NOISES),
    slopes=(0.1, 1.0, 10.0),
    fields=tuple(FIELDS),
    dim=(1, 2, 10),
    drifts=(0.0, 0.01, 0.1),
):
    """Unit tests for stochastic optimization (Schaul, Antonoglou & Silver, 2014): one difficulty at a time.

    With one parameter each prototype with each noise and slope; those with a minimum also with a minimum that drifts
    away, without noise and with normal noise. With several parameters pairs of prototypes, plain, rotated or with a
    curl, without noise and with normal noise. `results.units()` is the matrix of what was passed.
    """
    tables = []
    few = [name for name in ("none", "normal") if name in noises]
    moving = [drift for drift in drifts if drift]
    for shape in shapes if 1 in dim else ():
        if 0.0 in drifts:
            tables += [_table([shape], [1], noise, slope=list(slopes)) for noise in noises]
        if moving and shape in WITH_MINIMUM:
            tables += [_table([shape], [1], noise, "drifting_unit", slope=list(slopes), drift=moving) for noise in few]
    several = [n for n in dim if n > 1] if 0.0 in drifts else []
    for pair in MIXED if several else ():
        if not {*pair} <= {*shapes}:
            continue
        for field in fields:
            for noise in few:
                tables.append(_table(list(pair), several, noise, **FIELDS[field]))
    return tables


def _table(shapes, dim, noise, name="unit", **options):
    own = {"name": name, "shapes": shapes, "dim": dim, **options}
    return own if NOISES[noise] is None else {**own, "noise": NOISES[noise]}
