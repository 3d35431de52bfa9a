"""What models decode when one concept after another is set, beside what the scene itself would look like."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import pictures as base_pictures
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Scene, Specimens
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec

SHOWS_MODELS = True
CELL = ["dataset", "model", "label", "params"]
COLUMNS = [*CELL, "seed", "run", "row", "concept", "moved", "moved_truth"]
Pictures = npt.NDArray[np.float32]


def draw(scores: pd.DataFrame, spec: Spec, context: Context, specimens: Specimens) -> Drawn:
    """A panel a cell, after one a data set that shows the truth: a row a concept, its image first, then values from -1 to 1."""
    shown = _shown(scores, spec, context, specimens)
    tables = [pd.DataFrame(columns=COLUMNS)]
    with style.styled():
        truths = shown["dataset"].nunique()
        figure, panels = style.grid(max(1, len(shown) + truths), 4.1, 1.75, columns=2)
        free = iter(panels)
        for dataset, cells in shown.groupby("dataset", sort=False):
            first, *_ = keys = list(cells["run"])
            scene = specimens.scene(first)
            truth = _truth(specimens.inferred(first), scene)
            _panel(
                next(free),
                truth,
                scene,
                _called(str(dataset), "the scene's equations", context, spec),
            )
            for key, cell in zip(keys, cells.to_dict("records"), strict=True):
                found = specimens.inferred(key)
                decoded = _decoded(found, scene)
                text = f"{cell['label'] or names.model(cell['model'])}; seed {cell['seed']}"
                _panel(next(free), decoded, scene, _called(str(dataset), text, context, spec))
                tables.append(_moved(cell, int(found["strip_rows"][0]), decoded, truth))
        if shown.empty:
            style.empty(panels[0], "no model is in the store")
            panels[0].set_axis_off()
        style.finish(figure, spec, context, [_remark()])
    return Drawn(figure, pd.concat([table for table in tables if len(table)] or tables))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: pictures state no number."""
    return []


def _shown(
    scores: pd.DataFrame, spec: Spec, context: Context, specimens: Specimens
) -> pd.DataFrame:
    """The first run of every cell whose model can set concepts and is in the store."""
    here = scores[scores["dataset"].isin(context.shown(spec)) & ~scores["control"].astype(bool)]
    first = here[here["model"].isin(context.methods(spec))].drop_duplicates(CELL)
    able = [specimens.has(key) and "strips" in specimens.inferred(key) for key in first["run"]]
    return first[np.array(able, dtype=bool)][[*CELL, "seed", "run"]]


def _decoded(found: dict[str, Any], scene: Scene | None) -> Pictures:
    """The first image's strips with the image before them [concepts, 1 + values, h, w, c], in [0, 1]."""
    strips = found["strips"][0].astype(np.float32) / 255
    return np.concatenate([_image(found, scene, strips)[:, None], strips], axis=1)


def _truth(found: dict[str, Any], scene: Scene | None) -> Pictures:
    """The same as the scene's equations have it; nothing changes where they are not known."""
    strips = found["strips"][0].astype(np.float32) / 255
    if scene is None:
        return np.zeros((len(strips), strips.shape[1] + 1, *strips.shape[2:]), np.float32)
    count = strips.shape[1]
    rows, values = (
        np.repeat(found["strip_rows"][:1], count),
        np.linspace(-1, 1, count, dtype=np.float32),
    )
    drawn: Pictures = np.stack(
        [scene.intervened(rows, k, values) for k in range(len(strips))]
    ).astype(np.float32)
    drawn /= 255
    return np.concatenate([_image(found, scene, drawn)[:, None], drawn], axis=1)


def _image(found: dict[str, Any], scene: Scene | None, like: Pictures) -> Pictures:
    """The image itself once a concept [concepts, h, w, c], averaged down to the size of the strips ``like``."""
    side = like.shape[2]
    if scene is None:
        return np.zeros((len(like), *like.shape[2:]), np.float32)
    image = scene.arrays(found["strip_rows"][:1])["images"][0]
    height, _, channels = image.shape
    small = (
        image.reshape(side, height // side, side, height // side, channels).mean(axis=(1, 3)) / 255
    )
    return np.repeat(small[None].astype(np.float32), len(like), axis=0)


def _panel(axes: Axes, pictures: Pictures, scene: Scene | None, title: str) -> None:
    concepts = scene.concepts if scene else [str(k) for k in range(len(pictures))]
    base_pictures.show(axes, pictures, [f"do({name.replace('_', ' ')})" for name in concepts])
    axes.set_title(title, loc="left", fontsize=8)


def _called(dataset: str, text: str, context: Context, spec: Spec) -> str:
    return f"{names.dataset(dataset)} · {text}" if len(context.shown(spec)) > 1 else text


def _moved(cell: dict[Any, Any], row: int, decoded: Pictures, truth: Pictures) -> pd.DataFrame:
    """How far pictures move from the lowest to the highest value of each concept: mean difference of a pixel, 0 to 1."""
    far = [np.abs(shown[:, -1] - shown[:, 1]).mean(axis=(1, 2, 3)) for shown in (decoded, truth)]
    table = pd.DataFrame({"concept": range(len(decoded)), "moved": far[0], "moved_truth": far[1]})
    return table.assign(**cell, row=row)[COLUMNS]


def _remark() -> str:
    return (
        "Of each cell the first seed, and of each data set one held-out image, which stands first; a row sets one concept to "
        "seven values from -1 to 1 in the units of the prior. What the equations say follows a concept's effects to the end."
    )
