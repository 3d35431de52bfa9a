"""Koopman VAE of series with missing times: its encoder is a controlled differential equation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.base.model import Losses, detached
from facsimile.papers.kovae.models import _continuous as continuous
from facsimile.papers.kovae.models import _networks as koopman
from facsimile.papers.kovae.models.koopman_vae import GROUP, KoopmanVAE

LABEL = "KoVAE, irregular"
# Batches of 64 series of 24 steps, hidden layers of 20 units.
STEP_SECONDS = {"layers": 0.03}


@dataclass(frozen=True)
class IrregularKoopmanVAE(KoopmanVAE):
    """The loss of a Koopman VAE, whose squared error is over observed values alone.

    Naiman et al. 2024, irregular sampling; run_irregular.py in azencot-group/KoVAE. The encoder
    reads natural cubic splines through the observed values (``_continuous.py``). The posterior and
    the decoder have all times of a series.

    The released code divides squared error and KL by the number of observed values of a batch in
    place of the number of series, because it hands the loss a list of these values. With Adam, a
    common factor of both changes nothing, but P is not divided: its weight is larger by the number
    of observed values of a series. It solves the equation with the same rule and the same steps,
    and computes gradients by the adjoint equation; here they are those of the solver itself.

    Args:
        kl: weight of the KL.
        linear: weight of P; 0 leaves it out.
        teacher_forced: 1 if the prior of a step is given the posterior's draws (text), 0 if it is
            given its own (released code).
        length: steps of a series; that of the data set.
        hidden: units of each layer.
        layers: recurrent layers of the decoder, and hidden layers of the equation.
        generated: series to generate after training; 0 for as many as the data set has.
        per_value: 1 to divide error and KL by the number of observed values (released code), 0 by
            that of series (text).
    """

    kl: float = 0.1
    linear: float = 0.0005
    per_value: float = 1
    takes: ClassVar[Shapes] = {"x": (6, 2), "observed": (6,)}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        # The same checks of the shapes.
        super().networks(shapes, latents, network)
        sizes = (shapes["x"][1], latents, int(self.hidden), int(self.layers))
        return {GROUP: continuous.IrregularNetwork(*sizes)}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        network, x = continuous.network_of(networks), batch["x"]
        is_observed = batch["observed"] > 0
        start, slopes = continuous.derivatives(x.double().numpy(), is_observed.numpy())
        embedded = network.embedded(
            torch.from_numpy(start).to(x.dtype),
            torch.from_numpy(slopes).to(x.dtype),
        )
        q = network.posterior(embedded, noise["posterior"])
        p = network.prior(noise["prior"], q.sample if self.teacher_forced else None)
        squared = (network.decode(q.sample) - x).square().sum(2)
        error = (squared * is_observed).sum() / len(x)
        divergence = koopman.kl(q, p).mean()
        terms = {"error": error, "kl": divergence}
        loss = error + self.kl * divergence
        if self.per_value:
            values = is_observed.sum() * x.shape[2] / len(x)
            loss = loss / values.clamp(min=1)
        if self.linear:
            terms["nonlinearity"] = koopman.prediction_error(p.sample)
            loss = loss + self.linear * terms["nonlinearity"]
        return Losses({GROUP: loss}, detached(terms))

    def check(self) -> None:
        super().check()
        if self.per_value not in (0, 1):
            raise ValueError(f"per_value must be 0 or 1, not {self.per_value:g}")
