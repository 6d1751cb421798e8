"""Compiled step graphs: random ones against replay, and quickly compiled code against the usual code, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from optlab.engine.native import compilation
from optlab.engine.passes import optimise
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input
from optlab.engine.trace import trace
from optlab.execution.runner import on_llvm
from optlab.execution.step import build_for
from tests.cases import first_cases
from tests.engine.native.against_replay import agree, bits, random_step, replayed


@pytest.mark.parametrize("begin", first_cases(1, range(0, 500, 25)))
def test_random_step_graphs(begin):
    for seed in range(begin, begin + 25):
        rng = np.random.default_rng(seed)
        dim, step = random_step(rng)
        runs = int(rng.integers(1, 20))
        graph = optimise(trace(step, np.ones(dim), np.zeros(dim), 1.0, 0.1, 0.9))
        beta_kind = (RUN, UNIFORM)[seed % 2]
        inputs = [Input(RUN, carry=1), Input(RUN, carry=2), Input(SHARED)]
        inputs += [Input(RUN, changes=False), Input(beta_kind, changes=False)]
        x, lr = rng.normal(size=(dim, runs)), 10.0 ** rng.uniform(-4, -1, size=runs)
        beta = np.full(runs, 0.9) if beta_kind == UNIFORM else rng.uniform(0.1, 0.99, size=runs)
        kernel = compilation.compile(graph, inputs, trail=True)
        columns = np.stack([lr] if beta_kind == UNIFORM else [lr, beta])
        numbers = np.concatenate([x, np.zeros_like(x)]), beta[:1] if beta_kind == UNIFORM else np.empty(0), columns
        done = kernel.run(*numbers, 10, np.arange(11))
        quick = compilation.compile(graph, inputs, trail=True, quick=True).run(*numbers, 10, np.arange(11))
        assert quick.loss.tobytes() == done.loss.tobytes(), seed
        assert quick.trail.tobytes() == done.trail.tobytes(), seed
        losses, points = replayed(graph, inputs, x, lr, beta, 10)
        nearby, _ = replayed(graph, inputs, x * (1 + 2**-50), lr, beta, 10)
        close, chaotic = agree(done.loss[:10], losses, nearby, 1e-9)
        assert (close | chaotic).all(), seed
        assert chaotic.mean() < 0.5
        np.testing.assert_allclose(done.trail[:1], points[:1], rtol=0)


def test_quickly_compiled_code_computes_the_same_bits(planned, built_in):
    """On all built-in functions; one of the rates diverges."""
    rules = [{"name": name, "lr": [1e-3, 1e-2, 1e6]} for name in ("momentum", "adam")]
    for name, known in built_in.problems.items():
        if known.trains_on_data or name.startswith("bbob"):
            continue
        document = {"problem": [{"name": name, "start": "random"}], "optimizer": rules, "steps": 40, "seeds": 5}
        for sweep in planned(document | {"backend": "native"}).sweeps:
            graph = build_for(sweep)
            full, quick = (on_llvm.kernel_for(sweep, graph, quick) for quick in (False, True))
            assert bits(on_llvm.run(full, graph, sweep, print, 1)) == bits(on_llvm.run(quick, graph, sweep, print, 1))
