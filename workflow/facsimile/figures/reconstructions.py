"""Images, and what each method decodes from the means of their codes (Locatello et al. 2019, appendix)."""

import numpy as np
import pandas as pd

from facsimile import names
from facsimile.figures import Drawn, _examples, _pictures, _style
from facsimile.figures._specimens import Specimens
from facsimile.presentation import Context, Quantity, Spec

SHOWS_MODELS = True
IMAGES = 10
COLUMNS = ["dataset", "model", "params", "seed", "run", "image", "mean_squared_error"]


def draw(scores: pd.DataFrame, spec: Spec, context: Context, specimens: Specimens) -> Drawn:
    """A panel a data set: a row of images spread evenly over its order, then a row a method."""
    examples = _examples.there(_examples.of_each_method(scores, spec, context), specimens)
    shown, tables = context.shown(spec), [pd.DataFrame(columns=COLUMNS)]
    with _style.styled():
        figure, panels = _style.grid(len(shown), 6.4, 0.2 + 0.47 * (1 + len(context.methods(spec))), columns=1)
        for axes, dataset in zip(panels, shown, strict=True):
            own = examples[examples["dataset"] == dataset]
            if len(shown) > 1:
                axes.set_title(names.dataset(dataset), loc="left")
            if own.empty:
                axes.set_axis_off()
                _style.empty(axes, "no model is in the store")
                continue
            pictures, table = _decoded(own, specimens)
            _pictures.show(
                axes, pictures, ["image", *(_examples.said(row, context).replace(", ", "\n", 1) for _, row in own.iterrows())]
            )
            tables.append(table)
        _style.finish(figure, spec, context, [_remark()])
    return Drawn(figure, pd.concat([table for table in tables if len(table)] or tables))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: pictures state no number."""
    return []


def _decoded(examples: pd.DataFrame, specimens: Specimens) -> tuple[_pictures.Array, pd.DataFrame]:
    """The images of the first run and every run's reconstructions [rows, n, h, w, c], and how far each is from its image."""
    rows, tables = [], []
    for i, example in enumerate(examples.to_dict("records")):
        means, _ = specimens.codes(example["run"])
        at = np.linspace(0, len(means) - 1, IMAGES).astype(int)
        images = specimens.images(example["run"], at.tolist())
        decoded = specimens.decoder(example["run"])(means[at])
        rows += [images, decoded] if i == 0 else [decoded]
        error = ((decoded - images) ** 2).mean(axis=(1, 2, 3))
        about = {key: example[key] for key in _examples.IDENTITY}
        tables.append(pd.DataFrame({**about, "image": at, "mean_squared_error": error}))
    return np.stack(rows), pd.concat(tables)[COLUMNS]


def _remark() -> str:
    return (
        "Of each method the middle value of its sweep and its first seed. Images are spread evenly over the data set's order."
    )
