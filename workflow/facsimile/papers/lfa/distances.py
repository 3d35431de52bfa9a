"""Distances between two explanations of the same points, as the released code computes them."""

import numpy as np

from facsimile.papers.lfa.functions import Floats

DIGITS = 6  # distances are rounded to so many decimals
LEAST = 1e-8  # a norm below it counts as this, as in PyTorch


def l1(
    first: Floats,
    second: Floats,
) -> Floats:
    """Return the L1 distances [n] of attributions [n, d]."""
    return np.abs(first - second).sum(1).round(DIGITS)


def cosine(
    first: Floats,
    second: Floats,
) -> Floats:
    """Return 1 minus the cosine [n] of the angle between attributions [n, d].

    It is 1 if either is zero.
    """
    norms = [np.maximum(np.linalg.norm(values, axis=1), LEAST) for values in (first, second)]
    cosines = (first * second).sum(1) / (norms[0] * norms[1])
    return np.asarray((1 - cosines).round(DIGITS))
