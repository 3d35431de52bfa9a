"""Models: one file each, found by its name. ``model("beta_vae", beta=4)`` makes one."""

import dataclasses
import math
from typing import Any

from facsimile import discover
from facsimile.models._base import Draw, Losses, Model

__all__ = ["Draw", "Losses", "Model", "model"]


def model(name: str, **hyper_parameters: Any) -> Model:
    """The named model; raises UnknownName for a name that is not there, ValueError for a missing or bad value."""
    found = discover.the_class("models", name, Model)
    fields = {field.name: field for field in dataclasses.fields(found)}
    for key, value in hyper_parameters.items():
        if key not in fields:
            raise discover.UnknownName(f"hyper-parameter of {name}", key, list(fields))
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{name}: {key} must be a finite number, not {value!r}")
    needed = {key for key, field in fields.items() if field.default is dataclasses.MISSING}
    if missing := sorted(needed - set(hyper_parameters)):
        raise ValueError(f"{name}: {', '.join(missing)} must be given")
    return found(**hyper_parameters)
