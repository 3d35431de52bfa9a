"""Pictures that a model generates from the same exogenous terms after each cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data as base_data
from facsimile.figures.base import pictures as base_pictures
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.papers.ccgm.cuts import CUTS
from facsimile.papers.ccgm.figures.cut_correlations import TITLES
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import methods, without_controls
from facsimile.presentation.spec import Quantity, Spec

SHOWS_MODELS = True
CELL = ["dataset", "model", "label", "params"]
COLUMNS = [*CELL, "seed", "run", "cut", "changed"]
SHOWN = 10
REMARK = "Of each cell the first seed. Pictures of a column have the same exogenous terms."
Pictures = npt.NDArray[np.float32]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> Drawn:
    """One panel per cell; in it one row per cut, and a column per vector of exogenous terms."""
    shown = _shown(scores, spec, context, specimens)
    tables = []
    with style.styled():
        figure, panels = style.grid(max(1, len(shown)), 6.2, 2.6, columns=1)
        labels = [TITLES[cut] for cut in CUTS]
        cells_shown = shown.to_dict("records")
        for axes, cell in zip(panels, cells_shown, strict=False):
            images = specimens.inferred(cell["run"])["cut_images"]
            places = np.linspace(0, images.shape[1] - 1, SHOWN).astype(int)
            pictures: Pictures = images[:, places].astype(np.float32)
            pictures /= 255
            base_pictures.show(axes, pictures, labels)
            name = cell["label"] or names.model(cell["model"])
            axes.set_title(f"{name}; seed {cell['seed']}", loc="left", fontsize=8)
            tables.append(_changed(cell, images))
        if shown.empty:
            style.empty(panels[0], "no model is in the store")
            panels[0].set_axis_off()
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, base_data.joined(tables, COLUMNS))


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: pictures have no number."""
    return []


def _shown(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> pd.DataFrame:
    """The first run of each cell, of models whose edges were cut and that are in the store."""
    is_shown = scores["dataset"].isin(context.shown(spec))
    shown = without_controls(scores[is_shown])
    shown = shown[methods(shown).isin(context.methods(spec))]
    first = shown.drop_duplicates(CELL)
    has_cuts = []
    for key in first["run"]:
        is_stored = specimens.has(key)
        has_cuts.append(is_stored and "cut_images" in specimens.inferred(key))
    stored = first[np.array(has_cuts, dtype=bool)]
    return stored[[*CELL, "seed", "run"]]


def _changed(
    cell: dict[Any, Any],
    images: npt.NDArray[np.uint8],
) -> pd.DataFrame:
    """Mean absolute change of a pixel by each cut, 0 to 1, with the columns ``COLUMNS``."""
    values = images.astype(np.float32) / 255
    changes = np.abs(values - values[0])
    changed = changes.reshape(len(changes), -1).mean(axis=1)
    table = pd.DataFrame({"cut": CUTS, "changed": changed})
    return table.assign(**cell)[COLUMNS]
