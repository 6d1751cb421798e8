"""The public names of `import optlab`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab import optimizer
from optlab.errors import ResultsError, SpecError, TraceError, UserError
from optlab.execution import runner

HEAVY = {"numpy", "pandas", "matplotlib", "pyarrow", "llvmlite", "pydantic", "pluggy", "rich", "typer"}


def test_the_public_names():
    decorators = {"optimizer", "problem", "schedule", "transform", "dataset", "suite", "hookimpl"}
    first = {"grad", "value_and_grad", "vjp", "jvp", "jacobian", "directional_derivative", "check_grad"}
    second = {"hessian", "hvp"}
    engine = {"trace", "sigmoid", "relu", "softplus", "softmax", "logsumexp", "lookup", "stop_gradient"}
    rest = {"run", "load", "minimize", "race", "basins", "stability", "backprop", "OptlabError", "__version__"}
    rest |= {"animate", "available", "compare", "explanation", "pack", "play", "reproduce", "verify"}
    assert set(optlab.__all__) == decorators | first | second | engine | rest
    assert dir(optlab) == sorted(optlab.__all__)
    for name in optlab.__all__:
        assert getattr(optlab, name) is not None
    with pytest.raises(AttributeError, match="module 'optlab' has no attribute 'optimiser'"):
        _ = optlab.optimiser


def test_imports_for_type_checkers_equal_the_table_of_homes():
    """The imports under TYPE_CHECKING equal the imports at the first use of a name."""
    (block,) = [node for node in ast.parse(Path(optlab.__file__).read_text()).body if isinstance(node, ast.If)]
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert len(imports) == len(block.body)
    assert all(name.name == name.asname for node in imports for name in node.names)  # which exports it
    assert {name.name: node.module for node in imports for name in node.names} == optlab._HOME


def test_the_module_of_tables_needs_no_separate_import():
    """`docs/experiments.md` and the README write `optlab.analysis.ranking(results.runs)` after `import optlab`."""
    code = "import optlab; print(optlab.analysis.ranking.__module__.partition('.')[0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "optlab\n", "")


def test_import_is_fast():
    code = f"import sys; import optlab; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


# ---- run and load ----------------------------------------------------------------------------------------------------

DOCUMENT = {
    "name": "e",
    "steps": np.int64(20),
    "problem": [{"name": "rosenbrock", "start": np.array([-1.5, 2.0])}],
    "optimizer": [{"name": "gd", "lr": np.array([1e-4, 1e-3])}],
}


def test_run_takes_a_dictionary_and_load_gives_the_same(tmp_path):
    results = optlab.run(DOCUMENT, out=tmp_path, plots=False)
    again = optlab.load(str(results.folder))
    assert results.folder == tmp_path / "e"
    for name, rows in [("runs", 2), ("history", 42), ("trajectories", 42)]:
        frame = getattr(results, name)
        assert isinstance(frame, pd.DataFrame)
        assert len(frame) == rows
        assert frame.equals(getattr(again, name))
    assert (results.plots, again.manifest) == ([], results.manifest)
    assert results.trajectories.iloc[0].tolist() == [0, 0, -1.5, 2.0]


def test_a_dictionary_and_its_file_are_one_experiment(tmp_path):
    first = optlab.run(DOCUMENT, out=tmp_path, plots=False)
    second = optlab.run(first.folder / "spec.toml", out=tmp_path, plots=False)
    assert second.runs["seconds"].equals(first.runs["seconds"])  # not computed again
    file = tmp_path / "other.toml"
    file.write_text((first.folder / "spec.toml").read_text() + "\n# a comment\n")
    third = optlab.run(str(file), out=str(tmp_path), plots=False)
    assert third.runs["seconds"].equals(first.runs["seconds"])


def test_run_reports_mistakes_with_their_paths(tmp_path):
    with pytest.raises(SpecError) as info:
        optlab.run(DOCUMENT | {"step": 3, "optimizer": [{"name": "gdd"}]}, out=tmp_path)
    assert str(info.value).split("\n") == [
        "<experiment>: step: unknown key step (did you mean 'steps'?)",
        "<experiment>: optimizer 1, name: there is no optimizer 'gdd' (did you mean 'gd'?)",
    ]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ResultsError):
        optlab.load(tmp_path / "e")


def test_pictures_only_on_request(tmp_path):
    assert optlab.run(DOCUMENT, out=tmp_path, plots=False).plots == []
    results = optlab.run(DOCUMENT, out=tmp_path, format="svg")
    assert [path.name for path in results.plots] == [
        "contour_rosenbrock.svg",
        "loss_rosenbrock.svg",
        "lr_rosenbrock.svg",
        "surface_rosenbrock.svg",
    ]
    with pytest.raises(UserError, match="the format of pictures must be one of png, svg, pdf, not 'gif'"):
        optlab.run(DOCUMENT | {"name": "new"}, out=tmp_path, format="gif")
    assert not (tmp_path / "new").exists()  # the error is raised before any run


def test_an_unknown_back_end(tmp_path):
    said = "^backend must be one of auto, native, replay, not 'repaly' \\(did you mean 'replay'\\?\\)$"
    with pytest.raises(UserError, match=said):
        optlab.run(DOCUMENT, out=tmp_path, backend="repaly")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [str, Path, lambda folder: [folder]])
def test_one_folder_of_plugins_or_several(tmp_path, kind):
    (tmp_path / "mine.py").write_text(
        "from optlab import optimizer\n\n\n@optimizer\ndef mine(x, g, *, lr=0.1):\n    return x - lr * g\n"
    )
    document = DOCUMENT | {"optimizer": [{"name": "mine"}]}
    assert len(optlab.run(document, out=tmp_path, plots=False, plugins=kind(tmp_path)).runs) == 1
    assert len(optlab.race("mine lr=0.1", "sphere", out=tmp_path, plots=False, plugins=kind(tmp_path)).runs) == 1
    assert optlab.minimize("sphere", "mine", steps=1, plugins=kind(tmp_path)).steps == 1


# ---- minimize --------------------------------------------------------------------------------------------------------


def bowl(x):
    return np.sum((x - 3.0) ** 2)


@pytest.mark.parametrize("x0", [0.0, [0.0, 10.0], [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], np.zeros((2, 1, 2)), 7])
def test_starts_of_any_shape(x0):
    result = optlab.minimize(bowl, "gd", x0=x0, steps=30, lr=0.25)
    x = np.array(x0, dtype=float)
    path = 3.0 + np.multiply.outer(0.5 ** np.arange(31), x - 3.0)  # each step halves the distance: exact
    np.testing.assert_allclose(result.path, path, rtol=1e-15)
    assert result.path.shape == (31, *x.shape)
    np.testing.assert_array_equal(result.x, result.path[-1])
    np.testing.assert_allclose(result.losses, [bowl(p) for p in path], rtol=1e-14, atol=1e-300)
    assert (result.status, result.steps, result.grad_evals) == ("done", 30, 30)
    assert result.loss == result.losses[-1]


def test_matrices_in_the_users_own_function():
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    result = optlab.minimize(lambda w: np.sum((w @ a - np.eye(2)) ** 2), "adam", np.zeros((2, 2)), 3000, lr=0.01)
    np.testing.assert_allclose(result.x, np.linalg.inv(a), atol=1e-6)


def test_problems_and_names(built_in):
    one = optlab.minimize("rosenbrock", "adam", steps=50, lr=0.01)
    other = optlab.minimize(built_in.problem("rosenbrock"), built_in.optimizer("adam"), [-1.5, 2.0], 50, lr=0.01)
    np.testing.assert_array_equal(one.path, other.path)
    (run,) = optlab.minimize("rosenbrock", "adam", [0.0] * 4, steps=1).path[1:]
    assert run.shape == (4,)


def test_minimize_and_run_agree(tmp_path):
    document = DOCUMENT | {"record": {"points": 21}}
    trajectories = optlab.run(document, out=tmp_path, plots=False).trajectories
    result = optlab.minimize("rosenbrock", "gd", [-1.5, 2.0], 20, lr=1e-3)
    np.testing.assert_array_equal(trajectories[trajectories["run"] == 1][["x0", "x1"]].to_numpy(), result.path)


def test_divergence_is_a_status_with_the_data_up_to_it():
    result = optlab.minimize(bowl, "gd", x0=[4.0], steps=1000, lr=1e3)
    assert result.status == "diverged"
    assert result.loss == result.losses[-1] == np.inf
    assert len(result.losses) == len(result.path) == result.steps + 1 < 60
    assert np.isfinite(result.losses[:-1]).all()


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (("rosenbroc", "gd"), {}, "there is no problem 'rosenbroc' (did you mean 'rosenbrock'?)"),
        (("rosenbrock", "dg"), {}, "there is no optimizer 'dg'"),
        ((bowl, "gd"), {}, "a function has no start; give x0"),
        ((bowl, "gd", "here"), {}, "x0 must be a number or an array of numbers: "),
        ((bowl, "gd", [[1.0], [1.0, 2.0]]), {}, "x0 must be a number or an array of numbers: "),
        ((bowl, "gd", [0.0]), {"rate": 0.1}, "gd has no option 'rate'"),
        ((bowl, "gd", [0.0]), {"lr": "0.1"}, "gd: 'lr' takes a number, not the text '0.1'"),
        ((bowl, "gd", [0.0]), {"lr": None}, "gd: 'lr' takes a number, not None"),
        ((bowl, "gd", [0.0]), {"lr": [0.1, 0.2]}, "gd: 'lr' takes a number, not [0.1, 0.2]"),
        ((bowl, "gd", [0.0], 0), {}, "steps must be a whole number from 1 on, not 0"),
        ((bowl, "gd", [0.0], 2.0), {}, "steps must be a whole number from 1 on, not 2.0"),
        (
            (bowl, "gd", [0.0], 10**12),
            {},
            "minimize keeps the loss and x of every step, and 1,000,000,000,000 steps with x of size 1 are more than "
            "1,000,000,000 numbers; use fewer steps, or optlab.run",
        ),
        ((bowl, "gd", [0.0]), {"schedule": "cosin"}, "there is no schedule 'cosin' (did you mean 'cosine'?)"),
        ((bowl, "gd", [0.0]), {"schedule": {"end": 0.1}}, "{'end': 0.1} is not a schedule; give a name, or a table"),
        ((bowl, "gd", [0.0]), {"transforms": ["clip_norm", "clip_norm"]}, "clip_norm is given twice"),
        ((bowl, "gd", [0.0]), {"transforms": "clip_norm"}, "transforms must be a list, as in transforms=['clip_norm']"),
        (
            (bowl, "gd", [0.0]),
            {"transforms": [{"name": 3}]},
            "3 is not a transform; give a name, or a function decorated with @transform",
        ),
        ((bowl, "gd", [0.0]), {"transforms": [{"name": "ema", "decy": 0.1}]}, "ema has no option 'decy' (did you mean"),
        (
            (bowl, "gd", [0.0]),
            {"transforms": [{"name": "ema", "decay": 1.0}]},
            "ema: 'decay' must lie in [0, 1), not 1",
        ),
        (("mlp", "gd"), {}, "mlp is trained on data; use optlab.run, which loads the dataset"),
    ],
)
def test_wrong_arguments(arguments, options, said):
    with pytest.raises(UserError) as info:
        optlab.minimize(*arguments, **options)
    assert str(info.value).startswith(said)


def test_schedule_and_transforms_equal_those_of_a_file(planned, built_in):
    transforms = [{"name": "clip_norm", "max_norm": 2.0}, "lookahead"]
    table = {"name": "adam", "lr": 0.1, "schedule": {"name": "cosine", "end": 0.2}, "transforms": transforms}
    tables = {"problem": [{"name": "beale"}], "optimizer": [table], "steps": 30, "record": {"points": 31}}
    (sweep,) = planned({**tables, "backend": "replay"}).sweeps
    expected = runner.run(sweep).x[:, :, 0]
    around = {"schedule": {"name": "cosine", "end": 0.2}, "transforms": transforms}
    result = optlab.minimize("beale", "adam", steps=30, lr=0.1, **around)
    np.testing.assert_allclose(result.path, expected, rtol=1e-9)
    around = {"schedule": {"name": built_in.schedule("cosine"), "end": 0.2}}
    around["transforms"] = [{"name": built_in.transform("clip_norm"), "max_norm": 2.0}, built_in.transform("lookahead")]
    again = optlab.minimize(built_in.problem("beale"), built_in.optimizer("adam"), steps=30, lr=0.1, **around)
    np.testing.assert_array_equal(again.path, result.path)
    plain = optlab.minimize("beale", "adam", steps=30, lr=0.1)
    assert np.abs(plain.path - result.path).max() > 1e-3


@optimizer
def fails(x, g):
    """Raises."""
    raise RuntimeError("so it is")


def test_exceptions_in_user_code_are_raised():
    with pytest.raises(RuntimeError, match="so it is"):
        optlab.minimize(bowl, fails, [0.0])
    with pytest.raises(TraceError, match=r"test_public\.py"):
        optlab.minimize(lambda x: np.sum(x) if x[0] > 0 else np.sum(-x), "gd", [1.0])
    with pytest.raises(ZeroDivisionError):
        optlab.minimize(lambda x: 1 / 0, "gd", [1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optlab.minimize(np.sum, lambda x, g: x - g, x0=[1.0]), "is no optimizer; give a name, or a rule"),
        (lambda: optlab.minimize("beale", "adam", x0=[1.0, 2.0, 3.0]), "beale has 2 parameters, and x0 3"),
        (
            lambda: optlab.minimize(lambda w: w**2, "adam", x0=[1.0, 2.0]),
            r"test_public.py:\d+: <lambda> returns an array",
        ),
    ],
)
def test_error_messages_of_minimize(call, message):
    with pytest.raises(optlab.OptlabError, match=message):
        call()
