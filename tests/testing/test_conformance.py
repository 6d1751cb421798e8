"""The conformance suite accepts right rules, and rejects each bug by the check for it."""

import functools
import importlib
import itertools
import pkgutil
import re
import sys
import types
from dataclasses import replace

import numpy as np
import pytest

import optlab.plugins.optimizers
import optlab.testing
from optlab import optimizer
from optlab.engine.native import kernel
from optlab.errors import PluginError
from optlab.plugins.code_location import is_built_in
from optlab.plugins.optimizers.gd import gd
from optlab.plugins.registry import declared
from optlab.testing.checks import declared as declarations
from optlab.testing.checks import namesakes, tracing
from optlab.testing.conformance import CHECKS, Failed, Skipped, checks_for, run_check, verdict
from tests.cases import every
from tests.testing import broken_form, broken_numbers, broken_on_matrices, broken_operations

BY_NAME = {check.name: check for check in (*CHECKS, *declarations.INVARIANCES.values())}
BROKEN = [*broken_form.BROKEN, *broken_numbers.BROKEN, *broken_on_matrices.BROKEN, *broken_operations.BROKEN]


def shipped():
    """The built-in rules. Those in plugins/ are tested as the files of a user, by pytest with optlab's plugin."""
    modules = [
        importlib.import_module(f"optlab.plugins.optimizers.{m.name}")
        for m in pkgutil.iter_modules(optlab.plugins.optimizers.__path__)
    ]
    return [rule for module in modules for rule in declared(module)["optimizers"]]


def is_compared_elsewhere(rule, check):
    """Rules of the lab are compared with their counterparts in tests/plugins/optimizers/test_parity.py."""
    return check.name.startswith("matches_reference[") and is_built_in(rule.function)


@pytest.mark.parametrize(
    ("rule", "check"),
    every(
        3, [(rule, check) for rule in shipped() for check in checks_for(rule) if not is_compared_elsewhere(rule, check)]
    ),
    ids=lambda value: value.name,
)
def test_built_in_plugins_pass(rule, check):
    found = verdict(check, rule)
    assert found.outcome != "failed", found.text


@pytest.mark.parametrize("rule", shipped(), ids=lambda rule: rule.name)
def test_built_in_plugins_pass_in_several_calls(rule, monkeypatch):
    """As in sweeps with much work: here a call of the machine code makes two of the six steps."""
    begun, fill_table = [], kernel._Call._fill_table

    def told(call, begin, end):
        begun.append(begin)
        fill_table(call, begin, end)

    monkeypatch.setattr(kernel, "AT_MOST", 1)
    monkeypatch.setattr(kernel, "FEWEST", 2)
    monkeypatch.setattr(kernel._Call, "_fill_table", told)
    found = verdict(BY_NAME["native_equals_traced"], rule)
    assert found.outcome != "failed", found.text
    assert set(begun) == ({0, 2, 4} if begun or rule.name == "adam" else set())


def test_built_in_plugins_are_found():
    assert {"gd", "momentum", "adagrad", "rmsprop", "adam", "lion"} <= {rule.name for rule in shipped()}


# ---- right rules that are unusual --------------------------------------------------------------------------


@optimizer
def uses_everything_supplied(x, g, last=0.0, *, t, steps, f, grad, loss, hvp, lr=0.01, rho=1e-3, nesterov=True):
    """Uses all arguments."""
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


@optimizer(invariant=("scale",))
def rprop(x, g, previous=0.0, eta=lambda x: np.full(x.shape, 0.01), *, up=1.2, down=0.5, smallest=1e-6, largest=50.0):
    """Signs, branches, bounds, and a state that starts as a function of x."""
    turn = np.sign(g * previous)
    eta = np.clip(eta * np.where(turn > 0, up, np.where(turn < 0, down, 1.0)), smallest, largest)
    g = np.where(turn < 0, 0.0, g)
    return x - eta * np.sign(g), g, eta


@optimizer
def names_of_the_suite(x, g, *, lr=0.01, start=0.5, values=0.1, ground=0.2, optimizer=0.1):
    """Hyperparameters that are called like arguments of the suite's own functions."""
    return x - lr * (start + values + ground + optimizer) * g


@optimizer
def mirror_descent(x, g, *, lr=0.01):
    """x goes through a function and back, which rounds it."""
    return np.sinh(np.arcsinh(x) - lr * g)


@optimizer
def shifts_its_states(x, g, g1=0.0, g2=0.0, *, lr=0.01, beta=0.5):
    """The last two gradients: a return that names one state at the place of another, as is meant."""

    def both(a, b):
        return b, a

    return x - lr * (g + beta * both(g1, g2)[0]), g, g1


@optimizer
def overflows_visibly(x, g, *, lr=0.01, eps=1e-8):
    """The norm by hand, which overflows: inf / inf, which is seen."""
    return x - lr * g * (np.abs(g) / (g**2 + eps)) * (g**2 / (g**2 + eps)) * np.abs(g)


@optimizer
def signed_momentum(x, g, m=0.0, count=0.0, *, lr=0.01, beta=0.9):
    """Steps of signs, which do not become shorter when the momentum does; and a counter."""
    m = beta * m + (1 - beta) * g
    return x - lr * np.sign(m), m, count + 1.0


@optimizer
def remembers_on_demand(x, g, b=0.0, *, lr=0.01, momentum=0.0):
    """A state that is of use at another value than the default."""
    b = momentum * b + g if momentum is not None else b
    return x - lr * b, momentum * b


ON_WORDS = ("names_its_source", "documents_its_hyperparameters")


UNUSUAL = (
    uses_everything_supplied,
    keeps_the_best_loss,
    keeps_a_matrix,
    normalised,
    without_lr,
    adam_as_in_keras,
    rprop,
    names_of_the_suite,
    mirror_descent,
    shifts_its_states,
    overflows_visibly,
    signed_momentum,
    remembers_on_demand,
)


@pytest.mark.parametrize(
    ("rule", "check"),
    every(3, itertools.product(UNUSUAL, [c for c in CHECKS if c.name not in ON_WORDS])),
    ids=lambda value: value.name,
)
def test_unusual_rules_pass(rule, check):
    found = verdict(check, rule)
    assert found.outcome != "failed", found.text


@optimizer
def becomes_nan(x, g, *, lr=0.01):
    """NaN in some entries, at once."""
    return x - lr * g * np.sqrt(x - 2.0)


@pytest.mark.parametrize("name", ["native_equals_traced", "treats_entries_alike"])
def test_values_after_the_end_of_a_run_are_not_compared(name):
    """A rule that becomes NaN fails only the checks for this."""
    assert verdict(BY_NAME[name], becomes_nan).outcome == "passed"


# ---- deliberately broken -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "check", "message"), BROKEN, ids=lambda v: getattr(v, "name", None))
def test_broken_rules_are_rejected(rule, check, message):
    with pytest.raises(Failed, match=re.escape(message)) as caught:
        run_check(BY_NAME[check], rule)
    assert re.fullmatch(rf"{rule.name} .+\n  expected: .+\n  hint: .+", str(caught.value), re.DOTALL)


def test_every_check_rejects_something():
    assert {check for _, check, _ in BROKEN} == set(BY_NAME)


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (broken_form.writes_into_state, {"keeps_inputs", "can_be_traced"}),
        (broken_form.uses_math, {"can_be_traced"}),
        (broken_form.returns_nothing, {"returns_x_and_state"}),
        (broken_form.raises, {"returns_x_and_state"}),
        (broken_on_matrices.divides_by_columns, {"returns_x_and_state"}),
        (broken_on_matrices.cannot_be_traced, {"can_be_traced"}),
    ],
)
def test_a_mistake_gives_one_failure(rule, names):
    """Checks that could only repeat the failure are skipped, with the reason."""
    found = {check.name: verdict(check, rule) for check in CHECKS if check.name not in ON_WORDS}
    assert {name for name, one in found.items() if one.outcome == "failed"} == names
    if "can_be_traced" in names:
        skipped = {name for name, one in found.items() if one.text == "it needs can_be_traced, which fails"}
        assert skipped == {check.name for check in tracing.CHECKS} | {"treats_entries_alike"}
    else:
        text = "it needs returns_x_and_state, which fails"
        assert {name for name, one in found.items() if one.text == text} == found.keys() - names - {
            "has_hyperparameters",
            "returns_in_order",
            "formula_is_compared",
        }


def test_the_exception_of_a_rule_is_the_cause_and_its_line_is_named():
    with pytest.raises(Failed, match=r"\(test_conformance\.py:\d+\)") as caught:
        run_check(BY_NAME["keeps_shape"], broken_inside)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@optimizer
def broken_inside(x, g, *, lr=0.01):
    """Divides by zero in Python."""
    return x - lr / 0 * g


# ---- counterparts in other packages --------------------------------------------------------------------------------


HOW = {
    "adam_with_eps_inside": r"step 1 on, and not at all with eps = 0\n.*\n  hint: look at eps: is it inside",
    "adam_without_correction": "step 1 on, and not at all with beta1 = 0 and beta2 = 0\n",
    "adam_corrected_twice": r"step 2 on, and not at all with beta1 = 0\n.*\n  hint: look at beta1: is the bias",
    "amsgrad_of_the_corrected": "step 2 on, and not at all with beta2 = 0\n",
    "adamw_with_coupled_decay": r"step 1 on, and not at all with weight_decay = 0\n.*\n.*before the averages",
    "nadam_with_an_extra_mu": "step 1 on\n",
    "rprop_that_is_rmsprop": "step 1 on\n",
    "momentum_that_is_nesterov": "step 1 on, and not at all with beta = 0\n",
}
"""The step from which the failure occurs, and its condition."""


@pytest.mark.parametrize("rule", every(3, broken_numbers.UNLIKE_THEIR_NAME), ids=lambda rule: rule.name)
def test_a_rule_unlike_its_name_is_rejected(rule):
    (check,) = (check for check in checks_for(rule) if check.name.startswith("matches_reference["))
    with pytest.raises(Failed, match=rf"differs from torch:\w+ by .+ within 1,000 steps, from {HOW[rule.name]}"):
        run_check(check, rule)


@pytest.mark.parametrize(
    ("missing", "error", "outcome"),
    [
        (None, 1e-13, "passed"),
        (None, 1e-3, "failed"),
        (None, np.nan, "failed"),
        ("torch is not installed", 0, "skipped"),
    ],
)
def test_an_installed_reference_is_compared(monkeypatch, missing, error, outcome):
    stand_in = types.ModuleType("optlab.testing.references")
    stand_in.TOLERANCE = 1e-12
    stand_in.missing = {"torch:SGD": missing}.__getitem__
    stand_in.compare = lambda rule, reference, options, **kwargs: error
    stand_in.variants = lambda rule, reference: [{"lr": 0.5}]
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    monkeypatch.setattr(optlab.testing, "references", stand_in, raising=False)
    rule = broken_numbers.momentum_that_is_nesterov
    found = verdict(checks_for(rule)[-1], rule)
    assert found.outcome == outcome
    assert (found.text == missing) == (outcome == "skipped")


def adam_with(decay_is_coupled, top):
    mapping = {**broken_numbers.BETAS, "weight_decay": "wd", "amsgrad": "ams"}

    @optimizer(references={"torch:Adam": mapping})
    def mine(x, g, m=0.0, v=0.0, peak=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, wd=0.0, ams=False):
        """Adam, whose decay and variant are off by default."""
        if decay_is_coupled:
            g = g + wd * x
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        peak = top(peak, v)
        root = np.sqrt((peak if ams else v) / (1 - beta2**t))
        return x - lr * m / (1 - beta1**t) / (root + eps) - (0.0 if decay_is_coupled else lr * wd * x), m, v, peak

    return mine


@pytest.mark.parametrize(
    ("coupled", "top", "message"),
    [
        (True, np.maximum, None),
        (
            False,
            np.maximum,
            r"differs from torch:Adam by .+ within 50 steps with wd = 0\.1, from step 1 on\n.*\n  hint: look at wd",
        ),
        (True, np.minimum, r"within 50 steps with ams = True, from step 1 on\n.*\n  hint: look at ams"),
    ],
)
def test_a_reference_is_compared_at_other_hyperparameters(coupled, top, message):
    rule = adam_with(coupled, top)
    found = verdict(checks_for(rule)[-1], rule)
    assert found.outcome == ("failed" if message else "passed")
    assert re.search(message or "", found.text)


@pytest.mark.parametrize(
    ("reference", "mapping", "message"),
    [
        ("torch:Addam", {"lr": "lr"}, r"no torch:Addam in the version installed \(did you mean 'Adam'\?\)"),
        ("torch:SGD", {"lrr": "lr"}, r"torch:SGD has no argument 'lrr' \(did you mean 'lr'\?\)"),
        (
            "optax:sgd",
            {"learning_rate": "lrr"},
            r"optax:sgd is given 'lrr', which is not an option \(did you mean 'lr'\?\)",
        ),
    ],
)
def test_an_invalid_reference(reference, mapping, message):
    @optimizer(references={reference: mapping})
    def descent(x, g, *, lr=0.01):
        return x - lr * g

    with pytest.raises(Failed, match=message) as caught:
        run_check(checks_for(descent)[-1], descent)
    assert "expected: declarations" in str(caught.value)


# ---- exemptions ----------------------------------------------------------------------------------------------------


def exempt(name, reason="it never rests", beta=1.0):
    @optimizer(exempt={name: reason})
    def rolls_on(x, g, m=0.0, *, lr=0.01, keep=beta):
        """Momentum without friction."""
        m = keep * m + g
        return x - lr * m, m

    return rolls_on


def test_an_exemption_lets_a_failure_pass_with_its_reason():
    found = verdict(BY_NAME["comes_to_rest"], exempt("comes_to_rest"))
    assert (found.outcome, found.text) == ("exempt", "it never rests")
    assert verdict(BY_NAME["keeps_shape"], exempt("comes_to_rest")).outcome == "passed"


def test_an_exemption_without_need_is_a_failure():
    found = verdict(BY_NAME["comes_to_rest"], exempt("comes_to_rest", beta=0.5))
    assert found.outcome == "failed"
    assert "is exempt from comes_to_rest (it never rests), but passes" in found.text
    assert "hint: remove the exemption" in found.text


@pytest.mark.parametrize(
    ("name", "reason", "message"),
    [
        ("come_to_rest", "why not", r"test_conformance\.py:\d+: .+ no such check \(did you mean 'comes_to_rest'\?\)"),
        ("xyz", "why not", r"no such check; there are returns_x_and_state, "),
        ("comes_to_rest", " ", r'without a reason; write exempt=\{"comes_to_rest": "why"\}'),
    ],
)
def test_an_invalid_exemption_is_an_error(name, reason, message):
    with pytest.raises(PluginError, match=message):
        checks_for(exempt(name, reason))


@optimizer
def says_too_little(x, g, *, lr=0.01, scale=0.5):
    """Right, and in too few words."""
    return x - lr * scale * g


def test_advice_is_a_failure_only_in_the_strict_suite():
    found = {check.name: verdict(check, says_too_little) for check in CHECKS}
    advised = {"names_its_source", "documents_its_hyperparameters"}
    assert {name for name, one in found.items() if one.outcome == "advice"} == advised
    assert not [name for name, one in found.items() if one.outcome == "failed"]
    for name in advised:
        assert verdict(BY_NAME[name], says_too_little, strict=True).outcome == "failed"
    assert "  hint: " in found["names_its_source"].text


def test_missing_ranges_give_advice_and_built_in_rules_have_none():
    assert verdict(BY_NAME["holds_its_ranges"], broken_numbers.allows_a_beta_of_one).outcome == "advice"
    wordless = replace(gd, function=functools.wraps(gd.function)(lambda x, g, *, lr=0.1: x - lr * g))
    wordless.function.__doc__ = None
    assert verdict(BY_NAME["names_its_source"], wordless).outcome == "failed"


@pytest.mark.parametrize(("rule", "outcome"), [(broken_numbers.hides_an_overflow, "failed"), (normalised, "advice")])
def test_hiding_a_nan_is_a_failure_and_dividing_by_infinity_gives_advice(rule, outcome):
    assert verdict(BY_NAME["survives[1e+300]"], rule).outcome == outcome


def test_a_rule_that_does_not_come_to_rest_by_design_gets_advice():
    found = verdict(BY_NAME["comes_to_rest"], signed_momentum)
    assert found.outcome == "skipped"
    assert found.text == "by design: the length of its steps does not depend on the size of its state"


@optimizer
def signs(x, g, *, lr=0.01):
    """A sign rule that declares nothing."""
    return x - lr * np.sign(g)


@optimizer
def clipped(x, g, *, lr=0.01):
    """A finite step for an infinite gradient, of a length that depends on small ones."""
    return x - lr * np.clip(g, -1.0, 1.0)


def test_sign_rules_may_treat_an_infinite_gradient_as_a_large_one():
    found = verdict(BY_NAME["shows[inf]"], signs)
    assert (found.outcome, found.text) == ("skipped", "by design: its steps do not depend on the size of the gradient")
    assert verdict(BY_NAME["shows[inf]"], clipped).outcome == "failed"


def test_a_failing_first_step_is_one_failure():
    found = {check.name: verdict(check, broken_numbers.corrects_by_the_step_before) for check in CHECKS}
    failing = {name for name, one in found.items() if one.outcome == "failed"}
    assert "makes_a_first_step" in failing
    assert not failing & {"first_step_goes_downhill", "converges[quadratic]", "comes_to_rest", "holds_its_ranges"}


@pytest.mark.parametrize(
    ("name", "doc", "known"),
    [
        ("my_adam", "Mine.", "adam"),
        ("adam_w", "Mine.", "adamw"),
        ("quick", "AMSGrad (Reddi et al., 2018), as Adam.", "amsgrad"),
        ("quick", "L-BFGS (Nocedal, 1980).", "lbfgs"),
        ("sgd2", "Mine, with momentum.", None),
        ("nesterov", "Mine, with momentum, beside Adam.", "nesterov"),
        ("madam", "Not Adamant.", None),
    ],
)
def test_finding_the_known_rule_of_a_name(name, doc, known):
    rule = replace(normalised, name=name, function=lambda x, g: x)
    rule.function.__doc__ = doc
    assert namesakes.namesake(rule) == known


def test_counterparts_of_known_rules_exist():
    torch, optax = pytest.importorskip("torch"), pytest.importorskip("optax")
    for reference in (one for each in {**namesakes.KNOWN, **namesakes.BY_NAME_ALONE}.values() for one in each):
        package, _, name = reference.partition(":")
        assert functools.reduce(getattr, name.split("."), torch.optim if package == "torch" else optax)


def test_a_rule_with_a_counterpart_gets_no_advice():
    assert verdict(BY_NAME["formula_is_compared"], broken_numbers.adam_with_eps_inside).outcome == "passed"
    assert verdict(BY_NAME["formula_is_compared"], gd).outcome == "skipped"


@optimizer(per="tensor")
def roots_of_matrices(x, g, R=lambda x: 1e-4 * np.eye(x.shape[-1]), *, lr=0.1):
    """Shampoo (Gupta et al., 2018) from one side, with the root by Denman and Beavers: it makes much of last digits."""
    if x.ndim != 2:
        return x - lr * g, R
    R = R + g.T @ g
    size, one = np.linalg.norm(R), np.eye(x.shape[-1], dtype=x.dtype)
    Y, Z = R / size + 1e-9 * one, one
    for _ in range(25):
        Y, Z = 0.5 * (Y + np.linalg.inv(Z)), 0.5 * (Z + np.linalg.inv(Y))
    return x - lr * (g @ Z) / np.sqrt(size), R


@pytest.mark.parametrize("name", ["traced_equals_numpy", "follows_a_schedule", "shows[inf]", "keeps_dtype[float32]"])
def test_roots_of_matrices_pass(name):
    """What a rounding of the arguments makes of the result is no fault, and a matrix without a root is NaN."""
    assert verdict(BY_NAME[name], roots_of_matrices).outcome == "passed"


def test_only_declared_properties_are_tested():
    assert len(checks_for(broken_numbers.crawls)) == len(CHECKS) >= 25
    assert [c.name for c in checks_for(broken_numbers.is_not_invariant_to_scale)[len(CHECKS) :]] == ["invariant[scale]"]


def test_a_skipped_check_has_a_reason():
    with pytest.raises(Skipped, match="it has no argument t"):
        run_check(BY_NAME["takes_any_kind_of_t"], broken_numbers.crawls)


def test_advice_for_an_undefined_name():
    """Without advice about shapes, which is not related to it."""

    @optimizer
    def misspelt(x, g, *, lr=0.1):
        """Misspelt."""
        return x - lrr * g  # noqa: F821 # pyright: ignore[reportUndefinedVariable]

    check = next(check for check in CHECKS if check.name == "returns_x_and_state")
    with pytest.raises(Failed, match=r"NameError: name 'lrr' is not defined \(test_conformance\.py:\d+\)") as caught:
        run_check(check, misspelt)
    assert "correct the name in that line" in str(caught.value)
