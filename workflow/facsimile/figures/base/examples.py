"""Which runs a figure shows that shows models themselves, and in what words."""

import json

import pandas as pd

from facsimile.figures.base.specimens import Specimens
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import select
from facsimile.presentation.spec import Spec

IDENTITY = ["dataset", "model", "params", "seed", "run"]
RANKS = {"best": 0.0, "median": 0.5, "worst": 1.0}


def of_each_method(scores: pd.DataFrame, spec: Spec, context: Context) -> pd.DataFrame:
    """A row a (data set, method): the middle value of its sweep of those that there are, and the least seed."""
    trained = scores[~scores["control"].astype(bool)].drop_duplicates("run")
    rows = []
    for dataset in context.shown(spec):
        for model in context.methods(spec):
            own = trained[
                (trained["dataset"] == dataset) & (trained["model"] == model)
            ].sort_values(["value", "seed"])
            values = list(dict.fromkeys(own["params"]))
            rows += [own[own["params"] == values[len(values) // 2]].iloc[0]] if values else []
    return pd.DataFrame(rows, columns=scores.columns)[IDENTITY].reset_index(drop=True)


def by_rank(scores: pd.DataFrame, spec: Spec, context: Context) -> pd.DataFrame:
    """Up to three rows a data set: the runs that the artefact's first score ranks best, in the middle and worst.

    Columns ``rank``, ``metric`` and ``result`` say by what; of equal scores the first run is taken.
    """
    found, wanted = select(scores, spec, context)
    trained = found[~found["control"].astype(bool) & (found["name"] == wanted[0])]
    rows = []
    for dataset in context.shown(spec):
        own = trained[trained["dataset"] == dataset].sort_values(
            "result", ascending=False, kind="stable"
        )
        at = (
            {round(share * (len(own) - 1)): rank for rank, share in reversed(RANKS.items())}
            if len(own)
            else {}
        )
        rows += [own.iloc[[place]].assign(rank=at[place], metric=wanted[0]) for place in sorted(at)]
    columns = [*IDENTITY, "rank", "metric", "result"]
    return (
        pd.concat(rows)[columns].reset_index(drop=True) if rows else pd.DataFrame(columns=columns)
    )


def there(examples: pd.DataFrame, specimens: Specimens) -> pd.DataFrame:
    """The examples whose latents are in the store."""
    return examples.loc[examples["run"].map(specimens.has).astype(bool)].reset_index(drop=True)


def said(row: pd.Series, context: Context) -> str:
    """``β-VAE, β = 4, seed 0``: the swept value alone."""
    params = json.loads(row["params"])
    swept = [
        f"{names.parameter(key)} = {params[key]:,}"
        for key in context.design.models[row["model"]][:1]
        if key in params
    ]
    return ", ".join([names.model(row["model"]), *swept, f"seed {row['seed']}"])
