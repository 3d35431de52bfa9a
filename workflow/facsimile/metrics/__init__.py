"""Metrics: one file each, found by its name. ``score(codes, factors)`` asks them of latents of your own."""

import sys
import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile import discover, provenance
from facsimile.metrics import _draws
from facsimile.metrics._conventions import ALIASES, resolve
from facsimile.metrics._draws import Draws, Sample

LIBRARIES = ("numpy", "numba", "scikit-learn", "scipy")
Arrays = tuple[npt.ArrayLike, npt.ArrayLike]


def score(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    metrics: Sequence[str] | None = None,
    convention: str = "dlib",
    seed: int = 0,
    n_train: int = 10_000,
    n_test: int = 5_000,
    progress: bool = False,
) -> pd.DataFrame:
    """Score a table of codes [N, d] (float) and factors [N, k] (int, each the index of a value); one number a row.

    Columns: metric, score, value, convention, n_train, n_test, seed, seconds, versions. ``metrics``: names of files in
    metrics/, None for all that know the convention. Points are drawn as disentanglement_lib draws them, with the same ``seed``,
    if each combination of factor values is one row. ``seconds`` counts what metrics share (mutual information, fits) for the
    first that asks. ``progress`` prints a line a metric. Raises UnknownName for a metric or convention, ValueError for arrays
    that cannot be scored.
    """
    table = _draws.checked(codes, factors, "codes")
    kept = _draws.varying(table.factors, table.factors)
    draws = _draws.from_table(table.codes, table.factors[:, kept], n_train, n_test, seed)
    return _ask(draws, metrics or _knowing(convention), convention, progress)


def score_draws(
    train: Arrays,
    test: Arrays,
    metrics: Sequence[str] | None = None,
    convention: str = "dlib",
    seed: int = 0,
    progress: bool = False,
) -> pd.DataFrame:
    """Score given draws: ``train`` and ``test`` are (codes [n, d], factors [n, k]); same answer as ``score``.

    Metrics that draw batches with one factor fixed cannot be asked of draws: without ``metrics``, all others are.
    """
    first, second = _draws.checked(*train, "train codes"), _draws.checked(*test, "test codes")
    if first.codes.shape[1] != second.codes.shape[1] or first.factors.shape[1] != second.factors.shape[1]:
        raise ValueError("train and test must have the same numbers of codes and of factors")
    kept = _draws.varying(first.factors, second.factors)
    factors = _draws.numbered(np.concatenate((first.factors, second.factors))[:, kept])
    split = len(first.codes)
    draws = Draws(Sample(first.codes, factors[:split]), Sample(second.codes, factors[split:]), seed=seed)
    names = metrics or [name for name in _knowing(convention) if "table" not in discover.module("metrics", name).NEEDS]
    return _ask(draws, names, convention, progress)


def _knowing(convention: str) -> list[str]:
    """Metrics that have a convention; raises UnknownName if none has it."""
    conventions = {name: discover.module("metrics", name).CONVENTIONS for name in discover.names("metrics")}
    resolve(convention, {key: text for known in conventions.values() for key, text in known.items()}, "any metric")
    return [name for name, known in conventions.items() if ALIASES.get(convention, convention) in known]


def _ask(draws: Draws, metrics: Sequence[str], convention: str, progress: bool) -> pd.DataFrame:
    named = [(name, discover.module("metrics", name)) for name in metrics]
    versions = "; ".join(f"{name} {version}" for name, version in provenance.versions(*LIBRARIES).items())
    rows = [row for name, metric in named for row in _rows(name, metric, draws, convention, progress)]
    return pd.DataFrame(rows).assign(versions=versions)


def _rows(name: str, metric: ModuleType, draws: Draws, convention: str, progress: bool) -> list[dict[str, Any]]:
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
        raise ArithmeticError(f"{name}: {', '.join(bad)} came out as no finite number; please report this with the codes")
    if progress:
        print(
            f"{name}: {about['seconds']:.1f} s",
            ", ".join(f"{key} {value:.4f}" for key, value in found.items()),
            file=sys.stderr,
        )
    return [{"metric": name, "score": key, "value": value} | about for key, value in found.items()]
