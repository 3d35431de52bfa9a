"""How often a model chosen by one score beats a random one (Locatello et al. 2019, Table 1).

On the same and on another data set, by the same and by another score.
"""

from dataclasses import astuple

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import directed, select, without_controls
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates as statistics_estimates
from facsimile.statistics import model_choice
from facsimile.statistics.estimates import Estimate
from facsimile.statistics.model_choice import Case
from facsimile.tables import Table

NAN = float("nan")
ALL = "All methods"
STATISTIC = "beats random"
COLUMNS = ["model", *Case._fields, "probability", "low", "high", "n"]


def make(
    scores: pd.DataFrame,
    runs: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> Table:
    """One row for a choice among all methods, then one for a choice among the settings of each.

    One column per case: same or other score, same or other data set.
    """
    selected, metrics = select(scores, spec, context)
    trained = directed(without_controls(selected))
    datasets = context.shown(spec)
    rows, numbers = [], []
    for method in ("", *context.methods(spec)):
        candidates = trained[trained["method"] == method] if method else trained
        entries, counts = [], []
        for case in model_choice.CASES:
            probability = chosen(candidates, datasets, metrics, case, method)
            entries.append(Entry.of(probability))
            counts.append(probability.n)
            numbers.append((method, *case, *astuple(probability)))
        block, label = "Method and hyper-parameter", ALL
        if method:
            block, label = "Hyper-parameters of", names.model(method)
        rows.append(Row(block, label, str(counts[0]), entries))
    return Table(
        title=spec.title,
        columns=[_capitalized(case.text) for case in model_choice.CASES],
        rows=rows,
        notes=_notes(trained, spec, context),
        data=pd.DataFrame(numbers, columns=COLUMNS),
        head="Chosen among",
    )


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """The probability of each case, chosen among the settings of all methods."""
    return [_quantity(spec, case) for case in model_choice.CASES]


def own_estimates(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> dict[Quantity, Estimate]:
    """The probability of each case. Ties count as wins, as in the paper; in the table, half."""
    selected, metrics = select(scores, spec, context)
    trained = directed(without_controls(selected))
    values = {}
    for case in model_choice.CASES:
        probability = chosen(trained, context.shown(spec), metrics, case, ties=1.0)
        values[_quantity(spec, case)] = probability
    return values


def _quantity(spec: Spec, case: Case) -> Quantity:
    """A number of the whole study: of all its data sets, models and scores."""
    score = "same" if case.same_metric else "another"
    dataset = "same" if case.same_dataset else "another"
    metric = f"study.{score}_score_{dataset}_dataset"
    return Quantity(spec.id, "", "", "", metric, STATISTIC)


def chosen(
    candidates: pd.DataFrame,
    datasets: list[str],
    metrics: list[str],
    case: Case,
    method: str = "",
    ties: float = 0.5,
) -> Estimate:
    """The probability that a chosen model beats a random one, in one case.

    Parameters
    ----------
    candidates
        Scores of the trained runs to choose among, higher better, as ``directed`` returns them.
    datasets, metrics
        Data sets and names of scores to choose by and to be judged by.
    case
        Whether score and data set are the same for choosing and judging.
    method
        The method that all candidates are of, for the seed of the resamples; "" for several.
    ties
        What a tie counts: 0.5, or 1 as in the paper.
    """
    # A setting is a method with its hyper-parameters; its runs differ in their seeds.
    settings = candidates["method"].astype(str) + candidates["params"].astype(str)
    candidates = candidates.assign(setting=settings)
    listed = sorted(candidates["setting"].unique())
    if not listed:
        return Estimate(NAN, NAN, NAN, 0)
    values = model_choice.grid(candidates, datasets, metrics, listed)
    # The word "transfer" is part of the seed: it stays, so that intervals do not change.
    rng = statistics_estimates.generator("transfer", method, case.text)
    return model_choice.beats_random(values, case, rng, ties=ties)


def _notes(
    trained: pd.DataFrame,
    spec: Spec,
    context: Context,
) -> list[str]:
    level = f"{100 * statistics_estimates.LEVEL:.0f} %"
    notes = [
        "Probability that the setting chosen by one score, data set and seed beats a random one "
        "with another seed; 0.5 is chance. All draws are counted; n: runs.",
        f"{level} bootstrap intervals over seeds; data sets and scores are not resampled.",
    ]
    if trained["dataset"].nunique() < 2:
        shown = names.enumeration([names.dataset(dataset) for dataset in context.shown(spec)])
        notes.append(f"No transfer to another data set: {shown} is the only one here.")
    if trained["name"].nunique() < 2:
        notes.append("No transfer to another score: there is only one.")
    seeds = trained["seed"].nunique()
    if seeds < 2:
        notes.append(
            "No probabilities: a choice is tested with another seed, "
            f"and there is {'only one' if seeds else 'none'}."
        )
    return [*notes, *context.caption(spec)]


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]
