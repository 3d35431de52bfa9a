"""How often a model that one score picks beats a random one, here and elsewhere (Locatello et al. 2019, Table 1)."""

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import directed, select
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates as statistics_estimates
from facsimile.statistics import model_choice
from facsimile.statistics.estimates import Estimate
from facsimile.statistics.model_choice import Case
from facsimile.tables import Table

ALL = "All methods"


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """A line for a choice among all methods, then one for a choice among the hyper-parameters of each; a column a case."""
    found, wanted = select(scores, spec, context)
    trained = directed(found[~found["control"].astype(bool)])
    datasets = context.shown(spec)
    rows, numbers = [], []
    for model in ("", *context.design.models):
        estimates = [chosen(trained, datasets, wanted, case, model) for case in model_choice.CASES]
        block, label = (
            ("Hyper-parameters of", names.model(model))
            if model
            else ("Method and hyper-parameter", ALL)
        )
        rows.append(
            Row(
                block,
                label,
                str(estimates[0].n),
                [Entry(e.value, e.low, e.high) for e in estimates],
            )
        )
        numbers += [
            (model, *case, e.value, e.low, e.high, e.n)
            for case, e in zip(model_choice.CASES, estimates, strict=True)
        ]
    columns = ["model", *Case._fields, "probability", "low", "high", "n"]
    titles = [_capital(case.text) for case in model_choice.CASES]
    return Table(
        spec.title,
        titles,
        rows,
        _notes(trained, spec, context),
        pd.DataFrame(numbers, columns=columns),
        "Chosen among",
    )


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None yet: a probability over several scores is no statistic of one, which is what the comparison asks for."""
    return []


def chosen(
    trained: pd.DataFrame, datasets: list[str], wanted: list[str], case: Case, model: str = ""
) -> Estimate:
    """The probability of one case, among the settings of one method or of all; ``trained`` as ``directed`` gives it."""
    own = trained[trained["model"] == model] if model else trained
    settled = own.assign(setting=own["model"].astype(str) + own["params"].astype(str))
    listed = sorted(settled["setting"].unique())
    if not listed:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    values = model_choice.grid(settled, datasets, wanted, listed)
    return model_choice.beats_random(
        values, case, statistics_estimates.generator("transfer", model, case.text)
    )


def _notes(trained: pd.DataFrame, spec: Spec, context: Context) -> list[str]:
    seeds = trained["seed"].nunique()
    lacking = [
        (
            trained["dataset"].nunique() < 2,
            f"transfer to another data set: here is {_listed(context.shown(spec))} alone",
        ),
        (trained["name"].nunique() < 2, "transfer to another score: there is one"),
        (
            seeds < 2,
            f"anything: a choice is put to the test with another seed, and there is {seeds or 'none'}",
        ),
    ]
    return [
        "Probability that the setting chosen by one score, data set and seed beats a random one with another seed; 0.5 is "
        "chance. All draws are counted; n: runs.",
        f"{100 * statistics_estimates.LEVEL:.0f} % bootstrap intervals over seeds; data sets and scores are taken as they are.",
        *(f"Nothing is said of {text}." for holds, text in lacking if holds),
        *context.caption(spec),
    ]


def _listed(datasets: list[str]) -> str:
    return names.listed([names.dataset(d) for d in datasets])


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
