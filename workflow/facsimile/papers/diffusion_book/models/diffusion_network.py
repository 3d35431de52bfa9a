"""A small network trained as a diffusion model of points in the plane."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base import mlp, rng
from facsimile.models.base.arrays import ArraysModel, Batch, Shapes
from facsimile.models.base.model import Draw, Losses, detached
from facsimile.papers.diffusion_book import laws, methods
from facsimile.statistics.diffusion import predictions
from facsimile.statistics.diffusion.gaussian_mixture import Floats
from facsimile.statistics.diffusion.predictions import PREDICTIONS
from facsimile.statistics.diffusion.samplers import SAMPLERS, Process, sample
from facsimile.statistics.diffusion.schedules import VariancePreserving

LABEL = "Network"
STEP_SECONDS = {"1": 0.0014}
GROUP = "network"
SCHEDULE = VariancePreserving()
FIRST = 0.005  # times of training are uniform from here to 1
WIDTH = 128
WAVES = 4  # of the time that the network is given
LEVELS = (1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)  # times in hundredths
TESTED = 5000  # points on which the denoiser is compared with the exact one


class Network(nn.Module):
    """Three hidden layers of 128 units on the point, the time, and sines and cosines of it."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        inputs = dimensions + 1 + 2 * WAVES
        self.layers = mlp.mlp(
            [inputs, WIDTH, WIDTH, WIDTH, dimensions],
            nn.SiLU,
        )

    def forward(
        self,
        x: Tensor,
        t: Tensor,
    ) -> Tensor:
        """Return the prediction [b, d] for points [b, d] at times [b, 1]."""
        angles = (
            math.pi
            * t
            * torch.arange(
                1,
                WAVES + 1,
            )
        )
        inputs = torch.cat(
            [x, t, angles.sin(), angles.cos()],
            1,
        )
        output: Tensor = self.layers(inputs)
        return output


@dataclass(frozen=True)
class DiffusionNetwork(ArraysModel):
    """A diffusion model with the schedule VP, trained on one prediction with unit weight.

    Lai et al. 2025, "The principles of diffusion models". The four losses have the same minimum
    and differ by a weight that depends on time.

    Args:
        prediction: what the network predicts: 0 noise, 1 data, 2 velocity, 3 score.
        points: number of samples, which are made by DDIM.
    """

    prediction: float
    points: float = 4000
    takes: ClassVar[Shapes] = {"x": (2,), "label": ()}

    def networks(  # type: ignore[override]
        self,
        shapes: Shapes,
        latents: int,
        network: str,
    ) -> dict[str, nn.Module]:
        [dimensions] = shapes["x"]
        return {GROUP: Network(dimensions)}

    def initialise(
        self,
        networks: Mapping[str, nn.Module],
        seed: int,
    ) -> None:
        """Use PyTorch's starting values."""
        mlp.initialise(networks[GROUP], seed, GROUP)

    def draws(
        self,
        batch: int,
        latents: int,
    ) -> dict[str, Draw]:
        return {
            "noise": Draw(
                "normal",
                (batch, 2),
            ),
            "time": Draw("normal", (batch, 1)),
        }

    def losses(  # type: ignore[override]
        self,
        networks: Mapping[str, nn.Module],
        batch: Batch,
        noise: Mapping[str, Tensor],
        step: Tensor | int,
    ) -> Losses:
        # A uniform time from a standard normal.
        t = FIRST + (1 - FIRST) * torch.special.ndtr(noise["time"])
        a, s = (_tensor(factor(t.double().numpy())) for factor in (SCHEDULE.a, SCHEDULE.s))
        x = a * batch["x"] + s * noise["noise"]
        target = predictions.target(
            self._prediction,
            batch["x"],
            noise["noise"],
            a,
            s,
        )
        loss = (
            (
                networks[GROUP](
                    x,
                    t,
                )
                - target
            )
            .square()
            .mean()
        )
        return Losses(
            {GROUP: loss},
            detached({"loss": loss}),
        )

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return samples, and the error of the denoiser by time.

        These are ``evaluations`` [c] and ``samples`` [c, points, 2] of DDIM; ``levels`` [l], times
        in hundredths; and ``error`` [l], the mean of |denoised - exact|² over noised data.
        """
        process = Process(SCHEDULE, self._denoiser(networks[GROUP]))
        shape = (int(self.points), 2)
        start = SCHEDULE.s(1.0) * rng.generator(
            seed,
            "start",
            0,
        ).standard_normal(shape)
        # Nothing was trained before the time FIRST, which 51 even steps do not reach.
        counts = methods.counts(51)
        ddim = SAMPLERS["ddim"]
        samples = []
        for n in counts:
            times = methods.times(ddim, SCHEDULE, 0, n)
            samples.append(sample(ddim, start, process, times))
        errors = self._errors(
            process,
            whole["x"][:TESTED].double().numpy(),
            seed,
        )
        return {
            "evaluations": torch.tensor(counts),
            "samples": _tensor(np.stack(samples)),
            "levels": torch.tensor(LEVELS),
            "error": torch.tensor(errors, dtype=torch.float64),
        }

    def check(self) -> None:
        if self.prediction not in range(len(PREDICTIONS)):
            listed = ", ".join(f"{number} {name}" for number, name in enumerate(PREDICTIONS))
            raise ValueError(f"prediction must be one of {listed}, not {self.prediction:g}")
        if self.points < 1 or self.points != int(self.points):
            raise ValueError(f"points must be a whole number from 1, not {self.points:g}")

    @property
    def _prediction(self) -> str:
        return PREDICTIONS[int(self.prediction)]

    def _denoiser(self, network: nn.Module) -> methods.Denoiser:
        def denoise(x: Floats, t: float) -> Floats:
            times = torch.full(
                (len(x), 1),
                t,
            )
            output = (
                network(
                    _tensor(x),
                    times,
                )
                .double()
                .numpy()
            )
            data: Floats = predictions.denoised(
                self._prediction,
                output,
                x,
                SCHEDULE.a(t),
                SCHEDULE.s(t),
            )
            return data

        return denoise

    def _errors(
        self,
        process: Process,
        data: Floats,
        seed: int,
    ) -> list[float]:
        exact = methods.exact(laws.planar(), SCHEDULE)
        noise = rng.generator(
            seed,
            "test",
            0,
        ).standard_normal(data.shape)
        errors = []
        for level in LEVELS:
            t = level / 100
            x = SCHEDULE.a(t) * data + SCHEDULE.s(t) * noise
            difference = process.denoise(
                x,
                t,
            ) - exact.denoise(x, t)
            errors.append(float(np.square(difference).sum(1).mean()))
        return errors


def _tensor(values: Floats) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))
