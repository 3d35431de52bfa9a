"""What a picture of a network's predictions shows, for a data set with one feature."""

import torch
from torch import Tensor, nn

from facsimile.models.base.arrays import Batch
from facsimile.papers.pfn import gaussian_process
from facsimile.papers.pfn.gaussian_process import Prior
from facsimile.papers.pfn.models._densities import Density

GRID, VALUES = 101, 241  # points of a picture along x and along y
HIGHEST = 3.0  # end of a picture along y, in standard deviations of the prior


def picture(
    network: nn.Module,
    density: Density,
    prior: Prior,
    whole: Batch,
) -> dict[str, Tensor]:
    """Return predictive densities along the one feature, after each number of observed points.

    Args:
        network: the trained network.
        density: its family of densities.
        prior: the prior of the data set.
        whole: the data set, whose first set is shown.

    Returns:
        ``density`` [c, GRID, VALUES] at inputs ``picture_x`` [GRID] and observations ``picture_y``
        [VALUES]; ``exact_mean`` and ``exact_variance`` [c, GRID]; the points, ``points_x`` and
        ``points_y``, and how many of them are observed, ``picture_observed`` [c].
    """
    x, y = whole["x"][:1], whole["y"][:1]
    numbers = whole["observed"][0].long()
    inputs = torch.linspace(0, prior.upper, GRID)
    values = torch.linspace(-HIGHEST, HIGHEST, VALUES)
    densities = []
    for n in numbers.tolist():
        output = network(x[:, :n], y[:, :n] / prior.scale, inputs[None, :, None])[0]
        everywhere = output[:, None].expand(-1, VALUES, -1)
        log_density = density.log_density(everywhere, values.expand(GRID, -1))
        densities.append(log_density.exp() / prior.scale)
    in_double = (x[0].double().numpy(), y[0].double().numpy(), inputs[:, None].double().numpy())
    exact = gaussian_process.predictive(*in_double, prior)
    return {
        "density": torch.stack(densities),
        "picture_x": inputs,
        "picture_y": values * prior.scale,
        "exact_mean": torch.from_numpy(exact.mean[numbers.numpy()]).float(),
        "exact_variance": torch.from_numpy(exact.variance[numbers.numpy()]).float(),
        "points_x": x[0, :, 0],
        "points_y": y[0],
        "picture_observed": numbers,
    }
