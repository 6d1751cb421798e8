"""Machine code compared with replay: planned sweeps, random step graphs, and the tolerance."""

from __future__ import annotations

import dataclasses

import numpy as np

from optlab import grad
from optlab.engine.replay import RUN, compile
from optlab.execution import runner
from tests.engine.vocabulary import UNARY, in_numpy

STEPS = 200


def both(planned, problem_table, rules, steps=STEPS, seeds=7, **rest):
    """Each sweep, its trajectories on the native back end and on replay, and on replay from a slightly moved start."""
    document = {"problem": [problem_table], "optimizer": rules, "steps": steps, "seeds": seeds, **rest}
    document["record"] = {"points": steps + 1}
    for sweep in planned(document).sweeps:
        native, replayed = (dataclasses.replace(sweep, backend=b) for b in ("native", "replay"))
        task = runner.Runner([native])
        yield sweep, task(native), runner.run(replayed)
        assert task.backend(native) == "native"


def agree(found, right, nearby, tolerance, first=0.0):
    """The entries within the tolerance, and the entries that are too sensitive to compare.

    An entry is too sensitive if replay from a slightly moved start differs by a hundredth of the tolerance or more. A
    loss below 1e-20 of the first loss is only rounding."""
    scale = np.maximum(np.abs(right), 1e-20 * np.abs(first) + 1e-300)
    with np.errstate(all="ignore"):
        chaotic = ~(np.abs(nearby - right) <= 0.01 * tolerance * scale)
        close = (np.abs(found - right) <= tolerance * scale) | (found == right) | (np.isnan(found) & np.isnan(right))
    return close, chaotic


def same_endings(sweep):
    """A sweep on both back ends with equal records: statuses, last steps, and all numbers until then."""
    recording = dataclasses.replace(sweep.recording, final_x=True, trajectory=True)
    sweep = dataclasses.replace(sweep, recording=recording, target=np.full(len(sweep), 0.3))
    native, right = (runner.run(dataclasses.replace(sweep, backend=b)) for b in ("native", "replay"))
    for field in ("status", "steps", "grad_evals", "reached"):
        assert getattr(native, field).tolist() == getattr(right, field).tolist(), field
    finite = sweep.recording.steps[:, None] <= right.steps
    for field in ("first_loss", "final_loss", "best_loss", "final_x"):
        np.testing.assert_allclose(getattr(native, field), getattr(right, field), rtol=1e-9)
    np.testing.assert_allclose(native.loss[finite], right.loss[finite], rtol=1e-9)
    np.testing.assert_allclose(native.x.swapaxes(1, 2)[finite], right.x.swapaxes(1, 2)[finite], rtol=1e-9)


def bits(done, runs=slice(None)):
    names = ("status", "steps", "first_loss", "final_loss", "best_loss", "loss", "x", "final_x", "reached")
    arrays = (getattr(done, name) for name in names)
    return [np.ascontiguousarray(a[..., runs]).tobytes() for a in arrays if a is not None]


_TAME = "sin cos tanh sigmoid relu exp expm1 log log1p sqrt abs negative reciprocal power clip sinh cosh arcsin arctan "
_TAME += "arcsinh arccosh cbrt exp2"


def random_step(rng, smallest=1, largest=6):
    """(x, m, t, lr, beta) -> (loss, x, m), of random functions; x stays within bounds."""
    dim, xp = int(rng.integers(smallest, largest)), in_numpy()
    chosen = [UNARY[name] for name in rng.choice(_TAME.split(), size=rng.integers(2, 8))]
    kinds = rng.integers(0, 10, size=len(chosen))
    weights = rng.uniform(0.2, 1.5, size=(len(chosen), dim))

    def objective(x):
        total = x
        for f, kind, w in zip(chosen, kinds, weights, strict=True):
            y = f(xp, w * total)
            ways = (
                *(total + 0.3 * y, y * x, np.where(y > x, y, total), y - np.mean(total), y[::-1], np.maximum(y, x)),
                *(np.concatenate([y[1:] - x[:-1], y[:1]]), np.append(y[:-1] * y[1:], 0.5), y / (1 + x @ x)),
                np.concatenate([x[: dim // 2], y[dim // 2 :]]),
            )
            total = ways[kind]
        return np.sum(total) / dim + np.max(total * x)

    def step(x, m, t, lr, beta):
        g = grad(objective)(x)
        m = beta * m + (1 - beta) * np.tanh(g)
        return [objective(x), np.clip(x - lr * m / (1 - beta**t), -2.0, 2.0), m]

    return dim, step


def replayed(graph, inputs, x, lr, beta, steps):
    program = compile(graph, inputs, x.shape[1])
    program.inputs[0][...] = x
    program.inputs[1][...] = 0
    program.inputs[3][...] = lr
    program.inputs[4][...] = beta if inputs[4].kind == RUN else beta[0]
    losses, points = [], []
    with np.errstate(all="ignore"):
        program.prepare()
        for t in range(1, steps + 1):
            points.append(program.inputs[0].copy())
            program.inputs[2][...] = t
            program.step()
            losses.append(np.broadcast_to(program.outputs[0], x.shape[1:]).copy())
    return np.array(losses), np.array(points)
