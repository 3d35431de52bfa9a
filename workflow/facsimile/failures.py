"""Jobs that failed, by what their logs end with: which, where the log lies, and the likely cause. Reads files only."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

TAIL = 16_384  # bytes of a log that are looked at
SHOWN = 200  # characters of a line
NEWEST = 500  # logs that are looked at, the newest first: a study has thousands
# The first cause whose pattern stands in the tail is named; what SLURM says of a job's end stands before what the job says.
CAUSES = {
    "out of GPU memory; make config `pack` smaller": r"CUDA out of memory|CUDA error: out of memory",
    "out of memory; it is tried again with more, or raise mem_mb": (
        r"oom[-_ ]?kill|out[ -]of[ -]memory|MemoryError|cannot allocate memory|^Killed\b|for want of memory"
    ),
    "time limit reached; it goes on from its checkpoint, or raise runtime": r"DUE TO TIME LIMIT",
    "preempted; it goes on from its checkpoint": r"DUE TO PREEMPTION",
    "its node failed; it is tried again": r"DUE TO NODE FAILURE|DUE TO NODE_FAIL",
    "cancelled (scancel)": r"\*\*\* (JOB|STEP).* CANCELLED AT",
    "disk full; make room and run the same command again": r"no space left on device|no room on the disk|quota exceeded",
    "data missing": r"there is no such file|no such file or directory|FileNotFoundError|has no loader|missing or unreadable",
    "no GPU on that node; ask the cluster for one, or set device: auto": r"finds no GPU|no CUDA GPUs are available",
    "a damaged file; the message says what to type": r"truncated|altered|unreadable|not readable",
}
ERROR = re.compile(r"^(?:error:|Traceback |slurmstepd: error|srun: error|\w*(?:Error|Exception)\b)|^Killed\b", re.MULTILINE)
_PATTERNS = {cause: re.compile(pattern, re.IGNORECASE | re.MULTILINE) for cause, pattern in CAUSES.items()}


class Failure(NamedTuple):
    """One job that failed: the path of its log, when it was written, the likely cause, and the log's last line of an error."""

    log: Path
    when: float
    cause: str
    said: str


def newest(logs: Mapping[str, float], outputs: Mapping[str, Path], count: int) -> list[Failure]:
    """The newest ``count`` failures among logs (path -> time written), newest first.

    ``outputs``: log -> the file that its job makes. A job whose file is there has succeeded since; SLURM's own logs are known
    by the same words in their path.
    """
    found: list[Failure] = []
    for path, when in sorted(logs.items(), key=lambda log: -log[1])[:NEWEST]:
        if len(found) == count:
            break
        output = outputs.get(path) or _of_slurm(path, outputs)
        if output is None or output.exists():
            continue
        if (failure := diagnose(Path(path), when)) is not None:
            found.append(failure)
    return found


def diagnose(log: Path, when: float = 0.0) -> Failure | None:
    """The likely cause of a failure by the end of its log; None if the log ends with no error: the job is running still."""
    text = tail(log)
    if not (marks := list(ERROR.finditer(text))):
        return None
    last = text[marks[-1].start() :].strip().splitlines()
    said = (last[-1] if last[0].startswith("Traceback") else last[0])[:SHOWN]
    cause = next((cause for cause, pattern in _PATTERNS.items() if pattern.search(text[marks[0].start() :])), "unknown")
    return Failure(log, when, cause, said)


def tail(log: Path, size: int = TAIL) -> str:
    """The last bytes of a log as text that is safe on a terminal."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - size))
            text = file.read(size).decode("utf-8", "replace")
    except OSError:
        return ""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _of_slurm(path: str, outputs: Mapping[str, Path]) -> Path | None:
    """The output of the job whose rule and wildcards stand in the path of SLURM's own log: ``rule_train/toy_vae_1a2b/7.log``."""
    rule, wildcards = Path(path).parts[-3:-1]
    return _by_words(tuple(outputs), outputs).get((rule, wildcards)) if rule.startswith("rule_") else None


_known: dict[tuple[str, ...], dict[tuple[str, str], Path]] = {}


def _by_words(key: Iterable[str], outputs: Mapping[str, Path]) -> dict[tuple[str, str], Path]:
    raise NotImplementedError
