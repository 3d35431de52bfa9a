"""Differences between our boosted trees and scikit-learn's, on random problems of 2 to 300 values.

scikit-learn breaks ties at random, so each problem is fitted with several random states. "nearest"
is how far ours is from the nearest of its answers, "ours" how far from one of them on average, and
"calls" how far two of its own answers lie apart on average.

dlib-modern is compared with the installed scikit-learn. For dlib-sklearn020 give a Python 3.7 with
scikit-learn 0.20.3 (`pip install numpy==1.17.5 scipy==1.2.1 scikit-learn==0.20.3`).

    python benchmarks/boosting.py [--sklearn020 PYTHON] [--values 2 40 150] [--rounds 2]
        [--seconds 1500] [--out benchmarks/results/boosting.csv]
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.metrics import _boosting, dci
from facsimile.metrics.base.conventions import DLIB, MODERN

Array = npt.NDArray[Any]
WORKER = Path(__file__).with_name("boosting_reference.py")
VALUES = (2, 3, 5, 10, 20, 40, 80, 150, 200, 250, 300)
KINDS = ("grid", "one code", "duplicates", "few rows")
TEST_POINTS = 200
# Noise of a code, as a share of the factor's range.
NOISES = (0.0, 0.003, 0.05, 0.5)
COLUMNS = (
    "convention", "values", "kind", "round", "rows", "codes", "factors", "seconds",
    "accuracy: nearest", "accuracy: ours", "accuracy: calls",
    "D: nearest", "D: ours", "D: calls", "C: nearest", "C: ours", "C: calls",
)  # fmt: skip


def problem(values: int, kind: str, round_: int) -> dict[str, Array]:
    """Training and test points; every value of the first factor is among the training points.

    ``x`` [n, d], ``y`` [n, k], ``test_x`` and ``test_y``.
    """
    rng = np.random.default_rng([values, KINDS.index(kind), round_])
    few_rows = kind == "few rows"
    n = values + int(rng.integers(1, 8) if few_rows else rng.integers(100, 400))
    factors = _factors(values, kind, n, rng)
    codes = _codes(factors, kind, rng)
    return {"x": codes[:n], "y": factors[:n], "test_x": codes[n:], "test_y": factors[n:]}


def _factors(values: int, kind: str, n: int, rng: np.random.Generator) -> Array:
    """Factors [n + TEST_POINTS, k]: one, or three of a grid from which rows are drawn."""
    points = n + TEST_POINTS
    first = np.r_[np.arange(values), rng.integers(values, size=points - values)]
    if kind == "one code":
        return first[:, None]
    second = rng.integers(rng.integers(3, 25), size=points)
    third = rng.integers(rng.integers(2, 6), size=points)
    return np.stack([first, second, third], axis=1)


def _codes(factors: Array, kind: str, rng: np.random.Generator) -> Array:
    """Noisy codes of each factor; noise; a mixture of factors; copies and constants."""
    scaled = factors / np.maximum(factors.max(axis=0), 1)
    codes = scaled + rng.choice(NOISES, size=scaled.shape[1]) * rng.normal(size=scaled.shape)
    if kind == "one code":
        return codes.astype(np.float32)
    mixture = codes @ rng.normal(size=codes.shape[1])
    noise = np.round(rng.normal(size=len(codes)), int(rng.integers(3)))
    columns = [*codes.T, noise]
    if kind == "duplicates":
        columns += [codes[:, 0], codes[:, 1], np.zeros(len(codes))]
    elif rng.random() < 0.5:
        columns.append(mixture)
    return np.stack(columns, axis=1).astype(np.float32)


def reference(python: str, points: dict[str, Array], calls: int) -> dict[str, Array]:
    """Answers of the scikit-learn of a Python interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        path, answers = Path(folder, "problem.npz"), Path(folder, "answers.npz")
        np.savez(path, **points)
        subprocess.run([python, WORKER, path, answers, str(calls)], check=True, env={})
        return dict(np.load(answers))


def ours(points: dict[str, Array], rule: _boosting.Rule) -> dict[str, Array]:
    """Importances [d, k], and accuracies [k, 2] on training and test points."""
    importances, accuracies = [], []
    for j in range(points["y"].shape[1]):
        values, labels = np.unique(points["y"][:, j], return_inverse=True)
        fitted = _boosting.fit(points["x"], labels, points["test_x"], rule)
        train = np.mean(fitted.train == labels)
        test = np.mean(values[fitted.test] == points["test_y"][:, j])
        importances.append(fitted.importances)
        accuracies.append([train, test])
    return {"importances": np.stack(importances, axis=1), "accuracies": np.array(accuracies)}


def _scores(importances: Array, accuracies: Array) -> dict[str, Array]:
    scores = {"accuracy": accuracies.ravel()}
    if importances.shape[1] > 1:
        scores["D"] = np.array([dci.spread(importances)])
        scores["C"] = np.array([dci.spread(importances.T)])
    return scores


def differences(result: dict[str, Array], answers: dict[str, Array]) -> dict[str, float]:
    """``score: nearest``, ``ours`` and ``calls``, each of the worst factor and kind of points."""
    calls = []
    for i in range(len(answers["importances"])):
        calls.append(_scores(answers["importances"][i], answers["accuracies"][i]))
    row = {}
    for name, score in _scores(**result).items():
        to_calls = [np.abs(call[name] - score).max() for call in calls]
        pairs = itertools.combinations(calls, 2)
        between = [np.abs(one[name] - other[name]).max() for one, other in pairs]
        row[f"{name}: nearest"] = float(np.min(to_calls))
        row[f"{name}: ours"] = float(np.mean(to_calls))
        row[f"{name}: calls"] = float(np.mean(between)) if between else np.nan
    return row


def rows(
    pythons: dict[str, str],
    arguments: argparse.Namespace,
) -> Iterator[dict[str, Any]]:
    """Compare each problem; stop beginning new ones when the time is over."""
    end = time.monotonic() + arguments.seconds
    cases = itertools.product(range(arguments.rounds), arguments.kinds, arguments.values, pythons)
    for round_, kind, values, convention in cases:
        if time.monotonic() > end:
            print(f"time is over before round {round_}, {kind}, {values} values", file=sys.stderr)
            return
        points = problem(values, kind, round_)
        start = time.monotonic()
        answers = reference(pythons[convention], points, arguments.calls)
        seconds = round(time.monotonic() - start, 1)
        if arguments.answers:
            arguments.answers.mkdir(exist_ok=True, parents=True)
            name = f"{convention}-{values}-{kind}-{round_}.npz"
            np.savez(arguments.answers / name, **points, **answers)
        result = ours(points, _boosting.RULES[convention])
        n, factors = points["y"].shape
        yield {
            "convention": convention,
            "values": values,
            "kind": kind,
            "round": round_,
            "rows": n,
            "codes": points["x"].shape[1],
            "factors": factors,
            "seconds": seconds,
            **differences(result, answers),
        }


def summary(table: pd.DataFrame, calls: int) -> str:
    """The worst of each number of values, as Markdown."""
    groups = table.groupby(["convention", "values"])
    columns = [name for name in COLUMNS if ": " in name]
    worst = groups[columns].max().reset_index()
    worst.insert(2, "problems", groups.size().to_numpy())
    text = worst.map(lambda x: f"{x:.4f}" if isinstance(x, float) else str(x))
    lines = ["| " + " | ".join(text.columns) + " |", "|---" * len(text.columns) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in text.to_numpy()]
    header = f"Worst differences by number of values; {calls} calls of scikit-learn per problem:"
    return "\n".join([header, "", *lines, ""])


def main() -> None:
    """Compare, write a row for each problem, and print the worst."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sklearn020", help="a Python interpreter with scikit-learn 0.20.3")
    parser.add_argument("--only", choices=[DLIB, MODERN], help="compare a single convention")
    parser.add_argument("--values", type=int, nargs="*", default=list(VALUES))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--calls", type=int, default=3, help="random states of scikit-learn")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="time limit")
    parser.add_argument("--answers", type=Path, help="a folder for what scikit-learn answers")
    parser.add_argument("--out", type=Path, help="a CSV file, one row for each problem")
    arguments = parser.parse_args()
    pythons = {MODERN: sys.executable}
    if arguments.sklearn020:
        pythons[DLIB] = arguments.sklearn020
    if arguments.only:
        pythons = {arguments.only: pythons[arguments.only]}
    results = []
    for row in rows(pythons, arguments):
        results.append(row)
        table = pd.DataFrame(results).reindex(columns=list(COLUMNS)).round(4)
        print(table.tail(1).to_csv(index=False, header=False), end="", flush=True)
        if arguments.out:
            table.to_csv(arguments.out, index=False)
    print(summary(table, arguments.calls))


if __name__ == "__main__":
    main()
