"""Figures of labelled models: runs by what the study calls them."""

import json

import pandas as pd

from facsimile.figures.base import style
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.select import cell_labels
from facsimile.presentation.spec import Quantity, Spec

COLUMNS = ["dataset", "model", "called", "params", "value", "seed", "run", "name", "result"]


def cells(scores: pd.DataFrame) -> pd.DataFrame:
    """Add what figures call each run and its cell.

    Returns
    -------
    DataFrame
        The scores with two more columns: ``called``, the run's label or else its model, and
        ``cell``, the same in words with its swept hyper-parameter.
    """
    called = cell_labels(scores)
    texts = []
    for name, value, params in zip(called, scores["value"], scores["params"], strict=True):
        texts.append(_cell(name, value, params))
    return scores.assign(called=called, cell=texts)


def medians(spec: Spec, context: Context) -> list[Quantity]:
    """The median of each score of each of the spec's ``models``, or of each method without them.

    For ``cells`` of a kind of figure.
    """
    models = list(spec.models) or context.methods(spec)
    return quantities.of_models(spec, context, models, "median")


def remark(scores: pd.DataFrame, lead: str) -> str:
    """What points and lines are, and how many runs a median is of.

    Parameters
    ----------
    scores
        The scores drawn, with the column ``cell`` (see ``cells``).
    lead
        Beginning of the remark, such as ``Lines: medians``.
    """
    runs = scores.groupby(["dataset", "cell", "name"]).size()
    return f"{lead} over seeds ({style.run_counts(runs)}); points: runs."


def data(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores behind the marks, and the training step of each if there is one."""
    columns = [*COLUMNS, "step"] if "step" in scores else COLUMNS
    table = scores[columns].rename(columns={"called": "label", "name": "metric"})
    return table.reset_index(drop=True)


def _cell(
    name: str,
    value: float,
    params: str,
) -> str:
    """``β-VAE, β = 0.001``: of several hyper-parameters the one whose value is swept."""
    parts = [names.model(name)]
    for key, setting in json.loads(params).items():
        if setting == value:
            parts.append(f"{names.parameter(key)} = {value:g}")
            break
    return ", ".join(parts)
