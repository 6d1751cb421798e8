"""The grid in JAX, in a separate process: `python -m benchmarks.cold_jax RUNS STEPS apart|together [FILE.npz]`.

Apart: each function and update rule is a program, as usual. Together: one program, which compiles in half the time.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.grid import OPTIMIZERS, PROBLEMS

jax.config.update("jax_enable_x64", True)


def rosenbrock(x):
    return 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2


def rastrigin(x):
    return 20.0 + jnp.sum(x**2 - 10.0 * jnp.cos(2 * jnp.pi * x))


def ackley(x):
    far, ripple = jnp.sqrt(jnp.mean(x**2)), jnp.mean(jnp.cos(2 * jnp.pi * x))
    return -20.0 * jnp.exp(-0.2 * far) - jnp.exp(ripple) + 20.0 + jnp.e


def gd(x, g, m, v, t, lr):
    return x - lr * g, m, v


def momentum(x, g, m, v, t, lr):
    m = 0.9 * m + g
    return x - lr * m, m, v


def adagrad(x, g, m, v, t, lr):
    v = v + g**2
    return x - lr * g / (jnp.sqrt(v) + 1e-10), m, v


def rmsprop(x, g, m, v, t, lr):
    v = 0.99 * v + 0.01 * g**2
    return x - lr * g / (jnp.sqrt(v) + 1e-8), m, v


def adam(x, g, m, v, t, lr):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    return x - lr * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


FUNCTIONS, UPDATES = (rosenbrock, rastrigin, ackley), (gd, momentum, adagrad, rmsprop, adam)


def trained(function, update, start, rates, steps):
    """The losses before every step, shape (steps, runs)."""

    def one(lr):
        def step(carry, t):
            x, m, v = carry
            loss, g = jax.value_and_grad(function)(x)
            return update(x, g, m, v, t, lr), loss

        zero = jnp.zeros_like(start)
        return jax.lax.scan(step, (start, zero, zero), jnp.arange(1.0, steps + 1))[1]

    return jax.vmap(one, out_axes=1)(rates)


def whole(rates, steps, trained=trained):
    """The losses of every update rule on every function."""
    return {
        f"{update.__name__} {function.__name__}": trained(
            function, update, jnp.array(PROBLEMS[function.__name__]), rates[update.__name__], steps
        )
        for function in FUNCTIONS
        for update in UPDATES
    }


def main(runs: str, steps: str, how: str, file: str | None = None) -> None:
    rates = {name: np.geomspace(*ends, int(runs)) for name, ends in OPTIMIZERS.items()}
    if how == "together":
        found = jax.jit(whole, static_argnums=1)(rates, int(steps))
    else:
        found = whole(rates, int(steps), jax.jit(trained, static_argnums=(0, 1, 4)))
    jax.block_until_ready(found)
    if file:  # not in timed runs
        np.savez(file, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
