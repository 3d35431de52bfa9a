"""Time the scoring of a shard of ten runs at the paper's settings, by number of processes.

The runs are ten seeds of latents that resemble those of a VAE on dSprites (metrics.py), stored like
a trained shard. Each number of processes, in turn, scores all of them again in every round, and
must give the same scores. The first round, in which numba compiles, is not counted.

    python benchmarks/score_shard.py --processes 1 2 --rounds 2
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from metrics import factors, vae_like

from facsimile.foundation import atomic
from facsimile.metrics import STUDY as METRICS
from facsimile.planning import config
from facsimile.planning.workspace import Workspace
from facsimile.scoring import score_shard
from facsimile.store import files, latents
from facsimile.studies import evaluations

SEEDS = 10
STUDY = {
    "id": "shard",
    "title": "One shard",
    "authors": "none",
    "year": 2026,
    "venue": "none",
    "datasets": ["dsprites"],
    "seeds": SEEDS,
    "control_seeds": 0,
    "training": {
        "steps": 1,
        "batch_size": 64,
        "latents": 10,
        "network": "dlib",
        "adam": {"lr": 1e-4},
    },
    "models": [{"name": "beta_vae", "fixed": {"beta": 1}}],
    "metrics": list(METRICS),
    "evaluation": {"train": 10_000, "test": 5_000},
    "tables": {},
    "figures": {},
    "scales": {"paper": {"description": "all of it"}},
}


def stored(folder: Path) -> Workspace:
    """Write a store that holds the encoded shard."""
    paper = folder / "papers" / "shard"
    paper.mkdir(parents=True)
    (paper / "study.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False))
    workspace = Workspace(
        config.check({"papers": folder / "papers", "results": folder / "results", "scale": "paper"})
    )
    grid = factors()
    standard = (grid - grid.mean(axis=0)) / grid.std(axis=0)
    for run in workspace.shards(workspace.study("shard"))[0].runs:
        codes = vae_like(standard, np.random.default_rng(run.seed)).astype(np.float32)
        latents.write(
            workspace.paths.run(run.key) / files.LATENTS,
            codes.shape,
            iter([(codes, np.full_like(codes, -4))]),
            {},
        )
        atomic.write_json(workspace.paths.run(run.key) / files.RECORD, {"state": "done"})
    return workspace


def scored(workspace: Workspace, processes: int) -> tuple[float, pd.DataFrame]:
    """Score the shard; returns wall seconds and the table of scores."""
    study = workspace.study("shard")
    shard = workspace.shards(study)[0]
    began = time.perf_counter()
    score_shard.score_shard(workspace, study, shard, "every", lambda _: None, processes)
    seconds = time.perf_counter() - began
    return seconds, pd.read_parquet(
        workspace.paths.shard_scores(shard.key, evaluations.panel(study, "paper"))
    ).drop(columns="seconds")


def main() -> None:
    """Print a table with a row per number of processes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = stored(Path(folder))
        first = scored(workspace, max(options.processes))[1]
        times: dict[int, list[float]] = {n: [] for n in options.processes}
        for _ in range(options.rounds):
            for n, seconds in times.items():
                took, table = scored(workspace, n)
                pd.testing.assert_frame_equal(first, table, check_exact=True)
                seconds.append(took)
    base = statistics.median(times[options.processes[0]])
    print(
        f"\n{SEEDS} runs, {len(METRICS)} metrics, {len(first)} scores, "
        "equal whatever the processes\n"
    )
    print("| processes | s, median | all rounds | times faster |\n|---|---|---|---|")
    for n, seconds in times.items():
        middle = statistics.median(seconds)
        rounds = " ".join(f"{value:.1f}" for value in seconds)
        print(f"| {n} | {middle:.1f} | {rounds} | {base / middle:.2f} |")


if __name__ == "__main__":
    main()
