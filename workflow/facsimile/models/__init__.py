"""Models, one file each, discovered by name.

Example::

    >>> models.model("beta_vae", beta=4)
    BetaVAE(beta=4)
"""

from typing import Any

from facsimile.foundation import discover
from facsimile.models.base import hyper_parameters as base_hyper_parameters
from facsimile.models.base.arrays import ArraysModel
from facsimile.models.base.hyper_parameters import HyperParameter
from facsimile.models.base.model import Draw, Losses, Model

__all__ = ["ArraysModel", "Draw", "HyperParameter", "Losses", "Model", "hyper_parameters", "model"]


def model(name: str, **values: Any) -> Model:
    """Create a model.

    Args:
        name: name of the model, i.e. of its file.
        **values: value of each hyper-parameter; those with a default may be omitted.

    Raises:
        UnknownName: there is no such model or hyper-parameter; the message suggests the nearest.
        ValueError: a value is missing, is not a finite number, or is one for which the model is not
            defined.
    """
    cls = discover.load_class("models", name, Model)
    base_hyper_parameters.check(name, cls, values)
    created: Model = cls(**values)
    created.check()
    return created


def hyper_parameters(name: str) -> tuple[HyperParameter, ...]:
    """Return name, meaning and default of each hyper-parameter of a model; raises UnknownName."""
    return base_hyper_parameters.of(discover.load_class("models", name, Model))
