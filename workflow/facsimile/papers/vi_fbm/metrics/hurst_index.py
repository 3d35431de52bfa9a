"""A learned Hurst index beside the best ones of the bound, the evidence and the true motion."""

from collections.abc import Callable

import numpy as np
from scipy import optimize

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.vi_fbm import chain as chains
from facsimile.papers.vi_fbm.chain import Observed
from facsimile.statistics import fractional_brownian

SECONDS = 2.0
RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "error"
NEEDS = ("inferred.learned_hurst", "inferred.loss", "inferred.setting", "data.values", "data.hurst")
REFERENCE = "Daems et al. 2024, Variational inference for SDEs driven by fractional noise"
CONVENTIONS = {PAPER: "64 simulations of each path; losses in nats per path"}
LABELS = {
    "hurst": "Hurst index",
    "error": "Absolute error of the Hurst index",
    "of_bound": "Hurst index by the best bound",
    "of_evidence": "Hurst index by the evidence of the approximation",
    "of_motion": "Hurst index by the evidence of the motion itself",
    "loss": "Negative bound, nats per path",
    "evidence": "Negative log-evidence, nats per path",
    "white": "Negative log-evidence of white noise, nats per path",
    "gain": "Gain of fractional over white noise, nats per path",
}
SCORES = {
    "hurst": "Hurst index that was learned",
    "hurst_theory": "the index at which the least loss of any control is least: `of_bound`",
    "error": "|learned - true|",
    "of_bound": "the index at which the least loss of any control is least",
    "of_evidence": "the index at which the approximation makes the observations most probable",
    "of_motion": "the index at which fractional Brownian motion makes them most probable",
    "loss": "mean loss over fresh simulations, at the index that was learned",
    "loss_theory": "the least loss of any control, at this index",
    "evidence": "-log p(values) of the approximation in steps, at this index",
    "white": "-log p(values) of Brownian motion",
    "gain": "`white` less `evidence`",
}
BOUNDS = (0.03, 0.97)


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Hurst index at the end of training, and where exact objectives have their best ones.

    Formula: the bound's best index is $\arg\min_H \min_u$ of the loss, by Riccati's recursion; the
    others are maxima of normal densities.

    Traps:
    - The bound's gap depends on H, so that its best index is not that of the evidence: with steps
      of 0.01 it is larger, since rough noise loses more within a step.
    - All of them have the error of 64 paths with 8 noisy values each.
    """
    kind, number, steps = (int(value) for value in outputs.inferred["setting"])
    learned = float(outputs.inferred["learned_hurst"])
    values = outputs.data["values"].astype(np.float64)
    times = outputs.data["times"][0].astype(np.float64)
    deviation, true = float(outputs.data["deviation"][0]), float(outputs.data["hurst"][0])
    size = steps // len(times)
    places = tuple(range(size, steps + 1, size))

    def observed(hurst: float, speeds: int = number) -> Observed:
        chain = chains.chain(kind, hurst, speeds, 0.0, steps, float(times[-1]))
        return Observed(chain, places, values, deviation)

    def of_motion(hurst: float) -> float:
        prior = fractional_brownian.covariance(kind, hurst, times)
        return float(chains.evidence_losses(prior, values, deviation).mean())

    here = observed(learned)
    white = float(observed(0.5, 0).evidence_losses().mean())
    evidence = float(here.evidence_losses().mean())
    best = _argmin(lambda hurst: float(observed(hurst).solve().losses.mean()))
    return {
        "hurst": learned,
        "hurst_theory": best,
        "error": abs(learned - true),
        "of_bound": best,
        "of_evidence": _argmin(lambda hurst: float(observed(hurst).evidence_losses().mean())),
        "of_motion": _argmin(of_motion),
        "loss": float(outputs.inferred["loss"]),
        "loss_theory": float(here.solve().losses.mean()),
        "evidence": evidence,
        "white": white,
        "gain": white - evidence,
    }


def _argmin(
    objective: Callable[[float], float],
) -> float:
    found = optimize.minimize_scalar(
        objective,
        bounds=BOUNDS,
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(found.x)
