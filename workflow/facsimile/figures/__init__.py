"""Figures: one file per kind, discovered by its name.

A kind defines the first two functions, and the third function and the constant if it needs them:

``draw(scores, spec, context) -> Drawn``
    The figure and the tidy data behind its panels, from the gathered scores. It draws the scores
    that there are, shows missing ones as missing, and prints n.
``cells(spec, context) -> list of Quantity``
    The numbers that the paper's figure states, each of which the comparison looks up.
``own_estimates(scores, spec, context) -> dict of Quantity to Estimate``
    As for tables: our values of numbers that are not statistics of one score over runs.
``SHOWS_MODELS = True``
    ``draw`` takes a fourth argument, ``specimens``: codes, images and decoders of runs.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from facsimile.figures.base.specimens import Specimens
from facsimile.foundation import atomic, discover, extras
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Text in PDFs stays editable, and a figure that is drawn again gives the same bytes: element ids
# are not random, and files carry neither dates nor versions.
OUTPUT: dict[Any, Any] = {"pdf.fonttype": 42, "svg.hashsalt": "facsimile"}
METADATA = {"pdf": {"CreationDate": None, "ModDate": None}, "png": {"Software": None}}
DPI = 150
MARGIN = 0.12  # inches around the figure
POSITION_DIGITS = 9  # decimals of a position of axes in a figure


@dataclass(frozen=True)
class Drawn:
    """A figure and the tidy data behind it, one row per mark."""

    figure: Figure
    data: pd.DataFrame


def draw(
    kind: str,
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens | None = None,
) -> Drawn:
    """Draw one figure.

    Parameters
    ----------
    kind
        Name of a file in figures/.
    scores
        Gathered scores, one row per number (scores.parquet).
    spec, context
        What the figure shows, and the study at one of its scales.
    specimens
        Codes, images and decoders of runs, for kinds that show models themselves.

    Raises
    ------
    UnknownName
        If there is no such kind of figure.
    ValueError
        If the kind shows models themselves and no ``specimens`` are given.
    MissingExtra
        If Matplotlib is not installed.
    """
    module = discover.module("figures", kind)
    # Kinds import it while they draw, after they have selected scores.
    with extras.required_by(f"the figure {kind}"):
        importlib.import_module("matplotlib")
    if not getattr(module, "SHOWS_MODELS", False):
        drawn: Drawn = module.draw(scores, spec, context)
        return drawn
    if specimens is None:
        raise ValueError(
            f"{spec.id}: {kind} shows models themselves; "
            "give it the specimens of a store (scoring.specimens.StoredSpecimens)"
        )
    drawn = module.draw(scores, spec, context, specimens)
    return drawn


def save(
    drawn: Drawn,
    folder: Path,
    name: str,
) -> list[Path]:
    """Write ``name``.pdf, .png (150 dpi) and .csv (the data).

    A file is written completely or not at all. The same drawing gives the same bytes.
    """
    import matplotlib as mpl

    figure = drawn.figure
    paths = {ending: folder / f"{name}.{ending}" for ending in ("pdf", "png", "csv")}
    with mpl.rc_context(OUTPUT):
        # Lay out and crop once for all formats; savefig would do it for each.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        _round_positions(figure)
        crop = figure.get_tightbbox().padded(MARGIN)
        for ending, metadata in METADATA.items():
            with atomic.replacing(paths[ending]) as temporary:
                figure.savefig(
                    temporary,
                    format=ending,
                    dpi=DPI,
                    metadata=metadata,
                    bbox_inches=crop,
                )
    data = drawn.data.to_csv(index=False, lineterminator="\n")
    atomic.write_bytes(paths["csv"], data.encode())
    return list(paths.values())


def _round_positions(figure: Figure) -> None:
    """Round the positions that the layout computed, in fractions of the figure.

    The solver of the layout (kiwi) sums in the order of memory addresses, so that the last bit of a
    position differs from one drawing to the next, and with it a PDF.
    """
    from matplotlib.transforms import Bbox

    for axes in figure.axes:
        corners = axes.get_position(original=True).get_points()
        in_layout = axes.get_in_layout()
        axes.set_position(Bbox(corners.round(POSITION_DIGITS)))
        axes.set_in_layout(in_layout)
