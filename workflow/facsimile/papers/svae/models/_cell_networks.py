"""Networks of single cells: counts to latents and back.

Sizes are those of scvi-tools 0.18 as Genentech/sVAE calls it: two hidden layers of 128 units each
way, batch normalisation with ε = 0.001, ReLU, and dropout of 0.1 in the encoder only. Starting
values are those of torch's layers. The input is the logarithm of the counts plus 1, the output the
genes' shares of the cell's counts.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.distributions import NegativeBinomial

from facsimile.models.base import rng

WIDTH = 128  # units of a hidden layer
DROPOUT = 0.1
EPSILON = 1e-3  # of batch normalisation
LEAST_VARIANCE = 1e-4  # added to variances of the posterior
LEAST_RATE = 1e-8  # added to means of counts, whose logarithm is taken
Statistics = Sequence[tuple[Tensor, Tensor]]  # mean and variance of the units of each hidden layer


class Hidden(nn.Module):
    """Two dense layers, each followed by batch normalisation and ReLU.

    Args:
        inputs: inputs of the first layer.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList()
        self.norms = nn.ModuleList()
        for width in (inputs, WIDTH):
            # Running statistics are not used: ``statistics`` computes exact ones after training.
            norm = nn.BatchNorm1d(WIDTH, eps=EPSILON, track_running_stats=False)
            self.dense.append(nn.Linear(width, WIDTH))
            self.norms.append(norm)

    def forward(
        self,
        x: Tensor,
        random: torch.Generator | None = None,
    ) -> Tensor:
        """Apply the layers to a batch [b, inputs], normalised by its own statistics.

        Args:
            x: the batch.
            random: generator for dropout; None disables dropout.
        """
        for dense, norm in zip(self.dense, self.norms, strict=True):
            x = norm(dense(x)).relu()
            if random is not None:
                x = x * _dropout_mask(x, random)
        return x

    def statistics(self, x: Tensor) -> Statistics:
        """Return mean and variance of every layer's units over all rows of ``x`` [n, inputs]."""
        statistics = []
        for dense, norm in zip(self.dense, self.norms, strict=True):
            units = dense(x)
            variance = units.var(0, correction=0)
            statistics.append((units.mean(0), variance))
            x = norm(units).relu()
        return statistics

    def normalised(
        self,
        x: Tensor,
        statistics: Statistics,
    ) -> Tensor:
        """Apply the layers to rows [..., inputs], normalised by given statistics."""
        layers = zip(self.dense, self.norms, statistics, strict=True)
        for dense, norm, (mean, variance) in layers:
            units = dense(x)
            deviation = (variance + EPSILON).sqrt()
            standardised = (units - mean) / deviation
            x = (standardised * norm.weight + norm.bias).relu()
        return x


class Cells(nn.Module):
    """All parameters of a model of cells.

    They are those of encoder and decoder, the logarithms of the genes' dispersions, and the
    parameters of the prior by name.

    Args:
        genes: number of genes.
        latents: number of latents.
        prior: shape of each parameter of the prior by name.
    """

    def __init__(
        self,
        genes: int,
        latents: int,
        prior: Mapping[str, tuple[int, ...]],
    ) -> None:
        super().__init__()
        self.encoder = Hidden(genes)
        self.mean = nn.Linear(WIDTH, latents)
        self.log_variance = nn.Linear(WIDTH, latents)
        self.decoder = Hidden(latents)
        self.share = nn.Linear(WIDTH, genes)
        self.log_dispersion = nn.Parameter(torch.zeros(genes))
        parameters = {}
        for name, shape in prior.items():
            parameters[name] = nn.Parameter(torch.zeros(shape))
        # The constructor of ParameterDict sorts a dictionary by name, unlike assignment of single
        # entries. ``initialise`` depends on this order.
        self.prior = nn.ParameterDict(parameters)

    def posterior(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and variances [..., latents], given the output of the encoder's layers."""
        mean = self.mean(hidden)
        variance = self.log_variance(hidden).exp()
        return mean, variance + LEAST_VARIANCE

    def log_likelihood(
        self,
        counts: Tensor,
        hidden: Tensor,
    ) -> Tensor:
        """Return the log-probability [...] of counts under negative binomials, in nats.

        The mean of a gene is its share times the sum of the cell's counts, which is assumed known.

        Args:
            counts: [..., genes].
            hidden: output of the decoder's layers, [..., WIDTH].
        """
        total = counts.sum(-1, keepdim=True)
        means = total * self.share(hidden).softmax(-1)
        logits = (means + LEAST_RATE).log() - self.log_dispersion
        dispersion = self.log_dispersion.exp()
        distribution = NegativeBinomial(dispersion, logits=logits, validate_args=False)
        return distribution.log_prob(counts).sum(-1)


@torch.no_grad()
def initialise(
    module: nn.Module,
    seed: int,
    constants: Mapping[str, float],
) -> None:
    """Initialise parameters in place, as torch's layers.

    Weights and biases of dense layers are uniform within ±1/√inputs. Other parameters are constant
    if ``constants`` has the last part of their name, otherwise standard normal.

    Args:
        module: module to initialise.
        seed: seed of the run.
        constants: starting values by the last part of a parameter's name.
    """
    inputs: dict[str, int] = {}
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Linear):
            inputs[f"{name}.weight"] = layer.in_features
            inputs[f"{name}.bias"] = layer.in_features
    for index, (name, parameter) in enumerate(module.named_parameters()):
        shape = parameter.shape
        last_part = name.rpartition(".")[2]
        # Norms have weights and biases, too, so dense layers are recognised first.
        if name in inputs:
            drawn = rng.uniforms_for(seed, index, "init:cells", shape)
            symmetric = 2 * drawn - 1
            parameter.copy_(symmetric / math.sqrt(inputs[name]))
        elif last_part in constants:
            parameter.fill_(constants[last_part])
        else:
            drawn = rng.normals_for(seed, index, "init:cells", shape)
            parameter.copy_(drawn)


def generator(noise: Tensor) -> torch.Generator:
    """Return a generator that is seeded by one declared normal [1].

    Dropout needs so many bits that drawing them with the counter-based generator is too expensive.
    """
    bits = int(noise.view(torch.int32).item())
    return torch.Generator().manual_seed(bits & 0x7FFFFFFF)  # without the sign


def _dropout_mask(x: Tensor, random: torch.Generator) -> Tensor:
    """Return a mask of the shape of ``x``: 0, or 1 / (1 − DROPOUT) for units that are kept."""
    is_kept = torch.rand(x.shape, generator=random) >= DROPOUT
    return is_kept / (1 - DROPOUT)
