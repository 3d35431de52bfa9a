"""Checks of a machine: what is installed, and whether torch finds a GPU."""

import importlib.metadata
import os
import re
import shutil
from pathlib import Path

from facsimile.commands.doctor.check import OK, PROBLEM, WARNING, Check, Checks
from facsimile.foundation.units import size

LOCKS = ("requirements.lock", "torch.lock")


def versions(envs: Path) -> Checks:
    """What is installed is what the lock files name."""
    lacking = [envs / name for name in LOCKS if not (envs / name).is_file()]
    if lacking:
        yield Check(
            "versions", WARNING, f"no {lacking[0]}", "run this at the root of the repository"
        )
        return
    locked = _locked([envs / name for name in LOCKS])
    installed = {
        _normal(found.metadata["Name"]): found.version
        for found in importlib.metadata.distributions()
    }
    absent = sorted(_needed() - installed.keys())
    if absent:
        yield Check(
            "versions",
            PROBLEM,
            f"{', '.join(absent)} not installed",
            "make fast, or see the README's installation",
        )
    other = [
        f"{name} {installed[name]} (locked {' or '.join(sorted(wanted))})"
        for name, wanted in sorted(locked.items())
        if name in installed and installed[name].split("+")[0] not in wanted
    ]
    if other:
        more = f" and {len(other) - 5} more" if len(other) > 5 else ""
        yield Check(
            "versions",
            WARNING,
            ", ".join(other[:5]) + more,
            "results may differ in the last digits; make fast",
        )
    elif not absent:
        yield Check(
            "versions",
            OK,
            f"all {len(locked.keys() & installed.keys())} installed packages are those of the lock",
        )


def _locked(paths: list[Path]) -> dict[str, set[str]]:
    """Package -> the versions that the locks name; several where they depend on the platform."""
    found: dict[str, set[str]] = {}
    for path in paths:
        for name, version in re.findall(
            r"^([\w.-]+)==([^\s;+\\]+)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            found.setdefault(_normal(name), set()).add(version)
    return found


def _needed() -> set[str]:
    try:
        stated = importlib.metadata.requires("facsimile") or []
    except importlib.metadata.PackageNotFoundError:
        return set()
    return {
        _normal(re.split(r"[^\w.-]", line, maxsplit=1)[0])
        for line in stated
        if "extra ==" not in line
    }


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def gpu(device: str, compiled: bool, cluster: bool) -> Checks:
    """Whether torch finds a GPU here, and a compiler for it; on a login node of a cluster it need not."""
    import torch

    if not torch.cuda.is_available():
        said = f"torch {torch.__version__} finds none here"
        if cluster:
            yield Check(
                "GPU",
                OK,
                f"{said}; a cluster's login node needs none (rule train: gres in profiles/slurm/profile.yaml)",
            )
        elif device == "cuda":
            yield Check(
                "GPU",
                PROBLEM,
                f"device: cuda, but {said}",
                "set device: auto, or install the driver and torch for CUDA",
            )
        else:
            yield Check(
                "GPU",
                WARNING if device == "auto" else OK,
                said,
                "runs are trained on the processor",
            )
        return
    about = torch.cuda.get_device_properties(0)
    yield Check(
        "GPU",
        OK,
        f"{torch.cuda.device_count()} × {about.name}, {size(about.total_memory)}, torch {torch.__version__}",
    )
    if compiled and not any(
        map(shutil.which, filter(None, (os.environ.get("CC"), "cc", "gcc", "clang")))
    ):
        yield Check(
            "compiler",
            WARNING,
            "no C compiler here",
            "install one, or set compile: false, which trains slower",
        )
