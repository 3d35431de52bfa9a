"""CITRIS-VAE: a VAE of frames that learns which latents belong to which causal variable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base import latent_assignment as _assignment
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.base.frame_networks import PerLatent, Uniform
from facsimile.models.base.frame_vae import GROUP, FrameVAE, Pair, normal_kl, part
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.optimisers import Settings
from facsimile.studies.training import Training

LABEL = "CITRIS-VAE"
# Batches of 512 pairs at a width of 32, and of 64 pairs at 16.
STEP_SECONDS = {"1": 0.015, "width**5": 2.9e-8}
CLASSIFIER = "classifier"
FASTER = 4.0  # the classifier's learning rate over that of the other networks
CLASSIFIER_DECAY = 1e-4
MOST = 16  # variables, one of them "none", for which noise is drawn


@dataclass(frozen=True)
class CitrisVAE(FrameVAE):
    """CITRIS-VAE (Lippe et al. 2022, sections 4.2 and 4.3), as the released code computes it.

    It minimises |x^{t+1} − x̂|² + β KL + β_c · (cross entropy of the targets), where the prior of a
    latent of variable i depends on z^t and target i alone. The KL is averaged over ψ, the
    distribution of the latents' variables. z^t is its posterior mean, as in the code.

    width: channels of the first convolutions, and units of the prior's networks.
    beta: weight of the KL.
    beta_classifier: weight of the cross entropy of the targets.
    imperfect: 1 if variables may depend on z^t under an intervention, 0 if they do not.
    unassigned: by what share the KL of latents of no variable is reduced; 0: each belongs to one.
    """

    beta: float = 1
    beta_classifier: float = 2
    imperfect: float = 0
    unassigned: float = 0
    weight_decay: ClassVar[float] = 0.0

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        groups = super().networks(shapes, latents, network)
        [variables] = shapes["targets"]
        if variables >= MOST:
            raise ValueError(
                f"{type(self).__name__} takes fewer than {MOST} causal variables, not {variables}"
            )
        units = 2 * int(self.width)
        classifier = nn.Sequential(
            nn.Linear(3 * latents, units),
            nn.SiLU(),
            nn.Linear(units, variables),
        )
        return groups | {CLASSIFIER: classifier}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set starting values; the weights of the classifier's last layer are 0."""
        super().initialise(networks, seed)
        last: Any = cast(nn.Sequential, networks[CLASSIFIER])[-1]
        with torch.no_grad():
            last.weight.zero_()

    def optimisers(
        self,
        training: Training,
    ) -> dict[str, Settings]:
        """AdamW as for all frames; the classifier's rate is four times as high."""
        settings = super().optimisers(training)
        return settings | {CLASSIFIER: self.course(training, FASTER, CLASSIFIER_DECAY)}

    def prior(
        self,
        latents: int,
        variables: int,
    ) -> nn.ModuleDict:
        units = int(self.width)
        # A network for each latent: of all of z^t, the latent itself, and targets.
        inputs = 1 + (variables + 1 if self.imperfect else 0)
        parts: dict[str, nn.Module] = {
            "psi": Uniform(0.0, latents, variables + 1),
            "context": nn.Linear(latents, latents * units),
            "input": PerLatent(latents, inputs, units),
            "output": nn.Sequential(
                nn.SiLU(),
                PerLatent(latents, units, units),
                nn.SiLU(),
                PerLatent(latents, units, 2),
            ),
        }
        if not self.imperfect:
            parts["intervened"] = Uniform(0.5, latents, variables, 2)
        return nn.ModuleDict(parts)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        shape = (batch, latents, MOST)
        return super().draws(batch, latents) | {"assignment": Draw("normal", shape)}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        means, pair, targets = self.bound(networks, batch, noise)
        logits = self.logits(part(networks[GROUP], "prior"))
        assignment = _assignment.sampled(
            logits,
            noise["assignment"][..., : logits.shape[1]],
        )
        masks = _assignment.sets(assignment)
        before, after = pair.sample.unbind(1)
        classifier = networks[CLASSIFIER]
        shown = _assignment.classified(classifier, before, after, masks)
        known = _assignment.classified(
            classifier,
            before.detach(),
            after.detach(),
            masks.detach(),
        )
        for_latents = _assignment.latent_loss(shown, targets)
        for_model = _assignment.model_loss(known, targets)
        means["targets"] = self.beta_classifier * for_latents
        loss = torch.stack(list(means.values())).sum()
        minimise = {GROUP: loss, CLASSIFIER: self.beta_classifier * for_model}
        return Losses(minimise, detached(means | {"classifier": for_model}))

    def divergence(
        self,
        prior: nn.ModuleDict,
        pair: Pair,
        targets: Tensor,
        noise: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        mean, log_deviation = pair.mean[:, 1], pair.log_deviation[:, 1]
        probabilities = torch.softmax(self.logits(prior), 1)
        divergence = _imperfect if self.imperfect else _perfect
        per_variable = divergence(
            prior,
            pair.mean[:, 0],
            targets,
            mean,
            log_deviation,
        )
        # [b, latents, variables + 1]; the last column is of no variable.
        weights = torch.ones_like(probabilities[0])
        weights[-1] = 1 - self.unassigned
        kl = (probabilities * weights * per_variable).sum((1, 2))
        return {"kl": self.beta * kl}

    def logits(self, prior: nn.Module) -> Tensor:
        """Return logits [latents, variables + 1] of ψ; the last column is of no variable."""
        return _assignment.logits(part(prior, "psi"), self.unassigned > 0)

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return which latents belong to which variable.

        Returns:
            ``assignment``, int64 [latents, variables + 1] of 0 and 1, the most probable variable of
            each latent; the last column is of no variable. ``psi``: the probabilities.
        """
        with torch.no_grad():
            logits = self.logits(part(networks[GROUP], "prior"))
        assignment = functional.one_hot(
            logits.argmax(1),
            logits.shape[1],
        )
        return {"assignment": assignment, "psi": torch.softmax(logits, 1)}

    def check(self) -> None:
        if self.imperfect not in (0, 1):
            raise ValueError("imperfect must be 0 or 1")
        if not 0 <= self.unassigned < 1:
            raise ValueError("unassigned must be at least 0 and less than 1")


def _perfect(
    prior: nn.ModuleDict,
    before: Tensor,
    targets: Tensor,
    mean: Tensor,
    log_deviation: Tensor,
) -> Tensor:
    """KL [b, latents, variables + 1] of each latent if it belonged to each variable, or to none.

    Under an intervention on its variable, a latent is normal with parameters that do not depend on
    ``before``, z^t; otherwise a network of z^t gives them.
    """
    prior_mean, prior_log_deviation = _conditional(
        prior,
        before,
        before[..., None],
    )
    natural = normal_kl(mean, log_deviation, prior_mean, prior_log_deviation)[..., None]
    intervened_mean, intervened_log_deviation = part(prior, "intervened").values.unbind(-1)
    intervened = normal_kl(
        mean[..., None],
        log_deviation[..., None],
        intervened_mean,
        intervened_log_deviation,
    )
    by_variable = torch.where(
        targets[:, None] == 1,
        intervened,
        natural,
    )
    return torch.cat([by_variable, natural], -1)


def _imperfect(
    prior: nn.ModuleDict,
    before: Tensor,
    targets: Tensor,
    mean: Tensor,
    log_deviation: Tensor,
) -> Tensor:
    """The same if a network is given z^t and the one target that its latent may depend on."""
    count = targets.shape[1] + 1
    chosen = torch.eye(count)
    with_none = torch.cat(
        [targets, torch.zeros_like(targets[:, :1])],
        1,
    )
    # [b, variables + 1, variables + 1]: the target of each variable, and -1 for all others.
    shown = with_none[:, None] * chosen - (1 - chosen)
    shape = (-1, -1, before.shape[1], -1)
    own = before[:, None, :, None].expand(-1, count, -1, -1)
    inputs = torch.cat(
        [own, shown[:, :, None].expand(shape)],
        -1,
    )
    prior_mean, prior_log_deviation = _conditional(
        prior,
        before[:, None],
        inputs,
    )
    kl = normal_kl(
        mean[:, None],
        log_deviation[:, None],
        prior_mean,
        prior_log_deviation,
    )
    return kl.transpose(1, 2)


def _conditional(
    prior: nn.ModuleDict,
    before: Tensor,
    inputs: Tensor,
) -> tuple[Tensor, Tensor]:
    """Mean and log standard deviation [..., latents] of the prior.

    ``before``: z^t [..., latents]. ``inputs`` of each latent's own network, [..., latents, n].
    """
    latents = before.shape[-1]
    context = prior["context"](before).unflatten(-1, (latents, -1))
    mean, log_deviation = prior["output"](context + prior["input"](inputs)).unbind(-1)
    return mean, log_deviation
