"""Gaussian processes on sequences of letters whose posterior mean is exact and fast.

The squared exponential kernel of two sequences is a product over places, and the letter at a place
has one of k coordinate vectors. So the kernel matrix of all k^L sequences is a Kronecker product of
L small matrices. A product with the matrix of the observed rows is one with that of all sequences,
of which the observed entries are taken. Conjugate gradients solve for the weights of the rows, and
the sums over rows of the posterior mean become sums over letters, place by place.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from scipy import linalg as dense
from scipy.sparse import linalg as sparse
from torch import Tensor

from facsimile.datasets.base.letter_logits import LetterLogits

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.integer]
DIRECT = 4_000  # up to so many observations a factorisation is faster
TOLERANCE = 1e-6  # of the residual, relative to the targets
ITERATIONS = 10_000


@dataclass(frozen=True)
class Kernel:
    """v exp(-|x - x'|² / (2 l²)) of standardised logits, and the variance of the noise.

    Attributes:
        length: l.
        variance: v.
        noise: variance of the observations.
    """

    length: float
    variance: float
    noise: float


@dataclass(frozen=True)
class LetterGrid:
    """The coordinates of each letter at each place, [L, k, k - 1], in two halves of the places."""

    places: Floats

    @classmethod
    def of(
        cls,
        encoding: LetterLogits,
        length: int,
    ) -> "LetterGrid":
        """The grid of an encoding of sequences with ``length`` letters."""
        letters = encoding.letters
        # Row a of the encoded sequences has the letter a at each place.
        rows = np.repeat(np.arange(letters)[:, None], length, axis=1)
        coordinates = encoding.encode(rows).reshape(letters, length, letters - 1)
        return cls(coordinates.transpose(1, 0, 2))

    @cached_property
    def halves(self) -> tuple[int, int]:
        """Numbers of sequences of the first and of the second half of the places."""
        length, letters, _ = self.places.shape
        first = length // 2
        return letters**first, letters ** (length - first)

    def index(
        self,
        sequences: Integers,
    ) -> npt.NDArray[np.int64]:
        """The number of each sequence [n, L], whose letters are its digits in base k."""
        length, letters, _ = self.places.shape
        weights = letters ** np.arange(length)[::-1]
        numbers: npt.NDArray[np.int64] = sequences.astype(np.int64) @ weights
        return numbers

    def factors(self, kernel: Kernel) -> list[Floats]:
        """The kernel matrices [k^(L/2), k^(L/2)] of both halves, without the variance."""
        at_places = []
        for coordinates in self.places:
            squares = ((coordinates[:, None] - coordinates[None]) ** 2).sum(-1)
            at_places.append(np.exp(-squares / (2 * kernel.length**2)))
        first = len(self.places) // 2
        return [_kronecker(half) for half in (at_places[:first], at_places[first:])]


def fitted(
    grid: LetterGrid,
    kernel: Kernel,
    rows: npt.NDArray[np.int64],
    y: Floats,
) -> Floats:
    """Return the weights of the posterior mean, per sequence, [k^(L/2), k^(L/2)].

    Args:
        grid: the coordinates of the letters.
        kernel: the kernel.
        rows: number of the sequence of each observation, [n] (``LetterGrid.index``).
        y: observations [n].

    Raises:
        ArithmeticError: the solver did not converge.
    """
    first, second = grid.factors(kernel)
    size = len(first) * len(second)
    if len(rows) <= DIRECT:
        at_first, at_second = np.divmod(rows, len(second))
        matrix = kernel.variance * first[np.ix_(at_first, at_first)]
        matrix *= second[np.ix_(at_second, at_second)]
        matrix[np.diag_indices(len(rows))] += kernel.noise
        solved = dense.cho_solve(dense.cho_factor(matrix, lower=True, overwrite_a=True), y)
    else:
        solved = _iterated(grid, kernel, rows, y)
    weights = np.bincount(rows, weights=kernel.variance * solved, minlength=size)
    return weights.reshape(grid.halves).astype(np.float64)


def _kronecker(matrices: list[Floats]) -> Floats:
    """The Kronecker product of matrices, in their order."""
    result = matrices[0]
    for matrix in matrices[1:]:
        result = np.kron(result, matrix).astype(np.float64)
    return result


def _iterated(
    grid: LetterGrid,
    kernel: Kernel,
    rows: npt.NDArray[np.int64],
    y: Floats,
) -> Floats:
    """The solution of (K + noise) w = y, by conjugate gradients."""
    first, second = grid.factors(kernel)
    size = len(first) * len(second)

    def product(weights: Floats) -> Floats:
        everywhere = np.bincount(rows, weights=weights.ravel(), minlength=size)
        smooth = first @ everywhere.reshape(grid.halves) @ second
        observed: Floats = kernel.variance * smooth.ravel()[rows] + kernel.noise * weights.ravel()
        return observed

    matrix = sparse.LinearOperator((len(rows), len(rows)), matvec=product, dtype=np.float64)
    solved, failure = sparse.cg(matrix, y, rtol=TOLERANCE, maxiter=ITERATIONS)
    if failure:
        raise ArithmeticError(
            f"conjugate gradients did not converge in {ITERATIONS} iterations; the noise "
            f"{kernel.noise:g} may be too small"
        )
    found: Floats = solved
    return found


@dataclass(frozen=True)
class PosteriorMean:
    """The posterior mean as a function of points, which need not be sequences.

    Attributes:
        places: coordinates of the letters, [L, k, k - 1].
        length: length scale of the kernel.
        weights: what ``fitted`` returns, as a tensor; its type is that of the computation.
    """

    places: Tensor
    length: float
    weights: Tensor

    @classmethod
    def of(
        cls,
        grid: LetterGrid,
        kernel: Kernel,
        weights: Floats,
        dtype: torch.dtype = torch.float64,
    ) -> "PosteriorMean":
        """Prepare the function in a type of numbers."""
        places, tensor = (torch.from_numpy(np.array(a)).to(dtype) for a in (grid.places, weights))
        return cls(places, kernel.length, tensor)

    def __call__(self, x: Tensor) -> Tensor:
        """Return values [n] at points [n, L (k - 1)]."""
        length, _, coordinates = self.places.shape
        apart = x.view(-1, length, 1, coordinates) - self.places
        nearness = torch.exp(-apart.square().sum(-1) / (2 * self.length**2))
        first = _products(nearness[:, : length // 2])
        second = _products(nearness[:, length // 2 :])
        return ((first @ self.weights) * second).sum(1)


def _products(values: Tensor) -> Tensor:
    """Return the products over places of one entry each, [n, k^m], of values [n, m, k]."""
    result = values[:, 0]
    for place in range(1, values.shape[1]):
        result = (result[:, :, None] * values[:, place, None, :]).flatten(1)
    return result
