"""The keys `executor` and `limits` of an experiment."""

from __future__ import annotations

import pytest

from optlab.api import pipeline
from optlab.errors import SpecError
from optlab.execution.executors.protocol import Asked, SweepLimits
from optlab.experiments.document.limits import bytes_of

DOCUMENT = {"name": "e", "steps": 5, "problem": [{"name": "sphere"}], "optimizer": [{"name": "gd"}]}


@pytest.mark.parametrize(("size", "count"), [("1 B", 1), ("500MB", 5 * 10**8), ("2 GB", 2 * 10**9), ("0.5 kb", 500)])
def test_sizes(size, count):
    assert bytes_of(size) == count


@pytest.mark.parametrize("size", ["", "2", "GB", "-1 GB", "0 GB", "2 GiB", "1e3 MB"])
def test_texts_that_are_no_size(size):
    with pytest.raises(ValueError, match='must be a size such as "2 GB" or "500 MB"'):
        bytes_of(size)


@pytest.mark.parametrize(("line", "said"), [
    ('executor = "process"', "2:1: executor must be one of threads, processes, dask, not 'process' (did you mean "
     "'processes'?)"),
    ("limits = {}", "2:1: limits has no limit: write at least one of seconds and memory"),
    ('limits = { seconds = "ten" }', "2:12: seconds: input should be a valid number, not the text 'ten'"),
    ("limits = { seconds = 0 }", "2:12: seconds: input should be greater than 0, not 0"),
    ("limits = { memory = 2 }", '2:12: memory must be a size in quotes, such as "2 GB"'),
    ('limits = { memory = "2 apples" }', '2:12: memory must be a size such as "2 GB" or "500 MB", not'),
    ("limits = { time = 3 }", "2:12: unknown key time (known here: seconds, memory)"),
])  # fmt: skip
def test_mistakes_have_a_place(tmp_path, line, said):
    file = tmp_path / "e.toml"
    file.write_text(f'name = "e"\n{line}\nsteps = 5\n[[problem]]\nname = "sphere"\n[[optimizer]]\nname = "gd"\n')
    with pytest.raises(SpecError) as mistakes:
        pipeline.prepare(file)
    assert f"{file}:{said}" in str(mistakes.value)


def test_options_override_the_file():
    document = DOCUMENT | {"executor": "dask", "limits": {"seconds": 2.0, "memory": "1 GB"}}
    limits = SweepLimits(2.0, 10**9)
    assert pipeline.prepare(document).asked == Asked("dask", limits=limits)
    assert pipeline.prepare(document, asked=Asked("threads", 3)).asked == Asked("threads", 3, limits=limits)
    assert pipeline.prepare(DOCUMENT).asked == Asked()


def test_neither_changes_the_experiment():
    document = DOCUMENT | {"executor": "processes", "limits": {"seconds": 2.0}}
    assert pipeline.prepare(document).plan.id == pipeline.prepare(DOCUMENT).plan.id
