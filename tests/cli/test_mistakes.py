"""Mistakes in experiment files: file:line:column, the source line, a caret, all at once; exit 2, nothing is written."""

from __future__ import annotations

import os
import re

import pytest
from typer.testing import CliRunner

from optlab.cli.app import app

HEAD = 'name = "e"\nsteps = 10\n'
PROBLEM = '[[problem]]\nname = "rosenbrock"\n'
MLP = '[[problem]]\nname = "mlp"\ndataset = "xor"\n'
CLASSIC = '[[problem]]\nsuite = "classic"\n'
GD = '[[optimizer]]\nname = "gd"\n'
ADAM = '[[optimizer]]\nname = "adam"\n'


def test_the_experiment_around_the_mistakes_is_right(said):
    assert said(HEAD + PROBLEM + GD, command="validate") is None
    assert said(HEAD + MLP + ADAM, command="validate") is None


@pytest.fixture
def said(tmp_path, monkeypatch):
    """The messages about an experiment file; None if it is valid. In no case is anything written."""
    monkeypatch.chdir(tmp_path)

    def say(text, command="run"):
        (tmp_path / "e.toml").write_text(text)
        before = sorted(tmp_path.rglob("*"))
        result = CliRunner().invoke(app, [command, "e.toml"])
        assert sorted(tmp_path.rglob("*")) == before
        if result.exit_code == 0:
            return None
        assert result.exit_code == 2
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        return result.stderr

    return say


def expected(marked, *messages):
    """The complaint about a text with an `@` before each mistake."""
    parts = []
    text = marked.replace("@", "")
    offset = -1
    for n, message in enumerate(messages):
        offset = marked.index("@", offset + 1)
        before = marked[:offset].replace("@", "")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        shown = text.splitlines()[line - 1]
        parts.append(f"e.toml:{line}:{column}: {message}\n    {shown}\n    {' ' * (column - 1)}^\n")
        assert n < len(messages)
    assert marked.count("@") == len(messages)
    return "".join(parts)


ONE = [
    (HEAD + "@stps = 3\n" + PROBLEM + GD, "unknown key stps (did you mean 'steps'?)"),
    ('name = "e"\n@steps = "ten"\n' + PROBLEM + GD, "steps must be an integer, not the text 'ten'"),
    ('name = "e"\n@steps = -5\n' + PROBLEM + GD, "steps must be at least 1, not -5"),
    ('name = "e"\n@steps = 1.5\n' + PROBLEM + GD, "steps must be an integer, not 1.5"),
    ('name = "e"\n@steps = 1e300\n' + PROBLEM + GD, "steps must be an integer, not 1e+300"),
    (HEAD + "@seeds = 0\n" + PROBLEM + GD, "seeds must be at least 1, not 0"),
    ('@name = "../e"\nsteps = 10\n' + PROBLEM + GD, None),
    ('@name = "/e"\nsteps = 10\n' + PROBLEM + GD, None),
    ('@name = "a/b"\nsteps = 10\n' + PROBLEM + GD, None),
    (HEAD + '[[problem]]\n@name = "rosenbroc"\n' + GD, "there is no problem 'rosenbroc' (did you mean 'rosenbrock'?)"),
    (HEAD + '[[problem]]\n@name = "qqq"\n' + GD, None),
    (HEAD + PROBLEM + '[[optimizer]]\n@name = "adm"\n', "there is no optimizer 'adm' (did you mean 'adam'?)"),
    (
        HEAD + PROBLEM + '[[optimizer]]\n@name = "torch:Adm"\n',
        "there is no optimizer 'torch:Adm' (did you mean 'torch:Adam'?)",
    ),
    (
        HEAD + PROBLEM + '[[optimizer]]\nname = "torch:Adam"\n@betas = [0.9, 1.5]\n',
        "torch:Adam cannot be used like this: Invalid beta parameter at index 1: 1.5",
    ),
    (HEAD + PROBLEM + "@c = 1.0\n" + GD, "rosenbrock has no option 'c'; it has a, b"),
    (HEAD + '[[problem]]\n@suite = "clasic"\n' + GD, "there is no suite 'clasic' (did you mean 'classic'?)"),
    (HEAD + CLASSIC + "dim = [2, @3]\n" + GD, "suite classic has no 3 in dim; there are 2, 10, 50"),
    (HEAD + CLASSIC + "@dim = 3\n" + GD, "suite classic has no 3 in dim; there are 2, 10, 50"),
    (
        HEAD + CLASSIC + 'functions = ["levy", @"bealle"]\n' + GD,
        "suite classic has no 'bealle' in functions (did you mean 'beale'?)",
    ),
    (HEAD + CLASSIC + "@function = 3\n" + GD, "classic has no option 'function' (did you mean 'functions'?)"),
    (HEAD + CLASSIC + '@name = "levy"\n' + GD, "this table has a name and a suite; leave one of the two out"),
    (HEAD + "[[problem]]\n@suite = 3\n" + GD, "suite must be a string, not 3"),
    (
        HEAD + CLASSIC.replace("suite", "@suite") + 'functions = "beale"\ndim = 10\n' + GD,
        "suite classic has no problem with dim=[10], functions=['beale']",
    ),
    (HEAD + PROBLEM + GD + "@lrr = 1.0\n", "gd has no option 'lrr' (did you mean 'lr'?)"),
    (HEAD + PROBLEM + ADAM + "@beta_1 = 0.9\n", "adam has no option 'beta_1' (did you mean 'beta1'?)"),
    (HEAD + PROBLEM + GD + "@lr = []\n", None),
    (HEAD + PROBLEM + GD + "lr = { log = [1e-3, 1.0], @num = 0 }\n", "num must be at least 2, not 0"),
    (HEAD + PROBLEM + GD + '@lr = "x"\n', "gd: 'lr' takes a number, not the text 'x'"),
    (HEAD + PROBLEM + GD + "@lr = true\n", "gd: 'lr' takes a number, not true"),
    (HEAD + PROBLEM + GD + '@lr = ["x", "y"]\n', "gd: 'lr' takes a number, not the text 'x'"),
    (HEAD + PROBLEM + GD + "lr = { @log = 3, num = 2 }\n", "log must be a list of two numbers, [lo, hi], not 3"),
    (HEAD + PROBLEM + "@start = [1.0, 2.0]\ndim = 3\n" + GD, None),
    (HEAD + '[[problem]]\nname = "beale"\n@start = [1, 2, 3]\n' + GD, "beale has 2 parameters, not 3"),
    (HEAD + '[[problem]]\nname = "beale"\n@dim = 5\n' + GD, "beale has 2 parameters, not 5"),
    (
        HEAD + MLP.replace("dataset", "@dataset").replace("xor", "digit") + GD,
        "there is no dataset 'digit' (did you mean 'digits'?)",
    ),
    (HEAD + MLP + "@batch_size = 321\n" + GD, None),
    (HEAD + MLP + "@batch_size = -1\n" + GD, None),
    (HEAD + MLP + "@start = [1.0, 2.0]\n" + GD, "mlp has 162 parameters here; this start has 2"),
    (
        HEAD + MLP + '@activation = "rely"\n' + GD,
        "mlp has no activation 'rely' (did you mean 'relu'?); choose from sigmoid, tanh, relu",
    ),
    (HEAD + MLP + '@init = "x"\n' + GD, "mlp has no init 'x'; choose from xavier, he"),
    (
        HEAD + MLP + 'hidden = [4]\n@loss = "cross_entropi"\n' + GD,
        "mlp has no loss 'cross_entropi' (did you mean 'cross_entropy'?); "
        "choose from half_squared_error, mean_squared_error, cross_entropy",
    ),
    (
        HEAD + MLP + '@output = "rely"\nloss = "mean_squared_error"\n' + GD,
        "mlp has no output 'rely'; choose from linear, sigmoid",
    ),
    (HEAD + MLP + "@hidden = [0]\n" + GD, None),
    (HEAD + MLP + "@hidden = 8\n" + GD, "mlp: 'hidden' takes a list, not 8"),
    (HEAD + MLP + "@test_fraction = 1\n" + GD, "test_fraction must be at least 0 and below 1, not 1.0"),
    (
        HEAD + PROBLEM + GD + 'schedule = ["cosine", @"cosin"]\n',
        "there is no schedule 'cosin' (did you mean 'cosine'?)",
    ),
    (
        HEAD + "[tuning]\n@trials = [25, 0]\n" + PROBLEM + GD + "lr = [0.1, 0.2]\n",
        "trials must increase, as in [0, 25, 50], not [25, 0]",
    ),
    (HEAD + PROBLEM + GD + '@schedule = "cosin"\n', "there is no schedule 'cosin' (did you mean 'cosine'?)"),
    (
        HEAD + PROBLEM + GD + 'schedule = { @name = "cosin", end = 0.1 }\n',
        "there is no schedule 'cosin' (did you mean 'cosine'?)",
    ),
    (
        HEAD + PROBLEM + GD + 'schedule = { name = "cosine", @endd = 0.1 }\n',
        "cosine has no option 'endd' (did you mean 'end'?)",
    ),
    (HEAD + PROBLEM + "[[optimizer]]\nname = @adam\n", "not valid TOML: invalid value (texts need quotes)"),
    (HEAD + PROBLEM + GD + "[record]\n@point = 3\n", "unknown key point (did you mean 'points'?)"),
    (HEAD + PROBLEM + GD + "[record]\n@points = -1\n", "points must be at least 0, not -1"),
]


@pytest.mark.parametrize(("marked", "message"), ONE)
def test_one_mistake(said, marked, message):
    complaint = said(marked.replace("@", ""))
    if message is None:  # only the place is asserted
        message = re.match(r"e\.toml:\d+:\d+: (.*)\n", complaint)[1]
    assert complaint == expected(marked, message)


@pytest.mark.parametrize("missing", ["problem", "optimizer", "name", "steps"])
def test_missing_keys_are_reported_at_the_first_line(said, missing):
    parts = {"name": 'name = "e"\n', "steps": "steps = 10\n", "problem": PROBLEM, "optimizer": GD}
    complaint = said("".join(text for key, text in parts.items() if key != missing))
    assert complaint.startswith(f"e.toml:1:1: {missing} is missing: write ")


def test_all_mistakes_at_once_from_all_modules(said):
    """From the structure of the file, the names in the registry, the data, and the code of the problem."""
    marked = (
        'name = "e"\n@steps = -1\n'
        '[[problem]]\nname = "rosenbrock"\n@bb = 1.0\n'
        '[[problem]]\nname = "mlp"\ndataset = "xor"\n@activation = "rely"\n@init = "h"\n'
        '[[problem]]\n@name = "boothe"\n'
        '[[optimizer]]\nname = "gd"\n@lrr = 0.1\n@lr = "fast"\n'
        '[[optimizer]]\n@name = "adem"\nschedule = "@cosin"\n'.replace('"@cosin', '"cosin').replace(
            "schedule", "@schedule"
        )
    )
    assert said(marked.replace("@", "")) == expected(
        marked,
        "steps must be at least 1, not -1",
        "rosenbrock has no option 'bb' (did you mean 'b'?)",
        "mlp has no activation 'rely' (did you mean 'relu'?); choose from sigmoid, tanh, relu",
        "mlp has no init 'h' (did you mean 'he'?); choose from xavier, he",
        "there is no problem 'boothe' (did you mean 'booth'?)",
        "gd has no option 'lrr' (did you mean 'lr'?)",
        "gd: 'lr' takes a number, not the text 'fast'",
        "there is no optimizer 'adem' (did you mean 'adam'?)",
        "there is no schedule 'cosin' (did you mean 'cosine'?)",
    )


@pytest.mark.parametrize(
    ("axes", "key"),
    [
        (
            [
                'name = "adam"',
                *(f"{k} = {{ linear = [0.1, 0.9], num = 1000 }}" for k in ("lr", "beta1", "beta2", "eps")),
            ],
            "lr",
        ),
        (
            ['name = "adam"', *(f"{k} = {{ linear = [0.1, 0.9], num = 90 }}" for k in ("lr", "beta1", "beta2", "eps"))],
            "lr",
        ),
    ],
)
def test_a_grid_of_ten_to_the_twelve_is_refused_naming_a_key(said, axes, key):
    text = HEAD + PROBLEM + "[[optimizer]]\n" + "\n".join(axes) + "\n"
    complaint = said(text)
    line = 1 + text[: text.index(f"\n{key} = ")].count("\n") + 1
    assert re.match(rf"e\.toml:{line}:1: the grid has [\d,]+ runs, more than 10,000,000; '{key}' has", complaint)


# ---- files that cannot be read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_missing_file_or_a_file_that_is_not_regular(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    (tmp_path / "empty.toml").write_text("")
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "huge.toml").touch()
    os.truncate(tmp_path / "huge.toml", 10**12)  # a sparse file
    for name, said in [
        (
            "nowhere.toml",
            "nowhere.toml: there is no such file; there is empty.toml, folder.toml, huge.toml, latin.toml, pipe.toml",
        ),
        ("no/where.toml", f"no/where.toml: there is no such file; there is no folder no here ({tmp_path})\n"),
        ("folder.toml", "folder.toml: is a folder, not a file; write the experiment to a file\n"),
        ("/dev/zero", "/dev/zero: is a device, not a file; write the experiment to a file\n"),
        ("pipe.toml", "pipe.toml: is a pipe, not a file; write the experiment to a file\n"),
        ("huge.toml", "huge.toml: has 1,000,000,000,000 bytes, and 4,000,000 is the most\n"),
        ("latin.toml", "latin.toml: is not UTF-8 text (byte 8)"),
        ("empty.toml", "empty.toml:1:1: name is missing"),
    ]:
        result = CliRunner().invoke(app, [command, name])
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(said)
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("what", ["/dev/zero", ".", "pipe.toml", "nowhere.toml"])
def test_watch_rejects_anything_but_a_file(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe.toml")
    result = CliRunner().invoke(app, ["run", "--watch", what])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{what}: ")


def test_a_file_with_the_name_of_the_results_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name, said in [
        ("nowhere", "nowhere: there is no such results folder\n"),
        ("empty", "empty: holds no finished results (manifest.json is missing); run the experiment again\n"),
    ]:
        result = CliRunner().invoke(app, ["plot", name])
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", said)


@pytest.mark.parametrize(
    "arguments",
    [["run"], ["rum"], ["run", "a", "b"], ["list", "things"], ["run", "e.toml", "--format", "gif"], ["--no"]],
)
def test_wrong_usage_is_exit_status_2(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_missing_plugins_folder(said, tmp_path):
    (tmp_path / "e.toml").write_text(HEAD + PROBLEM + GD)
    result = CliRunner().invoke(app, ["run", "e.toml", "--plugins", "plugs"])
    assert (result.exit_code, result.stderr) == (2, "--plugins plugs: there is no such folder\n")


def test_mistakes_in_a_separate_process(optlab_command, tmp_path):
    """The same from the installed command: two mistakes that two modules find, nothing on stdout, nothing written."""
    marked = 'name = "e"\n@steps = 0\n' + PROBLEM + '[[optimizer]]\n@name = "adm"\n'
    (tmp_path / "e.toml").write_text(marked.replace("@", ""))
    done = optlab_command("run", "e.toml", cwd=tmp_path)
    said = expected(marked, "steps must be at least 1, not 0", "there is no optimizer 'adm' (did you mean 'adam'?)")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert [path.name for path in tmp_path.iterdir()] == ["e.toml"]


BOWL = '[[problem]]\nname = "sphere"\n'
BALL = '[[optimizer]]\nname = "momentum"\nlr = { linear = [0.1, 1.0] }\nbeta = { linear = [0.0, 0.9] }\n'
PAIR = '[stability]\nx = "lr"\ny = "beta"\n'
OF_MAPS = [
    (HEAD + "[basins]\n@resolutoin = 8\n" + BOWL + GD, "unknown key resolutoin (did you mean 'resolution'?)"),
    (HEAD + "[basins]\n@resolution = 0\n" + BOWL + GD, "resolution must be at least 2, not 0"),
    (HEAD + "[basins]\n@x = [1, 0]\n" + BOWL + GD, "x must be [lo, hi] with lo below hi, not [1, 0]"),
    (
        HEAD + "[basins]\n@x = [-1e308, 1e308]\n" + BOWL + GD,
        "x must be [lo, hi] with a distance of at most 1e+300, not [-1e+308, 1e+308]",
    ),
    (
        HEAD + "[basins]\n@y = [0, 1e-299]\n" + BOWL + GD,
        "y must be [lo, hi] with a distance of at least 1e-280, not [0, 1e-299]",
    ),
    (
        HEAD + "[basins]\n@x = [1000.0, 1000.0000000000001]\n" + BOWL + GD,
        "x must be [lo, hi] with a distance of at least 1e-09, not [1000.0, 1000.0000000000001]",
    ),
    *(
        (HEAD + PAIR + f"@resolution = {size}\n" + BOWL + BALL, f"resolution must be {said}")
        for size, said in (
            (1_000_000, "at most 4096, not 1000000"),
            (1, "at least 2, not 1"),
            (2.5, "an integer, not 2.5"),
        )
    ),
    (
        HEAD + "[basins]\n" + BOWL + "@start = [1.0, 1.0]\n" + GD,
        "in a map of basins each pixel is a start; leave start out",
    ),
    (
        HEAD + "[basins]\n" + BOWL + "@dim = 3\n" + GD,
        "basins are maps of two parameters, and sphere has 3 here; write dim = 2",
    ),
    (HEAD + "@seeds = 3\n[basins]\n" + BOWL + GD, "in a map every pixel is one run; leave seeds out"),
    (
        HEAD + "[basins]\n@" + PAIR + BOWL + BALL,
        "an experiment has one kind: basins or stability; leave one of the tables out",
    ),
    (HEAD + "@[stability]\nx = 'lr'\n" + BOWL + BALL, 'y is missing: write y = "beta"'),
    (
        HEAD + PAIR.replace("y =", "@y =").replace("beta", "bta") + BOWL + BALL,
        "momentum has no option 'bta' (did you mean 'beta'?)",
    ),
    (
        HEAD + PAIR + BOWL + BALL.replace("[[", "[[@").replace("lr = { linear = [0.1, 1.0] }", "lr = 0.1"),
        "'lr' is the x axis of the map: give momentum a grid, lr = { log = [lo, hi] } or { linear = [lo, hi] }",
    ),
    (
        HEAD + PAIR + BOWL + BALL.replace("lr = { linear = [0.1, 1.0] }", "@lr = [0.1, 0.2, 0.7]"),
        "'lr' is the x axis of the map, whose values are evenly spaced: lr = { log = [lo, hi] } or "
        "{ linear = [lo, hi] }",
    ),
    (HEAD + PAIR + "@color = 'red'\n" + BOWL + BALL, 'color must be "final_loss" or "steps", not the text \'red\''),
    (
        HEAD + PAIR + "@color = 'steps'\n" + BOWL.replace("sphere", "saddle") + "start = 'random'\n" + BALL,
        "saddle has no known minimum and start to derive a target from; write target = and the loss to reach",
    ),
]


@pytest.mark.parametrize(("marked", "message"), OF_MAPS)
def test_mistakes_of_maps(said, marked, message):
    marked = marked.replace("@[", "[@")  # a table stands where its name does
    assert said(marked.replace("@", ""), "validate") == expected(marked, message)


def test_maps_that_are_right(said):
    assert said(HEAD + "[basins]\nresolution = 4\n" + BOWL + GD, "validate") is None
    assert said(HEAD + PAIR + "resolution = 4\n" + BOWL + BALL, "validate") is None
