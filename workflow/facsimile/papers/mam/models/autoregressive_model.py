"""An autoregressive model of spins in one order, trained on an energy."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.papers.mam.models._energy_based import GROUP, EnergyBased
from facsimile.papers.mam.models._spins import (
    Conditionals,
    log_weight,
    standardised,
    uniform_sites,
)

LABEL = "ARM"
# 100 sites; measured with 64 units and 256 configurations, 0.2 s. With 16 sites it is a tenth.
STEP_SECONDS = {"sites": 3.4e-4}


@dataclass(frozen=True)
class AutoregressiveModel(EnergyBased):
    """KL divergence from an autoregressive model to f / Z, by REINFORCE.

    Liu, Ramadge and Adams 2024, the baselines ARM and ARM-MC; ARMModel in PrincetonLIPS/MaM,
    mam/models/arm_eb.py. The order of the sites is that of the data set.

    Args:
        monte_carlo: 1 to estimate log q(x) by the conditional of a random site, 0 to compute it.
            Reward and gradient have an estimate each.
    """

    monte_carlo: float = 0

    def parts(self) -> nn.Module:
        return Conditionals(*self.sizes)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        b = int(self.samples)
        shape = (int(self.sites), b)
        drawn = {"spins": Draw("normal", shape)}
        if self.monte_carlo:
            drawn["site"] = Draw("normal", (2, b))
        return drawn

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        conditionals = self.conditionals(networks)
        normals = noise["spins"]
        order = self.forward(normals.shape[1])
        unknown = torch.zeros_like(normals.T)
        spins = conditionals.draw(unknown, order, normals)
        log_f = log_weight(spins, batch["energy"][0])
        if self.monte_carlo:
            estimates = self._estimates(conditionals, spins, noise["site"])
        else:
            log_q = conditionals.along(spins, order).sum(1)
            estimates = [log_q, log_q]
        for_reward, log_q = estimates
        reward = for_reward.detach() - log_f
        loss = (standardised(reward) * log_q).mean()
        terms = {"kl_without_log_z": reward.mean()}
        return Losses({GROUP: loss}, detached(terms))

    def conditionals(self, networks: Mapping[str, nn.Module]) -> Conditionals:
        network = networks[GROUP]
        assert isinstance(network, Conditionals)
        return network

    def order(
        self,
        seed: int,
        purpose: str,
        n: int,
    ) -> Tensor:
        """The same order for all configurations."""
        return self.forward(n)

    def forward(self, n: int) -> Tensor:
        """Return the order of the data set [sites, n]."""
        sites = torch.arange(int(self.sites))
        return sites[:, None].expand(-1, n)

    def check(self) -> None:
        super().check()
        if self.monte_carlo not in (0, 1):
            raise ValueError(f"monte_carlo must be 0 or 1, not {self.monte_carlo:g}")

    def _estimates(
        self,
        conditionals: Conditionals,
        spins: Tensor,
        normals: Tensor,
    ) -> list[Tensor]:
        """Two estimates [b] of log q(spins), each from the conditional of one site."""
        sites = int(self.sites)
        place = torch.arange(sites)
        estimates = []
        for site in uniform_sites(normals, sites):
            column = site[:, None]
            known = spins * (place < column)
            up = spins.gather(1, column)[:, 0] > 0
            of_site = conditionals.of_site(known, site, up)
            estimates.append(sites * of_site)
        return estimates
