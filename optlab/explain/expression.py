"""An arithmetic expression as a function of its names. It is parsed, and never executed as code.

    sum      = product {("+" | "-") product}
    product  = signed {("*" | "/") signed}
    signed   = ("+" | "-") signed | power
    power    = atom ["**" signed]
    atom     = number | name | function "(" sum {"," sum} ")" | "(" sum ")"

What is parsed becomes a list of instructions for a stack machine, as on a pocket calculator with reverse Polish
notation, so that long expressions need no deep recursion.
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
"""The characters of an expression, and its parentheses, powers and signs within each other."""

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
"""What may be called, with the number of its arguments."""

_SUMS: Mapping[str, Function] = {"+": np.add, "-": np.subtract}
_PRODUCTS: Mapping[str, Function] = {"*": np.multiply, "/": np.divide}
_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|[-+*/(),])|(?P<end>\Z)",
    re.ASCII,
)
_MEANT = {"^": "**", "÷": "/", "²": "**2", "³": "**3"} | dict.fromkeys("−–—", "-") | dict.fromkeys("×·⋅∗", "*")
_NOT_HERE = {
    ".": "names have no parts",
    "[": "names are single numbers; write x0 for x[0]",
    "=": "values are given beside the expression",
    "'": "an expression holds no texts",
    '"': "an expression holds no texts",
}


@dataclass(frozen=True)
class Name:
    """Push the value of a name."""

    name: str


@dataclass(frozen=True)
class Apply:
    """Replace the topmost values by a function of them."""

    function: Function
    arity: int


Instruction = float | Name | Apply


@dataclass(frozen=True)
class Expression:
    """An expression that was understood: its text, its names in order of first appearance, and what it computes."""

    text: str
    names: tuple[str, ...]
    program: tuple[Instruction, ...] = field(repr=False)

    def function(self, *values: Any) -> Any:
        """The value of the expression where its names have these values, in order; they may be traced."""
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
    """Read an arithmetic expression.

    It is made of numbers, names, `+ - * / **`, parentheses and the functions of `FUNCTIONS`, with the precedences of
    Python. What depends on no name is computed at once.

    Raises:
        UserError: the text is no such expression; a caret under it shows where.

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
        raise UserError(f"an expression has {LONGEST:,} characters at most, and this one {len(text):,}")
    if not text.strip():
        raise UserError("the expression is empty; write one like (x + y) * z")
    reader = _Reader(text)
    reader.sum()
    if reader.kind != "end":
        raise reader.wrong(reader.unexpected())
    names = dict.fromkeys(step.name for step in reader.program if isinstance(step, Name))
    return Expression(text, tuple(names), tuple(reader.program))


class _Reader:
    """Recursive descent: a method per rule of the grammar. The token at hand is `kind`, `word`, at `place`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.program: list[Instruction] = []
        self.depth = 0
        self.stop = 0
        self.advance()

    # ---- tokens ----

    def advance(self) -> None:
        """Go on to the next token."""
        self.place = self.stop + len(self.text[self.stop :]) - len(self.text[self.stop :].lstrip(" \t\r\n"))
        found = _TOKEN.match(self.text, self.place)
        if found is None:
            raise self.wrong(_foreign(self.text[self.place]))
        self.kind, self.word, self.stop = str(found.lastgroup), found.group(), found.end()

    def take(self, *words: str) -> str:
        """The token at hand if it is one of these signs, and go on; nothing otherwise."""
        word = self.word
        if self.kind != "sign" or word not in words:
            return ""
        self.advance()
        return word

    def wrong(self, what: str, place: int | None = None) -> UserError:
        """The error for what stands at a place, or at the token at hand."""
        place = self.place if place is None else place
        first = max(0, place - WIDTH // 2)
        shown = "".join(c if c.isprintable() else " " for c in self.text[first : first + WIDTH])
        return UserError(f"{what}\n    {shown}\n    {' ' * (place - first)}^")

    def unexpected(self) -> str:
        """What is wrong with a token after a complete expression."""
        if self.word == ")":
            return "this ) closes nothing"
        if self.word == ",":
            return "a comma stands between the arguments of a function only"
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
            raise self.wrong(f"there are more than {DEEPEST} parentheses, powers or signs within each other")
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
            known = did_you_mean(name, FUNCTIONS) or f"; there are {', '.join(FUNCTIONS)}"
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
            raise self.wrong("this is no finite number", place)
        self.program.append(number)

    def apply(self, function: Function, arity: int, place: int) -> None:
        """Append a function; of numbers alone it is computed at once (an operand that ends in a number is one)."""
        operands = self.program[-arity:]
        if not all(isinstance(step, float) for step in operands):
            self.program.append(Apply(function, arity))
            return
        del self.program[-arity:]
        with np.errstate(all="ignore"):
            self.push(float(function(*operands)), place)


def _foreign(character: str) -> str:
    """What to say of a character that has no place in an expression."""
    plain = _MEANT.get(character) or unicodedata.normalize("NFKC", character)
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    shown = repr(character) if character.isascii() else f"{character!r} ({name})"
    if plain != character and plain.isascii():
        return f"{shown} has no place in an expression (did you mean {plain!r}?)"
    if character.isalpha():
        return f"{shown} has no place in an expression; names are made of a to z, A to Z, digits and _"
    return f"{shown} has no place in an expression" + (f"; {_NOT_HERE[character]}" if character in _NOT_HERE else "")
