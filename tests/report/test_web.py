"""The modules of the page in Node: arrays, ticks, paths, heights, level lines, camera, axes."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import optlab.report

WEB = Path(optlab.report.__file__).parent / "web"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed: the page's modules are not tested")
@pytest.mark.parametrize("units", ["units.mjs", "maps.mjs"])
def test_units_of_the_page(tmp_path, units):
    shutil.copytree(WEB, tmp_path, dirs_exist_ok=True)
    (tmp_path / "package.json").write_text(json.dumps({"type": "module"}))
    shutil.copy(Path(__file__).parent / units, tmp_path)
    done = subprocess.run(["node", units], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "all units pass" in done.stdout
