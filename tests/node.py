"""Node, a JavaScript engine (V8, as in Chromium) in which tests execute WebAssembly and JavaScript."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no Node (the command `node`)")


def evaluated(script: str, folder: Path, given: Any = None) -> Any:
    """What a script (an ES module) prints as JSON. `given`: a value that it has as `given`."""
    assert NODE is not None
    path = folder / "script.mjs"
    path.write_text(f"const given = {json.dumps(given)};\n{script}")
    done = subprocess.run([NODE, str(path)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
