"""Runs by what the study calls them: what figures of labelled models share."""

import json

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import cell_labels
from facsimile.presentation.spec import Quantity, Spec


def cells(found: pd.DataFrame) -> pd.DataFrame:
    """Scores with two columns more: ``called``, a run's label or else its model, and ``cell``, that and its hyper-parameter."""
    pairs = zip(cell_labels(found), found["value"], found["params"], strict=True)
    return found.assign(
        called=cell_labels(found),
        cell=[_cell(name, value, params) for name, value, params in pairs],
    )


def _cell(name: str, value: float, params: str) -> str:
    """``β-VAE, β = 0.001``: of several hyper-parameters the one that is swept."""
    swept = [
        f"{names.parameter(key)} = {value:g}"
        for key, own in json.loads(params).items()
        if own == value
    ]
    return ", ".join([names.model(name), *swept[:1]])


def quantities(spec: Spec, context: Context) -> list[Quantity]:
    """The median of every label of the spec's ``models``, or method, of every score on every data set."""
    wanted = [
        (dataset, name)
        for dataset in context.paper_and_shown(spec)
        for name in context.metrics_of(spec)
    ]
    shown = list(spec.models) or context.methods(spec)
    return [
        Quantity(spec.id, dataset, one, "", name, "median")
        for dataset, name in wanted
        for one in shown
    ]


def remark(own: pd.DataFrame, lead: str) -> str:
    """How many runs a point or median stands for."""
    counts = own.groupby(["dataset", "cell", "name"]).size()
    many = (
        "no runs"
        if counts.empty
        else f"n = {counts.min()}" + (f" to {counts.max()}" if counts.max() > counts.min() else "")
    )
    return f"{lead} over seeds ({many}); points: runs."


def data(own: pd.DataFrame) -> pd.DataFrame:
    """The scores behind the marks, with the step of training where there is one."""
    kept = [
        "dataset",
        "model",
        "called",
        "params",
        "value",
        "seed",
        "run",
        "name",
        "result",
        *(["step"] if "step" in own else []),
    ]
    return own[kept].rename(columns={"called": "label", "name": "metric"}).reset_index(drop=True)
