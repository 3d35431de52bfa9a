"""The operator of a distributed saddle point problem, its solution, and compressors of messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
VALUE_BITS = 64  # of a coordinate; its index in a compressed message takes log2(d) more


@dataclass(frozen=True)
class Saddle:
    """Affine operators F_m(z) = B_m z + c_m of M devices, z = (x, y) in R^d.

    F_m is the gradient of f_m in x and the negative gradient in y.

    Attributes:
        matrices: B_m, [M, d, d].
        offsets: c_m, [M, d].
        matrix, offset: those of the mean operator F, [d, d] and [d].
        solution: where F vanishes, [d].
        lipschitz: largest spectral norm of the B_m.
    """

    matrices: Floats
    offsets: Floats
    matrix: Floats
    offset: Floats
    solution: Floats
    lipschitz: float

    @property
    def dimension(self) -> int:
        return len(self.offset)

    @property
    def devices(self) -> int:
        return len(self.offsets)

    def each(self, z: Floats) -> Floats:
        """F_m(z) of each device, [M, d]."""
        # One product with a tall matrix is faster than one per device.
        tall = self.matrices.reshape(-1, self.dimension)
        values: Floats = (tall @ z).reshape(self.offsets.shape) + self.offsets
        return values

    def distance(self, z: Floats) -> float:
        """Squared distance of a point from the solution."""
        error = z - self.solution
        return float(error @ error)


def saddle(data: Mapping[str, npt.NDArray[Any]]) -> Saddle:
    """Build the operators from the arrays of ``bilinear_saddle``, in float64."""
    coupling, of_x, of_y, mu = (
        data[name].astype(np.float64) for name in ("coupling", "of_x", "of_y", "regularisation")
    )
    devices, side = of_x.shape
    matrices = np.zeros((devices, 2 * side, 2 * side))
    matrices[:, :side, side:] = coupling
    matrices[:, side:, :side] = -coupling.transpose(0, 2, 1)
    matrices += mu[:, None, None] * np.eye(2 * side)
    offsets = np.concatenate((of_x, -of_y), axis=1)
    matrix, offset = matrices.mean(0), offsets.mean(0)
    return Saddle(
        matrices=matrices,
        offsets=offsets,
        matrix=matrix,
        offset=offset,
        solution=np.linalg.solve(matrix, -offset),
        lipschitz=max(float(np.linalg.norm(one, 2)) for one in matrices),
    )


def rand_k(
    vectors: Floats,
    k: int,
    random: np.random.Generator,
) -> Floats:
    """Keep k random coordinates of each vector [M, d], times d / k, so that the mean is unbiased.

    Devices draw independently of each other.
    """
    dimension = vectors.shape[1]
    if k >= dimension:
        return vectors
    kept = np.argpartition(random.random(vectors.shape), k, axis=1)[:, :k]
    return _only(vectors, kept, dimension / k)


def top_k(
    vectors: Floats,
    k: int,
) -> Floats:
    """Keep the k coordinates of largest magnitude of each vector [M, d]."""
    if k >= vectors.shape[1]:
        return vectors
    kept = np.argpartition(-np.abs(vectors), k - 1, axis=1)[:, :k]
    return _only(vectors, kept, 1.0)


def _only(
    vectors: Floats,
    kept: npt.NDArray[np.intp],
    factor: float,
) -> Floats:
    rows = np.arange(len(vectors))[:, None]
    compressed = np.zeros_like(vectors)
    compressed[rows, kept] = factor * vectors[rows, kept]
    return compressed
