"""`optlab score`: tables of others, and results of experiments."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import optlab
from optlab.cli.app import app

ALGOPERF = Path(__file__).parents[2] / "docs" / "data" / "algoperf_v05.csv"
COLUMNS = ["--solver", "submission", "--problem", "workload", "--cost", "seconds_to_target", "--group", "ruleset"]


def score(*words, status=0):
    done = CliRunner().invoke(app, ["score", *map(str, words)], env={"COLUMNS": "400"})
    assert done.exit_code == status, done.output
    return done.stderr if status else done.stdout


def test_algoperf_as_json():
    rows = json.loads(score("--table", ALGOPERF, *COLUMNS, "--format", "json"))
    with ALGOPERF.open() as file:
        published = {
            (row["ruleset"], row["submission"]): f"{float(row['published_score']):.4f}" for row in csv.DictReader(file)
        }
    assert {(row["ruleset"], row["submission"]): f"{row['score']:.4f}" for row in rows} == published
    assert len(rows) == 17
    assert all(set(row) == {"ruleset", "submission", "score"} for row in rows)


def test_formats_for_people():
    lines = score("--table", ALGOPERF, "--group", "ruleset").splitlines()
    assert lines[:3] == ["external_tuning", "submission              score", "shampoo_submission     0.7784"]
    assert lines[13:16] == ["", "self_tuning", "submission            score"]
    assert lines[-1].endswith(" times the lowest cost; cost: the seconds_to_target")
    assert "| sinv6_75 | 0.1420 |" in score("--table", ALGOPERF, "--group", "ruleset", "--format", "markdown")


def test_results_of_an_experiment(tmp_path):
    experiment = {
        "name": "e", "steps": 100, "seeds": 3,
        "problem": [{"name": "sphere", "start": "random"}, {"name": "booth", "start": "random"}],
        "optimizer": [{"name": "gd", "lr": 0.01}, {"name": "adam", "lr": 0.5}],
    }  # fmt: skip
    results = optlab.run(experiment, out=tmp_path, plots=False)
    rows = list(csv.DictReader(io.StringIO(score(results.folder, "--format", "csv"))))
    expected = results.scores()
    assert [row["label"] for row in rows] == expected["label"].tolist()
    for name in ("score", "low", "high"):
        assert [float(row[name]) for row in rows] == expected[name].tolist()
    said = score(results.folder)
    assert "5 % to 95 % of seeds" in said
    assert said.splitlines()[-1] == (
        "score: the mean of the performance profile from 1 to 4 times the lowest cost; "
        "cost: the gradients until a problem is solved, as the median over the seeds; "
        "solved: the loss came 99.9 % of the way from the start to the minimum"
    )
    only = list(csv.DictReader(io.StringIO(score(results.folder, "--without", "gd", "--format", "csv"))))
    assert [(row["label"], row["score"]) for row in only] == [("adam", "1.0")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "write a folder of results, such as results/sgd_vs_adam, or a file with --table FILE.csv\n"),
        (["results/e", "--table", "t.csv"], "write either the folder results/e or --table t.csv, not both\n"),
        (["results/e", "--solver", "x"], "--solver: is for a --table; a folder of results needs none\n"),
        (["results/e", "--problem", "x"], "--problem: is for a --table; a folder of results needs none\n"),
        (["--table", "none.csv"], "none.csv: there is no such file\n"),
        (
            ["--table", ALGOPERF],
            "algoperf_v05.csv:90: schedule_free_adamw on criteo1tb is there twice",
        ),
        (["--table", ALGOPERF, "--cost", "sconds_to_target"], "(did you mean 'seconds_to_target'?)"),
        (["--table", ALGOPERF, "--cost", "published_score"], "write --better higher or --better lower"),
        (["--table", ALGOPERF, "--format", "jsn"], "(did you mean 'json'?)"),
        (["--table", ALGOPERF, "--group", "ruleset", "--points", "1"], "points: must be at least 2"),
    ],
)
def test_mistakes(words, message):
    assert message in score(*words, status=2)
