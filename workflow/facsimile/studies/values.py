"""Types of the values in study files: names, finite numbers, and mappings without unknown keys."""

import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from facsimile.foundation import discover


def _finite(value: Any) -> int | float:
    # In Python, True and False are integers.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise ValueError(
            f"must be a finite number, not {value!r} (YAML reads 1e-4 as text: write 1.0e-4)"
        )
    return int(value) if float(value).is_integer() else value


def no_switch(value: Any) -> Any:
    """Return a value that is no truth value; raises ValueError."""
    # YAML reads yes, no, on and off as True and False.
    if isinstance(value, bool):
        raise ValueError(f"must be a number, not {'yes' if value else 'no'} (YAML's {value})")
    return value


def _positive(value: int | float) -> int | float:
    if value <= 0:
        raise ValueError(f"must be greater than 0, not {value}")
    return value


def _name(value: str) -> str:
    # Names become folders, Snakemake rules and words of shell commands.
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", value):
        raise ValueError(
            f"{value!r} is not a name: use lower-case letters, digits and _ only, "
            "and begin with a letter"
        )
    return value


def exists(folder: str) -> AfterValidator:
    """Return a validator that a name is defined in a folder such as ``models``."""

    # List the folder when a study is read, not when this module is imported: the configuration may
    # have added papers in between.
    def check(name: str) -> str:
        names = discover.names(folder)
        if name not in names:
            raise discover.UnknownName(folder.removesuffix("s"), name, names)
        return name

    return AfterValidator(check)


Integer = Annotated[int, BeforeValidator(no_switch)]
# The limits first: so they are in the JSON schema.
PositiveInt = Annotated[int, Field(gt=0), BeforeValidator(no_switch)]
NaturalInt = Annotated[int, Field(ge=0), BeforeValidator(no_switch)]
Name = Annotated[str, AfterValidator(_name)]
# 1 and 1.0 are the same number and must not name two different runs.
Number = Annotated[int | float, BeforeValidator(_finite)]
PositiveNumber = Annotated[Number, AfterValidator(_positive)]


class Strict(BaseModel):
    """Base of all parts of a study file: unknown keys are errors, and values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)
