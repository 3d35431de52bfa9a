"""M2: a VAE whose decoder is given the label, and an encoder that predicts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from facsimile.models.base.model import Draw
from facsimile.papers.ccvae.models import _labels, _networks
from facsimile.papers.ccvae.models._partly_labelled import (
    PartlyLabelled,
    PartlyLabelledNetwork,
    with_columns_of_others,
)

LABEL = "M2"
PARAMETER_LABELS = {"labelled": "labelled share"}
# float32, batch of 64; less than half if labels are drawn (``sampled``).
STEP_SECONDS = {"own": 0.05, "mlp": 0.012}
PEERS_IMAGES = 48_600  # training images of the peers, who weigh by the number that has labels


class Network(PartlyLabelledNetwork):
    """Encoder of features, heads for labels and codes, and a decoder of codes and labels.

    The encoder of codes is given hidden units and the label, as in MattX20/CCVAE_Jax.

    Args:
        labels: number of labels, k.
        latents: number of latents.
        exclusive: whether exactly one label holds.
        network: name of the architecture.
    """

    def __init__(
        self,
        labels: int,
        latents: int,
        exclusive: bool,
        network: str,
    ) -> None:
        super().__init__(labels, exclusive)
        width = _networks.WIDTHS[network]
        self.features = _networks.features(network)
        self.hidden = nn.Linear(width, latents)
        self.logits = nn.Linear(width, labels)
        self.posterior = _networks.Gaussian(latents + labels, latents)
        self.decoder = _networks.decoder(network, latents + labels)

    def encode(
        self,
        images: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return hidden units [b, latents] and log q(y|x) of all label vectors [b, m]."""
        features = self.features(images)
        log_label = _labels.log_probabilities(self.logits(features), self.vectors)
        return self.hidden(features).relu(), log_label

    def codes(
        self,
        hidden: Tensor,
        labels: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of q(z|x, y), [b, latents] each."""
        mean, scale = self.posterior(torch.cat((hidden, labels), 1))
        return mean, scale

    def decode(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Return logits [b, 1, 28, 28]."""
        logits: Tensor = self.decoder(torch.cat((codes, labels), 1))
        return logits

    def bound(
        self,
        images: Tensor,
        hidden: Tensor,
        label: Tensor,
        noise: Tensor,
    ) -> Tensor:
        """Estimate the bound on log p(x, y) for the given labels by one sample each, [b]."""
        labels = self.vectors[label]
        mean, scale = self.codes(hidden, labels)
        codes = mean + scale * noise
        log_code = _networks.log_normal(codes, mean, scale)
        log_prior = _networks.log_normal(codes, 0.0, torch.ones_like(codes))
        log_likelihood = _networks.log_likelihood(self.decode(codes, labels), images)
        number = torch.tensor(float(len(self.vectors)))
        return log_likelihood + log_prior - log_code - number.log()


@dataclass(frozen=True)
class M2VAE(PartlyLabelled):
    """M2 (Kingma et al. 2014, "Semi-supervised learning with deep generative models", eqs. 6 to 9).

    Args:
        alpha: weight of the cross entropy, for the mean over labelled pictures.
            With ``sampled`` it is multiplied by the number of labelled pictures, as the peers do.
        sampled: 0 to sum over all labels of a picture without one; 1 to draw one of them.
            No gradient reaches the probability of a drawn label, as in MattX20/CCVAE_Jax.
    """

    alpha: float = 0.1
    sampled: float = 0

    def network(
        self,
        labels: int,
        latents: int,
        network: str,
    ) -> Network:
        return Network(labels, latents, bool(self.exclusive), network)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {
            "z": Draw("normal", (batch, latents)),
            "label": Draw("normal", (batch,)),
        }

    def bounds(
        self,
        network: PartlyLabelledNetwork,
        images: Tensor,
        label: Tensor,
        is_labelled: Tensor,
        noise: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor]:
        net = cast(Network, network)
        hidden, log_label = net.encode(images)
        own = log_label.gather(1, label[:, None])[:, 0]
        # One label of each picture: its own, or one that is drawn.
        drawn = self._drawn(log_label, noise["label"])
        used = torch.where(is_labelled, label, drawn)
        bound = net.bound(images, hidden, used, noise["z"])
        with_label = bound + self._weight() * own
        if self.sampled:
            return with_label, bound
        without = torch.zeros_like(bound)
        chosen = torch.nonzero(~is_labelled).flatten()
        over_all = self._over_all(
            net,
            images[chosen],
            hidden[chosen],
            log_label[chosen],
            noise["z"][chosen],
        )
        return with_label, without.index_put((chosen,), over_all)

    def label_probabilities(
        self,
        network: PartlyLabelledNetwork,
        images: Tensor,
    ) -> Tensor:
        _, log_label = cast(Network, network).encode(images)
        return log_label.exp()

    def exchanged(
        self,
        network: PartlyLabelledNetwork,
        images: Tensor,
        labels: list[int],
    ) -> Tensor:
        net = cast(Network, network)
        hidden, log_label = net.encode(images)
        # The most probable label vectors.
        vectors = net.vectors[log_label.argmax(1)]
        codes, _ = net.codes(hidden, vectors)
        mixed = with_columns_of_others(vectors, labels)
        own_codes = codes[:, None].expand(-1, len(codes), -1)
        decoded = net.decode(own_codes.flatten(0, 1), mixed.flatten(0, 1)).sigmoid()
        return decoded.unflatten(0, mixed.shape[:2])

    def check(self) -> None:
        super().check()
        if not self.alpha >= 0:
            raise ValueError(f"m2_vae: alpha is a weight, 0 or more, not {self.alpha:g}")
        if self.sampled not in (0, 1):
            raise ValueError(f"m2_vae: sampled must be 0 or 1, not {self.sampled:g}")

    def _weight(self) -> float:
        """Weight of the cross entropy of one labelled picture."""
        if self.sampled:
            return self.alpha * self.labelled * PEERS_IMAGES
        # Without labelled pictures nothing is weighted.
        return self.alpha / self.labelled if self.labelled else 0.0

    def _drawn(self, log_label: Tensor, noise: Tensor) -> Tensor:
        """Draw a label vector of each picture from q(y|x) by a standard normal, int64 [b]."""
        uniform = torch.special.ndtr(noise.double())
        cumulative = log_label.detach().double().exp().cumsum(1)
        below = (cumulative < uniform[:, None]).sum(1)
        return below.clamp(max=log_label.shape[1] - 1)

    def _over_all(
        self,
        net: Network,
        images: Tensor,
        hidden: Tensor,
        log_label: Tensor,
        noise: Tensor,
    ) -> Tensor:
        """Bound on log p(x) [b]: the expectation over all labels, with the same noise for each."""
        number = log_label.shape[1]
        label = torch.arange(number).repeat(len(images))
        bounds = net.bound(
            images.repeat_interleave(number, 0),
            hidden.repeat_interleave(number, 0),
            label,
            noise.repeat_interleave(number, 0),
        )
        return _labels.over_labels(bounds.unflatten(0, (-1, number)), log_label)
