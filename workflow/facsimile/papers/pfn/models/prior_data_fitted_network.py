"""A transformer that predicts observations of functions drawn from a prior."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from scipy import special
from torch import Tensor, nn

from facsimile.models.base import attention
from facsimile.models.base.adamw import AdamWSettings
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.papers.pfn import gaussian_process
from facsimile.papers.pfn.gaussian_process import Prior
from facsimile.papers.pfn.models import _picture as picture
from facsimile.papers.pfn.models._densities import Density, GaussianDensity, RiemannDensity
from facsimile.papers.pfn.models._exact import Exact, Normal
from facsimile.studies.training import Training

LABEL = "PFN"
# Estimated: 0.03 s at desk scale, where tokens are of 64; of 512, with the batches of the study, a
# thousand seconds.
STEP_SECONDS = {"width**5": 3e-11}
GROUP = "network"
PER_NUMBER = ("nll", "exact_nll", "kl", "least_kl", "kl_of_prior")  # what infer returns
QUERIES = 10  # at least so many points of a training set are queries
CLIP = 1.0  # largest norm of the gradient


class Network(nn.Module):
    """Embeddings of inputs and observations, the transformer, and the head.

    Args:
        features: features of an input.
        parameters: parameters of a predictive density.
        width: size of a token.
        heads: heads of each attention.
        layers: layers of the transformer.
    """

    def __init__(
        self,
        features: int,
        parameters: int,
        width: int,
        heads: int,
        layers: int,
    ) -> None:
        super().__init__()
        hidden = 2 * width
        self.x = nn.Linear(features, width)
        self.y = nn.Linear(1, width)
        self.transformer = attention.self_attention(width, heads, layers, hidden)
        self.head = nn.Sequential(
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Linear(hidden, parameters),
        )

    def forward(
        self,
        x: Tensor,
        y: Tensor,
        query: Tensor,
    ) -> Tensor:
        """Return the parameters [b, m, parameters] of predictive densities.

        Args:
            x: observed inputs [b, n, features]; n may be 0.
            y: observations [b, n].
            query: inputs to predict at [b, m, features].
        """
        observed = x.shape[1]
        points = self.x(x) + self.y(y[..., None])
        tokens = torch.cat([points, self.x(query)], 1)
        mask = attention.hidden_queries(observed, query.shape[1])
        attended = self.transformer(tokens, mask=mask)
        output: Tensor = self.head(attended[:, observed:])
        return output


@dataclass(frozen=True)
class PriorDataFittedNetwork(ArraysModel):
    """Minus the log-density of observations that are held back; each step draws new sets.

    Müller et al. 2022, "Transformers can do Bayesian inference", for a Gaussian process. A set has
    points + 10 points. The number n of observed ones is from 0 to points - 1, with probability
    proportional to 1/(points - n), and the others are predicted. Sets of one group share n; the
    loss is the sum over groups of the mean of each, whose gradient is clipped to a norm of 1.

    Args:
        points: so many points are never observed, any smaller number is.
        features: most features of an input; a data set may have fewer.
        buckets: buckets of the predictive density, 0 for a Gaussian.
        width: size of a token.
        heads: heads of each attention; they divide the width.
        layers: layers of the transformer.
        groups: groups into which the sets of a step are divided.
        lr: highest learning rate; it falls to 0 along half a cosine.
        warm_up: fraction of the steps in which the rate also grows linearly from 0.
    """

    points: float = 10
    features: float = 5
    buckets: float = 20
    width: float = 16
    heads: float = 2
    layers: float = 2
    groups: float = 1
    lr: float = 0.001
    warm_up: float = 0.25
    takes: ClassVar[Shapes] = {
        "x": (6, 2),
        "y": (6,),
        "query": (2,),
        "target": (),
        "prior": (4,),
        "observed": (3,),
        "mean": (3,),
        "variance": (3,),
    }

    def density(self, batch: Batch) -> Density:
        """Return the family of predictive densities, in units of ``scale``."""
        return RiemannDensity(int(self.buckets)) if self.buckets else GaussianDensity()

    def scale(self, batch: Batch) -> float:
        """Return the standard deviation of an observation under the prior of a data set."""
        return prior_of(batch).scale

    def sets(
        self,
        batch: Batch,
        noise: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Return inputs [b, k, features] and observations [b, k] of new functions of the prior.

        Observations are in units of ``scale``.

        Args:
            batch: with the arrays ``prior`` and ``x`` of a data set.
            noise: standard normals ``x`` [b, k, features or more] and ``y`` [b, k].
        """
        prior = prior_of(batch)
        x = inputs(batch, noise, prior.upper)
        y = gaussian_process.draw(x, noise["y"].double().numpy(), prior) / prior.scale
        return torch.from_numpy(x).float(), torch.from_numpy(y).float()

    def exact(
        self,
        batch: Batch,
        index: int,
    ) -> tuple[Exact, Tensor]:
        """Return the exact predictive distributions [b] after some number of points.

        Both are in units of ``scale``.

        Args:
            batch: rows of a data set.
            index: which of the numbers of observed points.

        Returns:
            The distributions, and their divergence [b] to that of an observation without others.
        """
        scale = self.scale(batch)
        exact = Normal(batch["mean"][:, index] / scale, batch["variance"][:, index] / scale**2)
        squared = exact.mean.square() + exact.variance
        return exact, 0.5 * (squared - 1 - exact.variance.log())

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        features = shapes["x"][1]
        if features > self.features:
            raise ValueError(
                f"the data set has {features} features, but the model draws {self.features:g}; "
                f"set features to {features}"
            )
        of_density = self.buckets or GaussianDensity.parameters
        sizes = (of_density, self.width, self.heads, self.layers)
        return {GROUP: Network(features, *map(int, sizes))}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """PyTorch's starting values, and layers that start by adding nothing."""
        network = network_of(networks)
        attention.initialise(network, seed, GROUP)
        attention.silence(network.transformer)

    def optimisers(self, training: Training) -> AdamWSettings:
        """Adam with clipped gradients and a falling rate; the study's optimiser is not used."""
        return AdamWSettings(
            self.lr,
            training.steps,
            warm_up=round(self.warm_up * training.steps),
            least=0.0,
            clip=CLIP,
        )

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        points = int(self.points) + QUERIES
        return {
            "x": Draw("normal", (batch, points, int(self.features))),
            "y": Draw("normal", (batch, points)),
            "observed": Draw("normal", (int(self.groups),)),
        }

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        network = network_of(networks)
        density = self.density(batch)
        x, y = self.sets(batch, noise)
        if len(x) < self.groups:
            raise ValueError(
                f"{len(x)} sets cannot be divided into {self.groups:g} groups; "
                "set batch_size to groups or more"
            )
        numbers = observed_numbers(noise["observed"], int(self.points))
        means = []
        for n, inputs, values in zip(
            numbers,
            x.tensor_split(len(numbers)),
            y.tensor_split(len(numbers)),
            strict=True,
        ):
            output = network(inputs[:, :n], values[:, :n], inputs[:, n:])
            means.append(-density.log_density(output, values[:, n:]).mean())
        of_groups = torch.stack(means)
        return Losses({GROUP: of_groups.sum()}, detached({"nll": of_groups.mean()}))

    def infer(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
    ) -> dict[str, Tensor]:
        """Return what is known of the predictions after each number of points, [b, c] each.

        ``nll`` is minus the log-density of the target, ``exact_nll`` that of the exact predictive
        distribution, ``kl`` the KL divergence from the exact distribution, ``least_kl`` the least
        one of the density's family, and ``kl_of_prior`` that of an observation without others; all
        in nats.
        """
        network = network_of(networks)
        density, scale = self.density(batch), self.scale(batch)
        y, target = batch["y"] / scale, batch["target"] / scale
        results: dict[str, list[Tensor]] = {name: [] for name in PER_NUMBER}
        for index, n in enumerate(batch["observed"][0].long().tolist()):
            output = network(batch["x"][:, :n], y[:, :n], batch["query"][:, None])[:, 0]
            exact, of_prior = self.exact(batch, index)
            values = (
                np.log(scale) - density.log_density(output, target),
                np.log(scale) - exact.log_density(target),
                density.kl(output, exact),
                density.least_kl(exact),
                of_prior,
            )
            for name, value in zip(PER_NUMBER, values, strict=True):
                results[name].append(value)
        return {name: torch.stack(values, 1).float() for name, values in results.items()}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``parameters``, the number of parameters, and a picture if there is one feature.

        The arrays of the picture are those of ``picture``, for the first set of the data set.
        """
        network = network_of(networks)
        results = {"parameters": parameters(network)}
        if whole["x"].shape[-1] == 1:
            density = self.density(whole)
            results |= picture.picture(network, density, prior_of(whole), whole)
        return results

    def check(self) -> None:
        for name in ("points", "features", "width", "heads", "layers", "groups", "buckets"):
            value = getattr(self, name)
            least = 0 if name == "buckets" else 1
            if value < least or value != int(value):
                raise ValueError(f"{name} must be a whole number from {least}, not {value:g}")
        if self.buckets == 1:
            raise ValueError("buckets must be 0, for a Gaussian, or 2 and more, not 1")
        attention.check(self.width, self.heads)
        if not self.lr > 0:
            raise ValueError(f"lr must be above 0, not {self.lr:g}")
        if not 0 <= self.warm_up <= 1:
            raise ValueError(f"warm_up must be from 0 to 1, not {self.warm_up:g}")


def inputs(
    batch: Batch,
    noise: Mapping[str, Tensor],
    upper: float,
) -> npt.NDArray[np.float64]:
    """Return inputs [b, k, features], uniform on [0, upper], of new sets.

    Args:
        batch: with the array ``x`` of a data set, which has as many features.
        noise: standard normals ``x`` [b, k, features or more].
        upper: upper end of the inputs.
    """
    features = batch["x"].shape[-1]
    normals = noise["x"][..., :features].double().numpy()
    return np.asarray(upper * special.ndtr(normals))


def observed_numbers(
    normals: Tensor,
    points: int,
) -> list[int]:
    """Return how many points of each group are observed, from 0 to points - 1.

    The number n has probability proportional to 1/(points - n).

    Args:
        normals: a standard normal for each group [groups].
        points: one more than the largest number.
    """
    weights = 1 / np.arange(points, 0, -1)
    ends = weights.cumsum() / weights.sum()
    uniforms = special.ndtr(normals.double().numpy())
    numbers = np.searchsorted(ends, uniforms).clip(max=points - 1)
    return [int(number) for number in numbers]


def prior_of(batch: Batch) -> Prior:
    """Return the prior of a data set, which is the same in all rows."""
    return Prior(*batch["prior"][0].tolist())


def parameters(network: Network) -> Tensor:
    """Return the number of parameters of a network."""
    return torch.tensor(sum(parameter.numel() for parameter in network.parameters()))


def network_of(networks: Mapping[str, nn.Module]) -> Network:
    """Return the network of a run."""
    network = networks[GROUP]
    assert isinstance(network, Network)
    return network
