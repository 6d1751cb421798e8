"""Packages that read folders of results, each loaded in a process of its own.

Such a package may change settings of Matplotlib, connect to an archive, or print.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from optlab.errors import MissingPackage, UserError, shortened


def runs_in(folder: Path, folders: Sequence[str], targets: Sequence[float], package: str, install: str) -> pd.DataFrame:
    """The runs in the folders as `read_PACKAGE.py` reads them.

    Args:
        folder: what the user named, for messages.
        folders: the folders to read, each of one algorithm.
        targets: the target values above the minimum.
        package: the package that reads them.
        install: what to install if it is missing.

    Raises:
        MissingPackage: the package is not installed.
        UserError: it cannot read the folders, or finds no runs.
    """
    if importlib.util.find_spec(package) is None:
        raise MissingPackage(f"{folder}: is read by {package}, which is not installed: pip install {install}")
    with tempfile.TemporaryDirectory() as scratch:
        request = {"folders": list(folders), "targets": list(targets), "out": f"{scratch}/runs.parquet"}
        script = Path(__file__).with_name(f"read_{package}.py")  # with -P, no module of the user replaces another
        command = [sys.executable, "-P", str(script), json.dumps(request)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise UserError(f"{folder}: {package} cannot read this folder: {shortened(reason, 300)}")
        runs = pd.read_parquet(request["out"])
    if runs.empty:
        raise UserError(f"{folder}: {package} finds no runs in this folder")
    return runs
