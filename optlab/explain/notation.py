"""Mathematical notation: names, numbers and operations as plain text with Unicode, and as LaTeX.

Each `Term` has the precedence of its outermost operator, so that brackets are written only where they are needed. Both
notations have the same methods; `WRITERS` maps each operation to one of these methods.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

OR, AND, NOT, COMPARISON, SUM, SIGN, QUOTIENT, PRODUCT, POWER, ATOM = range(10)
"""The precedences of operators, lowest first."""

GREEK: Mapping[str, str] = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "eps": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
}
_RAISED = str.maketrans("−0123456789abcdefhijkmnoprstuvwxyz", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉᶠʰⁱʲᵏᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SIGNS = {"·": r"\cdot", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "∧": r"\wedge", "∨": r"\vee", "⊕": r"\oplus",
          "¬": r"\neg", "−": "-", "@": r"\,"}  # fmt: skip
_FENCES = {"‖": r"\|", "⟨": r"\langle ", "⟩": r"\rangle "}
_KNOWN_TO_LATEX = {"exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "max", "min"}


@dataclass(frozen=True)
class Term:
    """A term as text, its precedence, and, if the term begins with a minus, the term without the minus."""

    text: str
    level: int = ATOM
    opposite: Term | None = None


class PlainNotation:
    """Plain text with Unicode symbols."""

    pi, infinity = Term("π"), Term("∞")

    def name(self, name: str, *, before: bool = False) -> Term:
        """A variable: `beta1` is written as β₁. `before` marks its value before this step."""
        stem, digits = _parts(name)
        return Term(GREEK.get(stem, stem) + digits.translate(_LOWERED) + "ₜ₋₁" * before)

    def word(self, name: str) -> Term:
        """A variable, with its name unchanged."""
        return Term(name)

    def number(self, value: float) -> Term:
        """The shortest decimal for exactly this float; small multiples of π and square roots are written as such."""
        if value < 0:
            return self.negative(self.number(-value))
        for multiple in (1, 2, 3, 4):
            if value == multiple * math.pi:
                return self.multiply(self.number(multiple), self.pi) if multiple > 1 else self.pi
        if not math.isfinite(value):
            return self.infinity if value > 0 else Term("nan")
        whole = value == int(value) and value < 1e6
        if not whole and value < 30 and value == math.sqrt(round(value**2)):
            return self.root(self.number(round(value**2)))
        digits, _, exponent = (str(int(value)) if whole else repr(float(value))).partition("e")
        return self.decimal(digits.removesuffix(".0"), int(exponent)) if exponent else Term(digits)

    def decimal(self, digits: str, exponent: int) -> Term:
        return Term(f"{digits}e{exponent}")

    def bracketed(self, term: Term, level: int) -> str:
        """The text of a term, in brackets if its precedence is below `level`."""
        return term.text if term.level >= level else self.fenced("(", term.text, ")")

    def fenced(self, left: str, inner: str, right: str) -> str:
        return left + inner + right

    def infix(self, a: Term, sign: str, b: Term, level: int, left: int, right: int) -> Term:
        """a sign b, a term of precedence `level`. Operands of lower precedence than `left` and `right` get brackets."""
        return Term(f"{self.bracketed(a, left)} {self.sign(sign)} {self.bracketed(b, right)}", level)

    def add(self, a: Term, b: Term) -> Term:
        return self.subtract(a, b.opposite) if b.opposite else self.infix(a, "+", b, SUM, SUM, SUM)

    def subtract(self, a: Term, b: Term) -> Term:
        return self.add(a, b.opposite) if b.opposite else self.infix(a, "−", b, SUM, SUM, SIGN)

    def negative(self, a: Term) -> Term:
        return replace(self.prefixed("−", a, SIGN, QUOTIENT), opposite=a)

    def sign(self, sign: str) -> str:
        return sign

    def prefixed(self, sign: str, a: Term, level: int, needs: int) -> Term:
        """An operator before its operand: −a, ¬a."""
        space = " " if len(self.sign(sign)) > 1 else ""
        return Term(self.sign(sign) + space + self.bracketed(a, needs), level)

    def multiply(self, a: Term, b: Term) -> Term:
        """Write a product without an operator where that is unambiguous, and with · otherwise."""
        if a.opposite:
            return self.negative(self.multiply(a.opposite, b))
        first, second = self.bracketed(a, QUOTIENT), self.bracketed(b, PRODUCT)
        plain = a.level != QUOTIENT and not re.search(r"[√^][^\s()]*$", first)
        after_number_or_bracket = bool(re.search(r"(^|[\s(])[\d.]+$|\)$", first))
        close = plain and (after_number_or_bracket if second[0] == "(" else second[0] not in "0123456789−[")
        return Term(f"{first} {second}" if close else f"{first} · {second}", PRODUCT)

    def divide(self, a: Term, b: Term) -> Term:
        if a.opposite:
            return self.negative(self.divide(a.opposite, b))
        return Term(f"{self.bracketed(a, PRODUCT)} / {self.bracketed(b, POWER)}", QUOTIENT)

    def power(self, a: Term, b: Term) -> Term:
        base = self.bracketed(a, ATOM)
        if re.fullmatch("−?[0-9]+|[a-z]", b.text) and b.text not in ("g", "l", "q"):
            return Term(base + b.text.translate(_RAISED), POWER)
        return Term(f"{base}^{self.bracketed(b, ATOM)}", POWER)

    def transposed(self, a: Term) -> Term:
        return Term(self.bracketed(a, ATOM) + "ᵀ", POWER)

    def root(self, a: Term) -> Term:
        return Term("√" + self.bracketed(a, ATOM), POWER)

    def call(self, name: str, *args: Term) -> Term:
        return Term(self.function(name) + self.fenced("(", ", ".join(a.text for a in args), ")"))

    def function(self, name: str) -> str:
        return name

    def absolute(self, a: Term) -> Term:
        return self.call("abs", a) if "|" in a.text else Term(self.fenced("|", a.text, "|"))

    def norm(self, a: Term) -> Term:
        return self.call("norm", a) if "‖" in a.text else Term(self.fenced("‖", a.text, "‖"))

    def inner(self, a: Term, b: Term) -> Term:
        return Term(self.fenced("⟨", f"{a.text}, {b.text}", "⟩"))

    def listed(self, *entries: Term) -> Term:
        """Square brackets: an array with its entries, or the Iverson bracket of a condition (1 if it holds, else 0)."""
        return Term(self.fenced("[", ", ".join(entry.text for entry in entries), "]"))

    def indexed(self, a: Term, index: str) -> Term:
        if index.isdigit() and a.text.isalpha() and len(a.text) == 1:
            return Term(a.text + index.translate(_LOWERED))
        return Term(f"{self.bracketed(a, ATOM)}[{index}]")

    def gradient(self, p: Term) -> Term:
        return self.call("∇f", p)

    def hessian(self, v: Term) -> Term:
        return Term(f"H {self.bracketed(v, POWER)}", SIGN)


class Latex(PlainNotation):
    """LaTeX, restricted to the commands that Matplotlib's mathtext supports too."""

    pi, infinity = Term(r"\pi"), Term(r"\infty")

    def name(self, name: str, *, before: bool = False) -> Term:
        stem, digits = _parts(name)
        stem, _, word = stem.partition("_") if len(stem.partition("_")[0]) == 1 else (stem, "", "")
        below = [digits] * bool(digits) + [self._word(word)] * bool(word) + ["t-1"] * before
        letter = {"eps": r"\varepsilon", "epsilon": r"\varepsilon"}.get(stem) or f"\\{stem}"
        shown = letter if stem in GREEK else self._word(stem)
        return Term(shown + (f"_{{{','.join(below)}}}" if below else ""))

    def _word(self, word: str, font: str = r"\mathrm") -> str:
        return word if len(word) == 1 else f"{font}{{{word}}}".replace("_", r"\_")

    def word(self, name: str) -> Term:
        return Term(self._word(name))

    def decimal(self, digits: str, exponent: int) -> Term:
        power = self.power(Term("10"), Term(str(exponent)))
        return power if digits == "1" else self.multiply(Term(digits), power)

    def fenced(self, left: str, inner: str, right: str) -> str:
        left, right = (_FENCES.get(side, side) for side in (left, right))
        return rf"\left{left}{inner}\right{right}"

    def sign(self, sign: str) -> str:
        return _SIGNS.get(sign, sign)

    def multiply(self, a: Term, b: Term) -> Term:
        if a.opposite:
            return self.negative(self.multiply(a.opposite, b))
        first, second = self.bracketed(a, QUOTIENT), self.bracketed(b, PRODUCT)
        return Term(first + (r" \cdot " if second[0] in "0123456789-" else r"\, ") + second, PRODUCT)

    def divide(self, a: Term, b: Term) -> Term:
        return Term(rf"\frac{{{a.text}}}{{{b.text}}}", PRODUCT)

    def power(self, a: Term, b: Term) -> Term:
        return Term(f"{self.bracketed(a, ATOM)}^{{{b.text}}}", POWER)

    def transposed(self, a: Term) -> Term:
        return Term(rf"{self.bracketed(a, ATOM)}^{{\top}}", POWER)

    def root(self, a: Term) -> Term:
        return Term(rf"\sqrt{{{a.text}}}", POWER)

    def function(self, name: str) -> str:
        if name == "∇f":
            return r"\nabla f"
        return f"\\{name}" if name in _KNOWN_TO_LATEX else self._word(name, r"\operatorname")

    def indexed(self, a: Term, index: str) -> Term:
        base = a.text if "_" not in a.text and a.level == ATOM else self.fenced("(", a.text, ")")
        return Term(f"{base}_{{{index.replace('−', '-')}}}")


def _parts(name: str) -> tuple[str, str]:
    """Split `beta1` into beta and 1, if the part before the digits is a letter; other names are not split."""
    name = name.removesuffix("_")
    stem = name.rstrip("0123456789")
    letter = stem.removesuffix("_")
    return (letter, name[len(stem) :]) if letter in GREEK or len(letter) == 1 else (name, "")


Writer = Callable[..., Term]

WRITERS: Mapping[str, Writer] = {
    "add": lambda w, a, b: w.add(a, b),
    "subtract": lambda w, a, b: w.subtract(a, b),
    "multiply": lambda w, a, b: w.multiply(a, b),
    "divide": lambda w, a, b: w.divide(a, b),
    "reciprocal": lambda w, a: w.divide(w.number(1), a),
    "negative": lambda w, a: w.negative(a),
    "square": lambda w, a: w.power(a, w.number(2)),
    "cube": lambda w, a: w.power(a, w.number(3)),
    "fourth": lambda w, a: w.power(a, w.number(4)),
    "power": lambda w, a, b: w.power(a, b),
    "sqrt": lambda w, a: w.root(a),
    "absolute": lambda w, a: w.absolute(a),
    "maximum": lambda w, a, b: w.call("max", a, b),
    "minimum": lambda w, a, b: w.call("min", a, b),
    "remainder": lambda w, a, b: w.call("mod", a, b),
    "less": lambda w, a, b: w.infix(a, "<", b, COMPARISON, SUM, SUM),
    "less_equal": lambda w, a, b: w.infix(a, "≤", b, COMPARISON, SUM, SUM),
    "greater": lambda w, a, b: w.infix(a, ">", b, COMPARISON, SUM, SUM),
    "greater_equal": lambda w, a, b: w.infix(a, "≥", b, COMPARISON, SUM, SUM),
    "equal": lambda w, a, b: w.infix(a, "=", b, COMPARISON, SUM, SUM),
    "not_equal": lambda w, a, b: w.infix(a, "≠", b, COMPARISON, SUM, SUM),
    "logical_and": lambda w, a, b: w.infix(a, "∧", b, AND, AND, AND),
    "logical_or": lambda w, a, b: w.infix(a, "∨", b, OR, OR, AND),
    "logical_xor": lambda w, a, b: w.infix(a, "⊕", b, OR, OR, AND),
    "logical_not": lambda w, a: w.prefixed("¬", a, NOT, ATOM),
    "matmul": lambda w, a, b: w.infix(a, "@", b, SIGN, POWER, POWER),
    "norm": lambda w, a: w.norm(a),
    "inner": lambda w, a, b: w.inner(a, b),
    "condition": lambda w, a: w.listed(a),
    "gradient_at": lambda w, p: w.gradient(p),
    "loss_at": lambda w, p: w.call("f", p),
    "hessian_times": lambda w, v: w.hessian(v),
}
"""The method that writes each operation; all other operations are written as `name(arguments)`."""
