"""Figures of labelled models: runs by what the study calls them."""

import json

import pandas as pd

from facsimile.figures.base import style
from facsimile.presentation import names, quantities
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec

COLUMNS = ["dataset", "model", "method", "params", "value", "seed", "run", "name", "result"]


def cells(scores: pd.DataFrame) -> pd.DataFrame:
    """Add what figures call the cell of each run.

    Returns
    -------
    DataFrame
        The scores with one more column: ``cell``, the method in words with its swept
        hyper-parameter.
    """
    texts = []
    columns = (scores["method"], scores["value"], scores["params"])
    for method, value, params in zip(*columns, strict=True):
        texts.append(_cell(method, value, params))
    return scores.assign(cell=texts)


def medians(spec: Spec, context: Context) -> list[Quantity]:
    """The median of each score of each method shown, for ``cells`` of a kind of figure."""
    return quantities.of_models(spec, context, context.methods(spec), "median")


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
    table = scores[columns].rename(columns={"method": "label", "name": "metric"})
    return table.reset_index(drop=True)


def _cell(
    method: str,
    value: float,
    params: str,
) -> str:
    """``β-VAE, β = 0.001``: of several hyper-parameters the one whose value is swept."""
    parts = [names.model(method)]
    for key, setting in json.loads(params).items():
        if setting == value:
            parts.append(f"{names.parameter(key)} = {value:g}")
            break
    return ", ".join(parts)
