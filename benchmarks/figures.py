"""How long each figure takes on made-up scores of the whole study: 12,600 runs, every score that a figure asks for.

    python benchmarks/figures.py --out /tmp/figures [--only a9] [--every] [--csv benchmarks/results/figures.csv]

Of a figure that is drawn for each data set the first is, or with --every all. Kinds that show models need the study's
own models and are left out. Seconds are of the processor.
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
    """Scores of every run: skill by method and value, noise by seed; one run in fifty has failed."""
    rng = np.random.default_rng(0)
    made = runs.expand(study, scale)
    about = pd.DataFrame(
        {
            "run": [run.key for run in made],
            "dataset": [run.dataset for run in made],
            "model": [run.model for run in made],
            "params": [canonical.dumps(run.params) for run in made],
            "value": [np.nan if run.value is None else run.value for run in made],
            "value_index": pd.array([run.value_index for run in made], dtype="Int64"),
            "seed": [run.seed for run in made],
            "control": [run.control for run in made],
        }
    )
    about = about[rng.uniform(size=len(about)) > 0.02].reset_index(drop=True)
    skill = 0.08 * pd.factorize(about["model"])[0] + 0.04 * about["value_index"].fillna(0).to_numpy(
        float
    )
    skill += rng.normal(scale=0.1, size=len(about))
    tables = [_scores(about, name, skill, study, scale, rng) for name in names]
    return pd.concat(tables, ignore_index=True)


def _scores(
    about: pd.DataFrame,
    name: str,
    skill: np.ndarray,
    study: studies_study.Study,
    scale: str,
    rng: np.random.Generator,
) -> pd.DataFrame:
    plain, _, variation = name.partition("@")
    metric, _, score = plain.partition(".")
    way = next(
        way for way in evaluations.settings(study, scale, metric) if way.variation == variation
    )
    result = np.exp(-2 + rng.normal() * skill + rng.normal(scale=0.3, size=len(about)))
    bounded = discover.module("metrics", metric).RANGE[1] == 1
    asked = {
        "n_train": way.evaluation.train,
        "evaluation_seed": way.evaluation.seed,
        "representation": way.representation,
    }
    result = result / (1 + result) if bounded else 10 * result
    return about.assign(metric=metric, score=score, variation=variation, result=result, **asked)


def wanted(study: studies_study.Study, scale: str) -> list[str]:
    """Every score that a figure of the study names, in every variation of it that is asked."""
    named = {name for spec in Spec.all(study, scale) for name in (*spec.metrics, *spec.against)}
    plain = sorted({name.partition("@")[0] for name in named})
    return [
        f"{name}@{way.variation}" if way.variation else name
        for name in plain
        for way in evaluations.settings(study, scale, name.partition(".")[0])
    ]


def chosen(study: studies_study.Study, scale: str, every: bool) -> list[Spec]:
    """The figures that are made of scores alone."""
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
    said = parser.parse_args()
    study = reading.load(STUDY)
    context, scores = (
        Context.of(study, said.scale),
        made_up(study, said.scale, wanted(study, said.scale)),
    )
    print(f"{len(scores):,} scores of {scores['run'].nunique():,} runs")
    rows = []
    for spec in chosen(study, said.scale, said.every):
        if not spec.id.startswith(said.only):
            continue
        began = time.process_time()
        drawn = figures.draw(spec.kind, scores, spec, context)
        between = time.process_time()
        figures.save(drawn, said.out, spec.id)
        seconds = (round(between - began, 1), round(time.process_time() - between, 1))
        size = (said.out / f"{spec.id}.pdf").stat().st_size
        rows.append((spec.id, spec.kind, *seconds, size, len(drawn.data)))
        print(*rows[-1], flush=True)
    if said.csv:
        table = pd.DataFrame(
            rows,
            columns=["figure", "kind", "draw_seconds", "save_seconds", "pdf_bytes", "data_rows"],
        )
        table.to_csv(said.csv, index=False)


if __name__ == "__main__":
    main()
