"""Commands in processes of their own that do not import anything: forks of one process that has imported optlab.

A command takes most of its time for imports. A fork is a process like any other: it has its own exit status, streams,
folder and state, and ends as Python ends, except that it does not take its modules apart: this would copy the memory of
all that was imported. What concerns the start of a process, its environment or signals is tested with the installed
script instead.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

BIN = Path(sys.executable).parent
TIMEOUT = 300
"""In seconds; the command is killed then. Other programs may share the machine."""
_NOT_IMPORTED = ("optlab.api.bridges", "optlab.cli.templates", "optlab.plugins.external", "optlab.testing.references")
"""They import torch and JAX, which few commands need, or are no modules of optlab."""
_LATE = ("contourpy", "pyarrow.dataset", "pyarrow.pandas_compat", "pytest")
"""What commands import by way of functions of other packages."""
_IMPORTED_BEFORE = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"


class Forks:
    """A process that has imported optlab and other modules, and forks of it."""

    def __init__(self, *modules: str) -> None:
        command = [sys.executable, "-P", __file__, *modules]  # -P: the modules next to this file are not importable
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(
        self, program: str, *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, rendered: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run `optlab`, `pytest` or `python` with these arguments in a folder; its stdin is empty.

        Python and other packages have read their variables of the environment before, those of optlab are read now.
        `python` takes the name of a file; any warning is an error there. Unless `rendered`, PNGs of figures are blank.
        """
        with tempfile.NamedTemporaryFile("r") as out, tempfile.NamedTemporaryFile("r") as err:
            request = [program, arguments, str(cwd), dict(env or os.environ), rendered, [out.name, err.name]]
            print(json.dumps(request), file=self._process.stdin, flush=True)
            status = json.loads(self._process.stdout.readline())
            return subprocess.CompletedProcess([program, *arguments], status, out.read(), err.read())

    def close(self) -> None:
        self._process.communicate()


def _serve() -> None:
    """Fork for each request, and print the exit status of the fork."""
    for request in iter(sys.stdin.readline, ""):
        if (child := os.fork()) == 0:
            _end(_status(*json.loads(request)))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps(status), flush=True)


def _status(*request: Any) -> int:
    """The exit status that Python gives what the program does."""
    try:
        _become(*request)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _end(status: int) -> NoReturn:
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    os._exit(status)


def _become(
    program: str, arguments: list[str], folder: str, environment: dict[str, str], rendered: bool, streams: list[str]
) -> None:
    """Do what the program does; the process ends with it."""
    import numpy as np
    import pytest

    from optlab.cli import main

    signal.alarm(TIMEOUT)
    for descriptor, path in enumerate([os.devnull, *streams]):
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    np.random.seed()  # noqa: NPY002 (code of plugins may draw from it, in each process other numbers)
    if not rendered:
        leave_blank = runpy.run_path(str(Path(__file__).with_name("pictures.py")))["leave_blank"]
        leave_blank(pytest.MonkeyPatch())
    sys.argv = [str(BIN / program), *arguments]
    if program == "python":
        sys.path.insert(0, folder)
        warnings.simplefilter("error")
        runpy.run_path(arguments[0], run_name="__main__")
        return
    if program == "pytest":
        sys.path.insert(0, folder)
        raise SystemExit(pytest.main(["-W", _IMPORTED_BEFORE, *arguments]))
    sys.path.insert(0, str(BIN))
    main()


def _import_all(more: Sequence[str] = ()) -> None:
    """Import optlab, and more modules by their names."""
    import gc
    import importlib
    import pkgutil

    import optlab

    for module in pkgutil.walk_packages(optlab.__path__, "optlab."):
        if not module.name.startswith(_NOT_IMPORTED):
            importlib.import_module(module.name)
    for name in (*_LATE, *more):
        importlib.import_module(name)
    gc.freeze()  # a fork that ends does not look through all that was imported


if __name__ == "__main__":
    _import_all(sys.argv[1:])
    _serve()
