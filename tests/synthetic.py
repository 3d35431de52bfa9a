"""Runs and scores of a made-up study, whose statistics are known.

For tests of statistics, tables, figures and the comparison.
"""

import dataclasses
import json
import math

import numpy as np
import pandas as pd

from facsimile.presentation.context import Context
from facsimile.presentation.departures import Departure
from facsimile.presentation.design import Design
from facsimile.presentation.scale_facts import ScaleFacts
from facsimile.presentation.spec import Spec
from facsimile.studies.parts import Evaluation

SWEEPS = {
    "beta_vae": ("beta", (1.0, 2.0, 4.0, 6.0, 8.0, 16.0)),
    "factor_vae": ("gamma", (10.0, 20.0, 30.0, 40.0, 50.0, 100.0)),
    "dip_vae_i": ("lambda_od", (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)),
    "dip_vae_ii": ("lambda_od", (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)),
    "beta_tc_vae": ("beta", (1.0, 2.0, 4.0, 6.0, 8.0, 10.0)),
    "annealed_vae": ("c_max", (5.0, 10.0, 25.0, 50.0, 75.0, 100.0)),
}
METRICS = (
    "beta_vae_score.beta_vae_score",
    "factor_vae_score.factor_vae_score",
    "mig.mig",
    "dci.disentanglement",
    "modularity.modularity",
    "sap.sap",
)
ORACLE = dict(zip(METRICS, (1.0, 1.0, 0.896, 1.0, 1.0, 0.246), strict=True))
NOISE = dict(zip(METRICS, (0.25, 0.2, 0.01, 0.02, 0.7, 0.005), strict=True))


def context(scale="smoke", steps=200, evaluation=(1000, 500), datasets=("dsprites",), **changes):
    """A scale of the made-up study.

    ``scale="paper", steps=300_000, evaluation=(10_000, 5000)`` has no departures.
    """
    departures = []
    if steps != 300_000:
        departures.append(Departure("training", "200 of 300,000 steps"))
    if evaluation != (10_000, 5000):
        text = "1,000 + 500 evaluation points, dlib convention"
        departures.append(Departure("evaluation", text))
    design = {
        "study": "locatello2019",
        "methods": {model: (name,) for model, (name, _) in SWEEPS.items()},
        "sweeps": {model: values for model, (_, values) in SWEEPS.items()},
        "datasets": ("dsprites", "noisy_dsprites", "cars3d", "shapes3d"),
        "metrics": tuple(name.split(".")[0] for name in METRICS),
        "published_steps": 300_000,
        "published_runs": 12_600,
        "artefacts": ("fig2", "fig3_left", "table1"),
    }
    facts = {
        "name": scale,
        "datasets": tuple(datasets),
        "evaluation": Evaluation(train=evaluation[0], test=evaluation[1]),
        "steps": steps,
        "departures": tuple(departures),
    }
    return changed(Context(Design(**design), ScaleFacts(**facts)), **changes)


def changed(context, **changes):
    """A context with some facts of its design, its scale or the published numbers replaced."""
    for key, value in changes.items():
        if key == "history":
            context = dataclasses.replace(context, history=value)
            continue
        parts = ("design", "scale", "published")
        name = next(part for part in parts if hasattr(getattr(context, part), key))
        part = dataclasses.replace(getattr(context, name), **{key: value})
        context = dataclasses.replace(context, **{name: part})
    return context


def spec(kind="violin", **changes):
    """A figure that the paper draws for Cars3D."""
    fields = {
        "id": "fig3_left",
        "kind": kind,
        "title": "Score of each method",
        "datasets": ("cars3d",),
        "metrics": METRICS,
    }
    return Spec(**(fields | changes))


def runs(seeds=3, values=(0, 3, 5), datasets=("dsprites",)):
    """A table like runs.parquet, of runs that are all done.

    Each method at the given positions of its sweep, then the controls.
    """
    rows = []
    for dataset in datasets:
        for model, (name, sweep) in SWEEPS.items():
            for index in values:
                for seed in range(seeds):
                    rows.append(_run(dataset, model, seed, name, sweep[index], index))
    for dataset in datasets:
        rows += [_run(dataset, control, 0) for control in ("oracle", "noise")]
    return pd.DataFrame(rows).astype({"number": "Int64", "value_index": "Int64", "steps": "Int64"})


def scores(runs, seed=0):
    """A table like scores.parquet, of the runs that are done.

    MIG and DCI are perfectly rank-correlated, SAP is MIG backwards, Modularity is a constant.
    """
    rng = np.random.default_rng(seed)
    controls = {"oracle": ORACLE, "noise": NOISE}
    rows = []
    for run in runs[runs["state"] == "done"].to_dict("records"):
        results = controls.get(run["model"]) or _trained(run, rng)
        for name, result in results.items():
            metric, score = name.split(".")
            rows.append(
                {
                    **run,
                    "metric": metric,
                    "score": score,
                    "result": float(result),
                    "convention": "dlib",
                    "variation": "",
                    "representation": "mean",
                    "n_train": 40,
                    "evaluation_seed": 0,
                }
            )
    return pd.DataFrame(rows)


def _trained(run, rng):
    skill = list(SWEEPS).index(run["model"]) / 10
    mean = 0.05 + 0.4 * skill + 0.02 * run["value_index"]
    mig = np.clip(mean + rng.normal(scale=0.03), 0.001, 0.9)
    results = (
        np.clip(0.7 + skill / 2 + rng.normal(scale=0.05), 0, 1),
        np.clip(0.5 + skill / 2 + 0.3 * mig + rng.normal(scale=0.08), 0, 1),
        mig,
        np.sqrt(mig),
        0.8,
        0.2 * (1 - mig),
    )
    return dict(zip(METRICS, results, strict=True))


def _run(dataset, model, seed, parameter=None, value=math.nan, index=None):
    params = {parameter: value} if parameter else {}
    return {
        "run": f"{dataset}/{model}/{index}/{seed}",
        "label": "",
        "dataset": dataset,
        "model": model,
        "params": json.dumps(
            {key: int(number) for key, number in params.items()}, separators=(",", ":")
        ),
        "value": value,
        "value_index": index,
        "seed": seed,
        "number": None,
        "control": parameter is None,
        "state": "done",
        "reason": "",
        "steps": 200,
        "seconds": 1.0,
        "precision": "float32",
        "device": "cpu",
    }


class Specimens:
    """Models of 60 images whose four codes are two factors and noise.

    A decoder paints the sign of the first code.
    """

    def __init__(self, missing=()):
        self.missing = missing

    def has(self, key):
        return key not in self.missing

    def codes(self, key):
        rng = np.random.default_rng(len(key))
        factors, _ = self.factors(key)
        means = np.concatenate((factors, rng.normal(size=(60, 2))), axis=1).astype(np.float32)
        return means, np.full_like(means, -3.0)

    def factors(self, key):
        return np.stack(np.unravel_index(np.arange(60), (6, 10)), axis=1), ["shape", "x_position"]

    def images(self, key, rows):
        return np.stack([np.full((8, 8, 1), row / 60, np.float32) for row in rows])

    def decoder(self, key):
        return lambda codes: np.broadcast_to(
            (codes[:, :1, None, None] > 0).astype(np.float32), (len(codes), 8, 8, 1)
        ).copy()

    def inferred(self, key):
        """Strips of one image for two concepts, and three images whose labels are exchanged.

        The first concept brightens the picture, the second changes nothing. An exchange gives a
        picture the brightness of the other one, a step of 100.
        """
        values = np.linspace(0, 250, 7).astype(np.uint8)
        moved = np.stack([values, np.full(7, 125, np.uint8)])
        brightness = np.array([0, 100, 200], np.uint8)
        return {
            "strips": np.broadcast_to(moved[None, :, :, None, None, None], (1, 2, 7, 8, 8, 3)),
            "strip_rows": np.array([3]),
            "exchanged": np.broadcast_to(
                brightness[None, None, :, None, None, None], (1, 3, 3, 8, 8, 1)
            ),
            "exchanged_rows": np.array([2, 5, 7]),
        }

    def scene(self, key):
        return None
