"""Values and single-thread CPU seconds of every metric: ours, scikit-learn's and disent's.

Eleven kinds of latents on the whole factor grid of dSprites, 10,000 training and 5,000 test points.
The scikit-learn versions (plain_metrics.py) get the same draws as ours. disent (`pip install
disent`, Python 3.12 or later) draws its own points, so its values differ by sampling; if it is not
installed, its column stays empty. The implementations take turns. Those that take longer than 20 s
are measured once, all others --rounds times; the median is shown.

    python benchmarks/metrics.py [--cases noisy vae_like] [--quick] [--rounds 3] [--out FILE.csv]
"""

import argparse
import functools
import importlib.util
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.linalg
from plain_metrics import PLAIN, SIZES, Array, Scores
from threadpoolctl import threadpool_limits

from facsimile import metrics
from facsimile.foundation import discover, provenance
from facsimile.metrics.base import conventions
from facsimile.metrics.base import draws as base_draws

POINTS = {"full": (10_000, 5_000), "quick": (1_000, 500)}
ONCE = 20.0  # seconds; slower measurements are not repeated
DRAWS = "checks and draws"
COMPARED = ("noisy", "linear_mix", "vae_like")
SKLEARN, MODERN, DLIB, DISENT = "scikit-learn", "ours, dlib-modern", "ours, dlib", "disent"


# The latents --------------------------------------------------------------------------------------


def factors() -> Array:
    """Every combination of factor values [737280, 5]."""
    return np.stack(np.unravel_index(np.arange(np.prod(SIZES)), SIZES), axis=1)


def latents(case: str) -> npt.NDArray[np.float32]:
    """The latents of a case [737280, d]; every call returns the same numbers."""
    values = factors()
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    return CASES[case](standard, np.random.default_rng(0)).astype(np.float32)


def rotated(f: Array, rng: np.random.Generator) -> Array:
    """Two pairs of factors, each turned by 45 degrees."""
    turn = scipy.linalg.block_diag(1, *[np.array([[1, -1], [1, 1]]) / np.sqrt(2)] * 2)
    return f @ turn


def partial(f: Array, rng: np.random.Generator) -> Array:
    """Each latent has a part of the next factor; five further latents are mixtures."""
    return np.c_[f + 0.5 * np.roll(f, 1, axis=1), 0.3 * f @ rng.standard_normal((5, 5))]


def redundant(f: Array, rng: np.random.Generator) -> Array:
    """Each factor twice, once transformed by sinh and with noise."""
    return np.c_[f, np.sinh(f) + 0.1 * rng.standard_normal(f.shape)]


def network(f: Array, rng: np.random.Generator) -> Array:
    """A random network of two hidden layers."""
    hidden = np.tanh(f @ rng.standard_normal((5, 32)))
    return np.tanh(hidden @ rng.standard_normal((32, 32)) / 3) @ rng.standard_normal((32, 10)) / 3


def vae_like(f: Array, rng: np.random.Generator) -> Array:
    """One latent each for x, y and size, two for the angle, little of the shape; five dead ones."""
    angle = (
        2
        * np.pi
        * np.argsort(np.argsort(np.unique(f[:, 2])))[np.unique(f[:, 2], return_inverse=True)[1]]
        / SIZES[2]
    )
    live = np.c_[
        f[:, 3], f[:, 4], f[:, 1] + 0.2 * f[:, 0], np.sin(angle), np.cos(angle) + 0.1 * f[:, 0]
    ]
    return np.c_[
        live + 0.15 * rng.standard_normal(live.shape), 0.02 * rng.standard_normal((len(f), 5))
    ]


CASES: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "perfect": lambda f, rng: f,
    "rotated": rotated,
    "partial": partial,
    "noisy": lambda f, rng: np.c_[
        f + 0.5 * rng.standard_normal(f.shape), 0.5 * rng.standard_normal(f.shape)
    ],
    "dead": lambda f, rng: np.c_[f, 0.01 * rng.standard_normal(f.shape)],
    "redundant": redundant,
    "duplicate": lambda f, rng: np.c_[f, f[:, 3:]],
    "merged": lambda f, rng: np.c_[f[:, :3], f[:, 3] + SIZES[3] * f[:, 4]],
    "linear_mix": lambda f, rng: f @ rng.standard_normal((5, 10)),
    "network": network,
    "vae_like": vae_like,
}


# disent -------------------------------------------------------------------------------------------

# metric -> (name in disent.metrics, our name -> its name of each score). Its DCI is left out: it is
# fitted by scikit-learn and takes minutes.
DISENT_NAMES = {
    "factor_vae_score": ("metric_factor_vae", {"factor_vae_score": "factor_vae.eval_accuracy"}),
    "mig": ("metric_mig", {"mig": "mig.discrete_score"}),
    "sap": ("metric_sap", {"sap": "sap.score"}),
    "unsupervised": (
        "metric_unsupervised",
        {
            "gaussian_total_correlation": "unsup.gauss_total_corr",
            "gaussian_wasserstein_correlation": "unsup.gauss_wasser_corr",
            "gaussian_wasserstein_correlation_norm": "unsup.gauss_wasser_corr_norm",
            "mutual_info_score": "unsup.mi_score",
        },
    ),
}


def disent_score(metric: str, draws: base_draws.Draws) -> Scores:
    """One of disent's metrics for as many points: latents as images, the identity as encoder."""
    import disent.metrics

    name, scores = DISENT_NAMES[metric]
    np.random.seed(draws.seed)
    sizes = {"num_train": draws.sizes[0]} | (
        {"num_test": draws.sizes[1]} if metric == "sap" else {}
    )
    if metric == "factor_vae_score":
        sizes |= {"num_eval": draws.sizes[1], "num_variance_estimate": draws.sizes[0]}
    result = getattr(disent.metrics, name)(_disent_data(draws), lambda images: images, **sizes)
    return {ours: float(np.real(result[theirs])) for ours, theirs in scores.items()}


def _disent_data(draws: base_draws.Draws) -> Any:
    from disent.dataset import DisentDataset
    from disent.dataset.data import GroundTruthData

    codes = draws.whole("disent").codes

    class Latents(GroundTruthData):  # type: ignore[misc]
        name = "latents"
        factor_names = ("shape", "scale", "orientation", "x", "y")
        factor_sizes = SIZES
        img_shape = (1, codes.shape[1], 1)

        def _get_observation(self, index: int) -> Array:
            return codes[index]

    return DisentDataset(Latents())


# The measurement ----------------------------------------------------------------------------------


def ours(metric: str, convention: str, draws: base_draws.Draws) -> Scores:
    """Our score in this convention, or in the default one if the metric does not have it."""
    module = discover.module("metrics", metric)
    known = convention in module.CONVENTIONS
    return module.score(draws, convention if known else conventions.DLIB)


def sides(metric: str, compared: bool) -> dict[str, Callable[[base_draws.Draws], Scores]]:
    """The implementations of a metric by name."""
    by_side: dict[str, Callable[[base_draws.Draws], Scores]] = {
        DLIB: functools.partial(ours, metric, conventions.DLIB)
    }
    if compared:
        by_side |= {
            MODERN: functools.partial(ours, metric, conventions.MODERN),
            SKLEARN: PLAIN[metric],
        }
        if metric in DISENT_NAMES and importlib.util.find_spec("disent"):
            by_side[DISENT] = functools.partial(disent_score, metric)
    return by_side


def measure(
    case: str, points: tuple[int, int], rounds: int, compared: bool
) -> Iterator[dict[str, Any]]:
    """Yield values and CPU seconds of each metric and side for a case, and of drawing points."""
    codes, values = latents(case), factors()
    drawing: list[float] = []
    for metric in metrics.STUDY:
        implementations = sides(metric, compared)
        seconds: dict[str, list[float]] = {side: [] for side in implementations}
        scores: dict[str, Scores] = {}
        for _ in range(rounds):
            for side, compute in implementations.items():
                if seconds[side] and seconds[side][0] > ONCE:
                    continue
                # Drawn again each time, so that nothing is shared between sides, rounds or metrics.
                draws = _timed(
                    lambda: base_draws.from_table(codes, values, *points, seed=0), drawing
                )
                scores[side] = _timed(functools.partial(compute, draws), seconds[side])
        for side in implementations:
            print(
                case,
                metric,
                side,
                scores[side],
                f"{statistics.median(seconds[side]):.2f} s",
                flush=True,
            )
            yield from _rows(case, metric, side, scores[side], seconds[side])
    yield from _rows(case, DRAWS, DLIB, {"": float("nan")}, drawing)


def _timed(compute: Callable[[], Any], seconds: list[float]) -> Any:
    began = time.process_time()
    result = compute()
    seconds.append(time.process_time() - began)
    return result


def _rows(
    case: str, metric: str, side: str, scores: Scores, seconds: list[float]
) -> Iterator[dict[str, Any]]:
    about = {"case": case, "metric": metric, "side": side, "rounds": len(seconds)}
    times = {"seconds": statistics.median(seconds), "least": min(seconds), "most": max(seconds)}
    for score, value in scores.items():
        yield about | {"score": score, "value": value} | times


# The report ---------------------------------------------------------------------------------------


def report(rows: pd.DataFrame) -> str:
    """Markdown: seconds by metric, values by case, seconds of all nine metrics by case."""
    compared = rows[rows["case"].isin(rows.loc[rows["side"] == SKLEARN, "case"])]
    parts = [_speed(compared), _values(compared)] if len(compared) else []
    return "\n\n".join([*parts, _sets(rows)])


def _speed(rows: pd.DataFrame) -> str:
    once = rows.drop_duplicates(["case", "metric", "side"])
    table = once.pivot_table(
        index="metric", columns="side", values="seconds", aggfunc="mean"
    ).reindex(metrics.STUDY)
    table = table.reindex(columns=[SKLEARN, DISENT, MODERN, DLIB])
    table.loc["all"] = table.sum()
    table.loc["all", DISENT] = np.nan
    lines = [
        f"CPU seconds, mean over {', '.join(rows['case'].unique())}:\n",
        f"| metric | {SKLEARN} | {DISENT} | {MODERN} | {DLIB} | {SKLEARN} / {MODERN} |",
        "|---|---|---|---|---|---|",
    ]
    for metric, row in table.iterrows():
        cells = " | ".join("" if np.isnan(value) else f"{value:.3g}" for value in row)
        lines.append(f"| {metric} | {cells} | {row[SKLEARN] / row[MODERN]:.1f} |")
    return "\n".join(lines)


def _values(rows: pd.DataFrame) -> str:
    lines = [
        "Values (disent draws points of its own):\n",
        f"| case | score | {SKLEARN} | {MODERN} | difference | {DLIB} | {DISENT} |",
        "|---|---|---|---|---|---|---|",
    ]
    shown = rows[rows["metric"].isin(metrics.STUDY)]
    for (case, metric, score), group in shown.groupby(["case", "metric", "score"], sort=False):
        values = group.set_index("side")["value"]
        if SKLEARN not in values:
            continue  # a score that only ours has
        disent = f"{values[DISENT]:.4f}" if DISENT in values else ""
        lines.append(
            f"| {case} | {metric}.{score} | {values[SKLEARN]:.4f} | {values[MODERN]:.4f} "
            f"| {values[MODERN] - values[SKLEARN]:+.1e} | {values[DLIB]:.4f} | {disent} |"
        )
    return "\n".join(lines)


def _sets(rows: pd.DataFrame) -> str:
    mine = rows[rows["side"] == DLIB].drop_duplicates(["case", "metric"])
    table = mine.pivot_table(index="case", columns="metric", values="seconds", sort=False)
    table = table.assign(all=table.sum(axis=1))[["all", "dci", DRAWS]]
    table.loc["mean"] = table.mean()
    lines = [
        f"The nine metrics of {DLIB}, checks and draws included; CPU seconds:\n",
        "| case | all | of which DCI | of which checks and draws |",
        "|---|---|---|---|",
    ]
    return "\n".join(
        lines
        + [
            f"| {case} | {row['all']:.1f} | {row['dci']:.1f} | {row[DRAWS]:.2f} |"
            for case, row in table.iterrows()
        ]
    )


def machine() -> str:
    """Processor, cores and versions."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    processor = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")),
        "unknown processor",
    )
    named = [*metrics.LIBRARIES, *(["disent"] if importlib.util.find_spec("disent") else [])]
    versions = ", ".join(
        f"{name} {version}" for name, version in provenance.versions(*named).items()
    )
    load = os.getloadavg()[0]
    return (
        f"{processor}, {os.cpu_count()} cores, one thread; {versions}; load {load:.1f} at the end."
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument(
        "--compare",
        nargs="*",
        default=list(COMPARED),
        choices=list(CASES),
        help="cases that all sides score",
    )
    parser.add_argument(
        "--quick", action="store_true", help="1,000 and 500 points instead of 10,000 and 5,000"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="a CSV file; the report goes beside it, as .md")
    arguments = parser.parse_args()
    points = POINTS["quick" if arguments.quick else "full"]
    # The scikit-learn versions stop before they converge, as the reference does.
    warnings.simplefilter("ignore")
    rows: list[dict[str, Any]] = []
    with threadpool_limits(1):
        metrics.score(latents("perfect"), factors(), n_train=200, n_test=100)  # compiles
        for case in arguments.cases:
            rows += measure(case, points, arguments.rounds, case in arguments.compare)
            if arguments.out:
                pd.DataFrame(rows).to_csv(arguments.out, index=False, float_format="%.6g")
    text = f"{machine()}\n\n{report(pd.DataFrame(rows))}\n"
    if arguments.out:
        arguments.out.with_suffix(".md").write_text(f"# Metrics\n\n{text}", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
