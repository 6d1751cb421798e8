"""Numbers with their nouns, as messages and pictures say them."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: in the singular for 1, else in the plural (the noun with an "s", or `plural`).

    >>> counted(1, "step"), counted(2, "step"), counted(12345, "run"), counted(0, "entry", "entries")
    ('1 step', '2 steps', '12,345 runs', '0 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def short(value: float) -> str:
    """A number with three digits; zero has no sign.

    >>> short(0.00123456), short(-0.0), short(float("inf"))
    ('0.00123', '0', 'inf')
    """
    return f"{value + 0.0:.3g}"


def shortened(text: str, most: int = 60) -> str:
    """A text that someone typed, as far as a message shows it.

    >>> shortened("1,2"), shortened("1" * 5000, 5)
    ('1,2', '11111...')
    """
    return text if len(text) <= most else f"{text[:most]}..."
