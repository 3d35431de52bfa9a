"""Models: one file each, found by its name. ``model("beta_vae", beta=4)`` makes one."""

from typing import Any

from facsimile.foundation import discover
from facsimile.models.base import hyper_parameters as base_hyper_parameters
from facsimile.models.base.arrays import ArraysModel
from facsimile.models.base.hyper_parameters import HyperParameter
from facsimile.models.base.model import Draw, Losses, Model

__all__ = ["ArraysModel", "Draw", "HyperParameter", "Losses", "Model", "hyper_parameters", "model"]


def model(name: str, **given: Any) -> Model:
    """The named model with the given hyper-parameters.

    Raises UnknownName for a name that is not there, with the nearest one, and ValueError for a value that is missing, no finite
    number, or one for which the model is not defined.
    """
    found = discover.the_class("models", name, Model)
    base_hyper_parameters.check(name, found, given)
    made: Model = found(**given)
    made.check()
    return made


def hyper_parameters(name: str) -> tuple[HyperParameter, ...]:
    """Name, meaning and default of each hyper-parameter of the named model; raises UnknownName."""
    return base_hyper_parameters.of(discover.the_class("models", name, Model))
