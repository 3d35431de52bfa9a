"""Metrics, one file each, found by the file's name.

``score`` and ``score_draws`` compute them for latents of your own.
"""

import dataclasses
import sys
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.foundation import discover, provenance
from facsimile.metrics.base import draws as base_draws
from facsimile.metrics.base.conventions import ALIASES, resolve
from facsimile.metrics.base.draws import Draws, ModelOutputs, Sample

LIBRARIES = ("numpy", "numba", "scikit-learn", "scipy")
# The metrics that Locatello et al. 2019 report; all of them need only codes and factors.
STUDY = (
    "beta_vae_score",
    "factor_vae_score",
    "mig",
    "dci",
    "modularity",
    "explicitness",
    "sap",
    "irs",
    "unsupervised",
)
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
    batch: int = base_draws.BATCH,
    **outputs: Any,
) -> pd.DataFrame:
    """Score the latents of a data set against its factors.

    Training and test points are sampled from the rows. If each combination of factor values is
    exactly one row, they are the points that disentanglement_lib samples with the same ``seed``;
    otherwise rows are sampled uniformly with replacement. Factors that have only one value are
    ignored.

    Parameters
    ----------
    codes : array-like of float, shape [N, d]
        Latents of each observation, for example posterior means. They are converted to float32.
    factors : array-like of int, shape [N, k]
        Ground-truth factors of the same observations, each entry the index of the factor's value.
    metrics : sequence of str, str or None, default=None
        Names of files in ``facsimile/metrics``, or a single name. None: the metrics of Locatello et
        al. 2019 that have the convention. "all": every metric that has the convention and whose
        inputs are given.
    convention : str, default="dlib"
        Which published variant of each metric to compute; every metric's page lists its own.
        "dlib" is the one of disentanglement_lib 1.5 with scikit-learn 0.20.3, or, for a metric that
        disentanglement_lib does not have, the first one that the metric's file lists.
    seed : int, default=0
        Seed of all sampling.
    n_train, n_test : int, default=10_000 and 5_000
        Number of training and of test points to sample.
    progress : bool, default=False
        Print one line per metric to stderr.
    batch : int, default=64
        Number of points in each batch that has one factor held fixed (the BetaVAE and FactorVAE
        scores).
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
        One row per score, with the columns metric, score, value, convention, n_train, n_test, seed,
        seconds and versions (of Python and the numerical libraries). Intermediate results that
        several metrics share are counted in the ``seconds`` of the first metric that needs them.

    Raises
    ------
    UnknownName
        If there is no such metric, convention or keyword argument (a ValueError).
    ValueError
        If the arrays cannot be scored (wrong shape or type, values that are not finite, no factor
        that varies), or if a metric that is named in ``metrics`` needs an input that is not given.
    ArithmeticError
        If a metric returns a value that is not finite.

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
    table = base_draws.checked(codes, factors, "codes")
    varying = base_draws.varying(table.factors, table.factors)
    model_outputs = _model_outputs(outputs)
    draws = base_draws.from_table(
        table.codes, table.factors[:, varying], n_train, n_test, seed, model_outputs, batch
    )
    inputs = {"codes", "factors", "table", *model_outputs.names}
    if draws.whole("score").grid is not None:
        inputs.add("grid")
    return _compute(draws, _selected(metrics, convention, inputs), convention, progress)


def score_draws(
    train: Arrays,
    test: Arrays,
    metrics: Sequence[str] | str | None = None,
    convention: str = "dlib",
    seed: int = 0,
    progress: bool = False,
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
        Names of metrics, or a single name. None: the metrics of Locatello et al. 2019 that need
        only such points. "all": every metric that needs only such points.
    convention : str, default="dlib"
        Which published variant of each metric to compute; see ``score``.
    seed : int, default=0
        Seed of the metrics that use random numbers themselves.
    progress : bool, default=False
        Print one line per metric to stderr.

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
        factors, or if a metric that is named in ``metrics`` needs more than these points.
    ArithmeticError
        If a metric returns a value that is not finite.

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
    train_points = base_draws.checked(*train, "train codes")
    test_points = base_draws.checked(*test, "test codes")
    same_codes = train_points.codes.shape[1] == test_points.codes.shape[1]
    same_factors = train_points.factors.shape[1] == test_points.factors.shape[1]
    if not (same_codes and same_factors):
        raise ValueError("train and test must have the same numbers of codes and of factors")
    varying = base_draws.varying(train_points.factors, test_points.factors)
    # Values are numbered over both parts, so that an index means the same value in each.
    both = np.concatenate((train_points.factors, test_points.factors))
    factors = base_draws.numbered(both[:, varying])
    n_train = len(train_points.codes)
    draws = Draws(
        Sample(train_points.codes, factors[:n_train]),
        Sample(test_points.codes, factors[n_train:]),
        seed=seed,
    )
    names = _selected(metrics, convention, {"codes", "factors"})
    return _compute(draws, names, convention, progress)


def _model_outputs(arguments: dict[str, Any]) -> ModelOutputs:
    """The keyword arguments of ``score`` that describe the model; raises UnknownName for others."""
    accepted = [field.name for field in dataclasses.fields(ModelOutputs)]
    for name in arguments:
        if name not in accepted:
            raise discover.UnknownName("argument of facsimile.score", name, accepted)
    return ModelOutputs(**arguments)


def _selected(
    metrics: Sequence[str] | str | None,
    convention: str,
    inputs: set[str],
) -> list[str]:
    """Names of the metrics to compute.

    None and "all" leave out metrics that do not have the convention or whose inputs are missing;
    a metric that is named explicitly is kept, so that it can raise an error with what it needs.
    """
    if metrics is None:
        candidates: Sequence[str] = STUDY
    elif metrics == "all":
        candidates = discover.names("metrics")
    else:
        return [metrics] if isinstance(metrics, str) else list(metrics)
    selected = []
    for name in _with_convention(convention, candidates):
        needs = set(discover.module("metrics", name).NEEDS)
        if needs <= inputs:
            selected.append(name)
    return selected


def _with_convention(convention: str, candidates: Sequence[str]) -> list[str]:
    """The metrics that have a convention; raises UnknownName if none of them has it."""
    conventions = {name: discover.module("metrics", name).CONVENTIONS for name in candidates}
    every_convention: dict[str, str] = {}
    for descriptions in conventions.values():
        every_convention |= descriptions
    resolve(convention, every_convention, "any metric")
    if convention in ALIASES:  # an alias stands for some convention of every metric
        return list(conventions)
    return [name for name, descriptions in conventions.items() if convention in descriptions]


def _compute(
    draws: Draws,
    metrics: Sequence[str],
    convention: str,
    progress: bool,
) -> pd.DataFrame:
    """Compute metrics on the same draws; returns the table that ``score`` describes."""
    # All modules are imported first, so that an unknown name costs no computation.
    modules = [(name, discover.module("metrics", name)) for name in metrics]
    versions = provenance.versions(*LIBRARIES)
    rows = []
    for name, module in modules:
        rows += _rows(name, module, draws, convention, progress)
    described = "; ".join(f"{name} {version}" for name, version in versions.items())
    return pd.DataFrame(rows).assign(versions=described)


def _rows(
    name: str, metric: ModuleType, draws: Draws, convention: str, progress: bool
) -> list[dict[str, Any]]:
    """Compute one metric; returns one row per score."""
    full_convention = resolve(convention, metric.CONVENTIONS, name)
    began = time.perf_counter()
    scores = metric.score(draws, full_convention)
    seconds = time.perf_counter() - began
    not_finite = [key for key, value in scores.items() if not np.isfinite(value)]
    if not_finite:
        raise ArithmeticError(
            f"{name}: {', '.join(not_finite)} is not finite; please report this with the codes"
        )
    if progress:
        values = ", ".join(f"{key} {value:.4f}" for key, value in scores.items())
        print(f"{name}: {seconds:.1f} s", values, file=sys.stderr)
    common = {
        "convention": full_convention,
        "n_train": draws.sizes[0],
        "n_test": draws.sizes[1],
        "seed": draws.seed,
        "seconds": seconds,
    }
    rows = []
    for key, value in scores.items():
        rows.append({"metric": name, "score": key, "value": value} | common)
    return rows
