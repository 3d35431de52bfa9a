"""Networks of single cells: counts to latents and back, with batch normalisation and the starting values of torch's layers.

Sizes are those of scvi-tools 0.18 as Genentech/sVAE calls it: two hidden layers of 128 each way, batch normalisation with ε =
0.001, ReLU, dropout of 0.1 in the encoder alone; logarithms of the counts plus 1 go in, shares of the cell's counts come out.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.distributions import NegativeBinomial

from facsimile.models.base import rng

WIDTH, DROPOUT, EPSILON = 128, 0.1, 1e-3
LEAST_VARIANCE, LEAST_RATE = 1e-4, 1e-8
Statistics = Sequence[tuple[Tensor, Tensor]]  # mean and variance of the units of each hidden layer


class Hidden(nn.Module):
    """Two dense layers, each normalised and rectified."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList([nn.Linear(inputs, WIDTH), nn.Linear(WIDTH, WIDTH)])
        self.norms = nn.ModuleList(
            [nn.BatchNorm1d(WIDTH, eps=EPSILON, track_running_stats=False) for _ in range(2)]
        )

    def forward(self, x: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Of a batch [b, inputs], normalised by its own statistics; with dropout if it is given a generator."""
        for dense, norm in zip(self.dense, self.norms, strict=True):
            x = norm(dense(x)).relu()
            x = x if random is None else x * _kept(x, random)
        return x

    def statistics(self, x: Tensor) -> Statistics:
        """Mean and variance of every layer's units over all of ``x`` [n, inputs]: what takes the place of a batch's own."""
        found = []
        for dense, norm in zip(self.dense, self.norms, strict=True):
            units = dense(x)
            found.append((units.mean(0), units.var(0, correction=0)))
            x = norm(units).relu()
        return found

    def normalised(self, x: Tensor, statistics: Statistics) -> Tensor:
        """As ``forward``, of any rows [..., inputs], by given statistics."""
        for dense, norm, (mean, variance) in zip(self.dense, self.norms, statistics, strict=True):
            units = dense(x)
            x = ((units - mean) / (variance + EPSILON).sqrt() * norm.weight + norm.bias).relu()
        return x


class Cells(nn.Module):
    """Encoder, decoder, logarithms of the genes' dispersions, and by name the parameters of a model's prior."""

    def __init__(self, genes: int, latents: int, prior: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        self.encoder, self.mean, self.log_variance = (
            Hidden(genes),
            nn.Linear(WIDTH, latents),
            nn.Linear(WIDTH, latents),
        )
        self.decoder, self.share = Hidden(latents), nn.Linear(WIDTH, genes)
        self.log_dispersion = nn.Parameter(torch.zeros(genes))
        self.prior = nn.ParameterDict(
            {name: nn.Parameter(torch.zeros(shape)) for name, shape in prior.items()}
        )

    def posterior(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Means and variances [..., latents] of what the encoder's hidden layers answer."""
        return self.mean(hidden), self.log_variance(hidden).exp() + LEAST_VARIANCE

    def log_likelihood(self, counts: Tensor, hidden: Tensor) -> Tensor:
        """Log-probability [...] of counts [..., genes] by negative binomials, of what the decoder's hidden layers answer.

        A mean is the gene's share times the cell's counts, which are taken as known.
        """
        means = counts.sum(-1, keepdim=True) * self.share(hidden).softmax(-1)
        logits = (means + LEAST_RATE).log() - self.log_dispersion
        return (
            NegativeBinomial(self.log_dispersion.exp(), logits=logits, validate_args=False)
            .log_prob(counts)
            .sum(-1)
        )


@torch.no_grad()
def initialise(module: nn.Module, seed: int, constants: Mapping[str, float]) -> None:
    """Torch's: dense weights and biases uniform within ±1/√inputs, normalisation 1 and 0; other parameters standard normal.

    ``constants``: values of those that are not drawn, by the end of their names.
    """
    inputs = {
        f"{name}.{part}": layer.in_features
        for name, layer in _dense(module)
        for part in ("weight", "bias")
    }
    for index, (name, parameter) in enumerate(module.named_parameters()):
        key = torch.tensor([seed]), torch.tensor([index])
        if (constant := constants.get(name.rpartition(".")[2])) is not None and name not in inputs:
            parameter.fill_(constant)
        elif name in inputs:
            drawn = rng.uniforms(*key, "init:cells", parameter.numel()).view(parameter.shape)
            parameter.copy_((2 * drawn - 1) / math.sqrt(inputs[name]))
        else:
            parameter.copy_(
                rng.normals(*key, "init:cells", parameter.numel()).view(parameter.shape)
            )


def generator(noise: Tensor) -> torch.Generator:
    """A generator of which one declared normal [1] is the seed: dropout needs more bits than are worth drawing by counters."""
    return torch.Generator().manual_seed(int(noise.view(torch.int32).item()) & 0x7FFFFFFF)


def _kept(x: Tensor, random: torch.Generator) -> Tensor:
    return (torch.rand(x.shape, generator=random) >= DROPOUT) / (1 - DROPOUT)


def _dense(module: nn.Module) -> list[tuple[str, nn.Linear]]:
    return [(name, layer) for name, layer in module.named_modules() if isinstance(layer, nn.Linear)]
