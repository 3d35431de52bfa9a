"""The construction in the proof of the impossibility theorem (Locatello et al. 2019, Theorem 1).

For independent codes z there are maps f such that f(z) has the same distribution as z and every
entry of f depends on every entry of z. From images alone, no method can tell z from f(z).
"""

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
DIRECTIONS = 16  # besides the axes, in which two samples are compared


def perfect_codes(factors: npt.NDArray[np.int64], rng: np.random.Generator) -> Codes:
    """Codes [n, k] of factors [n, k], one each: independent, and uniform on the interval (0, 1).

    The values of a factor with s values are spread over s intervals of equal length, as the theorem
    is about densities.
    """
    sizes = factors.max(axis=0) + 1
    within = rng.uniform(size=factors.shape)
    return (factors + within) / sizes


def entangled(codes: Codes, angle: float) -> Codes:
    """The theorem's map f of codes [n, k] that are uniform on (0, 1); 0 is the identity.

    Each code is made Gaussian by its distribution function, the Gaussian vector is rotated, and the
    result is made uniform again. At other angles (radians) every entry depends on every code.
    """
    from scipy import special

    gaussian = special.ndtri(codes)
    rotated = gaussian @ rotation(codes.shape[1], angle).T
    uniform: Codes = special.ndtr(rotated)
    return uniform


def rotation(k: int, angle: float) -> Matrix:
    """An orthogonal matrix [k, k]: all axes turn towards each other at once, by the angle.

    It is the exponential of the skew-symmetric matrix whose entries above the diagonal are the
    angle, in radians; for two axes a plane rotation. Up to seven axes, no entry is 0 at the angles
    of the figure.
    """
    from scipy import linalg

    above = np.triu(np.full((k, k), angle), 1)
    matrix: Matrix = linalg.expm(above - above.T)
    return matrix


def same_distribution(first: Codes, second: Codes, rng: np.random.Generator) -> float:
    """A p-value for two samples [n, k] and [m, k] to have one distribution on the unit cube.

    Kolmogorov-Smirnov tests of the projections of the Gaussian vectors on all axes and on random
    directions, with Bonferroni's correction. A distribution is given by its projections (Cramér and
    Wold 1936).
    """
    from scipy import special, stats

    k = first.shape[1]
    drawn = rng.normal(size=(DIRECTIONS, k))
    directions = np.concatenate([np.eye(k), drawn])
    one = special.ndtri(first) @ directions.T
    other = special.ndtri(second) @ directions.T
    p_values = stats.ks_2samp(one, other, axis=0).pvalue
    return min(1.0, float(p_values.min()) * len(directions))
