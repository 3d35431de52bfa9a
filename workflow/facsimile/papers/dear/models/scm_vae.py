"""A VAE whose latents follow a structural causal model, trained on labels, too."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base import mlp
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.labelled_share import check_share
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.papers.dear.models import _pictures, _scm, _settings
from facsimile.papers.dear.models._networks import GROUP, Encoded, Network, network_of

LABEL = "VAE with SCM"
PARAMETER_LABELS = {"labelled": "labelled share"}
STEP_SECONDS = {"1": 0.0076, "side**2": 2.5e-5}  # batch of 128, float32


@dataclass(frozen=True)
class SCMVAE(ArraysModel):
    """The VAE that the peers compare with DEAR (an-seunghwan/CDG-VAE@c4729a9, modules/model.py).

    The encoder yields ε with a standard normal prior, and z = f(ε (I − A)⁻¹) is decoded. A is
    known: 1/2 for each of the two causes of a shadow. The loss is half the squared error, with
    pixels from −1 to 1, plus β · KL and ``alignment`` times the cross entropy of labels and the
    sigmoid of z at the mean of ε.

    Their nonlinear f is a planar flow; that of DEAR is piecewise linear.

    Args:
        function: f, 0 for a x + b, 1 for a planar flow, 2 for a piecewise linear function.
        beta: weight of the KL.
        alignment: weight of the cross entropy, which is a sum over labels (λ).
        labelled: share of training pictures that have labels, from 0 to 1.
        side: height and width to which pictures are averaged, a divisor of 64; the code has 64.
    """

    function: float = 0
    beta: float = 0.1
    alignment: float = 5
    labelled: float = 1
    side: float = 16
    takes: ClassVar[Shapes] = {
        "images": (64, 64, 3),
        "labels": (2,),
        "rank": (),
    }

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        """Create the networks.

        Raises ValueError if there is not one latent for each label, or if pictures cannot be
        averaged to ``side``.
        """
        [concepts] = shapes["labels"]
        if latents != concepts:
            raise ValueError(
                f"{type(self).__name__} has a latent for each of the {concepts} labels; "
                f"set latents to {concepts}, not {latents}"
            )
        pixels = _pictures.pixels(type(self).__name__, shapes, self.side)
        return {GROUP: Network(pixels, concepts, self.function)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Initialise layers as torch's Linear and the SCM as released; choose labelled rows."""
        network = network_of(networks)
        for name in ("encoder", "decoder"):
            mlp.initialise(network.get_submodule(name), seed, f"{GROUP}.{name}")
        network.scm.function.place(seed)
        network.share.place(seed)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {"z": Draw("normal", (batch, latents))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        network = network_of(networks)
        pictures = _pictures.reduced(batch["images"], self.side)
        encoded = self.encoded(network, pictures, noise["z"])
        loss, terms = self.loss(network, pictures, batch, encoded)
        return Losses({GROUP: loss}, detached(terms))

    def encoded(
        self,
        network: Network,
        pictures: Tensor,
        noise: Tensor,
    ) -> Encoded:
        """Encode pictures [b, pixels] with noise [b, k] from N(0, 1)."""
        mean, log_variance = network.encode(pictures)
        sample = mean + (log_variance / 2).exp() * noise
        return Encoded(mean, log_variance, sample)

    def loss(
        self,
        network: Network,
        pictures: Tensor,
        batch: Batch,
        encoded: Encoded,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of one batch, a scalar, and its terms without their weights."""
        mean, log_variance, sample = encoded
        decoded = network.decode(network.scm(sample))
        error = 0.5 * (decoded - pictures).square().sum(1).mean()
        kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(1).mean()
        is_labelled = network.share(batch["rank"], self.labelled)
        cross_entropy = self.cross_entropy(network.scm(mean), batch["labels"], is_labelled)
        loss = error + self.beta * kl + self.alignment * cross_entropy
        return loss, {"error": error, "kl": kl, "alignment": cross_entropy}

    def cross_entropy(
        self,
        latents: Tensor,
        labels: Tensor,
        is_labelled: Tensor,
    ) -> Tensor:
        """Return the cross entropy in nats of labels [b, k] and the sigmoid of latents [b, k].

        It is a sum over labels, and a mean over the pictures of a batch with as many labelled
        pictures as are expected.
        """
        each = functional.binary_cross_entropy_with_logits(latents, labels, reduction="none")
        of_labelled = (each.sum(1) * is_labelled).mean()
        return of_labelled / self.labelled if self.labelled else of_labelled

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return ``mean`` and ``log_variance`` of ε, and ``latents``, z at the mean; [b, k]."""
        network = network_of(networks)
        with torch.no_grad():
            mean, log_variance = network.encode(_pictures.reduced(batch["images"], self.side))
            latents = network.scm(mean)
        return {"mean": mean, "log_variance": log_variance, "latents": latents}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``set_pictures``: those after a latent is set (``_settings.set_pictures``)."""
        network = network_of(networks)

        def encode(images: Tensor) -> Tensor:
            mean, _ = network.encode(_pictures.reduced(images, self.side))
            latents: Tensor = network.scm(mean)
            return latents

        def decode(causal: Tensor, before: Tensor) -> Tensor:
            return network.decode(causal)

        return {"set_pictures": _settings.set_pictures(whole, encode, network.scm, decode)}

    def check(self) -> None:
        name = type(self).__name__
        _scm.check_function(name, self.function)
        check_share(name, self.labelled)
        for weight in ("beta", "alignment"):
            if not getattr(self, weight) >= 0:
                raise ValueError(f"{name}: {weight} is a weight, 0 or more")
        _pictures.check_side(name, self.side)
