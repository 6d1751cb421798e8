"""`optlab cache` lists and clears the runs that are kept."""

from __future__ import annotations

import os
import time

import pytest
import typer
from typer.testing import CliRunner

from optlab.cli.app import app
from optlab.execution.cache import FOLDER


@pytest.fixture
def out(tmp_path):
    """A folder of results with three files of a store: 1, 2 and 3 kB, 30, 20 and 10 days old, and a file of others."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    for n, days in enumerate((30, 20, 10), start=1):
        file = folder / f"{n}.runs"
        file.write_bytes(bytes(1000 * n))
        at = time.time() - days * 86_400
        os.utime(file, (at, at))
    (folder / "notes.txt").write_text("mine")
    return tmp_path


def names(out):
    return sorted(path.name for path in (out / FOLDER).iterdir())


def run(out, *options):
    return CliRunner().invoke(app, ["cache", "--out", str(out), *options], standalone_mode=False)


def test_it_lists_files_with_sizes_and_ages(out):
    done = run(out)
    assert "30.0 days old  1.runs" in done.output
    assert "3 files, 0.0 MB" in done.output


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ([], []),
        (["--older-than", "15d"], ["3.runs"]),
        (["--older-than", "3w"], ["2.runs", "3.runs"]),
        (["--larger-than", "5 kB"], ["2.runs", "3.runs"]),
        (["--larger-than", "1GB"], ["1.runs", "2.runs", "3.runs"]),
        (["--older-than", "15d", "--larger-than", "5kB"], ["2.runs", "3.runs"]),
    ],
)
def test_it_clears_by_age_and_size_and_leaves_files_of_others(out, options, left):
    assert run(out, "--clear", *options).exit_code == 0
    assert names(out) == [*left, "notes.txt"]


@pytest.mark.parametrize("options", [["--clear", "--older-than", "soon"], ["--clear", "--larger-than", "1 acre"]])
def test_a_wrong_amount_is_named(out, options):
    done = run(out, *options)
    assert isinstance(done.exception, typer.BadParameter)
    assert "such as" in done.exception.message
    assert len(names(out)) == 4
