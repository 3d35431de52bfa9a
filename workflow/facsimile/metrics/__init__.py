"""Metrics: one file each, found by its name. ``score(codes, factors)`` asks them of latents of your own."""

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
from facsimile.metrics.base.draws import Draws, Given, Sample

LIBRARIES = ("numpy", "numba", "scikit-learn", "scipy")
# Those that Locatello et al. 2019 report, all from codes alone.
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
    **given: Any,
) -> pd.DataFrame:
    """Score a table of codes [N, d] (float) and factors [N, k] (int, each the index of a value); one number a row.

    Columns: metric, score, value, convention, n_train, n_test, seed, seconds, versions. ``metrics``: names of files in
    metrics/; None for those of Locatello et al. 2019 that know the convention; "all" for every one that knows it and whose
    needs are given. ``given``: what some need of the model besides codes (log_variances, images, decoder, classifier, peers;
    see ``Given``). Points are drawn as disentanglement_lib draws them, with the same ``seed``, if each combination of factor
    values is one row; ``batch`` is the number of points in which a factor is held fixed. ``seconds`` counts what metrics share
    (mutual information, fits) for the first that asks. ``progress`` prints a line a metric. Raises UnknownName for a metric or
    convention, ValueError for arrays that cannot be scored.
    """
    table = base_draws.checked(codes, factors, "codes")
    kept = base_draws.varying(table.factors, table.factors)
    with_model = _given(given)
    draws = base_draws.from_table(
        table.codes, table.factors[:, kept], n_train, n_test, seed, with_model, batch
    )
    there = {"codes", "factors", "table", *with_model.names} | (
        {"grid"} if draws.whole("score").grid is not None else set()
    )
    return _ask(draws, _chosen(metrics, convention, there), convention, progress)


def score_draws(
    train: Arrays,
    test: Arrays,
    metrics: Sequence[str] | str | None = None,
    convention: str = "dlib",
    seed: int = 0,
    progress: bool = False,
) -> pd.DataFrame:
    """Score given draws: ``train`` and ``test`` are (codes [n, d], factors [n, k]); same answer as ``score``.

    Metrics that draw batches with one factor fixed cannot be asked of draws: without ``metrics``, all others are.
    """
    first, second = (
        base_draws.checked(*train, "train codes"),
        base_draws.checked(*test, "test codes"),
    )
    if (
        first.codes.shape[1] != second.codes.shape[1]
        or first.factors.shape[1] != second.factors.shape[1]
    ):
        raise ValueError("train and test must have the same numbers of codes and of factors")
    kept = base_draws.varying(first.factors, second.factors)
    factors = base_draws.numbered(np.concatenate((first.factors, second.factors))[:, kept])
    split = len(first.codes)
    draws = Draws(
        Sample(first.codes, factors[:split]), Sample(second.codes, factors[split:]), seed=seed
    )
    return _ask(draws, _chosen(metrics, convention, {"codes", "factors"}), convention, progress)


def _given(stated: dict[str, Any]) -> Given:
    """What is given of a model; raises UnknownName for another keyword."""
    known = [field.name for field in dataclasses.fields(Given)]
    for name in stated:
        if name not in known:
            raise discover.UnknownName("argument of facsimile.score", name, known)
    return Given(**stated)


def _chosen(metrics: Sequence[str] | str | None, convention: str, given: set[str]) -> list[str]:
    """Names of the metrics that are asked; "all" and None leave out those that lack the convention or their needs."""
    if metrics is None or metrics == "all":
        candidates = discover.names("metrics") if metrics else STUDY
        return [
            name
            for name in _knowing(convention, candidates)
            if set(discover.module("metrics", name).NEEDS) <= given
        ]
    return [metrics] if isinstance(metrics, str) else list(metrics)


def _knowing(convention: str, candidates: Sequence[str]) -> list[str]:
    """Metrics that have a convention; raises UnknownName if none has it."""
    conventions = {name: discover.module("metrics", name).CONVENTIONS for name in candidates}
    resolve(
        convention,
        {key: text for known in conventions.values() for key, text in known.items()},
        "any metric",
    )
    return [
        name for name, known in conventions.items() if convention in ALIASES or convention in known
    ]


def _ask(draws: Draws, metrics: Sequence[str], convention: str, progress: bool) -> pd.DataFrame:
    named = [(name, discover.module("metrics", name)) for name in metrics]
    versions = "; ".join(
        f"{name} {version}" for name, version in provenance.versions(*LIBRARIES).items()
    )
    rows = [
        row for name, metric in named for row in _rows(name, metric, draws, convention, progress)
    ]
    return pd.DataFrame(rows).assign(versions=versions)


def _rows(
    name: str, metric: ModuleType, draws: Draws, convention: str, progress: bool
) -> list[dict[str, Any]]:
    full = resolve(convention, metric.CONVENTIONS, name)
    began = time.perf_counter()
    found = metric.score(draws, full)
    about = {
        "convention": full,
        "n_train": draws.sizes[0],
        "n_test": draws.sizes[1],
        "seed": draws.seed,
        "seconds": time.perf_counter() - began,
    }
    if bad := [key for key, value in found.items() if not np.isfinite(value)]:
        raise ArithmeticError(
            f"{name}: {', '.join(bad)} came out as no finite number; please report this with the codes"
        )
    if progress:
        print(
            f"{name}: {about['seconds']:.1f} s",
            ", ".join(f"{key} {value:.4f}" for key, value in found.items()),
            file=sys.stderr,
        )
    return [{"metric": name, "score": key, "value": value} | about for key, value in found.items()]
