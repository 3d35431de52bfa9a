"""Lists of the numbers that a table or figure states, for ``cells`` of a kind."""

from collections.abc import Iterable

from facsimile.foundation import canonical
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec


def of_models(
    spec: Spec,
    context: Context,
    methods: Iterable[str],
    statistic: str,
) -> list[Quantity]:
    """A statistic of each score of each method, over all hyper-parameters and seeds.

    For the paper's data sets and those shown in their place.
    """
    return of_cells(spec, context, [(method, "") for method in methods], statistic)


def of_cells(
    spec: Spec,
    context: Context,
    cells: Iterable[tuple[str, str]],
    statistic: str,
) -> list[Quantity]:
    """A statistic of each score of each cell.

    Parameters
    ----------
    spec, context
        The table or figure, and the study at one of its scales.
    cells
        Method, and its hyper-parameters as canonical JSON or "" for all.
    statistic
        Such as ``mean`` or ``median``.

    Returns
    -------
    list of Quantity
        For the paper's data sets and those shown in their place, ordered by data set, score, cell.
    """
    listed = list(cells)
    quantities = []
    for dataset in context.paper_and_shown(spec):
        for metric in context.metrics_of(spec):
            for model, params in listed:
                quantity = Quantity(spec.id, dataset, model, params, metric, statistic)
                quantities.append(quantity)
    return quantities


def of_pairs(
    spec: Spec,
    context: Context,
    pairs: Iterable[tuple[str, str]],
) -> list[Quantity]:
    """Spearman's correlation of each pair of scores, over all trained runs of a data set.

    For the paper's data sets and those shown in their place.
    """
    listed = list(pairs)
    quantities = []
    for dataset in context.paper_and_shown(spec):
        for first, second in listed:
            metric = f"{first} ~ {second}"
            quantities.append(Quantity(spec.id, dataset, "", "", metric, "spearman"))
    return quantities


def swept_cells(context: Context, methods: Iterable[str]) -> list[tuple[str, str]]:
    """Method and hyper-parameter, as canonical JSON, of each value of a sweep.

    Methods that do not sweep exactly one hyper-parameter have none.
    """
    cells = []
    for method in methods:
        for value in context.sweep(method):
            parameter = context.design.methods[method][0]
            cells.append((method, canonical.dumps({parameter: value})))
    return cells
