"""A model of all marginals of spins, trained on an energy."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base import optimisers, rng
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.optimisers import Settings, SGDSettings
from facsimile.papers.mam.models._energy_based import GROUP, EnergyBased
from facsimile.papers.mam.models._spins import (
    Conditionals,
    SpinNetwork,
    log_weight,
    standardised,
    uniform_sites,
)
from facsimile.studies.training import Training

LABEL = "MAM"
# Measured with 128 units and 256 configurations of 100 sites: 0.036 s.
STEP_SECONDS = {"width**2": 8.4e-7}
CHAINS = "chains"


class MarginalsAndConditionals(nn.Module):
    """A network of log-marginals, up to a constant, and one of conditionals."""

    def __init__(
        self,
        sites: int,
        width: int,
        layers: int,
    ) -> None:
        super().__init__()
        self.conditionals = Conditionals(sites, width, layers)
        self.marginals = SpinNetwork(sites, width, layers, 1)


class Chains(nn.Module):
    """Configurations [samples, sites] that are kept from step to step.

    They are a group of parameters, so that checkpoints have them. Gradient descent with a learning
    rate of 1 on ``moved`` replaces them by their next state.
    """

    def __init__(
        self,
        samples: int,
        sites: int,
    ) -> None:
        super().__init__()
        self.spins = nn.Parameter(torch.zeros(samples, sites))

    def moved(self, spins: Tensor) -> Tensor:
        """Return a loss of value 0, whose gradient is the present state minus ``spins``."""
        difference = (self.spins - spins).detach()
        nothing = self.spins - self.spins.detach()
        return (difference * nothing).sum()


@dataclass(frozen=True)
class MarginalizationModel(EnergyBased):
    """KL divergence to f / Z, and squared violations of self-consistency.

    Liu, Ramadge and Adams 2024, energy-based training; MAM in PrincetonLIPS/MaM,
    mam/models/mam_eb.py, objective KL. One network gives log p(x_S) for any known spins x_S, up to
    a constant, and one log q(x_k | x_S). The loss is REINFORCE with log p(x), plus ``weight``
    times sites · (log p(x_S) + log q(x_k | x_S) - log p(x_S, x_k))² at random S and k, plus
    ``weight`` times the squared difference of log p without known spins from sites · log 2.
    Configurations are chains: in each step, the last few sites of a random order are drawn again
    from q; in the first step of an epoch, all of them.

    Args:
        weight: weight of self-consistency.
        redrawn: sites of a chain that are drawn again in a step.
        epoch: steps between two steps in which all sites are drawn.
    """

    weight: float = 4
    redrawn: float = 4
    epoch: float = 196

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        groups = super().networks(shapes, latents, network)
        groups[CHAINS] = Chains(int(self.samples), int(self.sites))
        return groups

    def parts(self) -> nn.Module:
        return MarginalsAndConditionals(*self.sizes)

    def optimisers(self, training: Training) -> dict[str, Settings]:
        """The study's optimiser; gradient descent for the chains."""
        return {
            GROUP: optimisers.from_training(training),
            CHAINS: SGDSettings(1.0),
        }

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        shape = (int(self.sites), int(self.samples))
        return {
            "order": Draw("permutation", shape),
            "spins": Draw("normal", shape),
            "known": Draw("normal", shape[1:]),
        }

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        both = _parts_of(networks)
        chains = networks[CHAINS]
        assert isinstance(chains, Chains)
        order = noise["order"]
        kept, again = self._kept(chains, order, int(step))
        normals = noise["spins"][-len(again) :]
        spins = both.conditionals.draw(kept, again, normals)
        log_f = log_weight(spins, batch["energy"][0])

        # So many sites, the first ones of the order, are known in S; the next one is k.
        known = uniform_sites(noise["known"], int(self.sites))
        known = known[:, None]
        place = order.T.argsort(1)
        before = spins * (place < known)
        after = spins * (place <= known)
        nothing = torch.zeros_like(spins[:1])
        inputs = torch.cat((spins, before, after, nothing))
        parts = both.marginals(inputs)[:, 0].split(len(spins))
        log_p, of_before, of_after, of_nothing = parts
        site = order.T.gather(1, known)
        up = spins.gather(1, site)[:, 0] > 0
        log_q = both.conditionals.of_site(before, site[:, 0], up)

        reward = log_p.detach() - log_f
        difference = of_before + log_q - of_after
        violation = difference.square().mean()
        constant = self.sites * math.log(2)
        begin = (of_nothing - constant).square().mean()
        consistency = self.weight * (self.sites * violation + begin)
        loss = (standardised(reward) * log_p).mean() + consistency
        terms = {
            "kl_without_log_z": reward.mean() - of_nothing[0],
            "violation": violation,
        }
        minimise = {GROUP: loss, CHAINS: chains.moved(spins)}
        return Losses(minimise, detached(terms))

    def _kept(
        self,
        chains: Chains,
        order: Tensor,
        step: int,
    ) -> tuple[Tensor, Tensor]:
        """The spins that a step keeps [b, sites], and the sites [k, b] that it draws again."""
        again = order
        if step % self.epoch:
            again = order[-int(self.redrawn) :]
        spins = chains.spins.detach()
        return spins.scatter(1, again.T, 0.0), again

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return the log-marginals of the queries, too, by both networks.

        ``log_marginal`` [n] is by the network of marginals, minus its value without known spins;
        ``sum_of_conditionals`` [n] by the conditionals along an order that begins with the known
        spins.
        """
        both = _parts_of(networks)
        query = whole["query"]
        nothing = torch.zeros_like(query[:1])
        of_query = both.marginals(query)[:, 0]
        of_nothing = both.marginals(nothing)[0, 0]
        is_known = query != 0
        order = self.order(seed, "evaluate: queries", len(query))
        # Known sites come first; a stable sort keeps the order among them.
        is_unknown = (~is_known).T.gather(0, order)
        places = is_unknown.long().argsort(stable=True, dim=0)
        order = order.gather(0, places)
        along = both.conditionals.along(whole["x"], order)
        return super().learned(networks, whole, seed) | {
            "log_marginal": of_query - of_nothing,
            "sum_of_conditionals": (along * is_known).sum(1),
        }

    def conditionals(self, networks: Mapping[str, nn.Module]) -> Conditionals:
        return _parts_of(networks).conditionals

    def order(
        self,
        seed: int,
        purpose: str,
        n: int,
    ) -> Tensor:
        """A random order for each configuration."""
        seeds = torch.tensor([seed])
        steps = torch.tensor([0])
        sites = int(self.sites)
        return rng.permutations(seeds, steps, purpose, sites, n)[0, 0]

    def check(self) -> None:
        super().check()
        if self.redrawn < 1 or self.epoch < 1:
            raise ValueError(f"redrawn {self.redrawn:g} and epoch {self.epoch:g} must be 1 or more")
        if self.weight < 0:
            raise ValueError(f"weight must be 0 or more, not {self.weight:g}")


def _parts_of(networks: Mapping[str, nn.Module]) -> MarginalsAndConditionals:
    both = networks[GROUP]
    assert isinstance(both, MarginalsAndConditionals)
    return both
