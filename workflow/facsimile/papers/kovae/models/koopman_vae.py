"""Koopman VAE: a sequential VAE whose prior is penalised for not being linear."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.models.base import recurrent, rng
from facsimile.models.base.adamw import AdamWSettings
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.papers.kovae.models import _networks as koopman
from facsimile.papers.kovae.models._networks import KoopmanNetwork
from facsimile.studies.training import Training

LABEL = "KoVAE"
# Batches of 64 series of 24 steps, hidden layers of 20 units: the number of operations decides.
STEP_SECONDS = {"layers": 0.017}
GROUP = "network"


@dataclass(frozen=True)
class KoopmanVAE(ArraysModel):
    """Squared error + kl KL(q(z | x) || p(z)) + linear P, where P measures nonlinearity of p.

    Naiman, Erichson, Ren, Mahoney and Azencot 2024, "Generative modeling of regular and irregular
    time series data via Koopman VAEs", and models/kovae.py in azencot-group/KoVAE. The squared
    error and the KL, in nats, are sums over a series, averaged over the batch. P is the mean
    squared error of the best linear operator from one step of the prior's draws to the next one,
    over the Frobenius norm of its predictions (``_networks.prediction_error``).

    The prior is a GRU. In the released code it is rolled out on its own draws, and the KL compares
    the posterior of each step with the prior of that step of an independent roll-out. In the text's
    equations the prior of a step is given the posterior's draws of the steps before it.

    A batch is drawn with replacement; the released code goes through all series in each epoch.

    Args:
        kl: weight of the KL.
        linear: weight of P; 0 leaves it out.
        teacher_forced: 1 if the prior of a step is given the posterior's draws (text), 0 if it is
            given its own (released code).
        length: steps of a series; that of the data set.
        hidden: units of each recurrent layer.
        layers: recurrent layers of encoder and decoder.
        generated: series to generate after training; 0 for as many as the data set has.
    """

    kl: float = 0.007
    linear: float = 0.005
    teacher_forced: float = 0
    length: float = 6
    hidden: float = 4
    layers: float = 1
    generated: float = 0
    takes: ClassVar[Shapes] = {"x": (6, 2), "observed": (6,)}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        length, features = shapes["x"]
        if length != self.length:
            raise ValueError(
                f"the series have {length} steps, but the model {self.length:g}; "
                f"set length to {length}"
            )
        return {GROUP: KoopmanNetwork(features, latents, int(self.hidden), int(self.layers))}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set PyTorch's starting values."""
        recurrent.initialise(koopman.network_of(networks), seed, GROUP)

    def optimisers(self, training: Training) -> AdamWSettings:
        """Torch's Adam with the study's learning rate, which stays constant.

        Raises:
            ValueError: the study has no learning rate of Adam.
        """
        if training.adam is None:
            raise ValueError("training of koopman_vae needs adam: {lr: …}")
        return AdamWSettings(training.adam.lr)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        shape = (batch, int(self.length), latents)
        return {"posterior": Draw("normal", shape), "prior": Draw("normal", shape)}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        network, x = koopman.network_of(networks), batch["x"]
        if not bool(batch["observed"].all()):
            raise ValueError(
                "koopman_vae reads complete series, but values of this data set are missing; "
                "choose one without missing values, such as sines or stock"
            )
        q = network.posterior(x, noise["posterior"])
        p = network.prior(noise["prior"], q.sample if self.teacher_forced else None)
        error = (network.decode(q.sample) - x).square().sum((1, 2)).mean()
        divergence = koopman.kl(q, p).mean()
        terms = {"error": error, "kl": divergence}
        loss = error + self.kl * divergence
        if self.linear:
            terms["nonlinearity"] = koopman.prediction_error(p.sample)
            loss = loss + self.linear * terms["nonlinearity"]
        return Losses({GROUP: loss}, detached(terms))

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return series drawn from the model, the operator of the prior, and the network's size.

        ``generated`` [n, T, features] are decoded roll-outs of the prior, whose draws have the
        linear operator ``operator`` [latents, latents], see ``_networks.operator``, with the error
        ``nonlinearity``, a share of the variance. ``parameters`` is the number of parameters.
        """
        network = koopman.network_of(networks)
        n = int(self.generated) or len(whole["x"])
        shape = (n, int(self.length), network.latents)
        z = network.prior(rng.normals_for(seed, 0, "generate: prior", shape)).sample
        matrix = koopman.operator(z)
        residual = z[:, 1:] - z[:, :-1] @ matrix
        size = sum(parameter.numel() for parameter in network.parameters())
        return {
            "generated": network.decode(z),
            "operator": matrix,
            "nonlinearity": residual.square().sum() / z[:, 1:].square().sum(),
            "parameters": torch.tensor(size),
        }

    def check(self) -> None:
        for name in ("kl", "linear"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name):g}")
        for name, least in {"length": 2, "hidden": 1, "layers": 1, "generated": 0}.items():
            value = getattr(self, name)
            if value < least or value != int(value):
                raise ValueError(f"{name} must be a whole number from {least}, not {value:g}")
        if self.teacher_forced not in (0, 1):
            raise ValueError(f"teacher_forced must be 0 or 1, not {self.teacher_forced:g}")
