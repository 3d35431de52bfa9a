"""The network that a run stored, and the points at which it is explained."""

import numpy as np

from facsimile.metrics.base.conventions import EXACT
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.lfa.fits import Adam, Exact, Fit
from facsimile.papers.lfa.functions import DenseNetwork, Floats


def network(outputs: RunOutputs) -> DenseNetwork:
    """Return the network of a run, in double precision."""
    inferred = outputs.inferred
    return DenseNetwork(
        inferred["points"].shape[1],
        int(inferred["layers"]),
        inferred["parameters"].astype(np.float64),
        bool(inferred["classify"]),
    )


def random(outputs: RunOutputs) -> np.random.Generator:
    """Return the generator of perturbations, by the seeds of the evaluation and of the run."""
    seeds = [outputs.seed, int(outputs.inferred["perturbation_seed"])]
    return np.random.Generator(np.random.Philox(key=seeds))


def points(outputs: RunOutputs) -> Floats:
    """Return the points [n, d], at most as many as the evaluation asks for."""
    most, _ = outputs.sizes
    return np.asarray(outputs.inferred["points"][:most], np.float64)


def fit(
    convention: str,
    random: np.random.Generator,
) -> Fit:
    """Return how a convention fits the instances."""
    return Exact() if convention == EXACT else Adam(random)
