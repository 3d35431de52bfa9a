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
from torch.nn import functional

from facsimile.models.base import rng
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
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
        warm_up: steps in which the weight w of KL and penalty grows.
        interventions: number of interventions, including held-out ones.
        particles: samples per importance-weighted estimate of a held-out cell's likelihood.
    """

    beta: float = 1
    warm_up: float = 7800
    interventions: float = 100
    particles: float = 1000
    takes: ClassVar[Shapes] = {
        "counts": (8,),
        "intervention": (),
        "held_out": (),
    }
    # Starting values of parameters that are not drawn, by the last part of their names. These two
    # are of batch normalisation; those of dense layers are drawn.
    starts: ClassVar[Mapping[str, float]] = {
        "weight": 1,
        "bias": 0,
    }

    @abstractmethod
    def prior_shapes(self, latents: int) -> Shapes:
        """Return names and shapes of the prior's parameters."""

    @abstractmethod
    def prior_mean(
        self,
        prior: Mapping[str, Tensor],
        intervention: Tensor,
        noise: Mapping[str, Tensor],
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

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [genes] = shapes["counts"]
        return {GROUP: Cells(genes, latents, self.prior_shapes(latents))}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        initialise(networks[GROUP], seed, self.starts)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        codes = Draw("normal", (batch, latents))
        # One number, which seeds the generator of the dropout.
        return {"codes": codes, "dropout": Draw("normal", (1,))}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        net = cells_of(networks)
        # Held-out cells, and their noise, are dropped from the batch.
        trained = batch["held_out"] < 1
        counts = batch["counts"][trained]
        intervention = batch["intervention"][trained].long()
        rows = {}
        for name, drawn in noise.items():
            if name != "dropout":
                rows[name] = drawn[trained]

        random = generator(noise["dropout"])
        hidden = net.encoder(counts.log1p(), random)
        mean, variance = net.posterior(hidden)
        codes = mean + variance.sqrt() * rows["codes"]
        hidden = net.decoder(codes)
        reconstruction = -net.log_likelihood(counts, hidden).mean()
        prior = dict(net.prior)
        prior_mean = self.prior_mean(prior, intervention, rows)
        divergence = kl_to(prior_mean, mean, variance)
        kl = divergence.sum(1).mean()

        weight = min(1.0, float(step) / self.warm_up)
        penalty = self.penalty(prior)
        bound = reconstruction + weight * self.beta * kl
        loss = self.total(bound, weight * penalty)
        terms = {"reconstruction": reconstruction, "kl": kl, "penalty": penalty}
        return Losses({GROUP: loss}, detached(terms))

    def total(
        self,
        bound: Tensor,
        penalty: Tensor,
    ) -> Tensor:
        """Return the loss, given the negative bound per cell and the penalty, both scalars."""
        return bound + penalty

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Infer the codes of all cells, and the likelihood of held-out cells.

        The normalised layers use the statistics of all training cells at once.

        Returns:
            ``mean`` and ``log_variance`` [n, latents], ``held_out_nll`` [held-out cells] in nats,
            and what ``shifts_and_targets`` returns.
        """
        net = cells_of(networks)
        held_out = whole["held_out"] >= 1
        trained = ~held_out
        logs = whole["counts"].log1p()
        statistics = net.encoder.statistics(logs[trained])
        encoder = Settled(net.encoder, statistics)
        mean, variance = net.posterior(encoder(logs))

        # The decoder's statistics are of samples, as in training.
        shape = mean[trained].shape
        noise = rng.normals_for(seed, 0, "settle", shape)
        codes = mean[trained] + variance[trained].sqrt() * noise
        statistics = net.decoder.statistics(codes)
        decoder = Settled(net.decoder, statistics)

        counts = whole["counts"][held_out]
        intervention = whole["intervention"][held_out].long()
        posterior = mean[held_out], variance[held_out]
        prior = self.held_out_prior_mean(mean[held_out], intervention)
        blocks = self.negative_log_likelihoods(
            net,
            decoder,
            counts,
            posterior,
            prior,
            seed,
        )
        # Without held-out cells there are no blocks, and only the empty tensor.
        nll = torch.cat([torch.zeros(0), *blocks])
        return {
            "mean": mean,
            "log_variance": variance.log(),
            **self.shifts_and_targets(dict(net.prior)),
            "held_out_nll": nll,
        }

    def held_out_prior_mean(
        self,
        mean: Tensor,
        intervention: Tensor,
    ) -> Tensor:
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
        classes = int(self.interventions)
        one_hot = functional.one_hot(intervention, classes).to(mean.dtype)
        # For each cell, the sum and the number of the cells under its intervention.
        sums = one_hot @ (one_hot.T @ mean)
        cells = one_hot @ one_hot.sum(0)
        return sums / cells[:, None]

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
        cells_per_block = max(1, ROWS // particles)
        blocks = torch.arange(len(counts)).split(cells_per_block)
        for block, rows in enumerate(blocks):
            mean = posterior[0][rows, None]
            deviation = posterior[1][rows, None].sqrt()
            shape = (len(rows), particles, mean.shape[-1])
            noise = rng.normals_for(seed, block, "held out", shape)
            codes = mean + deviation * noise
            # Both densities lack the same constant.
            distance = codes - prior[rows, None]
            log_prior = -distance.square() / 2
            log_q = -noise.square() / 2 - deviation.log()
            hidden = decoder(codes)
            log_likelihood = net.log_likelihood(counts[rows, None], hidden)
            log_ratio = (log_prior - log_q).sum(-1)
            log_weights = log_likelihood + log_ratio
            yield math.log(particles) - log_weights.logsumexp(1)

    def check(self) -> None:
        for name in ("warm_up", "interventions", "particles"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name):g}")
        if self.beta < 0:
            raise ValueError(f"beta must be 0 or more, not {self.beta:g}")


def kl_to(
    prior: Tensor | float,
    mean: Tensor,
    variance: Tensor,
) -> Tensor:
    """Return the KL of N(mean, variance) to N(prior, 1) in each latent, in nats."""
    distance = (mean - prior).square()
    return 0.5 * (variance + distance - 1 - variance.log())


def cells_of(networks: Mapping[str, nn.Module]) -> Cells:
    """Return the networks of a model of cells, with their type."""
    net = networks[GROUP]
    assert isinstance(net, Cells)
    return net
