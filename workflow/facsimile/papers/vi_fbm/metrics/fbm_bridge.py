"""A learned bridge of fractional noise: its bound, and how wide it is."""

import numpy as np

from facsimile.metrics.base.conventions import PAPER
from facsimile.metrics.base.run_outputs import RunOutputs
from facsimile.papers.vi_fbm import chain as chains
from facsimile.papers.vi_fbm.chain import Observed

SECONDS = 0.5
RANGE = (float("-inf"), float("inf"))
BETTER = "lower"
HEADLINE = "loss"
NEEDS = (
    "inferred.deviation",
    "inferred.losses",
    "inferred.setting",
    "data.value",
    "data.time",
    "data.deviation",
)
REFERENCE = "Daems et al. 2024, Variational inference for SDEs driven by fractional noise"
CONVENTIONS = {PAPER: "fresh paths; losses in nats, without the constant log(σ √2π)"}
LABELS = {
    "loss": "Negative bound, nats",
    "loss_error": "Standard error of the loss, nats",
    "evidence": "Negative log-evidence, nats",
    "control_gap": "Gap of the control that was learned, nats",
    "step_gap": "Gap of a control that is constant in a step, nats",
    "start_gap": "Gap of a start that is not inferred, nats",
    "spread": "Standard deviation at t = 1",
    "own": "Standard deviation of the exact posterior at t = 1",
    "fractional": "Standard deviation of the bridge of unit fBM at t = 1",
    "own_distance": "Largest difference from the exact posterior, relative",
    "fractional_distance": "Largest difference from the bridge of unit fBM, relative",
    "spread_{p}": "Standard deviation at p % of the time",
    "own_{p}": "Standard deviation of the exact posterior at p %",
    "fractional_{p}": "Standard deviation of the bridge of unit fBM at p %",
}
SCORES = {
    "loss": "mean loss of the control over fresh paths",
    "loss_theory": "the least loss of any control, by Riccati's recursion",
    "loss_error": "standard error of `loss`",
    "evidence": "negative log-density of the observation under the chain",
    "control_gap": "`loss` less the least loss",
    "step_gap": "least loss, less the mean over starts of -log p(value | start)",
    "start_gap": "mean over starts of -log p(value | start), less `evidence`",
    "spread": "standard deviation of x halfway, over fresh paths",
    "spread_theory": "the same under the best control, in closed form",
    "own": "standard deviation of x halfway given the observation, under the chain",
    "fractional": "the same of fractional Brownian motion with variance t^2H, in continuous time",
    "own_distance": "largest difference of the two deviations, over the largest of the posterior",
    "fractional_distance": "the same from the bridge of unit fBM",
    "spread_{p}": "standard deviation of x after p % of the time",
    "spread_{p}_theory": "the same under the best control",
    "own_{p}": "the same of the exact posterior",
    "fractional_{p}": "the same of the bridge of unit fBM",
}
PLACES = tuple(range(5, 101, 5))  # per cent of the time
HALF = 50


def score(
    outputs: RunOutputs,
    convention: str = PAPER,
) -> dict[str, float]:
    r"""Negative bound and its three gaps, and the width of the posterior beside exact ones.

    Formula: loss $= E[(x(t_1) - y)^2 / (2 \sigma^2) + \int u^2 dt / 2]$. It is the negative
    log-evidence plus three terms that are not negative: what the control misses of the best one,
    what even that one loses as it is constant within a step, and what is lost as the start of type
    I has its prior law in the posterior, too.

    Traps:
    - The gap of steps is not small: half of log(1 + g² dt / σ²) or more for the last step, where g
      is the sum of the coefficients. With H = 0.1 and 200 steps it is 14 nats.
    - The bridge of unit fBM is another process: the prior of the release has the kernel's variance.
    - The loss has an error of sampling, `loss_error`, so that `control_gap` may be below 0 for a
      control that is the best one.
    """
    inferred = {name: np.asarray(values, np.float64) for name, values in outputs.inferred.items()}
    kind, hurst, number, theta, steps = inferred["setting"]
    value, end = float(outputs.data["value"][0]), float(outputs.data["time"][0])
    deviation = float(outputs.data["deviation"][0])
    chain = chains.chain(int(kind), float(hurst), int(number), float(theta), int(steps), end)
    bridge = chains.bridge(chain, value, deviation)
    scores = _losses(bridge, inferred["losses"])
    curves = {
        "spread": inferred["deviation"],
        "spread_theory": bridge.controlled(),
        "own": bridge.posterior(),
    }
    # With a prior drift, the bridge of fBM has no simple closed form.
    if theta == 0:
        times = np.linspace(0.0, end, int(steps) + 1)
        curves["fractional"] = chains.fractional_posterior(float(hurst), times, deviation)
    for name in ("own", "fractional"):
        if name in curves:
            distance = np.abs(curves["spread"] - curves[name]).max() / curves[name].max()
            scores[f"{name}_distance"] = float(distance)
    for name, curve in curves.items():
        base, _, theory = name.partition("_")
        ending = f"_{theory}" if theory else ""
        for place in PLACES:
            at = round(place / 100 * int(steps))
            scores[f"{base}_{place}{ending}"] = float(curve[at])
        scores[name] = scores[f"{base}_{HALF}{ending}"]
    return scores


def _losses(
    bridge: Observed,
    losses: np.ndarray,
) -> dict[str, float]:
    loss, least = float(losses.mean()), float(bridge.solve().losses[0])
    given, evidence = float(bridge.given_start_losses()[0]), float(bridge.evidence_losses()[0])
    return {
        "loss": loss,
        "loss_theory": least,
        "loss_error": float(losses.std() / np.sqrt(len(losses))),
        "evidence": evidence,
        "control_gap": loss - least,
        "step_gap": least - given,
        "start_gap": given - evidence,
    }
