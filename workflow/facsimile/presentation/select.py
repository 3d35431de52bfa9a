"""Select the scores that a table or figure shows."""

import json
from collections.abc import Sequence

import pandas as pd

from facsimile.foundation import declared
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec
from facsimile.studies.training import BEST, STEP

THEORY = "_theory"
"""The score ``x_theory`` is the closed form of the score ``x`` of the same metric."""


def with_names(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with two more columns, by which tables, figures and claims group them.

    ``name`` is ``metric.score``, or ``metric.score@variation``; ``method`` is what tables call the
    model (see ``methods``).
    """
    named = scores.assign(method=methods(scores))
    names = scores["metric"].astype(str) + "." + scores["score"].astype(str)
    if "variation" not in scores:  # gathered before evaluations had variations
        return named.assign(name=names)
    varied = names + "@" + scores["variation"].astype(str)
    return named.assign(name=names.where(scores["variation"] == "", varied))


def select(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    variations: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """Select the scores that a table or figure shows.

    Parameters
    ----------
    scores
        Gathered scores, one row per number (scores.parquet).
    spec
        The table or figure. Scores of its ``metrics`` and ``against`` are selected, those of each
        metric's headline if it names no ``metrics``.
    context
        The study at one of its scales; only data sets shown at it are selected.
    variations
        Also select every evaluation variation of each score, but no snapshots of training.

    Returns
    -------
    selected : DataFrame
        The rows selected, with the columns of ``with_names`` and ``plain``: the name without its
        variation if ``variations``, else the same name.
    metrics : list of str
        Names of the spec's ``metrics`` in their order. A name without any score stays in the list
        and is shown as missing.

    Raises
    ------
    ValueError
        If a run has the same score twice.
    """
    shown = with_names(scores[scores["dataset"].isin(context.shown(spec))])
    # Names come from the study file: one without any score must not vanish from the artefact.
    metrics = list(spec.metrics) or headlines(shown, context)
    plain = shown["name"].map(_without_variation).astype(str) if variations else shown["name"]
    selected = shown.assign(plain=plain)
    selected = selected[selected["plain"].isin([*metrics, *spec.against])]
    # Controls are shown beside any choice of models.
    if spec.models:
        selected = rows_of_models(selected, [*spec.models, *context.design.controls])
    return once_per_run(selected), metrics


def trained(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> pd.DataFrame:
    """Scores of the spec's data sets and models, without controls, with their names.

    Raises ValueError if a run has a score twice (``once_per_run``).
    """
    here = scores[scores["dataset"].isin(context.shown(spec))]
    named = once_per_run(with_names(without_controls(here)))
    return rows_of_models(named, spec.models)


def once_per_run(named: pd.DataFrame) -> pd.DataFrame:
    """Return scores with the column ``name``; raise ValueError if a run has one of them twice.

    Averaging over two values of one score would hide that they were computed differently.
    """
    duplicates = named[named.duplicated(["run", "name"])]
    if len(duplicates):
        run, name = duplicates.iloc[0][["run", "name"]]
        raise ValueError(
            f"scores: {run} has {name} twice; "
            "keep one convention, representation and seed of each score"
        )
    return named


def without_controls(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores of the study's models, without those of its controls."""
    return scores[~scores["control"].astype(bool)]


def methods(table: pd.DataFrame) -> pd.Series:
    """The method of each row of runs or scores: the model's label, or its name if it has none.

    Tables, figures and claims group by it and never by the model: a study may train one model
    under several labels, each with settings of its own.
    """
    models = table["model"].astype(str)
    if "label" not in table:
        return models
    labels = table["label"].astype(str)
    return labels.where(labels != "", models)


def rows_of_models(table: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """The rows of the given models, by name or label; all rows if none is given."""
    if not models:
        return table
    return table[table["model"].isin(models) | methods(table).isin(models)]


def rows_where(table: pd.DataFrame, where: Sequence[tuple[str, float]]) -> pd.DataFrame:
    """The rows of cells with these values of hyper-parameters, as far as they have these."""
    if not where:
        return table

    def has_values(params: str) -> bool:
        of_cell = json.loads(params) if params else {}
        return all(of_cell.get(name, value) == value for name, value in where)

    # A table has many rows per cell.
    chosen = [params for params in table["params"].unique() if has_values(params)]
    return table[table["params"].isin(chosen)]


def _without_variation(name: str) -> str:
    """A score's name without its variation; snapshots of training keep theirs."""
    plain, _, variation = name.partition("@")
    is_snapshot = variation == BEST or variation.startswith(STEP)
    return name if is_snapshot else plain


def headlines(scores: pd.DataFrame, context: Context) -> list[str]:
    """One score per metric of the study: the one named like the metric, or else its first.

    ``scores`` needs a column ``name`` (see ``with_names``).
    """
    is_variation = scores["name"].str.contains("@").astype(bool)
    names = []
    for metric in context.design.metrics:
        of_metric = scores.loc[(scores["metric"] == metric) & ~is_variation, "score"]
        candidates = list(dict.fromkeys(of_metric))
        headline = metric if metric in candidates or not candidates else candidates[0]
        names.append(f"{metric}.{headline}")
    return names


def directed(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores with the sign of those turned for which lower is better, so that higher is better.

    ``scores`` needs a column ``name`` (see ``with_names``).
    """
    lower_is_better = set()
    for name in scores["name"].unique():
        metric = name.partition(".")[0]
        if declared.constant("metrics", metric, "BETTER") == "lower":
            lower_is_better.add(name)
    turned = scores["name"].isin(lower_is_better)
    return scores.assign(result=scores["result"].where(~turned, -scores["result"]))
