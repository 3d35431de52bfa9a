"""Which runs a figure shows that shows models themselves, and how it calls them."""

import json

import pandas as pd

from facsimile.figures.base.specimens import Specimens
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import methods, select, without_controls
from facsimile.presentation.spec import Spec

IDENTITY = ["dataset", "model", "params", "seed", "run"]
"""Columns of the examples; ``model`` is the method, as in a ``Quantity``."""
RANKED = [*IDENTITY, "rank", "metric", "result"]
RANKS = {"best": 0.0, "median": 0.5, "worst": 1.0}
"""Rank -> share of the runs that are better."""


def of_each_method(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """Choose one run per data set and method.

    Of the values of its sweep that were run, the middle one; of its seeds the smallest.

    Parameters
    ----------
    scores
        Gathered scores.
    spec, context
        The figure, and the study at one of its scales.

    Returns
    -------
    DataFrame
        One row per run with the columns ``IDENTITY``.
    """
    runs = without_controls(scores).drop_duplicates("run")
    runs = runs.assign(model=methods(runs))
    chosen = []
    for dataset in context.shown(spec):
        for method in context.methods(spec):
            of_method = runs[(runs["dataset"] == dataset) & (runs["model"] == method)]
            if of_method.empty:
                continue
            of_method = of_method.sort_values(["value", "seed"])
            settings = list(dict.fromkeys(of_method["params"]))
            middle = settings[len(settings) // 2]
            chosen.append(of_method[of_method["params"] == middle].iloc[0])
    table = pd.DataFrame(chosen, columns=scores.columns)
    return table[IDENTITY].reset_index(drop=True)


def by_rank(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """Choose the best, the median and the worst run of each data set.

    Runs are ranked by the first of the figure's scores; of equal scores the first run is better.

    Parameters
    ----------
    scores
        Gathered scores.
    spec, context
        The figure, and the study at one of its scales.

    Returns
    -------
    DataFrame
        Up to three rows per data set, fewer if a run has several ranks, with the columns
        ``RANKED``.
    """
    selected, metrics = select(scores, spec, context)
    selected = without_controls(selected)
    selected = selected[selected["name"] == metrics[0]]
    selected = selected.assign(model=selected["method"])
    chosen = []
    for dataset in context.shown(spec):
        ranking = selected[selected["dataset"] == dataset]
        ranking = ranking.sort_values("result", ascending=False, kind="stable")
        for position, rank in _positions(len(ranking)).items():
            chosen.append(ranking.iloc[[position]].assign(rank=rank, metric=metrics[0]))
    if not chosen:
        return pd.DataFrame(columns=RANKED)
    return pd.concat(chosen)[RANKED].reset_index(drop=True)


def stored(examples: pd.DataFrame, specimens: Specimens) -> pd.DataFrame:
    """The examples whose latents are in the store."""
    is_stored = examples["run"].map(specimens.has).astype(bool)
    return examples.loc[is_stored].reset_index(drop=True)


def title(run: pd.Series, context: Context) -> str:
    """``β-VAE, β = 4, seed 0``: of the hyper-parameters only the swept one is named."""
    parts = [names.model(run["model"])]
    params = json.loads(run["params"])
    for key in context.design.methods[run["model"]][:1]:
        if key in params:
            parts.append(f"{names.parameter(key)} = {params[key]:,}")
    return ", ".join([*parts, f"seed {run['seed']}"])


def _positions(count: int) -> dict[int, str]:
    """Position in a ranking of ``count`` runs -> rank, in order.

    Of few runs one can have several ranks; it is called by the best of them.
    """
    positions: dict[int, str] = {}
    if count:
        for rank, share in RANKS.items():
            positions.setdefault(round(share * (count - 1)), rank)
    return positions
