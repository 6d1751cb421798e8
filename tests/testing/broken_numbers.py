"""Rules with wrong numbers, or with numbers that cannot be checked.

`BROKEN` has for each rule the check that rejects it, and a part of the message. `UNLIKE_THEIR_NAME` has the rules that
only a comparison with the rule of that name rejects. Many of these bugs once were in a widely used library.
"""

import math

import numpy as np

from optlab import optimizer


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


@optimizer
def emits_the_last_update(x, g, u=0.0, *, lr=0.01):
    """Each step is the one that was due before."""
    return x - lr * u, g


@optimizer
def crawls(x, g, *, lr=0.01):
    """A learning rate that is squared twice over, and falls."""
    return x - 1e-9 * np.tanh(lr) * g


@optimizer
def shrinks_x(x, g, *, lr=0.01):
    """Weight decay that nobody asked for."""
    return x - lr * (g + 0.01 * x)


@optimizer
def multiplies_the_weights(x, g, *, lr=0.01, weight_decay=0.0):
    """Decay as a factor that is there even when it is off."""
    return 0.999 * (1 - weight_decay) * x - lr * g


@optimizer
def never_rests(x, g, m=0.0, *, lr=0.01):
    """Momentum without decay."""
    m = m + g
    return x - lr * m, m


@optimizer
def divides_tiny_by_tiny(x, g, *, lr=0.01):
    """The square underflows to zero, and so does what it divides."""
    return x - lr * np.where(g == 0, 0.0, g * g / np.sqrt(g**4))


@optimizer
def cleans_up(x, g, *, lr=0.01):
    """NaN becomes zero, as if nothing had happened."""
    return x - lr * np.where(np.isnan(g), 0.0, g)


@optimizer
def clips_in_silence(x, g, *, lr=0.01):
    """An infinite gradient becomes a step of ordinary length."""
    return x - lr * np.clip(g, -1.0, 1.0)


@optimizer
def says_little(x, g, *, lr=0.01, kappa=0.5):
    """Gradient descent (Cauchy, 1847). lr: learning rate"""
    return x - lr * (1 + kappa) * g


@optimizer
def forgets_beta(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """Momentum (Polyak, 1964), with its beta written out."""
    m = 0.9 * m + g
    return x - lr * m, m


@optimizer(ranges={"beta": "[0, 1]"})
def allows_a_beta_of_one(x, g, m=0.0, *, t, lr=0.01, beta=0.9):
    """A bias correction that divides by 1 - beta^t."""
    m = beta * m + (1 - beta) * g
    return x - lr * m / (1 - beta**t), m


@optimizer(invariant=("scale",))
def is_not_invariant_to_scale(x, g, *, lr=0.01):
    """Plain descent: twice the loss, twice the step."""
    return x - lr * g


@optimizer(invariant=("translation",))
def is_not_invariant_to_translation(x, g, *, lr=0.01, weight_decay=0.01):
    """Weight decay knows where zero is."""
    return x - lr * (g + weight_decay * x)


@optimizer(exempt={"comes_to_rest": "it was once a rule without a decay"})
def is_exempt_without_need(x, g, *, lr=0.01):
    """Comes to rest at once."""
    return x - lr * g


@optimizer
def returns_the_old_state(x, g, b=0.0, *, lr=0.01, beta=0.9):
    """The new state is used once, and lost."""
    return x - lr * (beta * b + g), b


@optimizer
def asks_for_g_again(x, g, *, grad, lr=0.01):
    """Clipping and noise around the rule are lost."""
    return x - lr * grad(x)


@optimizer
def amsgrad_without_its_maximum(x, g, m=0.0, v=0.0, top=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """AMSGrad (Reddi et al., 2018), whose maximum is computed, used, and given back as it was."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    largest = np.maximum(top, v)
    return x - lr * m / (1 - beta1**t) / (np.sqrt(largest / (1 - beta2**t)) + eps), m, v, top


@optimizer
def keeps_its_zeros(x, g, m=lambda x: np.zeros_like(x), *, lr=0.01, beta=0.9):
    """A buffer as in torch, which is never written to."""
    return x - lr * (beta * m + g), m


@optimizer
def corrects_by_the_step_before(x, g, m=0.0, *, t, lr=0.01, beta=0.9):
    """Steps counted from 0."""
    m = beta * m + (1 - beta) * g
    return x - lr * m / (1 - beta ** (t - 1)), m


@optimizer
def divides_by_its_state(x, g, v=0.0, *, lr=0.01, beta=0.9):
    """The average before it has seen anything."""
    return x - lr * g / np.sqrt(v), beta * v + (1 - beta) * g**2


@optimizer
def hides_an_overflow(x, g, *, lr=0.01, eps=1e-8):
    """inf / inf, and then nothing."""
    return x - lr * np.nan_to_num(g * (g**2 / (g**2 + eps)))


@optimizer
def divides_by_an_infinite_norm(x, g, m=0.0, *, lr=0.01, beta=0.9):
    """Normalised gradient descent (Cortes, 2006). lr, beta"""
    m = beta * m + (1 - beta) * g
    return x - lr * m / (np.linalg.norm(m) + 1e-12), m


@optimizer
def my_adam(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adaptive moments (Kingma and Ba, 2015), with another eps than there."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return x - lr * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps), m, v


@optimizer
def signs_that_never_fade(x, g, m=0.0, *, lr=0.01):
    """The sign of a sum: what the slope has left stays for ever."""
    m = m + g
    return x - lr * np.sign(m), m


@optimizer
def adam_without_decay_of_m(x, g, m=0.0, v=0.0, *, lr=0.01, beta=0.9):
    """The steps do not depend on the size of g, and are no steps of signs."""
    m, v = m + g, beta * v + (1 - beta) * g**2
    return x - lr * m / (np.sqrt(v) + 1e-8), m, v


BROKEN = [
    (amsgrad_without_its_maximum, "every_state_changes", "returns top unchanged"),
    (keeps_its_zeros, "every_state_changes", "is the new m computed and returned?"),
    (corrects_by_the_step_before, "makes_a_first_step", "hint: t begins at 1"),
    (divides_by_its_state, "makes_a_first_step", "the state is 0 at first"),
    (hides_an_overflow, "survives[1e+300]", "leaves 4 of 4 entries of x unchanged in 6 steps"),
    (divides_by_an_infinite_norm, "survives[1e+300]", "divide by the largest entry first"),
    (my_adam, "formula_is_compared", "there is torch:Adam and optax:adam"),
    (signs_that_never_fade, "comes_to_rest", "does the momentum decay?"),
    (adam_without_decay_of_m, "comes_to_rest", "does the momentum decay?"),
    (returns_the_old_state, "every_hyperparameter_matters", "b is returned unchanged: is the new b returned?"),
    (forgets_beta, "every_hyperparameter_matters", 'exempt={"every_hyperparameter_matters": "why"}'),
    (asks_for_g_again, "shows[nan]", "is grad(x) used instead of g?"),
    (shrinks_x, "stands_still_without_slope", 'declares exempt={"stands_still_without_slope": "why"}'),
    (ascends, "first_step_goes_downhill", 'declares exempt={"first_step_goes_downhill": "why"}'),
    (hides_an_overflow, "survives[1e+300]", 'declares exempt={"survives[1e+300]": "why"}'),
    (clips_in_silence, "shows[inf]", 'declares exempt={"shows[inf]": "why"}'),
    (ascends, "first_step_goes_downhill", "look at the sign"),
    (ascends, "converges[quadratic]", "look at the sign"),
    (ignores_the_gradient, "converges[quadratic]", "lr = "),
    (never_moves, "converges[quadratic]", "to 19.31"),
    (never_moves, "first_step_goes_downhill", "the new state"),
    (crawls, "converges[quadratic]", "in 200 steps"),
    (crawls, "converges[rosenbrock]", "on rosenbrock"),
    (emits_the_last_update, "first_step_goes_downhill", "that before it"),
    (divides_by_the_norm, "finite_on_zero_gradient", "in step 1"),
    (loses_its_state, "finite_on_zero_gradient", "gives s ="),
    (overflows_slowly, "finite_on_zero_gradient", "gives x ="),
    (shrinks_x, "stands_still_without_slope", "x itself"),
    (multiplies_the_weights, "stands_still_without_slope", "in 1 step with g = 0"),
    (never_rests, "comes_to_rest", "does the momentum decay?"),
    (divides_tiny_by_tiny, "survives[1e-300]", "gradients of size 1e-300"),
    (cleans_up, "shows[nan]", "hide NaN and infinity"),
    (clips_in_silence, "shows[inf]", "infinity or NaN in x or in the state"),
    (has_no_docstring, "names_its_source", "no docstring"),
    (has_no_hyperparameter, "has_hyperparameters", "lr=0.01"),
    (has_a_whole_lr, "has_hyperparameters", "write lr=1.0"),
    (has_an_infinite_default, "has_hyperparameters", "largest=inf"),
    (clips_in_silence, "names_its_source", "with the year"),
    (says_little, "documents_its_hyperparameters", "what kappa is"),
    (forgets_beta, "every_hyperparameter_matters", "whatever beta is"),
    (allows_a_beta_of_one, "holds_its_ranges", "leave the end out"),
    (is_not_invariant_to_scale, "invariant[scale]", "when the loss is multiplied by 1024"),
    (is_not_invariant_to_translation, "invariant[translation]", "when x and the minimum are moved by 16"),
]


# ---- what only a reference shows -----------------------------------------------------------------------------------

BETAS = {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps"}


@optimizer(references={"torch:Adam": BETAS})
def adam_with_eps_inside(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """sqrt(v + eps) in place of sqrt(v) + eps."""
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    return x - lr * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps), m, v


@optimizer(references={"torch:Adam": BETAS})
def adam_without_correction(x, g, m=0.0, v=0.0, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """The averages as they are, near zero at first."""
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    return x - lr * m / (np.sqrt(v) + eps), m, v


@optimizer(references={"torch:Adam": BETAS})
def adam_corrected_twice(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """The corrected average goes back into the state."""
    m, v = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t), beta2 * v + (1 - beta2) * g**2
    return x - lr * m / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@optimizer(references={"torch:Adam": BETAS | {"amsgrad": True}})
def amsgrad_of_the_corrected(x, g, m=0.0, v=0.0, top=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """The maximum is taken of v after its correction, which lets the first gradients rule for ever."""
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    top = np.maximum(top, v / (1 - beta2**t))
    return x - lr * m / (1 - beta1**t) / (np.sqrt(top) + eps), m, v, top


@optimizer(references={"torch:AdamW": BETAS | {"weight_decay": "weight_decay"}})
def adamw_with_coupled_decay(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """The decay goes through the averages."""
    g = g + weight_decay * x
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    return x - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


@optimizer(references={"torch:NAdam": BETAS | {"momentum_decay": "psi"}})
def nadam_with_an_extra_mu(x, g, m=0.0, v=0.0, product=1.0, *, t, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, psi=4e-3):
    """The gradient's share is multiplied by mu once more."""
    mu, after = (beta1 * (1 - 0.5 * 0.96 ** (k * psi)) for k in (t, t + 1))
    product = product * mu
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    step = mu * (1 - mu) * g / (1 - product) + after * m / (1 - product * after)
    return x - lr * step / (np.sqrt(v / (1 - beta2**t)) + eps), m, v, product


@optimizer(references={"torch:Rprop": {"lr": "lr"}})
def rprop_that_is_rmsprop(x, g, v=0.0, *, lr=0.01, alpha=0.99, eps=1e-8):
    """Another rule under a name that sounds like it."""
    v = alpha * v + (1 - alpha) * g**2
    return x - lr * g / (np.sqrt(v) + eps), v


@optimizer(references={"torch:SGD": {"lr": "lr", "momentum": "beta"}})
def momentum_that_is_nesterov(x, g, b=0.0, *, lr=1e-3, beta=0.9):
    """Looks ahead where it should not."""
    b = beta * b + g
    return x - lr * (g + beta * b), b


UNLIKE_THEIR_NAME = [
    adam_with_eps_inside,
    adam_without_correction,
    adam_corrected_twice,
    amsgrad_of_the_corrected,
    adamw_with_coupled_decay,
    nadam_with_an_extra_mu,
    rprop_that_is_rmsprop,
    momentum_that_is_nesterov,
]
