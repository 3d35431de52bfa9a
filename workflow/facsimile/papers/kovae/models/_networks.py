"""The networks of a Koopman VAE: encoder, decoder and prior, and the operator of its states.

Sizes and order of layers are those of models/kovae.py in azencot-group/KoVAE.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from facsimile.models.base import recurrent


class Normals(NamedTuple):
    """Independent normals of each step and a draw from them; each tensor is [b, T, latents]."""

    mean: Tensor
    log_variance: Tensor
    sample: Tensor


class KoopmanNetwork(nn.Module):
    """Encoder q(z | x), decoder, and a recurrent prior of z.

    Args:
        features: features of a series.
        latents: latents of each step.
        hidden: units of each recurrent layer.
        layers: recurrent layers of encoder and decoder, which read a series in both directions.
    """

    def __init__(
        self,
        features: int,
        latents: int,
        hidden: int,
        layers: int,
    ) -> None:
        super().__init__()
        shape = {"num_layers": layers, "bidirectional": True, "batch_first": True}
        self.latents, self.hidden = latents, hidden
        self.encoder = nn.GRU(features, hidden, **shape)
        # The encoder is used in training only, so that running statistics are not needed.
        self.norm = nn.BatchNorm1d(2 * hidden, track_running_stats=False)
        self.mean = nn.Linear(2 * hidden, latents)
        self.log_variance = nn.Linear(2 * hidden, latents)
        self.decoder = nn.GRU(latents, hidden, **shape)
        self.output = nn.Linear(2 * hidden, features)
        self.cell = nn.GRUCell(latents, hidden)
        self.prior_mean = nn.Linear(hidden, latents)
        self.prior_log_variance = nn.Linear(hidden, latents)

    def posterior(
        self,
        x: Tensor,
        noise: Tensor,
    ) -> Normals:
        """Return q(z | x), normalised by the statistics of the batch, and a draw from it.

        Args:
            x: series [b, T, features].
            noise: standard normals [b, T, latents].
        """
        states = recurrent.gru(self.encoder, x)
        states = self.norm(states.transpose(1, 2)).transpose(1, 2)
        return drawn(self.mean(states), self.log_variance(states), noise)

    def prior(
        self,
        noise: Tensor,
        given: Tensor | None = None,
    ) -> Normals:
        """Return the prior of z at each step, given the steps before it, and draws from it.

        The cell starts with a hidden state and an input of zeros. Its input at a later step is the
        step before it: of the prior's own draw, or of ``given``.

        Args:
            noise: standard normals [b, T, latents].
            given: latents [b, T, latents] that are the inputs (teacher forcing); None for a prior
                that is rolled out on its own draws.
        """
        start = noise.new_zeros(len(noise), self.latents)
        if given is not None:
            before = torch.cat([start[:, None], given[:, :-1]], 1)
            return self._prior_of(recurrent.gru_cell(self.cell, before), noise)
        before, state = start, noise.new_zeros(len(noise), self.hidden)
        steps = []
        for noise_of_step in noise.unbind(1):
            state = self.cell(before, state)
            steps.append(self._prior_of(state, noise_of_step))
            before = steps[-1].sample
        return Normals(*(torch.stack(values, 1) for values in zip(*steps, strict=True)))

    def _prior_of(
        self,
        state: Tensor,
        noise: Tensor,
    ) -> Normals:
        """Return the prior, given states of the cell, and draws from it."""
        return drawn(self.prior_mean(state), self.prior_log_variance(state), noise)

    def decode(self, z: Tensor) -> Tensor:
        """Return series [b, T, features] in [0, 1] of latents [b, T, latents]."""
        states = recurrent.gru(self.decoder, z)
        series: Tensor = self.output(states).sigmoid()
        return series


def drawn(
    mean: Tensor,
    log_variance: Tensor,
    noise: Tensor,
) -> Normals:
    """Return normals and the draw that standard normals of the same shape lead to."""
    return Normals(mean, log_variance, mean + noise * (0.5 * log_variance).exp())


def kl(
    q: Normals,
    p: Normals,
) -> Tensor:
    """Return the KL divergence [b] from p to q, in nats, summed over steps and latents."""
    squared = q.log_variance.exp() + (q.mean - p.mean).square()
    divergence = p.log_variance - q.log_variance + squared / p.log_variance.exp() - 1
    return 0.5 * divergence.sum((1, 2))


def operator(z: Tensor) -> Tensor:
    """Return A [latents, latents], for which z_t A is nearest to z_{t+1}, as row vectors.

    Least squares over all steps of all series [b, T, latents], by QR.

    Raises:
        ValueError: there are fewer pairs of steps than latents.
    """
    latents = z.shape[-1]
    past = z[:, :-1].reshape(-1, latents)
    future = z[:, 1:].reshape(-1, latents)
    if len(past) < latents:
        raise ValueError(
            f"{len(past)} pairs of steps do not determine an operator of {latents} latents; "
            "set batch_size higher or latents lower"
        )
    q, r = torch.linalg.qr(past)
    return torch.linalg.solve_triangular(r, q.T @ future, upper=True)


def prediction_error(z: Tensor) -> Tensor:
    """Return the mean squared error of z_t A for z_{t+1}, over the prediction's Frobenius norm."""
    predicted = z[:, :-1] @ operator(z)
    return functional.mse_loss(predicted, z[:, 1:]) / predicted.norm()


def network_of(
    networks: Mapping[str, nn.Module],
) -> KoopmanNetwork:
    """Return the network of a run."""
    [network] = networks.values()
    assert isinstance(network, KoopmanNetwork)
    return network
