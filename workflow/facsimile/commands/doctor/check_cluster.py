"""Checks of a cluster: the profile that snakemake would read, and whether SLURM answers and has what it names."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from facsimile.commands.doctor.check import OK, PROBLEM, WARNING, Check, Checks
from facsimile.foundation.yamlfile import Document

PROFILES = ("profile.yaml", "config.v8+.yaml", "config.yaml")  # what Snakemake takes for one
PATIENCE = 15.0  # seconds for an answer of SLURM
DOWN = "is SLURM's controller up, and is this one of its login nodes?"


def profiles(root: Path, wanted: str | None) -> Checks:
    """The profile that ``--profile`` would find, what it hides, and whether its cluster answers."""
    name = wanted or "slurm"
    path = next((root / name / file for file in PROFILES if (root / name / file).is_file()), None)
    if path is None:
        said = f"no {root / name}/profile.yaml, which snakemake --profile {name} looks for here"
        yield Check(
            "profile",
            PROBLEM if wanted else WARNING,
            said,
            "run this at the root; ln -s profiles/slurm slurm",
        )
        return
    settings = _mapping(path)
    hidden = _hidden(root, settings)
    if hidden:
        yield Check(
            "profile",
            PROBLEM,
            f"{', '.join(hidden)} of {path} hidden by profiles/default",
            "keep each key in one of them",
        )
    else:
        yield Check("profile", OK, f"{path} read, {len(settings)} keys")
    if wanted and settings.get("executor") == "slurm":
        yield from cluster(settings)


def _hidden(root: Path, settings: dict[str, Any]) -> list[str]:
    default = root / "profiles" / "default" / "profile.yaml"
    above = _mapping(default) if default.is_file() else {}
    return sorted(key for key in settings.keys() & above.keys() if not key.startswith("__"))


def _mapping(path: Path) -> dict[str, Any]:
    document = Document(path)
    if not isinstance(document.data, dict):
        raise document.error((), "a profile is a mapping of options")
    return document.data


def cluster(settings: dict[str, Any]) -> Checks:
    """SLURM's commands are here, its controller answers, and has every partition that the profile names."""
    if lacking := [
        program
        for program in ("sbatch", "squeue", "sinfo", "scancel")
        if shutil.which(program) is None
    ]:
        yield Check(
            "SLURM",
            PROBLEM,
            f"no {', '.join(lacking)} here",
            "load the site's module, or log in to a login node",
        )
        return
    if settings.get("slurm-status-command") != "squeue":
        said = "slurm-status-command is not squeue: after scancel the plugin may wait for ever with sacct"
        yield Check("SLURM", WARNING, said, "set slurm-status-command: squeue")
    for command in (["squeue", "-h", "-o", "%i", "--me"], ["sinfo", "-h", "-o", "%R"]):
        answer, problem = _asked(command)
        if problem:
            yield Check("SLURM", PROBLEM, f"{command[0]}: {problem}", DOWN)
            return
    known, wanted = set(answer.split()), _partitions(settings)
    if absent := sorted(wanted - known):
        said = f"no partition {', '.join(absent)}; there are: {', '.join(sorted(known)) or 'none'}"
        yield Check(
            "partition", PROBLEM, said, "set slurm_partition in profiles/slurm/profile.yaml"
        )
    elif wanted:
        yield Check("partition", OK, f"{', '.join(sorted(wanted))} exists")
    else:
        yield Check("partition", OK, f"the cluster's default, of {', '.join(sorted(known))}")


def _asked(command: list[str]) -> tuple[str, str]:
    """What a command printed, and what went wrong; one of both is empty."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer in {PATIENCE:.0f} s"
    return (
        (done.stdout, "")
        if done.returncode == 0
        else ("", " ".join(done.stderr.split()) or f"exit code {done.returncode}")
    )


def _partitions(settings: dict[str, Any]) -> set[str]:
    """Partitions that default-resources or set-resources names; an expression that starts with a quote is its text."""
    rules = settings.get("set-resources") or {}
    blocks = [
        settings.get("default-resources") or {},
        *(rules.values() if isinstance(rules, dict) else []),
    ]
    named = [block.get("slurm_partition") for block in blocks if isinstance(block, dict)]
    return {
        part.strip("'\" ") for name in named if isinstance(name, str) for part in name.split(",")
    }
