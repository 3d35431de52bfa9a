"""Does a choice of model carry over: how often the model that one score picks beats a random one (Locatello et al. 2019).

A draw: take a data set, a score and a seed, and the setting (method and hyper-parameter) that is best there; run it with
another seed, on the same or another data set, judged by the same or another score, against a random setting. The paper
averages 10,000 draws, which leaves a standard error of up to 0.005. Here all draws are counted instead, and the answer is what
they tend to. Ties count half, a random setting may be the one chosen, and a run that failed takes no part. The same among the
settings of one method asks for hyper-parameters alone.

What we could not check in the paper is set so: the choice is made by one seed's scores, not by a mean over seeds; the rival has
the seed of the model that was chosen. Intervals resample seeds; the data sets and scores are as they are.
"""

import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facsimile.statistics.estimates import LEVEL, RESAMPLES, Array, Estimate, limits


class Case(NamedTuple):
    """Where the chosen model is put to the test."""

    same_metric: bool
    same_dataset: bool

    @property
    def text(self) -> str:
        """``same score, another data set``."""
        score = "same score" if self.same_metric else "another score"
        return f"{score}, {'same' if self.same_dataset else 'another'} data set"


CASES = [Case(metric, dataset) for metric, dataset in itertools.product((True, False), repeat=2)]


def grid(scores: pd.DataFrame, datasets: list[str], names: list[str], settings: list[str]) -> Array:
    """Scores [data set, score, setting, seed], NaN where there is none; ``scores`` has dataset, name, setting, seed, result."""
    seeds = sorted(scores["seed"].unique())
    wide = scores.pivot(
        index=["dataset", "name", "setting"], columns="seed", values="result"
    ).reindex(columns=seeds)
    wanted = pd.MultiIndex.from_product([datasets, names, settings])
    return (
        wide.reindex(wanted)
        .to_numpy(dtype=np.float64)
        .reshape(len(datasets), len(names), len(settings), len(seeds))
    )


def beats_random(
    values: Array,
    case: Case,
    rng: np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Probability that the model chosen beats a random one; ``values`` as ``grid`` gives them, higher taken for better.

    n is the number of runs. NaN where the case cannot be: one data set, one score or one seed.
    """
    n = int(np.isfinite(values).any(axis=1).sum())
    seeds = values.shape[3]
    wins, ways = _wins(values, case)
    if not ways.any():
        return Estimate(np.nan, np.nan, np.nan, n)
    counts = rng.multinomial(seeds, np.full(seeds, 1 / seeds), resamples).astype(np.float64)
    won, tried = (np.einsum("bs,st,bt->b", counts, matrix, counts) for matrix in (wins, ways))
    drawn = won[tried > 0] / tried[tried > 0]  # a resample of one seed alone has no other seed
    return Estimate(float(wins.sum() / ways.sum()), *limits(drawn, level), n)


def _wins(values: Array, case: Case) -> tuple[Array, Array]:
    """Wins and tries [seed of the choice, seed of the test], over all data sets and scores of the case."""
    chosen, beaten = _best(values), _beaten(values)
    datasets, names, _, seeds = values.shape
    wins, ways = np.zeros((seeds, seeds)), np.zeros((seeds, seeds))
    for d, m, e, k in itertools.product(
        range(datasets), range(names), range(datasets), range(names)
    ):
        if (d == e) == case.same_dataset and (m == k) == case.same_metric:
            found = np.where(chosen[d, m, :, None] < 0, np.nan, beaten[e, k][chosen[d, m]])
            wins += np.nan_to_num(found)
            ways += np.isfinite(found)
    other = ~np.eye(seeds, dtype=bool)
    return wins * other, ways * other


def _best(values: Array) -> NDArray[np.intp]:
    """The best setting [data set, score, seed], −1 where no run is there. Of equal ones the first."""
    known = np.where(np.isnan(values), -np.inf, values)
    return np.where(np.isfinite(known).any(axis=2), known.argmax(axis=2), -1)


def _beaten(values: Array) -> Array:
    """Share of the settings of its data set, score and seed that each run beats, ties (and itself) for half; NaN for no run."""
    a, b = values[:, :, :, None], values[:, :, None]
    known = np.isfinite(b).sum(axis=3)
    share = ((a > b).sum(axis=3) + 0.5 * (a == b).sum(axis=3)) / np.maximum(known, 1)
    return np.where(np.isnan(values), np.nan, share)
