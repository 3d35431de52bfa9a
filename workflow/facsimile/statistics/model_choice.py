"""Does a choice of model transfer: how often the model that one score picks beats a random one.

Locatello et al. 2019. One draw: take a data set, a score and a seed, and the setting (method and
hyper-parameter) that is best there. Take its run with another seed, on the same or another data
set, judged by the same or another score, and compare it with a random setting.

The paper averages 10,000 draws, which leaves a standard error of up to 0.005. Here all draws are
enumerated instead, and the result is the limit of their average. A random setting may be the chosen
one, and failed runs are left out. Restricted to the settings of one method, the same calculation is
about the choice of hyper-parameters alone.

A choice is based on the scores of one seed, as in the paper (section 5.4). The paper counts the
trials in which the choice is better or equally good. Here ties count half, so that chance is 0.5;
with ``ties=1`` they count as in the paper, which adds at least 1/72 if there are 36 settings. That
the rival has the seed of the chosen model's run is how we read "for a randomly sampled seed".
Intervals resample seeds; data sets and scores are fixed.
"""

import itertools
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facsimile.statistics.estimates import LEVEL, RESAMPLES, Array, Estimate, limits, undefined


class Case(NamedTuple):
    """Where the chosen model is tested: with which score and on which data set."""

    same_metric: bool
    same_dataset: bool

    @property
    def text(self) -> str:
        """``same score, another data set``."""
        score = "same score" if self.same_metric else "another score"
        dataset = "same data set" if self.same_dataset else "another data set"
        return f"{score}, {dataset}"


CASES = [
    Case(same_metric=True, same_dataset=True),
    Case(same_metric=True, same_dataset=False),
    Case(same_metric=False, same_dataset=True),
    Case(same_metric=False, same_dataset=False),
]


def grid(
    scores: pd.DataFrame,
    datasets: list[str],
    names: list[str],
    settings: list[str],
) -> Array:
    """Return scores as an array [data set, score, setting, seed], NaN if a run does not exist.

    ``scores`` has the columns dataset, name, setting, seed, result.
    """
    seeds = sorted(scores["seed"].unique())
    index = ["dataset", "name", "setting"]
    wide = scores.pivot(index=index, columns="seed", values="result")
    wide = wide.reindex(columns=seeds)
    # Every combination, in the order of the axes, also those without a run.
    rows = pd.MultiIndex.from_product([datasets, names, settings])
    wide = wide.reindex(rows)
    shape = (len(datasets), len(names), len(settings), len(seeds))
    return wide.to_numpy(dtype=np.float64).reshape(shape)


def beats_random(
    values: Array,
    case: Case,
    rng: np.random.Generator,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    ties: float = 0.5,
) -> Estimate:
    """Return the probability that the chosen model beats a random one.

    ``values`` is an array as ``grid`` returns it; higher is better. A tie counts as ``ties`` of a
    win, and the chosen setting ties with itself. ``n`` of the estimate is the number of runs. NaN
    if the case is impossible: with one data set, one score or one seed.
    """
    # A run exists if it has any of the scores.
    exists = np.isfinite(values).any(axis=1)
    n = int(exists.sum())
    seeds = values.shape[3]
    wins, tries = _wins(values, case, ties)
    if not tries.any():
        return undefined(n)
    probabilities = np.full(seeds, 1 / seeds)
    drawn = rng.multinomial(seeds, probabilities, resamples)
    # In a resample, a pair of seeds counts as often as both of them together were drawn.
    counts = drawn.astype(np.float64)
    won = np.einsum("bs,st,bt->b", counts, wins, counts)
    tried = np.einsum("bs,st,bt->b", counts, tries, counts)
    # A resample that drew only one seed has no other seed for the test.
    possible = tried > 0
    low, high = limits(won[possible] / tried[possible], level)
    value = float(wins.sum() / tries.sum())
    return Estimate(value, low, high, n)


def _wins(
    values: Array,
    case: Case,
    ties: float,
) -> tuple[Array, Array]:
    """Return wins and tries [seed of the choice, seed of the test].

    Both are summed over all data sets and scores that fit the case.
    """
    best = _best(values)
    beaten = _beaten(values, ties)
    datasets, names, _, seeds = values.shape
    wins = np.zeros((seeds, seeds))
    tries = np.zeros((seeds, seeds))
    # (data set, score) of the choice, and of the test.
    judges = itertools.product(range(datasets), range(names))
    for choice, test in itertools.product(judges, repeat=2):
        fit = Case(
            same_metric=choice[1] == test[1],
            same_dataset=choice[0] == test[0],
        )
        if fit != case:
            continue
        chosen = best[choice]
        shares = beaten[test][chosen]
        # No run of the choice: the index -1 selected an arbitrary setting.
        shares = np.where(chosen[:, None] < 0, np.nan, shares)
        wins += np.nan_to_num(shares)
        tries += np.isfinite(shares)
    # The test needs another seed than the choice.
    other = ~np.eye(seeds, dtype=bool)
    return wins * other, tries * other


def _best(values: Array) -> NDArray[np.intp]:
    """Return the best setting [data set, score, seed], the first if several are equal.

    −1 if no run exists.
    """
    scores = np.where(np.isnan(values), -np.inf, values)
    exists = np.isfinite(scores).any(axis=2)
    return np.where(exists, scores.argmax(axis=2), -1)


def _beaten(values: Array, ties: float) -> Array:
    """Return the share of settings that each run beats on its data set, score and seed.

    A tie, also that with itself, counts as ``ties`` of a win. NaN if the run does not exist.
    """
    runs = values[:, :, :, None]
    rivals = values[:, :, None]
    number = np.isfinite(rivals).sum(axis=3)
    lower = (runs > rivals).sum(axis=3)
    tied = (runs == rivals).sum(axis=3)
    wins = lower + ties * tied
    # If there is no rival, there is no run either, and the result is NaN.
    share = wins / np.maximum(number, 1)
    return np.where(np.isnan(values), np.nan, share)
