"""`optlab rank --table`: others' results."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from optlab.cli.app import app


def rank(*words, status=0):
    done = CliRunner().invoke(app, ["rank", *map(str, words)])
    assert done.exit_code == status, done.output
    return done.stderr if status else done.stdout


@pytest.fixture
def file(tmp_path):
    random = np.random.default_rng(0)
    lines = ["optimizer;workload;run;seconds;hardware"]
    lines += [
        f"{name};{task};{run};{level * random.lognormal(0, 0.2):.6g};{where}"
        for where in ("cpu", "gpu")
        for task in ("digits", "moons")
        for name, level in (("slow", 9), ("fast", 1))
        for run in range(8)
    ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines))
    return path


def test_json(file):
    rows = json.loads(rank("--table", file, "--group", "hardware", "--format", "json"))
    assert [(row["hardware"], row["case"], row["label"], row["rank"]) for row in rows] == [
        (where, task, name, place)
        for where in ("cpu", "gpu")
        for task in ("digits", "moons")
        for place, name in enumerate(("fast", "slow"), 1)
    ]
    columns = {"rank_low", "rank_high", "first", "with_first", "p", "median", "interval", "n"}
    assert all(columns <= set(row) for row in rows)
    assert [row["with_first"] for row in rows] == [True, False] * 4


def test_the_table_has_no_columns_that_a_table_of_others_cannot_fill(file):
    lines = rank("--table", file, "--group", "hardware").splitlines()
    assert lines[:3] == ["hardware: cpu", "", "digits"]
    assert lines[3].split() == ["rank", "optimizer", "seconds", "90", "%", "interval", "could", "be", "first"]
    assert "fast is better than all others, with 8 seeds (at the 5 % level)" in lines
    assert "mean rank optimizer 90 % interval wins could be first" in [" ".join(line.split()) for line in lines]
    assert "hardware: gpu" in lines
    assert not any("settings" in line or "diverged" in line for line in lines)
    assert "**gpu: moons**" in rank("--table", file, "--group", "hardware", "--format", "markdown").splitlines()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "write a folder of results, such as results/sgd_vs_adam, or a file with --table FILE.csv\n"),
        (
            ["--table", "FILE", "--group", "hardware", "--by", "best_loss"],
            "--by: names a metric of results; --cost names the",
        ),
        (
            ["--table", "FILE"],
            "t.csv:34: slow on digits with run 0 is there twice, first in line 2",
        ),
        (["--table", "FILE", "--group", "hardware", "--without", "fats"], "no solver 'fats' (did you mean 'fast'?)"),
        (
            ["--table", "FILE", "--group", "hardware", "--target", "1"],
            "a target is for folders of COCO or IOH",
        ),
        (["--table", "FILE", "--problem", "workload", "--problem", "run"], "--problem: names the one column"),
        (["results/e", "--target", "1"], "--target: is for a --table; a folder of results needs none\n"),
    ],
)
def test_mistakes(file, words, message):
    assert message in rank(*(file if word == "FILE" else word for word in words), status=2)


@pytest.mark.parametrize(("name", "format"), [("gd/bbobexp_f1.info", "COCO"), ("gd/IOHprofiler_f1_Sphere.json", "IOH")])
def test_a_folder_of_another_program_without_its_option(tmp_path, name, format):
    (tmp_path / "exdata" / "gd").mkdir(parents=True)
    (tmp_path / "exdata" / name).touch()
    folder = tmp_path / "exdata"
    assert f"{folder}: is a folder of {format} and no folder of results; write --table {folder}\n" in rank(
        folder, status=2
    )


def test_a_table_in_place_of_a_folder(file):
    assert f"{file}: is a file and no folder of results; for a table write --table {file}\n" in rank(file, status=2)
