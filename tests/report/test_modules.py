import re
from importlib.resources import files

import pytest

from optlab.report.modules import joined
from optlab.report.page import scripts

# the folders of the page's modules, in order: each imports only from itself and from those before it
FOLDERS = ("base", "kernels", "comparison", "charts", "valley", "networks", "live", "why", "maps", "page")

FILES = {
    "main.js": 'import { two } from "./b.js";\nimport { one } from "./a.js";\nconst x = two() + one;\n',
    "b.js": 'import { one } from "./a.js";\nexport function two() {\n  return one + 1;\n}\nconst x = 1;\n',
    "a.js": "export const one = 1;\n",
}


def test_each_module_appears_once_after_those_it_imports():
    text = joined(FILES, "main.js")
    places = [text.index(f'modules["{name}"] =') for name in ("a.js", "b.js", "main.js")]
    assert places == sorted(places)
    assert text.count('modules["a.js"] =') == 1
    assert "import" not in text
    assert "export" not in text
    assert "return { two };" in text


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"a.js": 'import { two } from "./b.js";\nexport const one = 1;\n'}, "circle"),
        ({"a.js": "export default 1;\n"}, "write this import or export as the others: export default"),
        ({"a.js": 'import x from "./b.js";\n'}, "write this import"),
        ({"b.js": 'import { no } from "./c.js";\n'}, r"b\.js imports c\.js, which does not exist"),
        ({"a.js": 'export const one = "</script>";\n'}, "would end the script"),
    ],
)
def test_other_modules_are_refused(change, what):
    with pytest.raises(ValueError, match=what):
        joined({**FILES, **change}, "main.js")


def test_generators_are_exported():
    text = joined({"main.js": "export function* count() {\n  yield 1;\n}\n"}, "main.js")
    assert "return { count };" in text


def test_modules_of_other_folders_are_found():
    one = 'import { two } from "../b/two.js";\nexport const one = two;\n'
    given = {"main.js": 'import { one } from "./a/one.js";\n', "a/one.js": one, "b/two.js": "export const two = 2;\n"}
    text = joined(given, "main.js")
    places = [text.index(f'modules["{name}"] =') for name in ("b/two.js", "a/one.js", "main.js")]
    assert places == sorted(places)
    assert 'const { two } = modules["b/two.js"];' in text
    assert 'const { one } = modules["a/one.js"];' in text


def test_folders_of_the_page_import_one_way():
    texts = scripts(files("optlab.report") / "web")
    folders = {name.split("/")[0] for name in texts if "/" in name}
    assert folders == set(FOLDERS)
    found = []
    for name, text in texts.items():
        for folder in re.findall(r'^import .* from "\.\./(\w+)/', text, re.M):
            assert "/" in name
            found.append((FOLDERS.index(name.split("/")[0]), FOLDERS.index(folder)))
    assert len(found) > 20
    assert all(importing > imported for importing, imported in found), found
