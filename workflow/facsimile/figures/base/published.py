"""Published numbers of a figure, in a fixed order, with the names that the paper uses."""

from collections.abc import Iterator

from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec


def numbers(spec: Spec, context: Context) -> Iterator[tuple[Quantity, float]]:
    """Yield the authors' numbers of a figure, of the methods that it shows and those not made.

    The order is that of the study's data sets and methods.
    """
    known = context.published.authors
    methods = [*context.methods(spec), *context.design.not_made]
    datasets = [*context.design.datasets, *context.design.not_made]

    def place(quantity: Quantity) -> tuple[int, int]:
        return datasets.index(quantity.dataset), methods.index(quantity.model)

    here = [quantity for quantity in known if quantity.artefact == spec.id]
    shown = [quantity for quantity in here if quantity.model in methods]
    for quantity in sorted(shown, key=place):
        yield quantity, known[quantity]


def title(dataset: str) -> str:
    """The title of a panel of published numbers."""
    return f"published: {names.dataset(dataset)}"


def name(method: str, context: Context) -> str:
    """What the paper calls a method: the published name, if the method is a variant of one."""
    for published, variants in context.design.variants.model.items():
        if method in [variant.name for variant in variants]:
            return published
    return names.model(method)
