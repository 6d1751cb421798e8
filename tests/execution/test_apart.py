"""Work in a process of its own: values, time, and what is known of a process that ended."""

from __future__ import annotations

import ctypes
import os
import time

import pytest

from optlab.execution.apart import ProcessDied, follow

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")

MEMORY = 4_000_000_000


def test_values_arrive_in_order_and_the_process_is_gone_afterwards():
    values = follow(lambda send: [send(os.getpid()), send("second")], lambda: 10.0, MEMORY)
    pid = next(values)
    assert pid != os.getpid()
    assert [*values] == ["second"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_time_begins_anew_with_each_value():
    def work(send):
        for number in range(4):
            time.sleep(0.4)
            send(number)
        time.sleep(30)

    values = follow(work, lambda: 1.0, MEMORY)
    assert [next(values) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ProcessDied, match="did not end within 1 s"):
        next(values)


def test_the_file_of_a_crash_is_known():
    with pytest.raises(ProcessDied, match=r"ended the process with SIGSEGV, at .*test_apart\.py:") as died:
        list(follow(lambda send: ctypes.string_at(0), lambda: 10.0, MEMORY))
    assert (died.value.file, died.value.is_late) == (os.path.realpath(__file__), False)


def test_the_file_of_a_loop_is_known():
    with pytest.raises(ProcessDied, match=r"did not end within 0\.5 s, at .*test_apart\.py:") as died:
        list(follow(lambda send: time.sleep(100), lambda: 0.5, MEMORY))
    assert (died.value.file, died.value.is_late) == (os.path.realpath(__file__), True)


def test_an_exception_ends_the_process_and_is_printed(capfd):
    with pytest.raises(ProcessDied, match="with status 1"):
        list(follow(lambda send: 1 / 0, lambda: 10.0, MEMORY))
    assert "ZeroDivisionError" in capfd.readouterr().err
