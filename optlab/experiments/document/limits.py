"""Where sweeps are executed, and what each of them may use at most. Neither changes a number of the results."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, Strict

from optlab.errors import did_you_mean

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?B)\s*", re.IGNORECASE)


def bytes_of(size: str) -> int:
    """A number of bytes from a text.

    Raises:
        ValueError: the text is no size.

    >>> bytes_of("2 GB"), bytes_of("1.5MB")
    (2000000000, 1500000)
    """
    found = _SIZE.fullmatch(size)
    if found is None or not float(found[1]):
        raise ValueError(f'must be a size such as "2 GB" or "500 MB", not {size!r}')
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _size(value: Any) -> Any:
    if isinstance(value, str):
        return bytes_of(value)
    raise ValueError('must be a size in quotes, such as "2 GB"')


def _executor(name: str) -> str:
    from optlab.execution.executors.choice import names

    if name not in names():
        raise ValueError(f"must be one of {', '.join(names())}, not {name!r}{did_you_mean(name, names())}")
    return name


Executor = Annotated[str, Strict(), AfterValidator(_executor)]


@dataclass(frozen=True)
class LimitsSpec:
    """Limits of each sweep. A sweep beyond one of them fails, and all others are not affected."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    seconds: Annotated[
        float | None,
        Strict(),
        Field(gt=0, allow_inf_nan=False, description="the time of a sweep; then its runs end with the status timeout"),
    ] = None
    memory: Annotated[
        int | None,
        BeforeValidator(_size, json_schema_input_type=str),
        Field(description='the memory of a sweep, such as "2 GB"; needs executor = "processes"'),
    ] = None


def _limits(value: Any) -> Any:
    if value == {}:
        raise ValueError("has no limit: write at least one of seconds and memory")
    return value


LimitsTable = Annotated[LimitsSpec, BeforeValidator(_limits, json_schema_input_type=LimitsSpec)]
