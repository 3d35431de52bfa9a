"""Figures: one file a kind, found by its name; each has ``draw(scores, spec, context)`` and ``cells(spec, context)``.

``draw`` takes the tidy scores, draws what there is, prints n, and answers the figure with the tidy data behind its panels. A
kind that shows models themselves says ``SHOWS_MODELS = True`` and its ``draw`` takes their ``specimens``, too.
``cells`` lists the numbers that the paper's figure states, so that the comparison can ask for each.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from facsimile.figures.base.specimens import Specimens
from facsimile.foundation import atomic, discover
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec

# Editable text in PDFs, and nothing in the files that changes from one drawing to the next.
OUTPUT: dict[Any, Any] = {"pdf.fonttype": 42, "svg.hashsalt": "facsimile"}
METADATA = {"pdf": {"CreationDate": None, "ModDate": None}, "png": {"Software": None}}
DPI = 150


@dataclass(frozen=True)
class Drawn:
    """A figure, and one row a mark of it."""

    figure: Figure
    data: pd.DataFrame


def draw(
    kind: str,
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens | None = None,
) -> Drawn:
    """Draw one figure; raises UnknownName if no file of figures/ is called ``kind``, ValueError if it needs ``specimens``."""
    module = discover.module("figures", kind)
    shows_models = getattr(module, "SHOWS_MODELS", False)
    if shows_models and specimens is None:
        raise ValueError(
            f"{spec.id}: {kind} shows models themselves; give it the specimens of a store (specimens.Stored)"
        )
    drawn: Drawn = module.draw(scores, spec, context, *[specimens] * shows_models)
    return drawn


def save(drawn: Drawn, folder: Path, name: str) -> list[Path]:
    """Write ``name``.pdf, .png (150 dpi) and .csv (the data), whole or not at all; a drawing gives the same bytes again."""
    paths = {ending: folder / f"{name}.{ending}" for ending in ("pdf", "png", "csv")}
    for ending, metadata in METADATA.items():
        with atomic.replacing(paths[ending]) as temporary, mpl.rc_context(OUTPUT):
            drawn.figure.savefig(
                temporary,
                format=ending,
                dpi=DPI,
                metadata=metadata,
                bbox_inches="tight",
                pad_inches=0.12,
            )
    atomic.write_bytes(paths["csv"], drawn.data.to_csv(index=False, lineterminator="\n").encode())
    return list(paths.values())
