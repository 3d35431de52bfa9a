"""The networks of a VAE with a structural causal model, as those of the peers."""

from collections.abc import Mapping
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from facsimile.models.base import mlp
from facsimile.models.base.labelled_share import LabelledShare
from facsimile.papers.dear.models import _scm

GROUP = "vae"
UNITS = 300  # of both hidden layers of encoder and decoder
SCALE = 0.1  # of the affine functions at the start


class Encoded(NamedTuple):
    """Posterior of ε: means and log-variances, and a sample, [b, concepts] each."""

    mean: Tensor
    log_variance: Tensor
    sample: Tensor


class Network(nn.Module):
    """Encoder of ε, SCM with a known graph, and decoder of z, all of dense layers with ELUs.

    Args:
        pixels: numbers per picture.
        concepts: number of latents and of labels.
        function: f, by its number in ``_scm.FUNCTIONS``.
    """

    def __init__(
        self,
        pixels: int,
        concepts: int,
        function: float,
    ) -> None:
        super().__init__()
        self.share = LabelledShare()
        self.encoder = mlp.mlp((pixels, UNITS, UNITS, 2 * concepts), nn.ELU)
        self.decoder = mlp.mlp((concepts, UNITS, UNITS, pixels), nn.ELU)
        graph = _scm.scaled_by_causes(_scm.true_graph(concepts))
        self.scm = _scm.SCM(
            _scm.Graph(graph, is_learned=False),
            _scm.elementwise(function, concepts, SCALE),
        )

    def encode(
        self,
        pictures: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return means and log-variances of ε, [b, concepts] each, of pictures [b, pixels]."""
        mean, log_variance = self.encoder(pictures).chunk(2, 1)
        return mean, log_variance

    def decode(self, latents: Tensor) -> Tensor:
        """Return pictures [b, pixels] in [−1, 1] of latents [b, concepts]."""
        return torch.tanh(self.decoder(latents))


def network_of(
    networks: Mapping[str, nn.Module],
) -> Network:
    """Return the networks of a run."""
    return cast(Network, networks[GROUP])
