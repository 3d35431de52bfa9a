"""Variants of a published quantity: one as the paper's text says, one as its released code does.

Where text and code differ, a study reproduces both, and the comparison reports which one matches.
Under ``faithful_to``, a study file lists names that the published numbers use, each with its two
variants: ``paper`` and ``code``. Both are data sets, labels of models, or scores.

A published number of such a name becomes one row of the comparison per variant. If two parts of
the number have variants, it becomes one row per pair. ``nearest.py`` marks the variant whose result
is nearest to the published number.

Nothing here imports pandas, because Snakemake reads study files each time it parses the Snakefile.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

# Fields of a quantity that may have variants.
Kind = Literal["dataset", "model", "metric"]
WORDS: Mapping[Kind, str] = {
    "dataset": "data set",
    "model": "model",
    "metric": "score",
}


class Variant(NamedTuple):
    """A variant's name, and whether it is faithful to the ``paper`` or to the ``code``."""

    name: str
    faithful_to: str


class Names(NamedTuple):
    """The published names of a study that have variants: name -> variants, for each kind."""

    dataset: Mapping[str, tuple[Variant, ...]] = {}
    model: Mapping[str, tuple[Variant, ...]] = {}
    metric: Mapping[str, tuple[Variant, ...]] = {}

    def of(self, quantity: Any) -> Iterator[tuple[Any, str]]:
        """Yield each variant of a published quantity with a note on what it is faithful to.

        Without variants, yield the quantity itself and "".
        """
        fields: tuple[Kind, ...] = ("dataset", "model", "metric")
        options = []
        for field in fields:
            variants = getattr(self, field).get(getattr(quantity, field), (None,))
            options.append(variants)
        for combination in itertools.product(*options):
            names: dict[str, str] = {}
            notes: list[str] = []
            for field, variant in zip(fields, combination, strict=True):
                if variant:
                    names[field] = variant.name
                    notes.append(f"{WORDS[field]} as in the {variant.faithful_to}")
            yield dataclasses.replace(quantity, **names), "; ".join(notes)
