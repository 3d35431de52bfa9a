"""Images, and what each method decodes from the means of their codes.

Locatello et al. 2019, appendix.
"""

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
from facsimile.figures.base import data as base_data
from facsimile.figures.base import examples as base_examples
from facsimile.figures.base import pictures as base_pictures
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec

SHOWS_MODELS = True
IMAGES = 10
COLUMNS = ["dataset", "model", "params", "seed", "run", "image", "mean_squared_error"]
REMARK = (
    "Of each method the middle value of its sweep and its first seed. "
    "Images are spread evenly over the data set's order."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> Drawn:
    """One panel per data set: a row of images, then one row of reconstructions per method.

    The images are spread evenly over the data set's order.
    """
    examples = base_examples.of_each_method(scores, spec, context)
    examples = base_examples.stored(examples, specimens)
    datasets = context.shown(spec)
    tables = []
    with style.styled():
        height = 0.2 + 0.47 * (1 + len(context.methods(spec)))
        figure, panels = style.grid(len(datasets), 6.4, height, columns=1)
        for axes, dataset in zip(panels, datasets, strict=True):
            of_dataset = examples[examples["dataset"] == dataset]
            if len(datasets) > 1:
                axes.set_title(names.dataset(dataset), loc="left")
            if of_dataset.empty:
                axes.set_axis_off()
                style.empty(axes, "no model is in the store")
                continue
            pictures, table = _decoded(of_dataset, specimens)
            labels = ["image"]
            for _, run in of_dataset.iterrows():
                # The method on one line, its value and seed on the next.
                labels.append(base_examples.title(run, context).replace(", ", "\n", 1))
            base_pictures.show(axes, pictures, labels)
            tables.append(table)
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, base_data.joined(tables, COLUMNS))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: pictures state no number."""
    return []


def _decoded(
    examples: pd.DataFrame, specimens: Specimens
) -> tuple[base_pictures.Array, pd.DataFrame]:
    """Images and reconstructions of the runs of one data set.

    Returns
    -------
    pictures : array [1 + runs, n, h, w, c]
        The images, as the first run encoded them, then the reconstructions of each run.
    table : DataFrame
        How far each reconstruction is from its image, with the columns ``COLUMNS``.
    """
    rows: list[base_pictures.Array] = []
    tables = []
    for run in examples.to_dict("records"):
        key = run["run"]
        means, _ = specimens.codes(key)
        positions = np.linspace(0, len(means) - 1, IMAGES).astype(int)
        images = specimens.images(key, positions.tolist())
        decoded = specimens.decoder(key)(means[positions])
        # All runs of a data set encoded the same images.
        if not rows:
            rows.append(images)
        rows.append(decoded)
        identity = {column: run[column] for column in base_examples.IDENTITY}
        table = pd.DataFrame({**identity, "image": positions})
        errors = ((decoded - images) ** 2).mean(axis=(1, 2, 3))
        tables.append(table.assign(mean_squared_error=errors))
    return np.stack(rows), pd.concat(tables)[COLUMNS]
