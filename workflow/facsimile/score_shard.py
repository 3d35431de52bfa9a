"""Score a shard: one metric on the stored latents of each of its runs."""

import json
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from threadpoolctl import threadpool_limits

from facsimile import atomic, jobs, latents, metrics, provenance, runs, score_inputs, store
from facsimile.jobs import Log
from facsimile.runs import Asked, Run, Shard
from facsimile.studyfile import Study
from facsimile.workspace import Workspace

Rows = list[dict[str, Any]]


class ScoreError(RuntimeError):
    """A run that could not be scored; the message names it."""


class Question(NamedTuple):
    """One metric asked of one run, with all that a process of its own needs to answer it."""

    run: Run
    metric: str
    asked: list[Asked]
    latents: Path
    data: Path
    answer: Path
    stamp: dict[str, str]


def score_shard(
    workspace: Workspace, study: Study, shard: Shard, metric: str, fresh: bool, log: Log, processes: int = 1
) -> None:
    """Score what the store lacks of a shard with one metric and write ``<metric>-<protocol>.parquet``.

    A run's stored answer serves while the latents' checksum and the metric's code are what they were; ``fresh`` asks anew.
    ``processes``: how many runs are scored at a time, one thread each; the rows and their order do not depend on it.
    Raises ScoreError for the first run that could not be scored; answers found by then stay in the store.
    """
    paths, protocol = workspace.paths, runs.protocol(study, workspace.config.scale, metric)
    able = [run for run in shard.runs if score_inputs.answerable(metric, run)]
    questions = [_question(workspace, study, run, metric) for run in able if not jobs.failed(paths, run)]
    found = {q.run.key: None if fresh else _stored(q) for q in questions}
    missing = [q for q in questions if found[q.run.key] is None]
    found |= dict(zip((q.run.key for q in missing), _answers(missing, processes), strict=True))
    log(f"{shard.key}: {metric} of {len(found)} runs, {len(missing)} asked now, {len(found) - len(missing)} from the store")
    rows = [{"run": q.run.key, "code": q.stamp["code"]} | row for q in questions for row in found[q.run.key] or []]
    with atomic.replacing(paths.shard_scores(shard.key, metric, protocol)) as temporary:
        pd.DataFrame(rows, columns=None if rows else ["run", "metric"]).to_parquet(temporary, index=False)


def _question(workspace: Workspace, study: Study, run: Run, metric: str) -> Question:
    scale, folder = workspace.config.scale, workspace.paths.run(run.key)
    answer = workspace.paths.score(run.key, metric, runs.protocol(study, scale, metric))
    data = workspace.paths.dataset(run.dataset)
    return Question(run, metric, runs.asked(study, scale, metric), folder / store.LATENTS, data, answer, _stamp(folder, metric))


def _stamp(folder: Path, metric: str) -> dict[str, str]:
    """What a stored answer depends on."""
    about = latents.about(folder / store.LATENTS)
    if about is None:
        raise store.StoreError(
            f"{folder / store.LATENTS}: missing or unreadable; encode its shard again, with snakemake --forcerun encode"
        )
    return {"latents": str(about["sha256"]), "code": provenance.code(f"facsimile.metrics.{metric}")}


def _stored(question: Question) -> Rows | None:
    try:
        found = json.loads(question.answer.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError:  # an answer is cheap to ask again, and the file is replaced at once
        return None
    return found["scores"] if found["stamp"] == question.stamp else None


def _answers(questions: list[Question], processes: int) -> Iterator[Rows]:
    """Rows of each question in the questions' order, each written to the store by the process that found it."""
    width = min(processes, len(questions))
    if width <= 1:
        yield from map(_answer, questions)
        return
    # Not fork: threads of this process may hold locks, which would be copied as they are.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(width, mp_context=context, initializer=_end_with_parent) as pool:
        asked = [pool.submit(_answer, question) for question in questions]
        try:
            for question, future in zip(questions, asked, strict=True):
                yield _result(question, future.result)
        finally:
            pool.shutdown(cancel_futures=True)


def _result(question: Question, result: Any) -> Rows:
    try:
        return result()
    except BrokenProcessPool:
        raise ScoreError(
            f"{question.run.key}, or a run scored beside it: a process was killed while it asked {question.metric}, "
            "perhaps for want of memory; give the rule score more mem_mb or fewer threads"
        ) from None


def _end_with_parent() -> None:
    """Let a process of the pool end when the one that started it is killed, which tells the pool nothing."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch(sentinel: int) -> None:
        connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()


def _answer(question: Question) -> Rows:
    """Ask, with one thread: linear algebra sums in another order with more, and the last digits with it."""
    try:
        with threadpool_limits(1):
            rows = _ask(question)
    except Exception as error:
        raise ScoreError(f"{question.run.key}: {question.metric} could not be asked: {error}") from error
    atomic.write_json(question.answer, {"run": question.run.key, "stamp": question.stamp, "scores": rows})
    return rows


def _ask(question: Question) -> Rows:
    return [row for way in question.asked for row in _asked(question, way)]


def _asked(question: Question, way: Asked) -> Rows:
    """Rows of a metric that is asked in one way."""
    run, asked = question.run, way.evaluation
    table = metrics.score(
        score_inputs.codes(question.latents, way.representation, run.seed),
        score_inputs.factors(run.dataset, tuple(sorted(run.subgrid.items()))),
        metrics=[question.metric],
        convention=asked.convention,
        seed=asked.seed,
        n_train=asked.train,
        n_test=asked.test,
        **score_inputs.given(question.metric, run, question.latents.parent, question.data),
    )
    renamed = table.rename(columns={"value": "result", "seed": "evaluation_seed"})
    said = renamed.assign(variation=way.variation, representation=way.representation)
    return [{str(key): value for key, value in row.items()} for row in said.to_dict("records")]
