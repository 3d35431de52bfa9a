"""Score a shard: every metric of a study on the stored latents of each of its runs."""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from threadpoolctl import threadpool_limits

from facsimile import metrics
from facsimile.foundation import atomic, discover, provenance
from facsimile.planning.workspace import Workspace
from facsimile.scoring import score_inputs, score_run_outputs
from facsimile.store import files, inferred_arrays, latents, shard_jobs, stored_scores
from facsimile.store.shard_jobs import Log
from facsimile.store.stored_scores import Rows, StoredScores
from facsimile.studies import evaluations
from facsimile.studies.evaluations import EvaluationSetting
from facsimile.studies.runs import Run, Shard
from facsimile.studies.study import Study


class ScoreError(RuntimeError):
    """A run that could not be scored; the message names it."""


class Task(NamedTuple):
    """One metric asked of one run, with all that a process of its own needs to answer it."""

    run: Run
    metric: str
    asked: list[EvaluationSetting]
    latents: Path
    data: Path
    answer: Path
    stamp: dict[str, str]


def score_shard(
    workspace: Workspace, study: Study, shard: Shard, fresh: str, log: Log, processes: int = 1
) -> None:
    """Score what the store lacks of a shard with every metric of its study and write ``scores-<panel>.parquet``.

    A run's stored answer serves while the latents' checksum and the metric's code are what they were; ``fresh`` names a metric
    that is asked anew, or says ``every`` or ``none``. ``processes``: how many questions are asked at a time, one thread each;
    the rows and their order do not depend on it. A question that fails keeps none of the others from being asked.
    Raises ScoreError for the first that did; what was answered stays in the store.
    """
    if fresh not in ("every", "none", *study.metrics):
        raise discover.UnknownName("metric of the study", fresh, ["every", "none", *study.metrics])
    shard_jobs.clear_future_time(workspace.paths.shard(shard.key) / "encoded.json", log)
    questions = _questions(workspace, study, shard)
    found = {
        (q.metric, q.run.key): None if fresh in ("every", q.metric) else _stored(q)
        for q in questions
    }
    missing = [q for q in questions if found[q.metric, q.run.key] is None]
    found |= _asked(missing, processes, log)
    log(
        f"{shard.key}: {len(questions)} questions, {len(missing)} asked now, {len(questions) - len(missing)} from the store"
    )
    order = [(metric, run.key) for metric in study.metrics for run in shard.runs]
    table = [
        (run, answer) for metric, run in order if (answer := found.get((metric, run))) is not None
    ]
    stored_scores.write_table(
        workspace.paths.shard_scores(shard.key, evaluations.panel(study, workspace.config.scale)),
        table,
    )


def _questions(workspace: Workspace, study: Study, shard: Shard) -> list[Task]:
    """Every metric of a run, then those of the next: what was read of a run serves all of its metrics."""
    scale, paths = workspace.config.scale, workspace.paths
    found: list[Task] = []
    for run in shard.runs:
        folder = paths.run(run.key)
        if shard_jobs.failed(paths, run):
            continue
        where, data = folder / files.LATENTS, paths.dataset(run.dataset)
        about = latents.attributes(where)
        for metric in (m for m in study.metrics if applicable(m, run, about)):
            answer = paths.score(run.key, metric, evaluations.protocol(study, scale, metric))
            stamp = {
                "latents": str(about["sha256"]),
                "code": provenance.code(discover.located("metrics", metric)),
            }
            found.append(
                Task(
                    run,
                    metric,
                    evaluations.settings(study, scale, metric),
                    where,
                    data,
                    answer,
                    stamp,
                )
            )
    return found


def applicable(metric: str, run: Run, about: Mapping[str, Any]) -> bool:
    """Whether a run has what a metric needs and, of a snapshot, whether it is the metric's turn.

    ``about`` is what its latents say of themselves.
    """
    if not run.due(metric):
        return False
    if score_run_outputs.uses_run_outputs(metric):
        return score_run_outputs.has(metric, run, about)
    return score_inputs.applicable(metric, run, inferred_arrays.names(about))


def _asked(
    questions: list[Task], processes: int, log: Log
) -> dict[tuple[str, str], StoredScores | None]:
    """(metric, run) -> answer; raises ScoreError for the first that failed, once all were asked."""
    found: dict[tuple[str, str], StoredScores | None] = {}
    failed: list[ScoreError] = []
    for question, answer in zip(questions, _answers(questions, processes), strict=True):
        if isinstance(answer, StoredScores):
            found[question.metric, question.run.key] = answer
            continue
        log(f"not answered: {answer}")
        failed.append(answer)
    if failed:
        raise ScoreError(
            f"{failed[0]}"
            + (f" (and {len(failed) - 1} more, see above)" if len(failed) > 1 else "")
        )
    return found


def _stored(question: Task) -> StoredScores | None:
    found = stored_scores.read(question.answer)
    return found if found is not None and _current(found.stamp, question.stamp) else None


def _current(stored: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether a stored score is of these latents, by this code or by code that computes the same."""
    same = provenance.same(stored.get("code", ""), [wanted["code"]])
    return same and stored.get("latents") == wanted["latents"]


def _answers(questions: list[Task], processes: int) -> Iterator[StoredScores | ScoreError]:
    """An answer to each question in the questions' order, each written to the store by the process that found it."""
    width = min(processes, len(questions))
    if width <= 1:
        yield from map(_answer, questions)
        return
    # Not fork: threads of this process may hold locks, which would be copied as they are.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(width, mp_context=context, initializer=_end_with_parent) as pool:
        asked = [pool.submit(_answer, question) for question in questions]
        yield from map(_result, questions, asked)


def _result(question: Task, future: Future[StoredScores | ScoreError]) -> StoredScores | ScoreError:
    try:
        return future.result()
    except BrokenProcessPool:
        return ScoreError(
            f"{question.run.key}, or a run scored beside it: a process was killed while it asked {question.metric}, "
            "perhaps for want of memory; give the rule score more mem_mb or fewer threads"
        )


def _end_with_parent() -> None:
    """Let a process of the pool end when the one that started it is killed, which tells the pool nothing."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch(sentinel: int) -> None:
        connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()


def _answer(question: Task) -> StoredScores | ScoreError:
    """Ask, with one thread: linear algebra sums in another order with more, and the last digits with it."""
    try:
        with threadpool_limits(1):
            rows = _ask(question)
    except Exception as error:
        return ScoreError(f"{question.run.key}: {question.metric} could not be asked: {error}")
    with files.room_on_disk(question.latents.parent):
        atomic.write_json(
            question.answer, {"run": question.run.key, "stamp": question.stamp, "scores": rows}
        )
    return StoredScores(question.stamp, rows)


def _ask(question: Task) -> Rows:
    if score_run_outputs.uses_run_outputs(question.metric):
        return [row for way in question.asked for row in _rows(_of_run_outputs(question, way), way)]
    return [row for way in question.asked for row in _rows(_of_codes(question, way), way)]


def _rows(table: pd.DataFrame, way: EvaluationSetting) -> Rows:
    renamed = table.rename(columns={"value": "result", "seed": "evaluation_seed"})
    said = renamed.assign(variation=way.variation, representation=way.representation)
    return [{str(key): value for key, value in row.items()} for row in said.to_dict("records")]


def _of_run_outputs(question: Task, way: EvaluationSetting) -> pd.DataFrame:
    return score_run_outputs.score(
        question.metric, question.run, question.latents.parent, question.data, way.evaluation
    )


def _of_codes(question: Task, way: EvaluationSetting) -> pd.DataFrame:
    asked, run, folder = way.evaluation, question.run, question.latents.parent
    return metrics.score(
        score_inputs.codes(folder, way.representation, run.seed),
        score_inputs.factors(run.dataset, tuple(sorted(run.subgrid.items())), question.data),
        metrics=[question.metric],
        convention=asked.convention,
        seed=asked.seed,
        n_train=asked.train,
        n_test=asked.test,
        **score_inputs.inputs(question.metric, run, folder, question.data),
    )
