"""The checker of the page's JavaScript finds planted faults. `make lint` runs it on the page itself."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import optlab.report

WEB = Path(optlab.report.__file__).parent / "web"
SETTINGS = Path(__file__).parents[2] / "scripts/javascript"
CHECKER = SETTINGS / "node_modules/.bin/tsc"

FAULTS = {
    "unused_name": ("const unused = 1;\nexport {};", "TS6133"),
    "unused_import": ('import { short } from "./numbers.js";', "TS6133"),
    "unused_parameter": ("export const twice = (x, y) => 2 * x;", "TS6133"),
    "undefined_name": ("export const value = neverDefined + 1;", "TS2304"),
    "unknown_import": ('export { neverExported } from "./numbers.js";', "TS2305"),
    "too_many_arguments": ('import { short } from "./numbers.js";\nexport const text = short(1, 2);', "TS2554"),
    "wrong_argument": ('import { short } from "./numbers.js";\nexport const text = short("one");', "TS2345"),
    "unknown_field": ('import { short } from "./numbers.js";\nexport const size = short(1).size;', "TS2339"),
}


@pytest.mark.skipif(
    shutil.which("node") is None or not CHECKER.exists(),
    reason="TypeScript is not installed (`make lint` installs it with npm): the checker of JavaScript is not tested",
)
def test_the_checker_finds_planted_faults_and_nothing_else(tmp_path):
    web = tmp_path / "web"
    web.mkdir()
    shutil.copy(WEB / "base/numbers.js", web)
    for name, (code, _) in FAULTS.items():
        (web / f"{name}.js").write_text(code + "\n")
    settings = {"extends": str(SETTINGS / "tsconfig.json"), "include": ["web"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(settings))
    command = [CHECKER, "--project", tmp_path, "--pretty", "false"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode != 0
    found = re.findall(r"^web/(\w+)\.js\(.*?\): error (TS\d+)", done.stdout, re.MULTILINE)
    assert sorted(found) == sorted((name, code) for name, (_, code) in FAULTS.items())
