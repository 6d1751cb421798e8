"""The interface of suites. A suite is a family of problems that an experiment adds with one line: `suite = "classic"`.

The function of a suite returns `[[problem]]` tables. Each of its options is a list of everything that there is, such as
`dim=(2, 10, 50)`; an experiment may choose a part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optlab.errors import PluginError, UserError, did_you_mean
from optlab.plugins import signature
from optlab.plugins.code_location import location
from optlab.plugins.signature import Signature, shown

Table = Mapping[str, Any]
"""A `[[problem]]` table: `name`, and any of `dim`, `start` and the options of the problem."""


class NotInSuite(UserError):
    """A value of an option that a suite does not have. `position` is its place in the written list."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, eq=False)
class Suite:
    """A family of problems. A call returns its `[[problem]]` tables.

    >>> @suite
    ... def bowls(*, functions=("sphere", "ellipsoid"), dim=(2, 10)):
    ...     '''Two bowls.'''
    ...     return [{"name": name, "dim": list(dim)} for name in functions]
    >>> bowls(dim=[10])
    [{'name': 'sphere', 'dim': [10]}, {'name': 'ellipsoid', 'dim': [10]}]
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    signature: Signature = field(repr=False)

    def __call__(self, **options: Iterable[Any]) -> list[Table]:
        """The tables of the chosen part, or of the whole suite.

        Raises:
            UserError: the suite has no such option; or a `NotInSuite`, it does not have one of the values.
        """
        chosen = {name: tuple(values) for name, values in options.items()}
        for name, values in chosen.items():
            self.check(name, values)
        tables = self.function(**chosen)
        form = 'return [{"name": "sphere", "dim": [2, 10]}, ...]'
        if not isinstance(tables, list | tuple) or not all(isinstance(table, Mapping) for table in tables):
            raise PluginError(f"{location(self.function)}: suite '{self.name}' must end with: {form}")
        return list(tables)

    def check(self, option: str, values: Sequence[Any]) -> None:
        """Check the chosen values of an option.

        Raises:
            UserError: the suite has no such option; or a `NotInSuite`, for a value that it does not have, or that is
                given twice.
        """
        if option not in self.signature.choices:
            raise signature.unknown_option(self.name, option, self.signature.choices)
        known = self.signature.choices[option]
        for position, value in enumerate(values):
            if value in values[:position]:
                raise NotInSuite(f"{option} has {_plain(value)} twice; leave one out", position)
            if not any(one == value and isinstance(one, bool) == isinstance(value, bool) for one in known):
                texts = [str(one) for one in known]
                guess = did_you_mean(value, texts) if isinstance(value, str) else ""
                has = guess or f"; there are {_listed(known)}"
                raise NotInSuite(f"suite {self.name} has no {_plain(value)} in {option}{has}", position)


def _plain(value: Any) -> str:
    return repr(value) if isinstance(value, str) else shown(value)


def _listed(values: Sequence[Any]) -> str:
    """The values in words; consecutive integers as a range.

    >>> _listed((2, 10, 50)), _listed((1, 2, 3, 4)), _listed(("beale", "booth", "levy", "sphere"))
    ('2, 10, 50', '1 to 4', 'beale, booth, levy, sphere')
    """
    are_integers = all(type(value) is int for value in values)
    if len(values) > 3 and are_integers and list(values) == list(range(values[0], values[0] + len(values))):
        return f"{values[0]} to {values[-1]}"
    return ", ".join(map(str, values))


def suite(function: Callable[..., Any]) -> Suite:
    """Declare a suite: a function whose options are lists, which returns `[[problem]]` tables.

    Raises:
        PluginError: the function has other arguments, or an option that is not a list.
    """
    read = signature.read(function, kind="suite", given=(), reserved=("name", "suite", "start"))
    for name, default in read.options.items():
        if not isinstance(default, list | tuple) or not default:
            raise PluginError(
                f"{location(function)}: suite '{function.__name__}' has an option '{name}' that is not a list; "
                f"write a list of everything that there is, as dim=(2, 10)"
            )
    return Suite(function.__name__, function, read)
