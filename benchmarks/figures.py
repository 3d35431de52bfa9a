"""Time each figure on made-up scores of the whole study: 12,600 runs, all scores used.

    python benchmarks/figures.py --out /tmp/figures [--only a9] [--every] [--csv FILE]

Figures that exist once per data set are drawn for the first one, or with --every for all. Kinds
that show models need the study's trained models and are left out. Seconds are CPU seconds. The
results are in benchmarks/results/figures.csv.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from facsimile import figures
from facsimile.foundation import canonical, discover
from facsimile.presentation.context import Context
from facsimile.presentation.spec import Spec
from facsimile.studies import evaluations, reading, runs
from facsimile.studies import study as studies_study

STUDY = Path("workflow/facsimile/papers/locatello2019/study.yaml")


def made_up(study: studies_study.Study, scale: str, names: list[str]) -> pd.DataFrame:
    """Scores of every run: skill by method and value, noise by seed; one run in fifty failed."""
    rng = np.random.default_rng(0)
    expanded = runs.expand(study, scale)
    identity = pd.DataFrame(
        {
            "run": [run.key for run in expanded],
            "dataset": [run.dataset for run in expanded],
            "model": [run.model for run in expanded],
            "params": [canonical.dumps(run.params) for run in expanded],
            "value": [np.nan if run.value is None else run.value for run in expanded],
            "value_index": pd.array([run.value_index for run in expanded], dtype="Int64"),
            "seed": [run.seed for run in expanded],
            "control": [run.control for run in expanded],
        }
    )
    identity = identity[rng.uniform(size=len(identity)) > 0.02].reset_index(drop=True)
    method = pd.factorize(identity["model"])[0]
    value = identity["value_index"].fillna(0).to_numpy(float)
    skill = 0.08 * method + 0.04 * value
    skill += rng.normal(scale=0.1, size=len(identity))
    tables = [_scores(identity, name, skill, study, scale, rng) for name in names]
    return pd.concat(tables, ignore_index=True)


def _scores(
    identity: pd.DataFrame,
    name: str,
    skill: np.ndarray,
    study: studies_study.Study,
    scale: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    plain, _, variation = name.partition("@")
    metric, _, score = plain.partition(".")
    setting = next(
        setting
        for setting in evaluations.settings(study, scale, metric)
        if setting.variation == variation
    )
    result = np.exp(-2 + rng.normal() * skill + rng.normal(scale=0.3, size=len(identity)))
    bounded = discover.module("metrics", metric).RANGE[1] == 1
    settings = {
        "n_train": setting.evaluation.train,
        "evaluation_seed": setting.evaluation.seed,
        "representation": setting.representation,
    }
    result = result / (1 + result) if bounded else 10 * result
    return identity.assign(
        metric=metric, score=score, variation=variation, result=result, **settings
    )


def score_names(study: studies_study.Study, scale: str) -> list[str]:
    """Every score that a figure of the study names, in each of its variations."""
    named = {name for spec in Spec.all(study, scale) for name in (*spec.metrics, *spec.against)}
    plain = sorted({name.partition("@")[0] for name in named})
    return [
        f"{name}@{setting.variation}" if setting.variation else name
        for name in plain
        for setting in evaluations.settings(study, scale, name.partition(".")[0])
    ]


def chosen(study: studies_study.Study, scale: str, every: bool) -> list[Spec]:
    """The figures that need nothing but scores."""
    datasets = study.datasets_of(runs.scale_of(study, scale))
    named = study.figures_of(datasets) if every else study.figures | study.figures_of(datasets[:1])
    specs = [
        Spec.of(name, figure)
        for name, figure in named.items()
        if not (figure.each and name in study.figures)
    ]
    return [
        spec
        for spec in specs
        if not getattr(discover.module("figures", spec.kind), "SHOWS_MODELS", False)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--csv", type=Path)
    arguments = parser.parse_args()
    study = reading.load(STUDY)
    context, scores = (
        Context.of(study, arguments.scale),
        made_up(study, arguments.scale, score_names(study, arguments.scale)),
    )
    print(f"{len(scores):,} scores of {scores['run'].nunique():,} runs")
    rows = []
    for spec in chosen(study, arguments.scale, arguments.every):
        if not spec.id.startswith(arguments.only):
            continue
        began = time.process_time()
        drawn = figures.draw(spec.kind, scores, spec, context)
        between = time.process_time()
        figures.save(drawn, arguments.out, spec.id)
        seconds = (round(between - began, 1), round(time.process_time() - between, 1))
        size = (arguments.out / f"{spec.id}.pdf").stat().st_size
        rows.append((spec.id, spec.kind, *seconds, size, len(drawn.data)))
        print(*rows[-1], flush=True)
    if arguments.csv:
        table = pd.DataFrame(
            rows,
            columns=["figure", "kind", "draw_seconds", "save_seconds", "pdf_bytes", "data_rows"],
        )
        table.to_csv(arguments.csv, index=False)


if __name__ == "__main__":
    main()
