"""What a method decodes as one latent after another moves through its prior.

Locatello et al. 2019, appendix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWS_MODELS = True
STEPS = np.linspace(-2, 2, 7, dtype=np.float32)  # standard deviations of the prior
COLUMNS = ["dataset", "model", "params", "seed", "run", "image", "latent", "rank", "kl"]
REMARK = (
    "Of each method the middle value of its sweep and its first seed. "
    "A row moves one latent from -2 to 2, the others stay at the codes of the image in the middle "
    "of the data set's order; "
    "beside it the latent's KL from its prior, nats, mean over the data set."
)


def draw(
    scores: pd.DataFrame,
    spec: Spec,
    context: Context,
    specimens: Specimens,
) -> Drawn:
    """One panel per data set and method: one row per latent, moved from -2 to 2.

    The other latents stay at the codes of one image. Latents are sorted by their KL from the prior,
    the most informative first.
    """
    examples = base_examples.of_each_method(scores, spec, context)
    datasets = context.shown(spec)
    # A model that is missing has an empty panel; one that this scale leaves out has none.
    methods = [name for name in context.methods(spec) if name not in context.scale.left_out]
    tables = []
    with style.styled():
        figure, panels = style.grid(len(datasets) * len(methods), 2.6, 3.3)
        free = iter(panels)
        for dataset in datasets:
            prefix = f"{names.dataset(dataset)} · " if len(datasets) > 1 else ""
            for method in methods:
                axes = next(free)
                is_here = (examples["dataset"] == dataset) & (examples["model"] == method)
                runs = base_examples.stored(examples[is_here], specimens)
                if runs.empty:
                    title = names.model(method)
                    axes.set_axis_off()
                    style.empty(axes, "not in the store")
                else:
                    title = base_examples.title(runs.iloc[0], context)
                    tables.append(_panel(axes, runs.iloc[0], specimens))
                axes.set_title(prefix + title, loc="left", fontsize=8)
        style.finish(figure, spec, context, [REMARK])
    return Drawn(figure, base_data.joined(tables, COLUMNS))


def cells(spec: Spec, context: Context) -> list[Quantity]:
    """None: pictures state no number."""
    return []


def _panel(
    axes: Axes,
    run: pd.Series,
    specimens: Specimens,
) -> pd.DataFrame:
    """Draw the traversals of one run; one row per latent, with the columns ``COLUMNS``."""
    means, log_variances = specimens.codes(run["run"])
    # KL of N(mean, variance) from N(0, 1), in nats; a latent that ignores the image has none.
    variances = np.exp(log_variances.astype(float))
    kl = 0.5 * (means.astype(float) ** 2 + variances - log_variances - 1).mean(axis=0)
    latents = np.argsort(-kl, kind="stable")

    # Codes [latents x steps, d]: those of one image, with one latent replaced in each row.
    image = len(means) // 2
    size = (len(latents), len(STEPS))
    codes = np.repeat(means[image][None], np.prod(size), axis=0)
    replaced = np.repeat(latents, len(STEPS))
    codes[np.arange(len(codes)), replaced] = np.tile(STEPS, len(latents))
    decoded = specimens.decoder(run["run"])(codes)
    pictures = decoded.reshape(*size, *decoded.shape[1:])
    base_pictures.show(axes, pictures, [f"z{j} · {kl[j]:.2g}" for j in latents])

    identity = {column: run[column] for column in base_examples.IDENTITY}
    ranks = range(len(latents))
    table = {**identity, "image": image, "latent": latents, "rank": ranks, "kl": kl[latents]}
    return pd.DataFrame(table)[COLUMNS]
