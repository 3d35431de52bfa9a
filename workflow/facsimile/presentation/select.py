"""Select the scores that a table or figure shows."""

from collections.abc import Sequence

import pandas as pd

from facsimile.foundation import declared
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec
from facsimile.studies.training import BEST, STEP


def with_names(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with a column ``name``: ``metric.score``, or ``metric.score@variation`` of what was asked in another way."""
    pairs = scores["metric"].astype(str) + "." + scores["score"].astype(str)
    if "variation" not in scores:  # a table that was gathered before there were variations
        return scores.assign(name=pairs)
    return scores.assign(
        name=pairs.where(scores["variation"] == "", pairs + "@" + scores["variation"].astype(str))
    )


def select(
    scores: pd.DataFrame, spec: Spec, context: Context, variations: bool = False
) -> tuple[pd.DataFrame, list[str]]:
    """The scores that an artefact shows, with a column ``name``, and the names of its ``metrics`` in their order.

    A name that the study file asks for and the scores lack stays in the list: it is shown as missing. ``variations``: each
    score in every variation, too, but not along training; a column ``plain`` has its name without. Raises ValueError where one
    run has one score twice.
    """
    here = with_names(scores[scores["dataset"].isin(context.shown(spec))])
    wanted = list(spec.metrics) or headlines(here, context)
    plain = here["name"].map(_plain).astype(str) if variations else here["name"]
    found = here.assign(plain=plain)
    found = found[found["plain"].isin([*wanted, *spec.against])]
    if spec.models:
        found = rows_of_models(found, [*spec.models, *context.design.controls])
    if (twice := found.duplicated(["run", "name"])).any():
        first = found[twice].iloc[0]
        raise ValueError(
            f"scores: {first['run']} has {first['name']} twice; keep one convention, representation and seed of each score"
        )
    return found, wanted


def cell_labels(table: pd.DataFrame) -> pd.Series:
    """What the study calls each row's cell: its label, or else its model."""
    models = table["model"].astype(str)
    return (
        table["label"].astype(str).where(lambda label: label != "", models)
        if "label" in table
        else models
    )


def rows_of_models(table: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """The rows of some models, by name or label; none: all of them."""
    return table[table["model"].isin(models) | cell_labels(table).isin(models)] if models else table


def _plain(name: str) -> str:
    """A score's name without its variation; what is of other steps of training keeps it."""
    plain, _, variation = name.partition("@")
    return name if variation == BEST or variation.startswith(STEP) else plain


def headlines(here: pd.DataFrame, context: Context) -> list[str]:
    """One score a metric: the one called like the metric, else the first that it gives."""
    chosen = []
    for metric in context.design.metrics:
        given = list(
            dict.fromkeys(
                here.loc[(here["metric"] == metric) & ~here["name"].str.contains("@"), "score"]
            )
        )
        own = metric if metric in given or not given else given[0]
        chosen.append(f"{metric}.{own}")
    return chosen


def directed(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with a column ``name`` (see ``select``), those of which the lower is better with their sign turned."""
    families = {name: name.partition(".")[0] for name in scores["name"].unique()}
    lower = {
        name
        for name, family in families.items()
        if declared.constant("metrics", family, "BETTER") == "lower"
    }
    return scores.assign(
        result=scores["result"].where(~scores["name"].isin(lower), -scores["result"])
    )
