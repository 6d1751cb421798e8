"""Broken transforms and schedules; `BROKEN` has for each the check that rejects it, and a part of the message."""

import numpy as np

from optlab import schedule, transform

SEEN = [0.0]


@transform
def writes_into_g(x, g, *, decay=0.01):
    """Adds in place. decay"""
    g += decay * x
    return g


@transform
def turns_round(x, g):
    """The wrong sign."""
    return -g


@transform
def forgets_its_state(x, g, m=0.0, *, beta=0.9):
    """An average that is not given back."""
    return beta * m + (1 - beta) * g


@transform
def returns_v_before_m(x, g, m=0.0, v=0.0, *, beta=0.9):
    """Two states change places."""
    m = beta * m + (1 - beta) * g
    v = beta * v + (1 - beta) * g * g
    g = g / (np.sqrt(v) + 1e-8)
    return g, v, m


@transform
def gives_back_its_old_state(x, g, m=0.0, *, beta=0.9):
    """An average of one gradient."""
    return beta * m + (1 - beta) * g, m


@transform
def remembers_elsewhere(x, g):
    """Counts calls."""
    SEEN[0] += 1.0
    return g / SEEN[0]


@transform
def returns_a_number(x, g):
    """A mean."""
    return np.mean(g)


@transform
def becomes_float64(x, g):
    """A constant of NumPy's own type."""
    return g * np.ones(g.shape)


@transform
def divides_by_the_norm(x, g):
    """0 / 0 where there is no slope."""
    return g / np.linalg.norm(g)


@transform
def corrects_by_the_step_before(x, g, *, t, beta=0.9):
    """From t = 0 on. beta"""
    return g / (1 - beta ** (t - 1))


@transform
def hides_nan(x, g):
    """As if nothing had happened."""
    return np.nan_to_num(g)


@transform
def forgets_most(x, g, *, most=1.0):
    """A limit that is written out. most"""
    return np.clip(g, -1.0, 1.0)


@transform
def never_steps(x, *, step, share=0.5):
    """Stays. share"""
    return x - 0.0 * share


@transform
def steps_twice(x, *, step):
    """Two steps in one."""
    return step(step(x))


@transform
def decides_in_python(x, g):
    """An if."""
    return g if np.sum(g * g) > 1 else 2 * g


@schedule
def begins_at_zero(t, *, power=0.5):
    """Steps counted from 0. power"""
    return 1 / (t - 1) ** power


@schedule
def divides_by_one_step_less(t, *, steps):
    """0 / 0 in a run of one step."""
    return 1 - (t - 1) / (steps - 1)


@schedule
def falls_below_zero(t, *, steps):
    """A line that goes on."""
    return 1 - 2 * t / steps


@schedule
def forgets_its_floor(t, *, floor=0.1):
    """No floor. floor"""
    return 1 / t


@schedule
def branches(t):
    """An if on the step."""
    return 1.0 if t < 3 else 0.1


BROKEN = [
    (writes_into_g, "keeps_inputs", "argument g in place"),
    (turns_round, "first_step_goes_downhill", "look at the sign"),
    (forgets_its_state, "returns_x_and_state", "return g, m"),
    (returns_v_before_m, "returns_in_order", "expected: return g, m, v"),
    (gives_back_its_old_state, "every_state_changes", "returns m unchanged"),
    (remembers_elsewhere, "has_no_hidden_state", "keep memory in the state"),
    (returns_a_number, "goes_around_any_rule", "returns 'g' of shape ()"),
    (becomes_float64, "keeps_dtype[float32]", "returns x as float64"),
    (divides_by_the_norm, "finite_on_zero_gradient", "0 / 0 is NaN"),
    (corrects_by_the_step_before, "makes_a_first_step", "t begins at 1"),
    (hides_nan, "shows[nan]", "hide NaN and infinity"),
    (forgets_most, "every_hyperparameter_matters", "whatever most is"),
    (never_steps, "goes_around_any_rule", "never calls step"),
    (steps_twice, "goes_around_any_rule", "calls step more than once"),
    (decides_in_python, "can_be_traced", "broken_wrappers.py:"),
    (begins_at_zero, "is_a_factor", "gives inf in step 1 of 1"),
    (divides_by_one_step_less, "is_a_factor", "gives nan in step 1 of 1"),
    (falls_below_zero, "is_a_factor", "gives -1.0 in step 1 of 1"),
    (forgets_its_floor, "every_option_matters", "whatever floor is"),
    (branches, "can_be_traced", "broken_wrappers.py:"),
]
