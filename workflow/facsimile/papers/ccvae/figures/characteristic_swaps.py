"""Test pictures decoded with the characteristics of the labels of other test pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import pictures as base_pictures
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import methods, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWS_MODELS = True
SHOWN = 10  # pictures at most
CELL = ["dataset", "model", "label", "params"]
COLUMNS = [*CELL, "seed", "run", "exchange", "row", "other_row", "moved"]
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
    panels_shown = _panels(scores, spec, context, specimens)
    tables = []
    with style.styled():
        figure, panels = style.grid(max(1, len(panels_shown)), 2.9, 2.9, columns=3)
        for axes, (cell, exchange, several) in zip(panels, panels_shown, strict=False):
            inferred = specimens.inferred(cell["run"])
            chosen = _spread(len(inferred["exchanged_rows"]))
            decoded = inferred["exchanged"][exchange][np.ix_(chosen, chosen)]
            shown = decoded.astype(np.float32) / 255
            base_pictures.show(axes, shown, [""] * len(chosen))
            _set_title(axes, cell, exchange if several else None)
            rows = inferred["exchanged_rows"][chosen]
            tables.append(_moved(cell, exchange, rows, shown))
        if not panels_shown:
            style.empty(panels[0], "no model is in the store")
            panels[0].set_axis_off()
        style.finish(figure, spec, context, [REMARK])
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    return Drawn(figure, table)


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: pictures state no number."""
    return []


def _panels(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> list[tuple[dict[str, Any], int, bool]]:
    """The first run of each cell, each group of its labels, and whether there are several."""
    shown = without_controls(scores[scores["dataset"].isin(context.shown(spec))])
    shown = shown[methods(shown).isin(context.methods(spec))]
    panels = []
    for cell in shown.drop_duplicates(CELL)[[*CELL, "seed", "run"]].to_dict("records"):
        if not specimens.has(cell["run"]):
            continue
        exchanged = specimens.inferred(cell["run"]).get("exchanged")
        count = 0 if exchanged is None else len(exchanged)
        panels += [(cell, exchange, count > 1) for exchange in range(count)]
    return panels


def _spread(count: int) -> npt.NDArray[np.int64]:
    """At most ``SHOWN`` positions, at equal distances; every second one of twice as many."""
    step = max(1, math.ceil(count / SHOWN))
    return np.arange(0, count, step)


def _set_title(
    axes: Axes,
    cell: dict[str, Any],
    exchange: int | None,
) -> None:
    name = cell["label"] or names.model(cell["model"])
    parts = [name, names.settings(cell["params"])]
    if exchange is not None:
        parts.append(f"label {exchange + 1}")
    axes.set_title("\n".join(filter(None, parts)), loc="left", fontsize=7)


def _moved(
    cell: dict[str, Any],
    exchange: int,
    rows: npt.NDArray[np.int64],
    pictures: npt.NDArray[np.float32],
) -> pd.DataFrame:
    """How far each exchange moves a picture: mean absolute difference of a pixel, 0 to 1."""
    diagonal = np.arange(len(rows))
    plain = pictures[diagonal, diagonal][:, None]
    moved = np.abs(pictures - plain).mean(axis=(2, 3, 4))
    first, second = np.indices(moved.shape)
    table = pd.DataFrame(
        {
            "row": rows[first.ravel()],
            "other_row": rows[second.ravel()],
            "moved": moved.ravel(),
        }
    )
    return table.assign(**cell, exchange=exchange)[COLUMNS]
