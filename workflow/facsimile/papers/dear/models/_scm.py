"""Structural causal models as priors of latents: z = f(ε (I − A)⁻¹), in rows.

A has the weight of each edge, [cause, effect], and f is a monotone function of each latent.
"""

import itertools
from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base import rng

CAUSES = (0, 1)  # light and pendulum
EFFECTS = (2, 3)  # length and position of the shadow


def true_graph(concepts: int) -> Tensor:
    """Return the edges of the pendulum [concepts, concepts]: 1 from each cause to each effect.

    Further concepts, such as the background, have none; there may be fewer than four.
    """
    graph = torch.zeros(concepts, concepts)
    for cause, effect in itertools.product(CAUSES, EFFECTS):
        if max(cause, effect) < concepts:
            graph[cause, effect] = 1
    return graph


class Elementwise(nn.Module):
    """Base class of monotone functions, one for each latent, with parameters in rows [k, ...].

    Subclasses override ``forward``, ``inverse`` and ``place``.
    """

    @abstractmethod
    def forward(self, values: Tensor) -> Tensor:
        """Return f of values [b, k]."""

    @abstractmethod
    def inverse(self, values: Tensor) -> Tensor:
        """Return values [b, k] whose f is given."""

    @abstractmethod
    def place(self, seed: int) -> None:
        """Set the starting values of the parameters in place."""


class Affine(Elementwise):
    """a x + b. Both start as uniform numbers from 0 to ``scale``.

    Args:
        concepts: number of latents.
        scale: 1 in the code of DEAR, 0.1 in that of its peers.
    """

    def __init__(
        self,
        concepts: int,
        scale: float,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.slope = nn.Parameter(torch.ones(concepts))
        self.shift = nn.Parameter(torch.zeros(concepts))

    def forward(self, values: Tensor) -> Tensor:
        return self.slope * values + self.shift

    def inverse(self, values: Tensor) -> Tensor:
        return (values - self.shift) / self.slope

    @torch.no_grad()
    def place(self, seed: int) -> None:
        drawn = rng.uniforms_for(seed, 0, "init:scm", (2, len(self.slope)))
        self.slope.copy_(self.scale * drawn[0])
        self.shift.copy_(self.scale * drawn[1])


class PlanarFlow(Elementwise):
    """x + u ELU(w x + b), with u constrained so that it rises (Rezende and Mohamed 2015).

    All parameters start as normal numbers with a standard deviation of 0.1.
    """

    STEPS = 60  # bisections of the inverse; they end at the precision of float32

    def __init__(self, concepts: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(concepts))
        self.bias = nn.Parameter(torch.zeros(concepts))
        self.free = nn.Parameter(torch.zeros(concepts))

    @property
    def height(self) -> Tensor:
        """The factor u [k] of the ELU, so that w u > −1."""
        product = self.weight * self.free
        return self.free + (functional.softplus(product) - 1 - product) / self.weight

    def forward(self, values: Tensor) -> Tensor:
        return values + self.height * functional.elu(self.weight * values + self.bias)

    @torch.no_grad()
    def inverse(self, values: Tensor) -> Tensor:
        low, high = torch.full_like(values, -1e4), torch.full_like(values, 1e4)
        for _ in range(self.STEPS):
            middle = (low + high) / 2
            is_above = self(middle) > values
            low, high = torch.where(is_above, low, middle), torch.where(is_above, middle, high)
        return (low + high) / 2

    @torch.no_grad()
    def place(self, seed: int) -> None:
        for name, parameter in self.named_parameters():
            drawn = rng.normals_for(seed, 0, f"init:scm:{name}", parameter.shape)
            parameter.copy_(0.1 * drawn)


class PiecewiseLinear(Elementwise):
    """A rising function with 100 knots from −5 to 5, whose slopes are exp(p) + 0.001.

    As in the code of DEAR, no gradient flows through the values at the knots, but through the slope
    at x and a shift of the whole. The p start as normal numbers times 0.2, the shift at N(−5, 1).
    """

    KNOTS, LOW, HIGH = 100, -5.0, 5.0
    LEAST = 1e-3  # slope

    def __init__(self, concepts: int) -> None:
        super().__init__()
        self.log_slope = nn.Parameter(torch.zeros(concepts, self.KNOTS + 1))
        self.shift = nn.Parameter(torch.full((concepts,), self.LOW))

    @property
    def slopes(self) -> Tensor:
        """Slopes before the first knot, between knots and after the last, [k, knots + 1]."""
        return self.log_slope.exp() + self.LEAST

    def levels(self) -> Tensor:
        """Return the values at the knots, [k, knots]."""
        step = (self.HIGH - self.LOW) / (self.KNOTS - 1)
        rises = step * self.slopes[:, 1:-1].detach()
        from_first = functional.pad(rises.cumsum(1), (1, 0))
        return self.shift[:, None] + from_first

    def forward(self, values: Tensor) -> Tensor:
        knots = torch.linspace(self.LOW, self.HIGH, self.KNOTS, dtype=values.dtype)
        index = torch.searchsorted(knots, values.detach().contiguous(), right=True)
        before = (index - 1).clamp(min=0)
        latent = torch.arange(values.shape[1])
        slope = self.slopes[latent, index]
        return self.levels()[latent, before] + slope * (values - knots[before])

    def inverse(self, values: Tensor) -> Tensor:
        knots = torch.linspace(self.LOW, self.HIGH, self.KNOTS, dtype=values.dtype)
        levels = self.levels()
        index = torch.searchsorted(levels, values.T.contiguous(), right=True).T
        before = (index - 1).clamp(min=0)
        latent = torch.arange(values.shape[1])
        slope = self.slopes[latent, index]
        return knots[before] + (values - levels[latent, before]) / slope

    @torch.no_grad()
    def place(self, seed: int) -> None:
        shape = self.log_slope.shape
        self.log_slope.copy_(0.2 * rng.normals_for(seed, 0, "init:scm:slope", shape))
        self.shift.copy_(self.LOW + rng.normals_for(seed, 0, "init:scm:shift", shape[:1]))


class Graph(nn.Module):
    """Weights of the edges of a known graph, or of a supergraph of it.

    Args:
        allowed: 1 for each edge that may have a weight, [cause, effect]; without cycles.
        is_learned: whether the weights are trained, from 0; otherwise they stay as allowed.
    """

    allowed: Tensor

    def __init__(
        self,
        allowed: Tensor,
        is_learned: bool,
    ) -> None:
        super().__init__()
        self.register_buffer("allowed", allowed)
        self.weights: Tensor
        if is_learned:
            self.weights = nn.Parameter(torch.zeros_like(allowed))
        else:
            self.register_buffer("weights", allowed.clone())

    def edges(self) -> Tensor:
        """Return A [k, k]; entries that are not allowed are 0 and have no gradient."""
        return torch.where(self.allowed != 0, self.weights, 0.0)

    def mix(self, noise: Tensor) -> Tensor:
        """Return ε (I − A)⁻¹ of noise [b, k]."""
        edges = self.edges()
        identity = torch.eye(len(edges), dtype=edges.dtype)
        return noise @ torch.linalg.inv(identity - edges)


class SCM(nn.Module):
    """z = f(ε (I − A)⁻¹), for ε from N(0, I).

    Args:
        graph: A.
        function: f.
    """

    def __init__(
        self,
        graph: Graph,
        function: Elementwise,
    ) -> None:
        super().__init__()
        self.graph = graph
        self.function = function

    def forward(self, noise: Tensor) -> Tensor:
        """Return latents [b, k] of noise [b, k]."""
        mixed: Tensor = self.function(self.graph.mix(noise))
        return mixed

    def infer(self, latents: Tensor) -> Tensor:
        """Return the noise [b, k] of latents [b, k]."""
        edges = self.graph.edges()
        identity = torch.eye(len(edges), dtype=edges.dtype)
        mixed: Tensor = self.function.inverse(latents)
        return mixed @ (identity - edges)

    def intervene(
        self,
        noise: Tensor,
        latent: int,
        value: float,
    ) -> Tensor:
        """Return latents [b, k] of noise [b, k] under do(z of a latent = value)."""
        edges = self.graph.edges().clone()
        edges[:, latent] = 0
        set_to = torch.full_like(noise, value)
        changed = noise.clone()
        changed[:, latent] = self.function.inverse(set_to)[:, latent]
        identity = torch.eye(len(edges), dtype=edges.dtype)
        after: Tensor = self.function(changed @ torch.linalg.inv(identity - edges))
        return after


def scaled_by_causes(graph: Tensor) -> Tensor:
    """Return a graph whose edges into an effect have the sum 1, as in the code of the peers."""
    return graph / graph.sum(0).clamp(min=1)


def covariance(
    edges: Tensor,
    slope: Tensor,
) -> Tensor:
    """Return the covariance [k, k] of z for an affine f and ε from N(0, I), in closed form."""
    mixing = torch.linalg.inv(torch.eye(len(edges), dtype=edges.dtype) - edges)
    scaled = mixing * slope
    return scaled.T @ scaled


FUNCTIONS = {0: "affine", 1: "planar flow", 2: "piecewise linear"}


def elementwise(
    function: float,
    concepts: int,
    scale: float,
) -> Elementwise:
    """Create f by its number in ``FUNCTIONS``; ``scale`` is that of an affine f at the start."""
    kind = FUNCTIONS[int(function)]
    if kind == "affine":
        return Affine(concepts, scale)
    return PlanarFlow(concepts) if kind == "planar flow" else PiecewiseLinear(concepts)


def check_function(
    model: str,
    function: float,
) -> None:
    """Raise ValueError unless ``function`` is a number in ``FUNCTIONS``."""
    if function not in FUNCTIONS:
        known = ", ".join(f"{number} ({name})" for number, name in FUNCTIONS.items())
        raise ValueError(f"{model}: function must be one of {known}, not {function:g}")
