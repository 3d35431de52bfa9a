"""The network that a run stored, and the points at which it is explained."""

import numpy as np

from facsimile.metrics.base.run_outputs import RunOutputs
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


def points(outputs: RunOutputs) -> Floats:
    """Return the points [n, d], at most as many as the evaluation asks for."""
    most, _ = outputs.sizes
    return np.asarray(outputs.inferred["points"][:most], np.float64)
