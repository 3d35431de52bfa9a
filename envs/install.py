"""Install the locked packages into .venv, as `make` does before anything else.

It needs only the standard library, and also starts on a Python that is too old, to say so.
"""

import argparse
import fcntl
import subprocess
import sys
import venv
from pathlib import Path

OLDEST = (3, 11)
# Packages that are built from source need setuptools first. torch comes last and without hashes,
# because its wheel differs between machines.
STEPS = (
    ("--require-hashes", "-r", "envs/build.lock"),
    ("--require-hashes", "--no-deps", "--no-build-isolation", "-r", "envs/requirements.lock"),
    ("-r", "envs/torch.lock"),
    ("--no-deps", "--no-build-isolation", "-e", "."),
)
LOCKS = ("envs/build.lock", "envs/requirements.lock", "envs/torch.lock", "pyproject.toml")
# What pip writes -> what is wrong.
CAUSES = {
    "No space left on device": "the disk is full; .venv needs 3 GB",
    "Disk quota exceeded": "the disk quota is used up; .venv needs 3 GB",
    "after connection broken": "the package index cannot be reached; check the network",
}


class InstallError(Exception):
    """The packages cannot be installed; the message says why."""


class TooOldError(InstallError):
    """Python is too old; no second attempt with it will succeed."""


def install(root, torch_index=""):
    """Install the locked packages into ``root/.venv``, unless they are there already.

    ``torch_index``: package index of torch, by default PyPI. Raises InstallError.
    """
    if sys.version_info < OLDEST:
        raise TooOldError(_too_old())
    with _locked(root / ".venv.lock"):
        # Another process may have installed them while this one waited.
        if not is_current(root):
            _install(root, torch_index)


def is_current(root):
    """Whether everything was installed after the last change of a lock file."""
    stamp = root / ".venv" / "locked"
    if not stamp.exists():
        return False
    return all(stamp.stat().st_mtime >= (root / name).stat().st_mtime for name in LOCKS)


def _too_old():
    version = ".".join(map(str, sys.version_info[:3]))
    oldest = ".".join(map(str, OLDEST))
    return (
        f"Facsimile needs Python {oldest} or newer, and {sys.executable} is Python {version}. "
        "If you have a newer one: make PYTHON=python3.12 TARGET"
    )


def _locked(path):
    """Open a file of which only one process at a time has the lock; wait for the lock."""
    try:
        file = path.open("w")
    except OSError as error:
        raise InstallError(f"{path.parent} cannot be written to: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another make is installing the packages here; waiting for it …", flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _install(root, torch_index):
    folder = root / ".venv"
    # An interrupted pip may leave packages that look installed and are not.
    unfinished = folder / "unfinished"
    print(
        "Installing the locked packages into .venv: about two minutes, download of torch aside",
        flush=True,
    )
    try:
        venv.create(folder, with_pip=True, symlinks=True, clear=unfinished.exists())
        unfinished.touch()
        for step in STEPS:
            is_torch = "envs/torch.lock" in step
            index = ["--index-url", torch_index] if is_torch and torch_index else []
            _pip(root, [*step, *index])
        _compile(root)
        unfinished.unlink()
        (folder / "locked").touch()
    except OSError as error:
        raise InstallError(f"{error.filename or folder}: {error.strerror}") from None
    except subprocess.CalledProcessError as error:
        raise InstallError(f"no environment could be made in {folder}: {error}") from None


def _pip(root, options):
    python = root / ".venv" / "bin" / "python"
    command = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    command += ["--no-compile", *options]
    ended = subprocess.run(list(map(str, command)), cwd=root, stderr=subprocess.PIPE, text=True)
    if ended.returncode == 0:
        sys.stderr.write(ended.stderr)
        return
    for text, cause in CAUSES.items():
        if text in ended.stderr:
            raise InstallError(cause)
    sys.stderr.write(ended.stderr)
    raise InstallError(f"pip failed with exit code {ended.returncode}; see above")


def _compile(root):
    """Compile all packages to byte code on all cores, where pip would use one."""
    folder = root / ".venv"
    command = [folder / "bin" / "python", "-m", "compileall", "-qq", "-j", "0", folder / "lib"]
    # Some packages have files for other versions of Python, which cannot be compiled and are never
    # imported: the exit status says nothing.
    subprocess.run(list(map(str, command)), cwd=root, check=False)


def main():
    """Install into the folder of the repository; exit with one line on failure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch-index", default="", help="package index of torch")
    root = Path(__file__).resolve().parent.parent
    again = "The same command goes on from here."
    try:
        install(root, parser.parse_args().torch_index)
    except TooOldError as error:
        sys.exit(f"error: {error}")
    except InstallError as error:
        sys.exit(f"error: {error}. {again}")
    except KeyboardInterrupt:
        print(f"\ninterrupted. {again}", file=sys.stderr)
        sys.exit(128 + 2)


if __name__ == "__main__":
    main()
