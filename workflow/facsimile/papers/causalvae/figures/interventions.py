"""What models decode when one concept after another is set, beside the scene itself.

The scene's own equations say what the picture should look like.
"""

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
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.select import methods, without_controls
from facsimile.presentation.spec import Quantity, Spec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from facsimile.datasets.base.scene import Scene

SHOWS_MODELS = True
CELL = ["dataset", "model", "label", "params"]
COLUMNS = [*CELL, "seed", "run", "row", "concept", "moved", "moved_truth"]
REMARK = (
    "Of each cell the first seed, and of each data set one held-out image, which stands first; "
    "a row sets one concept to seven values from -1 to 1 in the units of the prior. "
    "What the equations say follows a concept's effects to the end."
)
Pictures = npt.NDArray[np.float32]
Inferred = dict[str, npt.NDArray[Any]]


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> Drawn:
    """One panel per data set that shows the truth, then one per cell of it.

    In a panel, one row per concept: the image itself, then the pictures with the concept set to
    values from -1 to 1.
    """
    shown = _shown(scores, spec, context, specimens)
    several_datasets = len(context.shown(spec)) > 1
    tables = []
    with style.styled():
        truths = shown["dataset"].nunique()
        figure, panels = style.grid(max(1, len(shown) + truths), 4.1, 1.75, columns=2)
        free = iter(panels)
        for dataset, cells in shown.groupby("dataset", sort=False):
            prefix = f"{names.dataset(str(dataset))} · " if several_datasets else ""
            # The truth is of the same image for all runs of a data set.
            first = cells["run"].iloc[0]
            scene = specimens.scene(first)
            truth = _truth(specimens.inferred(first), scene)
            _panel(next(free), truth, scene, f"{prefix}the scene's equations")
            for cell in cells.to_dict("records"):
                inferred = specimens.inferred(cell["run"])
                decoded = _decoded(inferred, scene)
                name = cell["label"] or names.model(cell["model"])
                _panel(next(free), decoded, scene, f"{prefix}{name}; seed {cell['seed']}")
                row = int(inferred["strip_rows"][0])
                tables.append(_moved(cell, row, decoded, truth))
        if shown.empty:
            style.empty(panels[0], "no model is in the store")
            panels[0].set_axis_off()
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, base_data.joined(tables, COLUMNS))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: pictures state no number."""
    return []


def _shown(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> pd.DataFrame:
    """The first run of each cell, of models that can set concepts and are in the store."""
    shown = without_controls(scores[scores["dataset"].isin(context.shown(spec))])
    shown = shown[methods(shown).isin(context.methods(spec))]
    first = shown.drop_duplicates(CELL)
    sets_concepts = []
    for key in first["run"]:
        sets_concepts.append(specimens.has(key) and "strips" in specimens.inferred(key))
    return first[np.array(sets_concepts, dtype=bool)][[*CELL, "seed", "run"]]


def _decoded(inferred: Inferred, scene: Scene | None) -> Pictures:
    """The image and its strips of pictures [concepts, 1 + values, h, w, c], in [0, 1]."""
    strips = inferred["strips"][0].astype(np.float32) / 255
    return _with_image(strips, inferred, scene)


def _truth(inferred: Inferred, scene: Scene | None) -> Pictures:
    """The image and its strips as ``_decoded``, by the scene's equations; black without a scene."""
    strips = inferred["strips"][0].astype(np.float32) / 255
    concepts, count = strips.shape[:2]
    if scene is None:
        return np.zeros((concepts, 1 + count, *strips.shape[2:]), np.float32)
    rows = np.repeat(inferred["strip_rows"][:1], count)
    values = np.linspace(-1, 1, count, dtype=np.float32)
    drawn = np.stack([scene.intervened(rows, concept, values) for concept in range(concepts)])
    pictures: Pictures = drawn.astype(np.float32)
    pictures /= 255
    return _with_image(pictures, inferred, scene)


def _with_image(
    strips: Pictures,
    inferred: Inferred,
    scene: Scene | None,
) -> Pictures:
    """Put the image itself before each strip."""
    images = _image(inferred, scene, strips)[:, None]
    return np.concatenate([images, strips], axis=1)


def _image(
    inferred: Inferred,
    scene: Scene | None,
    strips: Pictures,
) -> Pictures:
    """The image once per concept [concepts, h, w, c], averaged down to the size of the strips."""
    side = strips.shape[2]
    if scene is None:
        return np.zeros((len(strips), *strips.shape[2:]), np.float32)
    image = scene.arrays(inferred["strip_rows"][:1])["images"][0]
    height, _, channels = image.shape
    # Models may be trained on pictures averaged down by a whole number.
    blocks = image.reshape(side, height // side, side, height // side, channels)
    small = blocks.mean(axis=(1, 3)) / 255
    return np.repeat(small[None].astype(np.float32), len(strips), axis=0)


def _panel(
    axes: Axes,
    pictures: Pictures,
    scene: Scene | None,
    title: str,
) -> None:
    concepts = scene.concepts if scene else [str(k) for k in range(len(pictures))]
    labels = [f"do({concept.replace('_', ' ')})" for concept in concepts]
    base_pictures.show(axes, pictures, labels)
    axes.set_title(title, loc="left", fontsize=8)


def _moved(
    cell: dict[Any, Any],
    row: int,
    decoded: Pictures,
    truth: Pictures,
) -> pd.DataFrame:
    """How far pictures move from the lowest to the highest value of each concept.

    Mean absolute difference of a pixel, 0 to 1; one row per concept with the columns ``COLUMNS``.
    """
    distances = []
    for pictures in (decoded, truth):
        lowest, highest = pictures[:, 1], pictures[:, -1]  # the first picture is the image itself
        distances.append(np.abs(highest - lowest).mean(axis=(1, 2, 3)))
    moved, moved_truth = distances
    concepts = range(len(decoded))
    table = pd.DataFrame({"concept": concepts, "moved": moved, "moved_truth": moved_truth})
    return table.assign(**cell, row=row)[COLUMNS]
