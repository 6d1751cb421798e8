"""`optlab export coco`: where the files are, and what is left out."""

import pytest
from typer.testing import CliRunner

import optlab
from optlab.cli.app import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    experiment = {
        "name": "e", "steps": 10, "seeds": 2,
        "problem": [{"name": "beale", "start": "random"}, {"name": "mlp", "hidden": [2], "dataset": "moons"}],
        "optimizer": [{"name": "gd", "lr": 0.01}, {"name": "adam", "lr": 0.1}],
    }  # fmt: skip
    return optlab.run(experiment, out=tmp_path_factory.mktemp("results"), plots=False).folder


def export(*words, status=0):
    done = CliRunner().invoke(app, ["export", *map(str, words)])
    assert done.exit_code == status, done.output
    return done.stderr if status else done.stdout


def test_what_is_written(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = export("coco", folder).splitlines()
    assert lines[:3] == ["exdata/gd/", "exdata/adam/", "functions: f1 beale (start=random)"]
    assert lines[3].startswith("left out: 1 problem whose minimum is not known (mlp (")
    assert sorted(path.name for path in (tmp_path / "exdata" / "gd").rglob("*.*")) == [
        "bbobexp_f1.info", "bbobexp_f1_DIM2.dat", "bbobexp_f1_DIM2.tdat",
    ]  # fmt: skip
    assert export("coco", folder, "--out", "other", "--without", "gd", "--quiet") == ""
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["adam"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cocco", "FOLDER"], "(did you mean 'coco'?)"),
        (["coco", "nowhere"], "nowhere: there is no such results folder"),
        (["coco", "FOLDER", "--without", "gdd"], "no optimizer has the label 'gdd' (did you mean 'gd'?)"),
    ],
)
def test_mistakes(folder, words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in export(*(folder if word == "FOLDER" else word for word in words), status=2)
