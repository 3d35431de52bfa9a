"""Checks of a machine: installed versions, and whether torch finds a GPU."""

import importlib.metadata
import os
import re
import shutil
from pathlib import Path

from facsimile.commands.doctor.check import OK, PROBLEM, WARNING, Check, Checks
from facsimile.foundation import extras
from facsimile.foundation.lock_files import LOCKS
from facsimile.foundation.units import size

SHOWN = 5  # packages whose versions differ
PINNED = re.compile(r"^([\w.-]+)==([^\s;+\\]+)", re.MULTILINE)
EXTRA = re.compile(r"""extra == ["'](\w+)""")
COMPILERS = ("cc", "gcc", "clang")


def versions(envs: Path) -> Checks:
    """Check that the installed versions are those of the lock files in ``envs``."""
    paths = [envs / name for name in LOCKS]
    for path in paths:
        if not path.is_file():
            remedy = "run this at the root of the repository"
            yield Check("versions", WARNING, f"no {path}", remedy)
            return
    locked = _locked(paths)
    installed = _installed()
    # A lock names more than Facsimile requires, such as linters; those may be missing.
    missing = sorted(_required() - installed.keys())
    if missing:
        message = f"{', '.join(missing)} not installed"
        remedy = "make fast, or see the README's installation"
        yield Check("versions", PROBLEM, message, remedy)
    differing = _differing(installed, locked)
    if differing:
        message = ", ".join(differing[:SHOWN])
        if len(differing) > SHOWN:
            message += f" and {len(differing) - SHOWN} more"
        remedy = "results may differ in the last digits; make fast"
        yield Check("versions", WARNING, message, remedy)
    elif not missing:
        count = len(locked.keys() & installed.keys())
        message = f"all {count} installed packages have the version of the lock"
        yield Check("versions", OK, message)


def _installed() -> dict[str, str]:
    """Package -> installed version."""
    return {
        _normalised(package.metadata["Name"]): package.version
        for package in importlib.metadata.distributions()
    }


def _locked(
    paths: list[Path],
) -> dict[str, set[str]]:
    """Package -> versions that the lock files pin; several if they depend on the platform."""
    versions: dict[str, set[str]] = {}
    for path in paths:
        for name, version in PINNED.findall(path.read_text(encoding="utf-8")):
            versions.setdefault(_normalised(name), set()).add(version)
    return versions


def _differing(
    installed: dict[str, str],
    locked: dict[str, set[str]],
) -> list[str]:
    """Packages whose installed version is not a locked one, with both versions."""
    differing = []
    for name, pinned in sorted(locked.items()):
        # What follows + names the build, such as cpu in 2.13.0+cpu.
        if name in installed and installed[name].split("+")[0] not in pinned:
            differing.append(f"{name} {installed[name]} (locked {' or '.join(sorted(pinned))})")
    return differing


def _required() -> set[str]:
    """Packages that the workflow needs: those of the core and of its extras."""
    try:
        requirements = importlib.metadata.requires(extras.DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return set()
    names = set()
    for requirement in requirements:
        extra = EXTRA.search(requirement)
        # The other extras are for developers.
        if extra is None or extra[1] in extras.LIBRARIES:
            name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
            names.add(_normalised(name))
    return names


def _normalised(name: str) -> str:
    """A package's name as package indexes compare them (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def gpu(
    device: str,
    compiled: bool,
    cluster: bool,
) -> Checks:
    """Check that torch finds a GPU and a C compiler here.

    ``device`` and ``compiled`` are configuration values; with ``cluster``, no GPU is needed here.
    """
    import torch

    if not torch.cuda.is_available():
        yield _without_gpu(torch.__version__, device, cluster)
        return
    properties = torch.cuda.get_device_properties(0)
    message = (
        f"{torch.cuda.device_count()} × {properties.name}, {size(properties.total_memory)}, "
        f"torch {torch.__version__}"
    )
    yield Check("GPU", OK, message)
    if compiled and not _has_compiler():
        remedy = "install one, or set compile: false, which trains more slowly"
        yield Check("compiler", WARNING, "no C compiler here", remedy)


def _without_gpu(
    torch_version: str,
    device: str,
    cluster: bool,
) -> Check:
    message = f"torch {torch_version} finds none here"
    if cluster:
        reason = (
            "a cluster's login node needs none (rule train: gres in profiles/slurm/profile.yaml)"
        )
        return Check("GPU", OK, f"{message}; {reason}")
    if device == "cuda":
        remedy = "set device: auto, or install the driver and torch for CUDA"
        return Check("GPU", PROBLEM, f"device: cuda, but {message}", remedy)
    verdict = WARNING if device == "auto" else OK
    return Check("GPU", verdict, message, "runs are trained on the processor")


def _has_compiler() -> bool:
    """Whether a C compiler is found where torch.compile looks for one."""
    candidates = (os.environ.get("CC"), *COMPILERS)
    return any(shutil.which(candidate) for candidate in candidates if candidate)
