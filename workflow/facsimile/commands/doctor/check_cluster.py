"""Checks of a cluster: the Snakemake profile, whether SLURM responds, and its partitions."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from facsimile.commands.doctor.check import OK, PROBLEM, WARNING, Check, Checks
from facsimile.foundation.yamlfile import Document

# Names of a profile's file, in the order in which Snakemake looks for them.
PROFILES = ("profile.yaml", "config.v8+.yaml", "config.yaml")
PROGRAMS = ("sbatch", "squeue", "sinfo", "scancel")
QUEUE = ["squeue", "-h", "-o", "%i", "--me"]
PARTITIONS = ["sinfo", "-h", "-o", "%R"]
PATIENCE = 15.0  # seconds that a SLURM command may take
DOWN = "is SLURM's controller up, and is this one of its login nodes?"


def profiles(root: Path, profile: str | None) -> Checks:
    """Check the file that ``--profile`` would find, the keys that it hides, and its cluster.

    Without a ``profile``, slurm is looked for, and its absence is only a warning.
    """
    name = profile or "slurm"
    path = _profile_file(root / name)
    if path is None:
        message = f"no {root / name}/profile.yaml, which snakemake --profile {name} looks for here"
        verdict = PROBLEM if profile else WARNING
        yield Check("profile", verdict, message, "run this at the root; ln -s profiles/slurm slurm")
        return
    options = _options(path)
    hidden = _hidden(root, options)
    if hidden:
        message = f"{', '.join(hidden)} of {path} hidden by profiles/default"
        yield Check("profile", PROBLEM, message, "keep each key in only one of them")
    else:
        yield Check("profile", OK, f"{path} read, {len(options)} keys")
    if profile and options.get("executor") == "slurm":
        yield from cluster(options)


def _profile_file(folder: Path) -> Path | None:
    for name in PROFILES:
        path = folder / name
        if path.is_file():
            return path
    return None


def _hidden(
    root: Path,
    options: dict[str, Any],
) -> list[str]:
    """Keys that the default profile sets, too, so that Snakemake ignores those of this profile."""
    default = root / "profiles" / "default" / "profile.yaml"
    if not default.is_file():
        return []
    shared = options.keys() & _options(default).keys()
    return sorted(key for key in shared if not key.startswith("__"))


def _options(path: Path) -> dict[str, Any]:
    document = Document(path)
    if not isinstance(document.data, dict):
        raise document.error((), "a profile is a mapping of options")
    return document.data


def unreachable() -> str:
    """Return why jobs cannot be submitted from here; empty if SLURM responds."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        problem = f"no {', '.join(missing)} on the PATH"
    else:
        _, problem = _run(QUEUE)
    if not problem:
        return ""
    return (
        f"--profile slurm needs SLURM: {problem}. "
        "Run it on a login node of the cluster, or leave out --profile slurm"
    )


def cluster(options: dict[str, Any]) -> Checks:
    """Check SLURM's commands, its controller, and that the partitions of a profile exist."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        message = f"no {', '.join(missing)} here"
        yield Check("SLURM", PROBLEM, message, "load the site's module, or log in to a login node")
        return
    if options.get("slurm-status-command") != "squeue":
        message = (
            "slurm-status-command is not squeue: "
            "after scancel the plugin may wait forever with sacct"
        )
        yield Check("SLURM", WARNING, message, "set slurm-status-command: squeue")
    for command in (QUEUE, PARTITIONS):
        output, problem = _run(command)
        if problem:
            yield Check("SLURM", PROBLEM, f"{command[0]}: {problem}", DOWN)
            return
    # The last output is that of sinfo: one partition per line.
    yield _check_partitions(_partitions(options), set(output.split()))


def _check_partitions(
    named: set[str],
    existing: set[str],
) -> Check:
    missing = sorted(named - existing)
    shown = ", ".join(sorted(existing))
    if missing:
        message = f"no partition {', '.join(missing)}; there are: {shown or 'none'}"
        remedy = "set slurm_partition in profiles/slurm/profile.yaml"
        return Check("partition", PROBLEM, message, remedy)
    if named:
        return Check("partition", OK, f"{', '.join(sorted(named))} exists")
    return Check("partition", OK, f"the cluster's default, one of {shown}")


def _run(
    command: list[str],
) -> tuple[str, str]:
    """The output of a command and its error; one of the two is empty."""
    # Without a controller, SLURM's commands may wait for a long time.
    try:
        process = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return "", f"no response in {PATIENCE:.0f} s"
    if process.returncode == 0:
        return process.stdout, ""
    return "", " ".join(process.stderr.split()) or f"exit code {process.returncode}"


def _partitions(
    options: dict[str, Any],
) -> set[str]:
    """Partitions named in default-resources and set-resources, without quotation marks."""
    blocks = [options.get("default-resources") or {}]
    rules = options.get("set-resources") or {}
    if isinstance(rules, dict):
        blocks += rules.values()
    partitions = set()
    for block in blocks:
        names = block.get("slurm_partition") if isinstance(block, dict) else None
        # One entry may list several partitions, separated by commas.
        if isinstance(names, str):
            partitions |= {name.strip("'\" ") for name in names.split(",")}
    return partitions
