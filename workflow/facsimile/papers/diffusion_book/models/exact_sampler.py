"""Samplers with the exact denoiser: samples of a mixture, and the exact law for Gaussian data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from facsimile.models.base import rng
from facsimile.models.base.arrays import Batch, Shapes
from facsimile.models.no_model import NoModel
from facsimile.papers.diffusion_book import laws, methods
from facsimile.statistics.diffusion.gaussian_mixture import Floats
from facsimile.statistics.diffusion.samplers import Process, Sampler, sample

LABEL = "Sampler"
TRUTH = -1  # of ``sampler``: draws from the mixture itself


@dataclass(frozen=True)
class ExactSampler(NoModel):
    """A sampler with the exact denoiser, after several numbers of its evaluations.

    Lai et al. 2025, "The principles of diffusion models". For the mixture in the plane it returns
    samples, which all samplers of a seed start from the same normals. For N(0, diag) the denoiser
    is linear in each dimension, and so is every step. The output is then a sum of the start and of
    each step's noise, times factors which a run with impulses in their place returns: the law is
    known without any sampling.

    Args:
        sampler: 0 ancestral, 1 DDIM, 2 Euler, 3 Heun, 4 DPM-Solver-2, 5 Euler-Maruyama; -1 draws
            from the mixture itself.
        schedule: 0 variance preserving, 1 sub-VP, 2 variance exploding, 3 cosine, 4 straight.
        grid: 0 for steps of equal length in t, 1 in log(a / s).
        longest: the largest number of evaluations of the denoiser.
        points: number of samples of the mixture.
    """

    sampler: float
    schedule: float = 0
    grid: float = 0
    longest: float = 501
    points: float = 4000
    takes: ClassVar[Shapes] = {"x": (2,)}

    def learned(
        self,
        networks: Mapping[str, nn.Module],
        whole: Batch,
        seed: int,
    ) -> dict[str, Tensor]:
        """Return ``evaluations`` [c], and what the sampler returns after each.

        ``samples`` [c, points, 2] of the mixture, or the ``variance`` [c, 64] of Gaussian data.

        Raises:
            ValueError: draws from the law itself are asked of Gaussian data.
        """
        counts = methods.counts(self.longest)
        if whole["x"].shape[1] == laws.DIMENSIONS:
            if self.sampler == TRUTH:
                raise ValueError(
                    "sampler -1 is for gaussian_mixture_2d: use 0 to 5 for gaussian_64"
                )
            arrays = {"variance": np.stack([self._variance(n) for n in counts])}
        else:
            samples = np.stack(
                [
                    self._samples(
                        n,
                        seed,
                    )
                    for n in counts
                ]
            )
            arrays = {"samples": samples.astype(np.float32)}
        tensors = {name: torch.from_numpy(values) for name, values in arrays.items()}
        return tensors | {"evaluations": torch.tensor(counts)}

    def check(self) -> None:
        methods.check(
            0 if self.sampler == TRUTH else self.sampler,
            self.schedule,
            self.grid,
            self.longest,
        )
        if self.points < 1 or self.points != int(self.points):
            raise ValueError(f"points must be a whole number from 1, not {self.points:g}")

    def _variance(self, evaluations: int) -> Floats:
        sampler = methods.sampler_of(self.sampler)
        schedule = methods.schedule_of(self.schedule)
        times = methods.times(sampler, schedule, self.grid, evaluations)
        return variance(
            sampler,
            methods.exact(laws.wide(), schedule),
            times,
        )

    def _samples(
        self,
        evaluations: int,
        seed: int,
    ) -> Floats:
        shape = (int(self.points), 2)
        if self.sampler == TRUTH:
            truth = rng.generator(seed, f"truth {evaluations}", 0)
            return laws.planar().sample(
                shape[0],
                truth,
            )[0]
        start = rng.generator(
            seed,
            "start",
            0,
        ).standard_normal(shape)
        fresh = rng.generator(seed, f"noise {evaluations}", 0)
        sampler = methods.sampler_of(self.sampler)
        schedule = methods.schedule_of(self.schedule)
        samples: Floats = sample(
            sampler,
            schedule.s(1.0) * start,
            methods.exact(laws.planar(), schedule),
            methods.times(sampler, schedule, self.grid, evaluations),
            lambda step: fresh.standard_normal(shape),
        )
        return samples


def variance(
    sampler: Sampler,
    process: Process,
    times: list[float],
) -> Floats:
    """Return the variance [64] of a sampler's output for the Gaussian in 64 dimensions.

    Row 0 of a batch starts from the deviation of the prior in each dimension and has no noise. Row
    i + 1 starts from 0 and has noise of 1 in step i alone.
    """
    impulses = len(times) - 1 if sampler.stochastic else 0
    start = np.zeros((1 + impulses, laws.DIMENSIONS))
    start[0] = process.schedule.s(times[0])

    def impulse(step: int) -> Floats:
        noise = np.zeros_like(start)
        noise[1 + step] = 1
        return noise

    factors = sample(sampler, start, process, times, impulse)
    squares: Floats = (factors**2).sum(0)
    return squares
