"""A line a score, for tables whose rows are what was measured of a data set or model: ours, and the published number."""

import pandas as pd

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.rendering import Entry, Row
from facsimile.presentation.select import with_names
from facsimile.presentation.spec import Quantity, Spec
from facsimile.statistics import estimates
from facsimile.tables import Table
from facsimile.tables.base import means

COLUMNS = ["dataset", "model", "metric", "mean", "low", "high", "n", "published", "difference"]
DIGITS = 4
NONE = float("nan")


def make(scores: pd.DataFrame, runs: pd.DataFrame, spec: Spec, context: Context) -> Table:
    """One line a (data set, model, score); the spec names metrics, all of whose scores are shown, or single scores."""
    said = with_names(scores)
    shown = said[
        said["dataset"].isin(context.shown(spec))
        & said["name"].map(lambda name: _wanted(name, spec))
    ]
    numbers = [
        _number(key, own, spec, context)
        for key, own in shown.groupby(["dataset", "model", "name"], sort=False)
    ]
    data = pd.DataFrame(numbers, columns=COLUMNS)
    several = data["model"].nunique() > 1
    rows = [_row(number, several) for number in data.to_dict("records")]
    notes = [
        "n: runs; one where nothing is trained.",
        *context.caption(spec),
        *means.failures(means.shown(runs, spec, context)),
    ]
    return Table(spec.title, ["ours", "published", "difference"], rows, notes, data)


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """The published numbers of this table, whose names only its metrics know."""
    return [quantity for quantity in context.published.authors if quantity.artefact == spec.id]


def _wanted(name: str, spec: Spec) -> bool:
    """A variation is shown where it is named itself."""
    return name in spec.metrics or (
        "@" not in name and (not spec.metrics or name.partition(".")[0] in spec.metrics)
    )


def _number(key: object, own: pd.DataFrame, spec: Spec, context: Context) -> tuple[object, ...]:
    assert isinstance(key, tuple)
    dataset, model, name = map(str, key)
    found = estimates.estimate(
        own["result"].to_numpy(dtype=float), estimates.generator(dataset, model, name)
    )
    printed = context.published.authors.get(
        Quantity(spec.id, dataset, model, "", name, "mean"), NONE
    )
    return (
        dataset,
        model,
        name,
        found.value,
        found.low,
        found.high,
        found.n,
        printed,
        found.value - printed,
    )


def _row(number: dict[object, object], several: bool) -> Row:
    dataset, model, name = (str(number[key]) for key in ("dataset", "model", "metric"))
    method = [names.model(model)] if several else []
    mean, low, high, *beside_it = (
        float(str(number[key])) for key in ("mean", "low", "high", "published", "difference")
    )
    ours, beside = (
        Entry(mean, low, high, digits=DIGITS),
        [Entry(value, NONE, NONE, digits=DIGITS) for value in beside_it],
    )
    return Row(
        names.dataset(dataset),
        " ".join([*method, names.scores([name])[0]]),
        str(number["n"]),
        [ours, *beside],
    )
