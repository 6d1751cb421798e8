"""The conformance suite passes what is right, and rejects each bug by the check that is meant for it."""

import importlib
import math
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import optlab.optimizers
from optlab import optimizer
from optlab.registry import declared, import_file
from optlab.testing.conformance import CHECKS, Failed, checks_for, run_check

PLUGINS = Path(__file__).parents[2] / "plugins"
BY_NAME = {check.name: check for check in CHECKS}


def shipped():
    modules = [
        importlib.import_module(f"optlab.optimizers.{m.name}") for m in pkgutil.iter_modules(optlab.optimizers.__path__)
    ]
    modules += [import_file(path) for path in sorted(PLUGINS.glob("*.py"))]
    return [rule for module in modules for rule in declared(module)["optimizers"]]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("rule", shipped(), ids=lambda rule: rule.name)
def test_what_is_shipped_passes(rule, check):
    run_check(check, rule)


def test_what_is_shipped_was_found():
    assert {"gd", "momentum", "adagrad", "rmsprop", "adam", "lion", "powersign"} <= {rule.name for rule in shipped()}


# ---- right rules that are unusual --------------------------------------------------------------------------


@optimizer
def uses_everything_supplied(x, g, last=0.0, *, t, steps, f, grad, loss, hvp, lr=0.01, rho=1e-3, nesterov=True):
    """Asks for all there is."""
    ahead = grad(x - rho * g) + rho * hvp(g)
    ahead = np.where(loss(x - lr * g) < f, ahead, 0.5 * ahead) * (1 - 0.5 * t / steps)
    return x - lr * (ahead + 0.1 * last if nesterov else ahead), g


@optimizer
def keeps_the_best_loss(x, g, best=lambda x: np.full(1, np.inf), *, f, lr=0.01):
    """A state of another shape than x, infinite at first."""
    return x - lr * g, np.minimum(best, f)


@optimizer
def keeps_a_matrix(x, g, H=lambda x: np.eye(x.size), *, lr=0.01):
    """A state that is a matrix."""
    return x - lr * (H @ g), 0.5 * H + 0.5 * H.T


@optimizer
def normalised(x, g, *, lr=0.01, eps=1e-8):
    """Reductions over x, and no state."""
    return x - lr * g / (np.linalg.norm(g) + eps)


@optimizer
def without_lr(x, g, D=0.0, E=0.0, *, rho=0.9, eps=1e-3):
    """Adadelta (Zeiler, 2012), which has no learning rate."""
    E = rho * E + (1 - rho) * g**2
    u = g * np.sqrt(D + eps) / np.sqrt(E + eps)
    return x - u, rho * D + (1 - rho) * u**2, E


@optimizer
def adam_as_in_keras(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-7):
    """A root of numbers alone, which NumPy turns into float64 if they are Python's."""
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    return x - lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + eps), m, v


@optimizer
def rprop(x, g, previous=0.0, eta=lambda x: np.full(x.shape, 0.01), *, up=1.2, down=0.5, smallest=1e-6, largest=50.0):
    """Signs, branches, bounds, and a state that starts as a function of x."""
    turn = np.sign(g * previous)
    eta = np.clip(eta * np.where(turn > 0, up, np.where(turn < 0, down, 1.0)), smallest, largest)
    g = np.where(turn < 0, 0.0, g)
    return x - eta * np.sign(g), g, eta


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize(
    "rule",
    [uses_everything_supplied, keeps_the_best_loss, keeps_a_matrix, normalised, without_lr, adam_as_in_keras, rprop],
    ids=lambda rule: rule.name,
)
def test_unusual_rules_pass(rule, check):
    run_check(check, rule)


# ---- deliberately broken -----------------------------------------------------------------------------------


@optimizer
def ascends(x, g, *, lr=0.01):
    """Plus instead of minus."""
    return x + lr * g


@optimizer
def ignores_the_gradient(x, g, *, lr=0.01):
    """Shrinks x, which helps only where the minimum is at zero."""
    return x - lr * x


@optimizer
def never_moves(x, g, m=0.0, *, lr=0.01):
    """Emits the first update of a buffer that it forgets to fill."""
    return x - lr * m, m


@optimizer
def writes_into_x(x, g, *, lr=0.01):
    """x -= ..."""
    x -= lr * g
    return x


@optimizer
def writes_into_g(x, g, *, lr=0.01):
    """Weight decay added to the gradient in place."""
    g += 0.01 * x
    return x - lr * g


@optimizer
def writes_into_state(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """m *= ..."""
    m *= beta
    m += g
    return x - lr * m, m


SHARED = np.zeros(4)


@optimizer
def writes_into_a_mutable_default(x, g, m=SHARED, *, lr=0.01, beta=0.9):
    """A state default that all runs share, written to."""
    m[...] = beta * m + g
    return x - lr * m, m


COUNT = [0]


@optimizer
def counts_globally(x, g, *, lr=0.01):
    """A step counter in a global."""
    COUNT[0] += 1
    return x - lr / COUNT[0] * g


def _with_closure():
    memory = {}

    @optimizer
    def remembers_in_a_closure(x, g, *, lr=0.01):
        """Momentum in a closure, per shape, so that runs share it."""
        memory[np.shape(x)] = 0.5 * memory.get(np.shape(x), 0.0) + g
        return x - lr * memory[np.shape(x)]

    return remembers_in_a_closure


@optimizer
def remembers_in_a_default(x, g, *, lr=0.01, seen=[]):  # noqa: B006
    """Averages all gradients that it ever saw, of whatever run."""
    seen.append(g if isinstance(g, np.ndarray) else 0.0)
    same = [s for s in seen if np.shape(s) == np.shape(x)]
    return x - lr * (g + sum(same) / max(len(same), 1))


TRACES = [0]


@optimizer
def differs_between_traces(x, g, *, lr=0.01):
    """Right when called, but each trace of it freezes another number."""
    if not isinstance(x, np.ndarray):
        TRACES[0] += 1
    return x - lr * (1 + TRACES[0]) * g


@optimizer
def returns_a_number(x, g, m=0.0, *, lr=0.01):
    """The state collapses to its mean."""
    return x - lr * g, np.mean(g)


@optimizer
def returns_a_matrix(x, g, *, lr=0.01):
    """Broadcasts a row against a column."""
    return x - lr * (g * x[:, None] + g)


@optimizer
def returns_a_number_too_few(x, g, m=0.0, *, lr=0.01):
    """Forgets its state."""
    return x - lr * (m + g)


@optimizer
def returns_nothing(x, g, *, lr=0.01):
    """Forgets the return."""
    x = x - lr * g


@optimizer
def becomes_float64(x, g, *, lr=0.01):
    """NumPy's float64 scalars do not adapt."""
    return x - np.float64(lr) * g


@optimizer
def has_a_float64_state(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """The state starts again as float64."""
    return x - lr * g, beta * m + np.zeros(g.shape)


@optimizer
def switches_with_where(x, g, *, lr=0.01):
    """np.where of two Python numbers is float64."""
    return x - lr * np.where(np.sum(g * g) > 1, 0.5, 1.0) * g


@optimizer
def becomes_float32(x, g, *, lr=0.01):
    """Halves the precision."""
    return (x - lr * g).astype(np.float32)


@optimizer
def divides_by_the_norm(x, g, *, lr=0.01):
    """0 / 0 where the gradient vanishes."""
    return x - lr * g / np.linalg.norm(g)


@optimizer
def loses_its_state(x, g, s=0.0, *, lr=0.01):
    """x stays finite, the state does not."""
    return x - lr * g, s + g / np.abs(g)


@optimizer
def overflows_slowly(x, g, scale=1.0, *, lr=0.01):
    """A factor that grows without a bound."""
    return x - lr * scale * (g + 1e-3), 1e5 * scale


@optimizer
def draws_random_numbers(x, g, *, lr=0.01):
    """np.random inside of the rule."""
    return x - lr * (g + 1e-3 * np.random.normal(size=np.shape(g)))  # noqa: NPY002


@optimizer
def decides_in_python(x, g, *, t, lr=0.01):
    """An if on a value that is traced."""
    return x - lr * g if t < 3 else x - 2 * lr * g


@optimizer
def uses_math(x, g, *, t, lr=0.01):
    """math.sqrt takes no traced value."""
    return x - lr / math.sqrt(t) * g


@optimizer
def looks_at_types(x, g, *, lr=0.01):
    """Takes another branch when it is traced."""
    return x - lr * g if isinstance(x, np.ndarray) else x - 0.9 * lr * g


@optimizer
def raises(x, g, *, lr=0.01):
    """Sorts out signs entry by entry with an if."""
    if g > 0:
        return x - lr
    return x + lr


@optimizer
def has_no_docstring(x, g, *, lr=0.01):
    return x - lr * g


@optimizer
def has_no_hyperparameter(x, g):
    """Everything is written into the rule."""
    return x - 0.01 * g


@optimizer
def has_a_whole_lr(x, g, *, lr=1):
    """An integer as learning rate is a choice, not a number."""
    return x - 0.1 * lr * g


@optimizer
def has_an_infinite_default(x, g, *, lr=0.01, largest=math.inf):
    """A bound that is not there by default."""
    return x - lr * np.clip(g, -largest, largest)


BROKEN = [
    (ascends, "decreases_a_quadratic", "look at the sign"),
    (ignores_the_gradient, "decreases_a_quadratic", "lr = "),
    (never_moves, "decreases_a_quadratic", "to 19.31"),
    (writes_into_x, "keeps_inputs", "argument x in place"),
    (writes_into_x, "traced_equals_numpy", "write x = x + 1 in place of x += 1"),
    (writes_into_g, "keeps_inputs", "argument g in place"),
    (writes_into_state, "keeps_inputs", "write m = m + ..."),
    (writes_into_a_mutable_default, "keeps_inputs", "argument m in place"),
    (counts_globally, "has_no_hidden_state", "keep memory in the state"),
    (counts_globally, "is_deterministic", "counts calls"),
    (_with_closure(), "has_no_hidden_state", "for another run in between"),
    (remembers_in_a_default, "has_no_hidden_state", "default argument"),
    (differs_between_traces, "batch_equals_row_by_row", "when it is traced again"),
    (returns_a_number, "keeps_shape", r"m of shape () where it was given (1,)"),
    (returns_a_matrix, "keeps_shape", "x of shape"),
    (returns_a_number_too_few, "keeps_shape", "returns 1 values\n  expected: return x, m"),
    (returns_nothing, "decreases_a_quadratic", "returns None"),
    (becomes_float64, "keeps_dtype[float32]", "returns x as float64"),
    (has_a_float64_state, "keeps_dtype[float32]", "returns m as float64"),
    (switches_with_where, "keeps_dtype[float32]", "returns x as float64"),
    (becomes_float32, "keeps_dtype[float64]", "returns x as float32"),
    (divides_by_the_norm, "finite_on_zero_gradient", "in step 1"),
    (loses_its_state, "finite_on_zero_gradient", "gives s ="),
    (overflows_slowly, "finite_on_zero_gradient", "gives x ="),
    (draws_random_numbers, "is_deterministic", "np.random"),
    (draws_random_numbers, "traced_equals_numpy", "when it is traced again"),
    (decides_in_python, "traced_equals_numpy", "test_conformance.py:"),
    (uses_math, "traced_equals_numpy", "np.sqrt"),
    (looks_at_types, "traced_equals_numpy", "the same numbers both ways"),
    (raises, "decreases_a_quadratic", "raises ValueError"),
    (has_no_docstring, "has_documented_hyperparameters", "no docstring"),
    (has_no_hyperparameter, "has_documented_hyperparameters", "lr=0.01"),
    (has_a_whole_lr, "has_documented_hyperparameters", "write lr=1.0"),
    (has_an_infinite_default, "has_documented_hyperparameters", "largest=inf"),
]


@pytest.mark.parametrize(("rule", "check", "message"), BROKEN, ids=lambda v: getattr(v, "name", None))
def test_broken_rules_are_rejected(rule, check, message):
    with pytest.raises(Failed, match=re.escape(message)) as caught:
        run_check(BY_NAME[check], rule)
    assert re.fullmatch(rf"{rule.name} .+\n  expected: .+\n  hint: .+", str(caught.value), re.DOTALL)


def test_every_check_rejects_something():
    assert {check for _, check, _ in BROKEN} == set(BY_NAME)


def test_an_in_place_write_fails_only_where_it_matters():
    failing = []
    for check in checks_for(writes_into_state):
        try:
            run_check(check, writes_into_state)
        except Failed:
            failing.append(check.name)
    assert failing == ["batch_equals_row_by_row", "traced_equals_numpy", "keeps_inputs"]


def test_the_exception_of_a_rule_is_the_cause_and_its_line_is_named():
    with pytest.raises(Failed, match=r"\(test_conformance\.py:\d+\)") as caught:
        run_check(BY_NAME["keeps_shape"], broken_inside)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@optimizer
def broken_inside(x, g, *, lr=0.01):
    """Divides by zero in Python."""
    return x - lr / 0 * g
