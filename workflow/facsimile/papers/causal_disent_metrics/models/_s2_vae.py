"""What all methods of this study share: a VAE whose first latents predict the labels of some rows.

In the released code such models are called S2, for semi-supervised.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.base.labelled_share import LabelledShare, check_share
from facsimile.models.base.model import Losses, detached
from facsimile.models.base.vae import autoencoder_of
from facsimile.models.base.vae_of_arrays import PICTURE, VAEOfArrays

GROUP = "vae"


@dataclass(frozen=True)
class S2VAE(VAEOfArrays):
    """A VAE with γ_sup times the cross entropy of labels and the sigmoid of the first means.

    The cross entropy is a sum over factors and over as many labelled pictures as a batch has
    pictures (``supervised_regularizer_xent`` of the released code). There each batch has a second
    one, of labelled pictures. Here pictures with and without labels are drawn together, and the sum
    over those with labels is divided by their share, so that its mean is the same.

    labelled: share of the pictures that have labels, from 0 to 1; 0 is the VAE without the term.
    gamma_sup: weight of the cross entropy (γ_sup).
    """

    labelled: float = 0
    gamma_sup: float = 4
    takes: ClassVar[Shapes] = {
        "images": PICTURE,
        "labels": (2,),
        "rank": (),
    }

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        """Create the networks of the VAE.

        Raises ValueError if there are fewer latents than labels.
        """
        [labels] = shapes["labels"]
        if latents < labels:
            raise ValueError(
                f"{type(self).__name__} has a latent for each of the {labels} labels; "
                f"set latents to {labels} or more, not {latents}"
            )
        networks = super().networks(shapes, latents, network)
        networks[GROUP].add_module("share", LabelledShare())
        return networks

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set starting values, and choose the rows that have labels."""
        super().initialise(networks, seed)
        share_of(networks).place(seed)

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        losses = super().losses(networks, batch, noise, step)
        if not self.labelled:
            return losses
        is_labelled = share_of(networks)(batch["rank"], self.labelled)
        # Only these are encoded a second time; often there are none.
        rows = torch.nonzero(is_labelled).flatten()
        mean, _ = autoencoder_of(networks).encode(batch["images"][rows])
        supervised = cross_entropy(mean, batch["labels"][rows]) / self.labelled
        minimise = dict(losses.minimise)
        minimise[GROUP] = minimise[GROUP] + self.gamma_sup * supervised
        return Losses(minimise, losses.terms | detached({"supervised": supervised}))

    def check(self) -> None:
        check_share(type(self).__name__, self.labelled)
        if not self.gamma_sup >= 0:
            raise ValueError(
                f"{type(self).__name__}: gamma_sup is a weight, 0 or more, not {self.gamma_sup:g}"
            )
        self.vae().check()


def share_of(networks: Mapping[str, nn.Module]) -> LabelledShare:
    """Return the module that knows which rows have labels."""
    share = networks[GROUP].get_submodule("share")
    assert isinstance(share, LabelledShare)
    return share


def cross_entropy(mean: Tensor, labels: Tensor) -> Tensor:
    """Return the cross entropy in nats, summed over rows and labels; 0 if there are no rows.

    Args:
        mean: means of the codes [n, d].
        labels: [n, k] in [0, 1], k ≤ d; label j is predicted by the sigmoid of latent j.
    """
    logits = mean[:, : labels.shape[1]]
    return functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum")
