"""Differences between our boosted trees and scikit-learn's, on random problems of 2 to 300 values.

scikit-learn breaks ties at random, so each problem is fitted with several random states: "spread"
is how far scikit-learn's answers lie apart, "difference" how far ours is from the nearest of them.
dlib-modern is compared with the installed scikit-learn. For dlib-sklearn020 give a Python 3.7 with
scikit-learn 0.20.3 (`pip install numpy==1.17.5 scipy==1.2.1 scikit-learn==0.20.3`).

    python benchmarks/boosting.py [--sklearn020 PYTHON] [--values 2 40 150] [--problems 4]
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from facsimile.metrics import _boosting
from facsimile.metrics.base.conventions import DLIB, MODERN

Array = npt.NDArray[Any]
WORKER = Path(__file__).with_name("boosting_reference.py")
VALUES = (2, 3, 5, 10, 20, 40, 80, 150, 200, 300)
TEST_POINTS = 200
# Noise of the informative code, as a share of the factor's range.
NOISES = (0.0, 0.003, 0.05, 0.5)


def problem(values: int, seed: int) -> dict[str, Array]:
    """Training and test points of one factor; every value is among the training points."""
    rng = np.random.default_rng([values, seed])
    n = values + int(rng.integers(1, 8)) if seed % 4 == 3 else values + int(rng.integers(100, 300))
    labels = np.r_[np.arange(values), rng.integers(values, size=n - values + TEST_POINTS)]
    codes = _codes(labels / values, rng)
    return {
        "x": codes[:n],
        "y": labels[:n],
        "test_x": codes[n:],
        "test_y": labels[n:],
    }


def _codes(factor: Array, rng: np.random.Generator) -> Array:
    """A noisy code, a leaky one, a coarse one, noise, and sometimes a copy and a constant."""
    noise = rng.normal(size=(3, len(factor)))
    codes = [
        factor + rng.choice(NOISES) * noise[0],
        noise[1] + 0.3 * factor,
        np.round(noise[2]),
    ]
    if rng.random() < 0.5:
        codes.append(codes[0])
    if rng.random() < 0.5:
        codes.append(np.zeros(len(factor)))
    return np.stack(codes, axis=1).astype(np.float32)


def reference(python: str, problems: list[dict[str, Array]], seeds: int) -> Any:
    """Answers of the scikit-learn of a Python interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        path, answers = Path(folder, "problems.npz"), Path(folder, "answers.npz")
        arrays = {f"{name}{i}": a for i, p in enumerate(problems) for name, a in p.items()}
        np.savez(path, **arrays)
        subprocess.run([python, WORKER, path, answers, str(seeds)], check=True, env={})
        return dict(np.load(answers))


def ours(points: dict[str, Array], rule: _boosting.Rule) -> tuple[Array, Array]:
    """Importances [d], and accuracies on training and test points."""
    fitted = _boosting.fit(points["x"], points["y"], points["test_x"], rule)
    train = np.mean(fitted.train == points["y"])
    test = np.mean(fitted.test == points["test_y"])
    return fitted.importances, np.array([train, test])


def compare(convention: str, python: str, values: int, count: int, seeds: int) -> dict[str, Any]:
    """Largest differences and spreads over the problems of one number of values."""
    problems = [problem(values, seed) for seed in range(count)]
    answers = reference(python, problems, seeds)
    row: dict[str, Any] = {"convention": convention, "values": values, "problems": count}
    for i, points in enumerate(problems):
        results = ours(points, _boosting.RULES[convention])
        for name, result in zip(("importances", "accuracies"), results, strict=True):
            references = answers[f"{name}{i}"]
            nearest = np.abs(references - result).max(axis=1).min()
            spread = np.ptp(references, axis=0).max()
            row[f"{name}: difference"] = max(nearest, row.get(f"{name}: difference", 0.0))
            row[f"{name}: spread"] = max(spread, row.get(f"{name}: spread", 0.0))
    return row


def main() -> None:
    """Compare and print one row for each convention and number of values."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sklearn020", help="a Python interpreter with scikit-learn 0.20.3")
    parser.add_argument("--values", type=int, nargs="*", default=list(VALUES))
    parser.add_argument("--problems", type=int, default=4, help="for each number of values")
    parser.add_argument("--seeds", type=int, default=3, help="random states of scikit-learn")
    arguments = parser.parse_args()
    pythons = {MODERN: sys.executable}
    if arguments.sklearn020:
        pythons[DLIB] = arguments.sklearn020
    for values in arguments.values:
        for convention, python in pythons.items():
            row = compare(convention, python, values, arguments.problems, arguments.seeds)
            print(
                pd.DataFrame([row]).round(4).to_csv(index=False, header=False), end="", flush=True
            )


if __name__ == "__main__":
    main()
