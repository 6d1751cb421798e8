import ast
import re
from pathlib import Path

import pytest

import optlab
from optlab.errors import counted, short


@pytest.mark.parametrize(("number", "said"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (1000, "1,000 steps")])
def test_a_number_with_its_noun(number, said):
    assert counted(number, "step") == said


def test_negative_zero_is_shown_as_zero():
    assert [short(value) for value in (-0.0, 0.0, -1e-300, -1234.5)] == ["0", "0", "-1e-300", "-1.23e+03"]


def test_an_irregular_plural():
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(3, "entry", "entries") == "3 entries"


NOUNS = "step|cell|run|seed|sweep|picture|optimizer|repeat|component|parameter"
MORE_THAN_ONE = {
    # the number is never 1: it is a limit, a part of a larger number, or used only for several
    "about {…} seeds",
    "more than {…} seeds",
    "the first {…} of {…} seeds",
    "{…} seeds or more",
    "2 to {…} parameters",
    "of {…} components",
    "more than {…} parameters",
    "has {…} parameters",
    ", {…} seeds",
    "more than {…} runs",
    "{…} runs, more than",
    "among {…} runs",
    "{…} optimizers in all",
    "{…} steps with gradients of",
    "A path has {…} steps",
    "unchanged in each of {…} steps",
}


def test_no_number_has_a_plural_that_may_be_wrong():
    """Every f-string with a plural after a number uses `counted` or is listed above."""
    found = []
    for path in Path(optlab.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                text = "".join(part.value if isinstance(part, ast.Constant) else "{…}" for part in node.values)
                if re.search(rf"\{{…\}} ({NOUNS})s\b", text) and not any(known in text for known in MORE_THAN_ONE):
                    found.append(f"{path.name}: {text}")
    assert found == []
