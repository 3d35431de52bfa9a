"""Where a paper's text and its released code differ, both are there by name, and the comparison says which one matches.

A study file states under ``faithful_to`` a name that the published numbers use, and who stands for it: one as the ``paper``
says, one as the ``code`` does. Both are data sets, or labels of models, or scores. A published number of such a name becomes a
row of the comparison for each of them (for each pair, where two parts of a number have variants); ``nearest.py`` marks the one
whose number of ours lies nearest. Nothing here imports pandas, as study files are read each time Snakemake parses.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal["dataset", "model", "metric"]
WORDS: Mapping[Kind, str] = {
    "dataset": "data set",
    "model": "model",
    "metric": "score",
}  # fields of a quantity


class Variant(NamedTuple):
    """What stands for a published name: its own name, and whether it is as the paper's text or as the released code."""

    name: str
    faithful_to: str


class Names(NamedTuple):
    """The published names of a study that have variants, by what they are names of."""

    dataset: Mapping[str, tuple[Variant, ...]] = {}
    model: Mapping[str, tuple[Variant, ...]] = {}
    metric: Mapping[str, tuple[Variant, ...]] = {}

    def of(self, quantity: Any) -> Iterator[tuple[Any, str]]:
        """Every quantity that stands for a published one, and what it is faithful to in words; else itself and none."""
        fields: tuple[Kind, ...] = ("dataset", "model", "metric")
        found = [getattr(self, field).get(getattr(quantity, field), (None,)) for field in fields]
        for chosen in itertools.product(*found):
            pairs = [
                (field, variant) for field, variant in zip(fields, chosen, strict=True) if variant
            ]
            words = "; ".join(
                f"{WORDS[field]} as in the {variant.faithful_to}" for field, variant in pairs
            )
            yield (
                dataclasses.replace(quantity, **{field: variant.name for field, variant in pairs}),
                words,
            )
