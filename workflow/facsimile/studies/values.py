"""What study files are made of: names, numbers, and mappings that know all of their keys."""

import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from facsimile.foundation import discover


def _finite(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(
            f"a finite number is wanted, not {value!r} (YAML reads 1e-4 as text: write 1.0e-4)"
        )
    return int(value) if float(value).is_integer() else value


def _name(value: str) -> str:
    # Names become folders, Snakemake rules and words of shell commands.
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", value):
        raise ValueError(
            f"{value!r} is not a name: lower-case letters, digits and _ only, beginning with a letter"
        )
    return value


def exists(folder: str) -> AfterValidator:
    """What checks that a name is a file of a folder of the package."""

    def check(name: str) -> str:
        if name not in discover.names(folder):
            raise discover.UnknownName(folder.removesuffix("s"), name, discover.names(folder))
        return name

    return AfterValidator(check)


Name = Annotated[str, AfterValidator(_name)]
# 1 and 1.0 are the same number: they must not name two runs.
Number = Annotated[int | float, BeforeValidator(_finite)]


class Strict(BaseModel):
    """Unknown keys are errors, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
