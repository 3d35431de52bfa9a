"""The points a metric sees: drawn once from a table of latents, shared by all metrics of one call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from facsimile.metrics import _checks, _sampler

T = TypeVar("T")
# utils.generate_batch_factor_code draws in blocks of 16 (gin default of every metric): it decides which factor gets which number.
BLOCK = 16


@dataclass(frozen=True)
class Points:
    """Codes float32 [n, d] and numbered factors int64 [n, k], row by row."""

    codes: npt.NDArray[np.float32]
    factors: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """How many points."""
        return len(self.codes)


class Draws:
    """Training and test points, and draws with one factor held, all from one table of codes [N, d] and factors [N, k].

    If every combination of factor values is one row of the table, the points are those that disentanglement_lib 1.5 draws with
    this seed: ``train`` then ``test`` from one RandomState, factor by factor in blocks of 16; metrics that hold factors begin
    with a RandomState of their own. Else rows are drawn with replacement. Factors of one value are left out (``kept`` lists the
    others). ``batch`` points make one vote or one pair difference; ``n_variance`` points the variances of FactorVAE (n_train).
    """

    def __init__(
        self,
        codes: npt.ArrayLike,
        factors: npt.ArrayLike,
        n_train: int = 10_000,
        n_test: int = 5_000,
        seed: int = 0,
        batch: int = 64,
        n_variance: int | None = None,
    ) -> None:
        checked_codes, checked_factors = _checks.table(codes, factors)
        _checks.positive(n_train=n_train, n_test=n_test, batch=batch, n_variance=n_variance or n_train)
        numbered, self.kept, sizes = _checks.numbered(checked_factors)
        self.table: Points | None = Points(checked_codes, numbered)
        self._prepare(self.table, sizes, seed, batch, n_train, n_test, n_variance or n_train)
        self.train, self.test = self._drawn(n_train, n_test)
        self._check_train()

    @classmethod
    def given(cls, train: _checks.Pair, test: _checks.Pair, seed: int = 0, batch: int = 64) -> "Draws":
        """Points drawn elsewhere, each (codes, factors). A factor is then held by taking training rows that share its value."""
        self = cls.__new__(cls)
        train_codes, train_factors = _checks.table(*train, "training ")
        test_codes, test_factors = _checks.table(*test, "test ")
        if train_codes.shape[1] != test_codes.shape[1] or train_factors.shape[1] != test_factors.shape[1]:
            shapes = f"{train_codes.shape[1]} and {test_codes.shape[1]} latents, {train_factors.shape[1]} and {test_factors.shape[1]} factors"
            raise ValueError(f"training and test points differ: {shapes}; give the same columns")
        numbered, self.kept, sizes = _checks.numbered(np.concatenate((train_factors, test_factors)))
        self.table, split = None, len(train_codes)
        self.train, self.test = Points(train_codes, numbered[:split]), Points(test_codes, numbered[split:])
        self._check_train()
        self._prepare(self.train, sizes, seed, batch, split, len(test_codes), split)
        return self

    @property
    def latents(self) -> int:
        """Latent dimensions, d."""
        return self.train.codes.shape[1]

    @property
    def factors(self) -> int:
        """Factors that vary, k."""
        return len(self.kept)

    def state(self) -> np.random.RandomState:
        """A fresh generator of this seed: each metric of disentanglement_lib begins with one."""
        return np.random.RandomState(self.seed)

    def shared(self, key: object, make: Callable[[], T]) -> T:
        """What ``make`` gives, made once for all metrics that ask by this key: mutual information, fits."""
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]  # type: ignore[no-any-return]

    def _prepare(self, rows: Points, sizes: tuple[int, ...], seed: int, batch: int, n_train: int, n_test: int, n_variance: int) -> None:
        self.rows, self.sizes, self.seed, self.batch = rows, sizes, seed, batch
        self.n_train, self.n_test, self.n_variance = n_train, n_test, n_variance
        self._memo: dict[Any, Any] = {}

    @property
    def sampler(self) -> _sampler.Sampler:
        """Draws of row numbers of ``rows``."""
        return self.shared("sampler", lambda: _sampler.of(self.rows.factors, self.sizes))

    def _drawn(self, *counts: int) -> list[Points]:
        state, found = self.state(), []
        for count in counts:
            blocks = [self.sampler.rows(state, min(BLOCK, count - i)) for i in range(0, count, BLOCK)]
            chosen = np.concatenate(blocks)
            found.append(Points(self.rows.codes[chosen], self.rows.factors[chosen]))
        return found

    def _check_train(self) -> None:
        for j, column in enumerate(self.train.factors.T):
            if column.min() == column.max():
                points = f"all {len(column)} training points"
                raise ValueError(f"factor {self.kept[j]} has the same value in {points}; give more points (n_train)")
