"""CCVAE: latents that hold the characteristics of labels, from which labels are predicted."""

import math
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

LABEL = "CCVAE"
PARAMETER_LABELS = {"labelled": "labelled share"}
STEP_SECONDS = {"own": 0.02, "mlp": 0.0055}  # float32, batch of 64
SAMPLES = 100  # of the codes, for q(y|x)


class Network(PartlyLabelledNetwork):
    """Encoder, decoder, classifier of characteristics, and their prior given labels.

    The first k latents are the characteristics z_c, one per label. The logit of label i is w_i
    z_c,i + b_i, and the prior of z_c,i given the label a Gaussian for either value. Starting values
    are those of the released code.

    Args:
        labels: number of labels, k.
        latents: number of latents, at least k.
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
        self.labels = labels
        width = _networks.WIDTHS[network]
        self.features = _networks.features(network)
        self.posterior = _networks.Gaussian(width, latents)
        self.decoder = _networks.decoder(network, latents)
        self.weight = nn.Parameter(torch.ones(labels))
        self.bias = nn.Parameter(torch.zeros(labels))
        # Rows: the label is 0, the label is 1.
        means = torch.tensor([[-2.0], [2.0]])
        self.prior_mean = nn.Parameter(means.repeat(1, labels))
        self.prior_scale = nn.Parameter(torch.ones(2, labels))

    def encode(
        self,
        images: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return means and standard deviations [b, latents] of the posterior q(z|x)."""
        mean, scale = self.posterior(self.features(images))
        return mean, scale

    def log_label(self, characteristics: Tensor) -> Tensor:
        """Return log q(y|z_c) of all label vectors [..., m], for characteristics [..., k]."""
        logits = self.weight * characteristics + self.bias
        return _labels.log_probabilities(logits, self.vectors)

    def log_prior(self, codes: Tensor) -> Tensor:
        """Return log p(y) + log p(z|y) of codes [b, latents], for all label vectors [b, m].

        All label vectors have the same probability.
        """
        characteristics, others = self.split(codes)
        is_one = self.vectors.long()  # [m, k]
        label = torch.arange(self.labels)
        mean = self.prior_mean[is_one, label]
        scale = _networks.positive(self.prior_scale)[is_one, label]
        of_labels = _networks.log_normal(characteristics[:, None], mean, scale)
        of_others = _networks.log_normal(others, 0.0, torch.ones_like(others))
        return of_labels + of_others[:, None] - math.log(len(self.vectors))

    def split(
        self,
        codes: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return characteristics [b, k] and other latents of codes [b, latents]."""
        return codes[:, : self.labels], codes[:, self.labels :]


@dataclass(frozen=True)
class CCVAE(PartlyLabelled):
    """Characteristic-capturing VAE (Joy et al. 2021, section 4).

    Its expectation over the labels of a picture without any is exact, where the released code draws
    one label.

    Args:
        detached: 1 as in the released code: no gradient reaches the encoder by log q(y|z_c) outside
            log q(y|x). 0 for that of the text.
    """

    detached: float = 0

    def network(
        self,
        labels: int,
        latents: int,
        network: str,
    ) -> Network:
        if latents < labels:
            raise ValueError(
                f"ccvae: {latents} latents cannot hold a characteristic for each of {labels} "
                f"labels; set latents to {labels} or more"
            )
        return Network(labels, latents, bool(self.exclusive), network)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {
            "z": Draw("normal", (batch, latents)),
            # The same for all pictures of a batch.
            "samples": Draw("normal", (SAMPLES, latents)),
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
        mean, scale = net.encode(images)
        codes = mean + scale * noise["z"]
        log_code = _networks.log_normal(codes, mean, scale)
        characteristics, _ = net.split(codes)
        seen = characteristics.detach() if self.detached else characteristics
        log_label = net.log_label(seen)
        log_likelihood = _networks.log_likelihood(net.decoder(codes), images)
        log_joint = log_likelihood[:, None] + net.log_prior(codes)
        without = _labels.over_labels(log_joint, log_label) - log_code

        with_label = torch.zeros_like(without)
        chosen = torch.nonzero(is_labelled).flatten()
        of_label = (chosen, label[chosen])
        sampled = mean[chosen] + scale[chosen] * noise["samples"][:, None]
        log_samples = net.log_label(sampled[..., : net.labels])
        log_of_image = log_mean(log_samples)[torch.arange(len(chosen)), label[chosen]]
        bound = labelled_bound(
            log_joint[of_label] - log_code[chosen],
            log_label[of_label],
            log_of_image,
        )
        return with_label.index_put((chosen,), bound), without

    def label_probabilities(
        self,
        network: PartlyLabelledNetwork,
        images: Tensor,
    ) -> Tensor:
        net = cast(Network, network)
        characteristics, _ = net.split(net.encode(images)[0])
        return net.log_label(characteristics).exp()

    def exchanged(
        self,
        network: PartlyLabelledNetwork,
        images: Tensor,
        labels: list[int],
    ) -> Tensor:
        net = cast(Network, network)
        means, _ = net.encode(images)
        codes = with_columns_of_others(means, labels)
        decoded: Tensor = net.decoder(codes.flatten(0, 1)).sigmoid()
        return decoded.unflatten(0, codes.shape[:2])

    def check(self) -> None:
        super().check()
        if self.detached not in (0, 1):
            raise ValueError(f"ccvae: detached must be 0 or 1, not {self.detached:g}")


def labelled_bound(
    log_ratio: Tensor,
    log_label: Tensor,
    log_label_of_image: Tensor,
) -> Tensor:
    """Estimate the bound on log p(x, y) of pictures with a label by one sample each, [b].

    Joy et al. 2021, section 4: E_{q(z|x)}[q(y|z_c) / q(y|x) log(p(x, z|y) / (q(y|z_c) q(z|x)))] +
    log q(y|x) + log p(y). Here log p(y), a constant, is part of the ratio, whose weight has mean 1.

    Args:
        log_ratio: log p(x, y, z) - log q(z|x) of a sample z of q(z|x), [b].
        log_label: log q(y|z_c) of the same sample [b].
        log_label_of_image: log q(y|x) [b].
    """
    weight = (log_label - log_label_of_image).exp()
    return weight * (log_ratio - log_label) + log_label_of_image


def log_mean(log_values: Tensor) -> Tensor:
    """Return the logarithm of the mean over the first dimension of values."""
    return log_values.logsumexp(0) - math.log(len(log_values))
