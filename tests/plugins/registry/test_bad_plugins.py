"""Mistakes in drop-in files: one message for each, with file, line and the right form.

Nothing else is lost: other files load, other optimizers run, earlier results stay.
"""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

import optlab
from optlab.cli.app import app
from optlab.errors import PluginError
from optlab.plugins import registry
from optlab.plugins.code_location import source
from optlab.plugins.optimizers.adam import adam as built_in_adam
from tests.cases import every

GRAMMAR = "; write it as: def {name}(x, g, state=0.0, *, option=1.0)"
A_DEFAULT = "; a default is a number, a boolean, a string or a list" + GRAMMAR
A_STATE = "it is a number or a function of x, as in m=0.0 or m=lambda x: np.ones(x.size)" + GRAMMAR
A_HOOK = "; write it as: def optlab_optimizers(): return [...], a list of functions decorated with @optimizer"
SUPPLIED = "f, grad, hvp, loss, rng, steps, t"


def rule(head="x, g, *, lr=0.1", body="return x - lr * g", decorator="@optimizer"):
    """A file with one rule: the decorator in line 5, the body in line 8."""
    return (
        "import numpy as np\nfrom optlab import optimizer\n\n\n"
        f"{decorator}\ndef {{name}}({head}):\n    '''A rule.'''\n    {body}\n"
    )


def declared(**arguments):
    """A rule whose decorator has these arguments."""
    return rule(decorator=f"@optimizer({', '.join(f'{name}={value!r}' for name, value in arguments.items())})")


def hook(head, body):
    return f"from optlab import hookimpl\n\n@hookimpl\ndef {head}:\n    {body}\n"


HELPER = " (the name of a module that plugins import begins with _)"
LOADING = {
    # Python itself
    "syntax": ("x = 1\ndef {name}(x, g)\n    return x\n", "2:17: SyntaxError: expected ':'"),
    "indentation": (
        "if True:\n    x = 1\n\ty = 2\n",
        "3:1: SyntaxError: inconsistent use of tabs and spaces in indentation",
    ),
    "state_without_default": (
        rule("x, g, m=0.0, v, *, lr=0.1"),
        "6:40: SyntaxError: non-default argument follows default argument",
    ),
    "null_bytes": (
        "x = 1\n\0",
        " SyntaxError: source code string cannot contain null bytes; a plugin must be a Python file in UTF-8",
    ),
    "not_utf8": (
        "x = '''\u00e9'''\n".encode("latin-1"),
        "1:12: SyntaxError: (unicode error) 'utf-8' codec can't decode byte 0xe9 in position 0: unexpected end of data",
    ),
    "unknown_encoding": ("# coding: klingon\n", " SyntaxError: unknown encoding: klingon"),
    "no_module": ("import torchh\n", "1:1: ModuleNotFoundError: No module named 'torchh'"),
    "exits": ("import sys\nsys.exit(3)\n", "2:1: SystemExit: 3"),
    "out_of_memory": ("raise MemoryError('no room')\n", "1:1: MemoryError: no room"),
    "runs_a_bad_one": (
        "from runpy import run_path\nrun_path('plugins/syntax.py')\n",
        "2:1: SyntaxError: expected ':' (syntax.py, line 2)",
    ),
    "runs_a_wrong_one": (
        "from runpy import run_path\nrun_path('plugins/no_g.py')\n",
        "2:1: plugins/no_g.py:5: optimizer 'no_g' takes (x) by position instead of (x, g)"
        "; write it as: def no_g(x, g, state=0.0, *, option=1.0)",
    ),
    # nothing, or not a function
    "empty": ("", " declares nothing; put @optimizer above the def of an update rule" + HELPER),
    "undecorated": (rule(decorator="#"), " declares nothing; put @optimizer above the def of an update rule" + HELPER),
    "a_lambda": (
        "from optlab import optimizer\n{name} = optimizer(lambda x, g, *, lr=0.1: x - lr * g)\n",
        "2: an optimizer needs a name of its own: write it with def",
    ),
    "a_class": (
        "from optlab import optimizer\n@optimizer\nclass {name}:\n    pass\n",
        "2:2: @optimizer decorates a function, not a class; write it as: def name(x, g, state=0.0, *, option=1.0)",
    ),
    "a_text": (
        rule(decorator="@optimizer('tensor')"),
        "5:2: @optimizer decorates a function, not a value of type str; "
        "write it as: def name(x, g, state=0.0, *, option=1.0)",
    ),
    "decorated_twice": (
        rule(decorator="@optimizer\n@optimizer"),
        "5:2: @optimizer decorates a function, not a value of type Optimizer; "
        "write it as: def name(x, g, state=0.0, *, option=1.0)",
    ),
    "a_method": (
        "from optlab import optimizer\nclass A:\n    @optimizer\n    def {name}(self, x, g):\n        return x\n",
        "3: optimizer '{name}' takes (self, x, g) by position instead of (x, g)" + GRAMMAR,
    ),
    "a_generator": (rule(body="yield x"), "5: optimizer '{name}' yields or awaits; end it with return" + GRAMMAR),
    # the signature
    "no_g": (rule("x, *, lr=0.1"), "5: optimizer '{name}' takes (x) by position instead of (x, g)" + GRAMMAR),
    "g_first": (rule("g, x"), "5: optimizer '{name}' takes (g, x) by position instead of (x, g)" + GRAMMAR),
    "other_words": (
        rule("params, grads"),
        "5: optimizer '{name}' takes (params, grads) by position instead of (x, g)" + GRAMMAR,
    ),
    "any_number": (
        rule("x, g, *args"),
        "5: optimizer '{name}' takes *args, but every argument needs a name of its own" + GRAMMAR,
    ),
    "any_keyword": (
        rule("x, g, **more"),
        "5: optimizer '{name}' takes **more, but every argument needs a name of its own" + GRAMMAR,
    ),
    "no_default": (
        rule("x, g, *, learning_rate"),
        f"5: optimizer '{{name}}' needs 'learning_rate', but optlab supplies only: {SUPPLIED} "
        "(give it a default to make it an option)" + GRAMMAR,
    ),
    "misspelt": (
        rule("x, g, *, step, lr=0.1"),
        f"5: optimizer '{{name}}' needs 'step', but optlab supplies only: {SUPPLIED} (did you mean 'steps'?)" + GRAMMAR,
    ),
    "default_none": (
        rule("x, g, *, lr=None"),
        "5: optimizer '{name}' has an option 'lr' whose default is of type NoneType" + A_DEFAULT,
    ),
    "default_dictionary": (
        rule("x, g, *, lr={{}}"),
        "5: optimizer '{name}' has an option 'lr' whose default is of type dict" + A_DEFAULT,
    ),
    "default_array": (
        rule("x, g, *, lr=np.ones(2)"),
        "5: optimizer '{name}' has an option 'lr' whose default is of type ndarray" + A_DEFAULT,
    ),
    "default_list_of_functions": (
        rule("x, g, *, lr=[abs]"),
        "5: optimizer '{name}' has an option 'lr' whose default is of type list with something else in it" + A_DEFAULT,
    ),
    "default_nan": (
        rule("x, g, *, lr=float('nan')"),
        "5: optimizer '{name}' has an option 'lr' whose default is nan, not a number" + GRAMMAR,
    ),
    "default_text": (
        rule("x, g, *, lr='0.1'"),
        "5: optimizer '{name}' has an option 'lr' whose default is the text '0.1'; write lr=0.1" + GRAMMAR,
    ),
    "reserved": (
        rule("x, g, *, label='a', lr=0.1"),
        "5: optimizer '{name}' has an option 'label', a name that optlab uses itself" + GRAMMAR,
    ),
    "reserved_step": (
        rule("x, g, *, t=1.0, lr=0.1"),
        "5: optimizer '{name}' has an option 't', a name that optlab uses itself" + GRAMMAR,
    ),
    "reserved_state": (
        rule("x, g, t=1.0, *, lr=0.1"),
        "5: optimizer '{name}' has a state 't', a name that optlab uses itself; "
        "to get optlab's t, put it after a * without a default" + GRAMMAR,
    ),
    "state_text": (
        rule("x, g, m='0', *, lr=0.1"),
        "5: optimizer '{name}' has a state 'm' whose initial value is of type str; " + A_STATE,
    ),
    "state_of_nothing": (
        rule("x, g, m=lambda: 0.0, *, lr=0.1"),
        "5: optimizer '{name}' has a state 'm' whose initial value needs more than x and choices; " + A_STATE,
    ),
    # the decorator
    "unknown_argument": (
        declared(rang={}),
        "5: optimizer '{name}' is declared with 'rang', which @optimizer does not take (did you mean 'ranges'?)",
    ),
    "per_layer": (
        declared(per="layer"),
        "5: optimizer '{name}' is declared per='layer'; write per=\"vector\" or per=\"tensor\"",
    ),
    "range_of_dots": (
        rule(decorator="@optimizer(ranges=dict(lr='0..1'))"),
        "5: optimizer '{name}' declares a range of 'lr' that cannot be read: '0..1' is no interval; "
        'write one as "[0, 1)" or "(0, inf)"' + GRAMMAR,
    ),
    "range_of_numbers": (
        rule(decorator="@optimizer(ranges=dict(lr=(0, 1)))"),
        "5: optimizer '{name}' declares a range of 'lr' that cannot be read: (0, 1) is no interval; "
        'write one as "[0, 1)" or "(0, inf)"' + GRAMMAR,
    ),
    "range_of_a_text": (
        rule("x, g, *, how='a'", decorator="@optimizer(ranges=dict(how='[0, 1]'))"),
        "5: optimizer '{name}' declares a range of 'how', which is not a number" + GRAMMAR,
    ),
    "ranges_alone": (
        declared(ranges="(0, 1)"),
        '5: optimizer \'{name}\' takes ranges as a dictionary, as in ranges={{"lr": "(0, inf)"}}' + GRAMMAR,
    ),
    "reference_with_a_dot": (
        rule(decorator="@optimizer(references={{'torch.Adam': {{}}}})"),
        "5: optimizer '{name}' is declared with the reference 'torch.Adam'; "
        'write "package:Name", as in "torch:Adam"',
    ),
    "reference_alone": (
        declared(references="torch:Adam"),
        "5: optimizer '{name}' is declared with references that are no dictionary of dictionaries; "
        'write references={{"torch:Adam": {{"lr": "lr"}}}}',
    ),
    "invariance_misspelt": (
        declared(invariant=("scales",)),
        "5: optimizer '{name}' is declared invariant to 'scales' (did you mean 'scale'?); "
        "choose from scale, translation",
    ),
    "invariance_alone": (
        declared(invariant="scale"),
        "5: optimizer '{name}' is declared invariant='scale'; write invariant=(\"scale\",)",
    ),
    "exempt_without_reason": (
        declared(exempt=("keeps_inputs",)),
        "5: optimizer '{name}' is declared with exempt that is no dictionary; "
        'write exempt={{"keeps_inputs": "the reason"}}',
    ),
    # names
    "twice_in_a_file": (rule() + "\n\n" + rule(), "15: '{name}' is declared in line 5 already; rename one of them"),
    "twice_one_function": (
        "from optlab import optimizer\ndef {name}(x, g):\n    return x\na, b = optimizer({name}), optimizer({name})\n",
        "2: two optimizers are called '{name}': plugins/{name}.py:2 and plugins/{name}.py:2; rename one of them",
    ),
    "one_of_two": (
        rule().replace("{name}", "same"),
        "5: two optimizers are called 'same': plugins/one_of_two.py:5 and plugins/two_of_two.py:5; rename one of them",
    ),
    "two_of_two": (
        rule().replace("{name}", "same"),
        "5: two optimizers are called 'same': plugins/one_of_two.py:5 and plugins/two_of_two.py:5; rename one of them",
    ),
    "like_a_built_in": (
        rule().replace("{name}", "adam"),
        "5: two optimizers are called 'adam': {adam} and plugins/{name}.py:5; rename one of them",
    ),
    "right_and_wrong": (
        rule().replace("{name}", "right") + "\n\n" + rule("x"),
        "15: optimizer '{name}' takes (x) by position instead of (x, g)" + GRAMMAR,
    ),
    # hooks
    "hook_raises": (hook("optlab_optimizers()", "return 1 / 0"), "5:12: ZeroDivisionError: division by zero"),
    "hook_of_nothing": (hook("optlab_optimizers()", "pass"), "3: optlab_optimizers returns None" + A_HOOK),
    "hook_of_texts": (
        hook("optlab_optimizers()", "return ['adam']"),
        "3: optlab_optimizers returns 'adam'; it must return a list of functions decorated with @optimizer",
    ),
    "hook_with_arguments": (
        hook("optlab_optimizers(config)", "return []"),
        "3: optlab_optimizers takes no arguments" + A_HOOK,
    ),
    "hook_misspelt": (
        hook("optlab_optimiser()", "return []"),
        "3: there is no hook optlab_optimiser (did you mean 'optlab_optimizers'?)",
    ),
}

END = "; end it with: return "
BEGINS = "write a number or an array, as in m=0.0 or m=lambda x: np.ones(x.size)"
HINT = " (a parameter with a default before the * is state; hyperparameters follow the *)"
WITH_STATE = "x, g, m=0.0, *, lr=0.1"

USING = {
    # its return value
    "nothing": (rule(body="x - lr * g"), "5: optimizer '{name}' returns nothing (None)" + END + "x"),
    "too_few": (
        rule(WITH_STATE),
        "5: optimizer '{name}' returns 1 value, but its signature needs 2: return x, m" + HINT,
    ),
    "before_the_star": (
        rule("x, g, lr=0.1"),
        "5: optimizer '{name}' returns 1 value, but its signature needs 2: return x, lr" + HINT,
    ),
    "too_many": (
        rule(body="return x, g"),
        "5: optimizer '{name}' returns 2 values, but its signature needs 1: return x",
    ),
    "dictionary": (
        rule(WITH_STATE, "return dict(x=x, m=m)"),
        "5: optimizer '{name}' returns a value of type dict" + END + "x, m",
    ),
    "text": (rule(body="return 'x'"), "5: optimizer '{name}' returns a value of type str" + END + "x"),
    "list_within": (
        rule(WITH_STATE, "return [x[0], x[1]], m"),
        "5: optimizer '{name}' returns a list where a number or an array belongs (np.stack makes an array of it)"
        + END
        + "x, m",
    ),
    "complex_numbers": (
        rule(WITH_STATE, "return x, 1j * np.ones(2)"),
        "5: optimizer '{name}' returns an array of type complex128" + END + "x, m",
    ),
    "condition": (
        rule(body="return x > lr"),
        "5: optimizer '{name}' returns 'x' as true or false where it was given numbers; "
        "np.where(condition, a, b) makes numbers of it",
    ),
    "x_of_another_shape": (
        rule(body="return np.sum(x)"),
        "5: optimizer '{name}' returns 'x' of shape () where it was given (2,)"
        + END
        + "x, each in the shape it came in",
    ),
    "state_of_another_shape": (
        rule(WITH_STATE, "return x, np.outer(g, g)"),
        "5: optimizer '{name}' returns 'm' of shape (2, 2) where it was given (2,)"
        + END
        + "x, m, each in the shape it came in",
    ),
    "state_becomes_a_number": (
        rule(WITH_STATE, "return x, np.sum(g)"),
        "5: optimizer '{name}' returns 'm' of shape () where it was given (2,)"
        + END
        + "x, m, each in the shape it came in; a state that is a single number begins as one: m=lambda x: 0.0",
    ),
    # its initial state
    "state_of_three": (
        rule("x, g, m=np.zeros(3), *, lr=0.1", "return x, m"),
        "5: optimizer '{name}' has a state 'm' that begins as an array of shape (3,), where x has shape (2,); "
        + BEGINS,
    ),
    "state_of_none": (
        rule("x, g, m=lambda x: None, *, lr=0.1", "return x, m"),
        "5: optimizer '{name}' has a state 'm' that begins as nothing (None), where x has shape (2,); " + BEGINS,
    ),
    "state_raises": (
        rule("x, g, m=lambda x: 1 / 0, *, lr=0.1", "return x, m"),
        "6:36: ZeroDivisionError: division by zero",
    ),
    "state_by_chance": (
        rule("x, g, m=lambda x: np.random.rand(2), *, lr=0.1", "return x, m"),
        "5: {name} computes something else when it is traced again: does it use random numbers (np.random), or "
        "keep state between calls? Compute such values outside, and pass them as arguments",
    ),
    # exceptions
    "raises": (rule(body="raise ValueError('not today')"), "8:5: ValueError: not today"),
    "divides_by_zero": (rule(body="return x - 1 / 0"), "8:16: ZeroDivisionError: division by zero"),
    "unknown_name": (rule(body="return x - rate * g"), "8:16: NameError: name 'rate' is not defined"),
    "leaves": (rule(body="raise SystemExit(5)"), "8:5: SystemExit: 5"),
    # untraceable code
    "in_place": (
        rule(body="x -= lr * g; return x"),
        "8:5: np.subtract writes into an existing array (an operator like += or -=, or out=); "
        "write x = x + 1 in place of x += 1",
    ),
    "if_positive": (
        rule(body="return x - lr if g[0] > 0 else x + lr"),
        "8:22: the control flow depends on a traced value (if, while, and, or, not, or a chained comparison); "
        "use np.where(condition, a, b), and & | ~ between conditions",
    ),
    "python_number": (
        rule(body="return x - lr * float(g[0])"),
        "8:21: a traced value is turned into a Python number (float(), a function of the math module, or a[i] = x); "
        "use np.exp, np.sqrt, ... in place of math.exp, math.sqrt, ..., and np.stack to build an array",
    ),
    "by_chance": (
        rule(body="return x - lr * np.random.rand()"),
        "5: optimizer '{name}' or problem 'booth' computes something else when it is traced again: does it use "
        "np.random, or keep values of earlier calls in a global or a default argument? Keep such values in "
        "the state, and draw random numbers from rng",
    ),
}

HEAD = 'name = "e"\nsteps = 5\n[[problem]]\nname = "booth"\n'


def table(name):
    return f'[[optimizer]]\nname = "{name}"\n'


@pytest.fixture(scope="module")
def labs(tmp_path_factory):
    """A folder for each of the tables, with its files and a correct one in `plugins`."""
    folders = {}
    for what, cases in (("loading", LOADING), ("using", USING)):
        folder = tmp_path_factory.mktemp(what)
        (folder / "plugins").mkdir()
        for name, (text, _) in cases.items():
            whole = text if isinstance(text, bytes) else _filled(text, name).encode()
            (folder / "plugins" / f"{name}.py").write_bytes(whole)
        (folder / "plugins" / "good.py").write_text(_filled("print('hello')\n" + rule(), "good"))
        folders[what] = folder
    return folders


def _filled(text, name):
    return text.replace("{name}", name).replace("{{", "{").replace("}}", "}")


def expected(cases, name, file):
    """The message about a file, which is called `file` in it."""
    adam = ":".join(map(str, source(built_in_adam.function)))
    return f"{file}:{_filled(cases[name][1].replace('{adam}', adam), name)}"


# ---- files that cannot be loaded -------------------------------------------------------------------------------------


def test_all_files_that_cannot_be_loaded_are_listed(labs, optlab_command):
    done = optlab_command("plugins", "--json", cwd=labs["loading"])
    assert done.returncode == 0
    assert done.stderr == "hello\n"  # output of plugins is not mixed with that of the command
    found = {s["origin"]: s["error"] for s in json.loads(done.stdout) if s["kind"] == "drop-in"}
    files = {name: f"plugins/{name}.py" for name in LOADING}
    wanted = {file: expected(LOADING, name, file) for name, file in files.items()}
    assert found == wanted | {"plugins/good.py": ""}


@pytest.fixture
def command(labs, monkeypatch):
    """A command on an experiment with some optimizers."""

    def call(what, command, *names):
        monkeypatch.chdir(labs[what])
        (labs[what] / "e.toml").write_text(HEAD + "".join(map(table, names)))
        return CliRunner().invoke(app, [command, "e.toml"])

    return call


def test_using_a_failed_plugin_reports_its_error(command):
    names = [name for name in LOADING if name not in ("one_of_two", "two_of_two", "like_a_built_in")]
    done = command("loading", "validate", *names)
    assert done.exit_code == 2
    assert done.stdout == ""
    mistakes = done.stderr.removeprefix("hello\n").split("    ^\n")
    for number, name in enumerate(names):
        said = expected(LOADING, name, f"plugins/{name}.py")
        why = f"there is no optimizer '{name}' (plugins/{name}.py could not be loaded: {said})"
        assert mistakes[number] == f'e.toml:{6 + 2 * number}:1: {why}\n    name = "{name}"\n'


@pytest.mark.parametrize(("name", "file"), [("same", "one_of_two"), ("adam", "like_a_built_in")])
def test_a_name_in_several_files_is_refused(command, labs, name, file):
    done = command("loading", "run", "gd", name)
    said = expected(LOADING, file, "").partition(": ")[2]
    assert done.exit_code == 2
    assert done.stderr == f'hello\ne.toml:8:1: {said}\n    name = "{name}"\n    ^\n'
    assert not (labs["loading"] / "results").exists()


def test_experiments_without_failed_plugins_run_with_a_warning(labs, optlab_command):
    (labs["loading"] / "fine.toml").write_text(HEAD.replace('"e"', '"fine"') + table("gd") + table("good"))
    done = optlab_command("run", "fine.toml", "--no-plots", cwd=labs["loading"])
    assert done.returncode == 0
    assert "2 runs of 2 cells: 2 done" in done.stdout
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: not loaded: plugins/")]
    assert len(warnings) == len(LOADING)
    assert "Traceback" not in done.stderr
    shutil.rmtree(labs["loading"] / "results")


def test_the_registry_has_no_plugins_of_a_failed_file(labs, built_in, monkeypatch):
    monkeypatch.chdir(labs["loading"])
    known = registry.load()
    for kind in registry.KINDS:
        more = {"good"} if kind == "optimizers" else set()
        assert set(getattr(known, kind)) == set(getattr(built_in, kind)) | more
    assert all(source.names == () for source in known.failures)
    assert known.optimizers["adam"] is built_in.optimizers["adam"]
    with pytest.raises(PluginError, match="two optimizers are called 'adam'"):
        known.optimizer("adam")


# ---- files that load, and fail when they are used --------------------------------------------------------------------


@pytest.mark.parametrize("name", every(2, USING))
def test_validate_reports_failed_plugins(command, labs, name):
    done = command("using", "validate", "gd", name)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr == f"hello\n{expected(USING, name, labs['using'] / 'plugins' / f'{name}.py')}\n"


def test_a_run_reports_all_failed_plugins_and_executes_the_others(labs, optlab_command):
    folder = labs["using"]
    (folder / "all.toml").write_text(HEAD + table("gd") + "".join(map(table, USING)) + table("good"))
    done = optlab_command("run", "all.toml", "--no-plots", cwd=folder)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if " on booth: " in line]
    assert sorted(lines) == sorted(f"{name} on booth: {expected(USING, name, f'plugins/{name}.py')}" for name in USING)
    status = optlab.load(folder / "results" / "e").runs.set_index("optimizer")["status"]
    assert dict(status) == {"gd": "done", "good": "done", **dict.fromkeys(USING, "error")}


# ---- code that would end the process ---------------------------------------------------------------------------------

ESCAPES = {
    "interrupts": ("raise KeyboardInterrupt('x')", "KeyboardInterrupt: x"),
    "closes": ("raise GeneratorExit", "GeneratorExit"),
    "is_odd": ("raise BaseException('odd')", "BaseException: odd"),
    "leaves": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "stops": ("raise StopIteration", "StopIteration"),
    "runs_out": ("raise MemoryError", "MemoryError"),
    "is_shy": (
        "raise type('Shy', (Exception,), {{'__str__': None}})()",
        "Shy: (its message cannot be shown: TypeError)",
    ),
    "warns_strictly": (
        "import warnings; warnings.simplefilter('error'); warnings.warn('old')",
        "UserWarning: old",
    ),
    "never_ends": ("return never_ends(x, g)", "RecursionError: maximum recursion depth exceeded"),
}

LATE = """
import numpy as np
from optlab import optimizer, problem
from optlab.engine.functions.base import apply
from optlab.engine.op_kinds import elementwise

CALLS = [0]


def kernel(x):
    CALLS[0] += 1
    if CALLS[0] == 40:
        {body}
    return np.multiply(x, 1.0)


LATE = elementwise("{name}", kernel, lambda g, y, x: g)


@optimizer
def {name}(x, g, *, lr=0.1):
    '''Raises in a later step.'''
    return x - lr * apply(LATE, g)
"""


@pytest.fixture(scope="module")
def escaping(tmp_path_factory):
    """A folder with rules that raise when they are traced, those that raise in some step, and a good one."""
    folder = tmp_path_factory.mktemp("escaping")
    (folder / "plugins").mkdir()
    for name, (body, _) in ESCAPES.items():
        (folder / "plugins" / f"{name}.py").write_text(_filled(rule(body=body), name))
        late = LATE.format(name=f"{name}_late", body=body.format())
        if name != "never_ends":
            (folder / "plugins" / f"{name}_late.py").write_text(late)
    (folder / "plugins" / "good.py").write_text(_filled("print('hello')\n" + rule(), "good"))
    (folder / "plugins" / "goes_away.py").write_text("raise KeyboardInterrupt\n")
    return folder


def test_whatever_a_rule_raises_ends_its_own_runs_only(escaping, optlab_command):
    bad = [*ESCAPES, *(f"{name}_late" for name in ESCAPES if name != "never_ends")]
    text = HEAD.replace("steps = 5", "steps = 60") + "".join(map(table, ["gd", *bad, "good"]))
    (escaping / "all.toml").write_text(text)
    done = optlab_command("run", "all.toml", "--no-plots", cwd=escaping)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "warning: not loaded: plugins/goes_away.py:1:1: KeyboardInterrupt\n" in done.stderr
    status = optlab.load(escaping / "results" / "e").runs.set_index("optimizer")["status"]
    assert dict(status) == {"gd": "done", "good": "done", **dict.fromkeys(bad, "error")}
    for name in bad:
        said = ESCAPES[name.removesuffix("_late")][1]
        (line,) = (line for line in done.stderr.splitlines() if line.startswith(f"{name} on booth: "))
        assert line.startswith(f"{name} on booth: plugins/{name}.py:")
        assert said in line


@pytest.mark.parametrize("command", [("validate", "one.toml"), ("explain", "{}"), ("explain", "{}", "cosine")])
@pytest.mark.parametrize(("name", "column"), [("interrupts", 5), ("leaves", 17), ("closes", 5)])
def test_every_command_reports_the_place(escaping, optlab_command, name, column, command):
    (escaping / "one.toml").write_text(HEAD + table(name))
    done = optlab_command(*(word.format(name) for word in command), cwd=escaping)
    assert done.returncode == 2
    assert f"{escaping}/plugins/{name}.py:8:{column}: {ESCAPES[name][1]}" in done.stderr
    assert "Traceback" not in done.stderr


OBJECTIVES = """
import numpy as np
from optlab import dataset, problem, schedule, transform


@problem(start=(1.0, 2.0))
def leaving(x):
    raise SystemExit(0)


@schedule
def closing(t):
    raise GeneratorExit


@transform
def interrupting(x, g):
    raise KeyboardInterrupt


@dataset
def odd():
    raise BaseException("odd")
"""


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ('[[problem]]\nname = "leaving"\n' + table("gd"), 1, "leaving and 1 more: {file}:8:5: SystemExit: 0"),
        (table("gd") + 'schedule = "closing"\n', 1, "gd, closing on booth: {file}:13:5: GeneratorExit"),
        (
            table("gd") + 'transforms = ["interrupting"]\n',
            1,
            "gd, interrupting on booth: {file}:18:5: KeyboardInterrupt",
        ),
        (
            '[[problem]]\nname = "mlp"\ndataset = "odd"\n' + table("gd"),
            2,
            "{file}:21: dataset 'odd' cannot be used: {file}:23:5: BaseException: odd",
        ),
    ],
)
def test_every_command_reports_the_line_in_problems_schedules_transforms_and_datasets(
    tmp_path, optlab_command, text, status, said
):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "objectives.py").write_text(OBJECTIVES)
    (tmp_path / "e.toml").write_text(HEAD + '[[optimizer]]\nname = "adam"\n' + text)
    done = optlab_command("run", "e.toml", cwd=tmp_path)
    place = "plugins/objectives.py" if status == 1 else tmp_path / "plugins" / "objectives.py"
    assert done.returncode == status
    assert said.format(file=place) in done.stderr
    assert "Traceback" not in done.stderr
    if status == 1:
        runs = optlab.load(tmp_path / "results" / "e").runs
        assert (runs[(runs["optimizer"] == "adam") & (runs["problem"] == "booth")]["status"] == "done").all()


def test_ctrl_c_while_a_rule_is_traced_interrupts(tmp_path, optlab_command):
    (tmp_path / "plugins").mkdir()
    body = "import os, signal; os.kill(os.getpid(), signal.SIGINT); return x - lr * g"
    (tmp_path / "plugins" / "slow.py").write_text(_filled(rule(body=body), "slow"))
    (tmp_path / "e.toml").write_text(HEAD + table("slow"))
    done = optlab_command("run", "e.toml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (130, "interrupted; results of earlier runs are intact\n")


CHANGING = """
import os
import threading
import numpy as np
from optlab import optimizer

os.chdir("/")
np.exp = np.sin
threading.Thread(target=threading.Event().wait, daemon=True, name="waiting").start()


@optimizer
def changing(x, g, *, lr=0.1):
    os.chdir("/")
    print("traced")
    return x - lr * g
"""


def test_global_changes_by_a_plugin_are_named_and_undone(tmp_path, optlab_command):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "changing.py").write_text(CHANGING)
    (tmp_path / "e.toml").write_text(HEAD.replace("booth", "ackley") + table("changing") + table("gd"))
    done = optlab_command("run", "e.toml", "--no-plots", cwd=tmp_path)
    assert done.returncode == 0
    said = (
        "warning: plugins/changing.py: changes the working directory (put back); replaces np.exp (put back); "
        "leaves a thread behind (waiting)"
    )
    assert done.stderr.count(f"{said}\n") == 1
    file = tmp_path / "plugins" / "changing.py"
    assert done.stderr.count(f"warning: {file}: changes the working directory (put back)\n") == 1
    assert "traced" in done.stderr
    assert "traced" not in done.stdout
    (tmp_path / "plugins" / "changing.py").unlink()
    (tmp_path / "e.toml").write_text(HEAD.replace("booth", "ackley").replace('"e"', '"alone"') + table("gd"))
    assert optlab_command("run", "e.toml", "--no-plots", cwd=tmp_path).returncode == 0
    together, alone = (optlab.load(tmp_path / "results" / name).runs for name in ("e", "alone"))
    together = together[together["optimizer"] == "gd"]
    assert together["final_loss"].tolist() == alone["final_loss"].tolist()


# ---- files that are no text ------------------------------------------------------------------------------------------


def test_links_and_folders(tmp_path):
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "gone.py").symlink_to("nowhere.py")
    (tmp_path / "round.py").symlink_to("round.py")
    assert [(source.origin, source.error.partition("] ")[2]) for source in registry.load([tmp_path]).failures] == [
        (f"{tmp_path}/gone.py", f"No such file or directory: '{tmp_path}/gone.py'"),
        (f"{tmp_path}/round.py", f"Too many levels of symbolic links: '{tmp_path}/round.py'"),
    ]


@pytest.mark.parametrize("file", ["my-rule", "with space", "class", "numpy", "optlab", "1st", "größe"])
def test_any_file_name_is_accepted(tmp_path, file):
    (tmp_path / f"{file}.py").write_text(_filled(rule(), "mine"))
    known = registry.load([tmp_path])
    assert known.failures == ()
    assert known.optimizer("mine")(1.0, 2.0, lr=0.25) == 0.5


@pytest.mark.parametrize("encode", [lambda s: b"\xef\xbb\xbf" + s, lambda s: s.replace(b"\n", b"\r\n")])
def test_byte_order_marks_and_line_ends_of_other_systems(tmp_path, encode):
    (tmp_path / "mine.py").write_bytes(encode(_filled(rule(), "mine").encode()))
    assert registry.load([tmp_path]).failures == ()


def test_a_file_with_a_declared_encoding_is_run(command, labs):
    text = "# coding: latin-1\n" + _filled(rule(), "latin").replace("A rule", "R\u00e8gle")
    (labs["using"] / "plugins" / "latin.py").write_bytes(text.encode("latin-1"))
    assert command("using", "validate", "latin").exit_code == 0


def test_an_integer_default_is_explained_where_a_number_is_given(labs, monkeypatch):
    """The declaration of a choice is correct. Only sweeping or scheduling it shows the mistake."""
    monkeypatch.chdir(labs["using"])
    (labs["using"] / "plugins" / "whole.py").write_text(_filled(rule("x, g, *, lr=1"), "whole"))
    for line, said in [
        (
            "lr = [0.1, 0.2]",
            "whole: 'lr' takes an integer, not 0.1; give it a default with a point, as in 1.0, to make it a number",
        ),
        (
            'schedule = "cosine"',
            "a schedule multiplies the hyperparameter 'lr'; "
            "give it a default with a point, as in 1.0, to make it a number in whole",
        ),
    ]:
        (labs["using"] / "whole.toml").write_text(HEAD + table("whole") + line + "\n")
        done = CliRunner().invoke(app, ["validate", "whole.toml"])
        assert done.exit_code == 2
        assert done.stderr.startswith(f"hello\nwhole.toml:7:1: {said}\n")
