"""Hyper-parameters of a model: its dataclass' fields, their meaning as the docstring gives it, and the check of values."""

import dataclasses
import math
import re
from collections.abc import Mapping
from numbers import Real
from typing import Any, NamedTuple

from facsimile.foundation import discover


class HyperParameter(NamedTuple):
    """Name, meaning (empty if no docstring has a line ``name: meaning``) and default (None: it must be given)."""

    name: str
    meaning: str
    default: float | None


def of(cls: type) -> tuple[HyperParameter, ...]:
    """Hyper-parameters of a model class, inherited ones first."""
    return tuple(
        HyperParameter(field.name, _meaning(cls, field.name), _default(field))
        for field in dataclasses.fields(cls)
    )


def check(name: str, cls: type, given: Mapping[str, Any]) -> None:
    """Raise UnknownName for a name that is not there, ValueError for a value that is no finite number or for a missing one."""
    known = {parameter.name: parameter for parameter in of(cls)}
    for key, value in given.items():
        if key not in known:
            raise discover.UnknownName(f"hyper-parameter of {name}", key, list(known))
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise ValueError(
                f"{name}: {key} must be a finite number, not {value!r} ({known[key].meaning})"
            )
    if missing := [p for p in known.values() if p.default is None and p.name not in given]:
        listed = "; ".join(f"{parameter.name} ({parameter.meaning})" for parameter in missing)
        raise ValueError(f"{name}: must be given, under sweep or fixed: {listed}")


def _default(field: "dataclasses.Field[Any]") -> float | None:
    return None if field.default is dataclasses.MISSING else field.default


def _meaning(cls: type, name: str) -> str:
    """What follows ``name:`` on a line of the nearest class docstring that has such a line."""
    line = re.compile(rf"^\s*{re.escape(name)}: (.+)$", re.MULTILINE)
    found = (line.search(base.__doc__ or "") for base in cls.__mro__)
    return next((match[1].strip().rstrip(".") for match in found if match), "")
