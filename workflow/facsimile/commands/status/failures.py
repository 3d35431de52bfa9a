"""Failed jobs of a study and their likely cause, from the ends of their logs; only reads files."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from facsimile.planning.workspace import Workspace
from facsimile.studies import evaluations
from facsimile.studies.study import Study

TAIL = 16_384  # bytes read from the end of a log
SHOWN = 200  # characters of an error line

# Cause -> pattern of messages of SLURM, the system, torch, and Facsimile itself.
# The first cause whose pattern matches is shown.
CAUSES = {
    "out of GPU memory; make `pack` smaller in config.yaml": (
        r"CUDA out of memory|CUDA error: out of memory"
    ),
    "out of memory; each attempt asks for more, or raise mem_mb": (
        r"exceeded (?:job )?memory limit|oom[-_ ]?kill|out[ -]of[ -]memory|MemoryError|"
        r"cannot allocate memory|^Killed\b|for want of memory"
    ),
    "time limit reached; the next attempt resumes from the checkpoint, or raise runtime": (
        r"DUE TO TIME LIMIT"
    ),
    "preempted; the next attempt resumes from the checkpoint": r"DUE TO PREEMPTION",
    "its node failed; the next attempt resumes from the checkpoint": r"DUE TO NODE.?FAIL",
    "cancelled (scancel)": r"\*\*\* (JOB|STEP).* CANCELLED AT",
    "disk full; make room and run the same command again": (
        r"no space left on device|no room on the disk|quota exceeded"
    ),
    "data missing": (
        r"there is no such file|no such file or directory|FileNotFoundError|has no loader|"
        r"missing or unreadable"
    ),
    "no GPU on that node; ask the cluster for one, or set device: auto": (
        r"finds no GPU|no CUDA GPUs are available"
    ),
    "a damaged file; the message says which command to type": (
        r"truncated|altered|unreadable|not readable"
    ),
}
_FLAGS = re.IGNORECASE | re.MULTILINE
_PATTERNS = {cause: re.compile(pattern, _FLAGS) for cause, pattern in CAUSES.items()}
_ERROR = re.compile(
    r"^(?:error:|Traceback |slurmstepd: error|srun: error|Killed\b|[\w.]*(?:Error|Exception)\b)",
    re.MULTILINE,
)


class Failure(NamedTuple):
    """A failed job: its log, when that was written, the likely cause, and its last error."""

    log: Path
    when: float
    cause: str
    message: str


class Job(NamedTuple):
    """A job of the workflow: its rule and wildcards, the log and the file that it writes."""

    rule: str
    wildcards: tuple[str, ...]
    log: Path
    output: Path


def newest(
    workspace: Workspace,
    study: Study,
    logs: Mapping[str, float],
    count: int,
) -> list[Failure]:
    """The last ``count`` jobs of a study that failed, newest first.

    ``logs`` maps the path of every log to the time when it was written. A job whose output exists
    has succeeded since and is left out.
    """
    paths = _logs_of_jobs(workspace, study, logs)
    written = {}
    for job, job_logs in paths.items():
        if job_logs:
            written[job] = max(logs[path] for path in job_logs)
    failures: list[Failure] = []
    for job in sorted(written, key=written.__getitem__, reverse=True):
        if len(failures) == count:
            break
        if job.output.exists():
            continue
        failure = _best_explained(paths[job], logs)
        if failure is not None:
            failures.append(failure)
    return failures


def _logs_of_jobs(
    workspace: Workspace,
    study: Study,
    logs: Mapping[str, float],
) -> dict[Job, list[str]]:
    """Job -> its own log and the newest log that SLURM wrote for it, as far as they exist."""
    paths: dict[Job, list[str]] = {}
    by_folder: dict[tuple[str, ...], Job] = {}
    for job in jobs(workspace, study):
        log = str(job.log)
        paths[job] = [log] if log in logs else []
        # SLURM's logs are in rule_RULE/WILDCARDS/ID.log.
        by_folder[f"rule_{job.rule}", "_".join(job.wildcards)] = job
    newest_of_slurm: dict[Job, str] = {}
    # Each attempt of a job has a log of its own; from old to new, the newest remains.
    for path in sorted(logs, key=logs.__getitem__):
        folder = Path(path).parts[-3:-1]
        if folder in by_folder:
            newest_of_slurm[by_folder[folder]] = path
    for job, path in newest_of_slurm.items():
        paths[job].append(path)
    return paths


def jobs(
    workspace: Workspace,
    study: Study,
) -> Iterator[Job]:
    """Every job of a study up to its gathered scores.

    The paths of logs and outputs are those in workflow/rules.
    """
    paths = workspace.paths
    scale = workspace.config.scale
    logs = workspace.config.results / "logs"
    shards = workspace.shards(study)
    for dataset in {shard.dataset for shard in shards}:
        log = logs / "data" / f"{dataset}.log"
        yield Job("data", (dataset,), log, paths.dataset(dataset))
    panel = evaluations.panel(study, scale)
    indexes = {"train": "trained.json", "encode": "encoded.json"}
    for shard in shards:
        wildcards = (shard.dataset, shard.model, shard.id)
        for rule, index in indexes.items():
            log = logs / rule / f"{shard.key}.log"
            output = paths.shard(shard.key) / index
            yield Job(rule, wildcards, log, output)
        folder = logs / "score" / shard.key
        # Jobs for single tables and figures compute parts of the panel.
        parts = [path.stem for path in sorted(folder.glob(f"{panel}-*.log"))]
        for name in (panel, *parts):
            scores = paths.shard_scores(shard.key, name)
            yield Job("score", (*wildcards, name), folder / f"{name}.log", scores)
    log = logs / "collect" / f"{study.id}-{scale}.log"
    scores = paths.study(study.id, scale) / "scores.parquet"
    yield Job("collect", (study.id, scale), log, scores)


def diagnose(
    log: Path,
    when: float = 0.0,
) -> Failure | None:
    """The likely cause of a failure; None if the log ends without an error, as of a running job."""
    text = tail(log)
    starts = [match.start() for match in _ERROR.finditer(text)]
    if not starts:
        return None
    last = text[starts[-1] :].strip()
    lines = last.splitlines()
    # A traceback ends with the error.
    message = lines[-1] if last.startswith("Traceback") else lines[0]
    # The cause may be in an earlier error, but not in what was logged before any error.
    cause = _cause(text[starts[0] :])
    return Failure(log, when, cause, message.strip()[:SHOWN])


def _cause(text: str) -> str:
    for cause, pattern in _PATTERNS.items():
        if pattern.search(text):
            return cause
    return ""


def _best_explained(
    paths: list[str],
    logs: Mapping[str, float],
) -> Failure | None:
    """The failure in the logs of one job: one with a known cause, else the newest."""
    newest_first = sorted(paths, key=logs.__getitem__, reverse=True)
    diagnoses = [diagnose(Path(path), logs[path]) for path in newest_first]
    failures = [failure for failure in diagnoses if failure is not None]
    for failure in failures:
        if failure.cause:
            return failure
    return failures[0] if failures else None


def tail(log: Path, size: int = TAIL) -> str:
    """The last ``size`` bytes of a log as text, without control characters."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - size))
            text = file.read(size).decode("utf-8", "replace")
    except OSError:
        return ""
    lines = text.split("\n")
    return "\n".join(map(_printable, lines))


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line)
