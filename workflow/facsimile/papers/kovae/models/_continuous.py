"""A neural controlled differential equation that reads series with missing times.

Kidger et al. 2020, "Neural controlled differential equations for irregular time series", as in
models/neuralCDE.py and controldiffeq of azencot-group/KoVAE.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor, nn

from facsimile.papers.kovae.models._networks import KoopmanNetwork

# Where a step of the solver, the rule of three eighths, evaluates the equation.
STAGES = (0.0, 1 / 3, 2 / 3, 1.0)
Floats = npt.NDArray[np.float64]


def derivatives(
    x: Floats,
    is_observed: npt.NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Return start and slopes of natural cubic splines through the observed values.

    The first observed value is also that of the first time, and the last one that of the last time.

    Args:
        x: series [b, T, d]; missing values are not read.
        is_observed: [b, T]. A series without any is constantly 0.

    Returns:
        The values at the first time [b, d], and derivatives [b, T - 1, stages, d] at the times
        t + ``STAGES``, per step.
    """
    number, length, features = x.shape
    times = np.arange(length - 1)[:, None] + np.array(STAGES)
    starts = np.zeros((number, features))
    slopes = np.zeros((number, *times.shape, features))
    for series, observed, start, slope in zip(x, is_observed, starts, slopes, strict=True):
        knots = np.flatnonzero(observed)
        if not len(knots):
            continue
        start[:] = series[knots[0]]
        places = np.unique([0, *knots, length - 1])
        values = series[np.clip(places, knots[0], knots[-1])]
        slope[:] = CubicSpline(places, values, bc_type="natural")(times, 1)
    return starts, slopes


class IrregularNetwork(KoopmanNetwork):
    """The networks of a Koopman VAE with another encoder: the equation, then one layer of GRUs.

    Args:
        features: features of a series.
        latents: latents of each step.
        hidden: units of each layer.
        layers: layers of the decoder, and hidden layers of the equation.
    """

    def __init__(
        self,
        features: int,
        latents: int,
        hidden: int,
        layers: int,
    ) -> None:
        super().__init__(features, latents, hidden, layers)
        self.encoder = nn.GRU(hidden, hidden, bidirectional=True, batch_first=True)
        self.start = nn.Linear(features, hidden)
        modules: list[nn.Module] = []
        for before, after in pairwise([hidden] * (layers + 1)):
            modules += [nn.Linear(before, after), nn.ReLU()]
        self.field = nn.Sequential(*modules, nn.Linear(hidden, hidden * features), nn.Tanh())
        self.embedding = nn.Linear(hidden, hidden)

    def embedded(
        self,
        start: Tensor,
        slopes: Tensor,
    ) -> Tensor:
        """Solve dh = F(h) dX with one step per time; return what the GRUs read, [b, T, hidden].

        Args:
            start: X at the first time [b, features].
            slopes: derivatives of X [b, T - 1, stages, features].
        """
        h = self.start(start)
        states = [h]
        for step in slopes.unbind(1):
            h = h + self._increment(h, *step.unbind(1))
            states.append(h)
        embedded: Tensor = self.embedding(torch.stack(states, 1)).sigmoid()
        return embedded

    def _increment(
        self,
        h: Tensor,
        *slopes: Tensor,
    ) -> Tensor:
        """One step of the rule of three eighths."""
        k1 = self._rate(h, slopes[0])
        k2 = self._rate(h + k1 / 3, slopes[1])
        k3 = self._rate(h + k2 - k1 / 3, slopes[2])
        k4 = self._rate(h + k1 - k2 + k3, slopes[3])
        return (k1 + 3 * (k2 + k3) + k4) / 8

    def _rate(
        self,
        h: Tensor,
        slope: Tensor,
    ) -> Tensor:
        """F(h) dX/dt [b, hidden]."""
        matrix = self.field(h).unflatten(1, (h.shape[1], slope.shape[1]))
        rate: Tensor = (matrix @ slope[..., None])[..., 0]
        return rate


def network_of(
    networks: Mapping[str, nn.Module],
) -> IrregularNetwork:
    """Return the network of a run."""
    [network] = networks.values()
    assert isinstance(network, IrregularNetwork)
    return network
