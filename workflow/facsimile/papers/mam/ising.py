"""The Ising model on a square torus: exact results by transfer matrices.

Spins are -1 or +1, and 0 where unknown. p(x) = f(x) / Z with
log f(x) = a Σᵢⱼ Gᵢⱼ xᵢ xⱼ + b Σᵢ xᵢ, where G is the adjacency matrix of the torus, so that each
pair of neighbours counts twice (LatticeIsingModel in PrincetonLIPS/MaM, mam/utils/ising_utils.py).
"""

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LEAST_SIDE = 3  # on a smaller torus, two sites are neighbours twice


@dataclass(frozen=True)
class Torus:
    """An Ising model on a torus of side * side sites.

    Matrices have 2**side rows: a side of 10 takes seconds, 12 gigabytes.

    Args:
        side: number of rows and of columns, at least 3.
        interaction: a, weight of each ordered pair of neighbours.
        bias: b, weight of each spin.
    """

    side: int
    interaction: float
    bias: float

    def __post_init__(self) -> None:
        if self.side < LEAST_SIDE:
            raise ValueError(f"side must be {LEAST_SIDE} or more, not {self.side}")

    @property
    def sites(self) -> int:
        """Number of sites."""
        return self.side**2

    def log_weight(self, spins: Floats) -> Floats:
        """Return log f [n] of configurations [n, sites]."""
        side = self.side
        grid = spins.reshape(-1, side, side)
        above = np.roll(grid, 1, axis=1)
        beside = np.roll(grid, 1, axis=2)
        pairs = (grid * (above + beside)).sum((1, 2))
        weights: Floats = 2 * self.interaction * pairs
        return weights + self.bias * spins.sum(1)

    @functools.cached_property
    def rows(self) -> Floats:
        """All configurations [2**side, side] of one row of the torus."""
        codes = np.arange(2**self.side)
        places = np.arange(self.side)
        bits = codes[:, None] >> places & 1
        spins = 2 * bits - 1
        return spins.astype(np.float64)

    @functools.cached_property
    def transfer(self) -> Floats:
        """The symmetric transfer matrix [2**side, 2**side] from one row to the next."""
        rows = self.rows
        across = rows @ rows.T
        along = (rows * np.roll(rows, 1, axis=1)).sum(1)
        pair = 2 * self.interaction
        within = pair * along + self.bias * rows.sum(1)
        # Half of what belongs to a row alone is on either side of it.
        half = 0.5 * within
        return np.exp(pair * across + half[:, None] + half)

    @functools.cached_property
    def log_z(self) -> float:
        """Logarithm of the partition function, Σ f(x) over all configurations."""
        eigenvalues = np.linalg.eigvalsh(self.transfer)
        largest = eigenvalues[-1]
        powers = (eigenvalues / largest) ** self.side
        log_power = self.side * math.log(largest)
        return float(log_power + math.log(powers.sum()))

    @property
    def entropy(self) -> float:
        """Entropy of the model in nats: log Z - E log f, by a central difference."""
        step = 1e-4
        scaled = []
        for factor in (1 + step, 1 - step):
            weights = (factor * self.interaction, factor * self.bias)
            scaled.append(Torus(self.side, *weights).log_z)
        # The derivative of log Z with respect to a factor of log f is E log f.
        above, below = scaled
        mean_log_weight = (above - below) / (2 * step)
        return self.log_z - mean_log_weight

    def draw(self, uniforms: Floats) -> Floats:
        """Draw exact samples, row after row of the torus.

        Args:
            uniforms: numbers in (0, 1), [n, side].

        Returns:
            Configurations [n, sites].
        """
        powers = [self.transfer]
        for _ in range(self.side - 1):
            powers.append(powers[-1] @ self.transfer)
        diagonal = np.diag(powers.pop())
        columns = uniforms.T
        weights = np.tile(diagonal, (len(uniforms), 1))
        first = _chosen(weights, columns[0])
        codes = [first]
        for column in columns[1:]:
            # From the row before to this one, and from here around the torus to the first.
            around = powers.pop()[:, first].T
            weights = self.transfer[codes[-1]] * around
            codes.append(_chosen(weights, column))
        grids = self.rows[np.stack(codes, axis=1)]
        return grids.reshape(-1, self.sites)

    def log_marginal(self, known: Floats) -> float:
        """Return log p(known spins) of one configuration [sites] with unknown ones.

        The time grows with 2**m, where m is the least number of unknown spins in a row or column.
        """
        side = self.side
        grid = _turned(known.reshape(side, side))
        allowed = [self._allowed(row) for row in grid]
        allowed.append(allowed[0])
        path = np.eye(len(allowed[0]))
        scale = 0.0
        for row, following in itertools.pairwise(allowed):
            between = self.transfer[np.ix_(row, following)]
            path = path @ between
            largest = path.max()
            path /= largest
            scale += math.log(largest)
        trace = float(np.trace(path))
        return scale + math.log(trace) - self.log_z

    def _allowed(self, row: Floats) -> npt.NDArray[np.int64]:
        """Configurations of a row, as indices, that agree with its known spins [side]."""
        agrees = (self.rows == row) | (row == 0)
        return np.flatnonzero(agrees.all(1))


def _turned(grid: Floats) -> Floats:
    """The same spins turned so that the first row has the fewest unknown ones.

    The torus looks alike from all rows and all columns.
    """
    by_row = (grid == 0).sum(1)
    by_column = (grid == 0).sum(0)
    if by_column.min() < by_row.min():
        grid, by_row = grid.T, by_column
    first = int(by_row.argmin())
    return np.roll(grid, -first, axis=0)


def _chosen(
    weights: Floats,
    uniforms: Floats,
) -> npt.NDArray[np.int64]:
    """Draw one index [n] for each row of unnormalised probabilities [n, k]."""
    cumulative = weights.cumsum(1)
    thresholds = uniforms * cumulative[:, -1]
    return (cumulative < thresholds[:, None]).sum(1)
