"""What the models of single cells share: likelihood, warm-up, and inference of held-out cells.

The cells are under interventions. The latents of a cell are normal about a mean that its
intervention may shift, and its counts are negative binomial (Lopez et al. 2023, "Learning causal
representations of single cells via sparse mechanism shift modeling"; Genentech/sVAE).
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
ROWS = 25_000  # cells times particles decoded at once


class Settled(NamedTuple):
    """Hidden layers that normalise by the statistics of the training cells, not of a batch.

    Attributes:
        layers: the hidden layers.
        statistics: statistics of the training cells.
    """

    layers: Hidden
    statistics: Statistics

    def __call__(self, x: Tensor) -> Tensor:
        """Apply the layers to rows [..., inputs]."""
        return self.layers.normalised(x, self.statistics)


@dataclass(frozen=True)
class CellModel(ArraysModel):
    """A VAE of single cells.

    It minimises −log p(x | z) + w·β KL(q(z | x), N(prior mean, 1)) + w · penalty, where w grows
    from 0 to 1. Cells of held-out interventions are excluded from training. Subclasses override
    ``prior_shapes`` and ``prior_mean``, and may override ``penalty``, ``total`` and
    ``shifts_and_targets``.

    Args:
        beta: weight of the KL.
        warm_up: steps in which w grows.
        interventions: number of interventions, including held-out ones.
        particles: samples per importance-weighted estimate of a held-out cell's likelihood.
    """

    beta: float = 1
    warm_up: float = 7800
    interventions: float = 100
    particles: float = 1000
    takes: ClassVar[Shapes] = {"counts": (8,), "intervention": (), "held_out": ()}
    # Starting values of parameters that are not drawn, by the last part of their names.
    starts: ClassVar[Mapping[str, float]] = {"weight": 1, "bias": 0}

    @abstractmethod
    def prior_shapes(self, latents: int) -> Shapes:
        """Return names and shapes of the prior's parameters."""

    @abstractmethod
    def prior_mean(
        self, prior: Mapping[str, Tensor], intervention: Tensor, noise: Mapping[str, Tensor]
    ) -> Tensor | float:
        """Return the prior means [b, latents] of cells.

        Args:
            prior: parameters of the prior by name.
            intervention: intervention of each cell, int64 [b].
            noise: one tensor for each entry of ``draws`` except ``dropout``.
        """

    def penalty(self, prior: Mapping[str, Tensor]) -> Tensor:
        """Return the penalty on the prior's parameters, a scalar. The default is 0."""
        return torch.zeros(())

    def shifts_and_targets(self, prior: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return ``shifts`` and ``targets``, each [interventions, latents]. The default is neither.

        Targets are probabilities that an intervention shifts a latent.
        """
        return {}

    def networks(self, shapes: Shapes, latents: int, network: str) -> dict[str, nn.Module]:  # type: ignore[override]
        [genes] = shapes["counts"]
        return {GROUP: Cells(genes, latents, self.prior_shapes(latents))}

    def initialise(self, networks: Mapping[str, nn.Module], seed: int) -> None:
        initialise(networks[GROUP], seed, self.starts)

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

        hidden = net.encoder(counts.log1p(), generator(noise["dropout"]))
        mean, variance = net.posterior(hidden)
        codes = mean + variance.sqrt() * rows["codes"]
        reconstruction = -net.log_likelihood(counts, net.decoder(codes)).mean()
        prior_mean = self.prior_mean(dict(net.prior), intervention, rows)
        kl = kl_to(prior_mean, mean, variance).sum(1).mean()

        weight = min(1.0, float(step) / self.warm_up)
        penalty = self.penalty(dict(net.prior))
        terms = {"reconstruction": reconstruction, "kl": kl, "penalty": penalty}
        loss = self.total(reconstruction + weight * self.beta * kl, weight * penalty)
        return Losses({GROUP: loss}, {name: term.detach() for name, term in terms.items()})

    def total(self, bound: Tensor, penalty: Tensor) -> Tensor:
        """Return the loss, given the negative bound per cell and the penalty, both scalars."""
        return bound + penalty

    def learned(
        self, networks: Mapping[str, nn.Module], whole: Batch, seed: int
    ) -> dict[str, Tensor]:
        """Infer the codes of all cells, and the likelihood of held-out cells.

        The normalised layers use the statistics of all training cells at once.

        Returns:
            ``mean`` and ``log_variance`` [n, latents], ``held_out_nll`` [held-out cells] in nats,
            and what ``shifts_and_targets`` returns.
        """
        net, held_out = cells_of(networks), whole["held_out"] >= 1
        logs = whole["counts"].log1p()
        encoder = Settled(net.encoder, net.encoder.statistics(logs[~held_out]))
        mean, variance = net.posterior(encoder(logs))

        drawn = normals(seed, 0, "settle", mean[~held_out].shape)
        codes = mean[~held_out] + variance[~held_out].sqrt() * drawn
        decoder = Settled(net.decoder, net.decoder.statistics(codes))

        counts = whole["counts"][held_out]
        posterior = mean[held_out], variance[held_out]
        prior = self.held_out_prior_mean(posterior[0], whole["intervention"][held_out].long())
        blocks = self.negative_log_likelihoods(net, decoder, counts, posterior, prior, seed)
        return {
            "mean": mean,
            "log_variance": variance.log(),
            **self.shifts_and_targets(dict(net.prior)),
            # The empty tensor is for data without held-out cells.
            "held_out_nll": torch.cat([torch.zeros(0), *blocks]),
        }

    def held_out_prior_mean(self, mean: Tensor, intervention: Tensor) -> Tensor:
        """Return the prior means [n, latents] of held-out cells.

        In models with shifts it is the mean of the posterior means of all cells under the same
        intervention, otherwise 0. With fixed networks and no mask this is the optimum of the bound,
        which the authors' code approaches by Adam.

        Args:
            mean: posterior means of the cells, [n, latents].
            intervention: intervention of each cell, int64 [n].
        """
        if "shifts" not in self.prior_shapes(mean.shape[1]):
            return torch.zeros_like(mean)
        one_hot = torch.nn.functional.one_hot(intervention, int(self.interventions)).to(mean.dtype)
        sums = one_hot @ (one_hot.T @ mean)
        return sums / (one_hot @ one_hot.sum(0))[:, None]

    def negative_log_likelihoods(
        self,
        net: Cells,
        decoder: Settled,
        counts: Tensor,
        posterior: tuple[Tensor, Tensor],
        prior: Tensor,
        seed: int,
    ) -> Iterator[Tensor]:
        """Yield −log (1/S) Σ p(x | z) p(z) / q(z | x) of blocks of cells, in nats.

        The sum is over S particles z from the posterior of a cell.

        Args:
            net: the trained networks.
            decoder: hidden layers of the decoder.
            counts: counts of the cells, [n, genes].
            posterior: means and variances of the cells' posteriors, [n, latents] each.
            prior: prior means of the cells, [n, latents].
            seed: seed of the particles.
        """
        particles = int(self.particles)
        for block, rows in enumerate(torch.arange(len(counts)).split(max(1, ROWS // particles))):
            mean, deviation = posterior[0][rows, None], posterior[1][rows, None].sqrt()
            noise = normals(seed, block, "held out", (len(rows), particles, mean.shape[-1]))
            codes = mean + deviation * noise
            # Both densities lack the same constant.
            log_prior = -(codes - prior[rows, None]).square() / 2
            log_q = -noise.square() / 2 - deviation.log()
            likelihood = net.log_likelihood(counts[rows, None], decoder(codes))
            log_weights = likelihood + (log_prior - log_q).sum(-1)
            yield math.log(particles) - log_weights.logsumexp(1)

    def check(self) -> None:
        if min(self.warm_up, self.interventions, self.particles) < 1 or self.beta < 0:
            raise ValueError(
                "warm_up, interventions and particles must be 1 or more, beta 0 or more"
            )


def kl_to(prior: Tensor | float, mean: Tensor, variance: Tensor) -> Tensor:
    """Return the KL of N(mean, variance) to N(prior, 1) in each latent, in nats."""
    return 0.5 * (variance + (mean - prior).square() - 1 - variance.log())


def normals(seed: int, step: int, purpose: str, shape: tuple[int, ...]) -> Tensor:
    """Return standard normals that depend only on seed, step and purpose."""
    key = torch.tensor([seed]), torch.tensor([step])
    return rng.normals(*key, purpose, math.prod(shape)).view(shape)


def cells_of(networks: Mapping[str, nn.Module]) -> Cells:
    """Return the networks of a model of cells, with their type."""
    net = networks[GROUP]
    assert isinstance(net, Cells)
    return net
