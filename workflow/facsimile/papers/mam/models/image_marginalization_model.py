"""An any-order autoregressive model of binary images, and a model of its marginals."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from facsimile.datasets.base.table import TEST
from facsimile.models.base import mlp, rng
from facsimile.models.base.adamw import AdamWSettings
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.papers.mam.models._spins import Conditionals, SpinNetwork, uniform_sites
from facsimile.studies.training import Training

LABEL = "MAM, images"
# 256 units, batches of 64 images of 784 pixels; a step of the marginals.
STEP_SECONDS = {"width": 2e-4}
CONDITIONALS, MARGINALS = "conditionals", "marginals"
# Pixels that are drawn again for a completion: 100, 400 and 700 of 784 in config_image.yaml.
SHARES = (100 / 784, 400 / 784, 700 / 784)


@dataclass(frozen=True)
class ImageMarginalizationModel(ArraysModel):
    """Minus log q of an any-order model, then squared violations of self-consistency.

    Liu, Ramadge and Adams 2024, maximum likelihood; PrincetonLIPS/MaM, ao_arm/image_model.py and
    mam/models/mam_image.py. For ``conditional_steps``, a network of conditionals q(x_k | x_S) is
    trained as an AO-ARM, on the mean over all unknown pixels at a random number of known ones. Then
    it is kept, and a second network of log p(x_S) is trained to satisfy
    log p(x_S) + log q(x_k | x_S) = log p(x_S, x_k) at random S and k, and log p = 0 where nothing
    is known. The authors have U-Nets, and half of their second loss is on images of which four
    pixels are drawn again; these are dense networks, on images of the data set alone.

    When their steps are over, the conditionals move by no more than what is left of Adam's moments.

    Args:
        sites: number of pixels; that of the data set.
        width: units of each hidden layer.
        layers: number of hidden layers.
        lr: highest learning rate of both networks, which falls to 0 along half a cosine.
        conditional_steps: steps in which the conditionals are trained.
        evaluated: test images whose likelihoods are stored.
        completed: test images of which 13, 51 and 89 % of the pixels are drawn again.
        orders: orders over which the likelihood by conditionals is averaged.
    """

    sites: float = 16
    width: float = 16
    layers: float = 2
    lr: float = 0.001
    conditional_steps: float = 2
    evaluated: float = 6
    completed: float = 2
    orders: float = 2
    takes: ClassVar[Shapes] = {"images": (4, 4, 1), "part": ()}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        sites = math.prod(shapes["images"])
        if sites != self.sites:
            raise ValueError(
                f"the images have {sites} values, but the model {self.sites:g} sites; "
                f"set sites to {sites}, which images of one channel have as pixels"
            )
        width, layers = int(self.width), int(self.layers)
        return {
            CONDITIONALS: Conditionals(sites, width, layers),
            MARGINALS: SpinNetwork(sites, width, layers, 1),
        }

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Set PyTorch's starting values of dense layers."""
        for group, network in networks.items():
            mlp.initialise(network, seed, group)

    def optimisers(self, training: Training) -> AdamWSettings:
        """AdamW without weight decay; the study's optimiser is not used."""
        return AdamWSettings(self.lr, training.steps, least=0.0)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {
            "order": Draw("permutation", (int(self.sites), batch)),
            "known": Draw("normal", (batch,)),
        }

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        conditionals, marginals = _both(networks)
        spins = spins_of(batch["images"])
        # So many pixels, the first ones of the order, are known in S; the next one is k.
        known = uniform_sites(noise["known"], int(self.sites))[:, None]
        order = noise["order"].T
        place = order.argsort(1)
        before = spins * (place < known)
        if int(step) < self.conditional_steps:
            nll = _nll(conditionals, spins, before, place >= known)
            minimise = {CONDITIONALS: nll, MARGINALS: _nothing(marginals)}
            return Losses(minimise, detached({"nll": nll}))

        with torch.no_grad():
            site = order.gather(1, known)
            up = spins.gather(1, site)[:, 0] > 0
            log_q = conditionals.of_site(before, site[:, 0], up)
        after = spins * (place <= known)
        inputs = torch.cat((before, after, torch.zeros_like(spins[:1])))
        of_before, of_after, of_nothing = marginals(inputs)[:, 0].split((len(spins), len(spins), 1))
        violation = (of_before + log_q - of_after).square().mean()
        loss = self.sites * violation + of_nothing.square().mean()
        minimise = {CONDITIONALS: _nothing(conditionals), MARGINALS: loss}
        return Losses(minimise, detached({"violation": violation}))

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return log-likelihoods of test images, and of images of which pixels are drawn again.

        ``log_marginal`` [n] is by the network of marginals, minus its value without known pixels;
        ``log_q`` [n, orders + 1] by the conditionals along one order each.
        ``completed_log_marginal`` [m, 3] and ``completed_log_q`` [m, 3, orders + 1] are those of m
        images with the shares ``SHARES`` of their pixels drawn again. ``sites`` is the number of
        pixels.
        """
        conditionals, marginals = _both(networks)
        is_test = whole["part"] == TEST
        spins = spins_of(whole["images"][is_test][: int(self.evaluated)])
        completed = self._completed(conditionals, spins[: int(self.completed)], seed)
        m = len(completed)
        shape = (m // len(SHARES), len(SHARES))
        every = torch.cat((spins, completed))
        of_nothing = marginals(torch.zeros_like(spins[:1]))[:, 0]
        log_marginal = marginals(every)[:, 0] - of_nothing
        log_q = self._log_q(conditionals, every, seed)
        n = len(spins)
        return {
            "log_marginal": log_marginal[:n],
            "log_q": log_q[:n],
            "completed_log_marginal": log_marginal[n:].view(shape),
            "completed_log_q": log_q[n:].view(*shape, log_q.shape[1]),
            "sites": torch.tensor(int(self.sites)),
        }

    def _completed(
        self,
        conditionals: Conditionals,
        spins: Tensor,
        seed: int,
    ) -> Tensor:
        """Each of m images with each share of its pixels drawn again, [m * shares, sites]."""
        m, sites = spins.shape
        images = []
        for share in SHARES:
            again = max(round(share * sites), 1)
            purpose = f"evaluate: {again} drawn"
            order = self._order(purpose, m, seed)[:again]
            normals = rng.normals_for(seed, 0, f"{purpose}: normals", (again, m))
            kept = spins.scatter(1, order.T, 0.0)
            images.append(conditionals.draw(kept, order, normals))
        return torch.stack(images, 1).flatten(0, 1)

    def _log_q(
        self,
        conditionals: Conditionals,
        spins: Tensor,
        seed: int,
    ) -> Tensor:
        """Log q [n, orders + 1] along random orders, each image with orders of its own."""
        columns = []
        for number in range(int(self.orders) + 1):
            order = self._order(f"evaluate: order {number}", len(spins), seed)
            columns.append(conditionals.along(spins, order).sum(1))
        return torch.stack(columns, 1)

    def _order(
        self,
        purpose: str,
        n: int,
        seed: int,
    ) -> Tensor:
        """A random order of the pixels for each of n images, [sites, n]."""
        seeds, steps = torch.tensor([seed]), torch.tensor([0])
        return rng.permutations(seeds, steps, purpose, int(self.sites), n)[0, 0]

    def check(self) -> None:
        least = {
            "sites": 4,
            "width": 1,
            "layers": 1,
            "conditional_steps": 1,
            "evaluated": 2,
            "completed": 1,
            "orders": 1,
        }
        for name, value in least.items():
            if getattr(self, name) < value:
                raise ValueError(f"{name} must be {value} or more, not {getattr(self, name):g}")
        if not self.lr > 0:
            raise ValueError(f"lr must be above 0, not {self.lr:g}")


def spins_of(images: Tensor) -> Tensor:
    """Return spins [b, sites], -1 for black and +1 for white, of images [b, 1, h, w] in [0, 1]."""
    return 2 * (images.flatten(1) > 0.5).to(images.dtype) - 1


def _both(networks: Mapping[str, nn.Module]) -> tuple[Conditionals, SpinNetwork]:
    conditionals, marginals = networks[CONDITIONALS], networks[MARGINALS]
    assert isinstance(conditionals, Conditionals)
    assert isinstance(marginals, SpinNetwork)
    return conditionals, marginals


def _nll(
    conditionals: Conditionals,
    spins: Tensor,
    known: Tensor,
    is_unknown: Tensor,
) -> Tensor:
    """Mean over images of the mean over unknown pixels of -log q, given the known ones."""
    logits = conditionals(known).view(len(spins), -1, 2)
    log_q = logits.log_softmax(-1)
    of_pixels = torch.where(spins > 0, log_q[..., 1], log_q[..., 0])
    means = (of_pixels * is_unknown).sum(1) / is_unknown.sum(1)
    return -means.mean()


def _nothing(network: nn.Module) -> Tensor:
    """A loss of value 0 whose gradient is 0."""
    sums = [parameter.sum() for parameter in network.parameters()]
    return 0 * torch.stack(sums).sum()
