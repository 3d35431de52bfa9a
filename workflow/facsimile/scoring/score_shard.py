"""Score a shard: compute every metric of a study on the stored latents of each of its runs.

A task is one metric of one run. Scores that are in the store and still valid are not computed
again.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from threadpoolctl import threadpool_limits

from facsimile import metrics
from facsimile.foundation import atomic, discover, provenance
from facsimile.foundation.log import Log
from facsimile.metrics.base.draws import REPLACEMENT
from facsimile.planning import environment
from facsimile.planning.workspace import Workspace
from facsimile.scoring import score_inputs, score_run_outputs
from facsimile.store import (
    files,
    inferred_arrays,
    latents,
    shard_jobs,
    shard_progress,
    stored_scores,
)
from facsimile.store.stored_scores import Rows, StoredScores
from facsimile.studies import evaluations, panels
from facsimile.studies.evaluations import EvaluationSetting
from facsimile.studies.runs import Run, Shard
from facsimile.studies.study import Study

Key = tuple[str, str]  # metric and run


# What is stored of a computed score, besides versions and the setting.
COMPUTED = ("metric", "score", "value", "convention", "n_train", "n_test", "seed", "seconds")


class ScoreError(RuntimeError):
    """A run could not be scored; the message names it."""


class Task(NamedTuple):
    """One metric to compute for one run, with everything that another process needs for it.

    ``settings``: how to compute the metric, one setting per variation.
    ``variations``: those whose scores are wanted, in the order of the table; the store may already
    have some of them, and others: ``kept`` are the rows that stay there.
    ``latents``: the run's latents file. ``data``: the file of its data set.
    ``scores``: the file in which the scores are stored.
    ``stamp``: checksum of the latents and hash of the metric's code; stored scores with another
    stamp are out of date.
    """

    run: Run
    metric: str
    settings: list[EvaluationSetting]
    variations: tuple[str, ...]
    latents: Path
    data: Path
    scores: Path
    stamp: dict[str, str]
    kept: Rows

    @property
    def key(self) -> Key:
        """Metric and run, which identify a task within a shard."""
        return self.metric, self.run.key


Outcome = StoredScores | ScoreError


def score_shard(
    workspace: Workspace,
    study: Study,
    shard: Shard,
    fresh: str,
    log: Log,
    processes: int = 1,
    panel: str | None = None,
) -> None:
    """Compute the scores of a shard that are not in the store, and write its table of scores.

    The table is ``scores-<panel>.parquet``. Stored scores are used as long as the checksum of the
    latents and the metric's code are the same.

    ``panel``: which metrics and variations to compute; by default all of the study.

    ``fresh``: a metric to compute again in any case; or ``every`` or ``none``.
    ``processes``: how many tasks are computed at a time, with one thread each. Rows and their order
    do not depend on it.

    If a task fails, the others are computed all the same and stay in the store; then ScoreError is
    raised for the first one that failed. Raises UnknownName if ``fresh`` is not a metric of the
    study.
    """
    environment.keep_freed_memory()
    panel = panel or evaluations.panel(study, workspace.config.scale)
    choices = ["every", "none", *study.metrics]
    if fresh not in choices:
        raise discover.UnknownName("metric of the study", fresh, choices)
    encoded = workspace.paths.shard(shard.key) / "encoded.json"
    shard_jobs.clear_future_time(encoded, log)
    tasks = _tasks(workspace, study, shard, panel)
    scores: dict[Key, StoredScores] = {}
    missing = []
    for task in tasks:
        task = _with_stored(task, fresh in ("every", task.metric))
        if task.settings:
            missing.append(task)
        else:
            scores[task.key] = _wanted(task, task.kept)
    from_store = len(scores)
    folder = workspace.paths.shard(shard.key)
    with shard_progress.writing(folder, "score", "scores", len(tasks)) as progress:
        progress.update(from_store)
        scores |= _computed(
            missing, processes, log, lambda computed: progress.update(from_store + computed)
        )
    log(
        f"{shard.key}: {len(tasks)} tasks, {len(missing)} computed now, {from_store} from the store"
    )
    path = workspace.paths.shard_scores(shard.key, panel)
    stored_scores.write_table(path, _in_table_order(scores, study, shard))


def applicable(metric: str, run: Run, attributes: Mapping[str, Any]) -> bool:
    """Whether a metric can be computed for a run: the run has everything that the metric needs.

    For a snapshot, the metric must also be due at its step. ``attributes``: those of the latents
    file.
    """
    if not run.is_evaluated(metric):
        return False
    if score_run_outputs.uses_run_outputs(metric):
        return score_run_outputs.has(metric, run, attributes)
    return score_inputs.applicable(metric, run, inferred_arrays.names(attributes))


def _tasks(workspace: Workspace, study: Study, shard: Shard, panel: str) -> list[Task]:
    """The tasks of a shard: all metrics of a run before the next run.

    In this order, what was read of a run can be used for all its metrics.
    """
    scale, paths = workspace.config.scale, workspace.paths
    settings_of = _settings(study, scale, panel)
    tasks = []
    for run in shard.runs:
        # A run whose training failed has no latents.
        if shard_jobs.failed(paths, run):
            continue
        latents_path = paths.run(run.key) / files.LATENTS
        attributes = latents.attributes(latents_path)
        for metric, settings in settings_of.items():
            if not applicable(metric, run, attributes):
                continue
            protocol = evaluations.protocol(study, scale, metric)
            stamp = {
                "latents": str(attributes["sha256"]),
                "code": provenance.metric_code(metric),
            }
            task = Task(
                run=run,
                metric=metric,
                settings=settings,
                variations=tuple(setting.variation for setting in settings),
                latents=latents_path,
                data=paths.dataset(run.dataset),
                scores=paths.score(run.key, metric, protocol),
                stamp=stamp,
                kept=[],
            )
            tasks.append(task)
    return tasks


def _settings(study: Study, scale: str, panel: str) -> dict[str, list[EvaluationSetting]]:
    """Metric -> how to compute it, for the metrics of a panel in the study's order."""
    parts = panels.chosen(study, scale, panel)
    if parts is None:
        raise LookupError(f"{study.id} does not have the panel {panel} at scale {scale}")
    by_metric = {}
    for metric in study.metrics:
        settings = panels.settings(study, scale, metric, parts)
        if settings:
            by_metric[metric] = settings
    return by_metric


def _with_stored(task: Task, compute_again: bool) -> Task:
    """The task with the settings that remain to compute, and the rows of the store to keep.

    With ``compute_again``, all of its settings remain.
    """
    stored = stored_scores.read(task.scores)
    if stored is None or not _is_current(stored.stamp, task.stamp):
        return task
    present = stored.variations - (set(task.variations) if compute_again else set())
    kept = [row for row in stored.scores if stored_scores.variation(row) in present]
    return task._replace(
        settings=[setting for setting in task.settings if setting.variation not in present],
        stamp=stored.stamp if kept else task.stamp,
        kept=kept,
    )


def _wanted(task: Task, rows: Rows) -> StoredScores:
    """The rows of the variations that a task wants, in their order."""
    wanted: Rows = []
    for variation in task.variations:
        wanted += [row for row in rows if stored_scores.variation(row) == variation]
    return StoredScores(task.stamp, wanted)


def _is_current(stored: dict[str, str], current: dict[str, str]) -> bool:
    """Whether stored scores are of these latents, and of code that computes the same."""
    stored_code = stored.get("code", "")
    same_code = provenance.same(stored_code, [current["code"]])
    return same_code and stored.get("latents") == current["latents"]


def _computed(
    tasks: list[Task],
    processes: int,
    log: Log,
    watch: Callable[[int], None] = lambda computed: None,
) -> dict[Key, StoredScores]:
    """Compute all tasks, and return their scores by task key.

    ``watch`` is called with the number of tasks computed, after each task.

    Raises ScoreError for the first task that failed, after all were computed.
    """
    scores = {}
    failures: list[ScoreError] = []
    outcomes = zip(tasks, _outcomes(tasks, processes), strict=True)
    for number, (task, outcome) in enumerate(outcomes, 1):
        watch(number)
        if isinstance(outcome, StoredScores):
            scores[task.key] = outcome
        else:
            log(f"not scored: {outcome}")
            failures.append(outcome)
    if failures:
        others = len(failures) - 1
        more = f" (and {others} more, see above)" if others else ""
        raise ScoreError(f"{failures[0]}{more}")
    return scores


def _in_table_order(
    scores: Mapping[Key, StoredScores],
    study: Study,
    shard: Shard,
) -> Iterable[tuple[str, StoredScores]]:
    """Yield (run, scores) in the order of the table: all runs of a metric before the next one."""
    for metric in study.metrics:
        for run in shard.runs:
            # Failed runs, and metrics that do not apply to a run, have no scores.
            if (metric, run.key) in scores:
                yield run.key, scores[metric, run.key]


def _outcomes(tasks: list[Task], processes: int) -> Iterator[Outcome]:
    """Yield the outcome of each task in order.

    Scores are written to the store by the process that computes them.
    """
    workers = min(processes, len(tasks))
    if workers <= 1:
        yield from map(_compute, tasks)
        return
    # Not fork: locks that threads of this process hold would stay locked in the copies for ever.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        futures = [pool.submit(_compute, task) for task in tasks]
        yield from map(_result, tasks, futures)


def _result(task: Task, future: Future[Outcome]) -> Outcome:
    """The outcome of a task in another process, even if that process was killed."""
    try:
        return future.result()
    except BrokenProcessPool:
        # All tasks in progress fail if one process is killed, so its task is not known.
        return ScoreError(
            f"{task.run.key}, or a run scored at the same time: a process was killed while it "
            f"computed {task.metric}, perhaps because it ran out of memory; "
            "give the rule score more mem_mb or fewer threads"
        )


def _end_with_parent() -> None:
    """End this process of the pool if its parent is killed, which the pool does not notice."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch(sentinel: int) -> None:
        connection.wait([sentinel])
        os._exit(1)

    watcher = threading.Thread(target=watch, args=(parent.sentinel,), daemon=True)
    watcher.start()


def _compute(task: Task) -> Outcome:
    """Compute a task and write its scores to the store."""
    try:
        # With more threads, linear algebra sums in another order, which changes the last digits.
        with threadpool_limits(1):
            rows = _rows(task)
    except Exception as error:
        # Returned, not raised, so that the other tasks are computed all the same.
        return ScoreError(f"{task.run.key}: {task.metric} could not be computed: {error}")
    every = [*task.kept, *rows]
    with files.room_on_disk(task.latents.parent):
        content = {"run": task.run.key, "stamp": task.stamp, "scores": every}
        atomic.write_json(task.scores, content)
    return _wanted(task, every)


def _rows(task: Task) -> Rows:
    """Compute the scores of a task, one row per score and setting."""
    needs_codes = not score_run_outputs.uses_run_outputs(task.metric)
    score = _score_codes if needs_codes else _score_run_outputs
    names = {"value": "result", "seed": "evaluation_seed"}
    rows: Rows = []
    for setting in task.settings:
        computed = score(task, setting)
        table = (
            computed[list(COMPUTED)]
            .rename(columns=names)
            .assign(
                versions=computed.attrs["versions"],
                variation=setting.variation,
                representation=setting.representation,
            )
        )
        for row in table.to_dict("records"):
            rows.append({str(column): value for column, value in row.items()})
    return rows


def _score_run_outputs(task: Task, setting: EvaluationSetting) -> pd.DataFrame:
    return score_run_outputs.score(
        task.metric,
        task.run,
        task.latents.parent,
        task.data,
        setting.evaluation,
    )


def _score_codes(task: Task, setting: EvaluationSetting) -> pd.DataFrame:
    run = task.run
    folder = task.latents.parent
    evaluation = setting.evaluation
    subgrid = score_inputs.subgrid_of(run)
    return metrics.score(
        score_inputs.codes(folder, setting.representation, run.seed),
        score_inputs.factors(run.dataset, subgrid, task.data),
        metrics=[task.metric],
        convention=evaluation.convention,
        seed=evaluation.seed,
        n_train=evaluation.train,
        n_test=evaluation.test,
        sampling=REPLACEMENT,  # as the studies do, whatever the table
        **score_inputs.inputs(task.metric, run, folder, task.data),
    )
