"""Everything that plugin code raises becomes an ordinary exception; Ctrl-C of the user remains an interrupt."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading

import numpy as np
import pytest

import optlab
from optlab.engine.containment import Escaped, Interrupted, contained, described, original
from optlab.engine.functions.base import apply
from optlab.engine.op_kinds import elementwise
from optlab.errors import PluginError

ESCAPING = [
    KeyboardInterrupt("x"),
    GeneratorExit(),
    SystemExit(0),
    BaseException("odd"),
    asyncio.CancelledError(),
    BaseExceptionGroup("several", [KeyboardInterrupt()]),
]


@pytest.mark.parametrize("error", ESCAPING, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("nested", [0, 1, 2])
def test_exits_of_plugins_become_exceptions(error, nested):
    def raise_it(*inner):
        if inner:
            with contained():
                raise_it(*inner[1:])
        raise error

    with pytest.raises(Escaped) as caught, contained():
        raise_it(*[0] * nested)
    assert original(caught.value) is error
    assert str(caught.value).startswith(f"{__file__}:")
    assert str(caught.value).endswith(described(error))


def test_the_reported_line_is_in_the_plugin():
    with pytest.raises(Escaped, match=rf"^{__file__}:\d+:9: SystemExit: 3$"), contained():
        sys.exit(3)
    with pytest.raises(Escaped, match=rf"^{__file__}:\d+:9: SystemExit: None$"), contained():
        exit()


def test_exceptions_pass_unchanged():
    error = ValueError("an ordinary one")
    with pytest.raises(ValueError, match="an ordinary one") as caught, contained():
        raise error
    assert caught.value is error is original(error)


class Shy(Exception):
    def __str__(self):
        raise RuntimeError("no")


def test_descriptions_of_exceptions():
    assert described(ValueError("two words")) == "ValueError: two words"
    assert described(KeyboardInterrupt()) == "KeyboardInterrupt"
    assert described(Shy()) == "Shy: (its message cannot be shown: RuntimeError)"


# ---- Ctrl-C ----------------------------------------------------------------------------------------------------------


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_is_not_contained():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted), contained(), contained():
        press_ctrl_c()
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt), contained():
        press_ctrl_c()


@pytest.fixture
def handler():
    """Set a handler of SIGINT, and put the earlier one back."""
    before = signal.getsignal(signal.SIGINT)
    yield lambda new: signal.signal(signal.SIGINT, new)
    signal.signal(signal.SIGINT, before)


def test_a_user_handler_of_sigint_is_called(handler):
    seen = []
    handler(lambda number, frame: seen.append(number))
    with contained():
        press_ctrl_c()
    assert seen == [signal.SIGINT]
    handler(signal.SIG_IGN)
    press_ctrl_c()  # ignored
    with pytest.raises(Escaped), contained():
        raise KeyboardInterrupt


def test_a_keyboard_interrupt_in_a_thread_comes_from_the_code():
    found = []

    def work():
        try:
            with contained():
                raise KeyboardInterrupt
        except Escaped as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert isinstance(original(found[0]), KeyboardInterrupt)


# ---- one run ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ESCAPING, ids=lambda error: type(error).__name__)
def test_minimize_raises_a_user_error(error):
    def objective(x):
        raise error

    @optlab.optimizer
    def rule(x, g, *, lr=0.1):
        """Raises."""
        raise error

    for f, by in ((objective, "gd"), (lambda x: np.sum(x**2), rule)):
        with pytest.raises(PluginError, match=rf"^{__file__}:\d+(:\d+)?: {type(error).__name__}"):
            optlab.minimize(f, by, x0=[1.0])


@pytest.mark.parametrize("error", [*ESCAPING, ValueError("late"), MemoryError(), Shy()], ids=lambda e: type(e).__name__)
def test_minimize_raises_a_user_error_if_an_operation_raises_in_a_step(error):
    calls = []

    def kernel(x):
        calls.append(x)
        if len(calls) == 10:
            raise error
        return np.multiply(x, 1.0)

    late = elementwise("late", kernel, lambda g, y, x: g)
    message = rf"^{__file__}:\d+(:\d+)?: {type(error).__name__}|^in optlab: {type(error).__name__}"
    with pytest.raises(PluginError, match=message) as caught:
        optlab.minimize(lambda x: np.sum(apply(late, x) ** 2), "gd", x0=[1.0], steps=50)
    assert len(calls) == 10
    assert "Traceback" in caught.value.__notes__[0]


def test_minimize_is_interrupted_by_ctrl_c():
    def objective(x):
        os.kill(os.getpid(), signal.SIGINT)
        return np.sum(x**2)

    with pytest.raises(Interrupted):
        optlab.minimize(objective, "gd", x0=[1.0])
