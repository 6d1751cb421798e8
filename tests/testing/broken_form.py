"""Rules that are broken in form: they change or keep their arguments, keep state outside, or cannot be traced.

`BROKEN` has for each rule the check that rejects it, and a part of the message.
"""

import math
import os
import random

import numpy as np

from optlab import optimizer


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
    """Averages all gradients of all earlier calls, of any run."""
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


BUFFER = np.zeros(4)


@optimizer
def hands_out_its_buffer(x, g, *, lr=0.01):
    """Saves an allocation."""
    if isinstance(x, np.ndarray) and x.shape == BUFFER.shape:
        return np.subtract(x, lr * g, out=BUFFER)
    return x - lr * g


LAST = {}


@optimizer
def keeps_the_gradient(x, g, *, lr=0.01):
    """The last gradient, as the caller's own array, which the caller will fill again."""
    last = LAST.get(np.shape(x), g)
    LAST[np.shape(x)] = g
    return x - lr * (g + 0.5 * last)


@optimizer
def silences_numpy(x, g, *, lr=0.01):
    """np.seterr lasts."""
    np.seterr(all="ignore", under="warn")
    return x - lr * g


@optimizer
def silences_numpy_entirely(x, g, *, lr=0.01):
    """optlab does this itself, but only temporarily."""
    np.seterr(all="ignore")
    return x - lr * g


@optimizer
def silences_divisions(x, g, *, lr=0.01):
    """A part of it."""
    np.seterr(divide="ignore")
    return x - lr * g


@optimizer
def seeds_the_world(x, g, *, lr=0.01):
    """The seed of the global generator."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    return x - lr * g


@optimizer
def sets_the_environment(x, g, *, lr=0.01):
    """A variable for the threads of a library."""
    os.environ["OPTLAB_TEST_THREADS"] = str(len(os.environ))
    return x - lr * g


@optimizer
def hides_a_division(x, g, h=0.0, *, lr=0.01):
    """0 / 0 in the first step, turned into something."""
    return x - lr * np.where(h == 0, g, g / h * h), h + g * 0


@optimizer
def takes_t_for_an_int(x, g, *, t, lr=0.01):
    """A table, indexed by the step."""
    return x - lr * (1.0, 0.5, 0.25, 0.2, 0.1, 0.1, 0.1, 0.1)[t] * g


@optimizer
def counts_on_t(x, g, *, t, lr=0.01):
    """t += 1."""
    t += 1
    return x - lr / t * g


HISTORY = {}


@optimizer
def remembers_by_step(x, g, *, t, lr=0.01):
    """What it added up is kept by step, outside of the state: continued from a file, it starts from another sum."""
    if not isinstance(x, np.ndarray):
        return x - lr * g
    HISTORY[float(t)] = g + 0.5 * HISTORY.get("last", 0.0)
    HISTORY["last"] = HISTORY[float(t)]
    return x - lr * HISTORY[float(t)]


@optimizer
def prefers_the_first_entry(x, g, *, lr=0.01):
    """Learning rates by the place in x."""
    return x - lr * np.linspace(1.0, 0.5, x.size) * g


@optimizer
def takes_lr_for_a_constant(x, g, m=0.0, *, lr=0.01):
    """The learning rate of the signature, whatever the schedule says."""
    return x - (lr if isinstance(lr, float | np.floating) else 0.01) * g, m


@optimizer
def hangs_on_the_last_bit(x, g, *, lr=0.01):
    """A sign that rounding decides."""
    return x - lr * g * (1.5 + np.sign(np.sin(1e18 * np.exp(x) * np.sin(x))))


@optimizer
def throws_a_gradient_away(x, g, *, grad, lr=0.01):
    """Asks for a gradient ahead, and uses the one at hand."""
    grad(x - lr * g)
    return x - lr * g


@optimizer
def uses_no_gradient(x, g, *, f, lr=0.01):
    """Goes one way, as fast as the loss is high."""
    return x - lr * f


@optimizer
def forgets_the_star(x, g, lr=0.01):
    """What is meant as a hyperparameter is a state."""
    return x - lr * g


@optimizer
def draws_in_float64(x, g, *, rng, lr=0.01):
    """Random numbers in NumPy's own type."""
    return x - lr * g + lr * rng.standard_normal(x.shape)


@optimizer
def returns_v_before_m(x, g, m=0.0, v=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Two states change places."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return x - lr * m / (np.sqrt(v) + eps), v, m


@optimizer
def returns_new_v_before_new_m(x, g, m=0.0, v=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """The same, with other names for what is new, from a branch of Python's."""
    new_m = beta1 * m + (1 - beta1) * g
    v_next = beta2 * v + (1 - beta2) * g**2
    if eps is not None:
        return x - lr * new_m / (np.sqrt(v_next) + eps), v_next, new_m
    return x, m, v


@optimizer
def returns_x_last(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """The state first."""
    m = beta * m + g
    x = x - lr * m
    return m, x


BROKEN = [
    (returns_v_before_m, "returns_in_order", "return x, m, v: the order of the signature"),
    (returns_new_v_before_new_m, "returns_in_order", "ends with return x, v, m in line"),
    (returns_x_last, "returns_in_order", "return x, m"),
    (forgets_the_star, "returns_x_and_state", "is the * missing, as in (x, g, *, lr=...)?"),
    (draws_in_float64, "keeps_dtype[float32]", "rng.standard_normal(x.shape).astype(x.dtype)"),
    (writes_into_x, "keeps_inputs", "argument x in place"),
    (writes_into_x, "can_be_traced", "write x = x + 1 in place of x += 1"),
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
    (returns_a_number_too_few, "keeps_shape", "returns 1 value\n  expected: return x, m"),
    (returns_a_number_too_few, "returns_x_and_state", "returns 1 value"),
    (returns_nothing, "returns_x_and_state", "returns None"),
    (becomes_float64, "keeps_dtype[float32]", "returns x as float64"),
    (has_a_float64_state, "keeps_dtype[float32]", "returns m as float64"),
    (switches_with_where, "keeps_dtype[float32]", "returns x as float64"),
    (becomes_float32, "keeps_dtype[float64]", "returns x as float32"),
    (draws_random_numbers, "is_deterministic", "np.random"),
    (draws_random_numbers, "can_be_traced", "when it is traced again"),
    (decides_in_python, "can_be_traced", "broken_form.py:"),
    (uses_math, "can_be_traced", "np.sqrt"),
    (looks_at_types, "traced_equals_numpy", "the same numbers both ways"),
    (raises, "converges[quadratic]", "raises ValueError"),
    (hands_out_its_buffer, "keeps_no_reference", "x"),
    (keeps_the_gradient, "keeps_no_reference", "after earlier arrays were overwritten"),
    (remembers_in_a_default, "keeps_no_reference", "belongs into the state"),
    (silences_numpy, "leaves_the_process_alone", "np.geterr()"),
    (silences_numpy_entirely, "leaves_the_process_alone", "np.geterr()"),
    (silences_divisions, "leaves_the_process_alone", "np.geterr()"),
    (seeds_the_world, "leaves_the_process_alone", "the state of np.random"),
    (sets_the_environment, "leaves_the_process_alone", "os.environ"),
    (hides_a_division, "ignores_the_error_state", "divide by zero"),
    (takes_t_for_an_int, "takes_any_kind_of_t", "raises TypeError"),
    (counts_on_t, "takes_any_kind_of_t", "changes t in place"),
    (counts_globally, "starts_afresh", "when run again"),
    (remembers_by_step, "continues_after_saving", "from a file of step 0"),
    (prefers_the_first_entry, "treats_entries_alike", "in another order"),
    (takes_lr_for_a_constant, "follows_a_schedule", "when traced"),
    (differs_between_traces, "ignores_its_place_in_the_batch", "when it is traced again"),
    (hangs_on_the_last_bit, "native_equals_traced", "in machine code"),
    (throws_a_gradient_away, "counts_its_gradients", "computes 2 gradients in a step, but its result uses 1"),
    (uses_no_gradient, "counts_its_gradients", "uses no gradient"),
]
