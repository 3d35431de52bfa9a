"""Jobs that failed, by what their logs end with: which, where the log lies, and the likely cause. Reads files only."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from facsimile.planning.workspace import Workspace
from facsimile.studies import evaluations
from facsimile.studies.study import Study

TAIL = 16_384  # bytes of a log that are looked at
SHOWN = 200  # characters of a line
# The first cause whose pattern stands in the end of a log is named.
CAUSES = {
    "out of GPU memory; make `pack` smaller in config.yaml": r"CUDA out of memory|CUDA error: out of memory",
    "out of memory; each attempt asks for more, or raise mem_mb": (
        r"exceeded (?:job )?memory limit|"
        r"oom[-_ ]?kill|out[ -]of[ -]memory|MemoryError|cannot allocate memory|^Killed\b|for want of memory"
    ),
    "time limit reached; the next attempt goes on from the checkpoint, or raise runtime": r"DUE TO TIME LIMIT",
    "preempted; the next attempt goes on from the checkpoint": r"DUE TO PREEMPTION",
    "its node failed; the next attempt goes on from the checkpoint": r"DUE TO NODE.?FAIL",
    "cancelled (scancel)": r"\*\*\* (JOB|STEP).* CANCELLED AT",
    "disk full; make room and run the same command again": r"no space left on device|no room on the disk|quota exceeded",
    "data missing": r"there is no such file|no such file or directory|FileNotFoundError|has no loader|missing or unreadable",
    "no GPU on that node; ask the cluster for one, or set device: auto": r"finds no GPU|no CUDA GPUs are available",
    "a damaged file; the message says what to type": r"truncated|altered|unreadable|not readable",
}
_PATTERNS = {
    cause: re.compile(pattern, re.IGNORECASE | re.MULTILINE) for cause, pattern in CAUSES.items()
}
_ERROR = re.compile(
    r"^(?:error:|Traceback |slurmstepd: error|srun: error|Killed\b|[\w.]*(?:Error|Exception)\b)",
    re.MULTILINE,
)


class Failure(NamedTuple):
    """One job that failed: its log, when that was written, the likely cause, and the last error in it."""

    log: Path
    when: float
    cause: str
    said: str


class Job(NamedTuple):
    """A job of the workflow: its rule, its wildcards, the log that it writes and the file that it makes."""

    rule: str
    wildcards: tuple[str, ...]
    log: Path
    output: Path


def newest(
    workspace: Workspace, study: Study, logs: Mapping[str, float], count: int
) -> list[Failure]:
    """The newest ``count`` failed jobs of a study, newest first; ``logs``: path of every log -> when it was written.

    A job whose file is there has succeeded since. Of SLURM's own logs of a job the newest counts.
    """
    ours = {job: [str(job.log)] * (str(job.log) in logs) for job in jobs(workspace, study)}
    by_words = {(f"rule_{job.rule}", "_".join(job.wildcards)): job for job in ours}
    of_slurm: dict[Job, str] = {}
    for path in sorted(logs, key=logs.__getitem__):
        parts = Path(path).parts
        if len(parts) > 2 and (job := by_words.get((parts[-3], parts[-2]))) is not None:
            of_slurm[job] = path
    for job, path in of_slurm.items():
        ours[job].append(path)
    written = {job: max(logs[path] for path in paths) for job, paths in ours.items() if paths}
    found: list[Failure] = []
    for job in sorted(written, key=lambda job: -written[job]):
        if len(found) == count:
            break
        if not job.output.exists() and (failure := _diagnosed(ours[job], logs)) is not None:
            found.append(failure)
    return found


def jobs(workspace: Workspace, study: Study) -> Iterator[Job]:
    """Every job of a study up to its gathered scores, with the paths that workflow/rules give its log and its output."""
    paths, logs = workspace.paths, workspace.config.results / "logs"
    shards = workspace.shards(study)
    for dataset in {shard.dataset for shard in shards}:
        yield Job("data", (dataset,), logs / "data" / f"{dataset}.log", paths.dataset(dataset))
    panel = evaluations.panel(study, workspace.config.scale)
    for shard in shards:
        words = (shard.dataset, shard.model, shard.id)
        for rule, output in (("train", "trained.json"), ("encode", "encoded.json")):
            yield Job(
                rule, words, logs / rule / f"{shard.key}.log", paths.shard(shard.key) / output
            )
        log = logs / "score" / shard.key / f"{panel}.log"
        yield Job("score", (*words, panel), log, paths.shard_scores(shard.key, panel))
    gathered = paths.study(study.id, workspace.config.scale) / "scores.parquet"
    log = logs / "collect" / f"{study.id}-{workspace.config.scale}.log"
    yield Job("collect", (study.id, workspace.config.scale), log, gathered)


def diagnose(log: Path, when: float = 0.0) -> Failure | None:
    """The likely cause of a failure by the end of its log; None where that has no error, as of a job that is running."""
    text = tail(log)
    if not (marks := list(_ERROR.finditer(text))):
        return None
    last = text[marks[-1].start() :].strip().splitlines()
    said = (last[-1] if last[0].startswith("Traceback") else last[0]).strip()[:SHOWN]
    after = text[marks[0].start() :]
    return Failure(
        log,
        when,
        next((cause for cause, pattern in _PATTERNS.items() if pattern.search(after)), ""),
        said,
    )


def _diagnosed(paths: list[str], logs: Mapping[str, float]) -> Failure | None:
    found = [failure for path in paths if (failure := diagnose(Path(path), logs[path])) is not None]
    return max(found, key=lambda failure: (failure.cause != "", failure.when), default=None)


def tail(log: Path, size: int = TAIL) -> str:
    """The last bytes of a log, as text that is safe on a terminal."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - size))
            text = file.read(size).decode("utf-8", "replace")
    except OSError:
        return ""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)
