"""Test pictures decoded with the characteristics of the labels of other test pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data as base_data
from facsimile.figures.base import pictures as base_pictures
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.foundation import declared
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import methods, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWS_MODELS = True
SHOWN = 10  # pictures at most
SIZE = (2.9, 2.9)  # of a panel, in inches
CELL = ["dataset", "model", "label", "params"]
EXCHANGE = [*CELL, "seed", "run", "exchange"]
COLUMNS = [*EXCHANGE, "row", "other_row", "moved"]
REMARK = (
    "Of each cell the first seed. Columns: the pictures whose labels, or their characteristics, "
    "are taken; rows: those that they are given to; the diagonal shows plain reconstructions."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> Drawn:
    """One panel per cell and group of labels that is exchanged."""
    cells_shown = _cells(scores, spec, context, specimens)
    tables = []
    with style.styled():
        count = max(1, len(cells_shown))
        figure, panels = style.grid(count, *SIZE, columns=3)
        for axes, cell in zip(panels, cells_shown, strict=False):
            inferred = specimens.inferred(cell["run"])
            rows = inferred["exchanged_rows"]
            chosen = _spread(len(rows))
            decoded = inferred["exchanged"][cell["exchange"]]
            pictures = decoded[chosen][:, chosen].astype(np.float32) / 255
            base_pictures.show(axes, pictures, [""] * len(chosen))
            _set_title(axes, cell, several=len(inferred["exchanged"]) > 1)
            tables.append(_moved(cell, rows[chosen], pictures))
        if not cells_shown:
            style.empty(panels[0], "no model is in the store")
            panels[0].set_axis_off()
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, base_data.joined(tables, COLUMNS))


def cells(
    spec: Spec,
    context: Context,
) -> list[Quantity]:
    """None: pictures state no number."""
    return []


def _cells(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> list[dict[Any, Any]]:
    """The first run of each cell, once per group of labels that it exchanges."""
    is_here = scores["dataset"].isin(context.shown(spec))
    shown = without_controls(scores[is_here])
    shown = shown[methods(shown).isin(context.methods(spec))]
    first = shown.drop_duplicates(CELL)[[*CELL, "seed", "run"]]
    cells = []
    for cell in first.to_dict("records"):
        inferred = specimens.inferred(cell["run"]) if specimens.has(cell["run"]) else {}
        for exchange in range(len(inferred.get("exchanged", ()))):
            cells.append({**cell, "exchange": exchange})
    return cells


def _spread(count: int) -> npt.NDArray[np.int64]:
    """At most ``SHOWN`` positions from the first to the last, at distances that are nearly equal.

    Equal distances would leave out half of the values of a binary label: rows are in the order of
    their label vectors.
    """
    positions = np.linspace(0, count - 1, min(count, SHOWN))
    return positions.round().astype(np.int64)


def _set_title(
    axes: Axes,
    cell: dict[Any, Any],
    several: bool,
) -> None:
    name = cell["label"] or names.model(cell["model"])
    parts = [name, names.settings(cell["params"])]
    if several:
        parts.append(_attribute(cell))
    title = "\n".join(filter(None, parts))
    axes.set_title(title, loc="left", fontsize=7)


def _attribute(cell: dict[Any, Any]) -> str:
    """Name of the label that is exchanged, if the data set's file lists ``ATTRIBUTES``."""
    exchange: int = cell["exchange"]
    attributes = declared.optional("datasets", cell["dataset"], "ATTRIBUTES", ())
    if exchange < len(attributes):
        return str(attributes[exchange])
    return f"label {exchange + 1}"


def _moved(
    cell: dict[Any, Any],
    rows: npt.NDArray[np.int64],
    pictures: npt.NDArray[np.float32],
) -> pd.DataFrame:
    """How far each exchange moves a picture: mean absolute difference of a pixel, 0 to 1."""
    diagonal = np.arange(len(rows))
    plain = pictures[diagonal, diagonal][:, None]
    moved = np.abs(pictures - plain).mean(axis=(2, 3, 4))
    table = pd.DataFrame(
        {
            "row": np.repeat(rows, len(rows)),
            "other_row": np.tile(rows, len(rows)),
            "moved": moved.ravel(),
        }
    )
    return table.assign(**cell)[COLUMNS]
