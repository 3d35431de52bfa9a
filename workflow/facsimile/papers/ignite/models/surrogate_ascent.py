"""Gradient ascent on a surrogate, with or without the constraint on the surrogate's sharpness."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base import networks as architectures
from facsimile.models.base import offline_designs, optimisers
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.models.base.optimisers import Settings, SGDSettings
from facsimile.papers.ignite.models import _surrogate
from facsimile.papers.ignite.models._surrogate import Member
from facsimile.studies.training import Training

LABEL = "Gradient ascent"
STEP_SECONDS = {"1": 3e-3, "hidden**2": 2.2e-8}
GROUP, MULTIPLIER = "surrogate", "multiplier"
DESIGNS = 128
SEARCH_STEPS = 200
SEARCH_RATE = 0.01  # times the square root of the number of coordinates


class Multipliers(nn.Module):
    """One Lagrange multiplier per member of the ensemble."""

    def __init__(self, members: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.zeros(members))


@dataclass(frozen=True)
class SurrogateAscent(ArraysModel):
    """Fit networks to the offline rows, then climb their prediction from the 128 best rows.

    Dao et al. 2024; searches and settings are those of design-baselines, on which the released code
    is built. The gradient of the likelihood is increased by λ times the gradient of ρ |∇h|, where h
    is the mean prediction over the batch and ∇ is with respect to the weights; after each batch,
    λ ← λ + penalty_rate (ρ |∇h| - epsilon). IGNITE-2 keeps λ; plain gradient ascent has λ = 0.

    Inferred are the ``designs``, int64 [128, 8]; their ``predicted`` standardised scores [128];
    the ``prediction`` of each row [n]; and |∇h| at the start and at the found designs and their
    measured sharpness (``gradient_norm_…`` and ``sharpness_…`` with ``start`` and ``found``), the
    first order of the latter (``first_order_found``), and the ``multiplier``, each [members].

    hidden: units of each of the two hidden layers; 2048 in the released code.
    members: networks of the ensemble.
    average: 1 if designs climb the mean of the members; 0: their minimum, which is what the
        released code calls "mean", too.
    penalty: the multiplier λ at the start.
    penalty_rate: its step size η; 0 keeps it.
    epsilon: upper bound of ρ |∇h|.
    rho: radius ρ of the ball in which the prediction is to change little.
    radius: step r of the finite difference.
    projected: 1 keeps λ at 0 or above; in the released code it becomes negative.
    """

    hidden: float
    members: float = 1
    average: float = 0
    penalty: float = 0
    penalty_rate: float = 0
    epsilon: float = 0.1
    rho: float = 0.05
    radius: float = 0.05
    projected: float = 0
    takes: ClassVar[Shapes] = {"x": (24,), "y": (), "sequence": (8,), "offline": ()}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [inputs] = shapes["x"]
        members = [Member(inputs, int(self.hidden)) for _ in range(int(self.members))]
        created: dict[str, nn.Module] = {GROUP: nn.ModuleList(members)}
        if self.penalty_rate:
            created[MULTIPLIER] = Multipliers(int(self.members))
        return created

    @torch.no_grad()
    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Use Keras's starting values: Glorot uniform weights, zero biases."""
        for index, member in enumerate(_members(networks)):
            architectures.initialise(member.layers, seed, f"{GROUP}:{index}")
            member.reset_limits()
        if MULTIPLIER in networks:
            _multipliers(networks).fill_(self.penalty)

    def optimisers(
        self,
        training: Training,
    ) -> dict[str, Settings]:
        """The study's Adam for the networks, gradient steps of ``penalty_rate`` for λ."""
        settings: dict[str, Settings] = {GROUP: optimisers.from_training(training)}
        if self.penalty_rate:
            settings[MULTIPLIER] = SGDSettings(self.penalty_rate)
        return settings

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {}

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        x, y = batch["x"], batch["y"]
        members = _members(networks)
        fits = [member.negative_log_likelihood(x, y) for member in members]
        likelihood = torch.stack(fits).sum()
        terms = {"likelihood": likelihood / len(members)}
        if not (self.penalty or self.penalty_rate):
            return Losses({GROUP: likelihood}, detached(terms))
        weights = self._weights(networks)
        norms, additions = [], []
        for member, weight in zip(members, weights.detach(), strict=True):
            norm, gradients = _surrogate.norm_gradient(member.layers, x, self.radius)
            norms.append(norm)
            pairs = zip(member.layers.parameters(), gradients, strict=True)
            # A sum whose gradient is that of the penalty, and whose value is not used.
            addition = sum(((p * g).sum() for p, g in pairs), torch.zeros(()))
            additions.append(weight * self.rho * (addition - addition.detach()))
        loss = likelihood + torch.stack(additions).sum()
        minimised = {GROUP: loss}
        sharpness = self.rho * torch.stack(norms)
        if MULTIPLIER in networks:
            minimised[MULTIPLIER] = self._multiplier_loss(weights, sharpness)
        terms |= {"sharpness": sharpness.mean(), "multiplier": weights.mean()}
        return Losses(minimised, detached(terms))

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return the ``prediction`` that designs climb, of each row."""
        return {"prediction": self._objective(networks, batch["x"])}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Search for designs, and measure the sharpness before and after."""
        seen = torch.from_numpy(offline_designs.is_offline(whole))
        x, y = whole["x"][seen], whole["y"][seen]
        start = x[torch.from_numpy(offline_designs.best_rows(y.numpy(), DESIGNS))]
        rate = SEARCH_RATE * float(np.sqrt(x.shape[1]))
        found = offline_designs.ascend(
            lambda points: self._objective(networks, points), start, rate, SEARCH_STEPS
        )
        data = {name: values.numpy() for name, values in whole.items()}
        designs = offline_designs.letter_logits(data).decode(found.numpy())
        result = {
            "designs": torch.from_numpy(designs),
            "predicted": self._objective(networks, found).detach(),
            "multiplier": self._weights(networks).detach().clone(),
        }
        for name, points in {"start": start, "found": found}.items():
            norms, rises = [], []
            for member in _members(networks):
                norm, rise = self._sharpness(member, points)
                norms.append(norm)
                rises.append(rise)
            result[f"gradient_norm_{name}"] = torch.stack(norms)
            result[f"sharpness_{name}"] = torch.stack(rises)
        result["first_order_found"] = self.rho * result["gradient_norm_found"]
        return result

    def check(self) -> None:
        whole_numbers = {"hidden": self.hidden, "members": self.members}
        for name, value in whole_numbers.items():
            if value < 1 or value != int(value):
                raise ValueError(f"{name} must be a whole number of 1 or more, not {value:g}")
        switches = {"average": self.average, "projected": self.projected}
        for name, value in switches.items():
            if value not in (0, 1):
                raise ValueError(f"{name} must be 0 or 1, not {value:g}")
        for name in ("rho", "radius"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is a radius above 0, not {getattr(self, name):g}")
        for name in ("penalty_rate", "epsilon"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name):g}")

    def _objective(
        self,
        networks: Mapping[str, nn.Module],
        x: Tensor,
    ) -> Tensor:
        """What designs climb, [b]."""
        predictions = torch.stack([member(x) for member in _members(networks)])
        return predictions.mean(0) if self.average else predictions.amin(0)

    def _sharpness(
        self,
        member: Member,
        x: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return |∇h|, and how much h rises after a step of ρ along ∇h, for h over the points x."""
        before, gradients = _surrogate.mean_gradient(member.layers, x)
        moved = _surrogate.shifted(member.layers, gradients, self.rho)
        after, _ = _surrogate.mean_gradient(member.layers, x, moved)
        return _surrogate.norm_of(gradients), after - before

    def _weights(
        self,
        networks: Mapping[str, nn.Module],
    ) -> Tensor:
        """The multiplier λ of each member, [members]."""
        if MULTIPLIER in networks:
            return _multipliers(networks)
        return torch.full((int(self.members),), float(self.penalty))

    def _multiplier_loss(
        self,
        weights: Tensor,
        sharpness: Tensor,
    ) -> Tensor:
        """A loss whose gradient step is λ ← λ + η (ρ |∇h| - ε), or the projection of it."""
        change = self.penalty_rate * (sharpness - self.epsilon)
        if self.projected:
            change = torch.clamp(weights.detach() + change, min=0) - weights.detach()
        return -(weights * (change / self.penalty_rate)).sum()


def _members(
    networks: Mapping[str, nn.Module],
) -> list[Member]:
    return [cast("Member", member) for member in cast("nn.ModuleList", networks[GROUP])]


def _multipliers(
    networks: Mapping[str, nn.Module],
) -> Tensor:
    return cast("Multipliers", networks[MULTIPLIER]).values
