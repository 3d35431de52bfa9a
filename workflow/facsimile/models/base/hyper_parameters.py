"""The hyper-parameters of a model: its dataclass fields, their documentation, and value checks."""

import dataclasses
import math
import re
from collections.abc import Mapping
from numbers import Real
from typing import Any, NamedTuple

from facsimile.foundation import discover


class HyperParameter(NamedTuple):
    """One hyper-parameter of a model.

    Attributes:
        name: name of the field.
        meaning: the rest of the line ``name: meaning`` in the class docstring, without the lines
            that follow; empty if there is no such line.
        default: default value; None if the parameter is required.
    """

    name: str
    meaning: str
    default: float | None


def of(cls: type) -> tuple[HyperParameter, ...]:
    """Return the hyper-parameters of a model class, inherited ones first."""
    parameters = []
    for field in dataclasses.fields(cls):
        meaning = _meaning(cls, field.name)
        parameters.append(HyperParameter(field.name, meaning, _default(field)))
    return tuple(parameters)


def check(
    name: str,
    cls: type,
    values: Mapping[str, Any],
) -> None:
    """Check the values of a model's hyper-parameters.

    Args:
        name: name of the model, for error messages.
        cls: class of the model.
        values: value of each hyper-parameter by name.

    Raises:
        UnknownName: the model has no hyper-parameter of some name.
        ValueError: a value is not a finite number, or a required one is missing.
    """
    parameters = {parameter.name: parameter for parameter in of(cls)}
    for key, value in values.items():
        if key not in parameters:
            raise discover.UnknownName(f"hyper-parameter of {name}", key, list(parameters))
        if not _is_finite_number(value):
            raise ValueError(
                f"{name}: {key} must be a finite number, not {value!r} ({parameters[key].meaning})"
            )
    missing = []
    for key, parameter in parameters.items():
        if parameter.default is None and key not in values:
            missing.append(f"{key} ({parameter.meaning})")
    if missing:
        raise ValueError(
            f"{name}: required hyper-parameters are missing, add them under sweep or fixed: "
            f"{'; '.join(missing)}"
        )


def _is_finite_number(value: Any) -> bool:
    # A bool counts as a Real in Python, but in a study file it is a mistake.
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return math.isfinite(value)


def _default(field: "dataclasses.Field[Any]") -> float | None:
    return None if field.default is dataclasses.MISSING else field.default


def _meaning(cls: type, name: str) -> str:
    """Return the text after ``name:`` in the docstring of the class or of its nearest base."""
    line = re.compile(rf"^\s*{re.escape(name)}: (.+)$", re.MULTILINE)
    for base in cls.__mro__:
        match = line.search(base.__doc__ or "")
        if match:
            return match[1].strip().rstrip(".")
    return ""
