"""The file and the line of functions, classes and errors."""

from __future__ import annotations

import functools

import numpy as np

from optlab.errors import UserError
from optlab.plugins import code_location
from optlab.plugins.optimizers.adam import adam

TEXT = """
import functools

@functools.cache
def constant():
    return 1

def divides(by):
    return 1 // by

def outer(by):
    call(divides, by)
"""


def loaded(file):
    scope = {"call": lambda function, *given: function(*given)}  # a frame in this file, not in the file of the plugin
    exec(compile(TEXT, file, "exec"), scope)
    return scope


def raised(function, *given):
    try:
        function(*given)
    except Exception as error:
        return error
    raise AssertionError("no error")


def test_the_line_of_a_function_is_that_of_its_first_decorator():
    scope = loaded("/plugins/one.py")
    assert code_location.location(scope["constant"]) == "/plugins/one.py:4"
    assert code_location.location(scope["divides"]) == "/plugins/one.py:8"


def test_a_wrapper_is_where_the_wrapped_function_is():
    divides = loaded("/plugins/one.py")["divides"]
    wrapper = functools.wraps(divides)(lambda by: divides(by))
    assert code_location.source(wrapper) == ("/plugins/one.py", 8)


def test_a_class():
    file, line = code_location.source(Marked)
    with open(__file__, encoding="utf-8") as text:
        assert text.readlines()[line - 1] == "class Marked:\n"
    assert file == __file__


def test_only_functions_of_optlab_are_built_in():
    assert code_location.is_built_in(adam.function)
    assert not code_location.is_built_in(np.mean)
    assert not code_location.is_built_in(loaded)


def test_the_innermost_line_in_the_files_of_the_functions_is_named():
    one, two = loaded("/plugins/one.py"), loaded("/plugins/two.py")
    error = raised(one["outer"], 0)
    assert code_location.complaint(error, [one["constant"]], "gd").startswith("/plugins/one.py:9: ZeroDivisionError")
    assert code_location.complaint(error, [two["constant"]], "gd").startswith("gd: ZeroDivisionError")


def test_a_column_counts_characters(tmp_path):
    file = tmp_path / "rule.py"
    file.write_text("def rule():\n    return 'é' + 1 // 0\n", encoding="utf-8")
    scope = {}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), scope)
    error = raised(scope["rule"])
    found = code_location.complaint(error, [scope["rule"]], "rule")
    assert found.startswith(f"{file}:2:18: ZeroDivisionError")


def test_the_message_of_a_user_error_has_its_place_already():
    assert code_location.complaint(UserError("write 1"), [loaded], "gd") == "write 1"


class Marked:
    """A class in this file."""
