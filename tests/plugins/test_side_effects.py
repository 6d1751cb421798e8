"""Changes by code in the process are reported and undone."""

from __future__ import annotations

import builtins
import os
import signal
import sys
import threading
import warnings

import numpy as np
import pytest

import optlab
from optlab.errors import PluginWarning
from optlab.plugins.side_effects import undisturbed

CHANGES = {
    "changes the working directory (put back)": lambda folder: os.chdir(folder),
    "replaces np.exp (put back)": lambda folder: setattr(np, "exp", np.sin),
    "replaces np.linalg.norm (put back)": lambda folder: setattr(np.linalg, "norm", np.sin),
    "replaces np.random.rand (put back)": lambda folder: delattr(np.random, "rand"),
    "replaces sum (put back)": lambda folder: setattr(builtins, "sum", max),
    "changes NumPy's error state (put back; write with np.errstate(...))": lambda folder: np.seterr(all="call"),
    "changes NumPy's print options (put back; write with np.printoptions(...))": lambda folder: np.set_printoptions(
        precision=2
    ),
    "seeds or uses NumPy's global random numbers (put back; write np.random.default_rng(0))": lambda folder: (
        np.random.random()  # noqa: NPY002
    ),
    "replaces sys.stdout (put back; write with contextlib.redirect_stdout(...))": lambda folder: setattr(
        sys, "stdout", None
    ),
    "takes folders out of sys.path (put back)": lambda folder: sys.path.clear(),
    "changes the environment (PATH, put back)": lambda folder: os.environ.pop("PATH"),
}
if sys.platform != "win32":
    CHANGES["handles SIGUSR1 (put back)"] = lambda folder: signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    CHANGES["sets an alarm (stopped)"] = lambda folder: signal.setitimer(signal.ITIMER_REAL, 1000)


def change_all(folder, fail=False):
    for change in CHANGES.values():
        change(folder)
    if fail:
        raise ZeroDivisionError


def state():
    return (
        os.getcwd(),
        {name: value for name, value in vars(np).items() if callable(value)},
        np.linalg.norm,
        np.random.rand,
        sum,
        np.geterr(),
        np.get_printoptions(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002
        sys.stdout,
        [*sys.path],
        dict(os.environ),
        signal.getsignal(signal.SIGINT if sys.platform == "win32" else signal.SIGUSR1),
        None if sys.platform == "win32" else signal.getitimer(signal.ITIMER_REAL),
    )


@pytest.mark.parametrize("said", CHANGES)
def test_a_change_is_reported_and_undone(tmp_path, said):
    before = state()
    with pytest.warns(PluginWarning) as caught, undisturbed(lambda: "plugins/mine.py"):
        CHANGES[said](tmp_path)
    assert [str(one.message) for one in caught] == [f"plugins/mine.py: {said}"]
    assert state() == before


def test_several_changes_are_one_warning(tmp_path):
    before = state()
    with pytest.warns(PluginWarning) as caught, undisturbed(lambda: "mine.py"):
        change_all(tmp_path)
    assert [str(one.message) for one in caught] == [f"mine.py: {'; '.join(CHANGES)}"]
    assert state() == before


def test_changes_of_failing_code_are_undone_without_a_warning(tmp_path):
    before = state()
    with pytest.raises(ZeroDivisionError), undisturbed(lambda: "mine.py"):
        change_all(tmp_path, fail=True)
    assert state() == before


def test_a_running_thread_is_reported_and_an_ended_one_is_not():
    end = threading.Event()

    def leave(*names):
        for name in names:
            threading.Thread(target=end.wait, name=name).start()

    said = r"^mine.py: leaves a thread behind \(first, second\)$"
    with pytest.warns(PluginWarning, match=said), undisturbed(lambda: "mine.py"):
        leave("first", "second")
    end.set()
    with undisturbed(lambda: "mine.py"):
        done = threading.Thread(target=end.wait)
        done.start()
        done.join()


def test_allowed_changes_are_not_reported():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with undisturbed(lambda: "mine.py"):
            np.random.default_rng(0).random()
            np.of_mine = 1  # as old names that are given back to NumPy
            with np.errstate(all="raise"), np.printoptions(precision=1):
                pass
    del np.of_mine


def test_a_rule_is_watched_while_it_is_traced(tmp_path):
    @optlab.optimizer
    def wanders(x, g, *, lr=0.1):
        """Changes the folder."""
        os.chdir(tmp_path)
        return x - lr * g

    before = os.getcwd()
    with pytest.warns(PluginWarning, match=rf"^{__file__}: changes the working directory \(put back\)$"):
        optlab.minimize("booth", wanders, steps=3)
    assert os.getcwd() == before
