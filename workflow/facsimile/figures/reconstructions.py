"""Images, and what each method decodes from the means of their codes (Locatello et al. 2019, appendix)."""

import numpy as np
import pandas as pd

from facsimile.figures import Drawn
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


def draw(scores: pd.DataFrame, spec: Spec, context: Context, specimens: Specimens) -> Drawn:
    """A panel a data set: a row of images spread evenly over its order, then a row a method."""
    examples = base_examples.there(base_examples.of_each_method(scores, spec, context), specimens)
    shown, tables = context.shown(spec), [pd.DataFrame(columns=COLUMNS)]
    with style.styled():
        figure, panels = style.grid(
            len(shown), 6.4, 0.2 + 0.47 * (1 + len(context.methods(spec))), columns=1
        )
        for axes, dataset in zip(panels, shown, strict=True):
            own = examples[examples["dataset"] == dataset]
            if len(shown) > 1:
                axes.set_title(names.dataset(dataset), loc="left")
            if own.empty:
                axes.set_axis_off()
                style.empty(axes, "no model is in the store")
                continue
            pictures, table = _decoded(own, specimens)
            base_pictures.show(
                axes,
                pictures,
                [
                    "image",
                    *(
                        base_examples.said(row, context).replace(", ", "\n", 1)
                        for _, row in own.iterrows()
                    ),
                ],
            )
            tables.append(table)
        style.finish(figure, spec, context, [_remark()])
    return Drawn(figure, pd.concat([table for table in tables if len(table)] or tables))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: pictures state no number."""
    return []


def _decoded(
    examples: pd.DataFrame, specimens: Specimens
) -> tuple[base_pictures.Array, pd.DataFrame]:
    """The images of the first run and every run's reconstructions [rows, n, h, w, c], and how far each is from its image."""
    rows, tables = [], []
    for i, example in enumerate(examples.to_dict("records")):
        means, _ = specimens.codes(example["run"])
        at = np.linspace(0, len(means) - 1, IMAGES).astype(int)
        images = specimens.images(example["run"], at.tolist())
        decoded = specimens.decoder(example["run"])(means[at])
        rows += [images, decoded] if i == 0 else [decoded]
        error = ((decoded - images) ** 2).mean(axis=(1, 2, 3))
        about = {key: example[key] for key in base_examples.IDENTITY}
        tables.append(pd.DataFrame({**about, "image": at, "mean_squared_error": error}))
    return np.stack(rows), pd.concat(tables)[COLUMNS]


def _remark() -> str:
    return "Of each method the middle value of its sweep and its first seed. Images are spread evenly over the data set's order."
