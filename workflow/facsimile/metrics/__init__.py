"""Metrics, one file each, found by the file's name.

``score`` and ``score_draws`` compute them for latents of your own.
"""

# Annotations stay text, so that ``help(facsimile.score)`` shows them as they are written.
from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.foundation import discover
from facsimile.metrics.base import arguments, cost, factor_values, rows, selection
from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.arguments import Points
from facsimile.metrics.base.draws import Draws, ModelOutputs, Sample
from facsimile.metrics.base.factor_values import Bins
from facsimile.metrics.base.selection import STUDY as STUDY
from facsimile.metrics.base.selection import Selected

Arrays = tuple[npt.ArrayLike, npt.ArrayLike]


def score(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    metrics: Sequence[str] | str | None = None,
    convention: str = "dlib",
    seed: int = 0,
    n_train: int = 10_000,
    n_test: int = 5_000,
    progress: bool = False,
    batch: int = 64,
    sampling: str = "auto",
    bins: Bins = None,
    **outputs: Any,
) -> pd.DataFrame:
    """Score the latents of a data set against its factors.

    Training and test points are sampled from the rows. If each combination of factor values is
    exactly one row (a full grid), they are the points that disentanglement_lib samples with the
    same ``seed``, with replacement. Any other table is a sample: its rows are split, so that no row
    is both a training and a test point. Factors that have only one value are ignored.

    Parameters
    ----------
    codes : array-like of float, shape [N, d]
        Latents of each observation, for example posterior means: an array, a pandas frame or a
        torch tensor. They are converted to float32.
    factors : array-like of int, shape [N, k]
        Ground-truth factors of the same observations, each entry the index of the factor's value.
        Frames must have the index of ``codes``, if that is a frame, too.
    metrics : sequence of str, str or None, default=None
        Names of files in ``facsimile/metrics``, or one string of names separated by commas. None:
        the metrics of Locatello et al. 2019 that have the convention. "all": every metric that has
        the convention and whose inputs are given.
    convention : str, default="dlib"
        Which published variant of each metric to compute; every metric's page lists its own.
        "dlib" is the one of disentanglement_lib 1.5 with scikit-learn 0.20.3, or, for a metric that
        disentanglement_lib does not have, the first one that the metric's file lists.
    seed : int, default=0
        Seed of all sampling.
    n_train, n_test : int, default=10_000 and 5_000
        Number of training and of test points to sample. A table that is split and has fewer rows
        gives fewer: a third of its rows, or all that training leaves over, are test points.
    progress : bool, default=False
        Print one line per metric to stderr.
    batch : int, default=64
        Number of points in each batch that has one factor held fixed (the BetaVAE and FactorVAE
        scores).
    sampling : {"auto", "disjoint", "replacement"}, default="auto"
        How training and test points are sampled. "disjoint": the rows are split. "replacement":
        rows are drawn with replacement, as in disentanglement_lib, so that a test point may also be
        a training point. "auto": "replacement" for a full grid, otherwise "disjoint".
    bins : int, dict or None, default=None
        Divide each factor of more than this number of values into so many intervals of equal width;
        a dict gives the number for some columns by name or index. For continuous factors, of which
        each value would be a class of its own.
    **outputs
        Further outputs of the model, which some metrics need; rows as in ``codes``:

        - ``log_variances`` : float, shape [N, d]; log-variances of the Gaussian posteriors q(z|x).
        - ``images`` : array of shape [N, ...] in [0, 1], or any object that returns such images
          when it is indexed by an array of rows.
        - ``decoder`` : callable, codes [n, d] float32 -> pixel means [n, ...].
        - ``classifier`` : callable, images [n, ...] -> list of k arrays [n, values], the predicted
          probabilities of the values of each factor that varies.
        - ``peers`` : list of (codes [N, d], log_variances [N, d]) of models that differ from this
          one only in their seed.

    Returns
    -------
    pandas.DataFrame
        One row per score, with the columns score, metric, convention, n_train, n_test, n_distinct
        (different training points), n_shared (test points that equal a training point in all codes
        and factors), sampling, bins, seed, reason, seconds and value. A metric that cannot be
        computed has a row without a value; ``reason`` says why, and a ScoreWarning does, too.
        Intermediate results that several metrics share are counted in the ``seconds`` of the first
        metric that needs them. ``table.attrs["versions"]`` are the versions of Python and the
        numerical libraries.

    Raises
    ------
    UnknownName
        If there is no such metric, convention or keyword argument (a ValueError).
    ValueError
        If the arrays cannot be scored (wrong shape or type, values that are not finite, no factor
        that varies, a factor that looks continuous), or if no metric can be computed.
    ArithmeticError
        If the only metric returns a value that is not finite.

    See Also
    --------
    score_draws : Score training and test points that you have sampled yourself.

    Examples
    --------
    >>> import facsimile
    >>> import numpy as np
    >>> factors = np.indices((4, 5)).reshape(2, -1).T  # every combination of 4 x 5 values
    >>> codes = factors.astype(np.float32)  # a perfect code
    >>> table = facsimile.score(codes, factors, metrics=["mig", "modularity"])
    >>> table[["metric", "score", "value", "convention"]].round(3)
           metric       score  value       convention
    0         mig         mig    1.0  dlib-sklearn020
    1  modularity  modularity    1.0  dlib-sklearn020
    """
    check_settings(n_train, n_test, batch, sampling)
    check_seed(seed)
    model_outputs = _model_outputs(outputs)
    points = _varying(arguments.points(codes, factors, bins))
    model_outputs = arguments.outputs(model_outputs, codes, points.codes.shape)
    draws = base_draws.from_table(
        points.codes,
        points.factors,
        n_train,
        n_test,
        seed,
        model_outputs,
        batch,
        sampling,
        points.names,
    )
    inputs = {"codes", "factors", "table", *model_outputs.names}
    is_grid = draws.whole("score").grid is not None
    if is_grid:
        inputs.add("grid")
    selected = selection.select(metrics, convention, inputs)
    if not (is_grid and len(points.names) > 1):
        check_numbers_of_values(points, selected, draws)
    used = base_draws.REPLACEMENT if draws.parts is None else base_draws.DISJOINT
    return scored(draws, selected, progress, used, points.bins, warn=sampling != used)


def score_draws(
    train: Arrays,
    test: Arrays,
    metrics: Sequence[str] | str | None = None,
    convention: str = "dlib",
    seed: int = 0,
    progress: bool = False,
    bins: Bins = None,
) -> pd.DataFrame:
    """Score training and test points that have already been sampled.

    Metrics that need more than these points cannot be computed: those that sample batches with one
    factor held fixed (the BetaVAE and FactorVAE scores among them) need the whole table, others
    need a decoder or log-variances. Use ``score`` for them.

    Parameters
    ----------
    train : tuple of (codes, factors)
        Training points: codes float [n, d], factors int [n, k].
    test : tuple of (codes, factors)
        Test points: codes float [m, d], factors int [m, k].
    metrics : sequence of str, str or None, default=None
        Names of metrics, or one string of names separated by commas. None: the metrics of Locatello
        et al. 2019 that have the convention and need only such points. "all": every metric that has
        it and needs only such points.
    convention : str, default="dlib"
        Which published variant of each metric to compute; see ``score``.
    seed : int, default=0
        Seed of the metrics that use random numbers themselves.
    progress : bool, default=False
        Print one line per metric to stderr.
    bins : int, dict or None, default=None
        Divide factors of more values into intervals of equal width; see ``score``.

    Returns
    -------
    pandas.DataFrame
        One row per score, with the columns of the table that ``score`` returns.

    Raises
    ------
    UnknownName
        If there is no such metric or convention (a ValueError).
    ValueError
        If the arrays cannot be scored, if train and test differ in their numbers of codes or of
        factors, or if no metric can be computed from these points by the convention.
    ArithmeticError
        If the only metric returns a value that is not finite.

    See Also
    --------
    score : Sample the points from a whole table and score them.

    Examples
    --------
    >>> import facsimile
    >>> import numpy as np
    >>> factors = np.random.default_rng(0).integers(0, 4, (300, 2))
    >>> codes = factors.astype(np.float32)
    >>> train, test = (codes[:200], factors[:200]), (codes[200:], factors[200:])
    >>> table = facsimile.score_draws(train, test, metrics="modularity")
    >>> table["n_train"][0], table["n_test"][0]
    (200, 100)
    """
    check_seed(seed)
    both, n_train = arguments.train_and_test(train, test, bins)
    both = _varying(both)
    # Values are numbered over both parts, so that an index means the same value in each.
    factors, _ = base_draws.numbered(both.factors)
    codes = both.codes
    train_points = Sample(codes[:n_train], factors[:n_train])
    test_points = Sample(codes[n_train:], factors[n_train:])
    draws = Draws(train_points, test_points, seed=seed, names=both.names)
    selected = selection.select(metrics, convention, {"codes", "factors"})
    check_numbers_of_values(both, selected, draws)
    return scored(draws, selected, progress, "given", both.bins, warn=True)


def check_settings(
    n_train: int,
    n_test: int,
    batch: int,
    sampling: str,
) -> None:
    """Raise ValueError for numbers of points below 1, and for an unknown kind of sampling."""
    counts = {"n_train": n_train, "n_test": n_test, "batch": batch}
    for name, count in counts.items():
        if not _is_whole(count) or count < 1:
            raise ValueError(f"{name} is a number of points, 1 or more, not {count!r}")
    if sampling not in base_draws.SAMPLING:
        known = list(base_draws.SAMPLING)
        raise discover.UnknownName("kind of sampling", str(sampling), known)


def check_seed(seed: int) -> None:
    """Raise ValueError for a seed that NumPy's RandomState would not take, or that is none."""
    if not _is_whole(seed) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, not {seed!r}")


def _is_whole(number: Any) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def _model_outputs(keywords: dict[str, Any]) -> ModelOutputs:
    """The keyword arguments of ``score`` that describe the model; raises UnknownName for others."""
    accepted = [field.name for field in dataclasses.fields(ModelOutputs)]
    for name in keywords:
        if name not in accepted:
            raise discover.UnknownName("argument of facsimile.score", name, accepted)
    return ModelOutputs(**keywords)


def _varying(points: Points) -> Points:
    """The points with the factors that vary; raises ValueError if there is none."""
    columns = base_draws.varying(points.factors)
    names = tuple(points.names[j] for j in columns)
    return points._replace(factors=points.factors[:, columns], names=names)


def check_numbers_of_values(
    points: Points,
    metrics: Sequence[Selected],
    draws: Draws,
) -> None:
    """Refuse factors of nearly as many values as rows, and warn of many values.

    Raises ValueError if a metric uses the factors: it would take each value for a class.
    """
    of_factors = [metric for metric in metrics if "factors" in metric.module.NEEDS]
    if not of_factors:
        return
    n_rows = len(points.codes)
    for name, column in zip(points.names, points.factors.T, strict=True):
        values = len(np.unique(column))
        number = f"factors: {name} has {values:,} values in {n_rows:,} rows"
        if factor_values.looks_continuous(values, n_rows):
            seconds = cost.total(of_factors, draws)
            price = f", and take about {cost.described(seconds)}" if seconds > rows.LONG else ""
            remedy = factor_values.BINNING if values > factor_values.FEW else "leave it out"
            raise ValueError(
                f"{number}: it looks continuous, or like an identifier. Each value would be a "
                f"class of {n_rows / values:.1f} rows: scores would mean nothing{price}; {remedy}"
            )
        if factor_values.has_many_values(values, n_rows):
            message = f"{number}, and scores depend on that number; {factor_values.BINNING}"
            warnings.warn(message, rows.ScoreWarning, stacklevel=3)


def scored(
    draws: Draws,
    metrics: Sequence[Selected],
    progress: bool,
    sampling: str,
    bins: str,
    warn: bool,
) -> pd.DataFrame:
    """Compute metrics of codes; returns the table that ``score`` describes."""
    table = rows.computed(draws, metrics, progress)
    counts = rows.counts(draws.train, draws.test_points)
    if warn:
        rows.warn_of_shared(draws, counts, sampling)
    table = table.assign(
        n_distinct=counts.distinct,
        n_shared=counts.shared,
        sampling=sampling,
        bins=bins,
    )
    table.attrs["versions"] = rows.versions()
    return table[list(rows.COLUMNS)]


def score_outputs(
    outputs: Draws,
    metric: str,
    convention: str,
) -> pd.DataFrame:
    """Compute a metric of a run's outputs (``RunOutputs``).

    Returns one row per score: metric, score, value, convention, n_train, n_test, seed, seconds,
    reason; versions are in ``attrs``.
    """
    selected = selection.of_run(metric, convention)
    table = rows.computed(outputs, [selected], progress=False)
    table.attrs["versions"] = rows.versions()
    return table
