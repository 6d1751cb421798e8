"""Results that are run again on other executors: the same bits, and plugins that end their process end no other."""

from __future__ import annotations

import pandas as pd
import pytest

import optlab
from optlab.errors import ResultsError
from optlab.execution.executors import processes
from tests.api.test_reproduce import DOCUMENT

FATAL = """\
import os
from optlab import optimizer

if os.environ.get("END_OF_THE_IMPORT"):
    os._exit(3)

@optimizer
def mine(x, g, *, lr=0.1):
    "Mine."
    if os.environ.get("END_OF_THE_TEST"):
        os._exit(3)
    return x - lr * g
"""
RATES = {"log": [1e-3, 1.0], "num": 2000}
MANY = {
    "name": "many",
    "record": {"points": 5},
    "problem": [{"name": "beale", "target": 10.0}],
    "steps": 150,
    "seeds": 1,
    "optimizer": [{"name": "adam", "lr": RATES}],
}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Results of many runs."""
    return optlab.run(MANY, tmp_path_factory.mktemp("lab"), plots=False, plugins=()).folder


@pytest.fixture
def in_processes(monkeypatch):
    """The numbers of workers of the pools of processes."""
    found = []

    class Counted(processes.Processes):
        def __init__(self, asked):
            found.append(asked.workers)
            super().__init__(asked)

    monkeypatch.setattr(processes, "Processes", Counted)
    return found


@pytest.fixture
def of_processes(tmp_path):
    """A function that makes results with processes and a plugin, by a command line or by the file."""

    def make(by_file):
        (tmp_path / "plugins").mkdir()
        (tmp_path / "plugins" / "mine.py").write_text(FATAL)
        document, asked = (DOCUMENT | {"executor": "processes"}, "") if by_file else (DOCUMENT, "processes")
        folders = tmp_path / "plugins"
        return optlab.run(document, tmp_path, plots=False, plugins=folders, executor=asked, workers=1).folder

    return make


@pytest.mark.parametrize(("name", "sample"), [("threads", 0.1), ("processes", 1.0), ("processes", 0.1), ("dask", 0.1)])
def test_other_executors_give_the_same_bits(many, in_processes, name, sample):
    """A sample of so few runs would be executed by another back end, if nothing else was said."""
    done = optlab.reproduce(many, sample, executor=name, workers=2)
    assert done, str(done)
    assert done.here == ()
    assert in_processes == ([2] if name == "processes" else [])


@pytest.mark.parametrize("by_file", [True, False])
def test_processes_by_default_if_they_made_the_results(of_processes, in_processes, by_file):
    folder = of_processes(by_file)
    assert optlab.reproduce(folder, workers=1)
    assert in_processes == [1, 1]
    assert optlab.reproduce(folder, executor="threads")
    assert in_processes == [1, 1]


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("END_OF_THE_TEST", "the process that executed it ended (exit status 3)"),
        (
            "END_OF_THE_IMPORT",
            "plugins/mine.py: the code of 'mine' ended the process with status 3, as os._exit(3) does",
        ),
    ],
)
def test_a_plugin_that_ends_its_process_does_not_end_this_one(of_processes, monkeypatch, place, why):
    folder = of_processes(True)
    monkeypatch.setenv(place, "1")
    done = optlab.reproduce(folder, workers=1)
    assert done.different == (pd.read_parquet(folder / "runs.parquet")["label"] == "mine").sum()
    assert done.failed == (f"mine: {why}",)
    assert f"failed now: {done.failed[0]}" in str(done)


def test_runs_that_crashed_crash_again(of_processes, monkeypatch):
    monkeypatch.setenv("END_OF_THE_TEST", "1")
    folder = of_processes(True)
    done = optlab.reproduce(folder, workers=1)
    assert done, str(done)
    assert done.compared == len(pd.read_parquet(folder / "runs.parquet"))
    with pytest.raises(ResultsError, match=r"without processes: \d+ crashed: such runs would hang or end others, too"):
        optlab.reproduce(folder, executor="threads")
