"""Experiments with processes whose plugins end or hold the process that executes them."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab.api import pipeline
from optlab.errors import UserError
from optlab.execution.executors.protocol import Asked, SweepLimits
from optlab.plugins.withheld import fate_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")

HEAD = "import os, signal, time\nimport numpy as np\nfrom optlab import optimizer, problem, schedule, transform\n"
RULE = '''
@optimizer
def own(x, g, *, lr=0.01):
    """Descent."""
    return x - lr * g
'''
BOWL = '''
@problem(dim=2, start=[1.0, 1.0], domain=[-2.0, 2.0])
def bowl(x):
    """A bowl."""
    {code}
    return x[0] ** 2 + x[1] ** 2
'''
EXPERIMENT = {
    "name": "e",
    "steps": 5,
    "executor": "processes",
    "limits": {"seconds": 10, "memory": "1 GB"},
    "problem": [{"name": "beale"}],
    "optimizer": [{"name": "gd", "lr": [1e-3, 1e-2]}],
}
ENDS = {
    "os._exit(0)": ("crashed", "ended the process with status 0"),
    "os.killpg(0, signal.SIGKILL)": ("crashed", "ended the process with SIGKILL"),
    "import ctypes; ctypes.string_at(0)": ("crashed", "ended the process with SIGSEGV, at plugins/mine.py:"),
    "while True: pass": ("timeout", "did not end within 2 s, at plugins/mine.py:"),
    "kept = [np.ones(10**7) for _ in range(100)]": ("crashed", "needs more memory than 500,000,000 bytes"),
}


def asked(code=""):
    return Asked("processes", 1, limits=SweepLimits(2.0 if "while" in code else 60.0, 500_000_000))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    return tmp_path


def write(text, name="mine"):
    with open(f"plugins/{name}.py", "w", encoding="utf-8") as file:
        file.write(HEAD + text)


def with_own(kind, name, **more):
    return EXPERIMENT | {kind: [*EXPERIMENT[kind], {"name": name, **more}]}


@pytest.mark.parametrize("code", ENDS)
def test_a_file_that_ends_its_process_is_read_and_not_executed(code):
    write(f"{RULE}\n{code}\n")
    job = pipeline.prepare(with_own("optimizer", "own", lr=[0.1, 0.2]), asked=asked(code))
    rule = job.plan.sweeps[1].rule.optimizer
    assert (rule.name, len(job.plan.sweeps[1])) == ("own", 2)
    status, why = ENDS[code]
    assert fate_of(rule).status == status
    assert why in fate_of(rule).why
    assert fate_of(job.plan.sweeps[0].rule.optimizer) is None
    assert job.registry.unexecuted == {os.path.realpath("plugins/mine.py")}


@pytest.mark.parametrize("code", ENDS)
def test_a_problem_that_ends_its_process_is_withheld(code):
    write(BOWL.format(code=code) + RULE)
    job = pipeline.prepare(with_own("problem", "bowl"), asked=asked(code))
    status, why = ENDS[code]
    fate = fate_of(job.plan.sweeps[1].case.problem)
    assert (fate.status, why in fate.why) == (status, True)
    assert fate_of(job.registry.optimizer("own")) is None
    assert job.registry.unexecuted == frozenset()


def test_each_of_several_is_found():
    write(BOWL.format(code="os._exit(3)"))
    write(f"{RULE}\nos._exit(4)\n", "rule")
    write("\n@transform\ndef same(x, g):\n    return g\n\nwhile True: pass\n", "same")
    job = pipeline.prepare(with_own("problem", "bowl"), asked=asked("while"))
    found = [fate_of(one).why for one in (job.registry.problem("bowl"), job.registry.optimizer("own"))]
    assert [why.partition(", as")[0] for why in found] == [
        "ended the process with status 3",
        "ended the process with status 4",
    ]
    assert fate_of(job.registry.transform("same")).status == "timeout"


def test_an_operation_of_a_problem_is_found_where_it_is_evaluated():
    operation = """
from optlab.engine.functions.base import apply
from optlab.engine.op_kinds import elementwise

OPERATION = elementwise("ending", lambda x: os._exit(5), lambda g, y, x: g)
"""
    write(operation + BOWL.format(code="x = apply(OPERATION, x)"))
    job = pipeline.prepare(with_own("problem", "bowl"), asked=asked())
    assert fate_of(job.registry.problem("bowl")).why.startswith("ended the process with status 5")


def test_a_file_of_which_nothing_can_be_read_is_a_mistake_that_names_it():
    write("\ndef optlab_optimizers():\n    return []\n\nos._exit(0)\n", "own")
    with pytest.raises(UserError, match=r"plugins/own\.py: the code ended the process with status 0"):
        pipeline.prepare(with_own("optimizer", "own"), asked=asked())


def test_threads_try_nothing_out():
    write(f"{RULE}\nwith open('pids', 'a') as file: file.write(f'{{os.getpid()}} ')\n")
    pipeline.prepare(with_own("optimizer", "own"), asked=Asked("threads"))
    with open("pids", encoding="utf-8") as file:
        assert file.read().split() == [str(os.getpid())]


def kept(experiment, **more):
    """What `run` says about runs that are kept."""
    said = []
    job = pipeline.prepare(experiment, asked=Asked("", 1, **more))
    results = pipeline.carry_out(job, notify=said.append).results
    return said, results


HOSTILE = "while True: pass", "os._exit(0)"


@pytest.mark.parametrize("executor", ["processes", None])
@pytest.mark.parametrize("code", HOSTILE)
def test_a_rule_that_ends_its_process_when_it_is_traced(code, executor):
    """With limits, processes are the default."""
    write(RULE.replace("    return x", f"    {code}\n    return x"))
    experiment = with_own("optimizer", "own") | {"executor": executor, "limits": {"seconds": 2}}
    said, results = kept({key: value for key, value in experiment.items() if value is not None})
    runs = results.runs
    assert set(runs["status"][runs["optimizer"] == "own"]) == {ENDS[code][0]}
    assert set(runs["status"][runs["optimizer"] != "own"]) == {"done"}
    assert len(said) == 1
    assert said[0].startswith("runs of own are not kept for later: its code ")


def test_runs_of_plugins_in_own_files_are_kept_with_processes():
    write(RULE + BOWL.format(code="x = 1 * x"))
    with_threads = {"name": "e", "steps": 20_000, "seeds": 20, "record": {"points": 2}}
    with_threads["problem"] = [{"name": "bowl", "start": "random"}]
    with_threads["optimizer"] = [{"name": "gd", "lr": [1e-3, 1e-2]}, {"name": "own", "lr": [1e-3, 1e-2]}]
    experiment = with_threads | {"executor": "processes"}
    kept(experiment)
    write(f"# a comment\n{RULE}{BOWL.format(code='x = 1 * x')}")
    said, found = kept(experiment | {"seeds": 21})
    assert said == [
        "80 of 84 runs kept from earlier, 4 computed",
        *(f"{name}: seed has 1 new value" for name in ("gd", "own")),
    ]
    fresh = optlab.run(with_threads | {"seeds": 21}, out="fresh", plots=False)
    for name in numbers(fresh, "").columns:
        assert numbers(found, "")[name].equals(numbers(fresh, "")[name]), name


def numbers(results, without):
    runs = results.runs
    runs = runs[(runs["optimizer"] != without) & (runs["problem"] != without)]
    return runs.drop(columns=["seconds", "run"]).reset_index(drop=True)


def test_the_other_runs_have_the_same_bits_and_errors_are_named():
    expected = numbers(optlab.run(EXPERIMENT, out="without", plots=False, workers=1), "")
    write(BOWL.format(code="os._exit(0)") + RULE)
    write(f"{RULE}\nos._exit(0)\n".replace("own", "other"), "other")
    experiment = with_own("problem", "bowl") | {"optimizer": [*EXPERIMENT["optimizer"], {"name": "other"}]}
    results = optlab.run(experiment, plots=False, workers=1)
    runs = results.runs
    is_harmful = (runs["problem"] == "bowl") | (runs["optimizer"] == "other")
    assert set(runs["status"][is_harmful]) == {"crashed"}
    found = numbers(results, "bowl")
    found = found[found["optimizer"] != "other"].reset_index(drop=True)
    for name in expected.columns:
        assert found[name].equals(expected[name]) or np.array_equal(found[name], expected[name]), name
    assert isinstance(runs, pd.DataFrame)
    log = (results.folder / "errors.log").read_text(encoding="utf-8")
    assert "plugins/mine.py: the code of 'bowl' ended the process with status 0" in log
    assert "plugins/other.py: the code of 'other' ended the process with status 0" in log
