"""What tables of pairs of methods share: a line for every two, in the study file's order."""

import itertools

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import directed, select
from facsimile.presentation.spec import Spec

Runs = NDArray[np.float64]


def trained(scores: pd.DataFrame, spec: Spec, context: Context) -> tuple[pd.DataFrame, list[str]]:
    """Scores of trained runs, higher better, and the names of those shown."""
    found, wanted = select(scores, spec, context)
    return directed(found[~found["control"].astype(bool)]), wanted


def listed(context: Context) -> list[tuple[str, str]]:
    """Every two methods."""
    return list(itertools.combinations(context.design.models, 2))


def label(first: str, second: str) -> str:
    """``β-VAE over FactorVAE``."""
    return f"{names.model(first)} over {names.model(second)}"


def of(found: pd.DataFrame, dataset: str, model: str, name: str) -> pd.DataFrame:
    """The scores of one method on one data set."""
    return found[
        (found["dataset"] == dataset) & (found["model"] == model) & (found["name"] == name)
    ]
