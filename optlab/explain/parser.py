"""A parser that turns an arithmetic expression into a function of its names. It never executes the text as code.

    sum      = product {("+" | "-") product}
    product  = signed {("*" | "/") signed}
    signed   = ("+" | "-") signed | power
    power    = atom ["**" signed]
    atom     = number | name | function "(" sum {"," sum} ")" | "(" sum ")"

The result is a list of instructions for a stack machine (reverse Polish notation), so that the evaluation of long
expressions needs no deep recursion.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from optlab.engine.functions import relu, sigmoid
from optlab.errors import WIDTH, UserError, did_you_mean

LONGEST, DEEPEST = 2_000, 50
"""The maximum number of characters of an expression, and the maximum depth of nested parentheses, powers and signs."""

Function = Callable[..., Any]

FUNCTIONS: Mapping[str, tuple[Function, int]] = MappingProxyType(
    {
        "max": (np.maximum, 2),
        "min": (np.minimum, 2),
        "maximum": (np.maximum, 2),
        "minimum": (np.minimum, 2),
        "exp": (np.exp, 1),
        "log": (np.log, 1),
        "sqrt": (np.sqrt, 1),
        "square": (np.square, 1),
        "sin": (np.sin, 1),
        "cos": (np.cos, 1),
        "tan": (np.tan, 1),
        "tanh": (np.tanh, 1),
        "abs": (np.absolute, 1),
        "sigmoid": (sigmoid, 1),
        "relu": (relu, 1),
    }
)
"""The functions that an expression may call, each with the number of its arguments."""

_SUMS: Mapping[str, Function] = {"+": np.add, "-": np.subtract}
_PRODUCTS: Mapping[str, Function] = {"*": np.multiply, "/": np.divide}
_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|[-+*/(),])|(?P<end>\Z)",
    re.ASCII,
)
_REPLACEMENTS = {"^": "**", "÷": "/", "²": "**2", "³": "**3"} | dict.fromkeys("−–—", "-") | dict.fromkeys("×·⋅∗", "*")
_FORBIDDEN = {
    ".": "names have no attributes",
    "[": "names are single numbers; write x0 for x[0]",
    "=": "values are given after the expression",
    "'": "an expression contains no strings",
    '"': "an expression contains no strings",
}


@dataclass(frozen=True)
class Name:
    """Push the value of a name onto the stack."""

    name: str


@dataclass(frozen=True)
class Apply:
    """Replace the topmost `arity` values of the stack by a function of them."""

    function: Function
    arity: int


Instruction = float | Name | Apply


@dataclass(frozen=True)
class Expression:
    """A parsed expression: its text, its names in order of first appearance, and its instructions."""

    text: str
    names: tuple[str, ...]
    program: tuple[Instruction, ...] = field(repr=False)

    def function(self, *values: Any) -> Any:
        """The value of the expression for these values of its names, in the order of `names`; they may be traced."""
        known = dict(zip(self.names, values, strict=True))
        stack: list[Any] = []
        with np.errstate(all="ignore"):
            for step in self.program:
                if isinstance(step, Apply):
                    arguments = stack[-step.arity :]
                    del stack[-step.arity :]
                    stack.append(step.function(*arguments))
                else:
                    stack.append(known[step.name] if isinstance(step, Name) else step)
        return stack[0]


def parse(text: str) -> Expression:
    """Parse an arithmetic expression.

    It consists of numbers, names, `+ - * / **`, parentheses and the functions of `FUNCTIONS`, with the precedences of
    Python. Constant parts are folded.

    Raises:
        UserError: the text is not such an expression; a caret below the text marks the place of the error.

    >>> parsed = parse("2*(x*y + max(z, w))")
    >>> parsed.names, float(parsed.function(3.0, -4.0, 2.0, -1.0))
    (('x', 'y', 'z', 'w'), -20.0)
    >>> parse("x + sine(y)")
    Traceback (most recent call last):
    optlab.errors.UserError: there is no function 'sine' (did you mean 'sin'?)
        x + sine(y)
            ^
    """
    if len(text) > LONGEST:
        raise UserError(f"an expression has at most {LONGEST:,} characters, and this one has {len(text):,}")
    if not text.strip():
        raise UserError("the expression is empty; write one like (x + y) * z")
    reader = _Reader(text)
    reader.sum()
    if reader.kind != "end":
        raise reader.wrong(reader.unexpected())
    names = dict.fromkeys(step.name for step in reader.program if isinstance(step, Name))
    return Expression(text, tuple(names), tuple(reader.program))


class _Reader:
    """Recursive descent with a method per rule of the grammar. `kind`, `word` and `place` are the current token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.program: list[Instruction] = []
        self.depth = 0
        self.stop = 0
        self.advance()

    # ---- tokens ----

    def advance(self) -> None:
        """Move to the next token."""
        self.place = self.stop + len(self.text[self.stop :]) - len(self.text[self.stop :].lstrip(" \t\r\n"))
        found = _TOKEN.match(self.text, self.place)
        if found is None:
            raise self.wrong(_invalid_character(self.text[self.place]))
        self.kind, self.word, self.stop = str(found.lastgroup), found.group(), found.end()

    def take(self, *words: str) -> str:
        """If the current token is one of these signs, move past it and return it; otherwise return ""."""
        word = self.word
        if self.kind != "sign" or word not in words:
            return ""
        self.advance()
        return word

    def wrong(self, what: str, place: int | None = None) -> UserError:
        """An error that marks a place in the text, by default the current token."""
        place = self.place if place is None else place
        first = max(0, place - WIDTH // 2)
        shown = "".join(c if c.isprintable() else " " for c in self.text[first : first + WIDTH])
        return UserError(f"{what}\n    {shown}\n    {' ' * (place - first)}^")

    def unexpected(self) -> str:
        """The message for a token that follows a complete expression."""
        if self.word == ")":
            return "this ) has no matching ("
        if self.word == ",":
            return "a comma is allowed between the arguments of a function only"
        return f"an operator is missing before {self.word!r}; a product is written with *"

    # ---- grammar ----

    def sum(self) -> None:
        self._chain(_SUMS, self.product)

    def product(self) -> None:
        self._chain(_PRODUCTS, self.signed)

    def _chain(self, operators: Mapping[str, Function], operand: Callable[[], None]) -> None:
        operand()
        place = self.place
        while sign := self.take(*operators):
            operand()
            self.apply(operators[sign], 2, place)
            place = self.place

    def signed(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong(f"there are more than {DEEPEST} nested parentheses, powers or signs")
        place = self.place
        if sign := self.take("+", "-"):
            self.signed()
            if sign == "-":
                self.apply(np.negative, 1, place)
        else:
            self.power()
        self.depth -= 1

    def power(self) -> None:
        self.atom()
        place = self.place
        if self.take("**"):
            self.signed()
            self.apply(np.power, 2, place)

    def atom(self) -> None:
        kind, word, place = self.kind, self.word, self.place
        if kind == "number":
            self.advance()
            self.push(float(word), place)
        elif kind == "name":
            self.advance()
            if self.word == "(":
                self.call(word, place)
            elif word in FUNCTIONS:
                raise self.wrong(f"{word!r} is a function; write {word}(...)", place)
            else:
                self.program.append(Name(word))
        elif self.take("("):
            self.sum()
            self.close(place)
        else:
            found = "the end" if kind == "end" else repr(word)
            raise self.wrong(f"a number, a name or a parenthesis is missing before {found}")

    def call(self, name: str, place: int) -> None:
        if name not in FUNCTIONS:
            known = did_you_mean(name, FUNCTIONS) or f"; the functions are {', '.join(FUNCTIONS)}"
            raise self.wrong(f"there is no function {name!r}{known}", place)
        function, arity = FUNCTIONS[name]
        self.take("(")
        given = 0
        if self.word != ")":
            self.sum()
            given = 1
            while self.take(","):
                self.sum()
                given += 1
        self.close(place + len(name))
        if given != arity:
            takes = "1 argument" if arity == 1 else f"{arity} arguments"
            raise self.wrong(f"{name!r} takes {takes}, not {given}", place)
        self.apply(function, arity, place)

    def close(self, opened: int) -> None:
        if self.kind == "end":
            raise self.wrong("this parenthesis is not closed", opened)
        if not self.take(")"):
            raise self.wrong(self.unexpected())

    # ---- instructions ----

    def push(self, number: float, place: int) -> None:
        if not np.isfinite(number):
            raise self.wrong("this is not a finite number", place)
        self.program.append(number)

    def apply(self, function: Function, arity: int, place: int) -> None:
        """Append a function, or its value if its operands are numbers.

        The last `arity` instructions are all numbers only if they are the operands: every other operand ends in a name
        or in a function.
        """
        operands = self.program[-arity:]
        if not all(isinstance(step, float) for step in operands):
            self.program.append(Apply(function, arity))
            return
        del self.program[-arity:]
        with np.errstate(all="ignore"):
            self.push(float(function(*operands)), place)


def _invalid_character(character: str) -> str:
    """The message for a character that is not allowed in an expression."""
    plain = _REPLACEMENTS.get(character) or unicodedata.normalize("NFKC", character)
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    shown = repr(character) if character.isascii() else f"{character!r} ({name})"
    if plain != character and plain.isascii():
        return f"{shown} is not allowed in an expression (did you mean {plain!r}?)"
    if character.isalpha():
        return f"{shown} is not allowed in an expression; names consist of a to z, A to Z, digits and _"
    reason = f"; {_FORBIDDEN[character]}" if character in _FORBIDDEN else ""
    return f"{shown} is not allowed in an expression{reason}"
