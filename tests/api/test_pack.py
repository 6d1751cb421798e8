"""Results in one file: packed, loaded, verified, and what a wrong file is refused for."""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import socket
import zipfile
from pathlib import Path

import pytest

import optlab
from optlab.errors import ResultsError, UserError
from optlab.results.store.manifest import sealed

PLUGIN = """\
from pathlib import Path

from optlab import optimizer, problem

@optimizer
def mine(x, g, *, lr=0.1):
    "Mine."
    return x - lr * g

@problem(domain=(-5.0, 5.0), start=(4.0, -3.0), minimum=(0.0, 0.0))
def bowl(x, *, tilt=0.5):
    "A tilted bowl."
    return x[0] ** 2 + x[1] ** 2 + tilt * x[0] * x[1] - 1.0

@optimizer
def broken(x, g, *, lr=0.1):
    "Broken."
    raise ValueError("on purpose")
"""
DOCUMENT = {
    "name": "e",
    "steps": 10,
    "problem": [{"name": "bowl"}],
    "optimizer": [{"name": "mine", "lr": [0.1, 0.2]}, {"name": "gd", "lr": 0.1}, {"name": "broken"}],
}
BUILT_IN = DOCUMENT | {"name": "b", "problem": [{"name": "beale"}], "optimizer": [{"name": "gd", "lr": 0.01}]}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A folder with results of plugins, results of built-ins, and both as packed files."""
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("OPTLAB_TEST_SECRET", "a-secret-of-the-environment")
        Path("plugins").mkdir()
        Path("plugins/mine.py").write_text(PLUGIN)
        for document in (DOCUMENT, BUILT_IN):
            optlab.run(document, plots=False)
            optlab.pack(f"results/{document['name']}", f"{document['name']}.zip")
    return folder


@pytest.fixture
def elsewhere(lab, tmp_path, monkeypatch):
    """Another folder, with copies of the packed files."""
    monkeypatch.chdir(tmp_path)
    for name in ("e.zip", "b.zip"):
        shutil.copy(lab / name, tmp_path)
    return tmp_path


def repacked(path, change):
    """The packed file with changed members."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)


def test_a_packed_file_has_all_but_pictures_and_the_same_bytes_each_time(lab, tmp_path, monkeypatch):
    monkeypatch.chdir(lab)
    with zipfile.ZipFile(lab / "e.zip") as file:
        names = file.namelist()
        about = json.loads(file.read("manifest.json"))
        assert b"def mine" in file.read("sources.json")
    tables = [name for name in names if name.startswith(("history/", "trajectories/"))]
    top = ["errors.log", "manifest.json", "report.html", "runs.parquet", "sources.json", "spec.toml"]
    assert names == sorted([*top, *tables])
    assert len(tables) == 5  # a broken run has no trajectory
    assert set(names) == {*about["files"], *about["pictures"], "manifest.json"}
    assert about["versions"]["optlab"] == optlab.__version__
    again = optlab.pack(lab / "results" / "e", tmp_path / "again.zip")
    assert again.read_bytes() == (lab / "e.zip").read_bytes()


def test_a_packed_file_names_no_person_host_folder_or_secret(lab):
    """What the traces of errors, the manifest, the report and the tables might hold."""
    private = {
        str(lab),
        str(Path.home()),
        "a-secret-of-the-environment",
        str(Path(optlab.__file__).parent),
    }
    private |= {f"{os.sep}{getpass.getuser()}{os.sep}", str(Path(os.__file__).parent)}
    with zipfile.ZipFile(lab / "e.zip") as file:
        host = re.compile(rf"\b{re.escape(socket.gethostname())}\b")
        assert [name for name in ("manifest.json", "sources.json") if host.search(file.read(name).decode())] == []
        for name in file.namelist():
            content = file.read(name)
            assert [word for word in private if len(word) > 1 and word.encode() in content] == [], name


def test_results_load_from_a_packed_file(lab, elsewhere):
    results, original = optlab.load("e.zip"), optlab.load(lab / "results" / "e")
    for frame in ("runs", "history", "trajectories"):
        assert getattr(results, frame).equals(getattr(original, frame))
    assert results.ranking().equals(original.ranking())
    assert results.figure("loss") is not None
    folder = results.folder
    assert folder.is_dir()
    del results
    assert not folder.exists()
    assert sorted(path.name for path in elsewhere.iterdir()) == ["b.zip", "e.zip"]


def test_plugins_of_a_packed_file_are_not_loaded(elsewhere):
    results = optlab.load("e.zip")
    assert "contour_bowl" not in results.figures()
    assert results.origin.changed == {"bowl"}
    Path("plugins").mkdir()
    Path("plugins/mine.py").write_text(PLUGIN)
    assert "contour_bowl" in optlab.load("e.zip").figures()


def test_an_extension_is_next_to_the_packed_file(elsewhere):
    from optlab.api.extend import extension

    repeated = BUILT_IN | {"name": "w", "optimizer": [{"name": "gd", "lr": {"log": [1e-5, 1e-4], "num": 3}}]}
    results = optlab.run(repeated, elsewhere / "r", plots=False)
    packed = optlab.load(optlab.pack(results.folder, "w.zip"))
    assert extension(packed).folder == elsewhere / "extended"


def test_verify_without_plugins(elsewhere):
    done = optlab.verify("b.zip")
    assert done
    assert str(done).splitlines() == [
        "b.zip: 6 files, all checksums are right",
        "b.zip: compared 1 of 1 run: all are equal bit for bit",
    ]


def test_plugins_are_executed_only_if_they_are_trusted(elsewhere):
    def spy(members):
        held = json.loads(members["sources.json"])
        held["files"]["plugins/mine.py"] += f"\nPath({str(elsewhere / 'was_executed')!r}).touch()\n"
        members["sources.json"] = json.dumps(held).encode()
        import hashlib

        manifest = json.loads(members["manifest.json"])
        manifest["files"]["sources.json"] = hashlib.sha256(members["sources.json"]).hexdigest()
        members["manifest.json"] = sealed(manifest).encode()

    repacked(elsewhere / "e.zip", spy)
    done = optlab.verify("e.zip")
    assert done
    assert done.reproduction is None
    assert "not run again: the file holds 1 file of plugins (plugins/mine.py), whose code was not executed" in str(done)
    with pytest.raises(UserError, match=r"e\.zip: holds 1 file of plugins .* write --trust"):
        optlab.reproduce("e.zip")
    optlab.load("e.zip").figures()
    assert not (elsewhere / "was_executed").exists()
    assert optlab.verify("e.zip", 1.0, trust=True).reproduction.compared == 4
    assert (elsewhere / "was_executed").exists()


def test_a_wrong_number_is_found_by_running_it_again(elsewhere):
    """The checksums are right, because who changes a number can change its checksum."""
    import hashlib
    import io

    import pandas as pd

    def forge(members):
        runs = pd.read_parquet(io.BytesIO(members["runs.parquet"])).assign(final_loss=0.0)
        out = io.BytesIO()
        runs.to_parquet(out)
        members["runs.parquet"] = out.getvalue()
        manifest = json.loads(members["manifest.json"])
        manifest["files"]["runs.parquet"] = hashlib.sha256(out.getvalue()).hexdigest()
        members["manifest.json"] = sealed(manifest).encode()

    repacked(elsewhere / "b.zip", forge)
    done = optlab.verify("b.zip")
    assert not done
    assert done.reproduction.first.quantity == "final_loss"


def drop(name):
    return lambda members: members.pop(name)


def flip(name):
    return lambda members: members.update({name: members[name][:-1] + bytes([members[name][-1] ^ 1])})


def without_key(key):
    def change(members):
        manifest = json.loads(members["manifest.json"])
        del manifest[key]
        members["manifest.json"] = sealed(manifest).encode()

    return change


def with_sweep(sweep):
    def change(members):
        manifest = json.loads(members["manifest.json"])
        manifest["sweeps"].append(sweep)
        members["manifest.json"] = sealed(manifest).encode()

    return change


WRONG = {
    "lost": (drop("spec.toml"), r"b.zip: its manifest names 'spec.toml', which is missing; get the file again"),
    "manifest": (drop("manifest.json"), r"b.zip: holds no finished results \(manifest.json is missing\)"),
    "more": (lambda members: members.update({"errors.log": b""}), "its manifest does not name its member 'errors.log'"),
    "runs": (flip("runs.parquet"), r"b.zip: runs.parquet: is damaged \(its checksum is not the manifest's\); get the"),
    "report": (flip("report.html"), "b.zip: report.html is damaged; get the file again"),
    "sealed": (flip("manifest.json"), "b.zip: manifest.json: is damaged; get the file again"),
    "keys": (without_key("sweeps"), "b.zip: its manifest has no sweeps, so that it was not packed by optlab"),
    "sweep": (with_sweep(1), "a sweep in its manifest lacks a key"),
    "deep": (lambda members: members.update({"manifest.json": b"[" * 200_000}), "b.zip: "),
    "outside": (lambda members: members.update({"../a": b""}), r"b.zip: is refused: its member '../a' leads outside"),
    "other": (lambda members: members.update({"a.exe": b""}), "b.zip: is refused: its member 'a.exe' is no file of"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_files(elsewhere, wrong):
    change, message = WRONG[wrong]
    repacked(elsewhere / "b.zip", change)
    with pytest.raises(ResultsError, match=message):
        optlab.verify("b.zip")
    assert sorted(path.name for path in elsewhere.iterdir()) == ["b.zip", "e.zip"]


def test_wrong_names(lab, elsewhere):
    with pytest.raises(UserError, match=r"a\.tar: a packed file is a zip file; give it a name such as a\.tar\.zip"):
        optlab.pack(lab / "results" / "b", "a.tar")
    with pytest.raises(UserError, match=r"no/a\.zip: there is no folder no"):
        optlab.pack(lab / "results" / "b", "no/a.zip")
    with pytest.raises(UserError, match="there is no such file"):
        optlab.verify("c.zip")
    with pytest.raises(UserError, match="is a folder; optlab verify is for packed files, optlab reproduce for folders"):
        optlab.verify(lab / "results" / "b")
    Path("text.zip").write_text("a text")
    with pytest.raises(ResultsError, match=r"text\.zip: is no zip file, or is damaged"):
        optlab.load("text.zip")
    with pytest.raises(UserError, match=r"c\.zip: there is no such file"):
        optlab.load("c.zip")


def test_the_commands(optlab_command, lab, elsewhere):
    shutil.copytree(lab / "results" / "b", "b")
    done = optlab_command("pack", "b", cwd=elsewhere)
    assert (done.returncode, done.stdout) == (0, "b.zip\n")
    assert (elsewhere / "b.zip").read_bytes() == (lab / "b.zip").read_bytes()
    done = optlab_command("verify", "e.zip", cwd=elsewhere)
    assert done.returncode == 3
    assert "e.zip: 11 files, all checksums are right\nnot run again: the file holds 1 file" in done.stdout
    done = optlab_command("rank", "e.zip", "--format", "csv", cwd=elsewhere)
    assert (done.returncode, done.stdout.count("\n")) == (0, 4)
    done = optlab_command("plot", "b.zip", "--kind", "loss", cwd=elsewhere)
    assert (done.returncode, done.stdout) == (0, "b_plots/loss_beale.png\n")
    assert (elsewhere / "b_plots" / "loss_beale.png").read_bytes().startswith(b"\x89PNG")
    done = optlab_command("animate", "b.zip", "--frames", "2", "-o", "balls.svg", cwd=elsewhere)
    assert (done.returncode, done.stdout) == (0, "balls.svg\n")
    done = optlab_command("report", "b.zip", cwd=elsewhere)
    assert (done.returncode, done.stdout) == (0, "b.html\n")
    for options in ([], ["--executor", "processes", "--workers", "1"]):
        done = optlab_command("verify", "b.zip", *options, cwd=elsewhere)
        assert done.returncode == 0
        assert "compared 1 of 1 run: all are equal bit for bit" in done.stdout
    done = optlab_command("verify", "b.zip", "--executor", "threads", "--scheduler", "tcp://127.0.0.1:9", cwd=elsewhere)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'a scheduler is for executor = "dask", not for "threads"\n'
    repacked(elsewhere / "b.zip", flip("runs.parquet"))
    done = optlab_command("verify", "b.zip", cwd=elsewhere)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.match(r"b\.zip: runs\.parquet: is damaged .*; get the file again\n", done.stderr)
