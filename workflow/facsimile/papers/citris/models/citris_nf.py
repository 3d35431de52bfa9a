"""CITRIS-NF: a flow of the codes of an autoencoder, which assigns them to causal variables."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from facsimile.models.base import latent_assignment
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.base.frame_vae import GROUP, Pair, part, scaled
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.citris_vae import CLASSIFIER, CitrisVAE
from facsimile.papers.citris.models._flow import Flow
from facsimile.papers.citris.models.frame_autoencoder import (
    AUTOENCODER,
    autoencoder,
    decoded,
    encoded,
)

LABEL = "CITRIS-NF"
STEP_SECONDS = {"1": 0.02, "width**5": 5.0e-8}
SAMPLES = 8  # noisy codes of a frame
POINT = -15.0  # log standard deviation of a normal that is as good as a point
HALF_LOG = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True)
class CitrisNF(CitrisVAE):
    """CITRIS-NF (Lippe et al. 2022, section 4.4), as the released code computes it.

    It starts from the weights of a trained ``frame_autoencoder``, which stay as they are. A
    normalising flow z of its noisy codes minimises −log p(z^{t+1} | z^t, targets) − log |det
    ∂z/∂code| with the prior of CITRIS-VAE, plus β_c · (cross entropy of the targets).

    width: channels of the first convolutions, and units of the prior's networks.
    noise: standard deviation of the noise of the codes.
    """

    beta_classifier: float = 4
    noise: float = 0.05
    starts_from: ClassVar[str] = "frame_autoencoder"

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        groups = super().networks(shapes, latents, network)
        parts = {
            AUTOENCODER: frozen(autoencoder(shapes, int(self.width), latents)),
            "flow": Flow(latents),
            "prior": part(groups[GROUP], "prior"),
        }
        return groups | {GROUP: nn.ModuleDict(parts)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set starting values; the maps of the flow begin near the identity, up to rotations."""
        super().initialise(networks, seed)
        flow = cast(Flow, part(networks[GROUP], "flow"))
        flow.shrink()

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return super().draws(batch * SAMPLES, latents)

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        frames = scaled(batch["images"])
        flat = encoded(networks, frames.flatten(0, 1))
        pair, log_determinant = self._mapped(
            networks,
            flat.unflatten(0, (-1, 2)),
            noise["codes"],
        )
        own_targets = batch["targets"][:, 1].to(frames.dtype)
        targets = own_targets.repeat_interleave(SAMPLES, 0)
        prior = part(networks[GROUP], "prior")
        divergence = self.divergence(prior, pair, targets, noise)
        # A KL from a point, up to the point's own entropy, is a negative log likelihood.
        entropy = pair.mean.shape[2] * (POINT + 0.5 + HALF_LOG)
        likelihood = divergence["kl"].mean() + self.beta * entropy
        logits = self.logits(prior)
        assignment = latent_assignment.sampled(
            logits,
            noise["assignment"][..., : logits.shape[1]],
        )
        masks = latent_assignment.sets(assignment)
        for_latents, for_model = self._guided(
            networks[CLASSIFIER],
            pair,
            masks,
            targets,
        )
        terms = {
            "nll": likelihood,
            "log_determinant": -self.beta * log_determinant.mean(),
            "targets": self.beta_classifier * for_latents,
        }
        minimise = {
            GROUP: torch.stack(list(terms.values())).sum(),
            CLASSIFIER: self.beta_classifier * for_model,
        }
        return Losses(minimise, detached(terms | {"classifier": for_model}))

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return the latents of the codes, and their log-variance by the noise of the codes.

        The variance is that of the flow's linear approximation, by differences of ``noise``.
        """
        flow = cast(Flow, part(networks[GROUP], "flow"))
        codes = encoded(networks, scaled(batch["images"]))
        mean, _ = flow(codes)
        variance = torch.full_like(mean, 1e-12)
        for offset in self.noise * torch.eye(codes.shape[1]):
            moved, _ = flow(codes + offset)
            variance = variance + (moved - mean).square()
        return {"mean": mean, "log_variance": variance.log()}

    def decode(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
    ) -> Tensor:
        flow = cast(Flow, part(networks[GROUP], "flow"))
        return (decoded(networks, flow.inverse(codes)) + 1) / 2

    def check(self) -> None:
        super().check()
        if self.unassigned:
            raise ValueError("unassigned must be 0: CITRIS-NF assigns each latent to a variable")
        if self.noise <= 0:
            raise ValueError("noise must be above 0")

    def _mapped(
        self,
        networks: Mapping[str, nn.Module],
        codes: Tensor,
        noise: Tensor,
    ) -> tuple[Pair, Tensor]:
        """Latents of noisy codes, [b · 8, 2, latents], and log determinants of second frames."""
        flow = part(networks[GROUP], "flow")
        noisy = codes.repeat_interleave(SAMPLES, 0) + self.noise * noise
        latents, log_determinant = flow(noisy.flatten(0, 1))
        latents = latents.unflatten(0, (-1, 2))
        pair = Pair(
            latents,
            torch.full_like(latents, POINT),
            latents,
        )
        of_frames = log_determinant.unflatten(0, (-1, 2))
        return pair, of_frames[:, 1]

    def _guided(
        self,
        classifier: nn.Module,
        pair: Pair,
        masks: Tensor,
        targets: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Cross entropies of the targets that latents and the classifier minimise."""
        before, after = pair.sample.unbind(1)
        shown = latent_assignment.classified(classifier, before, after, masks)
        known = latent_assignment.classified(
            classifier,
            before.detach(),
            after.detach(),
            masks.detach(),
        )
        for_latents = latent_assignment.latent_loss(shown, targets)
        return for_latents, latent_assignment.model_loss(known, targets)


def frozen(network: nn.Module) -> nn.Module:
    """Make all parameters of a network buffers, so that it is stored but not trained; all are 0."""
    for layer in network.modules():
        for name, parameter in list(layer.named_parameters(recurse=False)):
            delattr(layer, name)
            layer.register_buffer(name, torch.zeros_like(parameter, requires_grad=False))
    return network
