"""What a method decodes as one code after another moves through its prior (Locatello et al. 2019, appendix)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from facsimile.figures import Drawn
from facsimile.figures.base import examples as base_examples
from facsimile.figures.base import pictures as base_pictures
from facsimile.figures.base import style
from facsimile.figures.base.specimens import Specimens
from facsimile.presentation import names
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Quantity, Spec

SHOWS_MODELS = True
STEPS = np.linspace(-2, 2, 7, dtype=np.float32)  # standard deviations of the prior
COLUMNS = ["dataset", "model", "params", "seed", "run", "image", "latent", "rank", "kl"]


def draw(scores: pd.DataFrame, spec: Spec, context: Context, specimens: Specimens) -> Drawn:
    """A panel a (data set, method): a row a latent, those that say most first, from -2 to 2 around the codes of one image."""
    examples = base_examples.of_each_method(scores, spec, context)
    wanted = [(d, m) for d in context.shown(spec) for m in context.methods(spec)]
    tables = [pd.DataFrame(columns=COLUMNS)]
    with style.styled():
        figure, panels = style.grid(len(wanted), 2.6, 3.3)
        for axes, (dataset, model) in zip(panels, wanted, strict=True):
            own = examples[(examples["dataset"] == dataset) & (examples["model"] == model)]
            own = base_examples.there(own, specimens)
            where = f"{names.dataset(dataset)} · " if len(context.shown(spec)) > 1 else ""
            axes.set_title(
                where
                + (base_examples.said(own.iloc[0], context) if len(own) else names.model(model)),
                loc="left",
                fontsize=8,
            )
            tables += [_panel(axes, own.iloc[0], specimens)] if len(own) else []
            if own.empty:
                axes.set_axis_off()
                style.empty(axes, "not in the store")
        style.finish(figure, spec, context, [_remark()])
    return Drawn(figure, pd.concat([table for table in tables if len(table)] or tables))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: pictures state no number."""
    return []


def _panel(axes: Axes, example: pd.Series, specimens: Specimens) -> pd.DataFrame:
    means, log_variances = specimens.codes(example["run"])
    image = len(means) // 2
    kl = 0.5 * (
        means.astype(float) ** 2 + np.exp(log_variances.astype(float)) - log_variances - 1
    ).mean(axis=0)
    order = np.argsort(-kl, kind="stable")
    moved = np.repeat(means[image][None], len(order) * len(STEPS), axis=0)
    moved[np.arange(len(moved)), np.repeat(order, len(STEPS))] = np.tile(STEPS, len(order))
    decoded = specimens.decoder(example["run"])(moved)
    pictures = decoded.reshape(len(order), len(STEPS), *decoded.shape[1:])
    base_pictures.show(axes, pictures, [f"z{j} · {kl[j]:.2g}" for j in order])
    about = {key: example[key] for key in base_examples.IDENTITY}
    table = pd.DataFrame(
        {**about, "image": image, "latent": order, "rank": range(len(order)), "kl": kl[order]}
    )
    return table[COLUMNS]


def _remark() -> str:
    chosen = "Of each method the middle value of its sweep and its first seed."
    moved = "A row moves one latent from -2 to 2, the others stay at the codes of the image in the middle of the data set's order"
    return (
        f"{chosen} {moved}; beside it the latent's KL from its prior, nats, mean over the data set."
    )
