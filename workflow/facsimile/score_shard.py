"""Score a shard: one metric on the stored latents of each of its runs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facsimile import atomic, datasets, jobs, latents, metrics, provenance, runs, store
from facsimile.jobs import Log
from facsimile.runs import Run, Shard
from facsimile.studyfile import Study
from facsimile.workspace import Workspace


def score_shard(workspace: Workspace, study: Study, shard: Shard, metric: str, fresh: bool, log: Log) -> None:
    """Score what the store lacks of a shard with one metric and write ``<metric>-<protocol>.parquet``.

    A run's stored answer serves while the latents' checksum and the metric's code are what they were; ``fresh`` asks anew.
    """
    paths, protocol = workspace.paths, runs.protocol(study, workspace.config.scale, metric)
    finished = [run for run in shard.runs if not jobs.failed(paths, run)]
    rows: list[dict[str, Any]] = []
    asked = 0
    for run in finished:
        path = paths.score(run.key, metric, protocol)
        stamp = _stamp(paths.run(run.key), metric)
        found = None if fresh else _stored(path, stamp)
        if found is None:
            found = _ask(workspace, study, run, metric)
            atomic.write_json(path, {"run": run.key, "stamp": stamp, "scores": found})
            asked += 1
        rows += [{"run": run.key, "code": stamp["code"]} | row for row in found]
    log(f"{shard.key}: {metric} of {len(finished)} runs, {asked} asked now, {len(finished) - asked} from the store")
    with atomic.replacing(paths.shard_scores(shard.key, metric, protocol)) as temporary:
        pd.DataFrame(rows, columns=None if rows else ["run", "metric"]).to_parquet(temporary, index=False)


def _stamp(folder: Path, metric: str) -> dict[str, str]:
    """What a stored answer depends on."""
    about = latents.about(folder / store.LATENTS)
    if about is None:
        raise store.StoreError(
            f"{folder / store.LATENTS}: missing or unreadable; encode its shard again, with snakemake --forcerun encode"
        )
    return {"latents": str(about["sha256"]), "code": provenance.code(f"facsimile.metrics.{metric}")}


def _stored(path: Path, stamp: dict[str, str]) -> list[dict[str, Any]] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError:  # an answer is cheap to ask again, and the file is replaced at once
        return None
    return found["scores"] if found["stamp"] == stamp else None


def _ask(workspace: Workspace, study: Study, run: Run, metric: str) -> list[dict[str, Any]]:
    asked = runs.evaluation(study, workspace.config.scale)
    data = datasets.grid(run.dataset).subgrid(run.subgrid)
    codes = latents.read(workspace.paths.run(run.key) / store.LATENTS)
    table = metrics.score(
        codes,
        data.factors(np.arange(len(data))),
        metrics=[metric],
        convention=asked.convention,
        seed=asked.seed,
        n_train=asked.train,
        n_test=asked.test,
    )
    renamed = table.rename(columns={"value": "result", "seed": "evaluation_seed"})
    return [{str(key): value for key, value in row.items()} for row in renamed.to_dict("records")]
