"""The files that pin the version of every package."""

from pathlib import Path

FOLDER = Path("envs")  # from the root of the repository
LOCKS = ("requirements.lock", "torch.lock")


def paths() -> list[Path]:
    """The lock files, relative to the root of the repository."""
    return [FOLDER / name for name in LOCKS]
