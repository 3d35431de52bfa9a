"""What the models of single cells under interventions share: likelihood, warm-up, what is inferred of held-out interventions.

A cell's latents are normal about a mean that its intervention may shift, its counts are negative binomial (Lopez et al. 2023,
"Learning causal representations of single cells via sparse mechanism shift modeling"; Genentech/sVAE).
"""

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses
from facsimile.papers.svae.models._cell_networks import (
    Cells,
    Hidden,
    Statistics,
    generator,
    initialise,
)

GROUP = "cells"
ROWS = 25_000  # cells times particles that are decoded at once


class Settled(NamedTuple):
    """Hidden layers with the statistics of the training cells in the place of a batch's."""

    layers: Hidden
    statistics: Statistics

    def __call__(self, x: Tensor) -> Tensor:
        """Of any rows [..., inputs]."""
        return self.layers.normalised(x, self.statistics)


@dataclass(frozen=True)
class CellModel(ArraysModel):
    """Minimises −log p(x | z) + w·β KL(q(z | x), N(prior mean, 1)) plus w times a penalty, w growing from 0 to 1.

    Only cells of interventions that are not held out are trained on.

    beta: weight of the KL.
    warm_up: steps in which w grows.
    interventions: how many there are, held-out ones included.
    particles: samples in an importance-weighted estimate of a held-out cell's likelihood.
    """

    beta: float = 1
    warm_up: float = 7800
    interventions: float = 100
    particles: float = 1000
    takes: ClassVar[Shapes] = {"counts": (8,), "intervention": (), "held_out": ()}
    starts: ClassVar[Mapping[str, float]] = {
        "weight": 1,
        "bias": 0,
    }  # of parameters that are not drawn

    @abstractmethod
    def prior_shapes(self, latents: int) -> Shapes:
        """Names and shapes of the prior's parameters."""

    @abstractmethod
    def prior_mean(
        self, prior: Mapping[str, Tensor], intervention: Tensor, noise: Mapping[str, Tensor]
    ) -> Tensor | float:
        """Means [b, latents] of the latents of cells under interventions [b]."""

    def penalty(self, prior: Mapping[str, Tensor]) -> Tensor:
        """What the loss has besides the bound."""
        return torch.zeros(())

    def found(self, prior: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """``shifts`` and ``targets`` (probabilities), each [interventions, latents], of a model that infers them."""
        return {}

    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        [genes] = shapes["counts"]
        return {GROUP: Cells(genes, latents, self.prior_shapes(latents))}

    def initialise(self, made: Mapping[str, nn.Module], seed: int) -> None:
        initialise(made[GROUP], seed, self.starts)

    def draws(self, batch: int, latents: int) -> dict[str, Draw]:
        return {"codes": Draw("normal", (batch, latents)), "dropout": Draw("normal", (1,))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        net, trained = cells_of(networks), batch["held_out"] < 1
        counts, intervention = batch["counts"][trained], batch["intervention"][trained].long()
        rows = {name: drawn[trained] for name, drawn in noise.items() if name != "dropout"}
        mean, variance = net.posterior(net.encoder(counts.log1p(), generator(noise["dropout"])))
        codes = mean + variance.sqrt() * rows["codes"]
        reconstruction = -net.log_likelihood(counts, net.decoder(codes)).mean()
        kl = (
            kl_to(self.prior_mean(dict(net.prior), intervention, rows), mean, variance)
            .sum(1)
            .mean()
        )
        weight, penalty = min(1.0, float(step) / self.warm_up), self.penalty(dict(net.prior))
        terms = {
            "reconstruction": reconstruction.detach(),
            "kl": kl.detach(),
            "penalty": penalty.detach(),
        }
        return Losses(
            {GROUP: self.total(reconstruction + weight * self.beta * kl, weight * penalty)}, terms
        )

    def total(self, bound: Tensor, penalty: Tensor) -> Tensor:
        """The loss, of the bound per cell and the penalty."""
        return bound + penalty

    def learned(
        self, networks: Mapping[str, nn.Module], whole: Batch, seed: int
    ) -> dict[str, Tensor]:
        """``mean`` and ``log_variance`` of all cells, ``shifts`` and ``targets`` if there are such, ``held_out_nll`` in nats.

        Statistics of the normalised layers are those of all training cells at once.
        """
        net, held_out = cells_of(networks), whole["held_out"] >= 1
        logs = whole["counts"].log1p()
        mean, variance = net.posterior(
            net.encoder.normalised(logs, net.encoder.statistics(logs[~held_out]))
        )
        drawn = normals(seed, 0, "settle", mean[~held_out].shape)
        decoder = Settled(
            net.decoder,
            net.decoder.statistics(mean[~held_out] + variance[~held_out].sqrt() * drawn),
        )
        prior = self.adapted(mean[held_out], whole["intervention"][held_out].long())
        estimates = self.estimates(
            net,
            decoder,
            whole["counts"][held_out],
            (mean[held_out], variance[held_out]),
            prior,
            seed,
        )
        nll = torch.cat([torch.zeros(0), *estimates])
        return {
            "mean": mean,
            "log_variance": variance.log(),
            **self.found(dict(net.prior)),
            "held_out_nll": nll,
        }

    def adapted(self, mean: Tensor, intervention: Tensor) -> Tensor:
        """Prior means [n, latents] of held-out cells: where there are shifts, the mean of an intervention's posterior means.

        With networks held and no mask, this is the optimum of the bound, which the authors' code approaches by Adam.
        """
        if "shifts" not in self.prior_shapes(mean.shape[1]):
            return torch.zeros_like(mean)
        one = torch.nn.functional.one_hot(intervention, int(self.interventions)).to(mean.dtype)
        return (one @ (one.T @ mean)) / (one @ one.sum(0))[:, None]

    def estimates(
        self,
        net: Cells,
        decoder: Settled,
        counts: Tensor,
        posterior: tuple[Tensor, Tensor],
        prior: Tensor,
        seed: int,
    ) -> Iterator[Tensor]:
        """Block by block, −log (1/S) Σ p(x | z) p(z) / q(z | x) of each cell, S particles z of its posterior, nats."""
        particles = int(self.particles)
        for block, rows in enumerate(torch.arange(len(counts)).split(max(1, ROWS // particles))):
            mean, deviation = posterior[0][rows, None], posterior[1][rows, None].sqrt()
            noise = normals(seed, block, "held out", (len(rows), particles, mean.shape[-1]))
            codes = mean + deviation * noise
            # Both densities without their constant, which is the same.
            log_prior, log_q = (
                -(codes - prior[rows, None]).square() / 2,
                -noise.square() / 2 - deviation.log(),
            )
            likelihood = net.log_likelihood(counts[rows, None], decoder(codes))
            yield math.log(particles) - (likelihood + (log_prior - log_q).sum(-1)).logsumexp(1)

    def check(self) -> None:
        if min(self.warm_up, self.interventions, self.particles) < 1 or self.beta < 0:
            raise ValueError(
                "warm_up, interventions and particles must be 1 or more, beta 0 or more"
            )


def kl_to(prior: Tensor | float, mean: Tensor, variance: Tensor) -> Tensor:
    """KL of N(mean, variance) to N(prior, 1), latent by latent."""
    return 0.5 * (variance + (mean - prior).square() - 1 - variance.log())


def normals(seed: int, step: int, purpose: str, shape: tuple[int, ...]) -> Tensor:
    """Standard normals of a shape, of the seed and the purpose alone."""
    return rng.normals(torch.tensor([seed]), torch.tensor([step]), purpose, math.prod(shape)).view(
        shape
    )


def cells_of(networks: Mapping[str, nn.Module]) -> Cells:
    """The networks of a model of cells."""
    net = networks[GROUP]
    assert isinstance(net, Cells)
    return net
