"""Expressions: their values against those of Python, and messages about wrong and hostile ones, with the place."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

import optlab
from optlab.errors import UserError
from optlab.explain.parser import DEEPEST, FUNCTIONS, LONGEST, parse

ORACLE = {
    "max": max,
    "min": min,
    "maximum": max,
    "minimum": min,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "square": lambda x: x * x,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "tanh": math.tanh,
    "abs": abs,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "relu": lambda x: max(x, 0.0),
}
NAMES = {"x": 1.25, "y": -0.75, "w0": 2.5, "_z": 0.5}


def value(text, **names):
    parsed = parse(text)
    return float(parsed.function(*(names[name] for name in parsed.names)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(x + y) * z", -12.0),
        ("x - y - z", -3.0),
        ("y / z / x", 0.625),
        ("-x**2", -4.0),
        ("(-x)**2", 4.0),
        ("y**2**2", 625.0),
        ("2**-x", 4.0),
        ("x--y", 3.0),
        ("x*-y", 10.0),
        ("+x", -2.0),
        ("1.5e1 + .5 + 2.", 17.5),
        ("max(x, min(y, z))", -2.0),
        (" ( ( x ) )\t+\n1 ", -1.0),
        ("2*3 + 4**2/8 - (1 - 2)", 9.0),
    ],
)
def test_values_by_hand(text, expected):
    assert value(text, x=-2.0, y=5.0, z=-4.0) == expected


def random_text(rng, depth):
    """An expression that Python reads in the same way."""
    if depth == 0 or rng.random() < 0.1:
        return rng.choice([*NAMES, f"{rng.uniform(0, 3):.3g}", f"{rng.uniform(0, 3):.2e}", str(rng.randrange(1, 4))])
    kind = rng.randrange(6)
    inner = [random_text(rng, depth - 1) for _ in range(2)]
    if kind == 0:
        return f"({inner[0]})"
    if kind == 1:
        return rng.choice("-+") + inner[0]
    if kind == 2:
        name = rng.choice(list(FUNCTIONS))
        return f"{name}({', '.join(inner[: FUNCTIONS[name][1]])})"
    if kind == 3:
        return rng.choice([f"({inner[0]})**2", f"({inner[0]})**-3", f"abs({inner[0]})**0.5", f"2**-abs({inner[1]})"])
    return f"{inner[0]}{rng.choice([' + ', '-', '*', ' / '])}{inner[1]}"


def test_values_of_random_expressions_against_python():
    rng, compared = random.Random(1), 0
    while compared < 200:
        text = random_text(rng, 4)
        try:
            expected = eval(text, {"__builtins__": {}}, ORACLE | NAMES)
        except (ArithmeticError, ValueError):
            continue
        if not abs(expected) < 1e100:
            continue
        try:
            found = value(text, **NAMES)
        except UserError:  # a part of it is no finite number, and nothing came of it: max(1, 1 / 0)
            continue
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12), text
        compared += 1


def test_names_in_order_of_first_appearance():
    parsed = parse("b*a + max(c, b)")
    assert (parsed.text, parsed.names) == ("b*a + max(c, b)", ("b", "a", "c"))


def test_an_expression_can_be_traced():
    graph = optlab.trace(parse("2*(x*y + max(z, w))").function, 3.0, -4.0, 2.0, -1.0)
    assert [node.op.name for node in graph.nodes] == ["multiply", "maximum", "add", "multiply"]
    assert optlab.grad(parse("x**3").function)(2.0) == 12.0


def test_constant_expressions_are_computed_at_once():
    assert parse("x*(2 + 3**2)").program == parse("x*11").program


def test_long_sums_need_no_deep_recursion():
    assert value("+".join(["x"] * 900), x=1.0) == 900.0


def test_division_by_zero_is_infinite():
    assert value("1/x", x=0.0) == np.inf


# ---- what is wrong ---------------------------------------------------------------------------------------------------

WRONG = [  # an @ before the place of the caret
    ("@__import__('os')", "there is no function '__import__'; the functions are max, min,"),
    ("x + @'os'", '"\'" is not allowed in an expression; an expression contains no strings'),
    ('@"x"', "'\"' is not allowed"),
    ("x@.y", "'.' is not allowed in an expression; names have no attributes"),
    ("x@[0]", "'[' is not allowed in an expression; names are single numbers; write x0 for x[0]"),
    ("(x + @", "a number, a name or a parenthesis is missing before the end"),
    ("@(x + y", "this parenthesis is not closed"),
    ("x + max@(y, z", "this parenthesis is not closed"),
    ("x +@* y", "a number, a name or a parenthesis is missing before '*'"),
    ("x @y", "an operator is missing before 'y'; a product is written with *"),
    ("2@x", "an operator is missing before 'x'"),
    ("(x)@(y)", "an operator is missing before '('"),
    ("x@)", "this ) has no matching ("),
    ("(x@, y)", "a comma is allowed between the arguments of a function only"),
    ("@1e999", "this is not a finite number"),
    ("9**9@**9**9", "this is not a finite number"),
    ("x*(1@/0)", "this is not a finite number"),
    ("@log(0)", "this is not a finite number"),
    ("@sine(x)", "there is no function 'sine' (did you mean 'sin'?)"),
    ("x + @x(3)", "there is no function 'x'"),
    ("lambda @x: x", "an operator is missing before 'x'"),
    ("x @if y else z", "an operator is missing before 'if'"),
    ("x@:=3", "':' is not allowed"),
    ("x@=3", "'=' is not allowed in an expression; values are given after the expression"),
    ("x@^2", "'^' is not allowed in an expression (did you mean '**'?)"),
    ("x @% y", "'%' is not allowed"),
    ("x /@/ y", "a number, a name or a parenthesis is missing before '/'"),
    ("x @− y", "'−' (MINUS SIGN) is not allowed in an expression (did you mean '-'?)"),
    ("x@²", "'²' (SUPERSCRIPT TWO) is not allowed in an expression (did you mean '**2'?)"),
    ("2@×x", "'×' (MULTIPLICATION SIGN) is not allowed in an expression (did you mean '*'?)"),
    ("y + @х", "'х' (CYRILLIC SMALL LETTER HA) is not allowed in an expression; names consist of"),
    ("@ｘ", "'ｘ' (FULLWIDTH LATIN SMALL LETTER X) is not allowed in an expression (did you mean 'x'?)"),
    ("x@\u202ey", "'\\u202e' (RIGHT-TO-LEFT OVERRIDE) is not allowed"),
    ("x + @\x1b[31m", "'\\x1b' is not allowed"),
    ("x@;y", "';' is not allowed"),
    ("@max(x)", "'max' takes 2 arguments, not 1"),
    ("1 + @exp(x, y)", "'exp' takes 1 argument, not 2"),
    ("@sqrt()", "'sqrt' takes 1 argument, not 0"),
    ("sin(x,@)", "a number, a name or a parenthesis is missing before ')'"),
    ("@exp + 1", "'exp' is a function; write exp(...)"),
    ("1@_000", "an operator is missing before '_000'"),
    ("0@x10", "an operator is missing before 'x10'"),
    ("x\n+\ty @z", "an operator is missing before 'z'"),
]


@pytest.mark.parametrize(("marked", "message"), WRONG)
def test_a_wrong_expression_is_shown_with_a_caret(marked, message):
    text, place = marked.replace("@", ""), marked.index("@")
    with pytest.raises(UserError) as caught:
        parse(text)
    said, shown, caret = str(caught.value).split("\n")
    assert said.startswith(message)
    assert len(shown) == 4 + len(text)
    assert shown.isprintable()
    assert caret == " " * (4 + place) + "^"


@pytest.mark.parametrize(
    "text", ["(" * 10_000 + "x" + ")" * 10_000, "x" * 10**6, "-" * 10**6 + "x", "9**" * 10_000 + "9"]
)
def test_a_very_long_expression_is_refused_without_parsing(text):
    with pytest.raises(UserError, match=r"^an expression has at most 2,000 characters, and this one has [\d,]+$"):
        parse(text)


@pytest.mark.parametrize("text", ["(" * 900 + "x" + ")" * 900, "-" * 900 + "x", "9**" * 600 + "9", "exp(" * 400])
def test_a_very_deep_expression_is_refused_where_it_gets_too_deep(text):
    with pytest.raises(UserError, match=f"more than {DEEPEST} nested parentheses, powers or signs"):
        parse(text)
    assert len(text) <= LONGEST


def test_a_long_expression_is_shown_around_the_mistake():
    with pytest.raises(UserError) as caught:
        parse("x + " * 400 + "1 $ 2")
    _, shown, caret = str(caught.value).split("\n")
    assert shown[caret.index("^")] == "$"
    assert len(shown) < 170


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_expression(text):
    with pytest.raises(UserError, match="the expression is empty"):
        parse(text)
