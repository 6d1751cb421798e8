"""The conformance suite: the requirements for every update rule. The checks are in `optlab.testing.checks`.

A check takes an `Optimizer`, and raises `Failed` with what was observed, what was expected, and a hint.

    from optlab.testing.conformance import checks_for, verdict
    for check in checks_for(my_optimizer):
        print(check.name, verdict(check, my_optimizer).outcome)
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optlab.engine.containment import Escaped, contained, described, original
from optlab.errors import PluginError, TraceError, UserError, did_you_mean
from optlab.plugins.code_location import is_built_in, location, source
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.schedules.base import Schedule
from optlab.plugins.transforms.base import Transform
from optlab.testing.checks import CHECKS, basics, declared, wrappers
from optlab.testing.checks.base import Check
from optlab.testing.ground import Advised, ByDesign, Failed, Skipped, failed
from optlab.testing.wrapped_descent import Checked, as_rule

NOT_OF_TRANSFORMS = ("has_hyperparameters", "names_its_source", "formula_is_compared", "shows[inf]")
NOT_OF_RANDOM_ONES = ("first_step_goes_downhill", "stands_still_without_slope", "comes_to_rest")
OF_SCHEDULES = (
    "returns_x_and_state",
    "can_be_traced",
    "leaves_the_process_alone",
    "is_deterministic",
    "ignores_the_error_state",
    "takes_any_kind_of_t",
    "keeps_dtype[float64]",
    "keeps_dtype[float32]",
    "traced_equals_numpy",
    "batch_equals_row_by_row",
    "native_equals_traced",
    "documents_its_hyperparameters",
    "holds_its_ranges",
)

OUTCOMES: tuple[str, ...] = ("passed", "failed", "advice", "skipped", "exempt")


@dataclass(frozen=True)
class CheckOutcome:
    """The result of a check: one of `OUTCOMES`. `text` is the failure, or the reason for a skip or an exemption.

    "advice" is a possible improvement of a rule that may be right.
    """

    outcome: str
    text: str = ""


def checks_for(plugin: Checked) -> tuple[Check, ...]:
    """The checks that apply to an optimizer: the common checks, then one for each declared invariance or counterpart.

    For a transform or a schedule, they are the checks that apply to gradient descent with it, and some special checks.

    Raises:
        PluginError: it is exempt from a check that does not exist, or without a reason.
    """
    optimizer = as_rule(plugin)
    if isinstance(plugin, Transform):
        return (*(check for check in CHECKS if _applies(check.name, plugin)), *wrappers.TRANSFORM_CHECKS)
    if isinstance(plugin, Schedule):
        return (*(check for check in CHECKS if check.name in OF_SCHEDULES), *wrappers.SCHEDULE_CHECKS)
    checks = (*CHECKS, *declared.checks(optimizer))
    known = [check.name for check in checks]
    for name, reason in optimizer.exempt.items():
        where = f"{location(optimizer.function)}: optimizer '{optimizer.name}' is exempt from '{name}'"
        if name not in known:
            raise PluginError(f"{where}, and there is no such check{did_you_mean(name, known) or _list(known)}")
        if not isinstance(reason, str) or not reason.strip():
            raise PluginError(f'{where} without a reason; write exempt={{"{name}": "why"}}')
    return checks


def _applies(name: str, transform: Transform) -> bool:
    """Whether a check for rules is meaningful for a transform."""
    is_random = "rng" in transform.signature.supplied
    return not (
        name in NOT_OF_TRANSFORMS
        or (is_random and name in NOT_OF_RANDOM_ONES)
        or (transform.wraps and name.startswith("shows["))
    )


def _list(known: list[str]) -> str:
    return f"; there are {', '.join(known)}"


def verdict(check: Check, plugin: Checked, strict: bool = False) -> CheckOutcome:
    """Run a check, unless a check that it needs fails. A check that an optimizer is exempt from must fail.

    Advice is a failure for built-in rules, and for other rules if the suite is `strict`.
    """
    optimizer = as_rule(plugin)
    if lacking := [name for name in check.needs if _fails(name, optimizer)]:
        return CheckOutcome("skipped", f"it needs {lacking[0]}, which fails")
    reason = optimizer.exempt.get(check.name)
    try:
        run_check(check, optimizer)
    except Skipped as skipped:
        if isinstance(skipped, ByDesign) and reason is not None:
            return CheckOutcome("exempt", reason)
        return CheckOutcome("skipped", str(skipped))
    except Failed as failure:
        if reason is not None:
            return CheckOutcome("exempt", reason)
        is_advice = isinstance(failure, Advised) and not strict and not is_built_in(optimizer.function)
        return CheckOutcome("advice" if is_advice else "failed", str(failure))
    if reason is None:
        return CheckOutcome("passed")
    observed = f"is exempt from {check.name} ({reason}), but passes"
    return CheckOutcome(
        "failed", str(failed(optimizer, observed, "an exemption that is needed", "remove the exemption"))
    )


@functools.lru_cache(maxsize=8)
def _fails(name: str, optimizer: Optimizer) -> bool:
    """Whether an optimizer fails one of the basic checks. Cached, as many checks need it."""
    (check,) = (check for check in basics.CHECKS if check.name == name)
    try:
        run_check(check, optimizer)
    except Failed as failure:
        return not isinstance(failure, Advised)
    return False


def judgement(optimizer: Optimizer) -> str:
    """The results of all checks, in one or two sentences."""
    found = {check.name: verdict(check, optimizer) for check in checks_for(optimizer)}
    return sentence(optimizer, [name for name, one in found.items() if one.outcome == "failed"])


def sentence(optimizer: Optimizer, failed: Sequence[str] = ()) -> str:
    """The sentences for an optimizer that fails these checks."""
    passes = f"Fails {', '.join(failed)} of the conformance suite." if failed else "Passes the conformance suite."
    reasons = [f"{name} ({reason})" for name, reason in optimizer.exempt.items() if name not in failed]
    return passes + (f" Exempt from {'; '.join(reasons)}." if reasons else "")


def run_check(check: Check, plugin: Checked) -> None:
    """Run one check, without regard to exemptions.

    Raises:
        Failed: the optimizer does not pass, or raises an exception, which becomes the `__cause__`.
        Skipped: the check cannot be made.
    """
    optimizer = as_rule(plugin)
    try:
        with np.errstate(all="ignore"), contained():  # as in a sweep, where an overflow is a result
            check.function(optimizer)
    except (Failed, Skipped):
        raise
    except TraceError as error:
        expected = "a rule made of NumPy operations, which the lab can trace"
        hint = "follow the last part of this message"
        raise failed(optimizer, f"cannot be traced: {error}", expected, hint) from error
    except UserError as error:
        if isinstance(error, Escaped):
            raise _raised(error, optimizer) from error
        expected = "declarations and returned values that agree"
        raise failed(optimizer, f"is not valid: {error}", expected, "follow the message") from error
    except Exception as error:
        raise _raised(error, optimizer) from error


def _raised(error: Exception, optimizer: Optimizer) -> Failed:
    hint = "x, g and the state are small arrays here; t and the hyperparameters are single numbers"
    if isinstance(original(error), NameError | AttributeError | ImportError):
        hint = "correct the name in that line"
    return failed(
        optimizer,
        f"raises {_with_line(original(error), optimizer)}",
        "an update for any finite x and g",
        hint,
    )


def _with_line(error: BaseException, optimizer: Optimizer) -> str:
    """The exception with `file:line`: the innermost line in the file of the rule, if its traceback has one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == source(optimizer.function)[0]]
    place = (own or frames)[-1]
    return f"{described(error)} ({Path(place.filename).name}:{place.lineno})"


__all__ = ["CHECKS", "OUTCOMES", "Check", "CheckOutcome", "Failed", "Skipped", "checks_for", "run_check", "verdict"]
