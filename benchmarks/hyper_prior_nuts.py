"""Predictions of Gaussian processes with hyper-priors by long MCMC, beside which a test puts ours.

    pip install pyro-ppl && OMP_NUM_THREADS=1 python benchmarks/hyper_prior_nuts.py

Pyro's No-U-Turn sampler draws hyper-parameters given the first points of test sets of Müller et al.
(2022), section 5.2, as the authors do, but 20 times as many. Of the predictive distribution of each
target, the CSV has mean, second moment and density at the target, with standard errors.
"""

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyro
import torch
from pyro import distributions as dist
from pyro.infer import MCMC, NUTS

from facsimile.datasets import DataFile
from facsimile.foundation import discover
from facsimile.papers.pfn import hyper_prior

RESULT = Path(__file__).parent.parent / "tests" / "papers" / "pfn" / "nuts.csv"
PROBLEMS = [(0, 5)]  # test set, observed points
SAMPLES, WARM_UP, BATCHES = 2000, 300, 40
NAMES = ("length", "variance", "noise")
Floats = npt.NDArray[np.float64]


def main() -> None:
    """Sample, and write one row per problem."""
    data = discover.load_class("datasets", "gp_hyper_prior", DataFile).generate(None)
    arrays = {name: values.astype(np.float64) for name, values in data.items()}
    rows = []
    for row, n in PROBLEMS:
        x, y = arrays["x"][row, :n], arrays["y"][row, :n]
        samples = sampled(x, y, hyper_prior.hyper_prior_of(arrays["hyper_prior"][row]))
        means, variances = predicted(samples, x, y, arrays["query"][row])
        squared = (arrays["target"][row] - means) ** 2 / variances
        columns = {
            "mean": means,
            "second_moment": variances + means**2,
            "density": np.exp(-0.5 * squared) / np.sqrt(2 * np.pi * variances),
        }
        result = {"row": row, "observed": n}
        for name, values in columns.items():
            result[name] = f"{values.mean():.6g}"
            result[f"{name}_error"] = f"{standard_error(values):.2g}"
        print(result, flush=True)
        rows.append(result)
    with RESULT.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def sampled(
    x: Floats,
    y: Floats,
    prior: hyper_prior.HyperPrior,
) -> Floats:
    """Draw length scales, variances and noises [SAMPLES, 3] from their posterior."""
    pyro.set_rng_seed(0)
    distance = torch.tensor(np.sqrt(5) * np.abs(x - x.T))
    observations = torch.tensor(y)

    def model() -> None:
        length, variance, noise = (
            pyro.sample(name, dist.Gamma(*torch.tensor(gamma, dtype=torch.float64)))
            for name, gamma in zip(NAMES, prior[:3], strict=True)
        )
        scaled = distance / length
        correlation = (1 + scaled + scaled.square() / 3) * (-scaled).exp()
        covariance = variance * correlation + noise * torch.eye(len(y), dtype=torch.float64)
        observed = dist.MultivariateNormal(torch.zeros_like(observations), covariance)
        pyro.sample("y", observed, obs=observations)

    chain = MCMC(NUTS(model), num_samples=SAMPLES, warmup_steps=WARM_UP, disable_progbar=True)
    chain.run()
    drawn = chain.get_samples()
    return np.stack([drawn[name].numpy() for name in NAMES], 1)


def predicted(
    samples: Floats,
    x: Floats,
    y: Floats,
    query: Floats,
) -> tuple[Floats, Floats]:
    """Return mean and variance of the target for each sample of the hyper-parameters."""
    moments = []
    for length, variance, noise in samples:
        observed = variance * hyper_prior.correlation(x, x, length) + noise * np.eye(len(y))
        crossed = variance * hyper_prior.correlation(x, query[None], length)[:, 0]
        weights = np.linalg.solve(observed, crossed)
        moments.append((weights @ y, variance + noise - weights @ crossed))
    means, variances = np.array(moments).T
    return means, variances


def standard_error(values: Floats) -> float:
    """Return the standard error of a mean over a chain, by means of batches."""
    means = values.reshape(BATCHES, -1).mean(1)
    return float(means.std(ddof=1) / np.sqrt(BATCHES))


if __name__ == "__main__":
    main()
