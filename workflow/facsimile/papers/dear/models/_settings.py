"""Pictures of a model after one of its latents is set, for the causal effects of latents."""

from collections.abc import Callable

import torch
from torch import Tensor

from facsimile.datasets.base.table import TRAINING
from facsimile.models.base.arrays import Batch
from facsimile.papers.dear import interventions
from facsimile.papers.dear.models import _scm

CHANNELS = 3
# How many pictures are encoded at once.
BLOCK = 1000


def training_rows(whole: Batch) -> Tensor:
    """Return the numbers of training rows; all rows of data that have no parts."""
    if "part" not in whole:
        return torch.arange(len(whole["images"]))
    return torch.nonzero(whole["part"] == TRAINING).flatten()


@torch.no_grad()
def set_pictures(
    whole: Batch,
    encode: Callable[[Tensor], Tensor],
    scm: _scm.SCM,
    decode: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Return pictures after each causal latent is set to its lowest and highest value.

    The lowest and highest are those of the latents of all training rows. Latents that are effects
    of the one that is set change with it; those that are not stay as they are.

    Args:
        whole: the data set, with ``images`` [n, c, h, w].
        encode: returns latents [b, d] of images [b, c, h, w]; the first follow the causal model.
        scm: the causal model.
        decode: returns pictures [b, pixels] in [−1, 1] of causal latents [b, k] and of the latents
            [b, d] that they were before.

    Returns:
        uint8 [latents, 2, rows, side, side, 3].
    """
    rows = training_rows(whole)
    latents = torch.cat([encode(whole["images"][block]) for block in rows.split(BLOCK)])
    causal = latents[:, : len(scm.graph.allowed)]
    ends = torch.stack((causal.min(0).values, causal.max(0).values))
    places = torch.linspace(0, len(rows) - 1, min(interventions.ROWS, len(rows))).long()
    noise = scm.infer(causal[places])
    drawn = []
    for latent in range(causal.shape[1]):
        for value in ends[:, latent].tolist():
            changed = scm.intervene(noise, latent, value)
            drawn.append(as_images(decode(changed, latents[places])))
    return torch.stack(drawn).unflatten(0, (-1, 2))


def as_images(pictures: Tensor) -> Tensor:
    """Return pictures [b, pixels] in [−1, 1] as uint8 [b, side, side, 3]."""
    side = round((pictures.shape[1] / CHANNELS) ** 0.5)
    colours = pictures.view(-1, CHANNELS, side, side).permute(0, 2, 3, 1)
    return ((colours + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
